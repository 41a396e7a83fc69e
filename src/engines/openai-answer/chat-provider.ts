/**
 * One chat completions endpoint: its client, its breaker, what it was found not to take, and what it means that a try at it failed.
 * `open` asks it once and gives the chunks of its answer. An abort reaches the socket at once. What a status means stands in
 * provider/http-status.ts; here are the words of it, and what the library and fetch throw.
 */
import OpenAI, { APIConnectionError, APIConnectionTimeoutError, APIError } from 'openai';
import type { AnswerRequest } from '../answer-engine.ts';
import { Breaker, type BreakerOptions } from '../provider/breaker.ts';
import type { Secrets } from '../provider/error-words.ts';
import { ProviderFailure } from '../provider/failure.ts';
import { failureOfRefusal, type RefusalWords } from '../provider/http-status.ts';
import type { ChatProviderOptions, ChatTask } from './chat-request.ts';
import { readItems, type StreamBounds, type StreamItem } from './chunk-stream.ts';
import { type Concession, type GivenUp, givenUpAtFirst, type RequestPart, withGivenUp } from './concessions.ts';
import { createGuardedFetch, ProviderRefusal } from './guarded-fetch.ts';
import { Negotiation } from './negotiation.ts';

/** What an endpoint does not take is tried anew after a while: it may have been given another model, or eyes. */
const foundKeptMs = 600_000;

/** The library's own timer: it can't be switched off. It ends with the headers; the deadlines of an answer are the chart's. */
const longestHeadersMs = 2_147_483_647;

export interface ChatProviderParts {
  readonly task: ChatTask;
  readonly bounds: StreamBounds;
  readonly breaker: BreakerOptions;
  /** Told of a part of requests that the endpoint was found not to take. */
  readonly onFound: (provider: ChatProvider, part: RequestPart) => void;
  /** A monotonic clock in ms. */
  readonly now: () => number;
}

export class ChatProvider {
  readonly options: ChatProviderOptions;
  readonly breaker: Breaker;
  readonly #parts: ChatProviderParts;
  readonly #client: OpenAI;
  readonly #givenUpAtFirst: GivenUp;
  /** When each part was found not to be taken. */
  readonly #foundAtMs = new Map<RequestPart, number>();

  constructor(options: ChatProviderOptions, parts: ChatProviderParts) {
    this.options = options;
    this.#parts = parts;
    this.breaker = new Breaker(parts.breaker, parts.now);
    this.#givenUpAtFirst = givenUpAtFirst(options.baseUrl);
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
      fetch: createGuardedFetch(() => this.secrets),
    });
  }

  /** What nobody may see of what it says. */
  get secrets(): Secrets {
    return { key: this.options.apiKey?.reveal() ?? '' };
  }

  /** How an answer is asked of this endpoint, to be kept over all its tries. */
  negotiate(request: AnswerRequest, onConcession: (concession: Concession) => void): Negotiation {
    return new Negotiation({
      request,
      task: this.#parts.task,
      provider: this.options,
      givenUp: this.#knownNotTaken(),
      onConcession,
      onFound: (parts) => this.#remember(parts),
    });
  }

  /** Asks, and resolves with what comes when the endpoint has begun to answer. Throws what the library throws. */
  async open({ body }: Negotiation, signal: AbortSignal): Promise<AsyncIterable<StreamItem>> {
    // The library's own reader of streams ends at the first line that is not of the protocol.
    const response = await this.#client.chat.completions.create(body, { signal }).asResponse();
    return readItems(response, this.#parts.bounds, signal);
  }

  #knownNotTaken(): GivenUp {
    const oldestMs = this.#parts.now() - foundKeptMs;
    for (const [part, atMs] of this.#foundAtMs) if (atMs < oldestMs) this.#foundAtMs.delete(part);
    return withGivenUp(this.#givenUpAtFirst, [...this.#foundAtMs.keys()]);
  }

  #remember(parts: readonly RequestPart[]): void {
    // A new name for the longest answer takes the place of the other one.
    const known = withGivenUp(new Set(this.#foundAtMs.keys()), parts);
    for (const part of this.#foundAtMs.keys()) if (!known.has(part)) this.#foundAtMs.delete(part);
    for (const part of parts) {
      this.#foundAtMs.set(part, this.#parts.now());
      this.#parts.onFound(this, part);
    }
  }
}

const modelRefusals: RefusalWords = Object.freeze({
  words: Object.freeze({
    badRequest: 'refuses the request',
    tooLong: 'finds the request too long',
    filtered: 'gave no answer: its content filter kept it back',
    botchedCall: 'wrote a call of a tool that can not be read',
    wrongKey: 'does not accept the key of this server',
    noCredit: 'has no credit left',
    forbidden: 'forbids it',
    notFound: 'does not know this model, or has nothing at this address',
    tookTooLong: 'took too long',
    busy: 'is busy',
    tooMany: 'has too much to do',
    broken: 'is out of order',
    notOffered: 'is out of order',
    moved: 'answered something unexpected',
    unexpected: 'answered something unexpected',
  }),
  statusName: 'status',
  // A model's provider may quote what somebody asked.
  logsSaid: false,
});

/** The failure for whatever a try threw. What is neither of the network nor of the provider is thrown on: a bug of ours. */
export function failureOfError(error: unknown): ProviderFailure {
  const thrown = innermost(error);
  if (thrown instanceof ProviderFailure) return thrown;
  if (thrown instanceof ProviderRefusal) return failureOfRefusal(thrown, modelRefusals);
  if (error instanceof APIConnectionTimeoutError || systemCodeOf(error).includes('TIMEOUT')) {
    const words = 'did not answer in time';
    return new ProviderFailure({ code: 'DEADLINE_EXCEEDED', words, next: 'again', cause: error });
  }
  if (error instanceof APIConnectionError) return unavailable(`can't be reached${inBrackets(error)}`, error);
  if (error instanceof APIError) return unavailable('answered something unexpected', error);
  // What fetch throws when a body breaks off.
  if (systemCodeOf(error) !== '' || (error instanceof TypeError && error.message === 'terminated')) {
    return unavailable(`broke the connection off${inBrackets(error)}`, error);
  }
  throw error;
}

/** What we threw ourselves inside of fetch. */
function innermost(error: unknown): unknown {
  let found = error;
  for (let depth = 0; depth < 4 && found instanceof Error; depth += 1) {
    if (found instanceof ProviderFailure || found instanceof ProviderRefusal) return found;
    found = found.cause;
  }
  return undefined;
}

function unavailable(words: string, cause: unknown): ProviderFailure {
  return new ProviderFailure({ code: 'UNAVAILABLE', words, next: 'again', cause });
}

function inBrackets(error: unknown): string {
  const code = systemCodeOf(error);
  return code === '' ? '' : ` (${code})`;
}

/** ECONNREFUSED, UND_ERR_SOCKET and the like, wherever in the chain of causes it stands; '' = none. Node's own ERR_… are bugs of ours. */
function systemCodeOf(error: unknown): string {
  let found = error;
  for (let depth = 0; depth < 5 && found instanceof Error; depth += 1) {
    if ('code' in found && typeof found.code === 'string' && /^(?!ERR_)[A-Z][A-Z0-9_]+$/.test(found.code)) {
      return found.code;
    }
    found = found.cause;
  }
  return '';
}
