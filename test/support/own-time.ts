/** The time of a process that never pauses: `now` as it is given, timers as they are at that moment, faked or not. */
import type { OwnTime } from '../../src/call/own-time.ts';

export function ownTimeOf(now: () => number = () => performance.now()): OwnTime {
  return {
    now,
    setTimeout: (callback, ms) => ({ callback, dueAtMs: now() + ms, handle: setTimeout(callback, ms) }),
    clearTimeout: (timer) => clearTimeout(timer?.handle),
  };
}
