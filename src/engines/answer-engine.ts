/**
 * The answer port: what Recital needs of a language model, and nothing more. One call to `answer` is one answer.
 * An engine throws EngineFailure to declare a failure (its text goes to the client); anything else that it throws is
 * unexpected (its text stays in the log). Engines know a provider and nothing of sessions, frames or gRPC.
 */
import type { StopSignal } from '../call/stop-signal.ts';
import type { ProviderNote } from './provider-note.ts';

/** What was asked. */
export interface AnswerRequest {
  readonly prompt: string;
  readonly hardwareId: string;
  /** The screenshot, if one came along. Read-only. */
  readonly screenshot?: AnswerImage;
  /** Size of the client's screen in pixels, if it told. */
  readonly screenWidth?: number;
  readonly screenHeight?: number;
  /**
   * Takes tokens that this answer took; usually told once, several calls add up. No part of the answer, because nobody pulls any more when
   * an answer is aborted or fails: what it took until then is to be told, too. May come late, also after the end. Never throws.
   */
  readonly noteUsage?: (usage: AnswerUsage) => void;
  /** What this device and its assistant said to each other before, the oldest first; absent or empty = nothing is remembered. */
  readonly history?: readonly Exchange[];
  /** Takes who answers, and after how many tries; told at the latest before the first part, and again when it changes. Never throws. */
  readonly noteProvider?: (note: ProviderNote) => void;
  /**
   * Takes that the model says it has ended while its connection stays open: more may come, for a time that the engine bounds. Told again when
   * that was so. Never throws.
   */
  readonly noteEnding?: () => void;
}

/** One utterance and what was answered to it. */
export interface Exchange {
  readonly prompt: string;
  /** The words that went out; without those that an interrupt kept back. */
  readonly answer: string;
}

/** An image for the model: the file's bytes, and what they are. */
export interface AnswerImage {
  readonly bytes: Uint8Array;
  readonly mediaType: 'image/png' | 'image/jpeg' | 'image/webp';
  readonly widthPixels: number;
  readonly heightPixels: number;
}

/** What an answer cost, in tokens as its model counts them. */
export interface AnswerUsage {
  readonly inputTokens: number;
  readonly outputTokens: number;
  readonly model: string;
}

/** One piece of an answer. Text comes in deltas of any size; their concatenation is the raw answer. */
export type AnswerPart =
  | { readonly kind: 'text'; readonly text: string }
  /** A complete tool call: `name` and `args` exactly as the model gave them, validated by nobody yet. */
  | { readonly kind: 'command'; readonly name: string; readonly args: unknown }
  /** The last part of an answer that did not end in order, but at its longest length or by a filter: its words count, a command in them does not. */
  | { readonly kind: 'cutOff' };

export interface AnswerEngine {
  readonly name: string;
  /** Brings the engine up; rejects if it can't work. Called once, before the first answer. */
  start(): Promise<void>;
  /**
   * Answers. The iterable ends when the answer is complete. An abort of `signal` ends it within 100 ms, whether it
   * then throws or returns; so does `return()` of the iterator. Nothing is computed ahead of what the caller pulls, apart from what
   * a provider pushes on its own.
   */
  answer(request: AnswerRequest, signal: StopSignal): AsyncIterable<AnswerPart>;
  /** What of it stands on /status beside its name, if there is something; without a secret. */
  status?(): Readonly<Record<string, unknown>>;
  /** Frees what `start` took; idempotent. */
  stop(): Promise<void>;
}
