/**
 * The speech actor: turns the speech port into sound and facts, one actor a stream, one job a sentence.
 *
 * A job synthesises as soon as its sentence is due and keeps its sound (at most LOOKAHEAD_BYTES) until the sentence's turn
 * comes; from then on its sound goes to the outbox at the reader's pace. Sound never passes through the chart: the chart hears when a
 * sentence finished or failed, and, when it asks, how long each engine has been silent. The order of sentences, retries and
 * timeouts are the chart's.
 *
 * Invariants of a job, cited as "Speech job N"; the charts rely on 2 and 4 to 6, the engines on 3 and 7:
 *  1. Bytes. Every byte that the engine gives goes to the outbox once and in order, in chunks of AUDIO_CHUNK_BYTES; the last one is
 *     shorter, and even. Silence goes as faint noise (noise-floor.ts).
 *  2. Turn. Nothing is handed over before the sentence's turn.
 *  3. Bound. Before its turn it holds less than LOOKAHEAD_BYTES and one piece of the engine's; then, as in its turn while the outbox has
 *     no room, the engine is not pulled.
 *  4. One last word. `speech.finished` or `speech.failed` is told once, and neither after an abort; that it is finished only in its turn,
 *     and when the next sentence has room.
 *  5. Silence. It counts from a question to the engine to the next sound, and not at all while it is we who make the engine wait.
 *  6. Retry. A failure can be retried only if nothing was handed over and the engine does not call it final.
 *  7. Abort. It reaches the engine at once, and the sound that was held is forgotten.
 *  8. Breath. After CHUNKS_PER_BREATH chunks without a wait, and after a sentence without sound, everybody else has a turn of the event
 *     loop.
 */
import { type EventObject, fromCallback } from 'xstate';
import { assertNever } from '../../assert.ts';
import type { Call } from '../../call/call.ts';
import { Stop, type StopSignal } from '../../call/stop-signal.ts';
import { AUDIO_CHUNK_BYTES } from '../../call/wire.ts';
import type { SpeechEngine, SpeechRequest } from '../../engines/speech-engine.ts';
import { EngineFailure, failureOfThrown } from '../../errors.ts';
import type { SpeechInbox, SpeechInput, StreamEvent } from '../../machines/stream/stream.types.ts';
import type { FaultLog } from '../../observe/fault-log.ts';
import type { SentenceSound } from '../figures/sentence-sounds.ts';
import type { JobCount } from '../figures/stream-counters.ts';
import type { StreamFigures } from '../figures/stream-figures.ts';
import type { EngineCallResult } from '../figures/stream-meter.ts';
import { resourcesOf, type StreamResourceMap } from '../hosts/stream-resources.ts';
import { type Outbox, unfetchedOf } from '../outbox/outbox.ts';
import { Pause } from '../pause.ts';
import { NoiseFloor } from './noise-floor.ts';

export interface SpeechActorOptions {
  /** The engine that is in use now; throws if none came up. */
  readonly engine: () => SpeechEngine;
  readonly resources: StreamResourceMap;
  /** Counts sentences whose engine is really at work. */
  readonly jobs: JobCount;
  readonly faults: FaultLog;
  /** The time in which this process ran, in ms (own-time.ts): the voice is judged by it. */
  readonly now: () => number;
}

/** The logic of the actor `speech` of the charts that speak. */
export function createSpeechActor(options: SpeechActorOptions) {
  return fromCallback<EventObject, SpeechInput>(({ input, sendBack }) => {
    const resources = resourcesOf(options.resources, input.streamId);
    const { call, outbox, figures } = resources;
    const jobs = new Map<number, SpeechJob>();
    let isStopped = false;
    const { engine, jobs: count, faults, now } = options;
    // Field by field: what is put together by spreading has a shape of its own, for each stream.
    const surroundings: SpeechJobSurroundings = {
      engine,
      jobs: count,
      faults,
      now,
      voice: input.voice,
      language: input.language,
      call,
      outbox,
      figures,
      tell: (job: SpeechJob, event: StreamEvent) => {
        if (isStopped || jobs.get(job.segment) !== job) return;
        jobs.delete(job.segment);
        sendBack(event);
      },
    };
    resources.tellSpeech = (fact: SpeechInbox): void => {
      switch (fact.type) {
        case 'sentence.due': {
          const job = new SpeechJob(fact, figures.speechDue(fact), surroundings);
          jobs.set(fact.segment, job);
          void job.run();
          return;
        }
        case 'sentence.turnCame':
          figures.speechTurnCame(fact.segment, outbox.stats().audioBytes);
          jobs.get(fact.segment)?.giveTurn();
          return;
        case 'sentence.abandoned':
          jobs.get(fact.segment)?.abort();
          jobs.delete(fact.segment);
          return;
        case 'progress.questioned':
          sendBack({
            type: 'speech.progressReported',
            silences: [...jobs.values()].map((job) => ({ segment: job.segment, silentMs: job.silentMs() })),
            ...unfetchedOf(outbox),
          });
          return;
        default:
          assertNever(fact);
      }
    };
    const dispose = (): void => {
      isStopped = true;
      resources.tellSpeech = () => {};
      for (const job of jobs.values()) job.abort();
      jobs.clear();
    };
    resources.disposers.push(dispose);
    return dispose;
  });
}

