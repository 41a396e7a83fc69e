/**
 * Figures over many logs of one chart: how often each state was entered, each transition taken and each end reason
 * came, and how long the states lasted. Ends come from the logs; states and transitions from replaying them step by
 * step, which only a log that replays identically allows. Of any other, the states after each turn still count, its
 * transitions do not: it is told as left out.
 */
import type { AnyStateMachine, AnyTransitionDefinition } from 'xstate';
import { type EventLog, endReasonOf } from '../../log/log-reader.ts';
import { stateText } from '../../record/turn-outcome.ts';
import { replay } from '../../replay/replayer.ts';
import type { TransitionWords } from '../chart/chart-geometry.ts';
import { nameOfTransition, statesOf, transitionsOf, transitionWordsOf } from '../chart/transition-words.ts';

/** Of the times that states lasted, in ms; by nearest rank. */
export interface Percentiles {
  readonly count: number;
  readonly p50: number;
  readonly p90: number;
  readonly p99: number;
  readonly max: number;
}

export interface StateFigures {
  /** Its place in the chart, `streaming.voice.silent`. */
  readonly path: string;
  /** How often it was entered, also for no time at all. */
  readonly entered: number;
  /** Logs in which it was. */
  readonly logs: number;
  /** How long it lasted, from turn to turn; null if it never did. */
  readonly lastedMs: Percentiles | null;
}

export interface TransitionFigures extends TransitionWords {
  /** `session.idle: request.received → session.streaming`, as tests and documents name it. */
  readonly name: string;
  readonly taken: number;
  readonly logs: number;
}

export interface ChartFigures {
  readonly machine: string;
  readonly version: string;
  readonly logs: number;
  /** Logs whose transitions are counted. */
  readonly identical: number;
  /** Most frequent first. */
  readonly ends: readonly { readonly reason: string; readonly logs: number }[];
  /** In the order of the chart. */
  readonly states: readonly StateFigures[];
  readonly transitions: readonly TransitionFigures[];
}

interface Count {
  times: number;
  logs: number;
}

/** One step of a log: where the chart was after it. */
interface Step {
  readonly turn: number;
  readonly atMs: number;
  readonly states: string;
}

/** Counts the logs of one chart. */
export class LogStats {
  readonly #machine: AnyStateMachine;
  readonly #ends = new Map<string, number>();
  readonly #taken = new Map<AnyTransitionDefinition, Count>();
  readonly #clock = new StateClock();
  #logs = 0;
  #identical = 0;

  constructor(machine: AnyStateMachine) {
    this.#machine = machine;
  }

  /** Counts one log; says why its transitions do not count, or null. */
  add(log: EventLog): string | null {
    this.#logs += 1;
    const reason = endReasonOf(log.footer);
    this.#ends.set(reason, (this.#ends.get(reason) ?? 0) + 1);
    const taken = new Map<AnyTransitionDefinition, number>();
    const steps: Step[] = [];
    const { divergence } = replay(log, this.#machine, ({ turn, atMs }, { transitions, after }) => {
      for (const each of transitions) taken.set(each, (taken.get(each) ?? 0) + 1);
      steps.push({ turn, atMs, states: stateText(after.value) });
    });
    if (divergence === null) {
      this.#identical += 1;
      for (const [transition, times] of taken) this.#count(transition, times);
    }
    this.#clock.begin();
    const turns = stepsOf(log);
    // The states that the chart begins in are reached without a step.
    for (const { turn, atMs, states } of divergence === null ? [...turns.slice(0, 1), ...steps] : turns) {
      this.#clock.move(states, { turn, atMs });
    }
    return divergence === null ? null : `diverged at turn ${divergence.turn}: ${divergence.field}`;
  }

  /** What was counted so far. */
  figures(): ChartFigures {
    const { id, version = '' } = this.#machine;
    const nodes = statesOf(this.#machine).filter(({ path }) => path.length > 0);
    const words = transitionWordsOf(this.#machine);
    return {
      machine: id,
      version,
      logs: this.#logs,
      identical: this.#identical,
      ends: [...this.#ends].map(([reason, logs]) => ({ reason, logs })).sort((a, b) => b.logs - a.logs),
      states: nodes.map(({ path }) => this.#stateFigures(path.join('.'))),
      transitions: transitionsOf(this.#machine).flatMap((transition, index) => {
        const told = words[index];
        const { times, logs } = this.#taken.get(transition) ?? { times: 0, logs: 0 };
        return told === undefined ? [] : [{ ...told, name: nameOfTransition(transition), taken: times, logs }];
      }),
    };
  }

  #count(transition: AnyTransitionDefinition, times: number): void {
    const known = this.#taken.get(transition) ?? { times: 0, logs: 0 };
    this.#taken.set(transition, { times: known.times + times, logs: known.logs + 1 });
  }

  #stateFigures(path: string): StateFigures {
    const { entered, logs, lastedMs } = this.#clock.figuresOf(path);
    return { path, entered, logs, lastedMs: percentilesOf(lastedMs) };
  }
}

