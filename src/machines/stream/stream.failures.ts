/**
 * The texts of the ways any stream ends early, whatever it carries. CONTRACT §1 fixes those of the idle timeout and the rate limit.
 */
import { type ErrorType, type Failure, failure, failureOfUnexpected } from '../../errors.ts';
import { type HeardEvent, isStreamEvent, type StreamContext } from './stream.types.ts';

/** Ends that every chart decides itself. */
export type StreamFailureType = Extract<
  ErrorType,
  | 'stream_idle_timeout'
  | 'session_timeout'
  | 'rate_limit_exceeded'
  | 'speech_failed'
  | 'interrupted'
  | 'superseded'
  | 'client_cancelled'
  | 'draining'
  | 'session_fault'
>;

/** What the texts tell of. */
type Bounds = Pick<StreamContext, 'limits' | 'request'>;

/** The failure for `errorType`, with the actual values and bounds in its text. */
export function streamFailureOf(errorType: StreamFailureType, context: Bounds, event: HeardEvent): Failure {
  if (errorType === 'session_fault') {
    return failureOfUnexpected(
      errorType,
      isStreamEvent(event, 'session.faulted') ? event.faultId : context.request.streamId,
    );
  }
  return failure(errorType, textOf(errorType, context, event));
}

function textOf(
  errorType: Exclude<StreamFailureType, 'session_fault'>,
  { limits, request }: Bounds,
  event: HeardEvent,
): string {
  switch (errorType) {
    case 'stream_idle_timeout': {
      const idleMs = isStreamEvent(event, 'outbox.activityReported') ? event.idleMs : limits.idleTimeoutMs;
      return `Stream closed due to idle timeout: ${request.sessionId} (idle: ${(idleMs / 1000).toFixed(1)}s)`;
    }
    case 'session_timeout':
      return `The session took longer than ${secondsText(limits.sessionTimeoutMs)}`;
    case 'rate_limit_exceeded': {
      const frames = isStreamEvent(event, 'outbox.rateExceeded')
        ? event.framesInLastSecond
        : limits.maxFramesPerSecond + 1;
      return `Message rate limit exceeded: ${frames} messages in last second (limit: ${limits.maxFramesPerSecond} msg/s)`;
    }
    case 'speech_failed':
      return isStreamEvent(event, 'speech.failed')
        ? event.failure.message
        : `No sound for ${secondsText(limits.speechTimeoutMs)}`;
    case 'interrupted':
      return 'Interrupted by the device';
    case 'superseded':
      return `Superseded by a newer call of session_id=${request.sessionId}`;
    case 'client_cancelled':
      return 'Cancelled by the client';
    case 'draining':
      return 'The server is shutting down; the grace period is over';
  }
}

/** A time as the texts say it. */
export function secondsText(ms: number): string {
  return `${ms / 1000}s`;
}