/** Sound held for a sentence before its turn: 1.4 s, longer than it takes to get the engine going again. */
const LOOKAHEAD_BYTES = 128 * 1024;
/** Engine chunks without a reader in between after which the event loop gets a breath. */
const CHUNKS_PER_BREATH = 64;

/** Why an engine is aborted. One object for all: making an error collects a stack. */
const nobodyListens = Object.freeze(new Error('nobody listens to the sentence any more'));

interface SpeechJobSurroundings {
  readonly voice: string | undefined;
  readonly language: string | undefined;
  readonly engine: () => SpeechEngine;
  readonly jobs: JobCount;
  readonly faults: FaultLog;
  readonly now: () => number;
  readonly call: Call;
  readonly outbox: Outbox;
  readonly figures: StreamFigures;
  /** Takes the job's one last word; ignored once the job is abandoned. */
  readonly tell: (job: SpeechJob, event: StreamEvent) => void;
}

/** One sentence on its way to sound. */
class SpeechJob {
  readonly segment: number;
  readonly #speech: string;
  readonly #sound: SentenceSound;
  readonly #around: SpeechJobSurroundings;
  readonly #abort = new Stop();
  readonly #pause = new Pause();
  readonly #held: Uint8Array[] = [];
  #heldBytes = 0;
  /** Who was asked last; null = nobody yet. */
  #provider: string | null = null;
  #audioBytes = 0;
  #hasTurn = false;
  /** Some of its sound may have been heard: it can't be said again. */
  #isHandedOver = false;
  #withdrawRoomWish: () => void = () => {};
  /** Since when the engine has been asked for sound; null while it is we who make it wait. */
  #askedAtMs: number | null = null;

  constructor(
    { segment, speech }: { readonly segment: number; readonly speech: string },
    sound: SentenceSound,
    surroundings: SpeechJobSurroundings,
  ) {
    this.segment = segment;
    this.#speech = speech;
    this.#sound = sound;
    this.#around = surroundings;
  }

