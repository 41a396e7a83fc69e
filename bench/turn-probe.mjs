// Loaded into a server (--import): on SIGUSR2 it measures for WINDOW_MS how much processor time each turn of the event loop takes, and prints
// one line of JSON on stderr. Unlike the time on the clock it does not depend on what else the machine does. Linux only.
import { openSync, readSync } from 'node:fs';

const WINDOW_MS = 5_000;
const schedstat = openSync('/proc/thread-self/schedstat', 'r');
const buffer = Buffer.alloc(64);

/** Time on the processor of this thread so far, in ms. */
function processorMs() {
  const length = readSync(schedstat, buffer, 0, buffer.length, 0);
  return Number(buffer.toString('latin1', 0, length).split(' ')[0]) / 1e6;
}

process.on('SIGUSR2', () => {
  const turnsMs = [];
  const endsAtMs = performance.now() + WINDOW_MS;
  let lastMs = processorMs();
  const measure = () => {
    turnsMs.push(processorMs() - lastMs);
    if (performance.now() < endsAtMs) setImmediate(measure);
    else report(turnsMs.toSorted((a, b) => a - b));
    lastMs = processorMs();
  };
  setImmediate(measure);
});

/** By time, not by turn: how long the turn is into which a request falls that comes at a random moment. */
function report(sorted) {
  const totalMs = sorted.reduce((sum, ms) => sum + ms, 0);
  const atShare = (share) => {
    let beforeMs = 0;
    return sorted.find((ms) => {
      beforeMs += ms;
      return beforeMs >= totalMs * share;
    });
  };
  console.error(JSON.stringify({ p50: atShare(0.5), p90: atShare(0.9), p99: atShare(0.99), max: sorted.at(-1) }));
}
