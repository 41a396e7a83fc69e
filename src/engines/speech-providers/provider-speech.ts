/**
 * Voices from outside as the engine of the port `SpeechEngine`: chooses the voice of a sentence, asks its provider, tries again before the
 * first sound, and makes PCM of the wire of what comes.
 *
 * Guarantees: at most `maxConcurrent` sentences are with the provider, `maxWaiting` wait, one more is refused with
 * RESOURCE_EXHAUSTED; a sentence works at most 1 MiB ahead of its reader, so a slow reader does not keep a provider busy; nothing is
 * tried again once there was sound; every failure is final, so that nobody above multiplies the tries. A sentence with words whose sound is
 * all silence failed, whatever its provider says; silence at its beginning waits a moment for what follows it, so that it can be tried again.
 */
import { setImmediate as breath, setTimeout as sleep } from 'node:timers/promises';
import { AUDIO_BYTES_PER_SECOND, isQuiet } from '../../call/wire.ts';
import { EngineFailure } from '../../errors.ts';
import { readErrorBody } from '../provider/error-words.ts';
import { ProviderFailure } from '../provider/failure.ts';
import { ByteQueue, ConcurrencyLimit } from '../provider/flow.ts';
import { type LinkedAbort, linkedAbort, onAbort } from '../provider/linked-abort.ts';
import { backoffMs, createRetryCounter, waitFor } from '../provider/retry.ts';
import { loadResampler, type Resampler } from '../resampler.ts';
import type { SpeechEngine, SpeechRequest } from '../speech-engine.ts';
import type { UnknownVoices } from '../unknown-voices.ts';
import { mayBeVoice, saysVoiceIsUnknown } from './http-sound.ts';
import { UnusableSound, WordsInsteadOfSound } from './sample-reader.ts';
import { SoundPipeline } from './sound-pipeline.ts';
import {
  type SpeechProvider,
  type SpeechProviderSettings,
  unknownVoice,
  type VoicedSentence,
} from './speech-provider.ts';
import { chooseVoice } from './voice-choice.ts';

/** About 11 s of sound: a sentence is read from its provider to the end while the one before it is being sent. */
export const readAheadBytes = 1024 * 1024;
/** Bytes that are converted in one turn of the event loop: less than 1 ms of work at the common rates. */
const SLICE_BYTES = 16 * 1024;
/**
 * A sentence whose provider asks to wait for longer fails at once. More than an answer waits: there is no other voice to go to, and the
 * sentences before this one may still be heard.
 */
export const maxRetryAfterMs = 5000;
/** For programs to be gone when the engine stops. */
const STOP_GRACE_MS = 1000;
/** A voice that has been silent for longer is heard to be silent: of its sound, and of the time that its listener waits. */
const MAX_HELD_SILENCE_BYTES = 2 * AUDIO_BYTES_PER_SECOND;
const MAX_HELD_SILENCE_MS = 50;

/** A try that failed, for the log. */
export interface FailedTryReport {
  readonly provider: string;
  readonly errorCode: string;
  /** For the operator: may name addresses, never a key or words of a sentence. */
  readonly detail: string;
  /** Tries so far, this one included. */
  readonly tries: number;
  readonly isLast: boolean;
  /** A voice that the caller named and that does not exist: the refused call has a line of its own. */
  readonly isOfCaller: boolean;
}

export interface ProviderSpeechOptions {
  readonly settings: SpeechProviderSettings;
  readonly provider: SpeechProvider;
  /** Sentences that may wait for their turn; one more is refused. */
  readonly maxWaiting: number;
  readonly unknownVoices: UnknownVoices;
  readonly onFailedTry?: (report: FailedTryReport) => void;
  /** The most sound of one sentence; smaller in tests. */
  readonly maxSoundBytes?: number;
  /** Loads the resampler, once; replaced in tests. */
  readonly loadResampler?: () => Promise<Resampler>;
}

/** The engine over one provider. */
export function createProviderSpeechEngine(options: ProviderSpeechOptions): SpeechEngine {
  const { settings, provider } = options;
  const limit = new ConcurrencyLimit({ maxRunning: settings.maxConcurrent, maxWaiting: options.maxWaiting });
  let loading: Promise<Resampler> | null = null;
  const resampler = () => {
    loading ??= (options.loadResampler ?? loadResampler)();
    return loading;
  };
  const shared = { limit, resampler, nextRetry: createRetryCounter() };
  const open = new Map<LinkedAbort, Promise<void>>();
  let isStopped = false;
  return {
    name: provider.name,
    async start() {
      await Promise.all([provider.check(), resampler()]);
    },
    synthesise(request, signal) {
      const ending = linkedAbort(signal);
      const sound = new ByteQueue(readAheadBytes, () => ending.abort(new Error('the reader left')));
      if (isStopped) ending.abort(wasStopped());
      const work = new SentenceWork({ ...options, ...shared, sound }).run(request, ending.signal);
      const done = work.finally(() => {
        ending.unlink();
        open.delete(ending);
      });
      open.set(ending, done);
      return sound;
    },
    async stop() {
      isStopped = true;
      const works = [...open.values()];
      for (const ending of open.keys()) ending.abort(wasStopped());
      provider.close();
      // A program that is deaf to SIGTERM must not outlive the server.
      await Promise.race([Promise.all(works), sleep(STOP_GRACE_MS, undefined, { ref: false })]);
    },
  };
}

