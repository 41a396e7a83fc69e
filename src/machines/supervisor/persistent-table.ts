/**
 * A persistent map from text to plain JSON that is plain JSON itself: a hash array mapped trie with 32 children a branch. A table with one
 * more or one less entry is a new table that shares all but a few branches with the old one, so that a chart may keep tens of thousands of
 * entries in its context and pay for the one that changes.
 *
 * What holds, cited as "Table N": (1) a look-up, an entry more and an entry less cost the same at 10 and at 10,000 entries, a
 * few steps of the trie; (2) canonical: the same entries make the same tree, whatever came and went before; (3) `eachChange`
 * costs what changed, since what is the same object is the same; (4) no key is special, and keys that a client chose so that
 * their hashes agree cost a list in their order, never a wrong answer. It keeps no order of arrival: who needs one numbers the
 * values.
 */
/** Values are JSON, so that undefined is none. */
export interface Table<T> {
  readonly kind: 'table';
  /** How many entries. */
  readonly size: number;
  readonly root: Child<T> | null;
}

/** A leaf stands as far up as no other hash shares its way. */
type Child<T> = Leaf<T> | Bucket<T> | Branch<T>;

interface Leaf<T> {
  readonly key: string;
  readonly value: T;
}

/** Two keys or more with the same hash, in the order of their code units. */
interface Bucket<T> {
  readonly leaves: readonly Leaf<T>[];
}

interface Branch<T> {
  /** Which of the 32 ways lead on. */
  readonly bitmap: number;
  /** Where they lead to, in the order of their bits. */
  readonly children: readonly Child<T>[];
}

export const emptyTable = Object.freeze({ kind: 'table', size: 0, root: null } as const);

/** Of the hash, for each level: 32 children a branch. */
const BITS_PER_LEVEL = 5;
const LEVEL_MASK = 2 ** BITS_PER_LEVEL - 1;

/** True for a table of whatever values. */
export function isTable(value: unknown): value is Table<unknown> {
  return typeof value === 'object' && value !== null && Reflect.get(value, 'kind') === 'table' && 'root' in value;
}

/** The value under `key`, or undefined. */
export function lookUp<T>(table: Table<T>, key: string): T | undefined {
  const hash = hashOf(key);
  let child = table.root ?? undefined;
  for (let shift = 0; child !== undefined && 'bitmap' in child; shift += BITS_PER_LEVEL) {
    child = childAt(child, bitOf(hash, shift));
  }
  if (child === undefined) return undefined;
  if ('key' in child) return child.key === key ? child.value : undefined;
  const leaf = child.leaves[placeIn(child.leaves, key)];
  return leaf?.key === key ? leaf.value : undefined;
}

/** The table with `value` under `key`, in the place of what was there. */
export function withEntry<T>(table: Table<T>, key: string, value: T): Table<T> {
  const isNew = lookUp(table, key) === undefined;
  const root = withLeaf(table.root ?? undefined, { key, value }, hashOf(key), 0);
  return { kind: 'table', size: isNew ? table.size + 1 : table.size, root };
}

/** The table without what is under `key`; itself if nothing is. */
export function withoutEntry<T>(table: Table<T>, key: string): Table<T> {
  if (lookUp(table, key) === undefined) return table;
  return {
    kind: 'table',
    size: table.size - 1,
    root: withoutKey(table.root ?? undefined, key, hashOf(key), 0) ?? null,
  };
}

/** All entries, in an order that depends on nothing but their keys. */
export function entriesOf<T>(table: Table<T>): readonly (readonly [key: string, value: T])[] {
  const leaves: Leaf<T>[] = [];
  if (table.root !== null) collectLeaves(table.root, leaves);
  return leaves.map(({ key, value }) => [key, value]);
}

/** The value with a plain record in the place of each table, for people to read. */
export function withPlainTables(value: unknown): unknown {
  if (!isTable(value)) return value;
  return Object.fromEntries(entriesOf(value).map(([key, inner]) => [key, withPlainTables(inner)]));
}

/** Tells every key whose value is not the same object in both tables; undefined = it has none. */
export function eachChange<T>(before: Table<T>, after: Table<T>, visit: Visit<T>): void {
  compare(before.root ?? undefined, after.root ?? undefined, 0, visit);
}

type Visit<T> = (key: string, before: T | undefined, after: T | undefined) => void;

function withLeaf<T>(child: Child<T> | undefined, leaf: Leaf<T>, hash: number, shift: number): Child<T> {
  if (child === undefined) return leaf;
  if ('bitmap' in child) {
    const { bitmap, children } = child;
    const bit = bitOf(hash, shift);
    const next = withLeaf(childAt(child, bit), leaf, hash, shift + BITS_PER_LEVEL);
    const index = indexOf(bitmap, bit);
    if ((bitmap & bit) !== 0) return { bitmap, children: children.with(index, next) };
    return { bitmap: bitmap | bit, children: children.toSpliced(index, 0, next) };
  }
  // They part further down: hashes that differ do so within 32 bits.
  if (hashOfChild(child) !== hash) return withLeaf(asBranch(child, shift), leaf, hash, shift);
  const leaves = leavesOf(child);
  const index = placeIn(leaves, leaf.key);
  const isKnown = leaves[index]?.key === leaf.key;
  if (isKnown && leaves.length === 1) return leaf;
  return { leaves: isKnown ? leaves.with(index, leaf) : leaves.toSpliced(index, 0, leaf) };
}

