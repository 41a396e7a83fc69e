/**
 * A statechart as plain data, read off a machine by walking `machine.root`: states, transitions, actors, delays. It runs
 * nothing. Whatever it can't name (an inline function in a chart) is an error: the charts promise to have none.
 */
import type { AnyStateMachine, AnyStateNode } from 'xstate';

export type StateKind = 'atomic' | 'compound' | 'parallel' | 'final' | 'history';

export interface ChartState {
  /** Keys from the root, joined by dots; '' is the root. */
  readonly path: string;
  readonly name: string;
  readonly kind: StateKind;
  /** Path of the state around it; null for the root. */
  readonly parent: string | null;
  /** Entered when its parent is entered: the initial child, and every region of a parallel state. */
  readonly isInitial: boolean;
  readonly entry: readonly ChartAction[];
  readonly exit: readonly ChartAction[];
  readonly actors: readonly ChartActor[];
}

export interface ChartAction {
  readonly name: string;
  readonly params: Readonly<Record<string, unknown>>;
}

export interface ChartActor {
  readonly id: string;
  readonly src: string;
}

export type Trigger =
  | { readonly kind: 'event'; readonly name: string }
  | { readonly kind: 'timed'; readonly name: string }
  /** Taken as soon as its guard holds. */
  | { readonly kind: 'always' }
  | { readonly kind: 'actorDone'; readonly name: string }
  | { readonly kind: 'actorFailed'; readonly name: string }
  /** Every region of the state has come to its final state. */
  | { readonly kind: 'regionsDone' };

export interface ChartTransition {
  readonly source: string;
  readonly trigger: Trigger;
  readonly guard: string | null;
  /** null = it stays where it is. */
  readonly target: string | null;
  readonly actions: readonly ChartAction[];
}

export interface Chart {
  readonly id: string;
  /** In document order, the root first. */
  readonly states: readonly ChartState[];
  readonly transitions: readonly ChartTransition[];
  /** Delays by name; a number is its milliseconds, null a value that is computed. */
  readonly delays: Readonly<Record<string, number | null>>;
}

/** Reads the chart of `machine`. */
export function chartOf(machine: AnyStateMachine): Chart {
  const nodes = walk(machine.root);
  return {
    id: machine.id,
    states: nodes.map(stateOf),
    transitions: nodes.flatMap(transitionsOf),
    delays: delaysOf(machine),
  };
}

/** The state with this path; throws if there is none. */
export function stateAt(chart: Chart, path: string): ChartState {
  const found = chart.states.find((state) => state.path === path);
  if (found === undefined) throw new Error(`the chart ${chart.id} has no state ${path}`);
  return found;
}

/** The paths around `path`, the nearest first and the root ('') last; none for the root. */
export function ancestorsOf(path: string): readonly string[] {
  if (path === '') return [];
  const keys = path.split('.');
  return keys.map((_, index) => keys.slice(0, keys.length - 1 - index).join('.'));
}

function walk(node: AnyStateNode): AnyStateNode[] {
  return [node, ...Object.values(node.states).flatMap(walk)];
}

function pathOf(node: AnyStateNode): string {
  return node.path.join('.');
}

function stateOf(node: AnyStateNode): ChartState {
  return {
    path: pathOf(node),
    name: node.key,
    kind: node.type,
    parent: node.parent === undefined ? null : pathOf(node.parent),
    isInitial: node.parent !== undefined && isInitialChild(node, node.parent),
    entry: namedActionsOf(node.entry),
    exit: namedActionsOf(node.exit),
    actors: node.invoke.map(({ id, src }) => ({ id, src: nameOf(src) })),
  };
}

function isInitialChild(node: AnyStateNode, parent: AnyStateNode): boolean {
  return parent.type === 'parallel' || parent.initial.target.includes(node);
}

function transitionsOf(node: AnyStateNode): ChartTransition[] {
  const source = pathOf(node);
  const events = [...node.transitions].filter(([descriptor]) => !descriptor.startsWith('xstate.after.'));
  const definitions = [
    ...events.flatMap(([descriptor, group]) =>
      group.map((definition) => ({ trigger: triggerOf(descriptor), definition })),
    ),
    ...node.after.map((definition) => ({
      trigger: { kind: 'timed', name: String(definition.delay) } as const,
      definition,
    })),
    ...(node.always ?? []).map((definition) => ({ trigger: { kind: 'always' } as const, definition })),
  ];
  return definitions.map(({ trigger, definition }) => ({
    source,
    trigger,
    guard: definition.guard === undefined ? null : guardNameOf(definition.guard),
    target: targetOf(definition.target),
    actions: definition.actions.map(actionOf),
  }));
}

function targetOf(target: readonly AnyStateNode[] | undefined): string | null {
  const [only, ...others] = target ?? [];
  if (others.length > 0) throw new Error('transitions with several targets have no picture yet');
  return only === undefined ? null : pathOf(only);
}

function triggerOf(descriptor: string): Trigger {
  const [, outcome, name] = /^xstate\.(done|error)\.actor\.(.+)$/.exec(descriptor) ?? [];
  if (name !== undefined) return { kind: outcome === 'done' ? 'actorDone' : 'actorFailed', name };
  if (descriptor.startsWith('xstate.done.state.')) return { kind: 'regionsDone' };
  if (descriptor.startsWith('xstate.')) throw new Error(`no words for the event ${descriptor}`);
  return { kind: 'event', name: descriptor };
}

/** XState itself puts the starting and stopping of timers beside the actions of a state that has timed exits. */
function namedActionsOf(actions: readonly unknown[]): ChartAction[] {
  return actions.filter((action) => !isTimerAction(action)).map(actionOf);
}

function isTimerAction(action: unknown): boolean {
  return (
    typeof action === 'function' &&
    'type' in action &&
    (action.type === 'xstate.raise' || action.type === 'xstate.cancel')
  );
}

function actionOf(action: unknown): ChartAction {
  return { name: nameOf(action), params: paramsOf(action) };
}

/** The name of an action, guard or actor: a string, or the `type` of an object with params. */
function nameOf(named: unknown): string {
  if (typeof named === 'string') return named;
  if (typeof named === 'object' && named !== null && 'type' in named && typeof named.type === 'string')
    return named.type;
  throw new Error(`an inline function in a chart has no name: ${String(named)}`);
}

function paramsOf(named: unknown): Readonly<Record<string, unknown>> {
  if (typeof named !== 'object' || named === null || !('params' in named)) return {};
  const { params } = named;
  return typeof params === 'object' && params !== null ? { ...params } : {};
}

/** Guards may be combined by `and`, `or` and `not`, which are functions that carry the parts. */
function guardNameOf(guard: unknown): string {
  if (typeof guard !== 'function' || !('guards' in guard) || !Array.isArray(guard.guards)) return nameOf(guard);
  const parts = guard.guards.map(guardNameOf);
  return guard.name === 'not' ? `not ${parts.join('')}` : parts.join(` ${guard.name} `);
}

function delaysOf(machine: AnyStateMachine): Record<string, number | null> {
  const delays = Object.entries(machine.implementations.delays);
  return Object.fromEntries(delays.map(([name, value]) => [name, typeof value === 'number' ? value : null]));
}