interface SentenceSurroundings extends ProviderSpeechOptions {
  readonly limit: ConcurrencyLimit;
  readonly resampler: () => Promise<Resampler>;
  readonly nextRetry: () => number;
  readonly sound: ByteQueue;
}

/** One sentence from its request to the end of its sound. */
class SentenceWork {
  readonly #around: SentenceSurroundings;
  /** Something was handed over. */
  #hasSound = false;

  constructor(around: SentenceSurroundings) {
    this.#around = around;
  }

  /** Fills the queue to its end; never rejects. */
  async run(request: SpeechRequest, signal: AbortSignal): Promise<void> {
    const { sound, limit, provider } = this.#around;
    const unlink = onAbort(signal, () => sound.cut(signal.reason));
    let release: (() => void) | null = null;
    try {
      release = await limit.acquire(signal);
      if (release === null) throw overfull(limit);
      await this.#speakAsAsked(request, signal);
      sound.finish();
    } catch (error) {
      if (signal.aborted) sound.cut(signal.reason);
      else sound.fail(error instanceof ProviderFailure ? declared(error, provider.name) : error);
    } finally {
      unlink();
      release?.();
    }
  }

  /** By the voice that the request names, else by the one that speaks for it. */
  async #speakAsAsked(request: SpeechRequest, signal: AbortSignal): Promise<void> {
    const { provider, settings, unknownVoices } = this.#around;
    const asked = chooseVoice(request, settings, provider.defaultVoice);
    const { voice: _, ...unnamed } = request;
    const own = chooseVoice(unnamed, settings, provider.defaultVoice);
    const mayBeReplaced = asked.isVoiceOfRequest && asked.voice !== own.voice && unknownVoices.areReplaced;
    if (!mayBeReplaced) return this.#speak({ sentence: asked, request, mayBeReplaced }, signal);
    if (!unknownVoices.has(asked.voice)) {
      try {
        return await this.#speak({ sentence: asked, request, mayBeReplaced }, signal);
      } catch (error) {
        const isReplaced = error instanceof ProviderFailure && !this.#hasSound && mayBeVoice(error, asked.voice);
        if (signal.aborted || !isReplaced) throw error;
      }
    }
    await this.#speak({ sentence: own, request, mayBeReplaced: false }, signal);
    // Only now it is known that it was the voice, and not the request or the provider.
    unknownVoices.replace(asked.voice, own.voice);
  }

  async #speak({ sentence, request, mayBeReplaced }: SentenceTry, signal: AbortSignal): Promise<void> {
    const { provider, settings, onFailedTry, nextRetry } = this.#around;
    for (let retries = 0; ; retries++) {
      try {
        return await this.#tryOnce(sentence, signal, () =>
          request.noteProvider?.({ provider: provider.name, retries }),
        );
      } catch (error) {
        if (signal.aborted) throw error;
        const failure = this.#failureOf(error, sentence);
        const waitMs = failure.retryAfterMs ?? backoffMs(retries + 1, nextRetry());
        const mayTryAgain = failure.next === 'again' && !this.#hasSound && waitMs <= maxRetryAfterMs;
        const isLast = !mayTryAgain || retries >= settings.retries;
        const { code, detail } = failure;
        // Another voice speaks at once; that one was replaced is told instead.
        if (isLast && mayBeReplaced && !this.#hasSound && mayBeVoice(failure, sentence.voice)) throw failure;
        const isOfCaller = sentence.isVoiceOfRequest && code === 'NOT_FOUND';
        onFailedTry?.({ provider: provider.name, errorCode: code, detail, tries: retries + 1, isLast, isOfCaller });
        if (isLast) {
          if (!this.#hasSound) request.noteProvider?.({ provider: provider.name, retries });
          throw failure;
        }
        await waitFor(waitMs, signal);
      }
    }
  }

  async #tryOnce(sentence: VoicedSentence, signal: AbortSignal, noteFirstSound: () => void): Promise<void> {
    const { provider, settings, resampler, maxSoundBytes } = this.#around;
    const loaded = await resampler();
    const { rawRateHz, chunks, label, formatHint = '' } = await provider.open(sentence, signal);
    const pipeline = new SoundPipeline({
      rawRateHz,
      forcedRateHz: settings.sampleRateHz === 0 ? null : settings.sampleRateHz,
      resampler: loaded,
      label,
      formatHint,
      ...(maxSoundBytes !== undefined && { maxSoundBytes }),
    });
    const heard = new HeardSound();
    const hand = async (pcm: Uint8Array) => {
      for (const piece of heard.push(pcm)) {
        if (!this.#hasSound) noteFirstSound();
        this.#hasSound = true;
        await this.#around.sound.push(piece);
      }
    };
    try {
      for await (const chunk of chunks) {
        for (let at = 0; at < chunk.length; at += SLICE_BYTES) {
          if (at > 0) await breath();
          await hand(pipeline.push(chunk.subarray(at, at + SLICE_BYTES)));
          signal.throwIfAborted();
        }
      }
      await hand(pipeline.flush());
    } finally {
      pipeline.close();
    }
    if (pipeline.inputBytes === 0) throw silent('sent no sound at all');
    if (heard.isSilent && /[\p{L}\p{N}]/u.test(sentence.text)) throw silent('sent nothing but silence');
    for (const piece of heard.rest()) await this.#around.sound.push(piece);
    if (!this.#hasSound) noteFirstSound();
  }

  #failureOf(error: unknown, { voice, text }: VoicedSentence): ProviderFailure {
    const { provider, settings } = this.#around;
    if (error instanceof ProviderFailure) return error;
    if (!(error instanceof UnusableSound)) throw error;
    if (!(error instanceof WordsInsteadOfSound)) {
      const words = `sent ${error.message}`;
      return new ProviderFailure({ code: 'UNAVAILABLE', words, next: 'other', isAboutSound: true, cause: error });
    }
    const { said } = readErrorBody(error.body, { key: settings.apiKey, text });
    const saying = said === '' ? '' : `: ${said}`;
    if (saysVoiceIsUnknown(said, voice)) return unknownVoice(voice, `at ${provider.name}${saying}`, { cause: error });
    const words = `sent ${error.message}${saying}`;
    return new ProviderFailure({ code: 'UNAVAILABLE', words, next: 'other', isAboutSound: true, cause: error });
  }
}

