/** Guarantees of the persistent table, by the numbers of its header: flat cost, canonical form, changes by identity, hostile keys. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  eachChange,
  emptyTable,
  entriesOf,
  isTable,
  lookUp,
  type Table,
  withEntry,
  withoutEntry,
  withPlainTables,
} from '../../../src/machines/supervisor/persistent-table.ts';

function tableOf<T>(entries: Iterable<readonly [string, T]>): Table<T> {
  let table: Table<T> = emptyTable;
  for (const [key, value] of entries) table = withEntry(table, key, value);
  return table;
}

/** Every object of a tree. */
function nodesOf(value: unknown): readonly object[] {
  return typeof value === 'object' && value !== null ? [value, ...Object.values(value).flatMap(nodesOf)] : [];
}

/** Their hashes are the same in all 32 bits: found by search, as a client could. */
const sameHash = [
  'rw70ec~10b7j0.1w96r88~1i3f1pk',
  'rw70ec~10b7j0.axujdh~186zsxf',
  '54bwus~93w0lo.1w96r88~1i3f1pk',
  '54bwus~93w0lo.axujdh~186zsxf',
];
const colliding = fc.constantFrom(...sameHash);
const hostile = fc.constantFrom(
  '__proto__',
  'constructor',
  'toString',
  'hasOwnProperty',
  'key',
  'bitmap',
  'leaves',
  '',
  '0',
);
const key = fc.oneof(
  { weight: 4, arbitrary: fc.integer({ min: 0, max: 400 }).map((number) => `call-${number}`) },
  { weight: 2, arbitrary: colliding },
  { weight: 1, arbitrary: hostile },
  { weight: 1, arbitrary: fc.string({ unit: 'binary' }) },
);
const change = fc.record({ isRemoval: fc.boolean(), key, value: fc.nat(3) });
const changes = fc.array(change, { maxLength: 300, size: 'max' });

test('Table 4: does what a Map does, in whatever order entries come and go', () => {
  fc.assert(
    fc.property(changes, (given) => {
      const map = new Map<string, number>();
      let table: Table<number> = emptyTable;
      for (const { isRemoval, key: name, value } of given) {
        const before = table;
        const known = map.get(name);
        if (isRemoval) map.delete(name);
        else map.set(name, value);
        table = isRemoval ? withoutEntry(table, name) : withEntry(table, name, value);
        if (isRemoval && known === undefined) expect(table).toBe(before);
        expect(lookUp(before, name)).toBe(known);
        expect([table.size, lookUp(table, name)]).toEqual([map.size, map.get(name)]);
      }
      expect(new Map(entriesOf(table))).toEqual(map);
      expect(entriesOf(table).length).toBe(map.size);
      for (const [name, value] of map) expect(lookUp(table, name)).toBe(value);
    }),
  );
});

test('Table 2: canonical: the same entries make the same tree, whatever came before and in whatever order', () => {
  fc.assert(
    fc.property(changes, fc.array(key, { maxLength: 60 }), fc.nat(), (given, passing, turn) => {
      const wanted = new Map(given.map(({ key: name, value }) => [name, value]));
      const straight = tableOf(wanted);
      const entries = [...wanted];
      const turned = [...entries.slice(turn % (entries.length + 1)), ...entries.slice(0, turn % (entries.length + 1))];
      const visitors = passing.filter((name) => !wanted.has(name));
      const crowded = tableOf([...visitors.map((name) => [name, 9] as const), ...turned.toReversed()]);
      const left = visitors.reduce(withoutEntry<number>, crowded);
      expect(left).toEqual(straight);
      expect(JSON.stringify(left)).toBe(JSON.stringify(straight));
      expect(entries.map(([name]) => name).reduce(withoutEntry<number>, left)).toEqual(emptyTable);
    }),
  );
});

test('is plain JSON, and lives on as such', () => {
  fc.assert(
    fc.property(changes, (given) => {
      const table = tableOf(given.map(({ key: name, value }) => [name, value]));
      const copy: unknown = JSON.parse(JSON.stringify(table));
      expect(copy).toEqual(table);
      if (!isTable(copy)) expect.fail('a copy is no table');
      expect(withEntry(copy, 'one more', 1)).toEqual(withEntry(table, 'one more', 1));
    }),
  );
});

test('Table 3: tells each change once, and none where there is none', () => {
  fc.assert(
    fc.property(changes, changes, (first, second) => {
      const before = tableOf(first.map(({ key: name, value }) => [name, value]));
      let after = before;
      for (const { isRemoval, key: name, value } of second) {
        after = isRemoval ? withoutEntry(after, name) : withEntry(after, name, value);
      }
      const [old, now] = [new Map(entriesOf(before)), new Map(entriesOf(after))];
      const expected = [...new Set([...old.keys(), ...now.keys()])].filter((name) => old.get(name) !== now.get(name));
      const told: string[] = [];
      eachChange(before, after, (name, was, is) => {
        expect([was, is]).toEqual([old.get(name), now.get(name)]);
        told.push(name);
      });
      expect(told.toSorted()).toEqual(expected.toSorted());
    }),
  );
});

describe('Table 1 and 3: with ten thousand entries', () => {
  const full = tableOf(Array.from({ length: 10_000 }, (_, number) => [`call-${number}`, number]));

  test.each([
    ['one more', withEntry(full, 'one more', 1)],
    ['one less', withoutEntry(full, 'call-777')],
    ['another value', withEntry(full, 'call-777', 0)],
  ])('%s makes few new nodes, and shares all others', (_what, changed) => {
    const old = new Set(nodesOf(full));
    // The table, a leaf, and a branch with its list for each level.
    expect(nodesOf(changed).filter((node) => !old.has(node)).length).toBeLessThan(2 + 2 * 5);
  });

  test('one change among them is found without a look at what is shared', () => {
    const changed = withoutEntry(full, 'call-777');
    const [before, after] = [full, changed].map((table) =>
      isBranch(table.root) ? table.root : expect.fail('no branch'),
    );
    const untouchable = new Proxy(full, {
      get: (_target, name) => expect.fail(`${String(name)} of a shared branch was read`),
      has: () => expect.fail('a shared branch was looked into'),
    });
    const guarded = (root: typeof before) => ({
      ...full,
      root: {
        ...root,
        children: root?.children.map((child, index) =>
          child === before?.children[index] && child === after?.children[index] ? untouchable : child,
        ),
      },
    });
    const told: unknown[] = [];
    const [old, now]: readonly unknown[] = [guarded(before), guarded(after)];
    if (!isTable(old) || !isTable(now)) expect.fail('no table');
    eachChange(old, now, (...change) => told.push(change));
    expect(told).toEqual([['call-777', 777, undefined]]);
  });
});

function isBranch(node: object | null): node is { readonly children: readonly object[] } {
  return node !== null && 'children' in node;
}

test('Table 4: keys of one hash cost a list, and every one of them is found', () => {
  const table = tableOf(sameHash.map((name, index) => [name, index]));
  expect(nodesOf(table).some((node) => 'leaves' in node)).toBe(true);
  for (const [index, name] of sameHash.entries()) expect(lookUp(table, name)).toBe(index);
  expect(lookUp(table, 'call-1')).toBeUndefined();
});

test('for people, tables are records, the inner ones too', () => {
  const inner = withEntry<number>(emptyTable, '__proto__', 1);
  const shown = withPlainTables(withEntry<Table<number>>(emptyTable, 'a', inner));
  expect(JSON.stringify(shown)).toBe('{"a":{"__proto__":1}}');
  expect(withPlainTables('text')).toBe('text');
});
