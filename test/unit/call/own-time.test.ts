/** The time in which a process ran: what a pause costs those who are waited for, and what a wait is without one. */
import fc from 'fast-check';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { OwnClock } from '../../../src/call/own-time.ts';

beforeEach(() => {
  vi.useFakeTimers({ now: 0, toFake: ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval', 'performance'] });
});
afterEach(() => {
  vi.useRealTimers();
});

/** A clock over faked time, and a way to stop the process for a while: time goes on, and nothing runs. */
function bench({ isStarted = true }: { readonly isStarted?: boolean } = {}) {
  let stoppedMs = 0;
  const pauses: number[] = [];
  const clock = new OwnClock({
    realNow: () => performance.now() + stoppedMs,
    onPause: (pausedMs) => pauses.push(pausedMs),
  });
  if (isStarted) clock.start();
  const stopFor = (ms: number): void => {
    stoppedMs += ms;
  };
  return { clock, pauses, stopFor };
}

test('what is due already is called at once, and no timer is set for a time that has passed', () => {
  const { clock } = bench();
  const armed = vi.spyOn(globalThis, 'setTimeout');
  const called = vi.fn();
  clock.setTimeout(called, -40);
  vi.advanceTimersByTime(1);
  const delaysMs = armed.mock.calls.map(([, ms]) => ms);
  vi.restoreAllMocks();
  expect(called).toHaveBeenCalledOnce();
  expect(delaysMs).toEqual([0]);
});

test('while the process runs, it is real time', () => {
  const { clock, pauses } = bench();
  const startedAtMs = clock.now();
  vi.advanceTimersByTime(100_000);
  expect(clock.now() - startedAtMs).toBe(100_000);
  expect(pauses).toEqual([]);
});

test('a pause does not count, whoever looks first after it, and is told once', () => {
  const { clock, pauses, stopFor } = bench();
  const startedAtMs = clock.now();
  vi.advanceTimersByTime(1_000);
  stopFor(10_000);
  expect(clock.now() - startedAtMs).toBe(1_000);
  vi.advanceTimersByTime(1_000);
  expect(clock.now() - startedAtMs).toBe(2_000);
  expect(pauses).toEqual([10_000]);
});

test('a lag of half a second is none', () => {
  const { clock, pauses, stopFor } = bench();
  const startedAtMs = clock.now();
  stopFor(500);
  expect(clock.now() - startedAtMs).toBe(500);
  expect(pauses).toEqual([]);
});

test('a timer that was due in the pause fires after the time that was left, not before what had come is read', () => {
  const { clock, stopFor } = bench();
  const fired: number[] = [];
  clock.setTimeout(() => fired.push(performance.now()), 350);
  vi.advanceTimersByTime(300);
  stopFor(10_000);
  vi.advanceTimersByTime(49);
  expect(fired).toEqual([]);
  // The heartbeat looked 100 ms before the pause: what passed since then counts for nobody.
  vi.advanceTimersByTime(150);
  expect(fired).toEqual([]);
  vi.advanceTimersByTime(2);
  expect(fired).toHaveLength(1);
});

test('a timer that is cleared never fires, before and after it was set anew by a pause', () => {
  const { clock, stopFor } = bench();
  const fired: string[] = [];
  const early = clock.setTimeout(() => fired.push('early'), 100);
  clock.clearTimeout(early);
  const late = clock.setTimeout(() => fired.push('late'), 1_000);
  vi.advanceTimersByTime(900);
  stopFor(5_000);
  vi.advanceTimersByTime(100);
  clock.clearTimeout(late);
  clock.clearTimeout(undefined);
  vi.advanceTimersByTime(10_000);
  expect(fired).toEqual([]);
});

test('before it is started and after it was stopped nothing counts as a pause, for nobody looks', () => {
  const { clock, stopFor } = bench({ isStarted: false });
  stopFor(9_000);
  expect(clock.now()).toBe(9_000);
  clock.start();
  clock.stop();
  stopFor(9_000);
  expect(clock.now()).toBe(18_000);
});

test('whatever pauses there are: it never goes back, a timer never fires early, and at most a heartbeat late', () => {
  const step = fc.record({ runMs: fc.integer({ min: 1, max: 3_000 }), pauseMs: fc.integer({ min: 0, max: 20_000 }) });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 20 }), fc.integer({ min: 1, max: 10_000 }), (steps, waitMs) => {
      const { clock, stopFor } = bench();
      const setAtMs = clock.now();
      let firedAfterMs: number | null = null;
      let ranMs = 0;
      clock.setTimeout(() => {
        firedAfterMs = clock.now() - setAtMs;
      }, waitMs);
      let lastMs = clock.now();
      for (const { runMs, pauseMs } of steps) {
        vi.advanceTimersByTime(runMs);
        stopFor(pauseMs);
        expect(clock.now()).toBeGreaterThanOrEqual(lastMs);
        lastMs = clock.now();
        // A short stop is a lag, and counts.
        ranMs += runMs + (pauseMs <= 500 ? pauseMs : 0);
      }
      vi.advanceTimersByTime(1);
      expect(clock.now() - setAtMs).toBeLessThanOrEqual(ranMs + 1);
      if (firedAfterMs !== null) expect(firedAfterMs).toBeGreaterThan(waitMs - 1);
      else expect(clock.now() - setAtMs).toBeLessThan(waitMs + 1_000);
      clock.stop();
      vi.clearAllTimers();
    }),
  );
});
