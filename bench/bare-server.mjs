// The yardstick: a bare grpc-js handler with proto-loader that sends the same frames and does nothing else.
import { fileURLToPath } from 'node:url';
import { loadPackageDefinition, Metadata, Server, ServerCredentials } from '@grpc/grpc-js';
import { loadSync } from '@grpc/proto-loader';
import { answerOf, sentences } from './workload.mjs';

const proto = fileURLToPath(new URL('../proto/streaming.proto', import.meta.url));
const { streaming } = loadPackageDefinition(loadSync(proto, { keepCase: true, defaults: true, oneofs: true }));
/** Sound by the size of its chunks. */
const sounds = new Map();

function soundOf(chunkBytes) {
  if (!sounds.has(chunkBytes)) sounds.set(chunkBytes, Buffer.alloc(chunkBytes, 1));
  return sounds.get(chunkBytes);
}

async function streamAudio(call) {
  if (call.request.prompt === 'wait') {
    call.sendMetadata(new Metadata());
    return;
  }
  const answer = answerOf(call.request.prompt);
  const audio = soundOf(answer.chunkBytes);
  const send = async (message) => {
    if (!call.write(message)) await new Promise((resolve) => call.once('drain', resolve));
  };
  for (let sentence = 0; sentence < answer.sentences; sentence += 1) {
    await send({ text_chunk: sentences[sentence % sentences.length] });
    for (let chunk = 0; chunk < answer.chunks; chunk += 1) {
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
