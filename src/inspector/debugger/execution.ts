/**
 * The re-execution of one log, turn by turn as it grows, by the replayer itself: what it says of a turn is the verdict. It keeps what the
 * turns left behind, and executes one of them again to tell its steps.
 *
 * Behind the first difference it goes on with the recorded events from where the page's chart came to, as far as that goes, and compares
 * no more.
 */
import type { AnyMachineSnapshot, AnyStateMachine } from 'xstate';
import { type LogFooter, type LogHeader, type LogTurn, THREW, type TurnOutcome } from '../../log/log-format.ts';
import { effectsOf, OutcomeTeller } from '../../record/turn-outcome.ts';
import { type Microstep, PureChart } from '../../replay/pure-chart.ts';
import { type Divergence, ReplayRun } from '../../replay/replayer.ts';
import { TurnHistory } from './turn-history.ts';
import type { GuardAnswer, TurnStep } from './views.ts';
import { enteredStates, initialStatesOf, WatchedChart } from './watched-chart.ts';

/** A turn that was executed once more, to be looked at. */
export interface WatchedTurn {
  readonly steps: readonly TurnStep[];
  /** null = the chart threw. */
  readonly effects: readonly string[] | null;
}

export class Execution {
  readonly chart: WatchedChart;
  readonly #header: LogHeader;
  readonly #turns: readonly LogTurn[];
  readonly #history: TurnHistory;
  readonly #run: ReplayRun;
  /** For looking at turns; apart from the run, whose place it must not move. */
  readonly #looked: PureChart;
  #onStep: (step: Microstep) => void = () => {};
  /** Of the turn that is being executed. */
  #taken: number[] = [];
  #entered: number[] = [];
  #hasLed = false;
  #divergence: Divergence | null = null;
  #isStuck = false;

  /** `turns` is the list of a reader: it grows, and its turns may be amended. */
  constructor(header: LogHeader, machine: AnyStateMachine, turns: readonly LogTurn[], maxSnapshots?: number) {
    this.#header = header;
    this.#turns = turns;
    this.chart = new WatchedChart(machine);
    const { states, transitions } = this.chart;
    this.#history = new TurnHistory({ states: states.length, transitions: transitions.length }, maxSnapshots);
    this.#run = new ReplayRun(header, this.chart.machine, (step) => this.#note(step));
    this.#looked = new PureChart(this.chart.machine, (step) => this.#onStep(step));
  }

  get history(): TurnHistory {
    return this.#history;
  }

  /** The first difference, if there is one. */
  get divergence(): Divergence | null {
    return this.#divergence;
  }

  /** Executes all turns that have come since. */
  catchUp(): void {
    while (!this.#isStuck && this.#history.turns < this.#turns.length) {
      const recorded = this.#turns[this.#history.turns];
      if (recorded === undefined) return;
      this.#execute(recorded);
    }
  }

