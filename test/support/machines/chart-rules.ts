/** The rules that hold for every chart, checked on its tree: names instead of functions, explicit ids, timed exits. */
import type { AnyStateMachine, AnyStateNode } from 'xstate';
import { nameOfTransition, pathOf, statesOf, transitionsFrom } from '../../../src/analysis/chart/transition-words.ts';

/** Actions and guards that are functions in the chart, and names for which the machine has no implementation. */
export function namingFaults(machine: AnyStateMachine): readonly string[] {
  const { actions, guards, actors, delays } = machine.implementations;
  return statesOf(machine).flatMap((node) => [
    // XState adds its own raise and cancel for `after` to the node; the config has what was written.
    ...[...listed(node.config.entry), ...listed(node.config.exit)].flatMap((action) =>
      nameFaults(action, actions, `${pathOf(node)}: an action on entry or exit`),
    ),
    ...transitionsFrom(node).flatMap((transition) => [
      ...transition.actions.flatMap((action) =>
        nameFaults(action, actions, `${nameOfTransition(transition)}: an action`),
      ),
      ...guardFaults(transition.guard, guards, `${nameOfTransition(transition)}: a guard`),
    ]),
    ...listed(node.config.invoke).flatMap((invoke) =>
      nameFaults(fieldOf(invoke, 'src'), actors, `${pathOf(node)}: an invoked actor`),
    ),
    ...Object.keys(node.config.after ?? {}).flatMap((delay) => nameFaults(delay, delays, `${pathOf(node)}: a delay`)),
  ]);
}

/** Invoked actors without an id of their own: XState would make one up. */
export function invokeIdFaults(machine: AnyStateMachine): readonly string[] {
  return statesOf(machine).flatMap((node) =>
    listed(node.config.invoke)
      .filter((invoke) => typeof fieldOf(invoke, 'id') !== 'string')
      .map(() => `${pathOf(node)}: an invoked actor without an id`),
  );
}

/**
 * Where time leads out of each state in which a chart can rest: the names of the delays that are armed in the state itself
 * and in its ancestors, and `by <region>` for every parallel region beside it from which delays alone lead out of all
 * regions. The delays of the root are left out: a total time over everything would make the list true of any chart.
 */
export function timedExits(machine: AnyStateMachine): Readonly<Record<string, readonly string[]>> {
  const leaves = statesOf(machine).filter(canRest);
  return Object.fromEntries(
    leaves.map((leaf) => {
      const lineage = lineageOf(leaf).filter((node) => node.parent !== undefined);
      const armed = lineage.flatMap(delaysOf);
      const regions = lineage
        .filter((node) => node.parent?.type === 'parallel')
        .flatMap((node) => Object.values(node.parent?.states ?? {}).filter((sibling) => sibling !== node))
        .filter(leadsOutByTime)
        .map((region) => `by ${region.key}`);
      return [leaf.path.join('.'), [...armed, ...regions]];
    }),
  );
}

/** A leaf that is not final and has no way on that needs neither an event nor a condition. */
function canRest(node: AnyStateNode): boolean {
  return node.type === 'atomic' && !(node.always ?? []).some(({ guard }) => guard === undefined);
}

/** The node and its ancestors, the innermost first. */
function lineageOf(node: AnyStateNode): readonly AnyStateNode[] {
  return node.parent === undefined ? [node] : [node, ...lineageOf(node.parent)];
}

function delaysOf(node: AnyStateNode): readonly string[] {
  return Object.keys(node.config.after ?? {});
}

/** From every leaf of the region some chain of delays reaches a state outside of its parallel parent. */
function leadsOutByTime(region: AnyStateNode): boolean {
  const leaves = leavesOf(region).filter(canRest);
  const good = new Set<AnyStateNode>();
  const isOutside = (target: AnyStateNode) => !lineageOf(target).includes(region.parent ?? region);
  for (let size = -1; size !== good.size; ) {
    size = good.size;
    for (const leaf of leaves) {
      const targets = lineageOf(leaf)
        .filter((node) => lineageOf(node).includes(region))
        .flatMap((node) => node.after.flatMap(({ target }) => target ?? []));
      if (targets.some((target) => isOutside(target) || leavesOf(target).some((each) => good.has(each))))
        good.add(leaf);
    }
  }
  return leaves.length > 0 && leaves.every((leaf) => good.has(leaf));
}

function leavesOf(node: AnyStateNode): readonly AnyStateNode[] {
  const children = Object.values(node.states);
  return children.length === 0 ? [node] : children.flatMap(leavesOf);
}

function nameFaults(given: unknown, known: object, where: string): readonly string[] {
  const name = typeof given === 'string' ? given : fieldOf(given, 'type');
  if (typeof given === 'function' || typeof name !== 'string') return [`${where} is written into the chart`];
  if (typeof fieldOf(given, 'params') === 'function') return [`${where}, ${name}, has params that are a function`];
  return Object.hasOwn(known, name) ? [] : [`${where}, ${name}, has no implementation`];
}

/** The combinations and(), or() and not() are functions of XState's own around names; stateIn() names a state. */
function guardFaults(guard: unknown, known: object, where: string): readonly string[] {
  if (guard === undefined) return [];
  if (typeof guard === 'function' && 'check' in guard) {
    const parts = fieldOf(guard, 'guards');
    return Array.isArray(parts) ? parts.flatMap((part) => guardFaults(part, known, where)) : [];
  }
  return nameFaults(guard, known, where);
}

function listed(value: unknown): readonly unknown[] {
  if (value === undefined) return [];
  return Array.isArray(value) ? value : [value];
}

function fieldOf(value: unknown, field: string): unknown {
  const isObject = (typeof value === 'object' && value !== null) || typeof value === 'function';
  return isObject ? Reflect.get(value, field) : undefined;
}
