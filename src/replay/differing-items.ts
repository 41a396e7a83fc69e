/**
 * Which items of a value differ, where a log has no more of it than its digest. What the chart has now is known; so is what it had
 * before the turn, since up to there the replay was identical. What was recorded is looked for near the two: with some of the turn's
 * changes left out, with one number, text or flag another one, with one item less. A value with the recorded digest is what was
 * recorded, as far as digests tell: texts count by their length.
 *
 * It tells nothing that it did not find: without a match an item has what was before and is now, and no recorded value. Bounded in
 * tries and in what is looked at.
 */
import { isDeepStrictEqual } from 'node:util';

/** One item: `[0].failedAttempts`, or '' for the value itself. What was or is not there is 'none'. */
export interface DifferingItem {
  readonly item: string;
  readonly recorded?: unknown;
  /** Told where the recorded value can't be. */
  readonly before?: unknown;
  readonly now: unknown;
}

export interface Differing {
  /** What the chart had before the turn; undefined = nothing. */
  readonly before: unknown;
  readonly now: unknown;
  /** True for a value that would have been recorded as this one was. */
  readonly isRecorded: (value: unknown) => boolean;
}

const MAX_TRIES = 3000;
/** A digest costs what its value has. */
const MAX_LOOKED_AT = 120_000;
/** As many as fit below a verdict. */
const MAX_ITEMS = 12;
const MAX_LEAVES = 400;
/** Changes of a turn of which every choice is tried. */
const MAX_CHOSEN = 6;
/** How far a number, or the length of a text, is looked for around those that are known. */
const NEAR = 32;

/** The items that differ, the first ones of many. */
export function differingItems({ before, now, isRecorded }: Differing): readonly DifferingItem[] {
  const known = textsIn([before, now]);
  const size = Math.max(1, leavesOf(now).length + leavesOf(before).length);
  let tries = Math.min(MAX_TRIES, Math.floor(MAX_LOOKED_AT / size));
  for (const candidate of candidatesNear(before, now, known)) {
    tries -= 1;
    if (tries < 0) break;
    if (!isRecorded(candidate)) continue;
    return differencesOf(candidate, now)
      .slice(0, MAX_ITEMS)
      .map(({ path, a, b }) => ({ item: nameOf(path), recorded: toldOf(a, known), now: b ?? 'none' }));
  }
  return differencesOf(before, now)
    .slice(0, MAX_ITEMS)
    .map(({ path, a, b }) => ({ item: nameOf(path), before: a ?? 'none', now: b ?? 'none' }));
}

type Path = readonly (string | number)[];

function nameOf(path: Path): string {
  const name = path.map((step) => (typeof step === 'number' ? `[${step}]` : `.${step}`)).join('');
  return name.replace(/^\./, '');
}

function toldOf(value: unknown, known: ReadonlySet<string>): unknown {
  if (value === undefined) return 'none';
  return isMadeUp(value, known) ? `a text of ${value.length} characters` : value;
}

interface Difference {
  readonly path: Path;
  /** undefined = it is not there. */
  readonly a: unknown;
  readonly b: unknown;
}

/** What differs, as deep as both have the same kind of thing. A list that lost its head is compared by what stayed. */
function differencesOf(a: unknown, b: unknown, path: Path = []): readonly Difference[] {
  if (isDeepStrictEqual(a, b)) return [];
  if (Array.isArray(a) && Array.isArray(b)) return listDifferences(a, b, path);
  if (isRecord(a) && isRecord(b)) {
    const names = new Set([...Object.keys(a), ...Object.keys(b)]);
    return [...names].flatMap((name) => differencesOf(ownOf(a, name), ownOf(b, name), [...path, name]));
  }
  return [{ path, a, b }];
}

function listDifferences(a: readonly unknown[], b: readonly unknown[], path: Path): readonly Difference[] {
  const shift = Math.max(0, b.length === 0 ? a.length : a.findIndex((each) => isDeepStrictEqual(each, b[0])));
  const gone = a.slice(0, shift).map((each, index) => ({ path: [...path, index], a: each, b: undefined }));
  const length = Math.max(a.length - shift, b.length);
  const rest = Array.from({ length }, (_, index) => differencesOf(a[index + shift], b[index], [...path, index]));
  return [...gone, ...rest.flat()];
}

