// A client in a process of its own, to be killed or to stop reading: asks `count` times over `connections` connections and
// prints a line of JSON for every first frame and every status. With `stall` it takes the first frame and no more.
// node child-client.mjs <port> <read|stall> <count> <connections> <prompt>
import { fileURLToPath } from 'node:url';
import { credentials, loadPackageDefinition } from '@grpc/grpc-js';
import { loadSync } from '@grpc/proto-loader';

const [port, mode, count, connections, prompt] = process.argv.slice(2);
const proto = fileURLToPath(new URL('../../../proto/streaming.proto', import.meta.url));
const { StreamingService } = loadPackageDefinition(loadSync(proto, { keepCase: true, oneofs: true })).streaming;
const clients = Array.from(
  { length: Number(connections) },
  () =>
    new StreamingService(`127.0.0.1:${port}`, credentials.createInsecure(), {
      'grpc.use_local_subchannel_pool': 1,
      'grpc.max_receive_message_length': -1,
    }),
);

const tell = (event) => process.stdout.write(`${JSON.stringify(event)}\n`);
for (let index = 0; index < Number(count); index += 1) {
  const call = clients[index % clients.length].StreamAudio({ prompt, hardware_id: 'child' });
  call.once('data', () => tell({ event: 'first' }));
  call.on('data', () => {
    if (mode === 'stall') call.pause();
  });
  call.on('error', () => {});
  call.on('status', ({ code, details }) => tell({ event: 'status', code, details }));
}
