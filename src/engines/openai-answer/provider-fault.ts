/**
 * How a try at a provider failed: what the client is told if nobody else answers, and what may be tried next. Its message names the provider
 * and never holds a key; its `detail` is the provider's own words, which may quote what somebody said, so it is for the client and not for
 * a log.
 */
import type { ErrorCode } from '../../errors.ts';

/**
 * What makes sense after the failure: the same provider once more; the next one; or nobody, because the request itself is at fault and would
 * fail everywhere.
 */
export type NextTry = 'sameAgain' | 'nextProvider' | 'nobody';

export interface FaultWords {
  readonly errorCode: ErrorCode;
  /** Completes "provider NAME …"; ours, safe to log. */
  readonly what: string;
  /** The provider's words, cleaned and bounded; '' = none. */
  readonly detail?: string;
  readonly next: NextTry;
  /** How long the provider wants to be left alone. */
  readonly retryAfterMs?: number;
  /** False for a failure that says nothing against the provider: its breaker does not count it. Default true. */
  readonly isOutage?: boolean;
}

export class ProviderFault extends Error {
  override readonly name = 'ProviderFault';
  readonly errorCode: ErrorCode;
  readonly what: string;
  readonly next: NextTry;
  readonly retryAfterMs: number | undefined;
  readonly isOutage: boolean;

  constructor(words: FaultWords, options?: { readonly cause?: unknown }) {
    const { detail = '' } = words;
    super(detail === '' ? words.what : `${words.what}: ${detail}`, options);
    this.errorCode = words.errorCode;
    this.what = words.what;
    this.next = words.next;
    this.retryAfterMs = words.retryAfterMs;
    this.isOutage = words.isOutage ?? true;
  }
}
