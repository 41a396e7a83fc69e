/**
 * Walks a machine through everything that can happen to it (xstate/graph) and notes which transitions were taken.
 *
 * A traversal sees contexts through a key, which keeps what guards look at and forgets counters, so that it ends. Events of XState
 * itself (delays, ends and errors of children) are added wherever the state has a transition for them.
 */
import {
  type ActorLogic,
  type AnyEventObject,
  type AnyMachineSnapshot,
  type AnyStateMachine,
  type AnyTransitionDefinition,
  getNextTransitions,
  type InspectionEvent,
} from 'xstate';
import { adjacencyMapToArray, getAdjacencyMap } from 'xstate/graph';
import { nameOfTransition, transitionsOf } from '../../../src/analysis/chart/transition-words.ts';

export interface TraversalOptions {
  readonly input: unknown;
  /** What may come from outside in this state. */
  readonly events: (snapshot: AnyMachineSnapshot) => readonly AnyEventObject[];
  /** False for events that lead nowhere new. */
  readonly isWorthIt?: (snapshot: AnyMachineSnapshot, event: AnyEventObject) => boolean;
  readonly keyOf: (snapshot: AnyMachineSnapshot) => string;
}

export interface Traversal {
  readonly taken: ReadonlySet<AnyTransitionDefinition>;
  /** The snapshots that were reached, one a key. */
  readonly states: ReadonlyMap<string, AnyMachineSnapshot>;
  /** The keys that each key leads to by one delay. */
  readonly byTime: ReadonlyMap<string, readonly string[]>;
}

/** More states than any of our charts has under a good key: the traversal fails instead of running on. */
const stepLimit = 300_000;

export function traverse(machine: AnyStateMachine, options: TraversalOptions): Traversal {
  const taken = new Set<AnyTransitionDefinition>();
  const { input, events, keyOf, isWorthIt = () => true } = options;
  const adjacency = getAdjacencyMap(notingLogic(machine, taken), {
    input,
    events: (snapshot) => [...events(snapshot), ...internalEventsOf(snapshot)],
    filterEvents: (snapshot, event) => snapshot.status === 'active' && isWorthIt(snapshot, event),
    serializeState: keyOf,
    limit: stepLimit,
  });
  const states = new Map<string, AnyMachineSnapshot>();
  const byTime = new Map<string, string[]>();
  for (const { state, event, nextState } of adjacencyMapToArray(adjacency)) {
    const [key, nextKey] = [keyOf(state), keyOf(nextState)];
    states.set(key, state).set(nextKey, nextState);
    const next = byTime.get(key) ?? [];
    if (event.type.startsWith('xstate.after.')) next.push(nextKey);
    byTime.set(key, next);
  }
  return { taken, states, byTime };
}

/** Transitions that are defined in the machine and taken in none of the traversals, by name. */
export function untakenTransitions(machine: AnyStateMachine, traversals: readonly Traversal[]): readonly string[] {
  return transitionsOf(machine)
    .filter((each) => !traversals.some(({ taken }) => taken.has(each)))
    .map(nameOfTransition);
}

/** States from which no sequence of delays leads to one that is `isEnd`, by key. */
export function stuckStates(
  { states, byTime }: Traversal,
  isEnd: (snapshot: AnyMachineSnapshot) => boolean,
): readonly string[] {
  const good = new Set([...states].filter(([, state]) => isEnd(state)).map(([key]) => key));
  for (let size = -1; size !== good.size; ) {
    size = good.size;
    for (const [key, next] of byTime) if (next.some((each) => good.has(each))) good.add(key);
  }
  return [...states.keys()].filter((key) => !good.has(key));
}

function internalEventsOf(snapshot: AnyMachineSnapshot): readonly AnyEventObject[] {
  const types = new Set(getNextTransitions(snapshot).map(({ eventType }) => String(eventType)));
  return [...types].filter((type) => type.startsWith('xstate.')).map((type) => ({ type }));
}

/**
 * The machine as plain logic that notes every transition it takes. XState tells them to inspectors only, as `_transitions` of a
 * microstep, and xstate/graph steps without an actor: so its scope gets a system whose inspector is ours.
 */
function notingLogic(
  machine: AnyStateMachine,
  taken: Set<AnyTransitionDefinition>,
): ActorLogic<AnyMachineSnapshot, AnyEventObject, unknown> {
  const inspect = (inspected: InspectionEvent): void => {
    if (inspected.type === '@xstate.microstep') for (const each of inspected._transitions) taken.add(each);
  };
  const systemOf = (system: object) => Object.create(system, { _sendInspectionEvent: { value: inspect } });
  return {
    transition: (snapshot, event, scope) =>
      machine.transition(snapshot, event, { ...scope, system: systemOf(scope.system) }),
    getInitialSnapshot: (scope, input) =>
      machine.getInitialSnapshot({ ...scope, system: systemOf(scope.system) }, input),
    getPersistedSnapshot: (snapshot) => snapshot,
  };
}
