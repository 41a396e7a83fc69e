/**
 * One answer over all its tries: each provider in its order, some tries each, those whose breaker is open passed over. When all of them are
 * open, the one that opened first is asked once: a refusal for sure helps nobody. As soon as a part was handed on there is no other try.
 */

import { EngineFailure, type ErrorCode } from '../../errors.ts';
import type { LogFields, Logger } from '../../observe/logger.ts';
import type { AnswerPart, AnswerRequest } from '../answer-engine.ts';
import type { BreakerPass, TryOutcome } from '../provider/breaker.ts';
import { withoutSecrets } from '../provider/error-words.ts';
import { ProviderFailure } from '../provider/failure.ts';
import { backoffMs, longestRetryWaitMs, waitFor } from '../provider/retry.ts';
import { type TryNote, tryAnswer } from './answer-try.ts';
import type { ChatProvider } from './chat-provider.ts';

export interface AnswerRunInput {
  readonly providers: readonly ChatProvider[];
  readonly retries: number;
  readonly attemptTimeoutMs: number;
  readonly log: Logger;
  readonly request: AnswerRequest;
  readonly signal: AbortSignal;
  /** Counts the retries of all answers, which spreads their waits. */
  readonly nextRetry: () => number;
}

interface FailedTry {
  readonly provider: ChatProvider;
  readonly failure: ProviderFailure;
}

type Parts = AsyncGenerator<AnswerPart, void, undefined>;

export class AnswerRun {
  readonly #input: AnswerRunInput;
  readonly #failed: FailedTry[] = [];
  #hasSpoken = false;
  #isDone = false;

  constructor(input: AnswerRunInput) {
    this.#input = input;
  }

  async *parts(): Parts {
    const { providers } = this.#input;
    for (const [index, provider] of providers.entries()) {
      yield* this.#ask(provider, providers.slice(index + 1));
      if (this.#isDone) return;
    }
    const first = providers.toSorted((a, b) => a.breaker.openedAtMs - b.breaker.openedAtMs)[0];
    if (this.#failed.length === 0 && first !== undefined) {
      yield* this.#try(first, first.breaker.force(), { isLast: true });
      if (this.#isDone) return;
    }
    throw failureOfTries(this.#failed);
  }

  /** The tries at one provider. */
  async *#ask(provider: ChatProvider, others: readonly ChatProvider[]): Parts {
    const { retries, signal, nextRetry } = this.#input;
    for (let retry = 0; retry <= retries; retry += 1) {
      const pass = provider.breaker.enter();
      if (pass === null) return;
      const hasOther = others.some(({ breaker }) => breaker.isPassable);
      yield* this.#try(provider, pass, { isLast: retry === retries && !hasOther });
      const failure = this.#failed.at(-1)?.failure;
      if (this.#isDone || failure === undefined || failure.next !== 'again' || retry === retries) return;
      const waitMs = failure.retryAfterMs ?? backoffMs(retry + 1, nextRetry());
      if (waitMs > longestRetryWaitMs) return;
      await waitFor(waitMs, signal);
    }
  }

  /** One try; one that failed before anything was said is noted, any other throws. */
  async *#try(provider: ChatProvider, pass: BreakerPass, { isLast }: { readonly isLast: boolean }): Parts {
    const { request, signal, attemptTimeoutMs } = this.#input;
    request.noteProvider?.({ provider: provider.options.name, retries: this.#failed.length });
    const stateBefore = provider.breaker.state;
    let outcome: TryOutcome = 'neither';
    const silenceTimeoutMs = isLast ? 0 : attemptTimeoutMs;
    const note = (each: TryNote) => this.#note(provider, each);
    try {
      for await (const part of tryAnswer({ provider, request, signal, silenceTimeoutMs, note })) {
        this.#hasSpoken = true;
        // Whoever leaves in the middle has heard that it works.
        outcome = 'good';
        yield part;
      }
      outcome = 'good';
      this.#isDone = true;
    } catch (error) {
      if (signal.aborted) throw signal.reason;
      if (!(error instanceof ProviderFailure)) throw error;
      outcome = error.isOutage ? 'outage' : 'neither';
      this.#noteFailure(provider, error);
      this.#failed.push({ provider, failure: error });
      if (this.#hasSpoken || error.next === 'nobody') throw failureOfTries([{ provider, failure: error }]);
    } finally {
      pass.settle(outcome);
      if (outcome !== 'neither') this.#noteBreaker(provider, stateBefore);
    }
  }

  #noteFailure({ options: { name, model } }: ChatProvider, { detail, code, next }: ProviderFailure): void {
    const ctx = { provider: name, model, reason: detail, error_code: code, tries: this.#failed.length + 1 };
    const isOurs = code === 'UNAUTHENTICATED' || code === 'PERMISSION_DENIED' || code === 'NOT_FOUND';
    const words = this.#hasSpoken ? 'a provider failed in the middle of its answer' : 'a provider gave no answer';
    // What only the operator can mend is an error.
    this.#log(isOurs && next === 'other' ? 'error' : 'warn', { decision: 'provider_failed', ctx }, words);
  }

  #noteBreaker(provider: ChatProvider, before: string): void {
    const { state } = provider.breaker;
    if (state === before) return;
    const ctx = { provider: provider.options.name, breaker: state };
    if (state === 'open') this.#log('error', { decision: 'breaker_open', ctx }, 'a provider is left alone for a while');
    if (state === 'closed') this.#log('info', { decision: 'breaker_closed', ctx }, 'a provider is in order again');
  }

  #note({ options: { name, model } }: ChatProvider, note: TryNote): void {
    const ctx = { provider: name, model };
    switch (note.kind) {
      case 'lengthStop':
        this.#log('info', { decision: 'length_stop', ctx }, 'the answer ends where its longest length was reached');
        return;
      case 'contentFilterStop':
        this.#log(
          'warn',
          { decision: 'content_filter_stop', ctx },
          "the answer ends where the provider's filter cut it",
        );
        return;
      case 'toolCallDropped': {
        const fields = { decision: 'tool_call_dropped', ctx: { ...ctx, reason: note.reason } };
        this.#log('warn', fields, 'a tool call that is not whole is no command');
      }
    }
  }

  #log(
    level: 'info' | 'warn' | 'error',
    { decision, ctx }: Pick<LogFields, 'decision' | 'ctx'>,
    message: string,
  ): void {
    const { log, request } = this.#input;
    const fields = { scope: 'engine', method: 'answer', decision, ctx: { hardware_id: request.hardwareId, ...ctx } };
    log[level](fields, message);
  }
}

/** Codes of troubles that may pass. */
const passingCodes: readonly ErrorCode[] = Object.freeze(['UNAVAILABLE', 'DEADLINE_EXCEEDED', 'RESOURCE_EXHAUSTED']);

/**
 * What a client is told after these tries, at least one of them: the code of the first provider whose trouble may pass, as then it makes sense
 * to try again; else that of the first. Its text names each provider once, and no key.
 */
function failureOfTries(tries: readonly FailedTry[]): EngineFailure {
  const lastOfEach = new Map(tries.map((each) => [each.provider, each]));
  const lasts = [...lastOfEach.values()];
  const chosen = lasts.find(({ failure }) => passingCodes.includes(failure.code)) ?? lasts[0];
  const message = lasts
    .map(({ provider, failure }) =>
      withoutSecrets(failure.told(`the model provider ${provider.options.name}`), provider.secrets),
    )
    .join('; ');
  return new EngineFailure({ errorCode: chosen?.failure.code, message }, { cause: chosen?.failure });
}
