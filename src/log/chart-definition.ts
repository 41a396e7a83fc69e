/**
 * A chart as plain data: a pure function from a machine to JSON that XState's createMachine reads back as the same chart (only
 * combined guards it has no JSON for: `{ type: 'xstate.and', guards: [...] }`).
 *
 * It is all that the machine's config says, names for what stands in `setup()`: what a guard, an action, an actor or a delay does
 * under its name is code, not definition, and so are the functions that compute a context, an input or an output
 * (`{ computed: true }`).
 * It is canonical: what means the same is written the same (a string, an object or a list of one; a relative target or an id; the
 * order of events, of states that exclude each other, of params and tags). Order that means something stays: candidates, actions,
 * regions, timers.
 * It is total: a function without a name, a value that is no JSON and a property that it does not know are errors, never left out.
 * Words for people (`description`) and types (`schemas`) are not part of it.
 *
 * Its hash tells whether a chart's definition is the one that a log was recorded with. Scheme 2, `2:` and 16 hex digits, is over
 * the chart as data. Scheme 1, 16 hex digits alone, was over the JSON of the machine's config: it did not see combined guards,
 * and saw the order of what has none. It is no longer written, but read: the hash in an old header is compared by the scheme
 * that made it.
 */
import { hash } from 'node:crypto';
import { type AnyStateMachine, type AnyStateNode, and, not, or, stateIn } from 'xstate';

export type Json = string | number | boolean | null | readonly Json[] | { readonly [name: string]: Json };
export type JsonObject = { readonly [name: string]: Json };

/** Throws where the chart has something that is no data. */
export function chartDefinition(machine: AnyStateMachine): JsonObject {
  const { config, root } = machine;
  return without({
    id: machine.id,
    version: machine.version,
    context: computedOr(config.context, `the context of ${machine.id}`),
    options: optionalJson(config.options, `the options of ${machine.id}`),
    ...stateOf(root),
  });
}

const HASH_CHARS = 16;
const schemeOne = /^[0-9a-f]{16}$/;

/** A machine's definition never changes, and a folder of logs asks for it once a log. */
const known = new WeakMap<AnyStateMachine, string>();

/** The hash of the machine's definition, by the newest scheme; throws where it has something that is no data. */
export function definitionHash(machine: AnyStateMachine): string {
  const before = known.get(machine);
  if (before !== undefined) return before;
  const now = `2:${shortHash(chartDefinition(machine))}`;
  known.set(machine, now);
  return now;
}

/** The same by the scheme of `recorded`: equal to it if the definition is, as far as that scheme sees it. */
export function definitionHashAs(recorded: string, machine: AnyStateMachine): string {
  return schemeOne.test(recorded) ? shortHash(machine.config) : definitionHash(machine);
}

function shortHash(value: object): string {
  return hash('sha256', JSON.stringify(value)).slice(0, HASH_CHARS);
}

const rootKeys = ['version', 'context', 'options', 'schemas', 'types'];
const stateKeys = [
  ...['id', 'key', 'type', 'initial', 'states', 'history', 'target', 'tags', 'meta', 'description', 'output'],
  ...['entry', 'exit', 'invoke', 'on', 'after', 'always', 'onDone'],
];
const invokeKeys = ['id', 'src', 'input', 'systemId', 'onDone', 'onError', 'onSnapshot'];
/** What XState makes of a transition, beside what was written. */
const transitionKeys = [
  ...['target', 'guard', 'actions', 'reenter', 'meta', 'description'],
  ...['source', 'eventType', 'toJSON', 'event', 'delay'],
];

type Row = readonly [name: string, value: Json];
type Transition = AnyStateNode['after'][number] | NonNullable<AnyStateNode['always']>[number];

