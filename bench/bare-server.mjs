// The yardstick: a bare grpc-js handler with proto-loader that sends the same frames and does nothing else.
import { fileURLToPath } from 'node:url';
import { loadPackageDefinition, Server, ServerCredentials } from '@grpc/grpc-js';
import { loadSync } from '@grpc/proto-loader';
import { CHUNK_BYTES, CHUNKS_PER_SENTENCE, sentences } from './workload.mjs';

const proto = fileURLToPath(new URL('../proto/streaming.proto', import.meta.url));
const { streaming } = loadPackageDefinition(loadSync(proto, { keepCase: true, defaults: true, oneofs: true }));
const audio = Buffer.alloc(CHUNK_BYTES, 1);

async function streamAudio(call) {
  const send = async (message) => {
    if (!call.write(message)) await new Promise((resolve) => call.once('drain', resolve));
  };
  for (const text of sentences) {
    await send({ text_chunk: text });
    for (let chunk = 0; chunk < CHUNKS_PER_SENTENCE; chunk += 1) {
      await send({
        audio_chunk: { audio_data: audio, dtype: 'int16', shape: [], sample_rate: 48_000, channels: 1 },
      });
    }
  }
  await send({ end_message: 'COMPLETED' });
  call.end();
}

// As large as this server accepts, for bench:upload.
const server = new Server({ 'grpc.max_receive_message_length': 20 * 1024 * 1024 });
server.addService(streaming.StreamingService.service, {
  StreamAudio: (call) => void streamAudio(call),
});
server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, port) => {
  if (error) throw error;
  console.log(JSON.stringify({ decision: 'ready', ctx: { grpc_port: port } }));
});
