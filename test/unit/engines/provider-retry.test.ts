/** Waits between tries: what providers write into their headers, how waits grow, and that an abort ends one. */
import { getEventListeners } from 'node:events';
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { backoffMs, longestRetryWaitMs, retryAfterMsOf, waitFor } from '../../../src/engines/provider/retry.ts';

const nowMs = Date.parse('2026-03-01T12:00:00Z');

describe('what a response says of waiting', () => {
  test.each<[Record<string, string>, number | undefined]>([
    [{}, undefined],
    [{ 'retry-after': '2' }, 2000],
    [{ 'retry-after': '0.25' }, 250],
    [{ 'retry-after': '0' }, 0],
    [{ 'retry-after-ms': '120', 'retry-after': '9' }, 120],
    [{ 'retry-after': 'Sun, 01 Mar 2026 12:00:03 GMT' }, 3000],
    [{ 'retry-after': 'Sun, 01 Mar 2026 11:00:00 GMT' }, 0],
    [{ 'retry-after': 'soon' }, undefined],
    [{ 'retry-after': '' }, undefined],
    [{ 'retry-after': '-5' }, undefined],
    [{ 'retry-after': '-1' }, undefined],
    [{ 'retry-after': ' 0.25 ' }, 250],
    [{ 'retry-after': '99999999' }, 99_999_999_000],
    [{ 'retry-after': '0x10' }, undefined],
    [{ 'retry-after': '1e3' }, undefined],
    [{ 'retry-after': '2027' }, 2_027_000],
    [{ 'retry-after-ms': 'x', 'retry-after': '1' }, 1000],
  ])('%j is %s ms', (headers, waitMs) => {
    const given = new Headers(headers);
    expect(retryAfterMsOf((name) => given.get(name), nowMs)).toBe(waitMs);
  });
});

test('without that, waits double, stay within their bound, and differ from stream to stream', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 10 }), fc.nat(), (retry, count) => {
      const fullMs = Math.min(longestRetryWaitMs, 200 * 2 ** (retry - 1));
      const waitMs = backoffMs(retry, count);
      expect(waitMs).toBeGreaterThanOrEqual(Math.floor(fullMs / 2));
      expect(waitMs).toBeLessThanOrEqual(fullMs);
    }),
  );
  expect(new Set([1, 2, 3, 4, 5].map((count) => backoffMs(3, count))).size).toBe(5);
});

test('a wait ends with its signal, whose reason it gives, and leaves no listener on it', async () => {
  const left = new AbortController();
  await waitFor(1, left.signal);
  expect(getEventListeners(left.signal, 'abort')).toEqual([]);
  const waiting = waitFor(60_000, left.signal);
  left.abort('gone');
  await expect(waiting).rejects.toBe('gone');
  await expect(waitFor(60_000, AbortSignal.abort('before'))).rejects.toBe('before');
  await expect(waitFor(1, new AbortController().signal)).resolves.toBeUndefined();
});
