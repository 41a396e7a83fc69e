/**
 * THE error table: every way a call can fail, the gRPC status it ends with, how loud it is, and when to try again; each row's words for
 * people (when it happens, what to do about it) stand under its name in error-words.ts. docs/ERRORS.md is checked against both in both directions. Below rpc/ nobody speaks gRPC: a failure is plain
 * data (error_code, error_type, message) that survives a chart's context, a log and a replay unchanged.
 */

/** The nine status names a failure may carry; each equals the gRPC status of the same name. */
export const errorCodes = [
  'INVALID_ARGUMENT',
  'RESOURCE_EXHAUSTED',
  'DEADLINE_EXCEEDED',
  'UNAVAILABLE',
  'CANCELLED',
  'PERMISSION_DENIED',
  'NOT_FOUND',
  'UNAUTHENTICATED',
  'INTERNAL',
] as const;

export type ErrorCode = (typeof errorCodes)[number];

/** Of the line that tells of a failed call. */
export type FailureLevel = 'info' | 'warn' | 'error';

interface ErrorRow {
  readonly code: ErrorCode;
  /** How its one line stands in the log: what was asked for or passes by itself, what a caller or a bound is to blame for, what is ours. */
  readonly logLevel: FailureLevel;
  /** How long a client waits before it tries again, in milliseconds; absent = trying again unchanged is pointless. */
  readonly retryAfterMs?: number;
}

export const errorTable = {
  missing_session_id: {
    code: 'INVALID_ARGUMENT',
    logLevel: 'warn',
  },
  invalid_session_id: {
    code: 'INVALID_ARGUMENT',
    logLevel: 'warn',
  },
  invalid_hardware_id: {
    code: 'INVALID_ARGUMENT',
    logLevel: 'warn',
  },
  empty_prompt: {
    code: 'INVALID_ARGUMENT',
    logLevel: 'warn',
  },
  invalid_phase: {
    code: 'INVALID_ARGUMENT',
    logLevel: 'warn',
  },
  invalid_screenshot: {
    code: 'INVALID_ARGUMENT',
    logLevel: 'warn',
  },
  invalid_request: {
    code: 'INVALID_ARGUMENT',
    logLevel: 'warn',
  },
  concurrent_request: {
    code: 'RESOURCE_EXHAUSTED',
    logLevel: 'warn',
    retryAfterMs: 1000,
  },
  concurrent_hardware_id: {
    code: 'RESOURCE_EXHAUSTED',
    logLevel: 'warn',
    retryAfterMs: 1000,
  },
  device_limit_exceeded: {
    code: 'RESOURCE_EXHAUSTED',
    logLevel: 'warn',
    retryAfterMs: 1000,
  },
  stream_limit_exceeded: {
    code: 'RESOURCE_EXHAUSTED',
    logLevel: 'warn',
    retryAfterMs: 1000,
  },
  rate_limit_exceeded: {
    code: 'RESOURCE_EXHAUSTED',
    logLevel: 'warn',
    retryAfterMs: 1000,
  },
  overloaded: {
    code: 'RESOURCE_EXHAUSTED',
    logLevel: 'warn',
    retryAfterMs: 1000,
  },
  request_too_large: {
    code: 'RESOURCE_EXHAUSTED',
    logLevel: 'warn',
  },
  stream_idle_timeout: {
    code: 'DEADLINE_EXCEEDED',
    logLevel: 'warn',
    retryAfterMs: 1000,
  },
  first_token_timeout: {
    code: 'DEADLINE_EXCEEDED',
    logLevel: 'error',
    retryAfterMs: 1000,
  },
  answer_stalled: {
    code: 'DEADLINE_EXCEEDED',
    logLevel: 'error',
    retryAfterMs: 1000,
  },
  session_timeout: {
    code: 'DEADLINE_EXCEEDED',
    logLevel: 'error',
  },
  answer_failed: {
    code: 'UNAVAILABLE',
    logLevel: 'error',
    retryAfterMs: 1000,
  },
  empty_answer: {
    code: 'UNAVAILABLE',
    logLevel: 'error',
    retryAfterMs: 1000,
  },
  speech_failed: {
    code: 'UNAVAILABLE',
    logLevel: 'error',
    retryAfterMs: 1000,
  },
  starting: {
    code: 'UNAVAILABLE',
    logLevel: 'info',
    retryAfterMs: 500,
  },
  draining: {
    code: 'UNAVAILABLE',
    logLevel: 'info',
    retryAfterMs: 2000,
  },
  interrupted: {
    code: 'CANCELLED',
    logLevel: 'info',
  },
  superseded: {
    code: 'CANCELLED',
    logLevel: 'info',
  },
  client_cancelled: {
    code: 'CANCELLED',
    logLevel: 'info',
  },
  access_denied: {
    code: 'PERMISSION_DENIED',
    logLevel: 'warn',
  },
  not_found: {
    code: 'NOT_FOUND',
    logLevel: 'warn',
  },
  unauthenticated: {
    code: 'UNAUTHENTICATED',
    logLevel: 'error',
  },
  not_initialized: {
    code: 'INTERNAL',
    logLevel: 'error',
  },
  session_fault: {
    code: 'INTERNAL',
    logLevel: 'error',
  },
  processing_error: {
    code: 'INTERNAL',
    logLevel: 'error',
  },
} as const satisfies Record<string, ErrorRow>;

