/**
 * A full log as a scenario for the scripted engines (CONTRACT §3): what the model said, when and how it ended, and what became
 * of the sound of each sentence. With it, and under the same settings, a whole server re-runs the session over gRPC, not the
 * chart alone.
 *
 * What a scenario can't say is told in notes, never guessed: what the client did, sound of different lengths, a voice that failed once.
 */
import { z } from 'zod';
import { AUDIO_CHUNK_BYTES } from '../../call/wire.ts';
import type { LoggedEvent } from '../../log/log-format.ts';
import type { EventLog } from '../../log/log-reader.ts';
import type { AskedAction } from '../../record/turn-outcome.ts';
import { machineFor } from '../machine-shelf.ts';
import { ChartRun } from '../pure-chart.ts';
import { settingsOf } from '../recorded-limits.ts';

type Step =
  | { say: string }
  | { wait_ms: number }
  | { command: { command: string; args: unknown } }
  | { fail: { error_code: string; message: string } }
  | { throw: string }
  | { hang: true };

export interface ScenarioExport {
  /** What the file holds. */
  readonly scenario: {
    readonly answers: readonly { readonly when: string; readonly steps: readonly Step[] }[];
    readonly speech: RecordedSpeech['speech'];
  };
  /** Settings, by name, under which the session ran. */
  readonly settings: Readonly<Record<string, string>>;
  /** What is not as it was. */
  readonly notes: readonly string[];
}

/** The scenario of a log, or why there can be none. */
export function exportScenario(log: EventLog): ScenarioExport | { readonly refused: string } {
  const { header, turns, footer } = log;
  if (header.machine !== 'session') return { refused: `it is the log of a ${header.machine}, not of a session` };
  if (header.redaction !== 'full') {
    const how = 'only a log that was recorded with EVENT_LOG_REDACTION=full has the words';
    return { refused: `its texts stand in it by their shape alone; ${how}` };
  }
  const prompt = turns.find(({ event }) => event.type === 'request.received')?.event.prompt;
  if (typeof prompt !== 'string') return { refused: 'the session ended before it was asked anything' };
  const { steps, isEnded } = stepsOf(log);
  const { speech, notes } = recordedSpeech(log);
  const when = exactPattern(prompt);
  const clientNote = clientNotes[footer?.reason ?? ''];
  return {
    scenario: { answers: [{ when, steps: isEnded ? steps : [...steps, { hang: true }] }], speech },
    settings: settingsOf(header.input),
    notes: [
      ...(isEnded ? [] : ['the model had not ended: in the scenario it says nothing more']),
      ...(when.length >= MAX_PATTERN_CHARS ? ['the prompt is long: its beginning is what matches'] : []),
      ...(turns.some(({ event }) => event.isCutOff === true) ? [cutOffNote] : []),
      ...(clientNote === undefined ? [] : [clientNote]),
      ...notes,
    ],
  };
}

/** Ends that came from outside. */
const clientNotes: Readonly<Record<string, string>> = {
  client_cancelled: 'the client ended the session: cancel the call to end it so',
  interrupted: 'the device ended the session: call InterruptSession to end it so',
  stream_idle_timeout: 'the client took no frames: do not read, to end it so',
  draining: 'the end of the grace period ended the session: stop the server to end it so',
};

const cutOffNote = 'the model was cut off: in the scenario it ends in order, and a command in its text is sent';

const failureSchema = z.object({ errorCode: z.string(), errorType: z.string(), message: z.string() });

function stepsOf({ turns }: EventLog): { readonly steps: readonly Step[]; readonly isEnded: boolean } {
  const steps: Step[] = [];
  let sinceMs: number | null = null;
  for (const { event, atMs } of turns) {
    if (event.type === 'request.received') sinceMs = atMs;
    const isEnd = event.type === 'answer.finished' || event.type === 'answer.failed';
    const step = stepOf(event);
    if (sinceMs === null || (step === null && !isEnd)) continue;
    const waitMs = Math.round((atMs - sinceMs) * 10) / 10;
    sinceMs = atMs;
    // Shorter than that is the way through the server, which a re-run has too.
    if (waitMs >= 1) steps.push({ wait_ms: waitMs });
    if (step !== null) steps.push(step);
    if (isEnd) return { steps, isEnded: true };
  }
  return { steps, isEnded: false };
}

/** What the model did; null for what it did not do, and for a good end, which is the end of the steps. */
function stepOf(event: LoggedEvent): Step | null {
  if (event.type === 'answer.textReceived') return { say: String(event.text) };
  if (event.type === 'answer.commandReceived') return { command: { command: String(event.name), args: event.args } };
  if (event.type !== 'answer.failed') return null;
  const { errorCode, errorType, message } = failureSchema.parse(event.failure);
  // What an engine throws unexpectedly never gets into a log: it stands in the server's, under that id.
  if (errorType === 'processing_error' && message.startsWith('Internal error (')) return { throw: message };
  return { fail: { error_code: errorCode, message } };
}

/** What became of the sound of the session's sentences. */
interface RecordedSpeech {
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
function recordedSpeech(log: EventLog): RecordedSpeech {
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

/**
 * Of the regular expressions by which a scenario knows texts again. Longer ones are refused by a scenario; what a long text begins
 * with tells it from others well enough.
 */
const MAX_PATTERN_CHARS = 10_000;
/** `^(?:` and `)$`. */
const FRAME_CHARS = 6;

/** Matches `text` alone; a text that is too long for a pattern, by its beginning. */
function exactPattern(text: string): string {
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
