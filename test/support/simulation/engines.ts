/**
 * Models and voices on their worst day. Each answer and each sentence is a script of what comes when; a stream of it obeys its abort, as the
 * engine ports ask, unless it is deaf: then it goes on for a while and ends late.
 */
import type { StopSignal } from '../../../src/call/stop-signal.ts';
import type { AnswerEngine, AnswerPart, AnswerRequest } from '../../../src/engines/answer-engine.ts';
import type { SpeechEngine } from '../../../src/engines/speech-engine.ts';
import { EngineFailure } from '../../../src/errors.ts';
import { type Chance, pick } from '../replay/erratic-engines.ts';
import { type CallRecord, type EngineJob, type Ledger, overdueAfterText } from './invariants.ts';
import { type AnswerBehaviour, ownerOf, sampleOf, type VoiceBehaviour, voiceBehaviours } from './plan.ts';
import type { VirtualTime } from './virtual-time.ts';

export interface EngineSurroundings {
  readonly time: VirtualTime;
  readonly ledger: Ledger;
  readonly stallTimeoutMs: number;
  readonly firstTokenTimeoutMs: number;
  /** Finds the call whose words a model or a voice is given. */
  readonly ofPrompt: (prompt: string) => CallRecord | undefined;
  readonly ofNumber: (number: number) => CallRecord | undefined;
  readonly exercised: (what: string) => void;
}

type Step<T> =
  | { readonly inMs: number; readonly give: T }
  | { readonly inMs: number; readonly fail: unknown }
  | { readonly inMs: number; readonly run: () => void }
  | 'hang';

/** An answer or a sound, as an iterator worked by a script. */
class ScriptedStream<T> implements AsyncIterableIterator<T, undefined>, EngineJob {
  readonly signal: StopSignal;
  readonly #time: VirtualTime;
  readonly #steps: Iterator<Step<T>>;
  readonly #isDeaf: boolean;
  readonly #returnError: Error | null;
  isOver = false;
  overdueAtMs: number | null = null;
  #settle: { resolve: (result: IteratorResult<T, undefined>) => void; reject: (error: unknown) => void } | null = null;

  constructor(
    time: VirtualTime,
    signal: StopSignal,
    steps: Iterator<Step<T>>,
    manners: { readonly isDeaf?: boolean; readonly returnError?: Error } = {},
  ) {
    this.#time = time;
    this.signal = signal;
    this.#steps = steps;
    this.#isDeaf = manners.isDeaf ?? false;
    this.#returnError = manners.returnError ?? null;
    if (!this.#isDeaf) signal.addEventListener('abort', () => this.#close(signal.reason));
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  next(): Promise<IteratorResult<T, undefined>> {
    if (this.isOver) return Promise.resolve({ done: true, value: undefined });
    return new Promise((resolve, reject) => {
      this.#settle = { resolve, reject };
      this.#advance();
    });
  }

  return(): Promise<IteratorResult<T, undefined>> {
    this.isOver = true;
    if (this.#returnError !== null) return Promise.reject(this.#returnError);
    return Promise.resolve({ done: true, value: undefined });
  }

  #advance(): void {
    const next = this.#steps.next();
    if (next.done === true) {
      this.isOver = true;
      this.#settle?.resolve({ done: true, value: undefined });
      return;
    }
    const step = next.value;
    if (step === 'hang') return;
    if (step.inMs === 0) this.#play(step);
    else this.#time.after(step.inMs, () => this.#play(step));
  }

  #play(step: Exclude<Step<T>, 'hang'>): void {
    if (this.isOver) return;
    if ('give' in step) this.#settle?.resolve({ done: false, value: step.give });
    else if ('fail' in step) this.#close(step.fail);
    else {
      step.run();
      this.#advance();
    }
  }

  #close(error: unknown): void {
    this.isOver = true;
    this.#settle?.reject(error);
  }
}

const declared = [
  new EngineFailure({ errorCode: 'UNAVAILABLE', message: 'the model is down' }),
  new EngineFailure({ errorCode: 'PERMISSION_DENIED', message: 'no key' }),
  new EngineFailure({ message: 'nobody knows why' }),
] as const;
const thrown = [
  new Error('a defect in the engine'),
  new TypeError('undefined is not a function'),
  'a text',
  null,
] as const;
const badReturn = new Error('the engine does not want to return');