export type ErrorType = keyof typeof errorTable;

/** How a call failed, as plain JSON. `errorCode` is always that of the row `errorType` in the table. */
export interface Failure {
  readonly errorCode: ErrorCode;
  readonly errorType: ErrorType;
  readonly message: string;
}

/** What an engine may say of its own failure; every field is the engine's word and none of it is trusted. */
export interface DeclaredFailure {
  readonly errorCode?: string | undefined;
  readonly message: string;
}

const typeOfDeclaredCode: Readonly<Record<ErrorCode, ErrorType>> = {
  INVALID_ARGUMENT: 'invalid_request',
  RESOURCE_EXHAUSTED: 'overloaded',
  DEADLINE_EXCEEDED: 'answer_stalled',
  UNAVAILABLE: 'answer_failed',
  CANCELLED: 'client_cancelled',
  PERMISSION_DENIED: 'access_denied',
  NOT_FOUND: 'not_found',
  UNAUTHENTICATED: 'unauthenticated',
  INTERNAL: 'processing_error',
};

/** A Failure of the given type, with the code that the table gives it. */
export function failure(errorType: ErrorType, message: string): Failure {
  return { errorCode: errorTable[errorType].code, errorType, message };
}

/** True if `value` is one of the nine codes of the table. */
export function isErrorCode(value: unknown): value is ErrorCode {
  return errorCodes.some((code) => code === value);
}

/** True if `value` names a row of the table. */
export function isErrorType(value: unknown): value is ErrorType {
  return typeof value === 'string' && Object.hasOwn(errorTable, value);
}

/**
 * The Failure for what an engine declared: its message as it is, its code if the table knows it, else
 * INTERNAL/processing_error. An empty message becomes the name of the error type: a status without a text helps nobody.
 */
export function failureOfDeclared(declared: DeclaredFailure): Failure {
  const errorType = isErrorCode(declared.errorCode) ? typeOfDeclaredCode[declared.errorCode] : 'processing_error';
  return failure(errorType, declared.message === '' ? errorType : declared.message);
}

/** A second call of a session id that gets nothing; CONTRACT §1 fixes the text. */
export function duplicateOf(sessionId: string): Failure {
  return failure('concurrent_request', `Concurrent request for session_id=${sessionId} is not allowed`);
}

/** The Failure for an exception nobody expected: the wire gets the id only, the log line with that id has the rest. */
export function failureOfUnexpected(
  errorType: 'session_fault' | 'processing_error' | 'not_initialized',
  faultId: string,
): Failure {
  return failure(errorType, `Internal error (${faultId})`);
}

/** How the one line of a call that failed so stands in the log. */
export function logLevelOf(errorType: ErrorType): FailureLevel {
  return errorTable[errorType].logLevel;
}

/** The wait before a retry makes sense, in milliseconds; undefined where it makes none. */
export function retryAfterMsOf(errorType: ErrorType): number | undefined {
  const row: ErrorRow = errorTable[errorType];
  return row.retryAfterMs;
}

/** Thrown by an engine to declare a failure; anything else it throws is unexpected. */
export class EngineFailure extends Error {
  override readonly name = 'EngineFailure';
  readonly errorCode: string | undefined;
  /** The engine has tried again itself, or knows that it would be in vain: whoever asked must not. */
  readonly isFinal: boolean;

  constructor(declared: DeclaredFailure, options?: { readonly cause?: unknown; readonly isFinal?: boolean }) {
    super(declared.message, options);
    this.errorCode = declared.errorCode;
    this.isFinal = options?.isFinal ?? false;
  }
}

/** The Failure for what an engine threw: a declared one goes out with its words; anything else is reported, and goes out as its id. */
export function failureOfThrown(error: unknown, faultId: string, report: () => void): Failure {
  if (error instanceof EngineFailure) return failureOfDeclared(error);
  report();
  return failureOfUnexpected('processing_error', faultId);
}

/** What was thrown, in words for a log line or a terminal. */
export function wordsOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
