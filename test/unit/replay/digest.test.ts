/** Digests: the same for the same, whatever came before, and another for whatever a replay must notice. */
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { emptyTable, type Table, withEntry, withoutEntry } from '../../../src/machines/supervisor/persistent-table.ts';
import { digestOf, ListDigester, TableDigester } from '../../../src/record/digest.ts';

/** What a queue goes through: its head leaves, items come, items change, it is cleared, it is another list altogether. */
const step = fc.oneof(
  fc.constant({ kind: 'shift' as const }),
  fc.record({ kind: fc.constant('push' as const), speech: fc.string(), attempts: fc.nat(3) }),
  fc.record({ kind: fc.constant('change' as const), at: fc.nat(5), attempts: fc.nat(9) }),
  fc.constant({ kind: 'turn round' as const }),
  fc.constant({ kind: 'clear' as const }),
);

interface Item {
  readonly segment: number;
  readonly text: string;
  readonly failedAttempts: number;
}

test('the digest of a list does not depend on the lists before it', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
      const kept = new ListDigester('sentences');
      let items: readonly Item[] = [];
      let segment = 0;
      for (const taken of steps) {
        if (taken.kind === 'shift') items = items.slice(1);
        if (taken.kind === 'clear') items = [];
        if (taken.kind === 'turn round') items = items.toReversed();
        if (taken.kind === 'change') {
          items = items.map((item, index) => (index === taken.at ? { ...item, failedAttempts: taken.attempts } : item));
        }
        if (taken.kind === 'push') {
          items = [...items, { segment, text: taken.speech, failedAttempts: taken.attempts }];
          segment += 1;
        }
        expect(kept.digestOf(items)).toBe(new ListDigester('sentences').digestOf(structuredClone(items)));
      }
    }),
  );
});

const sentence = { segment: 3, text: 'Hello there.', speech: 'Hello there.', failedAttempts: 0 };

test.each([
  ['a number', [{ ...sentence, segment: 4 }]],
  ['the length of a text', [{ ...sentence, text: 'Hello there!!' }]],
  ['an item more', [sentence, sentence]],
  ['nothing left', []],
])('a list with %s has another digest', (_what, items) => {
  expect(new ListDigester('sentences').digestOf(items)).not.toBe(new ListDigester('sentences').digestOf([sentence]));
});

test('the order of a list counts', () => {
  const other = { ...sentence, segment: 4 };
  const [one, two] = [
    [sentence, other],
    [other, sentence],
  ].map((items) => new ListDigester('sentences').digestOf(items));
  expect(one).not.toBe(two);
});

test('a text counts by its length alone: nothing that anyone said can be guessed from a digest', () => {
  expect(digestOf({ prompt: 'Call Anna' }, 'request')).toBe(digestOf({ prompt: 'Ring Otto' }, 'request'));
  expect(digestOf({ prompt: 'Call Anna' }, 'request')).not.toBe(digestOf({ prompt: 'Call Anne!' }, 'request'));
  expect(digestOf({ mode: 'json' }, 'envelope')).not.toBe(digestOf({ mode: 'text' }, 'envelope'));
});

test('a plain record by id, of the first supervisor chart, counts by its size and its newest entry', () => {
  const held = { kind: 'answer', sessionId: 's1', hardwareId: 'h1' };
  const digest = digestOf({ a: held, b: held }, 'streams');
  expect(digestOf({ x: held, b: held }, 'streams')).toBe(digest);
  for (const other of [{ b: held }, { a: held, c: held }, { a: held, b: { ...held, sessionId: 's2' } }, {}]) {
    expect(digestOf(other, 'streams')).not.toBe(digest);
  }
});

interface Held {
  readonly kind: string;
  readonly sessionId: string;
}

const held = fc.record({
  kind: fc.constantFrom('answer', 'welcome'),
  sessionId: fc.constantFrom('s1', 's2', '__proto__'),
});
const id = fc.constantFrom('a', 'b', 'c', 'd', '__proto__', 'toString');

