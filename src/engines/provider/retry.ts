/**
 * How long to wait before the same provider is asked again: as long as it says, if a listener can wait that long; else a little, then twice
 * that. Waits of many streams are spread, so that their retries do not come in step; they end at once with their signal.
 */
import { onAbort } from './linked-abort.ts';

/** Somebody is listening to silence meanwhile. */
export const longestRetryWaitMs = 3_000;

const firstWaitMs = 200;

/** The golden ratio: each next one falls into the widest gap. */
const spreadStep = 0.618_033_988_75;

/** What a response's headers say of waiting, in milliseconds; undefined = nothing that can be understood. */
export function retryAfterMsOf(
  headerOf: (name: string) => string | null | undefined,
  nowMs: number,
): number | undefined {
  const inMs = numberOf(headerOf('retry-after-ms'));
  if (inMs !== undefined) return Math.ceil(inMs);
  const header = headerOf('retry-after')?.trim() ?? '';
  const seconds = numberOf(header);
  if (seconds !== undefined) return Math.ceil(seconds * 1000);
  // Date.parse alone would also take "-1" for a date.
  const atMs = /^[a-z]{3,9},? /i.test(header) ? Date.parse(header) : Number.NaN;
  return Number.isNaN(atMs) ? undefined : Math.max(0, atMs - nowMs);
}

function numberOf(header: string | null | undefined): number | undefined {
  const text = header?.trim() ?? '';
  return /^\d{1,12}(\.\d+)?$/.test(text) ? Number(text) : undefined;
}

/** The wait before try number `retry` (1 = the first retry); `count` tells retries of other streams apart. */
export function backoffMs(retry: number, count: number): number {
  const spread = (count * spreadStep) % 1;
  const fullMs = Math.min(longestRetryWaitMs, firstWaitMs * 2 ** (retry - 1));
  return Math.round(fullMs * (1 - spread / 2));
}

/** Counts the retries of all streams of an engine, which spreads their waits. */
export function createRetryCounter(): () => number {
  let count = 0;
  return () => {
    count += 1;
    return count;
  };
}

/** Resolves after `ms`; rejects with the signal's reason as soon as it is aborted, and leaves neither timer nor listener. */
export async function waitFor(ms: number, signal: AbortSignal): Promise<void> {
  signal.throwIfAborted();
  await new Promise<void>((resolve, reject) => {
    const unlink = onAbort(signal, () => {
      clearTimeout(timer);
      reject(signal.reason);
    });
    const timer = setTimeout(() => {
      unlink();
      resolve();
    }, ms);
  });
}
