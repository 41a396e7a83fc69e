/**
 * What a log tells of the answers to questions that were never asked: how long the reader had taken nothing, and how long each voice had been
 * silent, at some other time than when the recorded chart asked.
 *
 * An answer "1,200 ms, at 9,000 ms" says that nothing happened from 7,800 to 9,000: within that time the answer is known to the millisecond. At
 * other times only a longest is known, from the last moment at which something is known to have happened. So an answer is given where it is known,
 * or where even the longest makes no difference; else it is null.
 */
import type { LogTurn } from '../../log/log-format.ts';
import type { Question, VoiceFact } from './what-if-play.ts';

/** What is not known, if the answer to a question is not. */
export const unknownWords: Readonly<Record<Question, string>> = {
  activity: 'for how long the reader had taken nothing',
  progress: 'for how long the voice had been silent',
};

/** Nothing happened from `sinceMs` until `untilMs`. */
interface Silence {
  readonly sinceMs: number;
  readonly untilMs: number;
}

interface VoiceSilence extends Silence {
  readonly segment: number;
}

export class KnownAnswers {
  readonly #reader: readonly Silence[];
  readonly #voices: readonly VoiceSilence[];
  /** Sentences in synthesis, with the time from which they were. */
  readonly #jobs = new Map<number, number>();

  constructor(turns: readonly LogTurn[]) {
    this.#reader = turns.flatMap(readerSilencesOf);
    this.#voices = turns.flatMap(voiceSilencesOf);
  }

  /** The voice was told `facts`. */
  noteTold(facts: readonly VoiceFact[], atMs: number): void {
    for (const { type, segment } of facts) {
      if (type === 'sentence.due') this.#jobs.set(segment, atMs);
      else if (type === 'sentence.abandoned') this.#jobs.delete(segment);
    }
  }

  /** The world told `event`. */
  noteHeard({ type, segment }: LogTurn['event']): void {
    if ((type === 'speech.finished' || type === 'speech.failed') && typeof segment === 'number') {
      this.#jobs.delete(segment);
    }
  }

  /** For how long the reader had taken nothing at `atMs`; null = it may have been `timeoutMs` or more, and may not. */
  readerIdleMs(atMs: number, timeoutMs: number): number | null {
    const known = this.#reader.find(({ sinceMs, untilMs }) => sinceMs <= atMs && atMs <= untilMs);
    if (known !== undefined) return atMs - known.sinceMs;
    // The stream was opened when the session began: nobody can have been idle for longer.
    const lastSeenMs = Math.max(0, ...this.#reader.map(({ sinceMs }) => sinceMs).filter((since) => since <= atMs));
    const longestMs = atMs - lastSeenMs;
    return longestMs < timeoutMs ? longestMs : null;
  }

  /** The same of every voice at work. */
  voiceSilences(atMs: number, timeoutMs: number): readonly { segment: number; silentMs: number }[] | null {
    const voices = [...this.#jobs].map(([segment, dueAtMs]) => {
      const knownSinceMs = this.#voices.find(
        (silence) => silence.segment === segment && silence.sinceMs <= atMs && atMs <= silence.untilMs,
      )?.sinceMs;
      return { segment, isKnown: knownSinceMs !== undefined, silentMs: atMs - (knownSinceMs ?? dueAtMs) };
    });
    const isTooSilent = voices.some(({ isKnown, silentMs }) => isKnown && silentMs >= timeoutMs);
    const isOpen = voices.some(({ isKnown, silentMs }) => !isKnown && silentMs >= timeoutMs);
    if (isOpen && !isTooSilent) return null;
    return voices.map(({ segment, isKnown, silentMs }) => ({
      segment,
      silentMs: isKnown || silentMs < timeoutMs ? silentMs : 0,
    }));
  }
}

function readerSilencesOf({ event, atMs }: LogTurn): Silence[] {
  const { type, idleMs } = event;
  if (type !== 'outbox.activityReported' || typeof idleMs !== 'number') return [];
  return [{ sinceMs: atMs - idleMs, untilMs: atMs }];
}

function voiceSilencesOf({ event, atMs }: LogTurn): VoiceSilence[] {
  if (event.type !== 'speech.progressReported' || !Array.isArray(event.silences)) return [];
  return event.silences.flatMap((silence: unknown) => {
    if (typeof silence !== 'object' || silence === null) return [];
    const segment: unknown = Reflect.get(silence, 'segment');
    const silentMs: unknown = Reflect.get(silence, 'silentMs');
    // 0 = it is we who make it wait: nothing is known of the time before.
    if (typeof segment !== 'number' || typeof silentMs !== 'number' || silentMs === 0) return [];
    return [{ segment, sinceMs: atMs - silentMs, untilMs: atMs }];
  });
}
