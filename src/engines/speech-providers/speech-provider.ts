/** The inner port: what the engine of voices from outside needs of one provider. One call to `open` is one try of one sentence. */
import type { VoicedSentence } from './voice-choice.ts';

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
