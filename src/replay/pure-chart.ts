/**
 * A chart as the pure function it is: a snapshot and an event in, the next snapshot and what the chart asks for out, as
 * data. No actor runs, no timer, no child, no I/O. The same door as XState's `transition`, held open over a whole log
 * so that a turn costs no new actor.
 *
 * It keeps no place: whoever plays holds the snapshots, and may go on from any of them more than once.
 */
import {
  type AnyActorScope,
  type AnyEventObject,
  type AnyMachineSnapshot,
  type AnyStateMachine,
  type AnyTransitionDefinition,
  createActor,
  isMachineSnapshot,
} from 'xstate';
import type { AskedAction } from '../record/turn-outcome.ts';

export interface ChartTurn {
  readonly after: AnyMachineSnapshot;
  readonly actions: readonly AskedAction[];
}

/** One step of a turn: the transitions that were taken together, and the snapshot they led to. */
export interface Microstep {
  readonly transitions: readonly AnyTransitionDefinition[];
  readonly after: AnyMachineSnapshot;
}

export class PureChart {
  readonly #machine: AnyStateMachine;
  readonly #scope: AnyActorScope;
  /** Of the turn that is being taken. */
  #actions: AskedAction[] = [];

  /** `onMicrostep` is told every step inside of the turns; without it none is noted. */
  constructor(machine: AnyStateMachine, onMicrostep?: (step: Microstep) => void) {
    this.#machine = machine;
    const id = 'replay';
    // Never started: only its place in a system of its own is needed.
    const self = createActor(machine, { id });
    if (onMicrostep !== undefined) tellMicrosteps(self.system, onMicrostep);
    this.#scope = {
      self,
      id,
      sessionId: '',
      system: self.system,
      logger: () => {},
      defer: () => {},
      stopChild: () => {},
      emit: () => {},
      actionExecutor: (action) => this.#actions.push(action),
    };
  }

  /** The first turn; throws what the chart throws. */
  start(input: unknown): ChartTurn {
    return this.#turn(() => this.#machine.getInitialSnapshot(this.#scope, input));
  }

  /** The turn that `event` is for a chart that stands at `before`; throws what the chart throws. */
  take(before: AnyMachineSnapshot, event: AnyEventObject): ChartTurn {
    return this.#turn(() => this.#machine.transition(before, event, this.#scope));
  }

  #turn(step: () => AnyMachineSnapshot): ChartTurn {
    const actions: AskedAction[] = [];
    this.#actions = actions;
    return { after: step(), actions };
  }
}

/** The scope of a chart costs as much as a turn of it, and nothing of a run stands in it: all runs of a chart share one. */
const charts = new WeakMap<AnyStateMachine, PureChart>();

function chartOf(machine: AnyStateMachine): PureChart {
  const known = charts.get(machine);
  if (known !== undefined) return known;
  const chart = new PureChart(machine);
  charts.set(machine, chart);
  return chart;
}

/** A chart that is played from its first turn on. After a throw it stands where it stood. */
export class ChartRun {
  readonly #chart: PureChart;
  #snapshot: AnyMachineSnapshot | null = null;

  constructor(machine: AnyStateMachine, onMicrostep?: (step: Microstep) => void) {
    this.#chart = onMicrostep === undefined ? chartOf(machine) : new PureChart(machine, onMicrostep);
  }

  /** Where it stands; null = before its first turn. */
  get snapshot(): AnyMachineSnapshot | null {
    return this.#snapshot;
  }

  /** Goes on from here, a place that it or another run of the chart came to; null = before the first turn. */
  standAt(snapshot: AnyMachineSnapshot | null): void {
    this.#snapshot = snapshot;
  }

  /** The first turn. */
  start(input: unknown): ChartTurn {
    return this.#stepTo(this.#chart.start(input));
  }

  /** One more turn; throws what the chart throws. */
  take(event: AnyEventObject): ChartTurn {
    if (this.#snapshot === null) throw new Error('the run has not begun');
    return this.#stepTo(this.#chart.take(this.#snapshot, event));
  }

  #stepTo(turn: ChartTurn): ChartTurn {
    this.#snapshot = turn.after;
    return turn;
  }
}

/** XState tells which transitions were taken to inspectors only. */
function tellMicrosteps(system: AnyActorScope['system'], onMicrostep: (step: Microstep) => void): void {
  system.inspect((inspected) => {
    if (inspected.type !== '@xstate.microstep' || !isMachineSnapshot(inspected.snapshot)) return;
    onMicrostep({ transitions: inspected._transitions, after: inspected.snapshot });
  });
}
