/**
 * The timers that only the second play has, armed in another turn or with another delay: when they may have fired
 * (What-if 3), what would have come of it, and the answers to what the chart asks then (What-if 4).
 */
import type { LogTurn } from '../../log/log-format.ts';
import {
  isClosing,
  type Play,
  type PlayedTurn,
  type Question,
  type Timer,
  take,
  type When,
  wordsOfTurn,
} from './play.ts';
import { readerIdleMs, voiceSilences } from './recorded-facts.ts';
import { endedApart, openOrder, type Standing, type Step, undetermined, type WhatIfTerms } from './standing.ts';

/** A timer may fire a moment early, by the clock that tells a turn's time. */
const EARLY_MS = 2;
/** A timer that fires later than this, or this share of its delay, fires in a process that has stopped. */
const LATE_MS = 50;
const LATE_SHARE = 0.01;

interface OwnTimer {
  readonly timer: Timer;
  readonly dueAtMs: number;
  readonly earliestMs: number;
  readonly latestMs: number;
}

/** What a turn comes to that only the second play has. */
type Firing =
  /** The world noticed nothing. */
  | { readonly kind: 'nothing'; readonly after: Play }
  | { readonly kind: 'ends'; readonly reason: string }
  /** Nothing more is said, and the session ends as soon as all that was said is out. */
  | { readonly kind: 'closes'; readonly after: Play }
  | { readonly kind: 'open'; readonly why: string };

/** True for a timer of which the recording tells when it fired. */
export function isShared({ id, turn, delayMs }: Timer, recorded: Play): boolean {
  const twin = recorded.timers.get(id);
  return turn !== null && twin !== undefined && twin.turn === turn && twin.delayMs === delayMs;
}

/** Lets the second play's own timers fire, as far as they are due before the recorded turn `turn`. */
export function fireOwnTimers(terms: WhatIfTerms, standing: Standing, turn: LogTurn): Step {
  let now = standing;
  for (;;) {
    const { possibleEnd, changed } = now;
    // Something has stopped or armed anew the timer that may have ended the session.
    if (possibleEnd !== null && changed.timers.get(possibleEnd.timer.id) !== possibleEnd.timer) {
      return openOrder(turn, possibleEnd);
    }
    const [own] = ownTimersOf(now);
    if (own === undefined || own.earliestMs > turn.atMs) return now;
    const firing = firingOf(terms, now, own, own.dueAtMs);
    if (firing.kind === 'ends') return noteEnd(terms, now, { own, reason: firing.reason, turn });
    if (firing.kind === 'open') return undetermined({ turn: turn.turn, atMs: own.dueAtMs }, firing.why);
    const isClosed = firing.kind === 'closes';
    if (possibleEnd !== null && (isClosed || possibleEnd.timer === own.timer)) return openOrder(turn, possibleEnd);
    // If it is not quite due, its time will come. Whether it looks before or after a fact of the same moment is all the same.
    if (own.dueAtMs > turn.atMs) return now;
    if (isClosed && own.latestMs >= turn.atMs) return openOrder(turn, null);
    const closed = isClosed ? { turn: turn.turn, atMs: own.dueAtMs, why: null } : now.closed;
    now = { ...now, changed: firing.after, closed };
  }
}

/** Those of the second play alone; the first that is due comes first. */
function ownTimersOf({ changed, recorded }: Standing): readonly OwnTimer[] {
  const own = [...changed.timers.values()].filter((timer) => !isShared(timer, recorded));
  return own
    .map((timer) => {
      const dueAtMs = timer.armedAtMs + timer.delayMs;
      const latestMs = dueAtMs + Math.max(LATE_MS, timer.delayMs * LATE_SHARE);
      return { timer, dueAtMs, earliestMs: dueAtMs - EARLY_MS, latestMs };
    })
    .sort((a, b) => a.dueAtMs - b.dueAtMs);
}

/** A timer that would end the session is due: surely before `turn`, or at about the same time. */
function noteEnd(
  terms: WhatIfTerms,
  standing: Standing,
  { own, reason, turn }: { readonly own: OwnTimer; readonly reason: string; readonly turn: LogTurn },
): Step {
  if (standing.closed !== null) return undetermined(turn, `${reason}, unless all was handed over before`);
  const possibleEnd = standing.possibleEnd ?? { timer: own.timer, reason, turn: turn.turn };
  if (possibleEnd.reason !== reason) return openOrder(turn, possibleEnd);
  if (own.latestMs >= turn.atMs) return { ...standing, possibleEnd };
  if (isRivalled(terms, standing, own, reason)) return openOrder(turn, possibleEnd);
  return endedApart(terms, standing, { reason, turn: possibleEnd.turn, atMs: own.dueAtMs });
}

/** True if another timer may have fired before `own` and made another end of it. */
function isRivalled(terms: WhatIfTerms, standing: Standing, own: OwnTimer, reason: string): boolean {
  return ownTimersOf(standing).some((other) => {
    if (other.timer === own.timer || other.earliestMs > own.latestMs) return false;
    const firing = firingOf(terms, standing, other, Math.max(own.dueAtMs, other.dueAtMs));
    return firing.kind === 'open' || firing.kind === 'closes' || (firing.kind === 'ends' && firing.reason !== reason);
  });
}

/** What would come of it if the timer fired at `atMs`. */
function firingOf(terms: WhatIfTerms, standing: Standing, { timer }: OwnTimer, atMs: number): Firing {
  const when: When = { atMs, turn: null };
  return settled(terms, standing, take(terms.chart, standing.changed, { type: timer.id }, when), when);
}

/** What comes of a turn that the second play just took, when its questions are answered. */
export function settled(terms: WhatIfTerms, standing: Standing, played: PlayedTurn, when: When): Firing {
  if (played.ended !== null) return { kind: 'ends', reason: played.ended };
  if (isClosing(played.outward)) return { kind: 'closes', after: played.after };
  if (played.outward.length > 0) return { kind: 'open', why: `it would have gone another way: ${wordsOfTurn(played)}` };
  let { after } = played;
  for (const question of played.questions) {
    const answer = answerTo(terms, standing, question, when.atMs);
    if (answer === null) return { kind: 'open', why: `the log does not tell ${unknownWords[question]} then` };
    const answered = settled(terms, standing, take(terms.chart, after, answer, when), when);
    if (answered.kind !== 'nothing') return answered;
    after = answered.after;
  }
  return { kind: 'nothing', after };
}

/** What is not known, if the answer to a question is not. */
const unknownWords: Readonly<Record<Question, string>> = {
  activity: 'for how long the reader had taken nothing',
  progress: 'for how long the voice had been silent',
};

/** The event that answers a question at `atMs`; null = the log does not tell. */
function answerTo(
  { limits, silences }: WhatIfTerms,
  { frames, jobs, closed }: Standing,
  question: Question,
  atMs: number,
) {
  const { idleTimeoutMs, speechTimeoutMs } = limits.changed;
  if (question === 'progress') {
    const silent = voiceSilences(silences, jobs, { atMs, timeoutMs: speechTimeoutMs });
    return silent === null ? null : { type: 'speech.progressReported', silences: silent };
  }
  // A reader who was given nothing has taken nothing. Once the frames are no longer those that were recorded, neither
  // is when they were taken.
  const isNothingGiven = frames.bursts.length === 0;
  const knownMs = closed === null ? readerIdleMs(silences, atMs, idleTimeoutMs) : null;
  const idleMs = isNothingGiven ? atMs : knownMs;
  return idleMs === null ? null : { type: 'outbox.activityReported', idleMs };
}
