/** The two plays of one what-if, turn by turn, until it is decided or can't be (the rules stand in what-if.ts). */
import type { AnyStateMachine } from 'xstate';
import { type LogTurn, THREW } from '../../log/log-format.ts';
import type { EventLog } from '../../log/log-reader.ts';
import type { SessionLimits } from '../../machines/session/session.types.ts';
import { KnownAnswers } from './what-if-answers.ts';
import { Firings } from './what-if-firing.ts';
import {
  isClosing,
  isSameButForCommand,
  isSameOutward,
  Play,
  type PlayedTurn,
  type Question,
  type Timer,
  type When,
  wordsOf,
} from './what-if-play.ts';
import { FrameCount, type RateChange, rateChangeOf } from './what-if-rate.ts';
import { isShared, type OwnTimer, ownTimers } from './what-if-timers.ts';
import { asRecorded, type Moment, undetermined, type WhatIfVerdict } from './what-if-verdict.ts';

interface Input {
  readonly limits: SessionLimits;
}

export interface WhatIfTerms {
  readonly log: EventLog;
  readonly recorded: Input;
  readonly changed: Input;
}

/** A timer that would end the session, due at about the time of a recorded fact. */
interface Candidate {
  readonly timer: Timer;
  readonly reason: string;
  readonly turn: number;
}

interface Closed extends Moment {
  readonly why: string | null;
}

export class WhatIfRun {
  readonly #log: EventLog;
  readonly #limits: { readonly recorded: SessionLimits; readonly changed: SessionLimits };
  readonly #inputs: { readonly recorded: Input; readonly changed: Input };
  readonly #recorded: Play;
  #changed: Play;
  readonly #answers: KnownAnswers;
  readonly #frames = new FrameCount();
  readonly #firings: Firings;
  readonly #rateChange: RateChange;
  /** Whether the questions that wait for a recorded answer were asked by both plays; first asked, first answered. */
  readonly #asked: Record<Question, boolean[]> = { activity: [], progress: [] };
  #candidate: Candidate | null = null;
  /** Where the second play had said all it has to say and the recorded one had more: it ends when all is out. */
  #closed: Closed | null = null;

  constructor(machine: AnyStateMachine, { log, recorded, changed }: WhatIfTerms) {
    this.#log = log;
    this.#inputs = { recorded, changed };
    this.#limits = { recorded: recorded.limits, changed: changed.limits };
    this.#recorded = Play.of(machine);
    this.#changed = Play.of(machine);
    this.#answers = new KnownAnswers(log.turns);
    this.#firings = new Firings(this.#answers, this.#frames, changed.limits);
    this.#rateChange = rateChangeOf(recorded.limits.maxFramesPerSecond, changed.limits.maxFramesPerSecond);
  }

  play(): WhatIfVerdict {
    for (const turn of this.#log.turns) {
      const verdict = turn.turn === 0 ? this.#begin() : (this.#fireOwnTimers(turn) ?? this.#playTurn(turn));
      if (verdict !== null) return verdict;
    }
    const last = this.#log.turns.at(-1);
    return undetermined(last ?? { turn: 0, atMs: 0 }, 'the log does not hold the end of its session');
  }

