/**
 * A context for people: what a turn changed in it, and all of it, level by level. Contexts are immutable, so what is the same object is the same,
 * and a turn costs what it changed. Lists that lost their head (a queue) are compared item by item as they moved up. Everything is
 * shortened and counted: a context may hold an answer of megabytes.
 */
import { eachChange, entriesOf, isTable, lookUp } from '../../machines/supervisor/persistent-table.ts';
import {
  type ContextChild,
  type ContextLevel,
  type FieldChange,
  MAX_CONTEXT_CHILDREN,
  MAX_VALUE_CHARS,
} from './views.ts';

const MAX_CHANGES = 200;
const MAX_SHOWN_CHARS = 160;

export interface ContextChanges {
  readonly changes: readonly FieldChange[];
  /** Changes beyond those that are told. */
  readonly more: number;
}

/** What differs between two contexts, in the order of their fields. */
export function contextChanges(before: unknown, after: unknown): ContextChanges {
  const found: FieldChange[] = [];
  let more = 0;
  compare('', before, after, (change) => {
    if (found.length < MAX_CHANGES) found.push(change());
    else more += 1;
  });
  return { changes: found, more };
}

/** A change is put in words only where it is told. */
type Tell = (change: () => FieldChange) => void;

function compare(path: string, before: unknown, after: unknown, tell: Tell): void {
  if (Object.is(before, after)) return;
  if (before === undefined) {
    tell(() => ({ path, kind: 'created', after: shortJson(after) }));
  } else if (after === undefined) {
    tell(() => ({ path, kind: 'removed', before: shortJson(before) }));
  } else if (isTable(before) && isTable(after)) {
    eachChange(before, after, (key, was, is) => compare(inside(path, key), was, is, tell));
  } else if (Array.isArray(before) && Array.isArray(after)) {
    compareLists(path, before, after, tell);
  } else if (isRecord(before) && isRecord(after)) {
    for (const name of new Set([...Object.keys(before), ...Object.keys(after)])) {
      compare(inside(path, name), before[name], after[name], tell);
    }
  } else {
    tell(() => ({ path, kind: 'changed', ...shortPair(before, after) }));
  }
}

/** The head of a queue leaves, and all others move up: they are the same objects as before. */
function compareLists(path: string, before: readonly unknown[], after: readonly unknown[], tell: Tell): void {
  const [head] = after;
  const moved = typeof head === 'object' && head !== null ? before.indexOf(head) : -1;
  const gone = after.length === 0 ? before.length : Math.max(0, moved);
  for (let place = 0; place < gone; place += 1) compare(`${path}[${place}]`, before[place], undefined, tell);
  const length = Math.max(before.length - gone, after.length);
  for (let place = 0; place < length; place += 1) {
    compare(`${path}[${place}]`, before[place + gone], after[place], tell);
  }
}

const plainName = /^[A-Za-z_$][\w$]*$/;

/** A name that a client chose may be anything. */
function inside(path: string, name: string): string {
  if (!plainName.test(name)) return `${path}[${JSON.stringify(name)}]`;
  return path === '' ? name : `${path}.${name}`;
}

/** The parts of a path as `contextChanges` writes it: `sentences[0].text`, `streams["a b"]`; null = it is none. */
export function pathParts(path: string): readonly string[] | null {
  const parts: string[] = [];
  const token = /\.?([A-Za-z_$][\w$]*)|\[(\d+)\]|\[("(?:[^"\\]|\\.)*")\]/y;
  for (let at = 0; at < path.length; at = token.lastIndex) {
    token.lastIndex = at;
    const [, name, index, quoted] = token.exec(path) ?? [];
    const part = name ?? index ?? (quoted === undefined ? undefined : textIn(quoted));
    if (part === undefined) return null;
    parts.push(part);
  }
  return parts;
}

function textIn(quoted: string): string | undefined {
  try {
    return String(JSON.parse(quoted));
  } catch {
    return undefined;
  }
}

