// Calls as clients make them, over one connection.
import { fileURLToPath } from 'node:url';
import { credentials, loadPackageDefinition } from '@grpc/grpc-js';
import { loadSync } from '@grpc/proto-loader';

const proto = fileURLToPath(new URL('../proto/streaming.proto', import.meta.url));

/** `call` resolves, when the call is over, with how many frames came, and when the first did; rejects where it failed. */
export function openCalls(port) {
  const { streaming } = loadPackageDefinition(loadSync(proto, { keepCase: true, defaults: true, oneofs: true }));
  const client = new streaming.StreamingService(`127.0.0.1:${port}`, credentials.createInsecure());
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
  /** A call that is left open; returns what cancels it. */
  const hold = (prompt, hardware_id) => {
    const stream = client.StreamAudio({ prompt, hardware_id });
    stream.on('error', () => {});
    stream.resume();
    return () => stream.cancel();
  };
  return { call, hold, close: () => client.close() };
}
