/**
 * Where a what-if stands between two recorded turns, as one value that each step replaces, and the verdict it may come
 * to. Every end goes through this file: only here is it judged whether a stricter rate limit leaves an end in doubt
 * (What-if 8).
 */
import type { LoggedEvent } from '../../log/log-format.ts';
import type { EventLog } from '../../log/log-reader.ts';
import type { SessionLimits } from '../../machines/session/session.types.ts';
import type { PureChart } from '../../replay/pure-chart.ts';
import type { Play, Question, Timer } from './play.ts';
import { type Frames, isSurelyBeyond, isSurelyWithin, type Silences, type VoiceJobs } from './recorded-facts.ts';

export interface WhatIfVerdict {
  /** `same_end`: for the same reason, if perhaps earlier. `other_end`: for another. */
  readonly verdict: 'same_end' | 'other_end' | 'undetermined';
  /** The reason with which the session would have ended; null = undetermined. */
  readonly to: string | null;
  /** The recorded turn from which it went another way, or is undetermined; null = it went as recorded. */
  readonly turn: number | null;
  /** When that was, in ms since the session began. */
  readonly atMs: number | null;
  /** True if it would certainly not have ended when it did. */
  readonly isOutlived: boolean;
  /** Undetermined since two things were due at about the same time: what came of that turn itself is open, too. */
  readonly isOrderOpen?: true;
  /** In words; null where there is nothing to say. */
  readonly why: string | null;
}

/** A place in a log. */
export interface Moment {
  readonly turn: number;
  readonly atMs: number;
}

/** The limits that a judgement itself looks at; the chart has all of them. */
export type JudgedLimits = Pick<SessionLimits, 'idleTimeoutMs' | 'speechTimeoutMs' | 'maxFramesPerSecond'>;

/** What the chart would have been told at a recorded turn; every other fact stays as it is. */
export interface Deviation {
  readonly turn: number;
  /** Whether it hears the event of that turn. */
  readonly isHeard: boolean;
  /** What it hears then, in the place of it or behind it, at the same time. */
  readonly others: readonly LoggedEvent[];
}

/** What a what-if is about; it does not change. */
export interface WhatIfTerms {
  readonly chart: PureChart;
  readonly log: EventLog;
  readonly limits: { readonly recorded: JudgedLimits; readonly changed: JudgedLimits };
  /** null = every fact is as it was recorded. */
  readonly deviation: Deviation | null;
  /** All of the log, also those that come later. */
  readonly silences: Silences;
}

export interface Standing {
  /** The play under the recorded limits, and the second one, under the others. */
  readonly recorded: Play;
  readonly changed: Play;
  /** Whether the questions that wait for a recorded answer were asked by both plays; first asked, first answered. */
  readonly asked: Readonly<Record<Question, readonly boolean[]>>;
  /** What the second play gave to the voice and to the outbox so far. */
  readonly jobs: VoiceJobs;
  readonly frames: Frames;
  /** A timer of the second play that may have ended it by now. */
  readonly possibleEnd: PossibleEnd | null;
  /** Where the second play had said all it has to say and the recorded one had more: it ends when all is out (What-if 6). */
  readonly closed: Closed | null;
}

/** A timer that would end the session, due at about the time of a recorded fact. */
export interface PossibleEnd {
  readonly timer: Timer;
  readonly reason: string;
  readonly turn: number;
}

export interface Closed extends Moment {
  readonly why: string | null;
}

/** One step further, or decided. */
export type Step = Standing | WhatIfVerdict;

export function isDecided(step: Step): step is WhatIfVerdict {
  return 'verdict' in step;
}

/** What another rate limit is to the recorded one (0 = off); what kept the recorded one keeps a looser one. */
export function rateChangeOf({ limits }: WhatIfTerms): 'same' | 'looser' | 'stricter' {
  const [recorded, changed] = [limits.recorded.maxFramesPerSecond, limits.changed.maxFramesPerSecond];
  if (recorded === changed) return 'same';
  return changed === 0 || (recorded > 0 && changed > recorded) ? 'looser' : 'stricter';
}

