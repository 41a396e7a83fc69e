/**
 * Answers from language models behind any chat completions endpoint, of one provider or of several in an order. An answer is asked of each
 * provider in its order, some tries each; those whose breaker is open are passed over. When all of them are open, the one that opened first
 * is asked once: a refusal for sure helps nobody.
 *
 * Retries and other providers are only for an answer of which nothing was handed on yet: nobody hears the beginning of two answers.
 * Whatever goes wrong ends in one EngineFailure within a bounded number of tries; `start` asks nobody, so a wrong key shows with the first
 * question.
 */
import { EngineFailure, type ErrorCode } from '../../errors.ts';
import type { LogFields, Logger } from '../../observe/logger.ts';
import type { AnswerEngine, AnswerPart, AnswerRequest } from '../answer-engine.ts';
import {
  type BreakerChange,
  type BreakerOptions,
  type BreakerPass,
  defaultBreakerOptions,
  type TryOutcome,
} from '../provider/breaker.ts';
import { withoutSecrets } from '../provider/error-words.ts';
import { ProviderFailure } from '../provider/failure.ts';
import { abortableStream } from '../provider/linked-abort.ts';
import { backoffMs, createRetryCounter, longestRetryWaitMs, waitFor } from '../provider/retry.ts';
import { AnswerTry, type TryNote } from './answer-try.ts';
import { ChatProvider } from './chat-provider.ts';
import type { ChatProviderOptions, ChatTask } from './chat-request.ts';
import { defaultStreamBounds, type StreamBounds } from './chunk-stream.ts';
import type { Negotiation } from './negotiation.ts';

export interface OpenAiAnswerOptions {
  /** In the order they are asked; at least one. */
  readonly providers: readonly ChatProviderOptions[];
  /** Further tries at the same provider. */
  readonly retries: number;
  /** How long a try may say nothing while another one is left; 0 = off. */
  readonly attemptTimeoutMs: number;
  /** How long a stream may stay open behind its reason to finish; 0 = as long as ANSWER_STALL_TIMEOUT would have it by itself. */
  readonly endTimeoutMs: number;
  readonly task: ChatTask;
  readonly log: Logger;
  readonly bounds?: StreamBounds;
  readonly breaker?: BreakerOptions;
}

/** Nobody waits longer for a server that never closes, even where no time is set for it. */
const defaultEndTimeoutMs = 30_000;

/** The engine that asks language models. Throws if there is nobody to ask. */
export function createOpenAiAnswerEngine(options: OpenAiAnswerOptions): AnswerEngine {
  const { log, task, bounds = defaultStreamBounds, breaker = defaultBreakerOptions } = options;
  if (options.providers.length === 0) throw new Error('the engine openai needs a provider: set ANSWER_MODEL');
  const providers = options.providers.map(
    (provider) =>
      new ChatProvider(provider, {
        task,
        bounds,
        breaker,
        now: () => performance.now(),
        onFound: ({ options: { name, model } }, field) => {
          const fields = {
            scope: 'engine',
            method: 'answer',
            decision: 'field_refused',
            ctx: { provider: name, model, field },
          };
          log.warn(fields, 'a provider does not take a part of our requests; it is left out for now');
        },
      }),
  );
  const nextRetry = createRetryCounter();
  const { retries, attemptTimeoutMs } = options;
  const limits = {
    retries,
    attemptTimeoutMs,
    endTimeoutMs: options.endTimeoutMs > 0 ? options.endTimeoutMs : defaultEndTimeoutMs,
    tools: task.tools.map(({ name }) => name),
  };
  return {
    name: 'openai',
    async start() {},
    answer: (request: AnswerRequest, signal) =>
      abortableStream(signal, (ended) =>
        new AnswerRun({ ...limits, providers, log, request, signal: ended, nextRetry }).parts(),
      ),
    status: () => ({
      answer_providers: providers.map(({ options: { name, model }, breaker: { state } }) => ({
        name,
        model,
        breaker: state,
      })),
    }),
    async stop() {},
  };
}

interface AnswerRunInput {
  readonly providers: readonly ChatProvider[];
  readonly retries: number;
  readonly attemptTimeoutMs: number;
  readonly endTimeoutMs: number;
  readonly tools: readonly string[];
  readonly log: Logger;
  readonly request: AnswerRequest;
  readonly signal: AbortSignal;
  /** Counts the retries of all answers, which spreads their waits. */
  readonly nextRetry: () => number;
}

interface TryPlan {
  /** True if nobody is asked after this. */
  readonly isLast: boolean;
  readonly negotiation: Negotiation;
}