interface SentenceTry {
  readonly sentence: VoicedSentence;
  readonly request: SpeechRequest;
  /** Another voice can speak it: a failure that may be the voice's is not the sentence's. */
  readonly mayBeReplaced: boolean;
}

/** Holds the silence at the beginning of a sentence back, until there is something to hear or somebody would notice. */
class HeardSound {
  readonly #silence: Uint8Array[] = [];
  #heldBytes = 0;
  #heldSinceMs: number | null = null;
  #isSilent = true;

  /** Nothing was louder than what clients take for silence. */
  get isSilent(): boolean {
    return this.#isSilent;
  }

  /** What may go on. */
  push(pcm: Uint8Array): readonly Uint8Array[] {
    if (pcm.length === 0) return [];
    if (!this.#isSilent) return [pcm];
    this.#isSilent = isQuiet(pcm);
    this.#silence.push(pcm);
    this.#heldBytes += pcm.length;
    const nowMs = performance.now();
    this.#heldSinceMs ??= nowMs;
    const isShort = this.#heldBytes < MAX_HELD_SILENCE_BYTES && nowMs - this.#heldSinceMs < MAX_HELD_SILENCE_MS;
    return this.#isSilent && isShort ? [] : this.rest();
  }

  /** What is still held. */
  rest(): readonly Uint8Array[] {
    return this.#silence.splice(0);
  }
}

function wasStopped(): EngineFailure {
  return new EngineFailure({ errorCode: 'UNAVAILABLE', message: 'the speech engine was stopped' }, { isFinal: true });
}

function overfull({ running, waiting }: ConcurrencyLimit): EngineFailure {
  const message = `the speech queue is full: ${running} sentences are being spoken (SPEECH_MAX_CONCURRENT) and ${waiting} wait`;
  return new EngineFailure({ errorCode: 'RESOURCE_EXHAUSTED', message }, { isFinal: true });
}

function silent(words: string): ProviderFailure {
  return new ProviderFailure({ code: 'UNAVAILABLE', words, next: 'again', isAboutSound: true });
}

/** As the port declares it. Final: the sentence was tried as often as the configuration wants. */
function declared(failure: ProviderFailure, provider: string): EngineFailure {
  const message = failure.told(`the voice ${provider}`);
  return new EngineFailure({ errorCode: failure.code, message }, { cause: failure, isFinal: true });
}
