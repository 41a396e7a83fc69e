/** The texts of the ways an answer ends early; those that every stream has in common are in stream.failures.ts. */
import { type ErrorType, type Failure, failure } from '../../errors.ts';
import { type StreamFailureType, seconds, streamFailureOf } from '../stream/stream.failures.ts';
import type { SessionContext, SessionEvent } from './session.types.ts';

/** Ends that the session chart itself decides; the others come as a ready failure with their event. */
export type OwnFailureType =
  | StreamFailureType
  | Extract<ErrorType, 'first_token_timeout' | 'answer_stalled' | 'empty_answer'>;

/** The failure for `errorType`, with the actual values and bounds in its text. */
export function failureOf(errorType: OwnFailureType, context: SessionContext, event: SessionEvent): Failure {
  const { limits } = context;
  switch (errorType) {
    case 'first_token_timeout':
      return failure(errorType, `The model said nothing for ${seconds(limits.firstTokenTimeoutMs)}`);
    case 'answer_stalled':
      return failure(errorType, `The model finished no sentence for ${seconds(limits.answerStallTimeoutMs)}`);
    case 'empty_answer':
      return failure(errorType, 'The model ended with nothing to say');
    case 'stream_idle_timeout':
    case 'session_timeout':
    case 'rate_limit_exceeded':
    case 'speech_failed':
    case 'interrupted':
    case 'client_cancelled':
    case 'draining':
    case 'session_fault':
      return streamFailureOf(errorType, context, event);
  }
}
