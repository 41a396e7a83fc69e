/**
 * Drives a machine through XState's pure `initialTransition` and `transition`: no actor, no real timer, no I/O. What the
 * chart wants done is collected as data; its delayed events wait in a virtual clock that only `advance` moves.
 *
 * Every delayed send must have an explicit id and every child too: a run throws on one that has none.
 */
import {
  type AnyEventObject,
  type AnyMachineSnapshot,
  type AnyStateMachine,
  type ContextFrom,
  type EventFromLogic,
  type ExecutableActionsFrom,
  type InputFrom,
  initialTransition,
  type OutputFrom,
  type StateValue,
  transition,
} from 'xstate';

/** One turn as the chart took it, with its bare actions. */
export interface TakenTurn {
  readonly event: AnyEventObject;
  readonly after: AnyMachineSnapshot;
  readonly actions: readonly ExecutableActionsFrom<AnyStateMachine>[];
}

/** Is told every turn, and when it was on the virtual clock. */
export type TurnObserver = (turn: TakenTurn, atMs: number) => void;

/** One effect of a step, in the order the chart asked for it. */
export type Effect =
  | { readonly said: AnyEventObject }
  | { readonly told: string; readonly event: AnyEventObject }
  | { readonly started: string; readonly input?: unknown }
  | { readonly stopped: string };

export interface Step<TContext> {
  readonly value: StateValue;
  readonly effects: readonly Effect[];
  /** Top-level fields of the context that have another value than before, with the new one. */
  readonly changed: Partial<TContext>;
}

/** `setTimeout`'s longest wait stands for a delay that is switched off (see the session chart). */
export const switchedOffMs = 2 ** 31 - 1;

interface PendingTimer {
  readonly event: AnyEventObject;
  readonly atMs: number;
  readonly delayMs: number;
}

export class PureRun<TMachine extends AnyStateMachine> {
  readonly initial: Step<ContextFrom<TMachine>>;
  readonly #machine: AnyStateMachine;
  readonly #timers = new Map<string, PendingTimer>();
  readonly #unfold: (effect: Effect) => readonly Effect[];
  readonly #onTurn: TurnObserver;
  #snapshot: AnyMachineSnapshot;
  #nowMs = 0;

