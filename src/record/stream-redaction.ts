/** What may stand in a log of the facts that every stream's chart hears, whether it speaks an answer or a given text. */
import type { AnyEventObject } from 'xstate';
import type { Failure } from '../errors.ts';
import type { LoggedEvent } from '../log/log-format.ts';
import type { StreamEvent } from '../machines/stream/stream.types.ts';
import type { Shaping } from './redaction.ts';

/** The event, with the fields that are allowed and nothing else. */
export function allowedOfStream(event: StreamEvent, { text }: Shaping): LoggedEvent {
  const { type } = event;
  switch (event.type) {
    case 'speech.failed': {
      const { segment, retryable } = event;
      return { type, segment, retryable, failure: shapedFailure(event.failure, text) };
    }
    case 'speech.finished':
      return { type, segment: event.segment, audioBytes: event.audioBytes };
    case 'speech.progressReported':
      return { type, silences: event.silences.map(({ segment, silentMs }) => ({ segment, silentMs })) };
    case 'outbox.activityReported':
      return { type, idleMs: event.idleMs };
    case 'outbox.rateExceeded':
      return { type, framesInLastSecond: event.framesInLastSecond };
    case 'session.faulted':
      return { type, faultId: event.faultId };
    case 'outbox.roomFound':
    case 'outbox.flushed':
    case 'client.cancelled':
    case 'device.interruptRequested':
    case 'server.graceExpired':
      return { type };
  }
}

/** A failure: its codes as they are, its message by what `text` makes of it. */
export function shapedFailure({ errorCode, errorType, message }: Failure, text: Shaping['text']): Failure {
  return { errorCode, errorType, message: text(message) };
}

const eventTypes: Readonly<Record<StreamEvent['type'], true>> = {
  'speech.finished': true,
  'speech.failed': true,
  'speech.progressReported': true,
  'outbox.activityReported': true,
  'outbox.rateExceeded': true,
  'outbox.roomFound': true,
  'outbox.flushed': true,
  'client.cancelled': true,
  'device.interruptRequested': true,
  'server.graceExpired': true,
  'session.faulted': true,
};

export function isStreamEvent(event: AnyEventObject): event is StreamEvent {
  return Object.hasOwn(eventTypes, event.type);
}
