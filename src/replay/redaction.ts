/**
 * What of a session's events may stand in a log, by allow-list: a field that is not named here is not written. Texts that anyone said or
 * heard are written by their shape (text/shape.ts), unless the log is a full one.
 */
import type { AnyEventObject } from 'xstate';
import type { Failure } from '../errors.ts';
import type { SessionEvent } from '../machines/session.types.ts';
import { DeltaShaper, type ShapeAmendment, shapeOf, shapeOfJson } from '../text/shape.ts';
import type { LoggedEvent } from './log-format.ts';

export interface RedactedEvent {
  readonly event: LoggedEvent;
  readonly amendments: readonly ShapeAmendment[];
}

/** Redacts the events of one session, in their order. */
export interface Redactor {
  redact(turn: number, event: AnyEventObject): RedactedEvent;
}

const none: readonly ShapeAmendment[] = Object.freeze([]);

/** The redactor of a session's log. */
export function createSessionRedactor(mode: 'shape' | 'full'): Redactor {
  const shaper = mode === 'shape' ? new DeltaShaper() : null;
  const text = mode === 'shape' ? shapeOf : (given: string) => given;
  const json = mode === 'shape' ? shapeOfJson : (given: unknown) => given;
  return {
    redact: (turn, event) => {
      if (!isSessionEvent(event)) return { event: internalEvent(event), amendments: none };
      if (event.type === 'answer.textReceived') {
        const { atMs } = event;
        if (shaper === null) return { event: { type: event.type, text: event.text, atMs }, amendments: none };
        const shaped = shaper.push(turn, event.text);
        return { event: { type: event.type, text: shaped.text, atMs }, amendments: shaped.amendments };
      }
      const isOver = event.type === 'answer.finished' || event.type === 'answer.failed';
      return { event: allowed(event, { text, json }), amendments: isOver && shaper !== null ? shaper.finish() : none };
    },
  };
}

interface Shaping {
  readonly text: (given: string) => string;
  readonly json: (given: unknown) => unknown;
}

function allowed(
  event: Exclude<SessionEvent, { readonly type: 'answer.textReceived' }>,
  { text, json }: Shaping,
): LoggedEvent {
  const { type } = event;
  switch (event.type) {
    case 'request.received':
      return { type, prompt: text(event.prompt) };
    case 'answer.commandReceived':
      return { type, name: text(event.name), args: json(event.args) };
    case 'answer.failed':
      return { type, failure: shapedFailure(event.failure, text) };
    case 'speech.failed': {
      const { segment, retryable } = event;
      return { type, segment, retryable, failure: shapedFailure(event.failure, text) };
    }
    case 'answer.fellQuiet':
      return { type, atMs: event.atMs };
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
    case 'answer.finished':
    case 'outbox.roomFound':
    case 'outbox.flushed':
    case 'client.cancelled':
    case 'device.interruptRequested':
    case 'server.graceExpired':
      return { type };
  }
}

function shapedFailure({ errorCode, errorType, message }: Failure, text: (given: string) => string): Failure {
  return { errorCode, errorType, message: text(message) };
}

/** XState's own events: a delay that passed, the end of a child. What a child threw stays out. */
function internalEvent(event: AnyEventObject): LoggedEvent {
  if (event.type === 'xstate.init') return { type: event.type };
  return { type: event.type, ...('actorId' in event && { actorId: event.actorId }) };
}

const sessionEventTypes: Readonly<Record<SessionEvent['type'], true>> = {
  'request.received': true,
  'answer.textReceived': true,
  'answer.fellQuiet': true,
  'answer.commandReceived': true,
  'answer.finished': true,
  'answer.failed': true,
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

function isSessionEvent(event: AnyEventObject): event is SessionEvent {
  return Object.hasOwn(sessionEventTypes, event.type);
}
