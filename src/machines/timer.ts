/** Delays that may be switched off. */
import { LONGEST_TIMER_MS } from '../call/time.ts';

/** The delay of a time that may be switched off (0): then it waits as long as a timer can. */
export function orOff(ms: number): number {
  return ms > 0 ? Math.min(ms, LONGEST_TIMER_MS) : LONGEST_TIMER_MS;
}
