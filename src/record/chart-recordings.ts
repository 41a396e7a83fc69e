/**
 * How each chart is recorded, a session's, a welcome stream's and the supervisor's: what of their events may stand in a log,
 * and how an end is named. An event of which a field is not named here is written without it.
 */
import type { AnyEventObject } from 'xstate';
import type { Failure } from '../errors.ts';
import type { LoggedEvent } from '../log/log-format.ts';
import { sessionMachine } from '../machines/session/session.machine.ts';
import type { SessionEvent } from '../machines/session/session.types.ts';
import type { StreamEvent } from '../machines/stream/stream.types.ts';
import { supervisorMachine } from '../machines/supervisor/supervisor.machine.ts';
import { welcomeMachine } from '../machines/welcome/welcome.machine.ts';
import type { WelcomeEvent } from '../machines/welcome/welcome.types.ts';
import { DeltaShaper } from '../text/redaction-shape.ts';
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

/** A session of the longest answer fits many times; what is larger runs in circles. */
const MAX_SESSION_LOG_BYTES = 16 * 1024 * 1024;

export const sessionRecording: ChartRecording = Object.freeze({
  machine: sessionMachine,
  createRedactor: createSessionRedactor,
  reasonOf: reasonOfFailure,
  maxLogBytes: MAX_SESSION_LOG_BYTES,
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
        event: isStreamEvent(event) ? allowedOfStream(event, shaping) : allowedOfSession(event, shaping),
        amendments: isOver && shaper !== null ? shaper.finish() : noAmendments,
      };
    },
  };
}

function allowedOfSession(
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
      return { type, atMs: event.atMs, ...(event.quietMs !== undefined && { quietMs: event.quietMs }) };
    case 'answer.endAnnounced':
      return { type, atMs: event.atMs };
    case 'answer.finished':
      return event.isCutOff === true ? { type, isCutOff: true } : { type };
  }
}

const answerEventTypes: Readonly<Record<Exclude<SessionEvent, StreamEvent>['type'], true>> = {
  'request.received': true,
  'answer.textReceived': true,
  'answer.fellQuiet': true,
  'answer.commandReceived': true,
  'answer.endAnnounced': true,
  'answer.finished': true,
  'answer.failed': true,
};

function isSessionEvent(event: AnyEventObject): event is SessionEvent {
  return Object.hasOwn(answerEventTypes, event.type) || isStreamEvent(event);
}

/** The longest text that a request may hold, and its turns. */
const MAX_WELCOME_LOG_BYTES = 32 * 1024 * 1024;

/** The text that is spoken, and what the client calls voice and language, are its own words. */
export const welcomeRecording: ChartRecording = Object.freeze({
  machine: welcomeMachine,
  createRedactor: createWelcomeRedactor,
  reasonOf: reasonOfFailure,
  maxLogBytes: MAX_WELCOME_LOG_BYTES,
});

function createWelcomeRedactor(mode: RedactionMode): Redactor {
  const shaping = shapingOf(mode);
  return { redact: (_turn, event) => ({ event: allowedOfWelcome(event, shaping), amendments: noAmendments }) };
}

function allowedOfWelcome(event: AnyEventObject, shaping: Shaping): LoggedEvent {
  if (isStreamEvent(event)) return allowedOfStream(event, shaping);
  if (!isText(event)) return internalEvent(event);
  const { text } = shaping;
  return {
    type: event.type,
    text: text(event.text),
    voice: text(event.voice),
    language: text(event.language),
  };
}

function isText(event: AnyEventObject): event is Extract<WelcomeEvent, { readonly type: 'text.received' }> {
  return event.type === 'text.received';
}

/** About a million admissions and ends. */
const MAX_SUPERVISOR_LOG_BYTES = 256 * 1024 * 1024;

const supervisorFields = ['streamId', 'sessionId', 'hardwareId', 'worker', 'reasons'] as const;

const supervisorRedactor: Redactor = Object.freeze({
  redact: (_turn, event) => {
    const kept = supervisorFields.flatMap((name) => (event[name] === undefined ? [] : [[name, event[name]]]));
    return { event: { type: event.type, ...Object.fromEntries(kept) }, amendments: noAmendments };
  },
} satisfies Redactor);

/** The supervisor hears ids, numbers and names of bounds only, nothing that anyone said. */
export const supervisorRecording: ChartRecording = Object.freeze({
  machine: supervisorMachine,
  createRedactor: () => supervisorRedactor,
  reasonOf: () => '',
  maxLogBytes: MAX_SUPERVISOR_LOG_BYTES,
});

/** What every stream's chart hears, whether it speaks an answer or a given text: the fields that are allowed. */
function allowedOfStream(event: StreamEvent, { text }: Shaping): LoggedEvent {
  const { type } = event;
  switch (event.type) {
    case 'speech.failed': {
      const { segment, retryable } = event;
      return { type, segment, retryable, failure: shapedFailure(event.failure, text) };
    }
    case 'speech.finished':
      return { type, segment: event.segment, audioBytes: event.audioBytes, ...unfetchedIn(event) };
    case 'speech.progressReported': {
      const silences = event.silences.map(({ segment, silentMs }) => ({ segment, silentMs }));
      return { type, silences, ...unfetchedIn(event) };
    }
    case 'outbox.activityReported':
      return { type, idleMs: event.idleMs, ...unfetchedIn(event) };
    case 'outbox.rateExceeded':
      return { type, framesInLastSecond: event.framesInLastSecond };
    case 'session.faulted':
      return { type, faultId: event.faultId };
    case 'outbox.roomFound':
    case 'outbox.flushed':
    case 'client.cancelled':
    case 'device.interruptRequested':
    case 'server.graceExpired':
    case 'session.superseded':
      return { type };
  }
}

function unfetchedIn({ fullMs }: { readonly fullMs?: number }): { readonly fullMs?: number } {
  return fullMs === undefined ? {} : { fullMs };
}

/** A failure: its codes as they are, its message by what `text` makes of it. */
function shapedFailure({ errorCode, errorType, message }: Failure, text: Shaping['text']): Failure {
  return { errorCode, errorType, message: text(message) };
}

const streamEventTypes: Readonly<Record<StreamEvent['type'], true>> = {
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
  'session.superseded': true,
  'session.faulted': true,
};

function isStreamEvent(event: AnyEventObject): event is StreamEvent {
  return Object.hasOwn(streamEventTypes, event.type);
}
