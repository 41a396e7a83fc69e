// Calls as clients make them, over one connection.
import { fileURLToPath } from 'node:url';
import { credentials, loadPackageDefinition } from '@grpc/grpc-js';
import { loadSync } from '@grpc/proto-loader';

const proto = fileURLToPath(new URL('../proto/streaming.proto', import.meta.url));

const STREAMS_PER_CONNECTION = 100;

/** `call` resolves, when the call is over, with how many frames came, and when the first did; rejects where it failed. */
export function openCalls(port) {
  const { streaming } = loadPackageDefinition(loadSync(proto, { keepCase: true, defaults: true, oneofs: true }));
  const connect = () =>
    new streaming.StreamingService(`127.0.0.1:${port}`, credentials.createInsecure(), {
      'grpc.use_local_subchannel_pool': 1,
    });
  const client = connect();
  const call = (prompt, hardware_id = 'bench') =>
    new Promise((resolve, reject) => {
      const startedAtMs = performance.now();
      let frames = 0;
      let firstFrameMs = 0;
      const stream = client.StreamAudio({ prompt, hardware_id });
      stream.on('data', () => {
        if (frames === 0) firstFrameMs = performance.now() - startedAtMs;
        frames += 1;
      });
      stream.on('error', reject);
      stream.on('end', () => resolve({ frames, firstFrameMs }));
    });
  const others = [];
  let heldCalls = 0;
  /** A call that is left open; returns what cancels it. Over connections of its own: this server bounds the streams of one. */
  const hold = (prompt, hardware_id) => {
    if (heldCalls % STREAMS_PER_CONNECTION === 0) others.push(connect());
    heldCalls += 1;
    const stream = others.at(-1).StreamAudio({ prompt, hardware_id });
    stream.on('error', () => {});
    stream.resume();
    return () => stream.cancel();
  };
  const close = () => {
    for (const one of [client, ...others]) one.close();
  };
  return { call, hold, close };
}
