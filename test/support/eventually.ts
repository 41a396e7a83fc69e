/** Waiting for a fact instead of for a while. */

/** Polls `probe` until it is true; rejects after `withinMs` with the last value seen. */
export async function eventually<T>(probe: () => Promise<T> | T, isGood: (value: T) => boolean, withinMs = 20_000) {
  const deadlineMs = performance.now() + withinMs;
  for (;;) {
    const value = await probe();
    if (isGood(value)) return value;
    if (performance.now() > deadlineMs) throw new Error(`not within ${withinMs} ms: ${JSON.stringify(value)}`);
    await new Promise((wake) => setTimeout(wake, 10));
  }
}
