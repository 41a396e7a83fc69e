// Loaded into a server (--import): on SIGUSR2 it prints one line of JSON on stderr: the longest turn of the event loop since the last one, by the
// clock and in processor time of the loop's thread. It looks every millisecond, so that it costs next to nothing. Linux only.
import { openSync, readSync } from 'node:fs';

const schedstat = openSync('/proc/thread-self/schedstat', 'r');
const buffer = Buffer.alloc(64);
let processorMs = 0;
let clockMs = 0;
let lastProcessorMs = processorNowMs();
let lastClockMs = performance.now();

function processorNowMs() {
  const length = readSync(schedstat, buffer, 0, buffer.length, 0);
  return Number(buffer.toString('latin1', 0, length).split(' ')[0]) / 1e6;
}

setInterval(() => {
  const [processorNow, clockNow] = [processorNowMs(), performance.now()];
  processorMs = Math.max(processorMs, processorNow - lastProcessorMs);
  clockMs = Math.max(clockMs, clockNow - lastClockMs);
  [lastProcessorMs, lastClockMs] = [processorNow, clockNow];
}, 1).unref();

process.on('SIGUSR2', () => {
  console.error(JSON.stringify({ processorMs, clockMs }));
  [processorMs, clockMs] = [0, 0];
});
