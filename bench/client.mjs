// The load: CALLS calls, CONCURRENCY at a time, over one connection; prints one JSON line. A process of its own. With a PROMPT of its own,
// answers may have any number of frames.
import { fileURLToPath } from 'node:url';
import { credentials, loadPackageDefinition } from '@grpc/grpc-js';
import { loadSync } from '@grpc/proto-loader';
import { FRAMES_PER_CALL } from './workload.mjs';

const [port, calls, concurrency] = process.argv.slice(2, 5).map(Number);
const [prompt = 'benchmark'] = process.argv.slice(5);
const isCounted = process.argv.length <= 5;
let allFrames = 0;
const proto = fileURLToPath(new URL('../proto/streaming.proto', import.meta.url));
const { streaming } = loadPackageDefinition(loadSync(proto, { keepCase: true, defaults: true, oneofs: true }));
const client = new streaming.StreamingService(`127.0.0.1:${port}`, credentials.createInsecure());
const firstFrameMs = [];

function once() {
  return new Promise((resolve, reject) => {
    const startedAtMs = performance.now();
    let frames = 0;
    const call = client.StreamAudio({ prompt, hardware_id: 'bench' });
    call.on('data', () => {
      if (frames === 0) firstFrameMs.push(performance.now() - startedAtMs);
      frames += 1;
    });
    call.on('error', reject);
    call.on('end', () => {
      allFrames += frames;
      if (frames === FRAMES_PER_CALL || (!isCounted && frames > 1)) resolve();
      else reject(new Error(`${frames} frames instead of ${FRAMES_PER_CALL}`));
    });
  });
}

async function worker(share) {
  for (let call = 0; call < share; call += 1) await once();
}

const startedAtMs = performance.now();
await Promise.all(Array.from({ length: concurrency }, () => worker(calls / concurrency)));
const seconds = (performance.now() - startedAtMs) / 1000;
client.close();
console.log(JSON.stringify({ calls, seconds, firstFrameMs, frames: allFrames }));
