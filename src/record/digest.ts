/**
 * Digests of a chart's context, made alike while a session is recorded and while it is replayed. A text counts as its length:
 * so the digest of a context is the digest of its shape (text/redaction-shape.ts), a growing buffer is not hashed again in
 * every turn, and nothing that anyone said can be guessed from it. Words that are the chart's own (modes, reasons, codes) count
 * to the letter.
 */
import { hexByte } from '../log/hex.ts';
import { eachChange, emptyTable, isTable, type Table } from '../machines/supervisor/persistent-table.ts';

/** Fields whose text is one of ours, or an id. Everything else is what somebody said, or may be. */
const ownWords: ReadonlySet<string> = new Set(
  (
    'type mode phase errorType errorCode kind status openFence speechFailure allowedCommands command expects role ' +
    'streamId sessionId hardwareId streamIds leader newerStreamId forgotten reasons duplicatePolicy'
  ).split(' '),
);

/**
 * Texts of which only it counts whether there are any: what a voice gets differs between a text and its shape, a stack between
 * machines.
 */
const presenceOnly: ReadonlySet<string> = new Set(['speech', 'detail']);

/** Fields of which only it counts whether they are there: a command's arguments keep their validity in a shape, not their numbers. */
const opaque: ReadonlySet<string> = new Set(['args']);

/**
 * Plain records by id, of version 1 of the supervisor chart, whose logs this keeps readable: their size and their newest entry
 * count, what was there before was told when it came. Tables of today's charts are counted whole, by TableDigester.
 */
const tables: ReadonlySet<string> = new Set(['streams', 'inFlight']);

/** Signed, as `Math.imul` gives them: V8 keeps 32-bit signed numbers in a field as they are, and boxes all others. */
const FNV_OFFSET = 0x811c9dc5 | 0;
const FNV_PRIME = 0x01000193;
/** Of the second lane: the two together make an accidental match as rare as one in 2^48. */
const SECOND_OFFSET = 0x9e3779b9 | 0;
const SECOND_PRIME = 0x85ebca6b | 0;
/** Field names are few; names that a client chose are not, and need not be remembered. */
const MAX_REMEMBERED_KEYS = 1024;

class Lanes {
  a = FNV_OFFSET;
  b = SECOND_OFFSET;

  mix(value: number): void {
    const a = Math.imul(this.a ^ value, FNV_PRIME);
    this.a = a;
    this.b = Math.imul(this.b ^ value ^ (a >>> 15), SECOND_PRIME);
  }

  mixText(text: string): void {
    this.mix(hashOfText(text));
    this.mix(text.length);
  }

  toString(): string {
    const { a, b } = this;
    return `${hexByte(a >>> 24)}${hexByte(a >>> 16)}${hexByte(a >>> 8)}${hexByte(a)}${hexByte(b >>> 24)}${hexByte(b >>> 16)}`;
  }
}

function hashOfText(text: string): number {
  let lane = FNV_OFFSET;
  for (let index = 0; index < text.length; index += 1) lane = Math.imul(lane ^ text.charCodeAt(index), FNV_PRIME);
  return lane;
}

/** What is known of a field's name: its hash, and how a text or an object under it counts. */
interface Key {
  readonly hash: number;
  readonly isOwnWord: boolean;
  readonly isPresenceOnly: boolean;
  readonly isOpaque: boolean;
  readonly isTable: boolean;
}

const keys = new Map<string, Key>();

function keyOf(name: string): Key {
  const known = keys.get(name);
  if (known !== undefined) return known;
  const key: Key = {
    hash: hashOfText(name),
    isOwnWord: ownWords.has(name),
    isPresenceOnly: presenceOnly.has(name),
    isOpaque: opaque.has(name),
    isTable: tables.has(name),
  };
  if (keys.size < MAX_REMEMBERED_KEYS) keys.set(name, key);
  return key;
}

const noKey: Key = { hash: 0, isOwnWord: false, isPresenceOnly: false, isOpaque: false, isTable: false };

/**
 * The digest of a plain JSON value, the field `name` of a context: 12 hexadecimal digits. Linear in the number of its fields, not in the
 * length of its texts.
 */
export function digestOf(value: unknown, name = ''): string {
  const lanes = new Lanes();
  mixValue(lanes, name === '' ? noKey : keyOf(name), value);
  return lanes.toString();
}

const noItems: readonly unknown[] = Object.freeze([]);
const noLanes: readonly number[] = Object.freeze([]);

/**
 * The digest of a list that changes from turn to turn, the field `name` of a context. A list that lost its head and got a new tail is not
 * looked through again: the items that stayed are the same objects, and their part of the digest is known.
 */
export class ListDigester {
  readonly #key: Key;
  #items: readonly unknown[] = noItems;
  /** Two for each item. */
  #lanes: readonly number[] = noLanes;

  constructor(name: string) {
    this.#key = keyOf(name);
  }

