/**
 * What a supervisor did: slots over time, who holds them at a turn and who hears or waits for whom, who was refused and why. Counts come from what its log says; a refusal's
 * reason is not in it, so those that are shown are executed once more. So a log of a million turns costs a walk over its lines, and no
 * second execution.
 */
import type { AnyMachineSnapshot, AnyStateMachine } from 'xstate';
import type { EventLog } from '../../log/log-reader.ts';
import { entriesOf, isTable } from '../../machines/supervisor/persistent-table.ts';
import { field } from '../../record/turn-outcome.ts';
import { PureChart } from '../../replay/pure-chart.ts';

export interface SupervisorView {
  readonly maxStreams: number;
  /** Slots that are held from this time on; thinned out to what a screen can show, with every peak kept. */
  readonly slots: readonly { readonly atMs: number; readonly turn: number; readonly held: number }[];
  readonly endMs: number;
  readonly peak: number;
  readonly admitted: number;
  readonly refused: number;
  readonly interrupts: number;
  /** Calls that ever waited for their session id. */
  readonly queued: number;
  /** Those that hold a slot after the turn that was asked for, the oldest first, behind each those that listen to it. */
  readonly holders: readonly SlotHolder[];
  readonly moreHolders: number;
  /** Calls that wait for their session id after that turn, in the order in which they came. */
  readonly waiting: readonly QueuedCall[];
  readonly moreWaiting: number;
  /** How long a call may wait; 0 = none does here. */
  readonly queueTimeoutMs: number;
  /** Newest first. */
  readonly refusals: readonly Refusal[];
  readonly moreRefusals: number;
}

export interface SlotHolder {
  readonly streamId: string;
  readonly sessionId: string;
  readonly hardwareId: string;
  readonly kind: string;
  /** Of a listener: the stream that it hears, which may be over; null = it is none. */
  readonly hears: string | null;
}

/** A call that waits until its session id is free. */
export interface QueuedCall extends Pick<SlotHolder, 'streamId' | 'sessionId' | 'hardwareId'> {
  /** Among those that wait for the same id, from 1. */
  readonly place: number;
  /** When it came, on the log's own clock, and in which turn. */
  readonly sinceMs: number;
  readonly turn: number;
  /** How long it had waited by the turn that was asked for. */
  readonly waitedMs: number;
}

export interface Refusal {
  readonly turn: number;
  readonly atMs: number;
  readonly sessionId: string;
  readonly hardwareId: string;
  readonly errorType: string;
  readonly message: string;
}

const MAX_POINTS = 1_200;
const MAX_HOLDERS = 200;
const MAX_WAITING = 200;
const MAX_REFUSALS = 200;

/** The log of a supervisor as it stood after `turn`; `snapshotAfter` is the chart's own place there, null = it did not come so far. */
export function supervisorView(
  log: EventLog,
  machine: AnyStateMachine,
  {
    turn,
    snapshotAfter,
  }: { readonly turn: number; readonly snapshotAfter: (turn: number) => AnyMachineSnapshot | null },
): SupervisorView {
  const walked = walk(log);
  const snapshot = snapshotAfter(turn);
  const holders = holdersIn(snapshot);
  const waiting = waitingIn(snapshot, log, turn);
  const chart = new PureChart(machine);
  const refusals: Refusal[] = [];
  // A turn may refuse all that wait: each of them counts.
  for (const at of [...new Set(walked.refusedIn.slice(-MAX_REFUSALS))].reverse())
    refusals.push(...refusalsIn(log, chart, { turn: at, before: snapshotAfter(at - 1) }));
  refusals.splice(MAX_REFUSALS);
  return {
    maxStreams: Number(field(log.header.input, 'maxStreams') ?? 0),
    slots: thinned(walked.slots),
    endMs: log.turns.at(-1)?.atMs ?? 0,
    peak: walked.slots.reduce((most, { held }) => Math.max(most, held), 0),
    admitted: walked.admitted,
    refused: walked.refusedIn.length,
    interrupts: walked.interrupts,
    queued: walked.queued,
    holders: holders.slice(0, MAX_HOLDERS),
    moreHolders: Math.max(0, holders.length - MAX_HOLDERS),
    waiting: waiting.slice(0, MAX_WAITING),
    moreWaiting: Math.max(0, waiting.length - MAX_WAITING),
    queueTimeoutMs: Number(field(log.header.input, 'queueTimeoutMs') ?? 0),
    refusals,
    moreRefusals: walked.refusedIn.length - refusals.length,
  };
}

interface Walked {
  readonly slots: SupervisorView['slots'];
  readonly admitted: number;
  readonly refusedIn: readonly number[];
  readonly interrupts: number;
  readonly queued: number;
}

function walk({ turns }: EventLog): Walked {
  const slots: { atMs: number; turn: number; held: number }[] = [{ atMs: 0, turn: 0, held: 0 }];
  const refusedIn: number[] = [];
  let [held, admitted, interrupts, queued] = [0, 0, 0, 0];
  for (const { turn, atMs, event, effects = [] } of turns) {
    if (event.type === 'device.interruptRequested') interrupts += 1;
    const before = held;
    for (const effect of effects) {
      if (effect.startsWith('say stream.admitted') || effect.startsWith('say stream.attached')) {
        held += 1;
        admitted += 1;
      } else if (effect.startsWith('say slot.freed') || effect.startsWith('say stream.superseded')) held -= 1;
      else if (effect.startsWith('say stream.refused')) refusedIn.push(turn);
      else if (effect.startsWith('say stream.queued')) queued += 1;
    }
    if (held !== before) slots.push({ atMs, turn, held });
  }
  return { slots, admitted, refusedIn, interrupts, queued };
}