/** The value at a path; undefined = there is none. Tables are looked into as records are. */
export function valueAt(context: unknown, parts: readonly string[]): unknown {
  let value = context;
  for (const part of parts) {
    if (isTable(value)) value = lookUp(value, part);
    else if (typeof value !== 'object' || value === null || !Object.hasOwn(value, part)) return undefined;
    else value = Reflect.get(value, part);
  }
  return value;
}

/** What stands directly in the place `path` of a context; a path that leads nowhere has nothing in it. */
export function contextLevel(context: unknown, path: string): ContextLevel {
  const parts = pathParts(path);
  const value = parts === null ? undefined : plainOf(valueAt(context, parts));
  if (typeof value !== 'object' || value === null) return { children: [], more: 0 };
  const names = Object.keys(value);
  const children = names.slice(0, MAX_CONTEXT_CHILDREN).map((name): ContextChild => {
    const inner: unknown = Reflect.get(value, name);
    const place = Array.isArray(value) ? `${path}[${name}]` : inside(path, name);
    const hasChildren = sizeOf(inner) > 0;
    return { name: place.slice(path.length).replace(/^\./, ''), path: place, preview: previewOf(inner), hasChildren };
  });
  return { children, more: names.length - children.length };
}

function previewOf(value: unknown): string {
  if (typeof value !== 'object' || value === null) return shortJson(value);
  return Array.isArray(value) ? `[${value.length}]` : `{${sizeOf(value)}}`;
}

function sizeOf(value: unknown): number {
  if (isTable(value)) return value.size;
  return typeof value === 'object' && value !== null ? Object.keys(value).length : 0;
}

/** Indented JSON, at most MAX_VALUE_CHARS of it; null = there is none. */
export function wholeJson(value: unknown): string | null {
  if (value === undefined) return null;
  const text = JSON.stringify(plainOf(value), (_, inner: unknown) => plainOf(inner), 2);
  return text.length > MAX_VALUE_CHARS ? `${text.slice(0, MAX_VALUE_CHARS)}…` : text;
}

function plainOf(value: unknown): unknown {
  return isTable(value) ? Object.fromEntries(entriesOf(value)) : value;
}

/** A value as JSON, at most MAX_SHOWN_CHARS of it; it costs no more than that, however large the value is. */
export function shortJson(value: unknown): string {
  const text = jsonUpTo(value, MAX_SHOWN_CHARS + 1);
  return text.length > MAX_SHOWN_CHARS ? `${text.slice(0, MAX_SHOWN_CHARS)}…` : text;
}

/** Two long texts, shortened to where they differ. */
function shortPair(before: unknown, after: unknown): { readonly before: string; readonly after: string } {
  if (typeof before !== 'string' || typeof after !== 'string') {
    return { before: shortJson(before), after: shortJson(after) };
  }
  const SHOWN_BEFORE = 24;
  let same = 0;
  while (same < before.length && same < after.length && before.charCodeAt(same) === after.charCodeAt(same)) same += 1;
  if (Math.max(before.length, after.length) <= MAX_SHOWN_CHARS - 2) same = 0;
  const cut = Math.max(0, same - SHOWN_BEFORE);
  const shown = (text: string) =>
    cut === 0 ? shortJson(text) : `…${shortJson(text.slice(cut, cut + MAX_SHOWN_CHARS))}`;
  return { before: shown(before), after: shown(after) };
}

function jsonUpTo(value: unknown, chars: number): string {
  if (typeof value === 'string') return JSON.stringify(value.slice(0, chars));
  if (typeof value !== 'object' || value === null) return String(JSON.stringify(value));
  if (isTable(value)) return `{ ${value.size} entries }`;
  const isList = Array.isArray(value);
  let text = isList ? '[' : '{';
  let isFirst = true;
  for (const name of Object.keys(value)) {
    if (text.length > chars) return text;
    const inner = jsonUpTo(Reflect.get(value, name), chars - text.length);
    text += `${isFirst ? '' : ', '}${isList ? '' : `${plainName.test(name) ? name : JSON.stringify(name)}: `}${inner}`;
    isFirst = false;
  }
  return text + (isList ? ']' : '}');
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !isTable(value);
}