  digestOf(items: readonly unknown[]): string {
    const lanes = new Lanes();
    lanes.mix(13);
    lanes.mix(items.length);
    if (items.length === 0) {
      this.#items = noItems;
      this.#lanes = noLanes;
      return lanes.toString();
    }
    const shift = this.#items.indexOf(items[0]);
    const known: number[] = [];
    for (let index = 0; index < items.length; index += 1) {
      const item = items[index];
      const before = index + shift;
      if (shift >= 0 && before < this.#items.length && this.#items[before] === item) {
        known.push(this.#lanes[2 * before] ?? 0, this.#lanes[2 * before + 1] ?? 0);
      } else {
        const own = new Lanes();
        mixValue(own, this.#key, item);
        known.push(own.a, own.b);
      }
      lanes.mix(known[2 * index] ?? 0);
      lanes.mix(known[2 * index + 1] ?? 0);
    }
    this.#items = items;
    this.#lanes = known;
    return lanes.toString();
  }
}

/** Lanes that are added up must differ in all bits where their values differ in one. */
function spread(lane: number): number {
  let bits = Math.imul(lane ^ (lane >>> 16), 0x85ebca6b);
  bits = Math.imul(bits ^ (bits >>> 13), 0xc2b2ae35);
  return bits ^ (bits >>> 16);
}

/** The ids that a table's entries stand for. */
const idKey: Key = { ...noKey, isOwnWord: true };

/**
 * The digest of a table that changes from turn to turn, tables inside of it included: every entry counts, with its keys to the
 * letter. It is made of the sum over all entries, which does not depend on their order, so that a turn costs the entries that
 * it changed and not those that the table has.
 */
export class TableDigester {
  #table: Table<unknown> = emptyTable;
  #sumA = 0;
  #sumB = 0;

  digestOf(table: Table<unknown>): string {
    this.#addChanges([], this.#table, table);
    this.#table = table;
    const lanes = new Lanes();
    lanes.mix(14);
    lanes.mix(table.size);
    lanes.mix(this.#sumA);
    lanes.mix(this.#sumB);
    // Half of this lane is shown; it must hang on the whole.
    lanes.b = spread(lanes.b);
    return lanes.toString();
  }

  #addChanges(path: readonly string[], before: Table<unknown>, after: Table<unknown>): void {
    eachChange(before, after, (key, was, is) => {
      const inner = [...path, key];
      if (isTable(was) || isTable(is)) {
        this.#addChanges(inner, isTable(was) ? was : emptyTable, isTable(is) ? is : emptyTable);
      }
      if (was !== undefined && !isTable(was)) this.#add(inner, was, -1);
      if (is !== undefined && !isTable(is)) this.#add(inner, is, 1);
    });
  }

  #add(path: readonly string[], value: unknown, sign: 1 | -1): void {
    const lanes = new Lanes();
    for (const key of path) lanes.mixText(key);
    mixValue(lanes, idKey, value);
    this.#sumA = (this.#sumA + sign * spread(lanes.a)) | 0;
    this.#sumB = (this.#sumB + sign * spread(lanes.b)) | 0;
  }
}

function mixValue(lanes: Lanes, key: Key, value: unknown): void {
  if (typeof value === 'string') mixString(lanes, key, value);
  else if (typeof value === 'number') mixNumber(lanes, value);
  else if (value === null) lanes.mix(5);
  else if (typeof value === 'boolean') lanes.mix(value ? 3 : 4);
  else if (typeof value !== 'object') lanes.mix(6);
  else if (key.isOpaque) lanes.mix(11);
  else if (Array.isArray(value)) mixArray(lanes, key, value);
  else if (isRecord(value)) key.isTable ? mixTable(lanes, value) : mixRecord(lanes, value);
}

function isRecord(value: object): value is Readonly<Record<string, unknown>> {
  return !Array.isArray(value);
}

function mixString(lanes: Lanes, key: Key, value: string): void {
  if (key.isOwnWord) {
    lanes.mix(1);
    lanes.mixText(value);
  } else {
    lanes.mix(2);
    lanes.mix(key.isPresenceOnly ? Math.min(1, value.length) : value.length);
  }
}

function mixNumber(lanes: Lanes, value: number): void {
  lanes.mix(7);
  if (Number.isSafeInteger(value)) {
    lanes.mix(value | 0);
    lanes.mix(Math.floor(value / 2 ** 32) | 0);
  } else {
    lanes.mixText(String(value));
  }
}

function mixArray(lanes: Lanes, key: Key, values: readonly unknown[]): void {
  lanes.mix(8);
  lanes.mix(values.length);
  for (const value of values) mixValue(lanes, key, value);
}

/** Some hundred entries are copied by the chart at every change; they are only counted here. */
function mixTable(lanes: Lanes, table: Readonly<Record<string, unknown>>): void {
  let size = 0;
  let newest = '';
  for (const id in table) {
    size += 1;
    newest = id;
  }
  lanes.mix(12);
  lanes.mix(size);
  lanes.mixText(newest);
  mixValue(lanes, noKey, table[newest]);
}

function mixRecord(lanes: Lanes, value: Readonly<Record<string, unknown>>): void {
  lanes.mix(9);
  for (const name in value) {
    const field = value[name];
    if (field === undefined) continue;
    const key = keyOf(name);
    lanes.mix(key.hash);
    mixValue(lanes, key, field);
  }
  lanes.mix(10);
}
