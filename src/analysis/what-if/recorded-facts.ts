/**
 * What a log tells of the world beside the chart, at other times than when it was recorded: for how long the reader had
 * taken nothing, for how long each voice had been silent, and how many frames left within a second. Whatever the log
 * leaves open is told to be open.
 *
 * Silences: an answer "1,200 ms, at 9,000 ms" says that nothing happened from 7,800 to 9,000: within that time the answer is known to the
 * millisecond. At other times only a longest is known, from the last moment at which something is known to have happened.
 *
 * Frames: a rate limit counts them within a second, and sound passes beside the chart. Known are how many each sentence
 * had, that none left before its turn, and that all are out when the outbox is flushed.
 */
import { AUDIO_CHUNK_BYTES } from '../../call/wire.ts';
import type { LoggedEvent, LogTurn } from '../../log/log-format.ts';
import type { VoiceFact } from './play.ts';

/** Nothing happened from `sinceMs` until `untilMs`. */
interface Silence {
  readonly sinceMs: number;
  readonly untilMs: number;
}

/** All silences that a log tells of. */
export interface Silences {
  readonly reader: readonly Silence[];
  readonly voices: readonly (Silence & { readonly segment: number })[];
}

export function silencesIn(turns: readonly LogTurn[]): Silences {
  return { reader: turns.flatMap(readerSilencesOf), voices: turns.flatMap(voiceSilencesOf) };
}

/** For how long the reader had taken nothing at `atMs`; null = it may have been `timeoutMs` or more, and may not. */
export function readerIdleMs({ reader }: Silences, atMs: number, timeoutMs: number): number | null {
  const known = reader.find(({ sinceMs, untilMs }) => sinceMs <= atMs && atMs <= untilMs);
  if (known !== undefined) return atMs - known.sinceMs;
  // The stream was opened when the session began: nobody can have been idle for longer.
  const lastSeenMs = Math.max(0, ...reader.map(({ sinceMs }) => sinceMs).filter((sinceMs) => sinceMs <= atMs));
  const longestMs = atMs - lastSeenMs;
  return longestMs < timeoutMs ? longestMs : null;
}

/** The same of every voice at work. */
export function voiceSilences(
  { voices }: Silences,
  jobs: VoiceJobs,
  { atMs, timeoutMs }: { readonly atMs: number; readonly timeoutMs: number },
): readonly { segment: number; silentMs: number }[] | null {
  const silences = [...jobs].map(([segment, dueAtMs]) => {
    const knownSinceMs = voices.find(
      (silence) => silence.segment === segment && silence.sinceMs <= atMs && atMs <= silence.untilMs,
    )?.sinceMs;
    return { segment, isKnown: knownSinceMs !== undefined, silentMs: atMs - (knownSinceMs ?? dueAtMs) };
  });
  const isTooSilent = silences.some(({ isKnown, silentMs }) => isKnown && silentMs >= timeoutMs);
  const isOpen = silences.some(({ isKnown, silentMs }) => !isKnown && silentMs >= timeoutMs);
  if (isOpen && !isTooSilent) return null;
  return silences.map(({ segment, isKnown, silentMs }) => ({
    segment,
    silentMs: isKnown || silentMs < timeoutMs ? silentMs : 0,
  }));
}

function readerSilencesOf({ event, atMs }: LogTurn): readonly Silence[] {
  const { type, idleMs } = event;
  if (type !== 'outbox.activityReported' || typeof idleMs !== 'number') return [];
  return [{ sinceMs: atMs - idleMs, untilMs: atMs }];
}

