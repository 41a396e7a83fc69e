/** How welcome streams are recorded: the text that is spoken, and what the client calls voice and language, are its own words. */
import type { AnyEventObject } from 'xstate';
import type { LoggedEvent } from '../log/log-format.ts';
import { welcomeMachine } from '../machines/welcome/welcome.machine.ts';
import type { WelcomeEvent } from '../machines/welcome/welcome.types.ts';
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
import { allowedOfStream, isStreamEvent } from './stream-redaction.ts';

/** The longest text that a request may hold, and its turns. */
const MAX_LOG_BYTES = 32 * 1024 * 1024;

export const welcomeRecording: ChartRecording = Object.freeze({
  machine: welcomeMachine,
  createRedactor,
  reasonOf: reasonOfFailure,
  maxLogBytes: MAX_LOG_BYTES,
});

function createRedactor(mode: RedactionMode): Redactor {
  const shaping = shapingOf(mode);
  return { redact: (_turn, event) => ({ event: allowed(event, shaping), amendments: noAmendments }) };
}

function allowed(event: AnyEventObject, shaping: Shaping): LoggedEvent {
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
