/** Times and lengths of sound in the unit of log lines and of /status: seconds, to the millisecond. */

/** Of the sound on the wire (CONTRACT §1): 48,000 samples a second, two bytes each. */
const AUDIO_BYTES_PER_SECOND = 96_000;

export function secondsBetween(fromMs: number, toMs: number): number {
  return Math.round(toMs - fromMs) / 1000;
}

/** Null = it never came to that. */
export function secondsUntil(fromMs: number, toMs: number | null): number | null {
  return toMs === null ? null : secondsBetween(fromMs, toMs);
}

export function audioSecondsOf(bytes: number): number {
  return secondsBetween(0, (bytes / AUDIO_BYTES_PER_SECOND) * 1000);
}