function tableOf<T>(entries: Iterable<readonly [string, T]>): Table<T> {
  let table: Table<T> = emptyTable;
  for (const [key, value] of entries) table = withEntry(table, key, value);
  return table;
}

test('the digest of a table does not depend on the tables before it, nor on the order of what came', () => {
  const change = fc.record({ id, isRemoval: fc.boolean(), value: held });
  fc.assert(
    fc.property(fc.array(change, { maxLength: 60 }), (changes) => {
      const kept = new TableDigester();
      const map = new Map<string, Held>();
      let table: Table<Held> = emptyTable;
      for (const { id: key, isRemoval, value } of changes) {
        table = isRemoval ? withoutEntry(table, key) : withEntry(table, key, value);
        if (isRemoval) map.delete(key);
        else map.set(key, value);
        const anew = new TableDigester().digestOf(tableOf([...map].toReversed()));
        expect(kept.digestOf(table)).toBe(anew);
      }
    }),
  );
});

test('tables with other entries have other digests: every id and every field counts, to the letter', () => {
  const entries = fc.uniqueArray(fc.tuple(id, held), { selector: ([key]) => key });
  fc.assert(
    fc.property(entries, entries, (one, two) => {
      const [first, second] = [one, two].map((given) => new TableDigester().digestOf(tableOf(given)));
      const [is, was] = [one, two].map((given) => given.map((entry) => JSON.stringify(entry)).toSorted());
      const isSame = JSON.stringify(is) === JSON.stringify(was);
      expect(first === second).toBe(isSame);
    }),
  );
  const texts = ['call-1', 'call-2'].map((value) => new TableDigester().digestOf(tableOf([['session', value]])));
  expect(texts[0]).not.toBe(texts[1]);
});

test('a table inside of a table counts by its entries, each under the names of both', () => {
  const member = fc.tuple(fc.constantFrom('x', 'y', '__proto__'), id, fc.nat(2));
  const grouped = (members: readonly (readonly [string, string, number])[]): Table<Table<number>> => {
    let groups: Table<Table<number>> = emptyTable;
    for (const [name, key, value] of members) {
      const known = [...members]
        .filter(([other]) => other === name)
        .map(([, inner, number]) => [inner, number] as const);
      groups = withEntry(groups, name, tableOf([...known, [key, value]]));
    }
    return groups;
  };
  fc.assert(
    fc.property(fc.array(fc.array(member, { maxLength: 8 }), { maxLength: 6 }), (turns) => {
      const kept = new TableDigester();
      for (const members of turns) {
        const groups = grouped(members);
        expect(kept.digestOf(groups)).toBe(new TableDigester().digestOf(groups));
      }
    }),
  );
  const digests = (
    [
      [['x', 'a', 1]],
      [['y', 'a', 1]],
      [['x', 'b', 1]],
      [['x', 'a', 2]],
      [
        ['x', 'a', 1],
        ['y', 'a', 1],
      ],
      [
        ['x', 'a', 1],
        ['x', 'b', 1],
      ],
    ] as const
  ).map((members) => new TableDigester().digestOf(grouped(members)));
  expect(new Set(digests).size).toBe(digests.length);
});

test('one change among many costs its own entry, not those that are there', () => {
  const full = tableOf(Array.from({ length: 2_000 }, (_, number) => [`call-${number}`, { reads: number }]));
  const kept = new TableDigester();
  kept.digestOf(full);
  // Nobody may look into an entry that is as it was.
  const after = withEntry(withoutEntry(full, 'call-7'), 'one more', { reads: 0 });
  let reads = 0;
  const watched = withEntry(after, 'watched', {
    get reads() {
      reads += 1;
      return 1;
    },
  });
  kept.digestOf(watched);
  const first = reads;
  kept.digestOf(withoutEntry(watched, 'call-8'));
  expect({ first, reads }).toEqual({ first: 1, reads: 1 });
});