function stateOf(node: AnyStateNode): JsonObject {
  const { config } = node;
  const where = node.id;
  refuseOthers(config, node.parent === undefined ? [...stateKeys, ...rootKeys] : stateKeys, where);
  return without({
    id: isOwnId(node) ? node.id : undefined,
    type: node.type === 'atomic' || node.type === 'compound' ? undefined : node.type,
    initial: node.type === 'compound' ? initialOf(node) : undefined,
    history: node.type === 'history' ? node.history || 'shallow' : undefined,
    target: optionalJson(config.target, `the target of ${where}`),
    tags: node.tags.length === 0 ? undefined : [...new Set(node.tags)].sort(),
    meta: optionalJson(config.meta, `the meta of ${where}`),
    entry: actionsOf(listOf(config.entry), `entry of ${where}`),
    exit: actionsOf(listOf(config.exit), `exit of ${where}`),
    invoke: listOrNothing(listOf(config.invoke).map((invoke, index) => invokeOf(node, invoke, index))),
    on: tableOrNothing(eventsOf(node)),
    after: tableOrNothing(timersOf(node)),
    always: listOrNothing((node.always ?? []).map((transition) => transitionOf(node, transition))),
    onDone: listOrNothing(transitionsOf(node, `xstate.done.state.${node.id}`)),
    output: computedOr(config.output, `the output of ${where}`),
    states: tableOrNothing(childrenOf(node)),
  });
}

function isOwnId(node: AnyStateNode): boolean {
  return node.id !== [node.machine.id, ...node.path].join('.');
}

/** States that exclude each other have no order; regions are entered in theirs. */
function childrenOf(node: AnyStateNode): Row[] {
  const children = Object.values(node.states).map((child): Row => [child.key, stateOf(child)]);
  return node.type === 'parallel' ? children : children.sort(([a], [b]) => (a < b ? -1 : 1));
}

function initialOf(node: AnyStateNode): Json {
  const { target, actions } = node.initial;
  const written: unknown = node.config.initial;
  if (typeof written === 'object' && written !== null) {
    refuseOthers(written, ['target', 'actions', 'meta', 'description'], `the initial transition of ${node.id}`);
  }
  const key = target?.[0]?.key ?? '';
  const named = actionsOf(actions, `the initial transition of ${node.id}`);
  return named === undefined ? key : { target: key, actions: named };
}

function invokeOf(node: AnyStateNode, written: unknown, index: number): JsonObject {
  const where = `an actor of ${node.id}`;
  const src = fieldOf(written, 'src');
  if (typeof src !== 'string') throw new Error(`${where} is written into the chart: it needs a name in setup()`);
  refuseOthers(written, invokeKeys, where);
  const id = node.invoke[index]?.id ?? '';
  return without({
    id,
    src,
    systemId: optionalJson(fieldOf(written, 'systemId'), `the systemId of ${where}`),
    input: computedOr(fieldOf(written, 'input'), `the input of ${where}`),
    onDone: listOrNothing(transitionsOf(node, `xstate.done.actor.${id}`)),
    onError: listOrNothing(transitionsOf(node, `xstate.error.actor.${id}`)),
    onSnapshot: listOrNothing(transitionsOf(node, `xstate.snapshot.${id}`)),
  });
}

function eventsOf(node: AnyStateNode): Row[] {
  const names = Object.keys(node.config.on ?? {}).sort();
  return names.map((name) => [name, transitionsOf(node, name)]);
}

/** In the order in which they are armed. */
function timersOf(node: AnyStateNode): Row[] {
  return Object.keys(node.config.after ?? {}).map((delay) => {
    const transitions = node.after.filter((transition) => String(transition.delay) === String(delayOf(delay)));
    return [delay, transitions.map((transition) => transitionOf(node, transition))];
  });
}

/** As XState reads it: `'1000'` is a time in ms, anything else a name. */
function delayOf(written: string): string | number {
  return Number.isNaN(+written) ? written : +written;
}

function transitionsOf(node: AnyStateNode, descriptor: string): JsonObject[] {
  return (node.transitions.get(descriptor) ?? []).map((transition) => transitionOf(node, transition));
}

function transitionOf(node: AnyStateNode, transition: Transition): JsonObject {
  const where = `a transition of ${node.id} for '${transition.eventType}'`;
  refuseOthers(transition, transitionKeys, where);
  const targets = transition.target?.map(({ id }) => `#${id}`);
  return without({
    guard: transition.guard === undefined ? undefined : guardOf(transition.guard, where),
    target: targets?.length === 1 ? targets[0] : targets,
    reenter: transition.reenter || undefined,
    actions: actionsOf(transition.actions, where),
    meta: optionalJson(transition.meta, `the meta of ${where}`),
  });
}

