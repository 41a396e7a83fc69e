/**
 * What a recording promises as a regression test, whether today's chart keeps it, and how an intended change is accepted.
 *
 * Without an expectation it pins: the replay must be identical. With one it is the test of a session that should have ended
 * otherwise: red while the chart still fails it, green once it does not. A replay can't know what the world would have said to
 * a chart that does something else, so this is what is checked and no more: the recorded events are given to the chart in
 * their order, and it ends for the expected reason; or, where a good end is expected, it takes all of them, that which ended
 * the session included, and is still alive.
 */
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import type { AnyMachineSnapshot, AnyStateMachine } from 'xstate';
import { z } from 'zod';
import { wordsOf } from '../../errors.ts';
import { definitionHash } from '../../log/chart-definition.ts';
import { LineChain, type LogFooter, THREW } from '../../log/log-format.ts';
import type { EventLog } from '../../log/log-reader.ts';
import { OutcomeTeller } from '../../record/turn-outcome.ts';
import { machineFor } from '../machine-shelf.ts';
import { playedEvents, reasonInOutput } from '../played-events.ts';
import { type Divergence, replay } from '../replayer.ts';

/** How the session of a recording should have ended. */
export interface Expectation {
  readonly reason: string;
}

export interface RecordingCheck {
  readonly isMet: boolean;
  /** What was found, in a line; it names the first difference. */
  readonly words: string;
}

/** The end that every session wishes for. */
export const goodEnd = 'completed';

/** Checks a recording against today's chart; null = it pins what was recorded. `charts` defaults to all that are kept. */
export function checkRecording(
  log: EventLog,
  expectation: Expectation | null,
  charts?: readonly AnyStateMachine[],
): RecordingCheck {
  const { machine: id, version } = log.header;
  const machine = machineFor(id, version, charts);
  if (machine === undefined) return { isMet: false, words: `there is no chart named ${id}` };
  const { divergence, turns } = replay(log, machine);
  if (expectation === null) {
    const reason = log.footer?.reason ?? '';
    const end = reason === '' ? '' : `, ${reason}`;
    return divergence === null
      ? { isMet: true, words: `identical (${turns} turns${end})` }
      : { isMet: false, words: differenceText(divergence) };
  }
  const end = endOf(log, machine);
  return verdictOn(log, { expected: expectation.reason, end, divergence });
}

/** Where the chart came to an end with the recorded events; null = it is still alive after the last of them. */
type ComeEnd = { readonly turn: number; readonly reason: string } | null;

function endOf(log: EventLog, machine: AnyStateMachine): ComeEnd {
  for (const { recorded, now, error } of playedEvents(log, machine)) {
    const { turn, status } = recorded;
    if (now === null) {
      // Behind its barrier it goes on with the fault that was recorded next.
      if (status === THREW) continue;
      return { turn, reason: `a throw (${wordsOf(error)})` };
    }
    const { after } = now;
    if (after.status !== 'active') return { turn, reason: reasonInOutput(after.output) || after.status };
  }
  return null;
}

interface Findings {
  readonly expected: string;
  readonly end: ComeEnd;
  readonly divergence: Divergence | null;
}

function verdictOn({ turns, footer }: EventLog, { expected, end, divergence }: Findings): RecordingCheck {
  const where = divergence === null ? '' : `; first difference: ${differenceText(divergence)}`;
  if (end !== null) {
    const isMet = end.reason === expected;
    const wanted = isMet ? '' : `, expected ${expected}`;
    return { isMet, words: `ends as ${end.reason} at turn ${end.turn}${wanted}${where}` };
  }
  const last = turns.at(-1);
  const recorded = footer?.reason ?? 'nothing';
  const survived = `no longer ends as ${recorded} at turn ${last?.turn ?? 0} (${last?.event.type ?? ''})`;
  const isMet = expected === goodEnd && recorded !== goodEnd;
  const rest = isMet ? 'what would have come then is not recorded' : `does not end as ${expected} either`;
  return { isMet, words: `${survived}; ${rest}${where}` };
}

/** A divergence in a line. */
export function differenceText({ turn, field, recorded, now, event }: Divergence): string {
  return `diverged at turn ${turn}: ${field}, recorded ${shown(recorded)}, now ${shown(now)}, event ${shown(event)}`;
}

function shown(value: unknown): string {
  const MAX_SHOWN_CHARS = 300;
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  return text.length > MAX_SHOWN_CHARS ? `${text.slice(0, MAX_SHOWN_CHARS)}…` : text;
}

const expectationSchema = z.strictObject({ reason: z.string().min(1) });

/**
 * Where the expectation of a recording stands: `x.jsonl` is the recording, byte for byte as a server wrote it, and
 * `x.expected.json` beside it says `{"reason": "completed"}`. No such file: the recording pins what was recorded.
 */
function expectationPath(recording: string): string {
  return recording.replace(/\.jsonl$/, '.expected.json');
}

/** The expectation beside a recording; null if there is none. Throws for one that can't be read: it must not count as none. */
export function readExpectation(recording: string): Expectation | null {
  const path = expectationPath(recording);
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return null;
    throw error;
  }
  try {
    return expectationSchema.parse(JSON.parse(text));
  } catch (cause) {
    throw new Error(`${path} must be like {"reason": "completed"}`, { cause });
  }
}

/** Writes the expectation; throws if there is one already. */
export function writeExpectation(recording: string, { reason }: Expectation): void {
  writeFileSync(expectationPath(recording), `${JSON.stringify({ reason })}\n`, { flag: 'wx' });
}

export function removeExpectation(recording: string): void {
  rmSync(expectationPath(recording), { force: true });
}

export interface ReRecording {
  /** The new log, as it stands in a file. */
  readonly text: string;
  /** Recorded turns that are not in it: those behind the new end, and faults that are none any more. */
  readonly leftOut: number;
  /** The new end; null = the chart is still alive after the last recorded event. */
  readonly reason: string | null;
}

interface ReRecordingTerms {
  readonly machine: AnyStateMachine;
  /** Why the outcomes may change. */
  readonly reason: string;
  /** Version of this server. */
  readonly build: string;
}

/**
 * Records a session anew after an intended change: the log as today's chart would have written it, with the events that came
 * then, and the reason why that is right, which stays in the header. Only the outcomes are new; where today's chart ends
 * earlier, the events behind its end are left out. Throws what the chart throws.
 */
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
