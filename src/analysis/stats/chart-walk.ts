/** A chart as a list: its states and every transition defined in it, with names that can be printed. */
import type { AnyStateMachine, AnyStateNode, AnyTransitionDefinition } from 'xstate';

/** Every state of the machine, the root included, in document order. */
export function statesOf(machine: AnyStateMachine): readonly AnyStateNode[] {
  const below = (node: AnyStateNode): readonly AnyStateNode[] => [node, ...Object.values(node.states).flatMap(below)];
  return below(machine.root);
}

/** Every transition of a state: `on`, `after`, `always`, and those of its invoked actors and of its children's end. */
export function transitionsFrom(node: AnyStateNode): readonly AnyTransitionDefinition[] {
  return [...[...node.transitions.values()].flat(), ...(node.always ?? [])];
}

export function transitionsOf(machine: AnyStateMachine): readonly AnyTransitionDefinition[] {
  return statesOf(machine).flatMap(transitionsFrom);
}

/** `state: event [guard] → target`. */
export function nameOfTransition({ source, eventType, guard, target }: AnyTransitionDefinition): string {
  const condition = guard === undefined ? '' : ` [${nameOfGuard(guard)}]`;
  const goal = target === undefined ? 'no target' : target.map(pathOf).join(', ');
  return `${pathOf(source)}: ${eventType === '' ? 'always' : eventType}${condition} → ${goal}`;
}

/** The place of a state in its chart; its id may be a short name. */
export function pathOf(node: AnyStateNode): string {
  return [node.machine.id, ...node.path].join('.');
}

export function nameOfGuard(guard: unknown): string {
  if (typeof guard === 'string') return guard;
  if (typeof guard === 'object' && guard !== null && 'type' in guard) return String(guard.type);
  if (typeof guard === 'function' && 'guards' in guard && Array.isArray(guard.guards)) {
    return `${guard.name}(${guard.guards.map(nameOfGuard).join(', ')})`;
  }
  return typeof guard === 'function' ? guard.name : String(guard);
}

/** What a transition waits for, in words: `after idleCheck`, `actor speech failed`, `always`, or the event. */
export function triggerOf({ eventType }: AnyTransitionDefinition): string {
  if (eventType === '') return 'always';
  return eventType
    .replace(/^xstate\.after\.([^.]+)\..*$/, 'after $1')
    .replace(/^xstate\.error\.actor\.(.*)$/, 'actor $1 failed')
    .replace(/^xstate\.done\.actor\.(.*)$/, 'actor $1 done')
    .replace(/^xstate\.done\.state\..*$/, 'all inside done');
}
