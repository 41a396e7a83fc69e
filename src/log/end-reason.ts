/** How a recorded session ended, in one word: its reason code, or what stands for one that a log does not have. */
import type { LogFooter } from './log-format.ts';

/** Of a log that can't be read. */
export const badLogReason = 'bad_log';

/**
 * The reason code; `no_end` = the process was killed or the session still runs, `abandoned` = the server stopped before it ended, `-` = a
 * chart that has no reasons.
 */
export function endReasonOf(footer: LogFooter | null): string {
  if (footer === null) return 'no_end';
  if (footer.status === 'abandoned') return 'abandoned';
  return footer.reason === '' ? '-' : footer.reason;
}

/** Nothing went wrong. */
export function isGoodEnd(reason: string): boolean {
  return reason === 'completed' || reason === '-';
}
