/**
 * A chart that tells what its guards are asked and what they answer, and by what name its transitions and states are known to a drawing.
 * It decides as the chart on the shelf does: a guard is called as before, and told only while somebody listens.
 *
 * `and`, `or`, `not` and `stateIn` are functions that XState never calls: it asks their `check`. So that is what is wrapped, in `setup()`
 * and in the transitions that combine guards on the spot, which this chart has as its own copy.
 */
import type { AnyStateMachine, AnyStateNode, AnyTransitionDefinition } from 'xstate';
import type { TransitionWords } from '../../analysis/chart/chart-geometry.ts';
import { nameOfGuard, statesOf, transitionsOf, transitionWordsOf } from '../../analysis/chart/transition-words.ts';
import type { GuardAnswer, TakenTransition } from './views.ts';

/** What is known of a transition, and its place among all of its chart. */
export interface KnownTransition {
  readonly place: number;
  readonly told: TakenTransition;
}

export class WatchedChart {
  /** As it stands on the shelf. */
  readonly original: AnyStateMachine;
  /** Decides as the original does, and has its definition. */
  readonly machine: AnyStateMachine;
  /** Paths of all states but the root, in the order of the chart. */
  readonly states: readonly string[];
  readonly transitions: readonly TakenTransition[];
  /** Path of a state by its id, as timers are named; the chart's own is ''. */
  readonly pathsById: ReadonlyMap<string, string>;
  readonly #statePlaces = new Map<AnyStateNode, number>();
  readonly #known = new Map<AnyTransitionDefinition, KnownTransition>();
  #listener: ((answer: GuardAnswer) => void) | null = null;
  /** How many combined guards the one that is asked is a part of. */
  #depth = 0;

  constructor(given: AnyStateMachine) {
    this.original = given;
    const guards = Object.entries<unknown>(given.implementations.guards);
    this.machine = given.provide({
      guards: Object.fromEntries(guards.map(([name, guard]) => [name, this.#watched(name, guard)])),
    });
    const nodes = statesOf(this.machine).filter(({ path }) => path.length > 0);
    for (const [place, node] of nodes.entries()) this.#statePlaces.set(node, place);
    this.states = nodes.map(({ path }) => path.join('.'));
    this.pathsById = new Map(statesOf(this.machine).map(({ id, path }) => [id, path.join('.')]));
    const transitions = transitionsOf(this.machine);
    this.transitions = transitionWordsOf(given).map(toldOf);
    for (const [place, told] of this.transitions.entries()) {
      const transition = transitions[place];
      if (transition === undefined) continue;
      this.#known.set(transition, { place, told });
      if (typeof transition.guard !== 'function') continue;
      // A transition of our own copy of the chart: the one on the shelf is not touched.
      Object.assign(transition, { guard: this.#watched(nameOfGuard(transition.guard), transition.guard) });
    }
  }

  /** Runs `play` and tells every guard that is asked meanwhile. */
  listen<T>(listener: (answer: GuardAnswer) => void, play: () => T): T {
    this.#listener = listener;
    this.#depth = 0;
    try {
      return play();
    } finally {
      this.#listener = null;
    }
  }

  /** undefined = it is of another chart. */
  transition(taken: AnyTransitionDefinition): KnownTransition | undefined {
    return this.#known.get(taken);
  }

  /** The place of a state in `states`; undefined for the root. */
  placeOf(node: AnyStateNode): number | undefined {
    return this.#statePlaces.get(node);
  }

  #watched(name: string, guard: unknown): unknown {
    if (typeof guard !== 'function') return guard;
    const check: unknown = Reflect.get(guard, 'check');
    if (typeof check !== 'function') return (...given: unknown[]) => this.#ask(name, guard, given);
    const parts: unknown = Reflect.get(guard, 'guards');
    const own = { ...guard, ...(Array.isArray(parts) && { guards: parts.map((part) => this.#watchedPart(part)) }) };
    const never = () => false;
    return Object.assign(never, own, {
      check: (snapshot: unknown, given: unknown) => this.#ask(name, check, [snapshot, given, own]),
    });
  }

  /** Named ones are watched where their name is given a meaning. */
  #watchedPart(part: unknown): unknown {
    return typeof part === 'function' ? this.#watched(nameOfGuard(part), part) : part;
  }

  #ask(name: string, guard: CallableFunction, given: readonly unknown[]): boolean {
    const listener = this.#listener;
    if (listener === null) return Boolean(Reflect.apply(guard, undefined, given));
    const depth = this.#depth;
    this.#depth += 1;
    try {
      const answer = Boolean(Reflect.apply(guard, undefined, given));
      listener({ name, answer, depth });
      return answer;
    } finally {
      this.#depth = depth;
    }
  }
}

/** A transition by the words that the page has for it everywhere. */
export function toldOf({ id, from, trigger, guard, targets }: TransitionWords): TakenTransition {
  const condition = guard === null ? '' : ` [${guard}]`;
  const goal = targets.length === 0 ? 'stays' : targets.join(', ');
  return { id, words: `${from || 'everywhere'}: ${trigger}${condition} → ${goal}`, source: from, targets };
}

/** The states that a chart begins in, outer and inner. */
export function initialStatesOf(node: AnyStateNode): readonly AnyStateNode[] {
  if (node.type === 'parallel')
    return Object.values(node.states).flatMap((child) => [child, ...initialStatesOf(child)]);
  return (node.initial?.target ?? []).flatMap((target) => {
    const way: AnyStateNode[] = [];
    for (let at: AnyStateNode | undefined = target; at !== undefined && at !== node; at = at.parent) way.unshift(at);
    return [...way, ...initialStatesOf(target)];
  });
}

/**
 * The states that a step entered, also those that it left just before: all that is active below the transition's domain afterwards.
 * The domain is what XState (and SCXML) leave when they take it.
 */
export function enteredStates(
  transitions: readonly AnyTransitionDefinition[],
  active: readonly AnyStateNode[],
): readonly AnyStateNode[] {
  const entered = new Set<AnyStateNode>();
  for (const { source, target, reenter } of transitions) {
    if (target === undefined || target.length === 0) continue;
    const isInside = !reenter && target.every((each) => each === source || isBelow(each, source));
    const domain = isInside ? source : commonAncestor(source, target);
    for (const node of active) if (isBelow(node, domain)) entered.add(node);
  }
  return [...entered];
}

function commonAncestor(source: AnyStateNode, targets: readonly AnyStateNode[]): AnyStateNode {
  for (let at = source.parent; at !== undefined; at = at.parent) {
    const ancestor = at;
    if (targets.every((target) => isBelow(target, ancestor))) return ancestor;
  }
  return source.machine.root;
}

function isBelow(node: AnyStateNode, ancestor: AnyStateNode): boolean {
  for (let at = node.parent; at !== undefined; at = at.parent) if (at === ancestor) return true;
  return false;
}
