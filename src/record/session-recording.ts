/** How sessions are recorded: what of their events may stand in a log, and how an end is named. */
import type { AnyEventObject } from 'xstate';
import type { LoggedEvent } from '../log/log-format.ts';
import { sessionMachine } from '../machines/session/session.machine.ts';
import type { SessionEvent } from '../machines/session/session.types.ts';
import type { StreamEvent } from '../machines/stream/stream.types.ts';
import { DeltaShaper } from '../text/shape.ts';
import {
  type ChartRecording,
  internalEvent,
  noAmendments,
  type RedactionMode,
  type Redactor,
  reasonOfFailure,
  type Shaping,
  shapingOf,
} from './redaction.ts';
import { allowedOfStream, isStreamEvent, shapedFailure } from './stream-redaction.ts';

/** A session of the longest answer fits many times; what is larger runs in circles. */
const MAX_LOG_BYTES = 16 * 1024 * 1024;

export const sessionRecording: ChartRecording = Object.freeze({
  machine: sessionMachine,
  createRedactor: createSessionRedactor,
  reasonOf: reasonOfFailure,
  maxLogBytes: MAX_LOG_BYTES,
});

/** The redactor of a session's log. */
function createSessionRedactor(mode: RedactionMode): Redactor {
  const shaper = mode === 'shape' ? new DeltaShaper() : null;
  const shaping = shapingOf(mode);
  return {
    redact: (turn, event) => {
      if (!isSessionEvent(event)) return { event: internalEvent(event), amendments: noAmendments };
      if (event.type === 'answer.textReceived') {
        const { atMs } = event;
        if (shaper === null) return { event: { type: event.type, text: event.text, atMs }, amendments: noAmendments };
        const shaped = shaper.push(turn, event.text);
        return { event: { type: event.type, text: shaped.text, atMs }, amendments: shaped.amendments };
      }
      const isOver = event.type === 'answer.finished' || event.type === 'answer.failed';
      return {
        event: isStreamEvent(event) ? allowedOfStream(event, shaping) : allowed(event, shaping),
        amendments: isOver && shaper !== null ? shaper.finish() : noAmendments,
      };
    },
  };
}

function allowed(
  event: Exclude<SessionEvent, StreamEvent | { readonly type: 'answer.textReceived' }>,
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
    case 'answer.fellQuiet':
      return { type, atMs: event.atMs };
    case 'answer.finished':
      return { type };
  }
}

const answerEventTypes: Readonly<Record<Exclude<SessionEvent, StreamEvent>['type'], true>> = {
  'request.received': true,
  'answer.textReceived': true,
  'answer.fellQuiet': true,
  'answer.commandReceived': true,
  'answer.finished': true,
  'answer.failed': true,
};

function isSessionEvent(event: AnyEventObject): event is SessionEvent {
  return Object.hasOwn(answerEventTypes, event.type) || isStreamEvent(event);
}
