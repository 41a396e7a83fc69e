/**
 * What a log tells of the frames that left a session: a rate limit counts them within a second, and sound passes beside the chart. Known are
 * how many each sentence had, that none left before its turn, and that all are out when the outbox is flushed. Whatever that leaves open is told
 * to be open.
 */
import { AUDIO_CHUNK_BYTES } from '../../call/wire.ts';
import type { LoggedEvent } from '../../log/log-format.ts';
import type { VoiceFact } from './what-if-play.ts';

/** The limit counts frames within one second; the times of turns are those of their processing, a little later. */
const WINDOW_MS = 1_000;
const CLOCK_DOUBT_MS = 5;

/** What another limit is to the recorded one; what kept the recorded one keeps a looser one. */
export type RateChange = 'same' | 'looser' | 'stricter';

/** Compares two limits; 0 = off. */
export function rateChangeOf(recorded: number, changed: number): RateChange {
  if (recorded === changed) return 'same';
  return changed === 0 || (recorded > 0 && changed > recorded) ? 'looser' : 'stricter';
}

interface Burst {
  /** Not one of its frames left before. */
  readonly fromMs: number;
  readonly frames: number;
}

export class FrameCount {
  readonly #bursts: Burst[] = [];
  /** Whose sound is going out, since when; null = nobody's. */
  #sounding: { readonly segment: number; readonly fromMs: number } | null = null;
  /** A sentence broke off after some sound: how much went out is not told. */
  #isOpen = false;

  /** True while nothing was handed to the outbox. */
  get isEmpty(): boolean {
    return this.#bursts.length === 0;
  }

  /** The chart said this to the outside: a text, a command or the end is a frame. */
  noteSaid(said: readonly string[], atMs: number): void {
    const frames = said.filter((text) => /^say (sentence|command|end)\.reached/.test(text)).length;
    if (frames > 0) this.#bursts.push({ fromMs: atMs, frames });
  }

  /** The voice was told `facts`: with its turn, a sentence's sound goes out. */
  noteTold(facts: readonly VoiceFact[], atMs: number): void {
    for (const { type, segment } of facts) {
      if (type === 'sentence.turnCame') this.#sounding = { segment, fromMs: atMs };
      if (type === 'sentence.abandoned') this.#breakOff(segment);
    }
  }

  /** The world told `event`. */
  noteHeard({ type, segment, audioBytes, retryable }: LoggedEvent): void {
    const sounding = this.#sounding;
    const isItsSound = sounding !== null && sounding.segment === segment;
    if (type === 'speech.finished' && typeof audioBytes === 'number' && isItsSound) {
      this.#bursts.push({ fromMs: sounding.fromMs, frames: Math.ceil(audioBytes / AUDIO_CHUNK_BYTES) });
      this.#sounding = null;
    }
    if (type !== 'speech.failed' || typeof segment !== 'number') return;
    // What may be tried once more has not been heard.
    if (retryable !== true) this.#breakOff(segment);
    else if (isItsSound) this.#sounding = null;
  }

  /** True if no second can have had more than `limit` frames so far. */
  isSurelyWithin(limit: number): boolean {
    return !this.#isOpen && this.#sounding === null && total(this.#bursts) <= limit;
  }

  /** True if some second until `flushedAtMs`, by when every frame was out, must have had more than `limit`. */
  isSurelyBeyond(limit: number, flushedAtMs: number): boolean {
    return this.#bursts.some(({ fromMs }) => {
      const seconds = Math.floor((flushedAtMs - fromMs + CLOCK_DOUBT_MS) / WINDOW_MS) + 1;
      return total(this.#bursts.filter((burst) => burst.fromMs >= fromMs)) > limit * seconds;
    });
  }

  #breakOff(segment: number): void {
    if (this.#sounding?.segment !== segment) return;
    this.#isOpen = true;
    this.#sounding = null;
  }
}

function total(bursts: readonly Burst[]): number {
  return bursts.reduce((sum, { frames }) => sum + frames, 0);
}
