// The clients of a server that is measured: one process, driven by messages of its parent, each answered with what it measured or with why it
// failed. Frames are counted and looked at, not decoded, so that the client is no part of the figure. Any call that does not end well, and
// any answer with other frames than expected, is a failure.
//
//   node load-client.mjs PORT
import { fileURLToPath } from 'node:url';
import { Client, credentials, loadPackageDefinition } from '@grpc/grpc-js';
import { loadSync } from '@grpc/proto-loader';
import { answerOf, framesOf } from '../workload.mjs';
import { quantile } from './statistics.mjs';

const port = process.argv[2];
const proto = fileURLToPath(new URL('../../proto/streaming.proto', import.meta.url));
const { streaming } = loadPackageDefinition(loadSync(proto, { keepCase: true, defaults: true, oneofs: true }));
const { path, requestSerialize } = streaming.StreamingService.service.StreamAudio;

/** As many as this server lets a connection have. */
const STREAMS_PER_CONNECTION = 100;
/** Ids of devices that take turns: a household server knows its devices. */
const DEVICES = 400;
/** First byte of an end_message: field 3 with a length. */
const END_TAG = 0x1a;

const connections = [];
let asked = 0;
let held = [];

function connection(index) {
  connections[index] ??= new Client(`127.0.0.1:${port}`, credentials.createInsecure(), {
    'grpc.use_local_subchannel_pool': 1,
  });
  return connections[index];
}

/** The `index`th of the streams that are open at once, `first` connections being full already. */
function open(prompt, index, first = 0) {
  asked += 1;
  const request = { prompt, hardware_id: `device-${asked % DEVICES}` };
  const client = connection(first + Math.floor(index / STREAMS_PER_CONNECTION));
  return client.makeServerStreamRequest(path, requestSerialize, (bytes) => bytes, request);
}

/** Resolves when the call has ended well, with when its headers and its first frame came, and how many bytes in all. */
function call(prompt, index = 0) {
  const expected = framesOf(answerOf(prompt));
  const startedAtMs = performance.now();
  return new Promise((resolve, reject) => {
    const stream = open(prompt, index, Math.ceil(held.length / STREAMS_PER_CONNECTION));
    let [frames, bytes, headersMs, firstFrameMs, last] = [0, 0, 0, 0, null];
    stream.on('metadata', () => {
      headersMs = performance.now() - startedAtMs;
    });
    stream.on('data', (frame) => {
      if (frames === 0) firstFrameMs = performance.now() - startedAtMs;
      frames += 1;
      bytes += frame.length;
      last = frame;
    });
    stream.on('error', reject);
    stream.on('end', () => {
      if (frames === expected && last[0] === END_TAG) resolve({ headersMs, firstFrameMs, bytes });
      else reject(new Error(`${frames} frames instead of ${expected}, or no end, for "${prompt}"`));
    });
  });
}

const spread = (values) => ({ p50: quantile(values, 0.5), p99: quantile(values, 0.99) });

const kinds = {
  /** `calls` calls, `concurrency` at a time. */
  async burst({ prompt, calls, concurrency }) {
    const done = [];
    let left = calls;
    const startedAtMs = performance.now();
    const worker = async (_, index) => {
      while (left > 0) {
        left -= 1;
        done.push(await call(prompt, index));
      }
    };
    await Promise.all(Array.from({ length: Math.min(concurrency, calls) }, worker));
    const seconds = (performance.now() - startedAtMs) / 1000;
    return {
      seconds,
      frames: calls * framesOf(answerOf(prompt)),
      bytes: done.reduce((sum, { bytes }) => sum + bytes, 0),
      headersMs: spread(done.map(({ headersMs }) => headersMs)),
      firstFrameMs: spread(done.map(({ firstFrameMs }) => firstFrameMs)),
    };
  },

  /** Opens streams that wait for their model, until `count` are held and the server has answered each with its headers. */
  async hold({ count }) {
    const opened = [];
    while (held.length < count) {
      const stream = open('wait', held.length);
      held.push(stream);
      opened.push(
        new Promise((resolve, reject) => {
          stream.on('metadata', resolve);
          stream.on('error', reject);
          stream.on('end', () => reject(new Error('a stream that waits has ended')));
        }),
      );
      stream.resume();
      // A burst of all of them would measure the burst.
      if (held.length % 50 === 0) await Promise.all(opened);
    }
    await Promise.all(opened);
    return { held: held.length };
  },

  /** Fails where one of the streams that are held has ended by itself. */
  async release() {
    const lost = held.filter((stream) => stream.closed || stream.destroyed).length;
    for (const stream of held) stream.cancel();
    held = [];
    if (lost > 0) throw new Error(`${lost} streams that wait have ended`);
    return null;
  },
};

process.on('message', async ({ id, kind, ...options }) => {
  try {
    process.send({ id, value: await kinds[kind](options) });
  } catch (error) {
    process.send({ id, failed: error instanceof Error ? error.message : String(error) });
  }
});
