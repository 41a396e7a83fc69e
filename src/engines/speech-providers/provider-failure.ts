/**
 * How one try of a sentence failed: what to declare, and whether another try may help. The message is for clients and must not have
 * a key, an address or words of a sentence; what only the operator may see is the detail.
 */
import { EngineFailure, type ErrorCode } from '../../errors.ts';

interface FailedTry {
  readonly errorCode: ErrorCode;
  readonly message: string;
  /** For the log; absent = the message says all. */
  readonly detail?: string;
  readonly isRetryable: boolean;
  /** How long the provider wants to be left alone; absent = it did not say. */
  readonly retryAfterMs?: number;
  readonly cause?: unknown;
}

export class ProviderFailure extends Error {
  override readonly name = 'ProviderFailure';
  readonly errorCode: ErrorCode;
  readonly detail: string;
  readonly isRetryable: boolean;
  readonly retryAfterMs: number | null;

  constructor({ errorCode, message, detail, isRetryable, retryAfterMs, cause }: FailedTry) {
    super(message, { cause });
    this.errorCode = errorCode;
    this.detail = detail ?? message;
    this.isRetryable = isRetryable;
    this.retryAfterMs = retryAfterMs ?? null;
  }

  /** As the port declares it. Final: whoever made it has tried again as often as the configuration wants. */
  declared(): EngineFailure {
    return new EngineFailure({ errorCode: this.errorCode, message: this.message }, { cause: this, isFinal: true });
  }
}
