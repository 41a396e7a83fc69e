/**
 * One try at one provider, from the question to the end of its answer. As long as nothing was said, an endpoint that refuses the request is
 * asked again with less in it. By number (tests cite them):
 *
 * Try 1: an answer is whole only with a reason to finish or with `[DONE]`: a stream that just stops has failed.
 * Try 2: it is read until `[DONE]` or the end of its body. Behind the reason to finish more may come, words and the count of tokens: that is
 * waited for at most `endTimeoutMs` from the last of it; then the answer has ended as it said.
 * Try 3: commands go out when the answer has ended in order, and only then. One that reached its longest length or was cut by a filter
 * keeps its words and has none, and says so with `cutOff`.
 * Try 4: what breaks behind the reason to finish breaks nothing; an error that the provider tells of there takes the command.
 *
 * What was used is told however the try ends. Throws ProviderFailure; after an abort the signal's reason.
 */
import type { AnswerPart, AnswerRequest } from '../answer-engine.ts';
import { ProviderFailure } from '../provider/failure.ts';
import { onAbort } from '../provider/linked-abort.ts';
import { AnswerReader } from './answer-reader.ts';
import { type ChatProvider, failureOfError } from './chat-provider.ts';
import type { Negotiation } from './negotiation.ts';

type Parts = AsyncGenerator<AnswerPart, void, undefined>;

/** A stream that stays open for longer than this behind its reason to finish: who watches over the model is told. */
const lingeringMs = 100;

/** What is worth a log line. */
export type TryNote =
  | { readonly kind: 'lengthStop' }
  | { readonly kind: 'contentFilterStop' }
  /** A closing mark stands among the words: what came before it may have been thoughts. */
  | { readonly kind: 'closingMarkSaid' }
  /** The provider told of an error behind the end of its answer. */
  | { readonly kind: 'lateError'; readonly reason: string }
  | { readonly kind: 'toolCallDropped'; readonly reason: 'cut_off' | 'malformed_arguments' };

interface AnswerTryInput {
  readonly provider: ChatProvider;
  readonly negotiation: Negotiation;
  readonly request: AnswerRequest;
  readonly signal: AbortSignal;
  /** How long the provider may say nothing; 0 = others watch over that. */
  readonly silenceTimeoutMs: number;
  /** How long a stream may stay open behind the last that came after its reason to finish. */
  readonly endTimeoutMs: number;
  /** The names of the tools that the model may call. */
  readonly tools: readonly string[];
  readonly note: (note: TryNote) => void;
}

export class AnswerTry {
  readonly #input: AnswerTryInput;
  #reader: AnswerReader;
  #hasSpoken = false;
  /** White space before the first word: nobody hears it, so it keeps nobody from another try. */
  #lead = '';
  /** Ends the request, whoever wants it to end. */
  readonly #connection = new AbortController();
  #timer: NodeJS.Timeout | undefined;
  #endTimer: NodeJS.Timeout | undefined;
  #lingeringTimer: NodeJS.Timeout | undefined;
  #isTooSlow = false;
  #hasLateError = false;
  #isMarkNoted = false;

  constructor(input: AnswerTryInput) {
    this.#input = input;
    this.#reader = this.#createReader();
  }

