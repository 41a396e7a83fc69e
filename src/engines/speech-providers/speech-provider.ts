/**
 * The inner port: what the engine of voices from outside needs of one provider, and what a provider is told by the configuration. One call to
 * `open` is one try of one sentence.
 */
import type { CommandTemplate } from './command-template.ts';
import type { VoicedSentence } from './voice-choice.ts';

/** What the configuration says, checked and compiled. Holds a secret: never log it as a whole. */
export interface SpeechProviderSettings {
  readonly provider: SpeechProviderName;
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

export type SpeechProviderName = 'openai' | 'azure' | 'elevenlabs' | 'piper' | 'command';

/** Sound on its way, as the provider sends it. */
export interface ProviderSound {
  /** The rate of sound that has no header of its own; null = not known. */
  readonly rawRateHz: number | null;
  /** Throws ProviderFailure if the sound breaks off: a shorter sentence never looks like a whole one. */
  readonly chunks: AsyncIterable<Uint8Array>;
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