  /** Synthesises to the end; never rejects. */
  async run(): Promise<void> {
    const { engine, jobs, now, tell } = this.#around;
    const signal: StopSignal = this.#abort;
    const chunker = new AudioChunker();
    const floor = new NoiseFloor();
    let chunksSinceBreath = 0;
    let result: EngineCallResult = 'aborted';
    const startedAtMs = now();
    jobs.begin();
    try {
      const voice = engine();
      const request = this.#requestTo(voice);
      this.#askedAtMs = startedAtMs;
      for await (const sound of voice.synthesise(request, signal)) {
        this.#askedAtMs = null;
        this.#sound.give(sound.byteLength);
        for (const chunk of chunker.push(sound)) {
          if (!this.#emit(floor.fill(chunk))) {
            await this.#untilRoom();
            chunksSinceBreath = 0;
          }
        }
        if (signal.aborted) return;
        chunksSinceBreath += 1;
        if (chunksSinceBreath >= CHUNKS_PER_BREATH) {
          chunksSinceBreath = 0;
          await breath();
        }
        this.#askedAtMs = now();
      }
      this.#askedAtMs = null;
      const rest = chunker.flush();
      if (rest !== null) this.#emit(floor.fill(rest));
      // Sound goes at its reader's pace; many sentences without any would follow each other in one turn.
      if (this.#audioBytes === 0) await breath();
      while (!signal.aborted && !(this.#hasTurn && this.#around.outbox.hasRoom())) await this.#untilRoom();
      if (signal.aborted) return;
      const unfetched = unfetchedOf(this.#around.outbox);
      result = 'ok';
      tell(this, { type: 'speech.finished', segment: this.segment, audioBytes: this.#audioBytes, ...unfetched });
    } catch (error) {
      if (!signal.aborted) {
        result = 'failed';
        tell(this, this.#failed(error));
      }
    } finally {
      const provider = this.#provider;
      jobs.end(provider === null ? null : { provider, result, ms: now() - startedAtMs });
    }
  }

  /** The sentence's turn came: held sound goes out, the rest follows. */
  giveTurn(): void {
    if (this.#hasTurn) return;
    this.#hasTurn = true;
    for (const chunk of this.#held) this.#handOver(chunk);
    this.#held.length = 0;
    this.#heldBytes = 0;
    this.#awaitOutbox();
  }

  /** How long the engine has been asked for sound and gave none, in ms. */
  silentMs(): number {
    return this.#askedAtMs === null ? 0 : this.#around.now() - this.#askedAtMs;
  }

  /** Ends the synthesis and forgets its sound; idempotent. */
  abort(): void {
    const { call, faults } = this.#around;
    for (const error of this.#abort.stop(nobodyListens)) faults.bug(call.method, call.streamId, error);
    this.#withdrawRoomWish();
    this.#held.length = 0;
    this.#pause.end();
  }

  /** Holds or hands over one chunk; false if the next one must wait. */
  #emit(chunk: Uint8Array): boolean {
    if (this.#abort.aborted) return true;
    this.#audioBytes += chunk.byteLength;
    if (this.#hasTurn) {
      this.#handOver(chunk);
      return this.#around.outbox.hasRoom();
    }
    this.#held.push(chunk);
    this.#heldBytes += chunk.byteLength;
    return this.#heldBytes < LOOKAHEAD_BYTES;
  }

  #handOver(chunk: Uint8Array): void {
    this.#isHandedOver = true;
    this.#sound.handOver(chunk.byteLength);
    this.#around.outbox.push({ kind: 'audio', bytes: chunk });
  }

  async #untilRoom(): Promise<void> {
    if (this.#abort.aborted) return;
    this.#pause.begin();
    if (this.#hasTurn) this.#awaitOutbox();
    await this.#pause.whenOver();
  }

  #awaitOutbox(): void {
    this.#withdrawRoomWish = this.#around.outbox.onceRoom(() => this.#pause.end());
  }

  #requestTo(engine: SpeechEngine): SpeechRequest {
    const { voice, language, figures } = this.#around;
    const note = figures.speechAsked(engine.name);
    this.#provider = engine.name;
    return {
      text: this.#speech,
      noteProvider: (told) => {
        this.#provider = told.provider;
        note(told);
      },
      ...(voice !== undefined && { voice }),
      ...(language !== undefined && { language }),
    };
  }

  #failed(error: unknown): StreamEvent {
    const { call, faults } = this.#around;
    const failure = failureOfThrown(error, call.streamId, () => faults.unexpected(call.method, call.streamId, error));
    const isFinal = error instanceof EngineFailure && error.isFinal;
    return { type: 'speech.failed', segment: this.segment, retryable: !this.#isHandedOver && !isFinal, failure };
  }
}

/** Lets everybody else have a turn of the event loop. */
function breath(): Promise<void> {
  return new Promise((wake) => setImmediate(wake));
}

const nothing = new Uint8Array(0);

/**
 * Cuts an engine's sound into chunks of the wire's size; the last one of a sentence is shorter, never of an odd length (CONTRACT §1). A
 * chunk that already has the size passes without a copy.
 */
export class AudioChunker {
  #carry: Uint8Array = nothing;
  #carried = 0;

  /** Whole chunks that `bytes` completes; what is left over waits. The chunks may share memory with `bytes`. */
  push(bytes: Uint8Array): readonly Uint8Array[] {
    if (this.#carried === 0 && bytes.byteLength === AUDIO_CHUNK_BYTES) return [bytes];
    const chunks: Uint8Array[] = [];
    let offset = 0;
    if (this.#carried > 0) {
      offset = Math.min(bytes.byteLength, AUDIO_CHUNK_BYTES - this.#carried);
      this.#carry.set(bytes.subarray(0, offset), this.#carried);
      this.#carried += offset;
      if (this.#carried < AUDIO_CHUNK_BYTES) return chunks;
      chunks.push(this.#carry);
      this.#carried = 0;
    }
    for (; offset + AUDIO_CHUNK_BYTES <= bytes.byteLength; offset += AUDIO_CHUNK_BYTES) {
      chunks.push(bytes.subarray(offset, offset + AUDIO_CHUNK_BYTES));
    }
    if (offset < bytes.byteLength) {
      // A new one each time: the one before is on its way.
      this.#carry = new Uint8Array(AUDIO_CHUNK_BYTES);
      this.#carry.set(bytes.subarray(offset));
      this.#carried = bytes.byteLength - offset;
    }
    return chunks;
  }

  /** The rest at the end of a sentence; null if there is none. Half a sample at the very end is dropped. */
  flush(): Uint8Array | null {
    const evenBytes = this.#carried - (this.#carried % 2);
    this.#carried = 0;
    return evenBytes === 0 ? null : this.#carry.subarray(0, evenBytes);
  }
}
