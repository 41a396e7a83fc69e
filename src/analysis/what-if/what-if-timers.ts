/** Timers of which the recording does not tell when they fired, and when they may have. */
import type { Play, Timer } from './what-if-play.ts';

/** A timer may fire a moment early, by the clock that tells a turn's time. */
const EARLY_MS = 2;
/** A timer that fires later than this, or this share of its delay, fires in a process that has stopped. */
const LATE_MS = 50;
const LATE_SHARE = 0.01;

export interface OwnTimer {
  readonly timer: Timer;
  readonly dueAtMs: number;
  readonly earliestMs: number;
  readonly latestMs: number;
}

/** The timers of `changed` that `recorded` does not have: armed in another turn, or with another delay. The first that is due comes first. */
export function ownTimers(changed: Play, recorded: Play): readonly OwnTimer[] {
  const own: OwnTimer[] = [];
  for (const timer of changed.timers.values()) {
    if (isShared(timer, recorded)) continue;
    const dueAtMs = timer.armedAtMs + timer.delayMs;
    const latestMs = dueAtMs + Math.max(LATE_MS, timer.delayMs * LATE_SHARE);
    own.push({ timer, dueAtMs, earliestMs: dueAtMs - EARLY_MS, latestMs });
  }
  return own.sort((a, b) => a.dueAtMs - b.dueAtMs);
}

/** True for a timer of which the recording tells when it fired. */
export function isShared({ id, turn, delayMs }: Timer, recorded: Play): boolean {
  const twin = recorded.timers.get(id);
  return turn !== null && twin !== undefined && twin.turn === turn && twin.delayMs === delayMs;
}
