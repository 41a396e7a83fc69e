// The other yardstick: the frames of the bare handler, sent the cheapest way that grpc-js leaves, and nothing else. A large buffer pool, a template
// for a chunk of sound, and messages written behind a cork: at most MAX_IN_FLIGHT are with the transport, and it is refilled at half.
import { fileURLToPath } from 'node:url';
import { loadPackageDefinition, Server, ServerCredentials, ServerInterceptingCall } from '@grpc/grpc-js';
import { loadSync } from '@grpc/proto-loader';
import { CHUNK_BYTES, CHUNKS_PER_SENTENCE, sentences } from './workload.mjs';

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

const frames = [
  ...sentences.flatMap((text) => [{ text_chunk: text }, ...Array.from({ length: CHUNKS_PER_SENTENCE }, () => sound)]),
  { end_message: 'COMPLETED' },
];

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
