/** Logs of sessions that never ran: the chart itself, its events given by a test, the lines as a server writes them. */

import { definitionHash } from '../../../src/log/chart-definition.ts';
import { LineChain, LOG_FORMAT } from '../../../src/log/log-format.ts';
import { type EventLog, isBadLog, readLog } from '../../../src/log/log-reader.ts';
import { sessionMachine } from '../../../src/machines/session/session.machine.ts';
import type { SessionEvent } from '../../../src/machines/session/session.types.ts';
import { OutcomeTeller } from '../../../src/record/turn-outcome.ts';
import { ChartRun } from '../../../src/replay/pure-chart.ts';
import { heard, sessionInput } from '../machines/session-run.ts';

/** An event and when it came, in ms since the session began. */
export type TimedEvent = readonly [atMs: number, event: SessionEvent];

export interface MadeLogOptions {
  readonly events: readonly TimedEvent[];
  readonly sessionId?: string;
  readonly hardwareId?: string;
  readonly startedAt?: string;
  /** A log whose process was killed has none. */
  readonly hasFooter?: boolean;
  /** What stands for the state of the turn with this number: a log that this version would not write. */
  readonly falseState?: { readonly turn: number; readonly state: string };
}

/** The log's text. */
export function madeLog({ events, falseState, ...options }: MadeLogOptions): string {
  const { sessionId = 'session-1', hardwareId = 'device-1', hasFooter = true } = options;
  const input = { ...sessionInput(), streamId: `stream-of-${sessionId}`, sessionId, hardwareId };
  const chain = new LineChain();
  const teller = new OutcomeTeller('shape');
  const run = new ChartRun(sessionMachine);
  let text = chain.write({
    kind: 'header',
    format: LOG_FORMAT,
    machine: sessionMachine.id,
    version: sessionMachine.version ?? '',
    definition: definitionHash(sessionMachine),
    build: '0.0.0',
    redaction: 'shape',
    startedAt: options.startedAt ?? '2026-11-22T10:00:00.000Z',
    input,
  });
  let last = run.start(input);
  const add = (turn: number, atMs: number, event: { readonly type: string }) => {
    const outcome = teller.tell(last.after, last.actions);
    const told = falseState?.turn === turn ? { ...outcome, state: falseState.state } : outcome;
    text += chain.write({ kind: 'turn', turn, atMs, event, ...told });
  };
  add(0, 0, { type: 'xstate.init' });
  for (const [index, [atMs, event]] of events.entries()) {
    last = run.take(event);
    add(index + 1, atMs, event);
  }
  const reason = last.after.context.failure?.errorType ?? 'completed';
  const status = last.after.status === 'done' ? 'done' : 'abandoned';
  const footer = chain.write({ kind: 'footer', status, reason, turns: events.length + 1, dropped: 0 });
  return hasFooter ? text + footer : text;
}

/** The same, read. */
export function readMadeLog(options: MadeLogOptions): EventLog {
  const log = readLog(madeLog(options));
  if (isBadLog(log)) throw new Error(log.why);
  return log;
}

const asked: TimedEvent = [2, { type: 'request.received', prompt: 'Xxxx xx xx?' }];

/** One sentence, said and heard. */
export const goodEvents: readonly TimedEvent[] = [
  asked,
  [12, heard('Xx xx x xxxxxxxx. ', 12)],
  [40, { type: 'answer.finished' }],
  [1640, { type: 'speech.finished', segment: 0, audioBytes: 4096 }],
  [1650, { type: 'outbox.flushed' }],
];

/** A model that gives up after its first sentence. */
export const failedEvents: readonly TimedEvent[] = [
  asked,
  [12, heard('Xx xx x xxxxxxxx. ', 12)],
  [
    2500,
    { type: 'answer.failed', failure: { errorCode: 'UNAVAILABLE', errorType: 'answer_failed', message: 'xxxxx xx' } },
  ],
];
