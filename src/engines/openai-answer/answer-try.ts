/**
 * One try at one provider, from the question to the end of its answer. An answer is whole only with a finish reason: a stream that just
 * stops has failed. As long as nothing was said, an endpoint that refuses the request is asked again with less in it. What was used is told
 * however the try ends. Throws ProviderFailure; after an abort the signal's reason.
 */
import type { AnswerPart, AnswerRequest } from '../answer-engine.ts';
import { ProviderFailure } from '../provider/failure.ts';
import { onAbort } from '../provider/linked-abort.ts';
import { AnswerReader } from './answer-reader.ts';
import { type ChatProvider, failureOfError } from './chat-provider.ts';
import type { Negotiation } from './negotiation.ts';

type Parts = AsyncGenerator<AnswerPart, void, undefined>;

/** The count of tokens comes behind the end of the answer, if it comes. */
const usageGraceMs = 1_000;

/** What is worth a log line. */
export type TryNote =
  | { readonly kind: 'lengthStop' }
  | { readonly kind: 'contentFilterStop' }
  | { readonly kind: 'toolCallDropped'; readonly reason: 'cut_off' | 'malformed_arguments' };

interface AnswerTryInput {
  readonly provider: ChatProvider;
  readonly negotiation: Negotiation;
  readonly request: AnswerRequest;
  readonly signal: AbortSignal;
  /** How long the provider may say nothing; 0 = others watch over that. */
  readonly silenceTimeoutMs: number;
  readonly note: (note: TryNote) => void;
}

export class AnswerTry {
  readonly #input: AnswerTryInput;
  #reader: AnswerReader;
  #hasSpoken = false;
  /** Ends the request, whoever wants it to end. */
  readonly #connection = new AbortController();
  #timer: NodeJS.Timeout | undefined;
  #isTooSlow = false;

  constructor(input: AnswerTryInput) {
    this.#input = input;
    this.#reader = new AnswerReader(input.provider.secrets);
  }

  async *parts(): Parts {
    const { signal } = this.#input;
    signal.throwIfAborted();
    const unlink = onAbort(signal, () => this.#connection.abort());
    this.#watchSilence();
    try {
      yield* this.#text();
      yield* this.#end();
    } finally {
      clearTimeout(this.#timer);
      unlink();
      this.#connection.abort();
      this.#noteUsage();
    }
  }

  /** The text of the answer; asks again, with less, for as long as nothing was said and there is another way to ask. */
  async *#text(): Parts {
    const { provider, negotiation, signal, silenceTimeoutMs } = this.#input;
    for (;;) {
      try {
        yield* this.#chunks();
        return;
      } catch (error) {
        signal.throwIfAborted();
        // What breaks after the end breaks nothing.
        if (this.#reader.finishReason !== null) return;
        if (this.#isTooSlow) throw tooSlow(silenceTimeoutMs);
        const failure = failureOfError(error, provider.secrets);
        if (this.#hasSpoken) throw failure;
        if (!negotiation.concede(failure)) throw negotiation.lastWord(failure);
        // The time of a try is that of all it asks; one who was heard to think starts anew.
        if (this.#timer === undefined) this.#watchSilence();
        this.#reader = new AnswerReader(provider.secrets);
      }
    }
  }

  async *#chunks(): Parts {
    const { provider, negotiation, signal, silenceTimeoutMs } = this.#input;
    for await (const chunk of await provider.open(negotiation, this.#connection.signal)) {
      // What came before the abort, and waits in a buffer, is for nobody.
      signal.throwIfAborted();
      const { text, isAlive } = this.#reader.take(chunk);
      if (isAlive) {
        clearTimeout(this.#timer);
        this.#timer = undefined;
        negotiation.settle();
      }
      this.#hasSpoken ||= text !== '';
      if (text !== '') yield { kind: 'text', text };
      if (this.#reader.finishReason !== null) this.#expectEnd();
    }
    // The library ends the chunks of an aborted request as if they were complete.
    signal.throwIfAborted();
    if (this.#isTooSlow) throw tooSlow(silenceTimeoutMs);
    if (this.#reader.finishReason === null) {
      const words = 'ended its answer without a reason to finish';
      throw new ProviderFailure({ code: 'UNAVAILABLE', words, next: 'again' });
    }
  }

  *#end(): Generator<AnswerPart, void, undefined> {
    const { note } = this.#input;
    const rest = this.#reader.rest();
    if (rest !== '') yield { kind: 'text', text: rest };
    const { finishReason, calls, hasAnswer } = this.#reader;
    if (finishReason === 'content_filter' && !hasAnswer) {
      const words = 'gave no answer: its content filter kept it back';
      throw new ProviderFailure({ code: 'PERMISSION_DENIED', words, next: 'nobody', isOutage: false });
    }
    if (finishReason === 'length' || finishReason === 'content_filter') {
      note({ kind: finishReason === 'length' ? 'lengthStop' : 'contentFilterStop' });
      if (!calls.isEmpty) note({ kind: 'toolCallDropped', reason: 'cut_off' });
      return;
    }
    for (const { name, args } of calls.finish()) {
      if (args === undefined) note({ kind: 'toolCallDropped', reason: 'malformed_arguments' });
      else yield { kind: 'command', name, args };
    }
  }

  #watchSilence(): void {
    const { silenceTimeoutMs } = this.#input;
    if (silenceTimeoutMs === 0) return;
    this.#timer = setTimeout(() => {
      this.#isTooSlow = true;
      this.#connection.abort();
    }, silenceTimeoutMs);
  }

  /** A connection that stays open behind the end of its answer does not keep the answer open. */
  #expectEnd(): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#connection.abort(), usageGraceMs);
  }

  #noteUsage(): void {
    const { provider, request } = this.#input;
    const { usage } = this.#reader;
    if (usage !== null) request.noteUsage?.({ ...usage, model: provider.options.model });
  }
}

function tooSlow(timeoutMs: number): ProviderFailure {
  const words = `said nothing for ${timeoutMs / 1000} s`;
  return new ProviderFailure({ code: 'DEADLINE_EXCEEDED', words, next: 'again' });
}
