/**
 * How a try at a provider failed, the one type for models and voices: what the client is told, what the operator's log says, and what may
 * be tried next. Neither text ever holds a key. What somebody said may stand in the words of a model's provider, so these are for the
 * client and not for the log.
 */
import type { ErrorCode } from '../../errors.ts';

/**
 * What makes sense after the failure: the same provider once more; another one; or nobody, because the request itself is at fault and would
 * fail everywhere.
 */
export type NextTry = 'again' | 'other' | 'nobody';

/** A refusal as it is read for its reasons. */
export interface RefusedWith {
  /** As HTTP has it, or as the error itself has it where it came with a good one. */
  readonly status: number;
  /** See ErrorWords; never shown. */
  readonly signs: string;
}

export interface FailureParts {
  readonly code: ErrorCode;
  /** For the client: completes "the voice openai …". No address, no path. */
  readonly words: string;
  /** For the log; absent = the words. */
  readonly detail?: string;
  /** What the words are about where that is not the provider, such as a voice that it does not have. */
  readonly subject?: string;
  readonly next: NextTry;
  /** How long the provider wants to be left alone. */
  readonly retryAfterMs?: number | undefined;
  /** False for a failure that says nothing against the provider: its breaker does not count it. Default true. */
  readonly isOutage?: boolean;
  /** The HTTP status, where the provider refused with one. */
  readonly status?: number;
  /** True where it did what it was asked, and what came is of no use. */
  readonly isAboutSound?: boolean;
  /** What the provider said instead of an answer, where it did: there may be another way to ask. */
  readonly refusal?: RefusedWith;
  readonly cause?: unknown;
}

export class ProviderFailure extends Error {
  override readonly name = 'ProviderFailure';
  readonly code: ErrorCode;
  readonly detail: string;
  readonly next: NextTry;
  readonly retryAfterMs: number | undefined;
  readonly isOutage: boolean;
  readonly status: number | undefined;
  readonly isAboutSound: boolean;
  readonly refusal: RefusedWith | undefined;
  readonly #subject: string | undefined;

  constructor({ words, detail = words, cause, ...parts }: FailureParts) {
    super(words, cause === undefined ? undefined : { cause });
    this.code = parts.code;
    this.detail = detail;
    this.next = parts.next;
    this.retryAfterMs = parts.retryAfterMs;
    this.isOutage = parts.isOutage ?? true;
    this.status = parts.status;
    this.isAboutSound = parts.isAboutSound ?? false;
    this.refusal = parts.refusal;
    this.#subject = parts.subject;
  }

  /** The sentence for the client; `provider` as in "the voice openai". */
  told(provider: string): string {
    return `${this.#subject ?? provider} ${this.message}`;
  }
}