/** Of a key that is there. What is alone in its branch then moves up: the tree looks as if the key had never come. */
function withoutKey<T>(child: Child<T> | undefined, key: string, hash: number, shift: number): Child<T> | undefined {
  if (child === undefined || 'key' in child) return undefined;
  if ('leaves' in child) {
    const leaves = child.leaves.toSpliced(placeIn(child.leaves, key), 1);
    return leaves.length === 1 ? leaves[0] : { leaves };
  }
  const { bitmap, children } = child;
  const bit = bitOf(hash, shift);
  const index = indexOf(bitmap, bit);
  const next = withoutKey(children[index], key, hash, shift + BITS_PER_LEVEL);
  const left = next === undefined ? children.toSpliced(index, 1) : children.with(index, next);
  const [only] = left;
  if (left.length === 1 && only !== undefined && !('bitmap' in only)) return only;
  return { bitmap: next === undefined ? bitmap & ~bit : bitmap, children: left };
}

function compare<T>(before: Child<T> | undefined, after: Child<T> | undefined, shift: number, visit: Visit<T>): void {
  if (before === after) return;
  const isFlat = !isBranch(before) && !isBranch(after);
  if (isFlat) compareLeaves(leavesOf(before), leavesOf(after), visit);
  else compareBranches(asBranch(before, shift), asBranch(after, shift), shift, visit);
}

function compareBranches<T>(before: Branch<T>, after: Branch<T>, shift: number, visit: Visit<T>): void {
  for (let bits = before.bitmap | after.bitmap; bits !== 0; bits &= bits - 1) {
    const bit = bits & -bits;
    compare(childAt(before, bit), childAt(after, bit), shift + BITS_PER_LEVEL, visit);
  }
}

/** Both in the order of their keys. */
function compareLeaves<T>(before: readonly Leaf<T>[], after: readonly Leaf<T>[], visit: Visit<T>): void {
  let [wasAt, isAt] = [0, 0];
  for (;;) {
    const was = before[wasAt];
    const is = after[isAt];
    if (was === undefined && is === undefined) return;
    const isOld = was !== undefined && (is === undefined || was.key <= is.key);
    const isNew = is !== undefined && (was === undefined || is.key <= was.key);
    if (isOld) wasAt += 1;
    if (isNew) isAt += 1;
    const [old, now] = [isOld ? was.value : undefined, isNew ? is.value : undefined];
    if (old !== now) visit((isOld ? was : is)?.key ?? '', old, now);
  }
}

function isBranch<T>(child: Child<T> | undefined): child is Branch<T> {
  return child !== undefined && 'bitmap' in child;
}

/** The child as a branch that leads to it and nowhere else. */
function asBranch<T>(child: Child<T> | undefined, shift: number): Branch<T> {
  if (child === undefined) return { bitmap: 0, children: [] };
  return 'bitmap' in child ? child : { bitmap: bitOf(hashOfChild(child), shift), children: [child] };
}

function childAt<T>({ bitmap, children }: Branch<T>, bit: number): Child<T> | undefined {
  return (bitmap & bit) === 0 ? undefined : children[indexOf(bitmap, bit)];
}

function leavesOf<T>(child: Leaf<T> | Bucket<T> | undefined): readonly Leaf<T>[] {
  if (child === undefined) return [];
  return 'key' in child ? [child] : child.leaves;
}

function collectLeaves<T>(child: Child<T>, leaves: Leaf<T>[]): void {
  if ('bitmap' in child) for (const next of child.children) collectLeaves(next, leaves);
  else for (const leaf of leavesOf(child)) leaves.push(leaf);
}

/** Where the key stands in an ordered list, or would. */
function placeIn<T>(leaves: readonly Leaf<T>[], key: string): number {
  let [from, to] = [0, leaves.length];
  while (from < to) {
    const middle = (from + to) >>> 1;
    if ((leaves[middle]?.key ?? key) < key) from = middle + 1;
    else to = middle;
  }
  return from;
}

function hashOfChild<T>(child: Leaf<T> | Bucket<T>): number {
  return hashOf('key' in child ? child.key : (child.leaves[0]?.key ?? ''));
}

function bitOf(hash: number, shift: number): number {
  return 1 << ((hash >>> shift) & LEVEL_MASK);
}

/** The place among the children: as many bits are set below. */
function indexOf(bitmap: number, bit: number): number {
  let bits = bitmap & (bit - 1);
  bits -= (bits >>> 1) & 0x55555555;
  bits = (bits & 0x33333333) + ((bits >>> 2) & 0x33333333);
  return Math.imul((bits + (bits >>> 4)) & 0x0f0f0f0f, 0x01010101) >>> 24;
}

const FNV_OFFSET = 0x811c9dc5 | 0;
const FNV_PRIME = 0x01000193;

/** 32 bits: FNV-1a, and the end of MurmurHash3, without which ids that count up would share their ways. */
function hashOf(key: string): number {
  let hash = FNV_OFFSET;
  for (let index = 0; index < key.length; index += 1) hash = Math.imul(hash ^ key.charCodeAt(index), FNV_PRIME);
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return hash ^ (hash >>> 16);
}
