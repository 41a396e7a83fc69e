/**
 * A chart for other tools of XState: as JSON that `createMachine` reads back as the same chart, or as a module that makes it.
 *
 * Both have the states, events and candidates in the order of the chart. What stands behind a name is code and stays here: guards, actions,
 * actors, delays and what computes a context, an input or an output. In JSON a computed value is `{"computed": true}`, and a combined
 * guard, for which XState has no JSON, is a guard with its parts as params: `{"type": "xstate.and", "params": {"guards": ["a", "b"]}}`; so
 * a reader loses nothing. In a module guards are combined as XState does it, and all names stand in `setup()` with a placeholder.
 */
import type { AnyStateMachine, AnyStateNode } from 'xstate';
import { chartDefinition, type Json, type JsonObject } from '../../log/chart-definition.ts';
import { statesOf } from './transition-words.ts';

/** The chart as JSON. */
export function xstateJson(machine: AnyStateMachine): string {
  return `${JSON.stringify(inOrderOf(machine.root, chartDefinition(machine), guardAsData), null, 2)}\n`;
}

/** The chart as an ECMAScript module; its one export is the machine, `sessionMachine`. */
export function xstateModule(machine: AnyStateMachine): string {
  const config = inOrderOf(machine.root, chartDefinition(machine), guardAsCode);
  const { text, combinators } = sourceOf({ ...config, context: {} });
  const hasActors = statesOf(machine).some(({ invoke }) => invoke.length > 0);
  const imports = [...combinators, 'setup', ...(hasActors ? ['fromPromise'] : [])].sort();
  return [
    `/** The chart "${machine.id}", version ${machine.version ?? ''}, with placeholders for what stands behind its names. */`,
    `import { ${imports.join(', ')} } from 'xstate';`,
    '',
    `export const ${machine.id}Machine = setup(${setupOf(machine)}).createMachine(${text});`,
    '',
  ].join('\n');
}

type WriteGuard = (guard: Json) => Json;

/** The definition of a state with its events and inner states as they were written, not in the order that a hash needs. */
function inOrderOf(node: AnyStateNode, definition: JsonObject, writeGuard: WriteGuard): JsonObject {
  const written = withGuards(definition, writeGuard);
  const states = objectOf(definition.states);
  const inner = Object.values(node.states).map((child): readonly [string, Json] => [
    child.key,
    inOrderOf(child, objectOf(states[child.key]), writeGuard),
  ]);
  const on = objectOf(written.on);
  const events = Object.keys(node.config.on ?? {}).map((event): readonly [string, Json] => [event, on[event] ?? []]);
  return {
    ...written,
    ...(events.length > 0 && { on: Object.fromEntries(events) }),
    ...(inner.length > 0 && { states: Object.fromEntries(inner) }),
  };
}

/** With each guard of its own transitions as `writeGuard` has it; inner states are left to their own turn. */
function withGuards(definition: JsonObject, writeGuard: WriteGuard): JsonObject {
  const mapped = (value: Json): Json => {
    if (Array.isArray(value)) return value.map(mapped);
    if (typeof value !== 'object' || value === null) return value;
    return Object.fromEntries(
      Object.entries(value).map(([name, field]) => [
        name,
        name === 'guard' && !isList(field) ? writeGuard(field) : mapped(field),
      ]),
    );
  };
  const ways = new Set(['on', 'after', 'always', 'onDone', 'invoke']);
  return Object.fromEntries(
    Object.entries(definition).map(([name, value]) => [name, ways.has(name) ? mapped(value) : value]),
  );
}

function guardAsData(guard: Json): Json {
  const { type = '', guards, stateValue } = objectOf(guard);
  if (Array.isArray(guards)) return { type, params: { guards: guards.map(guardAsData) } };
  return stateValue === undefined ? guard : { type, params: { stateValue } };
}

/** A marker that `sourceOf` writes as a call. */
function guardAsCode(guard: Json): Json {
  const { type, guards, stateValue } = objectOf(guard);
  if (Array.isArray(guards)) return { call: String(type).replace('xstate.', ''), given: guards.map(guardAsCode) };
  return stateValue === undefined ? guard : { call: 'stateIn', given: [stateValue] };
}

function objectOf(value: Json | undefined): JsonObject {
  return typeof value === 'object' && value !== null && !isList(value) ? value : {};
}

function isList(value: Json): value is readonly Json[] {
  return Array.isArray(value);
}

/** Data as source text, with its calls of combinators; computed values are left out. */
function sourceOf(value: Json): { readonly text: string; readonly combinators: readonly string[] } {
  const combinators = new Set<string>();
  const write = (each: Json, indent: string): string => {
    const inner = `${indent}  `;
    if (isList(each)) {
      const items = each.map((item) => write(item, inner));
      return items.join('').length < 80 && !items.some((item) => item.includes('\n'))
        ? `[${items.join(', ')}]`
        : `[\n${items.map((item) => `${inner}${item},\n`).join('')}${indent}]`;
    }
    if (typeof each !== 'object' || each === null) return quoted(each);
    const { call, given } = objectOf(each);
    if (typeof call === 'string' && given !== undefined && isList(given)) {
      combinators.add(call);
      const isUnary = call === 'not' || call === 'stateIn';
      return `${call}(${isUnary ? given.map((part) => write(part, inner)).join('') : write(given, indent)})`;
    }
    const fields = Object.entries(each).filter(([, field]) => objectOf(field).computed !== true);
    const lines = fields.map(([name, field]) => `${inner}${keyOf(name)}: ${write(field, inner)},\n`);
    return lines.length === 0 ? '{}' : `{\n${lines.join('')}${indent}}`;
  };
  const text = write(value, '');
  return { text, combinators: [...combinators] };
}

function quoted(value: string | number | boolean | null): string {
  if (typeof value !== 'string') return String(value);
  return value.includes("'") || value.includes('\\') || /[\n\r\u2028\u2029]/.test(value)
    ? JSON.stringify(value)
    : `'${value}'`;
}

function keyOf(name: string): string {
  return /^[A-Za-z_$][\w$]*$/.test(name) ? name : quoted(name);
}

/** XState's clock fires at once for anything that does not fit into 31 bits, so an unknown delay is one second. */
const PLACEHOLDER_MS = 1000;

/** Every name that the chart uses, with something harmless behind it. */
function setupOf(machine: AnyStateMachine): string {
  const { actions, guards, delays } = machine.implementations;
  const actors = [...new Set(statesOf(machine).flatMap(({ invoke }) => invoke.map(({ src }) => String(src))))];
  const table = (name: string, rows: readonly string[]) =>
    rows.length === 0 ? '' : `  ${name}: {\n${rows.map((row) => `    ${row},\n`).join('')}  },\n`;
  return [
    '{\n',
    table(
      'actors',
      actors.map((name) => `${keyOf(name)}: fromPromise(() => new Promise(() => {}))`),
    ),
    table(
      'actions',
      Object.keys(actions).map((name) => `${keyOf(name)}: () => {}`),
    ),
    table(
      'guards',
      Object.keys(guards).map((name) => `${keyOf(name)}: () => false`),
    ),
    table(
      'delays',
      Object.entries(delays).map(([name, delay]) =>
        typeof delay === 'number'
          ? `${keyOf(name)}: ${delay}`
          : `/** Computed. */\n    ${keyOf(name)}: ${PLACEHOLDER_MS}`,
      ),
    ),
    '}',
  ].join('');
}