/** Values that may have been recorded, the likeliest first. */
function* candidatesNear(before: unknown, now: unknown, known: ReadonlySet<string>): Generator<unknown> {
  yield before;
  const changes = differencesOf(before, now).slice(0, MAX_CHOSEN);
  for (let choice = 1; choice < 2 ** changes.length; choice += 1) {
    yield changes.reduce(
      (value, { path, a }, place) => (choice & (2 ** place) ? replaced(value, path, a) : value),
      now,
    );
  }
  for (const near of [now, before]) {
    for (const { path, value } of leavesOf(near)) {
      for (const other of otherLeaves(value, known)) yield replaced(near, path, other);
    }
    for (const path of itemPathsOf(near)) yield replaced(near, path, undefined);
  }
}

function* otherLeaves(value: unknown, known: ReadonlySet<string>): Generator<unknown> {
  yield null;
  if (typeof value === 'boolean') yield !value;
  if (value === null) yield* [0, true, false];
  if (typeof value === 'number') {
    yield 0;
    for (let step = 1; step <= NEAR; step += 1) yield* [value - step, value + step];
  }
  if (typeof value === 'string') {
    yield* known;
    for (let step = 1; step <= NEAR; step += 1) {
      if (value.length >= step) yield madeUp(value.length - step);
      yield madeUp(value.length + step);
    }
  }
}

/** A text of which only the length is known. */
function madeUp(chars: number): string {
  return MADE_UP.repeat(chars);
}

const MADE_UP = '\u0000';

function isMadeUp(value: unknown, known: ReadonlySet<string>): value is string {
  return typeof value === 'string' && !known.has(value) && (value === '' || value.startsWith(MADE_UP));
}

/** The same with another value at `path`; undefined takes it away. */
function replaced(value: unknown, path: Path, by: unknown): unknown {
  const [step, ...rest] = path;
  if (step === undefined) return by;
  if (Array.isArray(value) && typeof step === 'number') {
    const inner = replaced(value[step], rest, by);
    return inner === undefined ? value.toSpliced(step, 1) : value.toSpliced(step, 1, inner);
  }
  if (!isRecord(value)) return value;
  const inner = replaced(ownOf(value, String(step)), rest, by);
  const kept = Object.entries(value).map(([name, old]) => [name, name === step ? inner : old] as const);
  // A field that is new again stands last: where it stood is not known.
  if (!Object.hasOwn(value, step)) kept.push([String(step), inner]);
  return Object.fromEntries(kept.filter(([, field]) => field !== undefined));
}

interface Leaf {
  readonly path: Path;
  readonly value: unknown;
}

function leavesOf(value: unknown): readonly Leaf[] {
  const leaves: Leaf[] = [];
  const visit = (inner: unknown, path: Path): void => {
    if (leaves.length >= MAX_LEAVES) return;
    if (Array.isArray(inner)) for (const [index, each] of inner.entries()) visit(each, [...path, index]);
    else if (isRecord(inner)) for (const [name, each] of Object.entries(inner)) visit(each, [...path, name]);
    else if (inner !== undefined) leaves.push({ path, value: inner });
  };
  visit(value, []);
  return leaves;
}

/** Items of lists and fields of objects, the outer ones first. */
function itemPathsOf(value: unknown, path: Path = []): readonly Path[] {
  if (path.length > 2) return [];
  const steps: readonly (string | number)[] = Array.isArray(value)
    ? [...value.keys()]
    : isRecord(value)
      ? Object.keys(value)
      : [];
  const here = steps.slice(0, MAX_LEAVES).map((step) => [...path, step]);
  const inner = here.flatMap((each, index) => {
    const step = steps[index] ?? '';
    return itemPathsOf(Array.isArray(value) ? value[Number(step)] : ownOf(value, String(step)), each);
  });
  return [...here, ...inner].slice(0, MAX_LEAVES);
}

/** Short texts that stand in the values: words of the chart's own count to the letter. */
function textsIn(values: readonly unknown[]): ReadonlySet<string> {
  const MAX_WORD_CHARS = 40;
  const MAX_WORDS = 16;
  const texts = values.flatMap((value) => leavesOf(value).map((leaf) => leaf.value));
  const words = texts.filter((text) => typeof text === 'string').filter((text) => text.length <= MAX_WORD_CHARS);
  return new Set(words.slice(0, MAX_WORDS));
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function ownOf(value: unknown, name: string): unknown {
  return isRecord(value) && Object.hasOwn(value, name) ? value[name] : undefined;
}
