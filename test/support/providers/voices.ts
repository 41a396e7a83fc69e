/** Voices from outside for tests: settings with defaults, an engine over them, and measures of what it says. */

import type { SpeechEngine, SpeechRequest } from '../../../src/engines/speech-engine.ts';
import {
  createProviderSpeechEngine,
  type FailedTryReport,
  type ProviderSpeechOptions,
} from '../../../src/engines/speech-providers/provider-speech.ts';
import { type ChosenProviderSettings, makeProvider } from '../../../src/engines/speech-providers/provider-table.ts';
import { type ReplacedVoice, UnknownVoices, type UnknownVoicesOptions } from '../../../src/engines/unknown-voices.ts';
import { EngineFailure } from '../../../src/errors.ts';
import { atEndOfFile } from '../end-of-file.ts';

/** Settings of an OpenAI-like voice that tries once. */
export function voiceSettings(given: Partial<ChosenProviderSettings>): ChosenProviderSettings {
  return {
    provider: 'openai',
    baseUrl: '',
    apiKey: '',
    model: '',
    voice: '',
    voices: [],
    sampleRateHz: 0,
    command: null,
    retries: 0,
    maxConcurrent: 4,
    ...given,
  };
}

interface TestVoice {
  readonly engine: SpeechEngine;
  /** Tries that failed, in order. */
  readonly failedTries: readonly FailedTryReport[];
  /** Voices that were replaced, in the order in which they were told. */
  readonly replaced: readonly ReplacedVoice[];
}

/** An engine that is stopped when the test file ends; it refuses voices that do not exist unless told otherwise. */
export function createVoice(
  given: Partial<ChosenProviderSettings>,
  {
    policy = 'refuse',
    ...more
  }: Partial<Pick<ProviderSpeechOptions, 'maxWaiting' | 'maxSoundBytes'> & Pick<UnknownVoicesOptions, 'policy'>> = {},
): TestVoice {
  const replaced: ReplacedVoice[] = [];
  const failedTries: FailedTryReport[] = [];
  const settings = voiceSettings(given);
  const engine = createProviderSpeechEngine({
    settings,
    provider: makeProvider(settings, process.env),
    maxWaiting: 100,
    unknownVoices: new UnknownVoices({ policy, onReplaced: (each) => replaced.push(each) }),
    onFailedTry: (report) => failedTries.push(report),
    ...more,
  });
  atEndOfFile(() => engine.stop());
  return { engine, failedTries, replaced };
}

/** All the sound of one sentence. */
export async function speak(
  engine: SpeechEngine,
  request: SpeechRequest | string,
  signal = new AbortController().signal,
): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  const asked = typeof request === 'string' ? { text: request } : request;
  for await (const chunk of engine.synthesise(asked, signal)) {
    if (chunk.length === 0 || chunk.length % 2 !== 0) throw new Error(`a chunk of ${chunk.length} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

/** The declared failure that a sentence ends with; throws if it ends well or with anything else. */
export async function failureOf(
  engine: SpeechEngine,
  request: SpeechRequest | string,
): Promise<{ readonly code: string | undefined; readonly message: string; readonly isFinal: boolean }> {
  try {
    await speak(engine, request);
  } catch (error) {
    if (!(error instanceof EngineFailure)) throw error;
    return { code: error.errorCode, message: error.message, isFinal: error.isFinal };
  }
  throw new Error('the sentence was spoken, but should have failed');
}

export interface Tone {
  readonly seconds: number;
  /** By its zero crossings. */
  readonly hz: number;
  /** Of full scale. */
  readonly rms: number;
  /** The greatest step between two samples, of full scale: a click is a great step. */
  readonly greatestStep: number;
}

/** What a tone in PCM of the wire sounds like. */
export function measure(pcm: Buffer): Tone {
  const samples = samplesOf(pcm);
  const crossings: number[] = [];
  let power = 0;
  let greatestStep = 0;
  for (const [at, x] of samples.entries()) {
    power += x * x;
    if (at === 0) continue;
    const before = samples[at - 1] ?? 0;
    if (before < 0 && x >= 0) crossings.push(at);
    greatestStep = Math.max(greatestStep, Math.abs(x - before));
  }
  const periods = crossings.length - 1;
  const hz = (periods * 48_000) / ((crossings.at(-1) ?? 0) - (crossings[0] ?? 0));
  return { seconds: samples.length / 48_000, hz, rms: Math.sqrt(power / samples.length), greatestStep };
}

/** Samples of full scale 1. */
export function samplesOf(pcm: Uint8Array): number[] {
  const view = new DataView(pcm.buffer, pcm.byteOffset, pcm.byteLength);
  return Array.from({ length: pcm.byteLength / 2 }, (_, at) => view.getInt16(at * 2, true) / 32_768);
}
