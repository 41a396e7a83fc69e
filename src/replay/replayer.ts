/**
 * Replays a log: feeds its events to the pure chart, turn by turn, and compares what each did with what was recorded.
 * Timers, children and the world are not simulated: what they said is in the log (docs/REPLAY.md). The verdict is the first
 * difference, or that there is none.
 */

import { isDeepStrictEqual } from 'node:util';
import type { AnyMachineSnapshot, AnyStateMachine } from 'xstate';
import { wordsOf } from '../errors.ts';
import { definitionHashAs } from '../log/chart-definition.ts';
import {
  type Changes,
  type LogFooter,
  type LoggedEvent,
  type LogHeader,
  type LogTurn,
  THREW,
  type TurnOutcome,
} from '../log/log-format.ts';
import type { EventLog } from '../log/log-reader.ts';
import { isTable, withPlainTables } from '../machines/supervisor/persistent-table.ts';
import { digestOf } from '../record/digest.ts';
import { type AskedAction, fieldAsLogged, field as fieldOf, OutcomeTeller } from '../record/turn-outcome.ts';
import { type DifferingItem, differingItems } from './differing-items.ts';
import { reasonInOutput } from './played-events.ts';
import { ChartRun, type Microstep } from './pure-chart.ts';

/** Where a replay first did something else. */
export interface Divergence {
  readonly turn: number;
  /** `state`, `status`, `effects`, `end`, or `context.<field>`. */
  readonly field: string;
  readonly recorded: unknown;
  readonly now: unknown;
  /**
   * The value of the field now, or of the first effect that differs, where a log has digests alone. It holds no more of a text than the
   * log does.
   */
  readonly present?: unknown;
  /** Which of its items differ, as far as the side that is executed again can tell. */
  readonly items?: readonly DifferingItem[];
  readonly event: LoggedEvent;
}

export interface ReplayVerdict {
  readonly divergence: Divergence | null;
  /** Turns that were compared. */
  readonly turns: number;
  /** What says that the code is not the one that recorded: told first, since it may explain a difference. */
  readonly definitionChanges: readonly string[];
  /** The log does not hold the end of its session: its process was killed, or it was cut. */
  readonly isIncomplete: boolean;
}

/** Replays `log` with `machine`; `watch` is told every step inside of its turns. */
export function replay(
  log: EventLog,
  machine: AnyStateMachine,
  watch?: (turn: LogTurn, step: Microstep) => void,
): ReplayVerdict {
  const definitionChanges = definitionChangesOf(log, machine);
  const { footer } = log;
  const isIncomplete = footer === null || footer.dropped > 0;
  let current = log.turns[0];
  const onMicrostep = (step: Microstep) => current !== undefined && watch?.(current, step);
  const run = new ReplayRun(log.header, machine, watch && onMicrostep);
  for (const recorded of log.turns) {
    current = recorded;
    const divergence = run.take(recorded);
    if (divergence !== null) return { divergence, turns: recorded.turn, definitionChanges, isIncomplete };
  }
  const divergence = footer === null ? null : run.end(footer, log.turns.at(-1));
  return { divergence, turns: log.turns.length, definitionChanges, isIncomplete };
}

/** A replay turn by turn, for a log that grows; `replay` is made of it. */
export class ReplayRun {
  readonly #header: LogHeader;
  readonly #run: ChartRun;
  #teller: OutcomeTeller;

  constructor(header: LogHeader, machine: AnyStateMachine, onMicrostep?: (step: Microstep) => void) {
    this.#header = header;
    this.#run = new ChartRun(machine, onMicrostep);
    this.#teller = new OutcomeTeller(header.redaction);
  }

  /** Where the chart stands after the last turn; null = before the first. */
  get snapshot(): AnyMachineSnapshot | null {
    return this.#run.snapshot;
  }