  #createReader(): AnswerReader {
    const { provider, tools } = this.#input;
    return new AnswerReader({ secrets: provider.secrets, thoughts: provider.options.thoughts, tools });
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
      this.#stopTimers();
      unlink();
      this.#connection.abort();
      this.#noteUsage();
    }
  }

  /** The text of the answer; asks again, with less, for as long as nothing was said and there is another way to ask. */
  async *#text(): Parts {
    const { negotiation, signal, silenceTimeoutMs } = this.#input;
    for (;;) {
      try {
        yield* this.#items();
        return;
      } catch (error) {
        signal.throwIfAborted();
        if (this.#isTooSlow) throw tooSlow(silenceTimeoutMs);
        if (this.#isAfterEnd(error)) return;
        const failure = failureOfError(error);
        if (this.#hasSpoken) throw failure;
        if (!negotiation.concede(failure)) throw negotiation.lastWord(failure);
        // The time of a try is that of all it asks; one who was heard to think starts anew.
        if (this.#timer === undefined) this.#watchSilence();
        clearTimeout(this.#endTimer);
        this.#endTimer = undefined;
        clearTimeout(this.#lingeringTimer);
        this.#reader = this.#createReader();
        this.#lead = '';
      }
    }
  }

  async *#items(): Parts {
    const { provider, negotiation, signal, silenceTimeoutMs } = this.#input;
    for await (const item of await provider.open(negotiation, this.#connection.signal)) {
      // What came before the abort, and waits in a buffer, is for nobody.
      signal.throwIfAborted();
      const { text, isAlive } = this.#reader.take(item);
      if (isAlive) {
        clearTimeout(this.#timer);
        this.#timer = undefined;
        negotiation.settle();
      }
      // One that was opened among the words is no sign that its opening was left out.
      if (text.includes('<think')) this.#isMarkNoted = true;
      if (text.includes('</think')) this.#noteMark();
      yield* this.#say(text);
      if (this.#reader.isDone) break;
      if (this.#reader.ending !== null && (isAlive || this.#endTimer === undefined)) this.#expectEnd();
    }
    signal.throwIfAborted();
    if (this.#isTooSlow) throw tooSlow(silenceTimeoutMs);
    if (this.#reader.ending === null) {
      const words = 'ended its answer without a reason to finish';
      throw new ProviderFailure({ code: 'UNAVAILABLE', words, next: 'again' });
    }
    // It may be the picture that is not liked, or what was said before.
    if (this.#reader.ending === 'contentFilter' && !this.#reader.hasWords) throw keptBack();
  }

  *#say(text: string): Generator<AnswerPart, void, undefined> {
    if (!this.#hasSpoken && text.trim() === '') {
      this.#lead += text;
      return;
    }
    if (text === '') return;
    this.#hasSpoken = true;
    yield { kind: 'text', text: this.#lead + text };
    this.#lead = '';
  }

  *#end(): Generator<AnswerPart, void, undefined> {
    const { note } = this.#input;
    const rest = this.#reader.rest();
    yield* this.#say(rest);
    const { ending, calls } = this.#reader;
    // A stream that stayed open, or broke, behind its reason: there is no answer all the same.
    if (ending === 'contentFilter' && !this.#reader.hasWords) throw keptBack();
    if (ending !== 'inOrder' || this.#hasLateError) {
      if (ending === 'length') note({ kind: 'lengthStop' });
      if (ending === 'contentFilter') note({ kind: 'contentFilterStop' });
      if (!calls.isEmpty) note({ kind: 'toolCallDropped', reason: 'cut_off' });
      yield { kind: 'cutOff' };
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

  /** Try 2 */
  #expectEnd(): void {
    const { endTimeoutMs, request } = this.#input;
    this.#stopTimers();
    this.#endTimer = setTimeout(() => this.#connection.abort(), endTimeoutMs);
    this.#lingeringTimer = setTimeout(() => request.noteEnding?.(), Math.min(lingeringMs, endTimeoutMs));
  }

  #stopTimers(): void {
    for (const timer of [this.#timer, this.#endTimer, this.#lingeringTimer]) clearTimeout(timer);
    this.#timer = undefined;
    this.#endTimer = undefined;
    this.#lingeringTimer = undefined;
  }

  /** Try 4: true if the answer had ended when this came, and there is one. Whoever has heard it keeps it. */
  #isAfterEnd(error: unknown): boolean {
    if (this.#reader.ending === null) return false;
    if (!(error instanceof ProviderFailure)) return true;
    if (!this.#reader.hasWords) return false;
    this.#hasLateError = true;
    this.#input.note({ kind: 'lateError', reason: error.detail });
    return true;
  }

  /** A mark is one token, so it comes in one piece; a hint need not be sure. */
  #noteMark(): void {
    if (this.#isMarkNoted || this.#input.provider.options.thoughts !== 'auto') return;
    this.#isMarkNoted = true;
    this.#input.note({ kind: 'closingMarkSaid' });
  }

  #noteUsage(): void {
    const { provider, request } = this.#input;
    const { usage } = this.#reader;
    if (usage !== null) request.noteUsage?.({ ...usage, model: provider.options.model });
  }
}

/** An answer of which a filter has left nothing is a refusal that came late. */
function keptBack(): ProviderFailure {
  const words = 'gave no answer: its content filter kept it back';
  const refusal = { status: 400, signs: 'content_filter' };
  return new ProviderFailure({ code: 'PERMISSION_DENIED', words, next: 'nobody', isOutage: false, refusal });
}

function tooSlow(timeoutMs: number): ProviderFailure {
  const words = `said nothing for ${timeoutMs / 1000} s`;
  return new ProviderFailure({ code: 'DEADLINE_EXCEEDED', words, next: 'again' });
}