/** The recorded facts do not tell, from this moment on. */
export function undetermined({ turn, atMs }: Moment, why: string): WhatIfVerdict {
  return { verdict: 'undetermined', to: null, turn, atMs, isOutlived: false, why };
}

/** Two things were due at about the same time, and their order matters (What-if 3). */
export function openOrder(moment: Moment, possibleEnd: PossibleEnd | null): WhatIfVerdict {
  const which = possibleEnd === null ? '' : `${possibleEnd.reason}: `;
  const why = `${which}a timer was due at about the time of something else, and either may have come first`;
  return { ...undetermined(moment, why), isOrderOpen: true };
}

/** The recorded session ended here, and the second play did not (What-if 7). */
export function outlived({ possibleEnd }: Standing, moment: Moment, reason: string): WhatIfVerdict {
  if (possibleEnd !== null) return openOrder(moment, possibleEnd);
  const why = `it would not have ended with ${reason} at this turn; what would have come then is not recorded`;
  return { ...undetermined(moment, why), isOutlived: true };
}

/** The second play came to its end in a turn of its own, or where the recorded one did not. */
export function endedApart(terms: WhatIfTerms, standing: Standing, end: Moment & { reason: string }): WhatIfVerdict {
  return isRateKept(terms, standing, end.reason) ? ended(terms, end, null) : openRate(end);
}

/** The second play came to its end in a recorded turn, in which the recorded play ended with `recordedReason`, or not (null). */
export function endedInTurn(
  terms: WhatIfTerms,
  standing: Standing,
  end: Moment & { readonly reason: string; readonly recordedReason: string | null; readonly isFlushed: boolean },
): WhatIfVerdict {
  const { reason, recordedReason, isFlushed } = end;
  const { possibleEnd, closed, frames } = standing;
  if (possibleEnd !== null && possibleEnd.reason !== reason) return openOrder(end, possibleEnd);
  const isStricter = rateChangeOf(terms) === 'stricter';
  const limit = terms.limits.changed.maxFramesPerSecond;
  if (isStricter && isFlushed && isSurelyBeyond(frames, limit, end.atMs)) {
    return ended(terms, { ...end, reason: RATE_EXCEEDED }, atLatest);
  }
  if (recordedReason !== reason) return endedApart(terms, standing, { ...(closed ?? end), reason });
  if (isStricter && reason === RATE_EXCEEDED) return ended(terms, end, atLatest);
  if (!isRateKept(terms, standing, reason)) return openRate(end);
  return closed === null ? asRecorded(reason) : ended(terms, { ...closed, reason }, closed.why);
}

const RATE_EXCEEDED = 'rate_limit_exceeded';
/** What is known to have left tells that it came, not when. */
const atLatest = 'at this turn at the latest';

/** Nothing that the other limits change would have been noticed. */
function asRecorded(reason: string): WhatIfVerdict {
  return { verdict: 'same_end', to: reason, turn: null, atMs: null, isOutlived: false, why: null };
}

function ended({ log }: WhatIfTerms, { reason, turn, atMs }: Moment & { reason: string }, why: string | null) {
  const verdict = reason === log.footer?.reason ? 'same_end' : 'other_end';
  return { verdict, to: reason, turn, atMs, isOutlived: false, why } as const;
}

/** False if more frames than a stricter limit allows may have left within a second before the end. */
function isRateKept(terms: WhatIfTerms, { frames }: Standing, reason: string): boolean {
  if (reason === RATE_EXCEEDED || rateChangeOf(terms) !== 'stricter') return true;
  return isSurelyWithin(frames, terms.limits.changed.maxFramesPerSecond);
}

function openRate(moment: Moment): WhatIfVerdict {
  return undetermined(moment, 'the log does not tell how many frames left within one second');
}
