/**
 * Records a session anew after an intended change: the events that came then, what today's chart does with them, and the reason why that is
 * right, which stays in the header. Only the outcomes are new; where today's chart ends earlier, the events behind its end are left out.
 */

import type { AnyMachineSnapshot, AnyStateMachine } from 'xstate';
import { wordsOf } from '../../errors.ts';
import { definitionHash } from '../../log/definition-hash.ts';
import { LineChain, type LogFooter } from '../../log/log-format.ts';
import type { EventLog } from '../../log/log-reader.ts';
import { OutcomeTeller } from '../../record/turn-outcome.ts';
import { playedEvents, reasonInOutput } from '../played-events.ts';

export interface ReRecording {
  /** The new log, as it stands in a file. */
  readonly text: string;
  /** Recorded turns that are not in it: those behind the new end, and faults that are none any more. */
  readonly leftOut: number;
  /** The new end; null = the chart is still alive after the last recorded event. */
  readonly reason: string | null;
}

export interface ReRecordingTerms {
  readonly machine: AnyStateMachine;
  /** Why the outcomes may change. */
  readonly reason: string;
  /** Version of this server. */
  readonly build: string;
}

/** The log as today's chart would have written it; throws what the chart throws. */
export function reRecord(log: EventLog, { machine, reason, build }: ReRecordingTerms): ReRecording {
  const { header, turns } = log;
  const chain = new LineChain();
  const teller = new OutcomeTeller(header.redaction);
  let text = chain.write({
    ...header,
    version: machine.version ?? '',
    definition: definitionHash(machine),
    build,
    // Each change that was accepted stays told.
    reason: header.reason === undefined ? reason : `${header.reason}; ${reason}`,
  });
  let written = 0;
  let end: AnyMachineSnapshot | null = null;
  for (const { recorded, now, error } of playedEvents(log, machine)) {
    if (now === null) throw new Error(`the chart throws at turn ${recorded.turn}: ${wordsOf(error)}`);
    const { atMs, event } = recorded;
    text += chain.write({ kind: 'turn', turn: written, atMs, event, ...teller.tell(now.after, now.actions) });
    written += 1;
    if (now.after.status !== 'active') end = now.after;
  }
  const endReason = end === null ? null : reasonInOutput(end.output);
  const status = end?.status === 'done' || end?.status === 'error' ? end.status : 'abandoned';
  // A log without a footer was cut by a kill: its session may have gone on.
  if (end !== null || log.footer !== null) text += chain.write(footerOf(status, endReason ?? '', written));
  return { text, leftOut: turns.length - written, reason: endReason };
}

function footerOf(status: LogFooter['status'], reason: string, turns: number): LogFooter {
  return { kind: 'footer', status, reason, turns, dropped: 0 };
}
