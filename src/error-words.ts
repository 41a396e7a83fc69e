/**
 * The error table's columns for people: when a client sees a failure, and what to do about it. A row of errors.ts without its words here
 * does not compile, nor words without a row. They stand apart since who executes charts, the inspector's page among them, has no use for them.
 */
import type { ErrorType } from './errors.ts';

interface ErrorWords {
  /** When the client sees it. */
  readonly when: string;
  /** What to do about it. */
  readonly fix: string;
}

export const errorWords: Readonly<Record<ErrorType, ErrorWords>> = {
  missing_session_id: {
    when: 'The session_id is missing, blank or "unknown", and the call is a COLLECT or IDENTITY_POLICY=strict.',
    fix: 'Send a fresh UUID v4 with every utterance; without COLLECT, IDENTITY_POLICY=lenient or device makes one.',
  },
  invalid_session_id: {
    when: 'A given session_id is not 1 to 128 characters of 0x21 to 0x7E, or (StreamAudio under strict) not a UUID v4.',
    fix: 'Send a UUID v4.',
  },
  invalid_hardware_id: {
    when:
      'The hardware_id is malformed; or it is blank or "unknown", in any letter case, where one is required (policies device and ' +
      'strict, InterruptSession); ReportUsage takes "unknown" when the policy is lenient, but no blank one.',
    fix: "Send the device's stable id: 1 to 128 printable ASCII characters without spaces.",
  },
  empty_prompt: {
    when: 'The utterance has no words: prompt and chunk_text are empty or white space.',
    fix: 'Do not send an utterance before something was said.',
  },
  invalid_phase: {
    when: 'phase is not one of REQUEST_PHASE_UNSPECIFIED, _COLLECT, _COMMIT.',
    fix: 'Send 0, 1 or 2.',
  },
  invalid_screenshot: {
    when: 'The screenshot is not base64 of a WebP, PNG or JPEG image, or has more than SCREENSHOT_MAX_BYTES or 40 megapixels.',
    fix: 'Send base64 of a WebP, PNG or JPEG image within the bound that the text names; scale it down before.',
  },
  invalid_request: {
    when: 'Another field of the request is out of its bounds, or an engine refuses the request as malformed.',
    fix: 'The text names the field, the value and the bound.',
  },
  concurrent_request: {
    when: 'A stream with this session_id is already running, perhaps of another device. The running one is not touched.',
    fix: 'Wait for the end of the running stream, or use a new session_id for each utterance.',
  },
  concurrent_hardware_id: {
    when: 'ONE_STREAM_PER_DEVICE is on and the device already has a running stream.',
    fix: 'InterruptSession first, or wait for the end of the running stream.',
  },
  device_limit_exceeded: {
    when: 'The device already runs BACKPRESSURE_MAX_STREAMS_PER_DEVICE streams.',
    fix: 'InterruptSession, or wait for the end of one of them.',
  },
  stream_limit_exceeded: {
    when: 'BACKPRESSURE_MAX_STREAMS calls are already running.',
    fix: 'Try again after a short wait; raise BACKPRESSURE_MAX_STREAMS if the machine has room.',
  },
  rate_limit_exceeded: {
    when: 'The stream would send more than BACKPRESSURE_MAX_RATE frames within one second.',
    fix: 'Raise BACKPRESSURE_MAX_RATE or set it to 0; speech alone is 23.4 frames a second of sound.',
  },
  overloaded: {
    when: 'The event loop is late, streams begin too fast, memory or a bounded queue is full, or an engine says it is.',
    fix: 'Try again after a short wait; `load` on /status says why.',
  },
  request_too_large: {
    when: 'The request is larger than 16 MiB, or its utterance is longer than PROMPT_MAX_CHARS.',
    fix: 'Send a smaller screenshot or fewer words; the text names the bound and the size.',
  },
  stream_idle_timeout: {
    when: 'The client accepted no frame for BACKPRESSURE_IDLE_TIMEOUT.',
    fix: 'Keep reading the stream; if the model is what is slow, raise the timeout.',
  },
  first_token_timeout: {
    when: 'The model opened its answer and said nothing for FIRST_TOKEN_TIMEOUT.',
    fix: 'Try again; look at the model.',
  },
  answer_stalled: {
    when: 'The model began, but finished no further sentence for ANSWER_STALL_TIMEOUT; or it declares that it timed out.',
    fix: 'Try again; look at the model.',
  },
  session_timeout: {
    when: 'The whole session took longer than SESSION_TIMEOUT.',
    fix: 'Ask for shorter answers, or raise SESSION_TIMEOUT.',
  },
  answer_failed: {
    when: 'The model declares that it cannot answer.',
    fix: 'Try again; the text is the words of the model engine.',
  },
  empty_answer: {
    when: 'The model ended with nothing to say: no text and no command, or only a command that was dropped.',
    fix: 'Try again or ask differently; the log names a dropped command and why.',
  },
  speech_failed: {
    when: 'SPEECH_FAILURE=fail and a sentence could not be spoken.',
    fix: 'Look at the speech engine, or set SPEECH_FAILURE=degrade to go on without sound.',
  },
  starting: {
    when: 'The server listens but its engines are not up yet.',
    fix: 'Wait until /ready answers 200.',
  },
  draining: {
    when: 'The server is shutting down: running streams end, new ones are not admitted; or the grace period ended a running one.',
    fix: 'Connect to another server, or try again when this one is back.',
  },
  interrupted: {
    when: 'InterruptSession was called for the device.',
    fix: 'Nothing: this is what was asked for.',
  },
  superseded: {
    when: 'DUPLICATE_POLICY is supersede and a newer call of the same session_id took over.',
    fix: 'Nothing: the newer call has the answer.',
  },
  client_cancelled: {
    when: 'The client cancelled the call, vanished, or its deadline passed.',
    fix: 'Nothing; for a deadline, allow more time.',
  },
  access_denied: {
    when: 'A quota of the device (QUOTA_DAILY, QUOTA_WEEKLY, QUOTA_MONTHLY) is used up, or an engine refuses the request.',
    fix: 'The text says which limit is used up and when it begins anew, or what is forbidden.',
  },
  not_found: {
    when: 'A model, or with VOICE_UNKNOWN=refuse a voice that the request names, does not exist.',
    fix: 'The text names it.',
  },
  unauthenticated: {
    when: 'A provider does not accept the credentials of this server.',
    fix: "Check the provider's key in the configuration.",
  },
  not_initialized: {
    when: 'A part that the call needs never came up.',
    fix: 'Look at last_error on /status.',
  },
  session_fault: {
    when: 'A bug in this server: the chart or an actor of the session threw.',
    fix: 'Report it with the id in the text; the log line with that id has the stack.',
  },
  processing_error: {
    when: 'The default: an engine failed without an error_code, with an unknown one, or by an unexpected exception.',
    fix: 'The text is what the engine declares; for an unexpected exception it has an id that finds the log line.',
  },
};
