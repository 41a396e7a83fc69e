/**
 * Replays a log: feeds its events to the pure chart, turn by turn, and compares what each did with what was recorded. Timers, children and the
 * world are not simulated: what they said is in the log (DESIGN §5). The verdict is the first difference, or that there is none.
 */
import { isDeepStrictEqual } from 'node:util';
import type { AnyStateMachine } from 'xstate';
import { InertRun, type Microstep } from './inert-run.ts';
import { type LoggedEvent, type LogTurn, THREW, type TurnOutcome } from './log-format.ts';
import type { EventLog } from './log-reader.ts';
import { definitionHash } from './machine-shelf.ts';
import { OutcomeTeller } from './turn-outcome.ts';

/** Where a replay first did something else. */
export interface Divergence {
  readonly turn: number;
  /** `state`, `status`, `effects`, or `context.<field>`. */
  readonly field: string;
  readonly recorded: unknown;
  readonly now: unknown;
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
  const definitionChanges = changesOf(log, machine);
  const { footer } = log;
  const isIncomplete = footer === null || footer.dropped > 0;
  let current = log.turns[0];
  const onMicrostep = (step: Microstep) => current !== undefined && watch?.(current, step);
  const run = new InertRun(machine, 'replay', watch && onMicrostep);
  const teller = new OutcomeTeller(log.header.redaction);
  for (const recorded of log.turns) {
    current = recorded;
    const divergence = differenceIn(recorded, () => playTurn(run, teller, log, recorded));
    if (divergence !== null) return { divergence, turns: recorded.turn, definitionChanges, isIncomplete };
  }
  return { divergence: null, turns: log.turns.length, definitionChanges, isIncomplete };
}

function playTurn(run: InertRun, teller: OutcomeTeller, log: EventLog, { turn, event }: LogTurn): TurnOutcome {
  const { after, actions } = turn === 0 ? run.start(log.header.input) : run.take(event);
  return teller.tell(after, actions);
}

/** A chart that throws is a difference too. */
function differenceIn(recorded: LogTurn, play: () => TurnOutcome): Divergence | null {
  const { turn, event } = recorded;
  let now: TurnOutcome;
  try {
    now = play();
  } catch (error) {
    if (recorded.status === THREW) return null;
    const thrown = error instanceof Error ? error.message : String(error);
    return { turn, field: 'status', recorded: recorded.status ?? 'active', now: `the chart threw: ${thrown}`, event };
  }
  if (recorded.status === THREW) {
    return { turn, field: 'status', recorded: 'the chart threw', now: 'it does not', event };
  }
  const different = firstDifference(recorded, now);
  return different === null ? null : { turn, event, ...different };
}

function firstDifference(recorded: TurnOutcome, now: TurnOutcome): Omit<Divergence, 'turn' | 'event'> | null {
  if (recorded.state !== now.state) {
    return { field: 'state', recorded: recorded.state ?? 'as before', now: now.state ?? 'as before' };
  }
  const changes = { recorded: recorded.changes ?? {}, now: now.changes ?? {} };
  for (const name of new Set([...Object.keys(changes.recorded), ...Object.keys(changes.now)])) {
    const was = changes.recorded[name];
    const is = changes.now[name];
    if (!isDeepStrictEqual(was, is)) {
      return { field: `context.${name}`, recorded: was ?? 'as before', now: is ?? 'as before' };
    }
  }
  if (!isDeepStrictEqual(recorded.effects ?? [], now.effects ?? [])) {
    return { field: 'effects', recorded: recorded.effects ?? [], now: now.effects ?? [] };
  }
  if (recorded.status !== now.status) {
    return { field: 'status', recorded: recorded.status ?? 'active', now: now.status ?? 'active' };
  }
  return null;
}

function changesOf({ header }: EventLog, machine: AnyStateMachine): string[] {
  const changes: string[] = [];
  const version = machine.version ?? '';
  if (header.version !== version) changes.push(`version ${header.version} was recorded, ${version} replays`);
  const definition = definitionHash(machine);
  if (header.definition !== definition) {
    changes.push(`the definition of the chart was ${header.definition} and is ${definition}`);
  }
  return changes;
}