export function hostileAnswers(around: EngineSurroundings): AnswerEngine {
  return {
    name: 'hostile',
    start: async () => {},
    answer: (request, signal) => {
      const record = around.ofPrompt(request.prompt);
      if (record === undefined || record.isWelcome || record.plan.hardwareId !== request.hardwareId) {
        around.ledger.breach('own text', `a model is asked ${JSON.stringify(request.prompt.slice(0, 80))} of nobody`);
        throw new Error('asked by nobody');
      }
      const { answer: behaviour, chance } = record.plan;
      around.exercised(`answer ${behaviour}`);
      if (behaviour === 'throws at once') throw pick(chance, thrown);
      const isDeaf = behaviour === 'deaf' || behaviour === 'late';
      const steps = answerSteps(around, { record, request, behaviour, job: () => stream });
      const stream: ScriptedStream<AnswerPart> = new ScriptedStream(around.time, signal, steps, {
        isDeaf,
        ...(behaviour === 'returns badly' && { returnError: badReturn }),
      });
      if (around.firstTokenTimeoutMs > 0) stream.overdueAtMs = around.time.now() + around.firstTokenTimeoutMs;
      record.jobs.push(stream);
      return stream;
    },
    stop: async () => {},
  };
}

interface AnswerScript {
  readonly record: CallRecord;
  readonly request: AnswerRequest;
  readonly behaviour: AnswerBehaviour;
  readonly job: () => EngineJob;
}

function* answerSteps(
  around: EngineSurroundings,
  { record, request, behaviour, job }: AnswerScript,
): Iterator<Step<AnswerPart>> {
  const { time, stallTimeoutMs } = around;
  const { chance } = record.plan;
  let isAnnounced = false;
  const announce = (): void => {
    isAnnounced = true;
    request.noteEnding?.();
  };
  const part = (given: AnswerPart, inMs: number): Step<AnswerPart> => ({ inMs, give: given });
  if (behaviour === 'hangs') yield 'hang';
  if (behaviour === 'late') yield wait(around.firstTokenTimeoutMs * (0.9 + chance() * 0.3));
  yield wait(chance() * 60);
  if (behaviour === 'fails' && chance() < 0.5) yield { inMs: 0, fail: pick(chance, declared) };
  if (behaviour === 'empty') {
    for (let left = chance() * 4; left > 1; left -= 1)
      yield part({ kind: 'text', text: pick(chance, ['', ' ', '\n']) }, 1);
    return;
  }
  const command: AnswerPart = { kind: 'command', name: 'open_app', args: { app_name: 'Safari' } };
  if (behaviour === 'command first') yield part(command, chance() * 5);
  const raw = behaviour === 'json' ? enveloped(record.expected, chance) : record.expected;
  const until =
    behaviour === 'throws within' || behaviour === 'hangs within' || behaviour === 'fails'
      ? raw.length * chance()
      : raw.length;
  const most = behaviour === 'huge' ? raw.length : behaviour === 'drips' ? 2 : pick(chance, [6, 40, 400]);
  for (let start = 0; start < until; ) {
    const length = Math.min(1 + Math.floor(chance() * most), Math.ceil(until) - start);
    const inMs = behaviour === 'drips' ? 40 + chance() * 60 : chance() < 0.4 ? chance() * 25 : 0;
    yield {
      inMs,
      run: () => {
        job().overdueAtMs = overdueAfterText(Number.POSITIVE_INFINITY, stallTimeoutMs, isAnnounced);
      },
    };
    yield part({ kind: 'text', text: raw.slice(start, start + length) }, 0);
    start += length;
  }
  if (until > 0) job().overdueAtMs = overdueAfterText(time.now(), stallTimeoutMs, isAnnounced);
  if (behaviour === 'hangs within') yield 'hang';
  if (behaviour === 'throws within') yield { inMs: 1, fail: pick(chance, thrown) };
  if (behaviour === 'fails') yield { inMs: 1, fail: pick(chance, declared) };
  request.noteUsage?.({ inputTokens: 3, outputTokens: 5, model: 'hostile' });
  if (behaviour === 'finishes twice') {
    announce();
    yield wait(chance() * 30);
    announce();
    time.after(50, () => {
      request.noteEnding?.();
      request.noteUsage?.({ inputTokens: 1, outputTokens: 1, model: 'hostile' });
    });
  }
  if (behaviour === 'good' && chance() < 0.3) yield part(command, 2);
  if (behaviour === 'good' && chance() < 0.1) yield part({ kind: 'command', name: 'close_app', args: {} }, 2);
  if (behaviour === 'cut off') yield part({ kind: 'cutOff' }, 1);
  if (behaviour === 'deaf') yield wait(500 + chance() * 2_000);
}