  #begin(): WhatIfVerdict | null {
    const recorded = this.#recorded.start(this.#inputs.recorded);
    const changed = this.#changed.start(this.#inputs.changed);
    return this.#compare(this.#log.turns[0], recorded, changed);
  }

  /** Lets those timers of the second play fire that the recording does not have, as far as they are due before `turn`. */
  #fireOwnTimers(turn: LogTurn): WhatIfVerdict | null {
    for (;;) {
      const contradiction = this.#contradiction(turn);
      if (contradiction !== null) return contradiction;
      const [own] = ownTimers(this.#changed, this.#recorded);
      if (own === undefined || own.earliestMs > turn.atMs) return null;
      const { timer, dueAtMs } = own;
      const firing = this.#firings.of(this.#changed, timer, dueAtMs);
      if (firing.kind === 'open') return undetermined({ ...turn, atMs: dueAtMs }, firing.why);
      if (firing.kind === 'ends') return this.#nearEnd(turn, own, firing.reason);
      const rival = this.#candidate;
      if (rival !== null && (firing.kind === 'closes' || rival.timer === timer)) return this.#openOrder(turn, rival);
      // Whether it looks before or after a fact of the same moment is all the same. If it is not quite due, its time will come.
      if (dueAtMs > turn.atMs) return null;
      this.#changed = firing.after;
      if (firing.kind === 'closes') {
        if (own.latestMs >= turn.atMs) return undetermined(turn, orderWords);
        this.#close({ turn: turn.turn, atMs: dueAtMs, why: null });
      }
    }
  }

  /** A timer that would end the session is due: surely before `turn`, or at about the same time. */
  #nearEnd(turn: LogTurn, own: OwnTimer, reason: string): WhatIfVerdict | null {
    if (this.#closed !== null) return undetermined(turn, `${reason}, unless all was handed over before`);
    this.#candidate ??= { timer: own.timer, reason, turn: turn.turn };
    const candidate = this.#candidate;
    if (candidate.reason !== reason) return this.#openOrder(turn, candidate);
    if (own.latestMs >= turn.atMs) return null;
    const isRivalled = ownTimers(this.#changed, this.#recorded).some((other) => {
      if (other.timer === own.timer || other.earliestMs > own.latestMs) return false;
      const firing = this.#firings.of(this.#changed, other.timer, Math.max(own.dueAtMs, other.dueAtMs));
      return firing.kind === 'open' || firing.kind === 'closes' || (firing.kind === 'ends' && firing.reason !== reason);
    });
    if (isRivalled) return this.#openOrder(turn, candidate);
    return this.#decided(reason, { turn: candidate.turn, atMs: own.dueAtMs });
  }

  /** A timer might have ended the session, but then something else came first. */
  #contradiction(turn: LogTurn): WhatIfVerdict | null {
    const candidate = this.#candidate;
    if (candidate === null || this.#changed.timers.get(candidate.timer.id) === candidate.timer) return null;
    return this.#openOrder(turn, candidate);
  }

  #playTurn(turn: LogTurn): WhatIfVerdict | null {
    const { event, atMs } = turn;
    const when: When = { atMs, turn: turn.turn };
    if (turn.status === THREW) return this.#afterThrow(turn);
    const isOfBoth = this.#isOfBoth(event.type);
    if (this.#closed !== null) return this.#playClosed(turn, isOfBoth);
    if (!isOfBoth) return this.#afterRecordedOnly(turn, this.#recorded.take(event, when));
    this.#answers.noteHeard(event);
    this.#frames.noteHeard(event);
    const recorded = this.#recorded.take(event, when);
    const changed = this.#changed.take(this.#rateFactFor(event), when);
    return this.#compare(turn, recorded, changed);
  }

  /** All that the second play said is out when all that the recorded one said is; until then something else may end it. */
  #playClosed(turn: LogTurn, isOfBoth: boolean): WhatIfVerdict | null {
    const { event, atMs } = turn;
    const when: When = { atMs, turn: turn.turn };
    const recorded = this.#recorded.take(event, when);
    const isFlushed = event.type === 'outbox.flushed';
    if (recorded.ended !== null && !isFlushed) return undetermined(turn, closingWords);
    const isAnswer = event.type.startsWith('answer.');
    const isSharedTimer = event.type.startsWith('xstate.after.') && isOfBoth;
    if (!isFlushed && !isAnswer && !isSharedTimer) return null;
    const changed = this.#changed.take(event, when);
    if (changed.ended !== null && isFlushed) return this.#endedWith(turn, recorded, changed.ended);
    // The model may still be at work, and stop when it is done.
    const isQuiet = changed.questions.length === 0 && changed.outward.every((text) => text.startsWith('stop '));
    return isQuiet && changed.ended === null ? null : undetermined(turn, closingWords);
  }

  #close(closed: Closed): void {
    this.#closed = closed;
    this.#firings.forgetReader();
  }

  /** A bug of the chart: nothing was changed, and what came of it is recorded next. */
  #afterThrow(turn: LogTurn): WhatIfVerdict | null {
    try {
      this.#changed.fork().take(turn.event, { atMs: turn.atMs, turn: turn.turn });
    } catch {
      return null;
    }
    return undetermined(turn, 'the chart threw here and would not have');
  }

  /** True for what the second play hears, too: facts of the world, answers to questions of both, timers of both. */
  #isOfBoth(type: string): boolean {
    const timer = this.#changed.timers.get(type);
    if (type.startsWith('xstate.after.')) return timer !== undefined && isShared(timer, this.#recorded);
    if (type === 'outbox.activityReported') return this.#asked.activity.shift() ?? false;
    if (type === 'speech.progressReported') return this.#asked.progress.shift() ?? false;
    if (type === 'outbox.rateExceeded') return this.#rateChange !== 'looser';
    return true;
  }

  /** The limit that was broken is named in the failure. */
  #rateFactFor(event: LogTurn['event']): LogTurn['event'] {
    if (event.type !== 'outbox.rateExceeded') return event;
    return { ...event, framesInLastSecond: this.#limits.changed.maxFramesPerSecond + 1 };
  }

  /** A turn that only the recorded play has: a timer of its own, or the answer to a question of its own. */
  #afterRecordedOnly(turn: LogTurn, played: PlayedTurn): WhatIfVerdict | null {
    if (played.ended !== null) return this.#outlived(turn, played.ended);
    if (played.outward.length > 0)
      return undetermined(turn, `it would not have gone on as recorded: ${wordsOf(played)}`);
    for (const question of played.questions) this.#asked[question].push(false);
    return null;
  }

  #compare(turn: LogTurn | undefined, recorded: PlayedTurn, changed: PlayedTurn): WhatIfVerdict | null {
    if (turn === undefined) return null;
    if (changed.ended !== null) return this.#endedWith(turn, recorded, changed.ended);
    if (recorded.ended !== null) return this.#outlived(turn, recorded.ended);
    if (!isSameOutward(recorded.outward, changed.outward)) {
      const isOtherCommand = isSameButForCommand(recorded.outward, changed.outward);
      if (!isOtherCommand && !isClosing(changed.outward)) {
        return undetermined(turn, `it would have gone another way: ${wordsOf(changed)}`);
      }
      if (this.#candidate !== null) return this.#openOrder(turn, this.#candidate);
      this.#close({ ...turn, why: isOtherCommand ? commandWords : null });
    }
    this.#answers.noteTold(changed.voice, turn.atMs);
    this.#frames.noteTold(changed.voice, turn.atMs);
    this.#frames.noteSaid(changed.outward, turn.atMs);
    return this.#pairQuestions(turn, recorded.questions, changed.questions);
  }

  /** Questions of both wait for the recorded answer; one of the second play alone is answered at once. */
  #pairQuestions(turn: LogTurn, recorded: readonly Question[], changed: readonly Question[]): WhatIfVerdict | null {
    for (const question of recorded) this.#asked[question].push(changed.includes(question));
    const own = changed.filter((question) => !recorded.includes(question));
    if (own.length === 0) return null;
    const played: PlayedTurn = { outward: [], questions: own, voice: [], ended: null };
    const settled = this.#firings.settle(this.#changed, played, { atMs: turn.atMs, turn: null });
    if (settled.kind === 'open') return undetermined(turn, settled.why);
    return settled.kind === 'ends' ? this.#decided(settled.reason, turn) : null;
  }

  /** The second play came to its end in a recorded turn. */
  #endedWith(turn: LogTurn, recorded: PlayedTurn, reason: string): WhatIfVerdict {
    if (this.#candidate !== null && this.#candidate.reason !== reason) return this.#openOrder(turn, this.#candidate);
    const limit = this.#limits.changed.maxFramesPerSecond;
    if (
      turn.event.type === 'outbox.flushed' &&
      this.#rateChange === 'stricter' &&
      this.#frames.isSurelyBeyond(limit, turn.atMs)
    ) {
      return this.#ended('rate_limit_exceeded', turn, atLatest);
    }
    if (recorded.ended !== reason) return this.#decided(reason, this.#closed ?? turn);
    if (reason === 'rate_limit_exceeded' && this.#rateChange === 'stricter') return this.#ended(reason, turn, atLatest);
    if (!this.#isRateKept(reason)) return this.#openRate(turn);
    return this.#closed === null ? asRecorded(reason) : this.#ended(reason, this.#closed, this.#closed.why);
  }

  #decided(reason: string, { turn, atMs }: Moment): WhatIfVerdict {
    return this.#isRateKept(reason) ? this.#ended(reason, { turn, atMs }, null) : this.#openRate({ turn, atMs });
  }

  #ended(reason: string, { turn, atMs }: Moment, why: string | null): WhatIfVerdict {
    const verdict = reason === this.#log.footer?.reason ? 'same_end' : 'other_end';
    return { verdict, to: reason, turn, atMs, isOutlived: false, why };
  }

  /** False if more frames than a stricter limit allows may have left within a second before the end. */
  #isRateKept(reason: string): boolean {
    if (reason === 'rate_limit_exceeded' || this.#rateChange !== 'stricter') return true;
    return this.#frames.isSurelyWithin(this.#limits.changed.maxFramesPerSecond);
  }

  #openRate(turn: Moment): WhatIfVerdict {
    return undetermined(turn, 'the log does not tell how many frames left within one second');
  }

  #openOrder(turn: LogTurn, { reason }: Candidate): WhatIfVerdict {
    return undetermined(turn, `${reason}: ${orderWords}`);
  }

  #outlived(turn: LogTurn, reason: string): WhatIfVerdict {
    if (this.#candidate !== null) return this.#openOrder(turn, this.#candidate);
    const why = `it would not have ended with ${reason} at this turn; what would have come then is not recorded`;
    return { ...undetermined(turn, why), isOutlived: true };
  }
}

/** What is known to have left tells that it came, not when. */
const atLatest = 'at this turn at the latest';
const orderWords = 'a timer was due at about the time of something else, and either may have come first';
const closingWords = 'it had said all it would say, and what is recorded then is of another world';
const commandWords = 'its command would not have been the same, or none';
