/** Tells all of a turn: what was recorded, and what its re-execution shows of it. */
import type { LogTurn } from '../../log/log-format.ts';
import { THREW } from '../../log/log-format.ts';
import { stateText } from '../../record/turn-outcome.ts';
import { type ArmedTimers, noTimers, timersAfter } from './armed-timers.ts';
import { contextChanges } from './context-view.ts';
import type { Execution, WatchedTurn } from './execution.ts';
import type { TurnView } from './views.ts';

/** Turns between two tables of timers that are kept. */
const MARK_EVERY = 64;

export class TurnTeller {
  readonly #turns: readonly LogTurn[];
  readonly #execution: Execution | null;
  /** Path of a state by its id. */
  readonly #paths: ReadonlyMap<string, string>;
  /** Leaves and timers before every MARK_EVERYth turn. */
  readonly #marks: { readonly leaves: readonly string[]; readonly timers: ArmedTimers }[] = [];

  /** `execution` null: the chart is not known, what was recorded is all there is. */
  constructor(turns: readonly LogTurn[], execution: Execution | null) {
    this.#turns = turns;
    this.#execution = execution;
    this.#paths = execution?.chart.pathsById ?? new Map();
  }

  /** Active leaves after a turn, as recorded; none before the first. */
  leavesAt(turn: number): readonly string[] {
    return this.#standing(turn).leaves;
  }

  /** `line`: its place in the log, from 0. */
  tell(recorded: LogTurn, line: number): TurnView {
    const { turn, atMs, event, effects = [], status = 'active' } = recorded;
    const execution = this.#execution;
    const watched = execution?.watch(turn) ?? null;
    const { before = null, after = null } = execution?.around(turn) ?? {};
    const { changes, more } = after === null ? noChanges : contextChanges(before?.context ?? {}, after.context);
    const divergence = execution?.divergence ?? null;
    const { leaves, timers } = this.#standing(turn);
    return {
      turn,
      line,
      atMs,
      sinceBeforeMs: atMs - (this.#turns[turn - 1]?.atMs ?? atMs),
      event,
      leaves,
      visits: counted(execution?.chart.states ?? [], execution?.history.visitsUpTo(turn)),
      taken: counted(execution?.chart.transitions.map(({ id }) => id) ?? [], execution?.history.takenUpTo(turn)),
      steps: watched?.steps ?? [],
      last: this.#last(turn),
      timers: status === 'active' || status === THREW ? [...timers.values()] : [],
      effects,
      changes,
      moreChanges: more,
      status,
      hasThrown: recorded.status === THREW,
      divergence: divergence?.turn === turn ? divergence : null,
      sides: divergence !== null && turn >= divergence.turn ? this.#sides(recorded, watched) : null,
    };
  }

  #sides(recorded: LogTurn, watched: WatchedTurn | null): TurnView['sides'] {
    const { turn, state, changes, effects, status } = recorded;
    const told = {
      ...(state !== undefined && { state }),
      ...(changes !== undefined && { changes }),
      ...(effects !== undefined && { effects }),
      ...(status !== undefined && { status }),
    };
    const recomputed = watched === null ? null : (this.#execution?.outcomeOf(turn, watched) ?? null);
    const after = this.#execution?.snapshotAfter(turn) ?? this.#execution?.lastSnapshot;
    return { recorded: told, recomputed, leaves: after ? stateText(after.value).split(' | ') : [] };
  }

  #last(turn: number): TurnView['last'] {
    const { history, chart } = this.#execution ?? {};
    const led = history?.lastLed(turn) ?? -1;
    if (history === undefined || chart === undefined || led < 0) return null;
    const taken = history.takenIn(led).flatMap((place) => chart.transitions[place] ?? []);
    return { turn: led, transitions: taken.filter(({ targets }) => targets.length > 0) };
  }

  /** Amendments change texts alone: neither states nor effects. */
  #standing(turn: number): { readonly leaves: readonly string[]; readonly timers: ArmedTimers } {
    const last = Math.min(turn, this.#turns.length - 1);
    let from = Math.min(Math.floor((last + 1) / MARK_EVERY), Math.max(0, this.#marks.length - 1)) * MARK_EVERY;
    let { leaves, timers } = this.#marks[from / MARK_EVERY] ?? { leaves: [], timers: noTimers };
    for (; from <= last; from += 1) {
      if (from % MARK_EVERY === 0 && this.#marks.length === from / MARK_EVERY) this.#marks.push({ leaves, timers });
      const recorded = this.#turns[from];
      if (recorded === undefined) break;
      if (recorded.state !== undefined) leaves = recorded.state.split(' | ');
      timers = timersAfter(timers, recorded, (id) => this.#paths.get(id) ?? id);
    }
    return { leaves, timers };
  }
}

const noChanges = { changes: [], more: 0 } as const;

/** By name, without those that were never counted. */
function counted(names: readonly string[], counts: Uint32Array | undefined): Readonly<Record<string, number>> {
  const rows = names.map((name, place) => [name, counts?.[place] ?? 0] as const);
  return Object.fromEntries(rows.filter(([, count]) => count > 0));
}
