/**
 * The inner port: what the engine of voices from outside needs of one provider, what a provider is told by the configuration, and what the
 * configuration has to know of it. One call to `open` is one try of one sentence.
 */
import { ProviderFailure } from '../provider/failure.ts';
import type { CommandTemplate } from './command-template.ts';
import type { SoundLabel } from './sound-pipeline.ts';

/** What the configuration says, checked and compiled. Holds a secret: never log it as a whole. */
export interface SpeechProviderSettings {
  /** http or https, without a slash at its end, a query or credentials; '' for a command. */
  readonly baseUrl: string;
  /** '' = the provider wants none. */
  readonly apiKey: string;
  /** '' = the provider's default. */
  readonly model: string;
  /** '' = by the language, or the provider's default. */
  readonly voice: string;
  readonly voices: readonly { readonly language: string; readonly voice: string }[];
  /** 0 = what the format or its header declares. */
  readonly sampleRateHz: number;
  /** Never null for a command. */
  readonly command: CommandTemplate | null;
  /** Tries after the first one, before a sentence's first sound. */
  readonly retries: number;
  /** Requests or processes at once. */
  readonly maxConcurrent: number;
}

/** A sentence with everything that a provider is told of it. */
export interface VoicedSentence {
  readonly text: string;
  /** The provider's own name of the voice; '' = the one it takes by itself. */
  readonly voice: string;
  /** True if the request named the voice: one that does not exist is the caller's mistake then. */
  readonly isVoiceOfRequest: boolean;
  /** A BCP 47 tag in lower case. */
  readonly language: string;
}

/** Sound on its way, as the provider sends it. */
export interface ProviderSound {
  /** The rate of sound that has no header of its own; null = not known. */
  readonly rawRateHz: number | null;
  /** Throws ProviderFailure if the sound breaks off: a shorter sentence never looks like a whole one. The bytes are never changed again. */
  readonly chunks: AsyncIterable<Uint8Array>;
  /** What the provider calls it, where that is no PCM. */
  readonly label?: SoundLabel;
  /** What to change where it is sound that can't be used. */
  readonly formatHint?: string;
}

export interface SpeechProvider {
  /** As the configuration calls it. */
  readonly name: string;
  /** The voice it has for everybody; '' = none, or it chooses by itself. */
  readonly defaultVoice: string;
  /** Rejects if it can be known that it will never work. Asks nobody outside, spends nothing. */
  check(): Promise<void>;
  /** Begins to speak. Rejects with ProviderFailure; an abort of `signal` ends the work within 100 ms, whatever it waits for. */
  open(sentence: VoicedSentence, signal: AbortSignal): Promise<ProviderSound>;
  /** Frees what it holds; idempotent. */
  close(): void;
}

/** A provider as a line of the table of them (provider-table.ts): how it is made, and what a configuration of it needs. */
export interface SpeechProviderKind {
  /** Where it is unless SPEECH_BASE_URL says so; '' = nowhere, or it has no address. */
  readonly defaultBaseUrl: string;
  /** How the address of one looks that is nowhere by default; absent = SPEECH_BASE_URL need not be given. */
  readonly baseUrlExample?: string;
  readonly needsKeyAt: (baseUrl: string) => boolean;
  /** The values of SPEECH_SAMPLE_RATE that it has beside 0; null = whatever can be converted. */
  readonly ratesHz: readonly number[] | null;
  /** `env` is for programs. */
  readonly make: (
    settings: SpeechProviderSettings,
    env: Readonly<Record<string, string | undefined>>,
  ) => SpeechProvider;
}

/** The failure of a sentence whose voice does not exist, such as "at piper". */
export function unknownVoice(
  voice: string,
  where: string,
  more: { readonly detail?: string; readonly status?: number; readonly cause?: Error } = {},
): ProviderFailure {
  return new ProviderFailure({
    code: 'NOT_FOUND',
    subject: `the voice "${voice}"`,
    words: `does not exist ${where}`,
    next: 'nobody',
    ...more,
  });
}
