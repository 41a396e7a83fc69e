/**
 * Answers from language models behind any chat completions endpoint, of one provider or of several in an order. Retries and other providers
 * are only for an answer of which nothing was handed on yet: nobody hears the beginning of two answers. Whatever goes wrong ends in one
 * EngineFailure within a bounded number of tries; `start` asks nobody, so a wrong key shows with the first question.
 */
import type { Logger } from '../../observe/logger.ts';
import type { AnswerEngine, AnswerRequest } from '../answer-engine.ts';
import { type BreakerOptions, defaultBreakerOptions } from '../provider/breaker.ts';
import { abortableStream } from '../provider/linked-abort.ts';
import { createRetryCounter } from '../provider/retry.ts';
import { AnswerRun } from './answer-run.ts';
import { ChatProvider } from './chat-provider.ts';
import type { ChatProviderOptions, ChatTask } from './chat-request.ts';
import { defaultStreamBounds, type StreamBounds } from './guarded-fetch.ts';

export interface OpenAiAnswerOptions {
  /** In the order they are asked; at least one. */
  readonly providers: readonly ChatProviderOptions[];
  /** Further tries at the same provider. */
  readonly retries: number;
  /** How long a try may say nothing while another one is left; 0 = off. */
  readonly attemptTimeoutMs: number;
  readonly task: ChatTask;
  readonly log: Logger;
  readonly bounds?: StreamBounds;
  readonly breaker?: BreakerOptions;
}

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
        onFieldRefused: ({ options: { name, model } }, field) => {
          const fields = {
            scope: 'engine',
            method: 'answer',
            decision: 'field_refused',
            ctx: { provider: name, model, field },
          };
          log.warn(fields, 'a provider does not take a field of our requests; it is left out for now');
        },
      }),
  );
  const nextRetry = createRetryCounter();
  const { retries, attemptTimeoutMs } = options;
  return {
    name: 'openai',
    async start() {},
    answer: (request: AnswerRequest, signal) =>
      abortableStream(signal, (ended) =>
        new AnswerRun({ providers, retries, attemptTimeoutMs, log, request, signal: ended, nextRetry }).parts(),
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
