/** The longest wait of a timer, in ms (24.8 days): beyond it setTimeout fires at once. A delay that is switched off waits so long. */
export const OFF_DELAY_MS = 2 ** 31 - 1;

/** The delay of a time that may be switched off (0). */
export function orOff(ms: number): number {
  return ms > 0 ? Math.min(ms, OFF_DELAY_MS) : OFF_DELAY_MS;
}
