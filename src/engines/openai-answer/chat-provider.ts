/**
 * One chat completions endpoint: its client, its breaker, and what it was found not to take. `open` asks it once and gives the chunks of its
 * answer; it never tries again by itself but for fields that the endpoint refuses. An abort reaches the socket at once.
 */
import OpenAI from 'openai';
import type { AnswerRequest } from '../answer-engine.ts';
import { Breaker, type BreakerOptions } from '../provider/breaker.ts';
import type { Secrets } from '../provider/error-words.ts';
import type { ChatProviderOptions } from './chat-provider-options.ts';
import { type ChatTask, chatRequest } from './chat-request.ts';
import { createGuardedFetch, ProviderRefusal, type StreamBounds } from './guarded-fetch.ts';
import {
  fieldsRefusedAtFirst,
  type OptionalField,
  type RefusedFields,
  refusedField,
  withRefusedField,
} from './refused-fields.ts';

/** What an endpoint refuses is asked anew after a while: it may have been given another model, or eyes. */
const refusedFieldsKeptMs = 600_000;

/** The library's own timer: it can't be switched off. It ends with the headers; the deadlines of an answer are the chart's. */
const longestHeadersMs = 2_147_483_647;

export interface ChatProviderParts {
  readonly task: ChatTask;
  readonly bounds: StreamBounds;
  readonly breaker: BreakerOptions;
  /** Told of a field that the endpoint was found not to take. */
  readonly onFieldRefused: (provider: ChatProvider, field: OptionalField) => void;
  /** A monotonic clock in ms. */
  readonly now: () => number;
}

export class ChatProvider {
  readonly options: ChatProviderOptions;
  readonly breaker: Breaker;
  readonly #parts: ChatProviderParts;
  readonly #client: OpenAI;
  readonly #refusedAtFirst: RefusedFields;
  #refused: RefusedFields;
  #learnedAtMs = 0;

  constructor(options: ChatProviderOptions, parts: ChatProviderParts) {
    this.options = options;
    this.#parts = parts;
    this.breaker = new Breaker(parts.breaker, parts.now);
    this.#refusedAtFirst = fieldsRefusedAtFirst(options.baseUrl);
    this.#refused = this.#refusedAtFirst;
    const { apiKey, baseUrl } = options;
    this.#client = new OpenAI({
      baseURL: baseUrl,
      apiKey: apiKey?.reveal() ?? 'none',
      defaultHeaders: {
        // Packing holds words back until a packet is worth it; and Node's fetch never ends a body that it can't unpack.
        'Accept-Encoding': 'identity',
        ...(apiKey === null && { Authorization: null }),
      },
      // Its own environment variables are none of our settings.
      organization: null,
      project: null,
      webhookSecret: null,
      logLevel: 'off',
      maxRetries: 0,
      timeout: longestHeadersMs,
      fetch: createGuardedFetch(parts.bounds, () => this.secrets),
    });
  }

  /** What nobody may see of what it says. */
  get secrets(): Secrets {
    return { key: this.options.apiKey?.reveal() ?? '' };
  }

  /** Asks, and resolves with the chunks when the endpoint has begun to answer. Throws what the library throws. */
  async open(request: AnswerRequest, signal: AbortSignal): Promise<AsyncIterable<unknown>> {
    const refusedBefore = new Set<OptionalField>();
    let refused = this.#currentlyRefused();
    for (;;) {
      const { body, sent } = chatRequest({ request, task: this.#parts.task, provider: this.options, refused });
      try {
        const chunks = await this.#client.chat.completions.create(body, { signal });
        if (refusedBefore.size > 0) this.#learn(refused, refusedBefore);
        return chunks;
      } catch (error) {
        const refusal = error instanceof Error ? error.cause : undefined;
        if (!(refusal instanceof ProviderRefusal) || signal.aborted) throw error;
        const field = refusedField(refusal, { sent, refusedBefore });
        if (field === null) throw error;
        refusedBefore.add(field);
        refused = withRefusedField(refused, field);
      }
    }
  }

  #currentlyRefused(): RefusedFields {
    if (this.#parts.now() - this.#learnedAtMs > refusedFieldsKeptMs) this.#refused = this.#refusedAtFirst;
    return this.#refused;
  }

  /** Only what has led to an answer is remembered. */
  #learn(refused: RefusedFields, found: ReadonlySet<OptionalField>): void {
    this.#refused = refused;
    this.#learnedAtMs = this.#parts.now();
    for (const field of found) this.#parts.onFieldRefused(this, field);
  }
}
