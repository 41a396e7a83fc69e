// The other yardstick: the frames of the bare handler, sent the cheapest way that grpc-js leaves, and nothing else. A large buffer pool, a template
// for a chunk of sound, and messages written behind a cork: at most MAX_IN_FLIGHT are with the transport, and it is refilled at half.
import { fileURLToPath } from 'node:url';
import { loadPackageDefinition, Metadata, Server, ServerCredentials, ServerInterceptingCall } from '@grpc/grpc-js';
import { loadSync } from '@grpc/proto-loader';
import { answerOf, CHUNK_BYTES, sentences } from './workload.mjs';

/** As much as the window of a connection: 64 KiB. */
const MAX_IN_FLIGHT = 16;
Buffer.poolSize = 256 * 1024;

const proto = fileURLToPath(new URL('../proto/streaming.proto', import.meta.url));
const { streaming } = loadPackageDefinition(loadSync(proto, { keepCase: true, defaults: true, oneofs: true }));
const { service } = streaming.StreamingService;
const encode = service.StreamAudio.responseSerialize;

const MARK = 0xa5;
const template = encode({
  audio_chunk: {
    audio_data: Buffer.alloc(CHUNK_BYTES, MARK),
    dtype: 'int16',
    shape: [],
    sample_rate: 48_000,
    channels: 1,
  },
});
const soundAt = template.indexOf(Buffer.alloc(CHUNK_BYTES, MARK));
const sound = Buffer.alloc(CHUNK_BYTES, 1);

/** Frames by prompt. The template is for chunks of CHUNK_BYTES alone. */
const framesByPrompt = new Map();

function framesFor(prompt) {
  const known = framesByPrompt.get(prompt);
  if (known !== undefined) return known;
  const answer = answerOf(prompt);
  if (answer.chunkBytes !== CHUNK_BYTES) throw new RangeError(`chunks of ${answer.chunkBytes} bytes`);
  const chunks = Array.from({ length: answer.chunks }, () => sound);
  const texts = Array.from({ length: answer.sentences }, (_, index) => sentences[index % sentences.length]);
  const frames = [...texts.flatMap((text) => [{ text_chunk: text }, ...chunks]), { end_message: 'COMPLETED' }];
  framesByPrompt.set(prompt, frames);
  return frames;
}

function serialize(frame) {
  if (frame !== sound) return encode(frame);
  template.set(sound, soundAt);
  return template;
}

/** The grpc-js call behind each metadata object. */
const calls = new WeakMap();

function interceptor(_method, nextCall) {
  return new ServerInterceptingCall(nextCall, {
    start: (next) =>
      next({
        onReceiveMetadata: (metadata, nextMetadata) => {
          calls.set(metadata, nextCall);
          nextMetadata(metadata);
        },
      }),
  });
}

function streamAudio(wire) {
  if (wire.request.prompt === 'wait') {
    wire.sendMetadata(new Metadata());
    return;
  }
  const frames = framesFor(wire.request.prompt);
  const call = calls.get(wire.metadata);
  let next = 0;
  let inFlight = 0;
  const refill = () => {
    call.stream.cork();
    while (inFlight < MAX_IN_FLIGHT && next < frames.length) {
      inFlight += 1;
      call.sendMessage(frames[next], taken);
      next += 1;
    }
    call.stream.uncork();
    if (next === frames.length) wire.end();
  };
  const taken = () => {
    inFlight -= 1;
    if (inFlight <= MAX_IN_FLIGHT / 2 && next < frames.length) refill();
  };
  refill();
}

const server = new Server({ interceptors: [interceptor], 'grpc.enable_channelz': 0 });
server.addService(
  { ...service, StreamAudio: { ...service.StreamAudio, responseSerialize: serialize } },
  { StreamAudio: streamAudio },
);
server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, port) => {
  if (error) throw error;
  console.log(JSON.stringify({ decision: 'ready', ctx: { grpc_port: port } }));
});
