/**
 * How long to wait before the same provider is asked again: as long as it says, if somebody who waits for an answer can wait that long; else a
 * little, then twice that. Waits end at once with the signal.
 */

/** Somebody is listening to silence meanwhile; a provider that wants more is passed over. */
export const longestRetryWaitMs = 3_000;

const firstWaitMs = 200;

/** The golden ratio: each next one falls into the widest gap, so that retries of many streams do not come in step. */
const spreadStep = 0.618_033_988_75;

/** What a response's headers say of waiting, in milliseconds; undefined = nothing that can be understood. */
export function retryAfterMsOf(headers: Headers, nowMs: number): number | undefined {
  const inMs = Number(headers.get('retry-after-ms') ?? Number.NaN);
  if (inMs >= 0) return Math.ceil(inMs);
  const text = headers.get('retry-after')?.trim() ?? '';
  if (text === '') return undefined;
  const seconds = Number(text);
  if (seconds >= 0) return Math.ceil(seconds * 1000);
  // A negative number is a year to Date.parse.
  if (seconds < 0) return undefined;
  const untilMs = Date.parse(text);
  return Number.isNaN(untilMs) ? undefined : Math.max(0, untilMs - nowMs);
}

/** The wait before try number `retry` (1 = the first retry); `count` tells retries of other streams apart. */
export function backoffMs(retry: number, count: number): number {
  const spread = (count * spreadStep) % 1;
  const fullMs = Math.min(longestRetryWaitMs, firstWaitMs * 2 ** (retry - 1));
  return Math.round(fullMs * (1 - spread / 2));
}

/** Resolves after `ms`; rejects with the signal's reason as soon as it is aborted, and leaves neither timer nor listener. */
export function waitFor(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal.aborted) {
      reject(signal.reason);
      return;
    }
    const onAbort = () => {
      clearTimeout(timer);
      reject(signal.reason);
    };
    const timer = setTimeout(() => {
      signal.removeEventListener('abort', onAbort);
      resolve();
    }, ms);
    signal.addEventListener('abort', onAbort, { once: true });
  });
}
