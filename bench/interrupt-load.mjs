// The load of bench/interrupt.mjs: STREAMS endless streams, one a device, over ten connections; a stream that ends begins anew. Runs until
// it is killed; prints one line when all of them have sounded.
import { fileURLToPath } from 'node:url';
import { credentials, loadPackageDefinition } from '@grpc/grpc-js';
import { loadSync } from '@grpc/proto-loader';

const STREAMS_PER_CONNECTION = 5;
const [port, streams] = process.argv.slice(2).map(Number);
const proto = fileURLToPath(new URL('../proto/streaming.proto', import.meta.url));
const { streaming } = loadPackageDefinition(loadSync(proto, { keepCase: true, defaults: true, oneofs: true }));
const clients = Array.from(
  { length: Math.ceil(streams / STREAMS_PER_CONNECTION) },
  () =>
    new streaming.StreamingService(`127.0.0.1:${port}`, credentials.createInsecure(), {
      'grpc.use_local_subchannel_pool': 1,
    }),
);
let sounding = 0;

function run(index, isFirst) {
  const call = clients[index % clients.length].StreamAudio({ prompt: 'benchmark', hardware_id: `device-${index}` });
  if (isFirst) {
    call.once('data', () => {
      sounding += 1;
      if (sounding === streams) console.log('sounding');
    });
  }
  call.on('data', () => {});
  call.on('error', () => {});
  call.on('close', () => run(index, false));
}

for (let index = 0; index < streams; index += 1) run(index, true);
