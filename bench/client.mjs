// The load: CALLS calls, CONCURRENCY at a time, over one connection; prints one JSON line. A process of its own. With a PROMPT of its own,
// answers may have any number of frames.
import { openCalls } from './calls.mjs';
import { FRAMES_PER_CALL } from './workload.mjs';

const [port, calls, concurrency] = process.argv.slice(2, 5).map(Number);
const [prompt = 'benchmark'] = process.argv.slice(5);
const isCounted = process.argv.length <= 5;
let allFrames = 0;
const { call, close } = openCalls(port);
const firstFramesMs = [];

async function once() {
  const { frames, firstFrameMs } = await call(prompt);
  allFrames += frames;
  firstFramesMs.push(firstFrameMs);
  if (isCounted ? frames !== FRAMES_PER_CALL : frames <= 1) {
    throw new Error(`${frames} frames instead of ${isCounted ? FRAMES_PER_CALL : 'some'}`);
  }
}

async function worker(share) {
  for (let done = 0; done < share; done += 1) await once();
}

const startedAtMs = performance.now();
await Promise.all(Array.from({ length: concurrency }, () => worker(calls / concurrency)));
const seconds = (performance.now() - startedAtMs) / 1000;
close();
console.log(JSON.stringify({ calls, seconds, firstFrameMs: firstFramesMs, frames: allFrames }));
