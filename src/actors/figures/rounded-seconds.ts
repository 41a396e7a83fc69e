/** Times and lengths of sound in the unit of log lines and of /status: seconds, to the millisecond. */
import { AUDIO_BYTES_PER_SECOND } from '../../call/wire.ts';

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