  /** The text of an earlier turn is another than was thought: all from there on is executed again when it catches up. */
  amend(turn: number): void {
    if (turn >= this.#history.turns) return;
    if (this.#divergence !== null && this.#divergence.turn >= turn) this.#divergence = null;
    this.#isStuck = false;
    const before = this.snapshotAfter(turn - 1);
    this.#history.truncate(before === null ? 0 : turn);
    this.#run.standAt(before);
  }

  /** The footer is compared when all turns were executed. */
  end(footer: LogFooter): void {
    this.catchUp();
    this.#divergence ??= this.#run.end(footer, this.#turns.at(-1));
  }

  /** Where the chart stood after a turn; null = before the first, or it did not come so far. */
  snapshotAfter(turn: number): AnyMachineSnapshot | null {
    const near = this.#history.nearest(turn);
    if (near === null) return null;
    let { snapshot } = near;
    for (let at = near.turn + 1; at <= turn; at += 1) snapshot = this.#after(snapshot, at);
    return snapshot;
  }

  /**
   * Where a turn began and where it led, made in one piece: what it did not change is the same object in both. null = before the first turn,
   * or the chart did not come so far.
   */
  around(turn: number): { readonly before: AnyMachineSnapshot | null; readonly after: AnyMachineSnapshot | null } {
    const before = this.snapshotAfter(turn - 1);
    const isKept = this.#history.nearest(turn)?.turn === turn && this.#history.nearest(turn - 1)?.turn === turn - 1;
    if (before === null || isKept || turn >= this.#history.turns) return { before, after: this.snapshotAfter(turn) };
    return { before, after: this.#after(before, turn) };
  }

  /** What was asked and taken in a turn, step by step; null = it was not executed. */
  watch(turn: number): WatchedTurn | null {
    const recorded = this.#turns[turn];
    const before = this.snapshotAfter(turn - 1);
    if (recorded === undefined || turn >= this.#history.turns || (turn > 0 && before === null)) return null;
    const steps: TurnStep[] = [];
    let guards: GuardAnswer[] = [];
    let isAlways = before === null;
    this.#onStep = ({ transitions }) => {
      const taken = transitions.flatMap((each) => this.chart.transition(each)?.told ?? []);
      if (guards.length > 0 || taken.length > 0) steps.push({ isAlways, guards, taken });
      isAlways = true;
      guards = [];
    };
    let effects: readonly string[] | null = null;
    try {
      const { actions } = this.chart.listen(
        (answer) => guards.push(answer),
        () => (before === null ? this.#looked.start(this.#header.input) : this.#looked.take(before, recorded.event)),
      );
      effects = effectsOf(actions, this.#header.redaction);
    } catch {
      // The chart threw: what it was asked until then is told.
    }
    this.#onStep = () => {};
    if (guards.length > 0) steps.push({ isAlways, guards, taken: [] });
    return { steps, effects };
  }

  /** What a turn did here, in the words of a log; null = the chart threw. */
  outcomeOf(turn: number, { effects }: WatchedTurn): TurnOutcome | null {
    const { before, after } = this.around(turn);
    if (after === null) return null;
    if (effects === null) return { status: THREW };
    const teller = new OutcomeTeller(this.#header.redaction);
    if (before !== null) teller.standAt(before);
    return { ...teller.tell(after, []), ...(effects.length > 0 && { effects }) };
  }

  /** The last place that the chart came to. */
  get lastSnapshot(): AnyMachineSnapshot | null {
    return this.#run.snapshot;
  }

  #after(before: AnyMachineSnapshot, turn: number): AnyMachineSnapshot {
    const recorded = this.#turns[turn];
    if (recorded === undefined) return before;
    try {
      return this.#looked.take(before, recorded.event).after;
    } catch {
      // After a throw it stands where it stood.
      return before;
    }
  }

  #execute(recorded: LogTurn): void {
    this.#taken = [];
    this.#entered = [];
    this.#hasLed = false;
    if (recorded.turn === 0) this.#enter(initialStatesOf(this.chart.machine.root));
    const before = this.#run.snapshot;
    if (before !== null && before.status !== 'active') this.#isStuck = true;
    if (this.#divergence === null) this.#divergence = this.#run.take(recorded);
    else if (!this.#isStuck) this.#run.follow(recorded);
    const { snapshot } = this.#run;
    // A chart that throws in its first turn stands nowhere.
    if (this.#isStuck || snapshot === null) {
      this.#isStuck = true;
      return;
    }
    this.#history.add(snapshot, { taken: this.#taken, entered: this.#entered, hasLed: this.#hasLed });
  }

  #note({ transitions, after }: Microstep): void {
    for (const transition of transitions) {
      const known = this.chart.transition(transition);
      if (known === undefined) continue;
      this.#taken.push(known.place);
      if (known.told.targets.length > 0) this.#hasLed = true;
    }
    if (this.#hasLed) this.#enter(enteredStates(transitions, after._nodes));
  }

  #enter(nodes: ReturnType<typeof initialStatesOf>): void {
    for (const node of nodes) {
      const place = this.chart.placeOf(node);
      if (place !== undefined) this.#entered.push(place);
    }
  }
}
