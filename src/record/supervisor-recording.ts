/** How the supervisor is recorded: it hears ids and numbers only, nothing that anyone said. */
import { supervisorMachine } from '../machines/supervisor/supervisor.machine.ts';
import { type ChartRecording, noAmendments, type Redactor } from './redaction.ts';

/** About a million admissions and ends. */
const MAX_LOG_BYTES = 256 * 1024 * 1024;

const fields = ['streamId', 'sessionId', 'hardwareId'] as const;

const redactor: Redactor = Object.freeze({
  redact: (_turn, event) => {
    const kept = fields.flatMap((name) => (typeof event[name] === 'string' ? [[name, event[name]]] : []));
    return { event: { type: event.type, ...Object.fromEntries(kept) }, amendments: noAmendments };
  },
} satisfies Redactor);

export const supervisorRecording: ChartRecording = Object.freeze({
  machine: supervisorMachine,
  createRedactor: () => redactor,
  reasonOf: () => '',
  maxLogBytes: MAX_LOG_BYTES,
});
