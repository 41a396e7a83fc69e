/**
 * Runs a chart without an actor: no timer, no child, no I/O. Events go in one by one; what the chart asks for comes out as data. The
 * same door as XState's pure `transition`, held open over a whole log so that a turn costs no new actor.
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

export interface InertTurn {
  readonly after: AnyMachineSnapshot;
  readonly actions: readonly AskedAction[];
}

/** One step of a turn: the transitions that were taken together, and the snapshot they led to. */
export interface Microstep {
  readonly transitions: readonly AnyTransitionDefinition[];
  readonly after: AnyMachineSnapshot;
}

export class InertRun {
  readonly #machine: AnyStateMachine;
  readonly #actorId: string;
  readonly #scope: AnyActorScope;
  #snapshot: AnyMachineSnapshot | null = null;
  #actions: AskedAction[] = [];

  /** `onMicrostep` is told every step inside of the turns; without it none is noted. */
  constructor(machine: AnyStateMachine, actorId: string, onMicrostep?: (step: Microstep) => void) {
    this.#machine = machine;
    this.#actorId = actorId;
    // Never started: only its place in a system of its own is needed.
    const self = createActor(machine, { id: actorId });
    if (onMicrostep !== undefined) tellMicrosteps(self.system, onMicrostep);
    this.#scope = {
      self,
      id: actorId,
      sessionId: '',
      system: self.system,
      logger: () => {},
      defer: () => {},
      stopChild: () => {},
      emit: () => {},
      actionExecutor: (action) => this.#actions.push(action),
    };
  }

  get snapshot(): AnyMachineSnapshot | null {
    return this.#snapshot;
  }

  /** The first turn. */
  start(input: unknown): InertTurn {
    return this.#turn(() => this.#machine.getInitialSnapshot(this.#scope, input));
  }

  /** One more turn; throws what the chart throws. */
  take(event: AnyEventObject): InertTurn {
    const before = this.#snapshot;
    if (before === null) throw new Error('the run has not begun');
    return this.#turn(() => this.#machine.transition(before, event, this.#scope));
  }

  /** Another run that stands where this one does: what it takes changes nothing here. */
  fork(): InertRun {
    const fork = new InertRun(this.#machine, this.#actorId);
    fork.#snapshot = this.#snapshot;
    return fork;
  }

  #turn(step: () => AnyMachineSnapshot): InertTurn {
    this.#actions = [];
    const after = step();
    this.#snapshot = after;
    return { after, actions: this.#actions };
  }
}

/** XState tells which transitions were taken to inspectors only. */
function tellMicrosteps(system: AnyActorScope['system'], onMicrostep: (step: Microstep) => void): void {
  system.inspect((inspected) => {
    if (inspected.type !== '@xstate.microstep' || !isMachineSnapshot(inspected.snapshot)) return;
    onMicrostep({ transitions: inspected._transitions, after: inspected.snapshot });
  });
}