  /** `unfold` may show one effect as several, where a machine packs them into one. */
  constructor(
    machine: TMachine,
    input: InputFrom<TMachine>,
    unfold: (effect: Effect) => readonly Effect[] = (effect) => [effect],
    onTurn: TurnObserver = () => {},
  ) {
    this.#machine = machine;
    this.#unfold = unfold;
    this.#onTurn = onTurn;
    const [snapshot, actions] = initialTransition<AnyStateMachine>(machine, input);
    this.#snapshot = snapshot;
    onTurn({ event: { type: 'xstate.init', input }, after: snapshot, actions }, 0);
    this.initial = { value: snapshot.value, effects: this.#take(actions), changed: snapshot.context };
  }

  get snapshot(): AnyMachineSnapshot {
    return this.#snapshot;
  }

  get value(): StateValue {
    return this.#snapshot.value;
  }

  get context(): ContextFrom<TMachine> {
    return this.#snapshot.context;
  }

  get isLive(): boolean {
    return this.#snapshot.status === 'active';
  }

  get output(): OutputFrom<TMachine> | undefined {
    return this.#snapshot.output;
  }

  get nowMs(): number {
    return this.#nowMs;
  }

  send(event: EventFromLogic<TMachine>): Step<ContextFrom<TMachine>> {
    return this.#process(event);
  }

  /** An event of XState itself: the end or the error of a child. */
  sendInternal(event: AnyEventObject): Step<ContextFrom<TMachine>> {
    return this.#process(event);
  }

  /** Pending delays as `delay@state` with the ms left; those that are switched off are left out. */
  timers(): Readonly<Record<string, number>> {
    const shown = [...this.#timers].filter(([, timer]) => timer.delayMs < switchedOffMs);
    return Object.fromEntries(shown.map(([id, timer]) => [shortNameOf(id), timer.atMs - this.#nowMs]));
  }

  /** When the next delayed event is due, on the virtual clock; Infinity if none is. */
  nextTimerAtMs(): number {
    const live = [...this.#timers.values()].filter((timer) => timer.delayMs < switchedOffMs);
    return Math.min(Number.POSITIVE_INFINITY, ...live.map((timer) => timer.atMs));
  }

  /** Lets time pass; every delayed event that becomes due is processed in its order. The last step is returned. */
  advance(ms: number): Step<ContextFrom<TMachine>> {
    return this.advanceTo(this.#nowMs + ms);
  }

  advanceTo(atMs: number): Step<ContextFrom<TMachine>> {
    let last: Step<ContextFrom<TMachine>> = { value: this.value, effects: [], changed: {} };
    for (;;) {
      const due = [...this.#timers].filter(([, timer]) => timer.atMs <= atMs);
      const [next] = due.sort(([, a], [, b]) => a.atMs - b.atMs);
      if (next === undefined) break;
      const [id, timer] = next;
      this.#timers.delete(id);
      this.#nowMs = Math.max(this.#nowMs, timer.atMs);
      last = this.#process(timer.event);
    }
    this.#nowMs = Math.max(this.#nowMs, atMs);
    return last;
  }

  #process(event: AnyEventObject): Step<ContextFrom<TMachine>> {
    if (!this.isLive) throw new Error(`${event.type} after the end: an actor would not process it`);
    const before = this.#snapshot.context;
    const [snapshot, actions] = transition<AnyStateMachine>(this.#machine, this.#snapshot, event);
    this.#snapshot = snapshot;
    this.#onTurn({ event, after: snapshot, actions }, this.#nowMs);
    const effects = this.#take(actions);
    if (!this.isLive) this.#timers.clear();
    return { value: snapshot.value, effects, changed: changesOf(before, snapshot.context) };
  }

  #take(actions: readonly { readonly type: string; readonly params: unknown }[]): readonly Effect[] {
    return actions.flatMap(({ type, params }) => this.#effectsOf(type, recordOf(params))).flatMap(this.#unfold);
  }

  #effectsOf(type: string, params: Readonly<Record<string, unknown>>): readonly Effect[] {
    switch (type) {
      case 'xstate.raise':
        this.#arm(params);
        return [];
      case 'xstate.cancel':
        this.#timers.delete(String(params.sendId));
        return [];
      case 'xstate.emit':
        return [{ said: eventOf(params.event) }];
      case 'xstate.sendTo':
        if (params.delay !== undefined) throw new Error('a delayed sendTo: keep it in mind here');
        return [{ told: String(params.targetId), event: eventOf(params.event) }];
      case 'xstate.spawnChild':
        return [{ started: explicitId(params.id), ...(params.input !== undefined && { input: params.input }) }];
      case 'xstate.stopChild':
        return [{ stopped: explicitId(params.id) }];
      default:
        throw new Error(`the run does not know the effect ${type}`);
    }
  }

  #arm(params: Readonly<Record<string, unknown>>): void {
    // A raise without a delay was processed within the step already.
    if (typeof params.delay !== 'number') return;
    const delayMs = params.delay;
    this.#timers.set(explicitId(params.id), {
      event: eventOf(params.event),
      delayMs,
      atMs: this.#nowMs + delayMs,
    });
  }
}

/** `xstate.after.<delay>.<state id>` as `<delay>@<state id>`. */
function shortNameOf(timerId: string): string {
  return timerId.replace(/^xstate\.after\.([^.]+)\./, '$1@');
}

function explicitId(id: unknown): string {
  // XState makes up `x:1` and the like, or `0.<state id>` for an invoke.
  if (typeof id !== 'string' || /^(x:)?\d/.test(id)) throw new Error(`an id that was made up: ${String(id)}`);
  return id;
}

function changesOf<TContext extends object>(before: TContext, after: TContext): Partial<TContext> {
  const old = new Map<string, unknown>(Object.entries(before));
  const changes: Partial<TContext> = {};
  return Object.assign(
    changes,
    Object.fromEntries(Object.entries(after).filter(([key, value]) => old.get(key) !== value)),
  );
}

function recordOf(value: unknown): Readonly<Record<string, unknown>> {
  if (typeof value !== 'object' || value === null) return {};
  return Object.fromEntries(
    // The id of an actor is a getter of its instance.
    ['sendId', 'event', 'delay', 'id', 'targetId', 'input', 'src'].flatMap((key) => {
      const field: unknown = Reflect.get(value, key);
      return field === undefined ? [] : [[key, field]];
    }),
  );
}

function eventOf(value: unknown): AnyEventObject {
  if (typeof value !== 'object' || value === null || !('type' in value) || typeof value.type !== 'string') {
    throw new Error(`no event: ${JSON.stringify(value)}`);
  }
  return { ...value, type: value.type };
}