const combinations = Object.freeze([
  { type: 'xstate.and', check: fieldOf(and([]), 'check') },
  { type: 'xstate.or', check: fieldOf(or([]), 'check') },
  { type: 'xstate.not', check: fieldOf(not(''), 'check') },
]);
const checkOfStateIn = fieldOf(stateIn(''), 'check');

function guardOf(guard: unknown, where: string): Json {
  if (typeof guard !== 'function') return namedOf(guard, `the guard of ${where}`);
  const check = fieldOf(guard, 'check');
  if (check !== undefined && check === checkOfStateIn) {
    return { type: 'xstate.stateIn', stateValue: jsonOf(fieldOf(guard, 'stateValue'), `the guard of ${where}`) };
  }
  const combination = combinations.find((known) => known.check === check);
  const parts = fieldOf(guard, 'guards');
  if (combination === undefined || !Array.isArray(parts)) {
    throw new Error(`the guard of ${where} is written into the chart: it needs a name in setup()`);
  }
  return { type: combination.type, guards: parts.map((part) => guardOf(part, where)) };
}

function actionsOf(actions: readonly unknown[], where: string): Json | undefined {
  return listOrNothing(actions.map((action) => namedOf(action, `an action of ${where}`)));
}

/** A name, or one with params. */
function namedOf(named: unknown, what: string): Json {
  if (typeof named === 'string') return named;
  const type = fieldOf(named, 'type');
  if (typeof named === 'function' || typeof type !== 'string') {
    throw new Error(`${what} is written into the chart: it needs a name in setup()`);
  }
  refuseOthers(named, ['type', 'params'], what);
  const params = optionalJson(fieldOf(named, 'params'), `the params of ${what}, ${type},`);
  return params === undefined ? type : { type, params };
}

/** A function here computes data at run time: nothing that the chart says. */
function computedOr(value: unknown, what: string): Json | undefined {
  return typeof value === 'function' ? { computed: true } : optionalJson(value, what);
}

function optionalJson(value: unknown, what: string): Json | undefined {
  return value === undefined ? undefined : jsonOf(value, what);
}

/** `value` with its fields in the order of their names; throws if it is no JSON. */
function jsonOf(value: unknown, what: string): Json {
  if (value === null || typeof value === 'string' || typeof value === 'boolean') return value;
  if (typeof value === 'number' && Number.isFinite(value)) return value;
  if (Array.isArray(value)) return value.map((item) => jsonOf(item, what));
  if (typeof value !== 'object' || !isPlain(value))
    throw new Error(`${what} hold a ${kindOf(value)}, which is no data`);
  const fields = Object.entries(value).filter(([, field]) => field !== undefined);
  return Object.fromEntries(
    fields.sort(([a], [b]) => (a < b ? -1 : 1)).map(([name, field]) => [name, jsonOf(field, what)]),
  );
}

function isPlain(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}

function kindOf(value: unknown): string {
  return typeof value === 'object' && value !== null ? value.constructor.name : `${typeof value} (${String(value)})`;
}

/** What the chart says in words that are not known here would be missing in its definition. */
function refuseOthers(written: unknown, known: readonly string[], where: string): void {
  if (typeof written !== 'object' || written === null) return;
  for (const [name, value] of Object.entries(written)) {
    if (value !== undefined && !known.includes(name))
      throw new Error(`the definition can't tell '${name}' of ${where}`);
  }
}

/** `fields` without those that are not there. */
function without(fields: Readonly<Record<string, Json | undefined>>): JsonObject {
  const present: Record<string, Json> = {};
  for (const [name, value] of Object.entries(fields)) if (value !== undefined) present[name] = value;
  return present;
}

function listOrNothing(list: readonly Json[]): Json | undefined {
  return list.length === 0 ? undefined : list;
}

function tableOrNothing(rows: readonly Row[]): JsonObject | undefined {
  return rows.length === 0 ? undefined : Object.fromEntries(rows);
}

function listOf(written: unknown): readonly unknown[] {
  if (written === undefined) return [];
  return Array.isArray(written) ? written : [written];
}

function fieldOf(holder: unknown, name: string): unknown {
  const isHolder = typeof holder === 'function' || (typeof holder === 'object' && holder !== null);
  return isHolder ? Reflect.get(holder, name) : undefined;
}
