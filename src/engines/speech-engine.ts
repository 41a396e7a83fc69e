/**
 * The speech port: what Recital needs of a voice. One call to `synthesise` speaks one sentence.
 * An engine throws EngineFailure to declare a failure; anything else that it throws is unexpected.
 */
import type { StopSignal } from '../call/stop-signal.ts';
import type { ProviderNote } from './provider-note.ts';

/** One sentence to speak, already cleaned of what can't be spoken; never empty. */
export interface SpeechRequest {
  readonly text: string;
  /** An engine's own name of a voice; absent = the engine chooses by the text's script. */
  readonly voice?: string;
  /** A BCP 47 tag; absent = by the text's script. */
  readonly language?: string;
  /** Takes who speaks, and after how many tries; told at the latest before the first sound, and again when it changes. Never throws. */
  readonly noteProvider?: (note: ProviderNote) => void;
}

export interface SpeechEngine {
  readonly name: string;
  /** Brings the engine up (loads voices, warms workers); rejects if it can't work. Called once. */
  start(): Promise<void>;
  /**
   * Speaks: PCM in the wire's format (call/wire.ts), in chunks of any even, non-zero length. Pull-driven: an engine that works ahead of its
   * reader holds at most a bounded amount. An abort of `signal`, or `return()` of the iterator, ends the work within 100 ms.
   */
  synthesise(request: SpeechRequest, signal: StopSignal): AsyncIterable<Uint8Array>;
  /** Frees what `start` took; idempotent. */
  stop(): Promise<void>;
}
