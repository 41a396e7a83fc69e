/**
 * The texts of the ways a session ends early. CONTRACT §1 fixes those of the idle timeout and the rate limit.
 */
import { type ErrorType, type Failure, failure, failureOfUnexpected } from '../errors.ts';
import type { SessionContext, SessionEvent } from './session.types.ts';

/** Ends that the chart itself decides; the others come as a ready failure with their event. */
export type OwnFailureType = Extract<
  ErrorType,
  | 'stream_idle_timeout'
  | 'first_token_timeout'
  | 'answer_stalled'
  | 'session_timeout'
  | 'rate_limit_exceeded'
  | 'empty_answer'
  | 'speech_failed'
  | 'interrupted'
  | 'client_cancelled'
  | 'draining'
  | 'session_fault'
>;

/** The failure for `errorType`, with the actual values and bounds in its text. */
export function failureOf(errorType: OwnFailureType, context: SessionContext, event: SessionEvent): Failure {
  if (errorType === 'session_fault') {
    return failureOfUnexpected(errorType, event.type === 'session.faulted' ? event.faultId : context.request.streamId);
  }
  return failure(errorType, textOf(errorType, context, event));
}

function textOf(
  errorType: Exclude<OwnFailureType, 'session_fault'>,
  context: SessionContext,
  event: SessionEvent,
): string {
  const { limits } = context;
  switch (errorType) {
    case 'stream_idle_timeout': {
      const idleMs = event.type === 'outbox.activityReported' ? event.idleMs : limits.idleTimeoutMs;
      return `Stream closed due to idle timeout: ${context.request.sessionId} (idle: ${(idleMs / 1000).toFixed(1)}s)`;
    }
    case 'first_token_timeout':
      return `The model said nothing for ${seconds(limits.firstTokenTimeoutMs)}`;
    case 'answer_stalled':
      return `The model finished no sentence for ${seconds(limits.answerStallTimeoutMs)}`;
    case 'session_timeout':
      return `The session took longer than ${seconds(limits.sessionTimeoutMs)}`;
    case 'rate_limit_exceeded': {
      const frames = event.type === 'outbox.rateExceeded' ? event.framesInLastSecond : limits.maxFramesPerSecond + 1;
      return `Message rate limit exceeded: ${frames} messages in last second (limit: ${limits.maxFramesPerSecond} msg/s)`;
    }
    case 'empty_answer':
      return 'The model ended with nothing to say';
    case 'speech_failed':
      return event.type === 'speech.failed' ? event.failure.message : `No sound for ${seconds(limits.speechTimeoutMs)}`;
    case 'interrupted':
      return 'Interrupted by the device';
    case 'client_cancelled':
      return 'Cancelled by the client';
    case 'draining':
      return 'The server is shutting down; the grace period is over';
  }
}

function seconds(ms: number): string {
  return `${ms / 1000}s`;
}
