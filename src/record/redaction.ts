/**
 * What of a chart's events may stand in a log: by allow-list, a field that is not named is not written. Texts that anyone said
 * or heard are written by their shape (text/redaction-shape.ts), unless the log is a full one. Ids stay: a session must be found
 * by them. Each recorded chart has a ChartRecording of its own that says so (`chart-recordings.ts`), and a row in
 * `server/persistence.ts`.
 */
import type { AnyEventObject, AnyStateMachine } from 'xstate';
import { definitionHash } from '../log/chart-definition.ts';
import { LOG_FORMAT, type LoggedEvent, type LogHeader } from '../log/log-format.ts';
import { type ShapeAmendment, shapeOf, shapeOfJson } from '../text/redaction-shape.ts';
import type { TurnEnd } from './turn-outcome.ts';

export interface RedactedEvent {
  readonly event: LoggedEvent;
  readonly amendments: readonly ShapeAmendment[];
}

/** Redacts the events of one actor, in their order. */
export interface Redactor {
  redact(turn: number, event: AnyEventObject): RedactedEvent;
}

export type RedactionMode = LogHeader['redaction'];

/** How one chart is recorded. */
export interface ChartRecording {
  /** Its input holds ids and numbers only: it is written as it is. */
  readonly machine: AnyStateMachine;
  readonly createRedactor: (mode: RedactionMode) => Redactor;
  /** The reason code of an end; '' if the chart has none. */
  readonly reasonOf: (last: TurnEnd) => string;
  readonly maxLogBytes: number;
}

/** What one actor's log is begun with. */
export interface ActorLogOptions {
  /** Without what only the first turn tells. */
  readonly header: Omit<LogHeader, 'input'>;
  readonly redactor: Redactor;
  /** Turns that begin beyond it are dropped and counted. */
  readonly maxBytes: number;
  /** The reason code of the end. */
  readonly reasonOf: (last: TurnEnd) => string;
}

export interface LogTerms {
  readonly redaction: RedactionMode;
  /** Version of the server. */
  readonly build: string;
}

/** What makes the logs of one chart; what is the same in all of them is made once. */
export function logMaker(
  { machine, createRedactor, reasonOf, maxLogBytes }: ChartRecording,
  { redaction, build }: LogTerms,
): (startedAt: string) => ActorLogOptions {
  const { id, version = '' } = machine;
  const definition = definitionHash(machine);
  return (startedAt) => ({
    header: {
      kind: 'header',
      format: LOG_FORMAT,
      machine: id,
      version,
      definition,
      build,
      redaction,
      startedAt,
    },
    redactor: createRedactor(redaction),
    maxBytes: maxLogBytes,
    reasonOf,
  });
}

/** What becomes of texts in each mode. */
export interface Shaping {
  readonly text: (given: string) => string;
  readonly json: (given: unknown) => unknown;
}

/** Texts by their shape, or as they are. */
export function shapingOf(mode: RedactionMode): Shaping {
  return mode === 'shape' ? byShape : inFull;
}

const byShape: Shaping = Object.freeze({ text: shapeOf, json: shapeOfJson });
const inFull: Shaping = Object.freeze({ text: (given: string) => given, json: (given: unknown) => given });

/** XState's own events: a delay that passed, the end of a child. What a child threw stays out. */
export function internalEvent(event: AnyEventObject): LoggedEvent {
  if (event.type === 'xstate.init') return { type: event.type };
  return { type: event.type, ...('actorId' in event && { actorId: event.actorId }) };
}

export const noAmendments: readonly ShapeAmendment[] = Object.freeze([]);

/** `completed`, or the error_type of the failure that a chart ended with. */
export function reasonOfFailure({ context }: TurnEnd): string {
  const failure: unknown = context.failure;
  if (failure === null) return 'completed';
  return typeof failure === 'object' && 'errorType' in failure ? String(failure.errorType) : '';
}
