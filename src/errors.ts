/**
 * THE error table: every way a call can fail, the gRPC status it ends with, when it happens and what to do about it.
 * docs/ERRORS.md is checked against this file in both directions. Below rpc/ nobody speaks gRPC: a failure is plain
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
  /** When the client sees it. */
  readonly when: string;
  /** What to do about it. */
  readonly fix: string;
  /** How its one line stands in the log: what was asked for or passes by itself, what a caller or a bound is to blame for, what is ours. */
  readonly logLevel: FailureLevel;
  /** How long a client waits before it tries again, in milliseconds; absent = trying again unchanged is pointless. */
  readonly retryAfterMs?: number;
}

export const errorTable = {
  missing_session_id: {
    code: 'INVALID_ARGUMENT',
    logLevel: 'warn',
    when: 'The session_id is missing, blank or "unknown", and the call is a COLLECT or IDENTITY_POLICY=strict.',
    fix: 'Send a fresh UUID v4 with every utterance; without COLLECT, IDENTITY_POLICY=lenient or device makes one.',
  },
  invalid_session_id: {
    code: 'INVALID_ARGUMENT',
    logLevel: 'warn',
    when: 'A given session_id is not 1 to 128 characters of 0x21 to 0x7E, or (StreamAudio under strict) not a UUID v4.',
    fix: 'Send a UUID v4.',
  },
  invalid_hardware_id: {
    code: 'INVALID_ARGUMENT',
    logLevel: 'warn',
    when:
      'The hardware_id is malformed; or it is blank or "unknown", in any letter case, where one is required (policies device and ' +
      'strict, InterruptSession); ReportUsage takes "unknown" when the policy is lenient, but no blank one.',
    fix: "Send the device's stable id: 1 to 128 printable ASCII characters without spaces.",
  },
  empty_prompt: {
    code: 'INVALID_ARGUMENT',
    logLevel: 'warn',
    when: 'The utterance has no words: prompt and chunk_text are empty or white space.',
    fix: 'Do not send an utterance before something was said.',
  },
  invalid_phase: {
    code: 'INVALID_ARGUMENT',
    logLevel: 'warn',
    when: 'phase is not one of REQUEST_PHASE_UNSPECIFIED, _COLLECT, _COMMIT.',
    fix: 'Send 0, 1 or 2.',
  },
  invalid_screenshot: {
    code: 'INVALID_ARGUMENT',
    logLevel: 'warn',
    when: 'The screenshot is not base64 of a WebP, PNG or JPEG image, or has more than SCREENSHOT_MAX_BYTES or 40 megapixels.',
    fix: 'Send base64 of a WebP, PNG or JPEG image within the bound that the text names; scale it down before.',
  },
  invalid_request: {
    code: 'INVALID_ARGUMENT',
    logLevel: 'warn',
    when: 'Another field of the request is out of its bounds, or an engine refuses the request as malformed.',
    fix: 'The text names the field, the value and the bound.',
  },
  concurrent_request: {
    code: 'RESOURCE_EXHAUSTED',
    logLevel: 'warn',
    when: 'A stream with this session_id is already running. The running one is not touched.',
    fix: 'Wait for the end of the running stream, or use a new session_id for each utterance.',
    retryAfterMs: 1000,
  },
  concurrent_hardware_id: {
    code: 'RESOURCE_EXHAUSTED',
    logLevel: 'warn',
    when: 'ONE_STREAM_PER_DEVICE is on and the device already has a running stream.',
    fix: 'InterruptSession first, or wait for the end of the running stream.',
    retryAfterMs: 1000,
  },
  stream_limit_exceeded: {
    code: 'RESOURCE_EXHAUSTED',
    logLevel: 'warn',
    when: 'BACKPRESSURE_MAX_STREAMS calls are already running.',
    fix: 'Try again after a short wait; raise BACKPRESSURE_MAX_STREAMS if the machine has room.',
    retryAfterMs: 1000,
  },
  rate_limit_exceeded: {
    code: 'RESOURCE_EXHAUSTED',
    logLevel: 'warn',
    when: 'The stream would send more than BACKPRESSURE_MAX_RATE frames within one second.',
    fix: 'Raise BACKPRESSURE_MAX_RATE or set it to 0; speech alone is 23.4 frames a second of sound.',
    retryAfterMs: 1000,
  },
  overloaded: {
    code: 'RESOURCE_EXHAUSTED',
    logLevel: 'warn',
    when: 'A bounded queue or buffer of the server is full, or an engine declares that it is.',
    fix: 'Try again after a short wait.',
    retryAfterMs: 1000,
  },
  request_too_large: {
    code: 'RESOURCE_EXHAUSTED',
    logLevel: 'warn',
    when: 'The request is larger than 16 MiB, or its utterance is longer than PROMPT_MAX_CHARS.',
    fix: 'Send a smaller screenshot or fewer words; the text names the bound and the size.',
  },
  stream_idle_timeout: {
    code: 'DEADLINE_EXCEEDED',
    logLevel: 'warn',
    when: 'The client accepted no frame for BACKPRESSURE_IDLE_TIMEOUT.',
    fix: 'Keep reading the stream; if the model is what is slow, raise the timeout.',
    retryAfterMs: 1000,
  },
  first_token_timeout: {
    code: 'DEADLINE_EXCEEDED',
    logLevel: 'error',
    when: 'The model opened its answer and said nothing for FIRST_TOKEN_TIMEOUT.',
    fix: 'Try again; look at the model.',
    retryAfterMs: 1000,
  },
  answer_stalled: {
    code: 'DEADLINE_EXCEEDED',
    logLevel: 'error',
    when: 'The model began, but finished no further sentence for ANSWER_STALL_TIMEOUT; or it declares that it timed out.',
    fix: 'Try again; look at the model.',
    retryAfterMs: 1000,
  },
  session_timeout: {
    code: 'DEADLINE_EXCEEDED',
    logLevel: 'error',
    when: 'The whole session took longer than SESSION_TIMEOUT.',
    fix: 'Ask for shorter answers, or raise SESSION_TIMEOUT.',
  },
  answer_failed: {
    code: 'UNAVAILABLE',
    logLevel: 'error',
    when: 'The model declares that it cannot answer.',
    fix: 'Try again; the text is the words of the model engine.',
    retryAfterMs: 1000,
  },
  empty_answer: {
    code: 'UNAVAILABLE',
    logLevel: 'error',
    when: 'The model ended with nothing to say: no text and no command, or only a command that was dropped.',
    fix: 'Try again or ask differently; the log names a dropped command and why.',
    retryAfterMs: 1000,
  },
  speech_failed: {
    code: 'UNAVAILABLE',
    logLevel: 'error',
    when: 'SPEECH_FAILURE=fail and a sentence could not be spoken.',
    fix: 'Look at the speech engine, or set SPEECH_FAILURE=degrade to go on without sound.',
    retryAfterMs: 1000,
  },
  starting: {
    code: 'UNAVAILABLE',
    logLevel: 'info',
    when: 'The server listens but its engines are not up yet.',
    fix: 'Wait until /ready answers 200.',
    retryAfterMs: 500,
  },
  draining: {
    code: 'UNAVAILABLE',
    logLevel: 'info',
    when: 'The server is shutting down: running streams end, new ones are not admitted; or the grace period ended a running one.',
    fix: 'Connect to another server, or try again when this one is back.',
    retryAfterMs: 2000,
  },
  interrupted: {
    code: 'CANCELLED',
    logLevel: 'info',
    when: 'InterruptSession was called for the device.',
    fix: 'Nothing: this is what was asked for.',
  },
  client_cancelled: {
    code: 'CANCELLED',
    logLevel: 'info',
    when: 'The client cancelled the call, vanished, or its deadline passed.',
    fix: 'Nothing; for a deadline, allow more time.',
  },
  access_denied: {
    code: 'PERMISSION_DENIED',
    logLevel: 'warn',
    when: 'A quota of the device (QUOTA_DAILY, QUOTA_WEEKLY, QUOTA_MONTHLY) is used up, or an engine refuses the request.',
    fix: 'The text says which limit is used up and when it begins anew, or what is forbidden.',
  },
  not_found: {
    code: 'NOT_FOUND',
    logLevel: 'warn',
    when: 'A model, or with VOICE_UNKNOWN=refuse a voice that the request names, does not exist.',
    fix: 'The text names it.',
  },
  unauthenticated: {
    code: 'UNAUTHENTICATED',
    logLevel: 'error',
    when: 'A provider does not accept the credentials of this server.',
    fix: "Check the provider's key in the configuration.",
  },
  not_initialized: {
    code: 'INTERNAL',
    logLevel: 'error',
    when: 'A part that the call needs never came up.',
    fix: 'Look at last_error on /status.',
  },
  session_fault: {
    code: 'INTERNAL',
    logLevel: 'error',
    when: 'A bug in this server: the chart or an actor of the session threw.',
    fix: 'Report it with the id in the text; the log line with that id has the stack.',
  },
  processing_error: {
    code: 'INTERNAL',
    logLevel: 'error',
    when: 'The default: an engine failed without an error_code, with an unknown one, or by an unexpected exception.',
    fix: 'The text is what the engine declares; for an unexpected exception it has an id that finds the log line.',
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
