/** What a turn that only the second play has comes to: a timer of its own that fires, and the answers to what the chart asks then. */
import type { SessionLimits } from '../../machines/session/session.types.ts';
import { type KnownAnswers, unknownWords } from './what-if-answers.ts';
import {
  isClosing,
  type Play,
  type PlayedTurn,
  type Question,
  type Timer,
  type When,
  wordsOf,
} from './what-if-play.ts';
import type { FrameCount } from './what-if-rate.ts';

export type Firing =
  /** The world noticed nothing. */
  | { readonly kind: 'nothing'; readonly after: Play }
  | { readonly kind: 'ends'; readonly reason: string }
  /** Nothing more is said, and the session ends as soon as all that was said is out. */
  | { readonly kind: 'closes'; readonly after: Play }
  | { readonly kind: 'open'; readonly why: string };

export class Firings {
  readonly #answers: KnownAnswers;
  readonly #frames: FrameCount;
  readonly #limits: SessionLimits;
  /** Frames are no longer those that were recorded, and neither is when the reader took them. */
  #isReaderUnknown = false;

  constructor(answers: KnownAnswers, frames: FrameCount, limits: SessionLimits) {
    this.#answers = answers;
    this.#frames = frames;
    this.#limits = limits;
  }

  /** What the reader takes is of another world from now on. */
  forgetReader(): void {
    this.#isReaderUnknown = true;
  }

  /** What would become of `play` if `timer` fired at `dueAtMs`; the play itself stays as it is. */
  of(play: Play, timer: Timer, dueAtMs: number): Firing {
    const after = play.fork();
    const when: When = { atMs: dueAtMs, turn: null };
    return this.settle(after, after.take({ type: timer.id }, when), when);
  }

  /** What becomes of `after`, which just played this turn, when its questions are answered. */
  settle(after: Play, played: PlayedTurn, when: When): Firing {
    if (played.ended !== null) return { kind: 'ends', reason: played.ended };
    if (isClosing(played.outward)) return { kind: 'closes', after };
    if (played.outward.length > 0) return { kind: 'open', why: `it would have gone another way: ${wordsOf(played)}` };
    for (const question of played.questions) {
      const answer = this.#answerTo(question, when.atMs);
      if (answer === null) return { kind: 'open', why: `the log does not tell ${unknownWords[question]} then` };
      const answered = this.settle(after, after.take(answer, when), when);
      if (answered.kind !== 'nothing') return answered;
    }
    return { kind: 'nothing', after };
  }

  #answerTo(question: Question, atMs: number) {
    const { idleTimeoutMs, speechTimeoutMs } = this.#limits;
    if (question === 'activity') {
      const idleMs = this.#idleMs(atMs, idleTimeoutMs);
      return idleMs === null ? null : { type: 'outbox.activityReported', idleMs };
    }
    const silences = this.#answers.voiceSilences(atMs, speechTimeoutMs);
    return silences === null ? null : { type: 'speech.progressReported', silences };
  }

  #idleMs(atMs: number, timeoutMs: number): number | null {
    // A reader who was given nothing has taken nothing.
    if (this.#frames.isEmpty) return atMs;
    return this.#isReaderUnknown ? null : this.#answers.readerIdleMs(atMs, timeoutMs);
  }
}