interface FailedTry {
  readonly provider: ChatProvider;
  readonly failure: ProviderFailure;
}

type Parts = AsyncGenerator<AnswerPart, void, undefined>;

/** One answer over all its tries. */
class AnswerRun {
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
      yield* this.#try(first, first.breaker.force(), { isLast: true, negotiation: this.#negotiate(first) });
      if (this.#isDone) return;
    }
    throw failureOfTries(this.#failed);
  }

  /** The tries at one provider. */
  async *#ask(provider: ChatProvider, others: readonly ChatProvider[]): Parts {
    const { retries, signal, nextRetry } = this.#input;
    const negotiation = this.#negotiate(provider);
    for (let retry = 0; retry <= retries; retry += 1) {
      const pass = provider.breaker.enter();
      if (pass === null) return;
      const hasOther = others.some(({ breaker }) => breaker.isPassable);
      yield* this.#try(provider, pass, { isLast: retry === retries && !hasOther, negotiation });
      const failure = this.#failed.at(-1)?.failure;
      if (this.#isDone || failure === undefined || failure.next !== 'again' || retry === retries) return;
      const waitMs = failure.retryAfterMs ?? backoffMs(retry + 1, nextRetry());
      if (waitMs > longestRetryWaitMs) return;
      await waitFor(waitMs, signal);
    }
  }

  /** One try; one that failed before anything was said is noted, any other throws. */
  async *#try(provider: ChatProvider, pass: BreakerPass, { isLast, negotiation }: TryPlan): Parts {
    const { request, signal, attemptTimeoutMs, endTimeoutMs, tools } = this.#input;
    request.noteProvider?.({ provider: provider.options.name, retries: this.#failed.length });
    let outcome: TryOutcome = 'neither';
    const silenceTimeoutMs = isLast ? 0 : attemptTimeoutMs;
    const note = (each: TryNote) => this.#note(provider, each);
    try {
      for await (const part of new AnswerTry({
        provider,
        negotiation,
        request,
        signal,
        silenceTimeoutMs,
        endTimeoutMs,
        tools,
        note,
      }).parts()) {
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
      this.#noteBreaker(provider, pass.settle(outcome));
    }
  }

  #negotiate(provider: ChatProvider): Negotiation {
    const { name, model } = provider.options;
    return provider.negotiate(this.#input.request, ({ parts, isLasting }) => {
      // What lasts has its own line, once it is sure.
      if (isLasting) return;
      const ctx = { provider: name, model, without: parts.join(', ') };
      this.#log(
        'info',
        { decision: 'request_reduced', ctx },
        'a provider refused a request; it is asked with less in it',
      );
    });
  }

  #noteFailure({ options: { name, model } }: ChatProvider, failure: ProviderFailure): void {
    const { detail, code, next, status = 0 } = failure;
    const ctx = { provider: name, model, reason: detail, error_code: code, tries: this.#failed.length + 1 };
    const isRefused = code === 'UNAVAILABLE' && status >= 400 && status < 500;
    const isOurs = code === 'UNAUTHENTICATED' || code === 'PERMISSION_DENIED' || code === 'NOT_FOUND' || isRefused;
    const words = this.#hasSpoken ? 'a provider failed in the middle of its answer' : 'a provider gave no answer';
    // What only the operator can mend is an error.
    this.#log(isOurs && next === 'other' ? 'error' : 'warn', { decision: 'provider_failed', ctx }, words);
  }

  #noteBreaker(provider: ChatProvider, change: BreakerChange): void {
    if (change === 'none') return;
    const ctx = { provider: provider.options.name, breaker: provider.breaker.state };
    if (change === 'opened')
      this.#log('error', { decision: 'breaker_open', ctx }, 'a provider is left alone for a while');
    else this.#log('info', { decision: 'breaker_closed', ctx }, 'a provider is in order again');
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
      case 'closingMarkSaid':
        this.#log(
          'warn',
          { decision: 'thoughts_said', ctx },
          'an answer has a closing mark of thoughts in it; set ANSWER_THOUGHTS=closing-tag if its template opens them',
        );
        return;
      case 'lateError': {
        const fields = { decision: 'late_error', ctx: { ...ctx, reason: note.reason } };
        this.#log('warn', fields, 'a provider told of an error behind its answer: the words stay, a command does not');
        return;
      }
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
 * What a client is told after these tries, at least one of them: the code of the first provider whose trouble may pass, as then it makes
 * sense to try again; else that of the first. Its text names each provider once, and no key.
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
