/**
 * A stopwatch for promises in milliseconds on a machine that has other things to do: it stands still while this thread is ready to run and
 * has no processor. What it shows is what the code took, its timers and its waiting for others included.
 *
 * The kernel tells (Linux, /proc); where it does not, this is a plain clock.
 */
import type { ChildProcess } from 'node:child_process';
import { readFileSync } from 'node:fs';

/** Starts; the returned function tells how long it runs, in ms. `others` are processes whose lack of a processor does not count either. */
export function startStopwatch(others: readonly ChildProcess[] = []): () => number {
  // The clock begins before the waits and ends behind them: a wait that falls between two looks is shown, never one too many taken off.
  const startedAtMs = performance.now();
  const waits = ['thread-self', ...others.map(({ pid }) => String(pid))].map((pid) => startWait(pid));
  return () => {
    const waitedMs = waits.reduce((sum, waited) => sum + waited(), 0);
    return Math.max(0, performance.now() - startedAtMs - waitedMs);
  };
}

/** How long the main thread of a process has been ready to run without a processor since now; for one that has ended, as far as it was seen. */
function startWait(pid: string): () => number {
  const startedMs = waitedMsOf(pid) ?? 0;
  let lastMs = startedMs;
  return () => {
    lastMs = waitedMsOf(pid) ?? lastMs;
    return lastMs - startedMs;
  };
}

function waitedMsOf(pid: string): number | undefined {
  try {
    // Nanoseconds on a processor, nanoseconds ready and without one, turns.
    const [, waitedNs] = readFileSync(`/proc/${pid}/schedstat`, 'utf8').split(' ');
    return Number(waitedNs) / 1e6;
  } catch {
    return undefined;
  }
}