function stepsOf({ turns }: EventLog): readonly Step[] {
  return turns.flatMap(({ turn, atMs, state }) => (state === undefined ? [] : [{ turn, atMs, states: state }]));
}

function percentilesOf(given: readonly number[]): Percentiles | null {
  if (given.length === 0) return null;
  const sorted = Float64Array.from(given).sort();
  const at = (share: number) => sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? 0;
  return { count: sorted.length, p50: at(0.5), p90: at(0.9), p99: at(0.99), max: at(1) };
}

/** When a step was: the number of its turn and the time of it. */
interface Moment {
  readonly turn: number;
  readonly atMs: number;
}

interface StateCount {
  entered: number;
  logs: number;
  /** The log in which it was last, so that each counts once. */
  lastLog: number;
  readonly lastedMs: number[];
}

/**
 * How often states were entered and how long they lasted, from where a chart was after each of its steps. A state that holds others lasts
 * as long as they do together. One that was entered and left within one turn was entered, but lasted no time that a turn could see.
 */
class StateClock {
  readonly #counts = new Map<string, StateCount>();
  /** Paths of the active states, inner and outer, for each text of states that came so far. */
  readonly #paths = new Map<string, ReadonlySet<string>>();
  #active = new Map<string, Moment>();
  #log = 0;

  /** A new log begins; what was active in the one before it did not come to its end. */
  begin(): void {
    this.#log += 1;
    this.#active = new Map();
  }

  /** The chart is in these states, `a.b | c.d`, from now on. */
  move(states: string, now: Moment): void {
    const paths = this.#pathsOf(states);
    for (const [path, since] of this.#active) {
      if (paths.has(path)) continue;
      this.#active.delete(path);
      if (since.turn !== now.turn) this.#countOf(path).lastedMs.push(now.atMs - since.atMs);
    }
    for (const path of paths) {
      if (this.#active.has(path)) continue;
      this.#active.set(path, now);
      const count = this.#countOf(path);
      count.entered += 1;
      if (count.lastLog !== this.#log) count.logs += 1;
      count.lastLog = this.#log;
    }
  }

  figuresOf(path: string): { readonly entered: number; readonly logs: number; readonly lastedMs: readonly number[] } {
    return this.#counts.get(path) ?? { entered: 0, logs: 0, lastedMs: [] };
  }

  #countOf(path: string): StateCount {
    const known = this.#counts.get(path);
    if (known !== undefined) return known;
    const count: StateCount = { entered: 0, logs: 0, lastLog: 0, lastedMs: [] };
    this.#counts.set(path, count);
    return count;
  }

  #pathsOf(states: string): ReadonlySet<string> {
    const known = this.#paths.get(states);
    if (known !== undefined) return known;
    const paths = new Set<string>();
    for (const leaf of states.split(' | ')) {
      for (let end = leaf.indexOf('.'); end >= 0; end = leaf.indexOf('.', end + 1)) paths.add(leaf.slice(0, end));
      paths.add(leaf);
    }
    this.#paths.set(states, paths);
    return paths;
  }
}
