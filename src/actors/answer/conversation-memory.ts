/**
 * The port to the memory of all devices, and the words of one stream on their way into it. Remembered is what was really heard: the text
 * that was handed to the transport, also where an interrupt came then. An answer that failed is not remembered: it says half of something, and
 * is asked for again. Neither is a stream without a word, nor a command without words: an exchange is two utterances.
 */

import type { Exchange } from '../../engines/answer-engine.ts';
import type { ErrorType, Failure } from '../../errors.ts';

/** What the memory must do for streams. */
export interface ConversationMemory {
  /** The most of one answer that it keeps, in UTF-16 units. */
  readonly maxAnswerChars: number;
  /** Since the epoch. */
  timeMs(): number;
  /** What is remembered of the device, the oldest first; a promise of it may reject. Null = it can have no memory. */
  recall(hardwareId: string): readonly Exchange[] | Promise<readonly Exchange[]> | null;
  /** Takes what a stream came to; never throws, and nobody waits for it. */
  remember(heard: Exchange & { readonly hardwareId: string; readonly askedAtMs: number }): void;
}

/** Ends that say nothing against the answer, as far as it was heard. */
const notOfTheAnswer: readonly ErrorType[] = Object.freeze([
  'interrupted',
  'client_cancelled',
  'draining',
  'stream_idle_timeout',
  'rate_limit_exceeded',
  'session_timeout',
  'speech_failed',
]);

interface Asked {
  readonly hardwareId: string;
  readonly prompt: string;
}

/** What one stream's client heard so far, as far as the memory keeps it. */
export class HeardWords {
  readonly #memory: ConversationMemory;
  readonly #asked: Asked;
  readonly #askedAtMs: number;
  #answer = '';

  constructor(memory: ConversationMemory, asked: Asked) {
    this.#memory = memory;
    this.#asked = asked;
    this.#askedAtMs = memory.timeMs();
  }

  /** One character more than is kept, so that the memory sees where it was cut. */
  add(text: string): void {
    const room = this.#memory.maxAnswerChars + 1 - this.#answer.length;
    if (room > 0) this.#answer += text.slice(0, room);
  }

  /** Called once, at the end of the stream; with what it failed of. */
  remember(failure: Failure | null): void {
    if (failure !== null && !notOfTheAnswer.includes(failure.errorType)) return;
    const { hardwareId, prompt } = this.#asked;
    const answer = this.#answer.trim();
    if (answer !== '') this.#memory.remember({ hardwareId, prompt, answer, askedAtMs: this.#askedAtMs });
  }
}