/** At most MAX_POINTS: of each stretch of time its last point and, before it, its highest. */
function thinned(slots: Walked['slots']): SupervisorView['slots'] {
  if (slots.length <= MAX_POINTS) return slots;
  const perStretch = Math.ceil(slots.length / (MAX_POINTS / 2));
  const kept: { atMs: number; turn: number; held: number }[] = [];
  for (let from = 0; from < slots.length; from += perStretch) {
    const stretch = slots.slice(from, from + perStretch);
    const last = stretch.at(-1);
    const [first] = stretch;
    if (last === undefined || first === undefined) break;
    const highest = stretch.reduce((most, point) => (point.held > most.held ? point : most), first);
    if (highest !== last) kept.push(highest);
    kept.push(last);
  }
  return kept;
}

/** What stands in a table of the context, or in the object that it was in version 1. */
function rowsIn(snapshot: AnyMachineSnapshot | null, name: string): readonly (readonly [string, unknown])[] {
  const rows: unknown = field(snapshot?.context, name);
  return isTable(rows) ? entriesOf(rows) : Object.entries(typeof rows === 'object' && rows !== null ? rows : {});
}

function holdersIn(snapshot: AnyMachineSnapshot | null): readonly SlotHolder[] {
  const holders: SlotHolder[] = [];
  const listeners = new Map<string, SlotHolder[]>();
  const rows = [...rowsIn(snapshot, 'streams')];
  for (const [streamId, stream] of rows.sort(([, a], [, b]) => orderOf(a, 'admission') - orderOf(b, 'admission'))) {
    const kind = textOf(field(stream, 'kind'));
    const hears = kind === 'listener' ? textOf(field(stream, 'leader')) : null;
    const holder = { ...whose(stream), streamId, kind, hears };
    if (hears === null) holders.push(holder);
    else listeners.set(hears, [...(listeners.get(hears) ?? []), holder]);
  }
  const led = holders.flatMap((holder) => [holder, ...(listeners.get(holder.streamId) ?? [])]);
  for (const { streamId } of holders) listeners.delete(streamId);
  // Whom they heard has ended, and they have not been told yet.
  return [...led, ...[...listeners.values()].flat()];
}

function waitingIn(snapshot: AnyMachineSnapshot | null, { turns }: EventLog, turn: number): readonly QueuedCall[] {
  const rows = [...rowsIn(snapshot, 'waiting')];
  if (rows.length === 0) return [];
  const places = new Map<string, number>();
  for (const [, queue] of rowsIn(snapshot, 'queues'))
    if (Array.isArray(queue)) for (const [index, streamId] of queue.entries()) places.set(String(streamId), index + 1);
  const came = new Map(rows.map(([streamId]) => [streamId, 0]));
  for (const { turn: at, event } of turns.slice(0, turn + 1))
    if (event.type === 'stream.requested' && came.has(textOf(event.streamId))) came.set(textOf(event.streamId), at);
  const nowMs = turns[turn]?.atMs ?? 0;
  return rows
    .sort(([, a], [, b]) => orderOf(a, 'arrival') - orderOf(b, 'arrival'))
    .map(([streamId, call]) => {
      const at = came.get(streamId) ?? 0;
      const sinceMs = turns[at]?.atMs ?? 0;
      const waited = { sinceMs, turn: at, waitedMs: nowMs - sinceMs };
      return { ...whose(call), streamId, place: places.get(streamId) ?? 0, ...waited };
    });
}

function orderOf(row: unknown, name: string): number {
  return Number(field(row, name) ?? 0);
}

function whose(row: unknown): { readonly sessionId: string; readonly hardwareId: string } {
  return { sessionId: textOf(field(row, 'sessionId')), hardwareId: textOf(field(row, 'hardwareId')) };
}

/** What a turn said to those whom it refused, who asked or had waited; none = the chart refuses nobody there today. */
function refusalsIn(
  { turns, header }: EventLog,
  chart: PureChart,
  { turn, before }: { readonly turn: number; readonly before: AnyMachineSnapshot | null },
): readonly Refusal[] {
  const recorded = turns[turn];
  if (recorded === undefined) return [];
  const { event, atMs } = recorded;
  try {
    const { actions } = before === null ? chart.start(header.input) : chart.take(before, event);
    const waited = event.type === 'stream.requested' ? new Map() : new Map(rowsIn(before, 'waiting'));
    return actions
      .map(({ params }) => field(params, 'event'))
      .filter((said) => field(said, 'type') === 'stream.refused')
      .map((said) => {
        const failure = field(said, 'failure');
        const words = { errorType: textOf(field(failure, 'errorType')), message: textOf(field(failure, 'message')) };
        return { turn, atMs, ...whose(waited.get(textOf(field(said, 'streamId'))) ?? event), ...words };
      });
  } catch {
    return [{ turn, atMs, ...whose(event), errorType: '', message: 'its chart throws here' }];
  }
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : '';
}
