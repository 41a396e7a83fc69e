/**
 * What became of the sound of a recorded session's sentences, as the speech part of a scenario, and the regular
 * expressions by which a scenario knows texts again: they match the given ones and nothing else.
 */
import { z } from 'zod';
import { AUDIO_CHUNK_BYTES } from '../../call/wire.ts';
import type { EventLog } from '../../log/log-reader.ts';
import type { AskedAction } from '../../record/turn-outcome.ts';
import { machineFor } from '../machine-shelf.ts';
import { ChartRun } from '../pure-chart.ts';

export interface RecordedSpeech {
  readonly speech: {
    readonly chunks_per_sentence?: number;
    readonly chunk_bytes?: number;
    readonly ms_per_chunk?: number;
    readonly fail_when?: string;
    readonly hang_when?: string;
  };
  readonly notes: readonly string[];
}

/** One sentence before the voice. */
interface Spoken {
  readonly speech: string;
  readonly dueAtMs: number;
  finished: { readonly audioBytes: number; readonly atMs: number } | null;
  hasFailed: boolean;
  isAbandoned: boolean;
}

/** The speech part of a session's scenario. */
export function recordedSpeech(log: EventLog): RecordedSpeech {
  const sentences = [...sentencesOf(log).values()];
  const notes: string[] = [];
  const failing = textsOf(sentences, ({ finished, hasFailed }) => finished === null && hasFailed);
  const silent = textsOf(sentences, ({ finished, hasFailed, isAbandoned }) => {
    return finished === null && !hasFailed && isAbandoned;
  });
  if (sentences.some(({ finished, hasFailed }) => finished !== null && hasFailed)) {
    notes.push('a sentence failed and was spoken at the second try: in the scenario it does not fail');
  }
  return {
    speech: {
      ...soundOf(sentences, notes),
      ...(failing.length > 0 && { fail_when: patternOf(failing) }),
      ...(silent.length > 0 && { hang_when: patternOf(silent) }),
    },
    notes,
  };
}

function textsOf(sentences: readonly Spoken[], isWanted: (sentence: Spoken) => boolean): readonly string[] {
  return [...new Set(sentences.filter(isWanted).map(({ speech }) => speech))];
}

function soundOf(sentences: readonly Spoken[], notes: string[]): RecordedSpeech['speech'] {
  const spoken = sentences.flatMap(({ finished, dueAtMs }) => (finished === null ? [] : [{ ...finished, dueAtMs }]));
  const sizes = spoken.map(({ audioBytes }) => audioBytes).sort((a, b) => a - b);
  const [first] = spoken;
  const [smallest, largest] = [sizes[0] ?? 0, sizes.at(-1) ?? 0];
  const usual = sizes[Math.floor(sizes.length / 2)];
  if (first === undefined || usual === undefined) return {};
  if (smallest !== largest) {
    notes.push(`sentences had ${smallest} to ${largest} bytes of sound; in the scenario each has about ${usual}`);
  }
  if (usual === 0) return { chunks_per_sentence: 0 };
  const chunks = Math.ceil(usual / AUDIO_CHUNK_BYTES);
  // Of the first sentence alone: the sound of the others may have waited for its turn.
  const msPerChunk = (first.atMs - first.dueAtMs) / Math.max(1, Math.ceil(first.audioBytes / AUDIO_CHUNK_BYTES));
  const chunkBytes = Math.max(2, 2 * Math.round(usual / chunks / 2));
  return {
    chunks_per_sentence: chunks,
    chunk_bytes: chunkBytes,
    ms_per_chunk: Math.max(0, Math.round(msPerChunk * 10) / 10),
  };
}

const emittedSchema = z.object({ event: z.looseObject({ facts: z.array(z.unknown()) }) });
const factSchema = z.discriminatedUnion('type', [
  z.object({ type: z.literal('sentence.due'), segment: z.number(), speech: z.string() }),
  z.object({ type: z.literal('sentence.abandoned'), segment: z.number() }),
]);
const silencesSchema = z.array(z.object({ segment: z.number(), silentMs: z.number() }));

/** By segment. The log has digests of what the voice was told: the chart says it again. */
function sentencesOf({ header, turns }: EventLog): ReadonlyMap<number, Spoken> {
  const sentences = new Map<number, Spoken>();
  const machine = machineFor(header.machine, header.version);
  if (machine === undefined) return sentences;
  const run = new ChartRun(machine);
  for (const { turn, atMs, event } of turns) {
    const { after, actions } = turn === 0 ? run.start(header.input) : run.take(event);
    const heard = typeof event.segment === 'number' ? sentences.get(event.segment) : undefined;
    if (heard !== undefined && event.type === 'speech.failed') heard.hasFailed = true;
    if (heard !== undefined && event.type === 'speech.finished') {
      heard.finished = { audioBytes: Number(event.audioBytes), atMs };
    }
    for (const action of actions) noteFacts(sentences, action, atMs);
    if (event.type === 'speech.progressReported' && after.status !== 'active') noteSilence(sentences, event.silences);
  }
  return sentences;
}

function noteFacts(sentences: Map<number, Spoken>, { params }: AskedAction, atMs: number): void {
  const emitted = emittedSchema.safeParse(params);
  for (const given of emitted.data?.event.facts ?? []) {
    const fact = factSchema.safeParse(given).data;
    if (fact === undefined) continue;
    const known = sentences.get(fact.segment);
    if (fact.type === 'sentence.abandoned') {
      if (known !== undefined) known.isAbandoned = true;
    } else if (known === undefined) {
      const { speech, segment } = fact;
      sentences.set(segment, { speech, dueAtMs: atMs, finished: null, hasFailed: false, isAbandoned: false });
    }
  }
}

/** The voice's silence ended the session (SPEECH_FAILURE=fail): that of the sentence which was silent longest. */
function noteSilence(sentences: ReadonlyMap<number, Spoken>, given: unknown): void {
  const silences = silencesSchema.safeParse(given).data ?? [];
  const longest = silences.reduce((most, { silentMs }) => Math.max(most, silentMs), 0);
  for (const { segment, silentMs } of silences) {
    const silent = sentences.get(segment);
    if (silent !== undefined && silentMs === longest) silent.isAbandoned = true;
  }
}

/** Longer patterns are refused by a scenario; what a long text begins with tells it from others well enough. */
export const MAX_PATTERN_CHARS = 10_000;
/** `^(?:` and `)$`. */
const FRAME_CHARS = 6;

/** Matches `text` alone; a text that is too long for a pattern, by its beginning. */
export function exactPattern(text: string): string {
  return patternOf([text]);
}

/** Matches any of `texts` and nothing else. */
function patternOf(texts: readonly string[]): string {
  const room = Math.floor((MAX_PATTERN_CHARS - FRAME_CHARS) / texts.length) - 1;
  const alternatives = texts.map((text) => {
    const whole = `${escaped(text)}$`;
    return whole.length <= room ? whole : beginningOf(text, room);
  });
  return alternatives.length === 1 ? `^${alternatives[0] ?? ''}` : `^(?:${alternatives.join('|')})`;
}

function beginningOf(text: string, room: number): string {
  let pattern = '';
  for (const character of text) {
    const next = escaped(character);
    if (pattern.length + next.length > room) break;
    pattern += next;
  }
  return pattern;
}

function escaped(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|/]/g, '\\$&');
}