function wait(inMs: number): Step<never> {
  return { inMs, run: () => {} };
}

function enveloped(text: string, chance: Chance): string {
  const command = chance() < 0.5 ? { command: 'open_app', args: { app_name: 'Safari' } } : {};
  return JSON.stringify({ text, ...command });
}

/** Sound of one value, with a byte to spare so that it can begin at an odd place. */
const tones = new Map<number, Uint8Array>();
const TONE_BYTES = 4_096;

function toneOf(sample: number): Uint8Array {
  const known = tones.get(sample);
  if (known !== undefined) return known;
  const tone = new Uint8Array(TONE_BYTES + 1);
  for (let at = 0; at < tone.length; at += 1) tone[at] = at % 2 === 0 ? sample & 0xff : sample >> 8;
  tones.set(sample, tone);
  return tone;
}

export function hostileVoice(around: EngineSurroundings): SpeechEngine {
  return {
    name: 'hostile',
    start: async () => {},
    synthesise: (request, signal) => {
      const owner = ownerOf(request.text);
      const record = owner === null ? undefined : around.ofNumber(owner.number);
      if (owner === null || record === undefined) {
        around.ledger.breach('own sound', `a voice is given ${JSON.stringify(request.text.slice(0, 80))} of nobody`);
        throw new Error('asked by nobody');
      }
      const { chance } = record.plan;
      const behaviour = chance() < 0.5 ? 'good' : pick(chance, voiceBehaviours);
      around.exercised(`voice ${behaviour}`);
      if (behaviour === 'throws at once') throw pick(chance, thrown);
      const steps = voiceSteps(behaviour, toneOf(sampleOf(owner)), chance);
      const stream = new ScriptedStream<Uint8Array>(around.time, signal, steps, {
        isDeaf: behaviour === 'deaf',
        ...(behaviour === 'returns badly' && { returnError: badReturn }),
      });
      record.jobs.push(stream);
      return stream;
    },
    stop: async () => {},
  };
}

const noVoice = new EngineFailure({ errorCode: 'UNAVAILABLE', message: 'no voice' });

function* voiceSteps(behaviour: VoiceBehaviour, tone: Uint8Array, chance: Chance): Iterator<Step<Uint8Array>> {
  if (behaviour === 'hangs') yield 'hang';
  if (behaviour === 'late') yield wait(180 + chance() * 800);
  // What is synthesised ahead comes before what is due.
  yield wait(behaviour === 'out of order' ? pick(chance, [0, 150]) : chance() * 20);
  if (behaviour === 'fails') yield { inMs: 1, fail: noVoice };
  if (behaviour === 'empty') return;
  const pieces = behaviour === 'huge' ? 24 : behaviour === 'drips' ? 6 : Math.ceil(chance() * 4);
  let parity = 0;
  for (let left = pieces; left > 0; left -= 1) {
    const isOdd = behaviour === 'odd' && chance() < 0.5;
    const bytes =
      behaviour === 'huge'
        ? TONE_BYTES
        : 2 * Math.ceil(chance() * (behaviour === 'drips' ? 4 : 2_048)) - (isOdd ? 1 : 0);
    const give = tone.subarray(parity, parity + bytes);
    parity = (parity + bytes) % 2;
    yield { inMs: behaviour === 'drips' ? 30 + chance() * 100 : chance() < 0.4 ? chance() * 10 : 0, give };
    if (behaviour === 'breaks' && chance() < 0.6) yield { inMs: 1, fail: pick(chance, [noVoice, ...thrown]) };
  }
  if (behaviour === 'deaf') yield wait(300 + chance() * 1_500);
}