  /** Plays the next turn, and tells what it did otherwise than `recorded`; null = nothing. */
  take(recorded: LogTurn): Divergence | null {
    return differenceIn(recorded, this.#run, () => this.#play(recorded));
  }

  /** Plays the next turn of a log that is known to differ, as far as the chart can; after a throw it stands where it stood. */
  follow({ turn, event }: LogTurn): void {
    try {
      if (turn === 0) this.#run.start(this.#header.input);
      else this.#run.take(event);
    } catch {
      // What it did instead was told with the first difference.
    }
  }

  /** Goes on from the turn that led to `snapshot`; null = from the beginning. */
  standAt(snapshot: AnyMachineSnapshot | null): void {
    this.#run.standAt(snapshot);
    this.#teller = new OutcomeTeller(this.#header.redaction);
    if (snapshot !== null) this.#teller.standAt(snapshot);
  }

  /** The footer against the end that the replay came to; `last` is the last turn. */
  end(footer: LogFooter, last: LogTurn | undefined): Divergence | null {
    return last === undefined ? null : differenceAtEnd(footer, last, this.#run);
  }

  #play({ turn, event }: LogTurn): PlayedTurn {
    const { after, actions } = turn === 0 ? this.#run.start(this.#header.input) : this.#run.take(event);
    return { outcome: this.#teller.tell(after, actions), actions };
  }
}

/** What says that the code is not the one that recorded `log`. */
export function definitionChangesOf({ header }: Pick<EventLog, 'header'>, machine: AnyStateMachine): readonly string[] {
  const changes: string[] = [];
  const version = machine.version ?? '';
  if (header.version !== version) changes.push(`version ${header.version} was recorded, ${version} replays`);
  const definition = definitionHashAs(header.definition, machine);
  if (header.definition !== definition) {
    changes.push(`the definition of the chart was ${header.definition} and is ${definition}`);
  }
  return changes;
}

interface PlayedTurn {
  readonly outcome: TurnOutcome;
  readonly actions: readonly AskedAction[];
}

/** A chart that throws is a difference too, and so is a turn after the end: an actor that is over takes none. */
function differenceIn(recorded: LogTurn, run: ChartRun, play: () => PlayedTurn): Divergence | null {
  const { turn, event } = recorded;
  const before = run.snapshot;
  if (before !== null && before.status !== 'active') {
    const now = `it was over (${before.status}) the turn before`;
    return { turn, field: 'status', recorded: 'one more turn', now, event };
  }
  let now: PlayedTurn;
  try {
    now = play();
  } catch (error) {
    if (recorded.status === THREW) return null;
    const thrown = wordsOf(error);
    return { turn, field: 'status', recorded: recorded.status ?? 'active', now: `the chart threw: ${thrown}`, event };
  }
  if (recorded.status === THREW) {
    return { turn, field: 'status', recorded: 'the chart threw', now: 'it does not', event };
  }
  const different = firstDifference(recorded, now.outcome);
  if (different === null) return null;
  const contexts = { before: before?.context, now: run.snapshot?.context };
  const { effects = [] } = recorded;
  const told = different.field === 'effects' ? itemsOfEffect(effects, now) : itemsOfContext(different, contexts);
  return { turn, ...different, ...told, event };
}

function firstDifference(
  recorded: TurnOutcome,
  now: TurnOutcome,
): Pick<Divergence, 'field' | 'recorded' | 'now'> | null {
  if (recorded.state !== now.state) {
    return { field: 'state', recorded: recorded.state ?? asBefore, now: now.state ?? asBefore };
  }
  const changed = changedOtherwise(recorded.changes ?? noChanges, now.changes ?? noChanges);
  if (changed !== null) return changed;
  const effects = { recorded: recorded.effects ?? [], now: now.effects ?? [] };
  if (!isSameTexts(effects.recorded, effects.now)) return { field: 'effects', ...effects };
  if (recorded.status !== now.status) {
    return { field: 'status', recorded: recorded.status ?? 'active', now: now.status ?? 'active' };
  }
  return null;
}

const asBefore = 'as before';

const noChanges: Changes = Object.freeze({});

/** The first field that changed otherwise: in the order of the recorded ones, those that changed now alone behind them. */
function changedOtherwise(was: Changes, is: Changes): Pick<Divergence, 'field' | 'recorded' | 'now'> | null {
  for (const name of Object.keys(was)) {
    // A log may name what every object has.
    const [recorded, now] = [was[name], Object.hasOwn(is, name) ? is[name] : undefined];
    // Nearly all are digests or numbers.
    if (recorded !== now && !isDeepStrictEqual(recorded, now)) return otherwise(name, recorded, now);
  }
  for (const name of Object.keys(is)) {
    if (!Object.hasOwn(was, name) && is[name] !== undefined) return otherwise(name, undefined, is[name]);
  }
  return null;
}

function otherwise(name: string, recorded: unknown, now: unknown): Pick<Divergence, 'field' | 'recorded' | 'now'> {
  return { field: `context.${name}`, recorded: recorded ?? asBefore, now: now ?? asBefore };
}

function isSameTexts(one: readonly string[], other: readonly string[]): boolean {
  if (one.length !== other.length) return false;
  for (let index = 0; index < one.length; index += 1) if (one[index] !== other[index]) return false;
  return true;
}

const CONTEXT_PREFIX = 'context.';

interface Contexts {
  readonly before: unknown;
  readonly now: unknown;
}

/** A digest tells that a field differs; its present value and its items tell where to look. */
function itemsOfContext(
  { field, recorded, now }: Pick<Divergence, 'field' | 'recorded' | 'now'>,
  contexts: Contexts,
): Pick<Divergence, 'present' | 'items'> {
  const isDigest = [recorded, now].some((value) => typeof value === 'string' && value.startsWith('#'));
  if (!isDigest || !field.startsWith(CONTEXT_PREFIX)) return {};
  const name = field.slice(CONTEXT_PREFIX.length);
  const [valueBefore, valueNow] = [fieldOf(contexts.before, name), fieldOf(contexts.now, name)];
  const values = { before: withPlainTables(valueBefore), now: withPlainTables(valueNow) };
  const isAsBefore = recorded === asBefore;
  const items = differingItems({
    ...values,
    // Of a table the digest is one of the whole, as it is kept and not as it is shown.
    isRecorded: (value) =>
      isAsBefore ? value === values.before : !isTable(valueNow) && fieldAsLogged(name, value) === recorded,
  });
  // A value that is new in this turn is all there is to tell.
  const isNew = items[0]?.item === '' && items[0].before === 'none';
  return { present: values.now, ...(items.length > 0 && !isNew && { items }) };
}

/** The event of the first effect that differs in its digest alone. */
function itemsOfEffect(
  recorded: readonly string[],
  { outcome, actions }: PlayedTurn,
): Pick<Divergence, 'present' | 'items'> {
  const now = outcome.effects ?? [];
  const place = now.findIndex((effect, index) => effect !== recorded[index]);
  const [[name, digest], [nameNow]] = [(recorded[place] ?? '').split('#'), (now[place] ?? '').split('#')];
  const event = fieldOf(actions[place]?.params, 'event');
  if (digest === undefined || name !== nameNow || event === undefined) return {};
  const items = differingItems({ before: event, now: event, isRecorded: (value) => digestOf(value) === digest });
  return { present: event, ...(items.length > 0 && { items }) };
}

/** The footer against the end that the replay came to. */
function differenceAtEnd(footer: LogFooter, last: LogTurn, run: ChartRun): Divergence | null {
  const snapshot = run.snapshot;
  if (footer.dropped > 0 || snapshot === null) return null;
  const recorded = footer.status === 'done' ? `done: ${footer.reason}` : footer.status;
  const now =
    snapshot.status === 'done' ? `done: ${reasonInOutput(snapshot.output) || footer.reason}` : snapshot.status;
  // What an actor that threw or was stopped did is not in the chart's hands.
  const isSame = recorded === now || (footer.status !== 'done' && snapshot.status !== 'done');
  return isSame ? null : { turn: last.turn, field: 'end', recorded, now, event: last.event };
}
