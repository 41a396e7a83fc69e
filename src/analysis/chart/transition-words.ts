/**
 * The states and transitions of a chart in the order of the chart, and what each is called: by an id that programs find it by, and in words
 * for people.
 */
import { type AnyStateMachine, type AnyStateNode, type AnyTransitionDefinition, and, not, or, stateIn } from 'xstate';
import type { TransitionWords } from './chart-geometry.ts';

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

/**
 * `streaming.voice.silent:always:1`: the place of its source ('' = the whole chart), what it waits for, and which of the candidates for that
 * it is. Unique in a chart, and the same in every machine with the same definition: a provided one, one of another process.
 */
export function transitionIdOf(definition: AnyTransitionDefinition): string {
  const { source, eventType } = definition;
  const candidates = eventType === '' ? (source.always ?? []) : (source.transitions.get(eventType) ?? []);
  return `${source.path.join('.')}:${triggerOf(definition)}:${candidates.indexOf(definition)}`;
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

/** The words of each transition of the machine, in the order of the chart. */
export function transitionWordsOf(machine: AnyStateMachine): readonly TransitionWords[] {
  const places = statesOf(machine).flatMap(({ path }) => (path.length === 0 ? [] : [path.join('.')]));
  return transitionsOf(machine).map((definition) => wordsOf(definition, places));
}

function wordsOf(definition: AnyTransitionDefinition, places: readonly string[]): TransitionWords {
  const { source, guard, target = [] } = definition;
  const isGood = target.every(isGoodEnd);
  return {
    id: transitionIdOf(definition),
    from: source.path.join('.'),
    trigger: triggerOf(definition),
    guard: guard === undefined ? null : nameOfGuard(guard),
    targets: target.map(({ path }) => path.join('.')),
    goal: target.map(({ path }) => goalText(source.path, path, places)).join(', '),
    tone: target.some(isBadEnd) ? 'bad' : target.length > 0 && isGood ? 'good' : 'plain',
  };
}

/** A chart's final states are named for how it went. */
const badName = /error|fail|fault/i;

export function isBadEnd(node: AnyStateNode): boolean {
  return node.type === 'final' && badName.test(node.key);
}

function isGoodEnd(node: AnyStateNode): boolean {
  return node.type === 'final' && !badName.test(node.key);
}

/** The goal in few words: `itself`, the name of a neighbour, or as much of the place as no other state has. `places` are those of all states. */
function goalText(from: readonly string[], to: readonly string[], places: readonly string[]): string {
  if (from.join('.') === to.join('.')) return 'itself';
  const outer = to.slice(0, -1).join('.');
  if (outer === from.slice(0, -1).join('.') || outer === from.join('.')) return to.at(-1) ?? '';
  const tails = to.map((_, index) => to.slice(-1 - index).join('.'));
  const isOnly = (tail: string) => places.filter((place) => place === tail || place.endsWith(`.${tail}`)).length === 1;
  return tails.find(isOnly) ?? to.join('.');
}

/** A guard in words; of a combined one with its parts: `and(isAnswered, hasCommand)`. */
export function nameOfGuard(guard: unknown): string {
  if (typeof guard === 'string') return guard;
  if (typeof guard === 'function') {
    return combinedName(combiners.get(Reflect.get(guard, 'check')) ?? guard.name, Reflect.get(guard, 'guards'));
  }
  if (typeof guard !== 'object' || guard === null || !('type' in guard)) return String(guard);
  const type = String(guard.type);
  // A combined guard that was read from JSON (xstate-export.ts).
  const params = 'params' in guard ? guard.params : undefined;
  const isCombined = type.startsWith('xstate.') && typeof params === 'object' && params !== null && 'guards' in params;
  return isCombined ? combinedName(type.replace('xstate.', ''), params.guards) : type;
}

function combinedName(name: string, parts: unknown): string {
  return Array.isArray(parts) ? `${name}(${parts.map(nameOfGuard).join(', ')})` : name;
}

/** XState's own, known by what they do: a build for browsers gives every function another name. */
const combiners: ReadonlyMap<unknown, string> = new Map([
  [Reflect.get(and([]), 'check'), 'and'],
  [Reflect.get(or([]), 'check'), 'or'],
  [Reflect.get(not(''), 'check'), 'not'],
  [Reflect.get(stateIn(''), 'check'), 'stateIn'],
]);

/** What a transition waits for, in words: `after idleCheck`, `actor speech failed`, `always`, or the event. */
function triggerOf({ eventType }: AnyTransitionDefinition): string {
  if (eventType === '') return 'always';
  return eventType
    .replace(/^xstate\.after\.([^.]+)\..*$/, 'after $1')
    .replace(/^xstate\.error\.actor\.(.*)$/, 'actor $1 failed')
    .replace(/^xstate\.done\.actor\.(.*)$/, 'actor $1 done')
    .replace(/^xstate\.done\.state\..*$/, 'all inside done');
}
