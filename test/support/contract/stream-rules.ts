/**
 * What the contract says of every StreamAudio stream, whatever was asked: the order of its frames, the form of its sound, the one
 * error rule, the trailers. A recorded stream goes in, the rules it breaks come out; none = []. It knows the published contract and
 * nothing of the server's code.
 */
import { status } from '@grpc/grpc-js';
import { richStatusOf } from '../../process/rpc/rich-status.ts';
import type { CallOutcome } from '../client.ts';

/** CONTRACT §1, the error table: error_type by code. */
export const errorTypesOfCode: Readonly<Record<string, readonly string[]>> = {
  INVALID_ARGUMENT: [
    'missing_session_id',
    'invalid_session_id',
    'invalid_hardware_id',
    'empty_prompt',
    'invalid_phase',
    'invalid_screenshot',
    'invalid_request',
  ],
  RESOURCE_EXHAUSTED: [
    'concurrent_request',
    'concurrent_hardware_id',
    'device_limit_exceeded',
    'stream_limit_exceeded',
    'rate_limit_exceeded',
    'overloaded',
    'request_too_large',
  ],
  DEADLINE_EXCEEDED: ['stream_idle_timeout', 'first_token_timeout', 'answer_stalled', 'session_timeout'],
  UNAVAILABLE: ['answer_failed', 'empty_answer', 'starting', 'draining', 'speech_failed'],
  CANCELLED: ['interrupted', 'superseded', 'client_cancelled'],
  PERMISSION_DENIED: ['access_denied'],
  NOT_FOUND: ['not_found'],
  UNAUTHENTICATED: ['unauthenticated'],
  INTERNAL: ['not_initialized', 'session_fault', 'processing_error'],
};

/** `(text_chunk audio_chunk*)+ action_message? end_message`, or `action_message end_message`; or a COLLECT's one end_message. */
const goodStream = /^(?:(?:text(?: audio)*)(?: text(?: audio)*)*(?: action)? end|action end|end)$/;
/** Exactly one error_message, alone; or the beginning of a good stream, without any terminal frame. */
const failedStream = /^(?:error|(?:text(?: audio)*)(?: text(?: audio)*)*(?: action)?|action)$/;

const CHUNK_BYTES = 4096;

/** `text_chunk` → `text`; what a stream sent, as one line. */
export function wordsOf(kinds: readonly string[]): string {
  return kinds.map((kind) => kind.replace(/_(chunk|message)$/, '')).join(' ');
}

/** The same with runs counted: `text audio×3 end`. */
export function inShort(kinds: readonly string[]): string {
  return wordsOf(kinds).replace(/\b(\w+)(?: \1\b)+/g, (run, word: string) => `${word}×${run.split(' ').length}`);
}

/** The rules of the contract that `outcome` breaks, in words. */
export function streamFaultsOf(outcome: CallOutcome): readonly string[] {
  const endFaults = outcome.code === 'OK' ? goodEndFaults(outcome) : failedEndFaults(outcome);
  return [...endFaults, ...soundFaults(outcome), ...actionFaults(outcome)];
}

function goodEndFaults({ kinds, text, errorType, trailers }: CallOutcome): string[] {
  const faults = goodStream.test(wordsOf(kinds)) ? [] : [`a good stream in this order: ${inShort(kinds)}`];
  if (errorType !== null) faults.push(`an error-type on a good end: ${errorType}`);
  if (trailers.get('grpc-status-details-bin').length > 0) faults.push('a rich status on a good end');
  if (text !== text.trim()) faults.push('the ends of the text are not trimmed');
  return faults;
}

function failedEndFaults(outcome: CallOutcome): string[] {
  const { kinds, code, details, errorType, frames } = outcome;
  const faults = failedStream.test(wordsOf(kinds)) ? [] : [`a failed stream in this order: ${inShort(kinds)}`];
  const frame = frames.find(({ content }) => content === 'error_message');
  if (frame !== undefined && frame.error_message !== details) faults.push('the error frame has another text');
  if (details === '') faults.push('a failure without a text');
  if (errorType === null || errorTypesOfCode[code]?.includes(errorType) !== true) {
    return [...faults, `${code} with error-type ${errorType}`];
  }
  return [...faults, ...richStatusFaults(outcome, errorType)];
}

function richStatusFaults({ code, details, trailers }: CallOutcome, errorType: string): string[] {
  try {
    const { code: richCode, message, reason, domain } = richStatusOf(trailers);
    const expected = { code: Reflect.get(status, code), message: details, reason: errorType.toUpperCase() };
    const isRight =
      richCode === expected.code && message === expected.message && reason === expected.reason && domain === 'recital';
    return isRight ? [] : [`a rich status of ${richCode} ${domain}/${reason} "${message}"`];
  } catch (error) {
    return [`no readable rich status: ${String(error)}`];
  }
}

function soundFaults({ frames }: CallOutcome): string[] {
  return frames.flatMap(({ audio_chunk: chunk }, index) => {
    if (!chunk) return [];
    const { audio_data, dtype, shape, sample_rate, channels } = chunk;
    const bytes = audio_data.length;
    const format = `${dtype} [${shape.join()}] ${sample_rate} Hz ${channels} ch`;
    const faults = format === 'int16 [] 48000 Hz 1 ch' ? [] : [`sound as ${format}`];
    if (bytes === 0 || bytes % 2 !== 0 || bytes > CHUNK_BYTES) faults.push(`a chunk of ${bytes} bytes`);
    const isLast = frames[index + 1]?.content !== 'audio_chunk';
    if (bytes < CHUNK_BYTES && !isLast) faults.push(`a chunk of ${bytes} bytes that is not the last of its sentence`);
    return faults;
  });
}

function actionFaults({ frames, sessionId }: CallOutcome): string[] {
  return frames.flatMap(({ action_message: action }) => {
    if (!action) return [];
    const parsed: Readonly<Record<string, unknown>> = JSON.parse(action.action_json);
    const faults = [];
    if (Object.keys(parsed).join() !== 'command,args,session_id') faults.push(`an action of ${Object.keys(parsed)}`);
    if (parsed.session_id !== sessionId || action.session_id !== sessionId) faults.push('an action of another session');
    return faults;
  });
}