function voiceSilencesOf({ event, atMs }: LogTurn): Silences['voices'] {
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

/** Sentences in synthesis, with the time from which they were. */
export type VoiceJobs = ReadonlyMap<number, number>;

/** The jobs after the voice was told `facts`. */
export function jobsAfterFacts(jobs: VoiceJobs, facts: readonly VoiceFact[], atMs: number): VoiceJobs {
  const after = new Map(jobs);
  for (const { type, segment } of facts) {
    if (type === 'sentence.due') after.set(segment, atMs);
    else if (type === 'sentence.abandoned') after.delete(segment);
  }
  return after;
}

/** The jobs after the world told `event`. */
export function jobsAfterEvent(jobs: VoiceJobs, { type, segment }: LoggedEvent): VoiceJobs {
  if ((type !== 'speech.finished' && type !== 'speech.failed') || typeof segment !== 'number') return jobs;
  const after = new Map(jobs);
  after.delete(segment);
  return after;
}

/** The limit counts frames within one second; the times of turns are those of their processing, a little later. */
const WINDOW_MS = 1_000;
const CLOCK_DOUBT_MS = 5;

/** What is known of the frames that a session handed over. */
export interface Frames {
  /** Not one of its frames left before `fromMs`. */
  readonly bursts: readonly { readonly fromMs: number; readonly frames: number }[];
  /** Whose sound is going out, since when; null = nobody's. */
  readonly sounding: { readonly segment: number; readonly fromMs: number } | null;
  /** A sentence broke off after some sound: how much went out is not told. */
  readonly isOpen: boolean;
}

export const noFrames: Frames = Object.freeze({ bursts: [], sounding: null, isOpen: false });

/** Frames after the chart said this to the outside: a text, a command or the end is a frame. */
export function framesAfterSaid(known: Frames, said: readonly string[], atMs: number): Frames {
  const frames = said.filter((text) => /^say (sentence|command|end)\.reached/.test(text)).length;
  return frames === 0 ? known : { ...known, bursts: [...known.bursts, { fromMs: atMs, frames }] };
}

/** Frames after the voice was told `facts`: with its turn, a sentence's sound goes out. */
export function framesAfterFacts(known: Frames, facts: readonly VoiceFact[], atMs: number): Frames {
  let after = known;
  for (const { type, segment } of facts) {
    if (type === 'sentence.turnCame') after = { ...after, sounding: { segment, fromMs: atMs } };
    if (type === 'sentence.abandoned') after = brokenOff(after, segment);
  }
  return after;
}

/** Frames after the world told `event`. */
export function framesAfterEvent(known: Frames, { type, segment, audioBytes, retryable }: LoggedEvent): Frames {
  const { sounding, bursts } = known;
  const isItsSound = sounding !== null && sounding.segment === segment;
  if (type === 'speech.finished' && typeof audioBytes === 'number' && isItsSound) {
    const frames = Math.ceil(audioBytes / AUDIO_CHUNK_BYTES);
    return { ...known, bursts: [...bursts, { fromMs: sounding.fromMs, frames }], sounding: null };
  }
  if (type !== 'speech.failed' || typeof segment !== 'number') return known;
  // What may be tried once more has not been heard.
  if (retryable !== true) return brokenOff(known, segment);
  return isItsSound ? { ...known, sounding: null } : known;
}

function brokenOff(known: Frames, segment: number): Frames {
  return known.sounding?.segment === segment ? { ...known, isOpen: true, sounding: null } : known;
}

/** True if no second can have had more than `limit` frames so far. */
export function isSurelyWithin({ bursts, sounding, isOpen }: Frames, limit: number): boolean {
  return !isOpen && sounding === null && total(bursts) <= limit;
}

/** True if some second until `flushedAtMs`, by when every frame was out, must have had more than `limit`. */
export function isSurelyBeyond({ bursts }: Frames, limit: number, flushedAtMs: number): boolean {
  return bursts.some(({ fromMs }) => {
    const seconds = Math.floor((flushedAtMs - fromMs + CLOCK_DOUBT_MS) / WINDOW_MS) + 1;
    return total(bursts.filter((burst) => burst.fromMs >= fromMs)) > limit * seconds;
  });
}

function total(bursts: Frames['bursts']): number {
  return bursts.reduce((sum, { frames }) => sum + frames, 0);
}
