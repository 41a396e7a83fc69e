/**
 * One answer's request at one endpoint: how it is asked, what it has given up since the endpoint refused it, and what the endpoint was found
 * not to take. Kept over the tries of an answer, so that a second try does not find out the same again. Bounded: a part is given up once, and
 * an answer makes only a few concessions; what they were for is remembered when they have led to an answer.
 */
import type { AnswerRequest } from '../answer-engine.ts';
import { ProviderFailure } from '../provider/failure.ts';
import { meaningOf } from '../provider/http-status.ts';
import { type ChatProviderOptions, type ChatTask, chatRequest } from './chat-request.ts';
import { type Concession, concessionFor, type GivenUp, type RequestPart, withGivenUp } from './concessions.ts';

/** As many as an endpoint has habits; each costs a round trip, and somebody waits. */
export const mostConcessions = 6;

/** Statuses with which a request fails by chance, or for a reason that is not told. */
const isMaybeChance = ({ code, next }: ProviderFailure) => code === 'UNAVAILABLE' && next === 'again';

export interface NegotiationParts {
  readonly request: AnswerRequest;
  readonly task: ChatTask;
  readonly provider: ChatProviderOptions;
  /** What the endpoint is known not to take. */
  readonly givenUp: GivenUp;
  /** Told of each concession that is made. */
  readonly onConcession: (concession: Concession) => void;
  /** Told of those that are about the endpoint, once it has begun to answer. */
  readonly onFound: (parts: readonly RequestPart[]) => void;
}

export class Negotiation {
  readonly #parts: NegotiationParts;
  readonly #conceded = new Set<RequestPart>();
  #givenUp: GivenUp;
  #asked: ReturnType<typeof chatRequest>;
  #found: readonly RequestPart[] = [];
  #concessions = 0;
  #isRepeated = false;

  constructor(parts: NegotiationParts) {
    this.#parts = parts;
    this.#givenUp = parts.givenUp;
    this.#asked = chatRequest(parts);
  }

  /** The body to ask with now. */
  get body() {
    return this.#asked.body;
  }

  /** Gives up what the failure is about; false if there is no other way to ask. Only to be called while nothing was said. */
  concede(failure: ProviderFailure): boolean {
    const isRepeated = this.#isRepeated;
    this.#isRepeated ||= isMaybeChance(failure);
    if (failure.refusal === undefined || this.#concessions >= mostConcessions) return false;
    const { sent } = this.#asked;
    const { model } = this.#parts.provider;
    const concession = concessionFor(failure.refusal, { sent, conceded: this.#conceded, model, isRepeated });
    if (concession === null) return false;
    this.#concessions += 1;
    for (const part of concession.parts) this.#conceded.add(part);
    this.#givenUp = withGivenUp(this.#givenUp, concession.parts);
    this.#asked = chatRequest({ ...this.#parts, givenUp: this.#givenUp });
    if (concession.isLasting) this.#found = [...this.#found, ...concession.parts];
    this.#parts.onConcession(concession);
    return true;
  }

  /**
   * The failure as it is told when there is no other way to ask. A request that is still too long is the client's mistake if most of it is
   * what it says just now: nobody else can make that shorter.
   */
  lastWord(failure: ProviderFailure): ProviderFailure {
    const { refusal, message, detail } = failure;
    const isMostlyPrompt = this.#parts.request.prompt.length * 2 > JSON.stringify(this.body).length;
    if (refusal === undefined || !isMostlyPrompt || meaningOf(refusal) !== 'tooLong') return failure;
    const parts = { code: 'INVALID_ARGUMENT', words: message, detail, next: 'other', isOutage: false } as const;
    return new ProviderFailure({ ...parts, refusal, cause: failure });
  }

  /** The endpoint answers: what it did not take is remembered. */
  settle(): void {
    if (this.#found.length > 0) this.#parts.onFound(this.#found);
    this.#found = [];
  }
}
