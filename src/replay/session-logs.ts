/** What the logs of sessions and of the supervisor say of themselves, and what of their events may stand in them. */
import type { AnyStateMachine } from 'xstate';
import type { ActorLogOptions } from './actor-log.ts';
import { LOG_FORMAT } from './log-format.ts';
import { definitionHash } from './machine-shelf.ts';
import type { RecordedTurn } from './recorded-logic.ts';
import { createSessionRedactor, type Redactor } from './redaction.ts';

/** A session of the longest answer fits many times; what is larger runs in circles. */
const MAX_SESSION_LOG_BYTES = 16 * 1024 * 1024;
/** About a million admissions and ends. */
const MAX_SUPERVISOR_LOG_BYTES = 256 * 1024 * 1024;

export interface LogTerms {
  readonly machine: AnyStateMachine;
  readonly redaction: 'shape' | 'full';
  /** Version of the server. */
  readonly build: string;
}

/** What makes the logs of one chart, their parts that are the same for all made once. */
export function sessionLogMaker({ machine, redaction, build }: LogTerms): (startedAt: string) => ActorLogOptions {
  const common = headerOf(machine, redaction, build);
  return (startedAt) => ({
    header: { ...common, startedAt },
    redactor: createSessionRedactor(redaction),
    maxBytes: MAX_SESSION_LOG_BYTES,
    inputOf,
    reasonOf: ({ context }) => reasonOf(context),
  });
}

/** The supervisor hears ids and numbers only: nothing that anyone said. */
export function supervisorLogMaker({ machine, redaction, build }: LogTerms): (startedAt: string) => ActorLogOptions {
  const common = headerOf(machine, redaction, build);
  return (startedAt) => ({
    header: { ...common, startedAt },
    redactor: supervisorRedactor,
    maxBytes: MAX_SUPERVISOR_LOG_BYTES,
    inputOf,
    reasonOf: () => '',
  });
}

const supervisorFields = ['streamId', 'sessionId', 'hardwareId'] as const;

const supervisorRedactor: Redactor = {
  redact: (_turn, event) => {
    const kept = supervisorFields.flatMap((name) => (typeof event[name] === 'string' ? [[name, event[name]]] : []));
    return { event: { type: event.type, ...Object.fromEntries(kept) }, amendments: [] };
  },
};

function headerOf(machine: AnyStateMachine, redaction: 'shape' | 'full', build: string) {
  return {
    kind: 'header' as const,
    format: LOG_FORMAT,
    machine: machine.id,
    version: machine.version ?? '',
    definition: definitionHash(machine),
    build,
    redaction,
  };
}

/** Ids and limits: both charts are started with nothing else. */
function inputOf(event: RecordedTurn['event']): unknown {
  return event.input;
}

function reasonOf(context: unknown): string {
  if (typeof context !== 'object' || context === null || !('failure' in context)) return '';
  const { failure } = context;
  if (failure === null) return 'completed';
  return typeof failure === 'object' && 'errorType' in failure ? String(failure.errorType) : '';
}
