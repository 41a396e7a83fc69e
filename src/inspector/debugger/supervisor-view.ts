/**
 * What a supervisor did: slots over time, who holds them at a turn, who was refused and why. Counts come from what its log says; a refusal's
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
  /** Those that hold a slot after the turn that was asked for, the oldest first. */
  readonly holders: readonly SlotHolder[];
  readonly moreHolders: number;
  /** Newest first. */
  readonly refusals: readonly Refusal[];
  readonly moreRefusals: number;
}

export interface SlotHolder {
  readonly streamId: string;
  readonly sessionId: string;
  readonly hardwareId: string;
  readonly kind: string;
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
  const holders = holdersIn(snapshotAfter(turn));
  const shown = walked.refusedIn.slice(-MAX_REFUSALS).reverse();
  const chart = new PureChart(machine);
  return {
    maxStreams: Number(field(log.header.input, 'maxStreams') ?? 0),
    slots: thinned(walked.slots),
    endMs: log.turns.at(-1)?.atMs ?? 0,
    peak: walked.slots.reduce((most, { held }) => Math.max(most, held), 0),
    admitted: walked.admitted,
    refused: walked.refusedIn.length,
    interrupts: walked.interrupts,
    holders: holders.slice(0, MAX_HOLDERS),
    moreHolders: Math.max(0, holders.length - MAX_HOLDERS),
    refusals: shown.flatMap((at) => refusalIn(log, chart, { turn: at, before: snapshotAfter(at - 1) }) ?? []),
    moreRefusals: walked.refusedIn.length - shown.length,
  };
}

interface Walked {
  readonly slots: SupervisorView['slots'];
  readonly admitted: number;
  readonly refusedIn: readonly number[];
  readonly interrupts: number;
}

function walk({ turns }: EventLog): Walked {
  const slots: { atMs: number; turn: number; held: number }[] = [{ atMs: 0, turn: 0, held: 0 }];
  const refusedIn: number[] = [];
  let [held, admitted, interrupts] = [0, 0, 0];
  for (const { turn, atMs, event, effects = [] } of turns) {
    if (event.type === 'device.interruptRequested') interrupts += 1;
    const before = held;
    for (const effect of effects) {
      if (effect.startsWith('say stream.admitted') || effect.startsWith('say stream.attached')) {
        held += 1;
        admitted += 1;
      } else if (effect.startsWith('say slot.freed') || effect.startsWith('say stream.superseded')) held -= 1;
      else if (effect.startsWith('say stream.refused')) refusedIn.push(turn);
    }
    if (held !== before) slots.push({ atMs, turn, held });
  }
  return { slots, admitted, refusedIn, interrupts };
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

function holdersIn(snapshot: AnyMachineSnapshot | null): readonly SlotHolder[] {
  const streams: unknown = field(snapshot?.context, 'streams');
  const entries: readonly (readonly [string, unknown])[] = isTable(streams)
    ? entriesOf(streams)
    : Object.entries(typeof streams === 'object' && streams !== null ? streams : {});
  return [...entries]
    .sort(([, a], [, b]) => Number(field(a, 'admission') ?? 0) - Number(field(b, 'admission') ?? 0))
    .map(([streamId, stream]) => ({
      streamId,
      sessionId: textOf(field(stream, 'sessionId')),
      hardwareId: textOf(field(stream, 'hardwareId')),
      kind: textOf(field(stream, 'kind')),
    }));
}

/** What a turn said to whom it refused; null = the chart refuses nobody there today. */
function refusalIn(
  { turns, header }: EventLog,
  chart: PureChart,
  { turn, before }: { readonly turn: number; readonly before: AnyMachineSnapshot | null },
): Refusal | null {
  const recorded = turns[turn];
  if (recorded === undefined) return null;
  const { event, atMs } = recorded;
  const told = { turn, atMs, sessionId: textOf(event.sessionId), hardwareId: textOf(event.hardwareId) };
  try {
    const { actions } = before === null ? chart.start(header.input) : chart.take(before, event);
    const said = actions.map(({ params }) => field(params, 'event'));
    const failure = field(
      said.find((each) => field(each, 'type') === 'stream.refused'),
      'failure',
    );
    return { ...told, errorType: textOf(field(failure, 'errorType')), message: textOf(field(failure, 'message')) };
  } catch {
    return { ...told, errorType: '', message: 'its chart throws here' };
  }
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : '';
}
