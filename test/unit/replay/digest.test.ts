/** Digests: the same for the same, whatever came before, and another for whatever a replay must notice. */
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { digestOf, ListDigester } from '../../../src/record/digest.ts';

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

test('a table by id counts by its size and its newest entry', () => {
  const held = { kind: 'answer', sessionId: 's1', hardwareId: 'h1' };
  const digest = digestOf({ a: held, b: held }, 'streams');
  expect(digestOf({ x: held, b: held }, 'streams')).toBe(digest);
  for (const other of [{ b: held }, { a: held, c: held }, { a: held, b: { ...held, sessionId: 's2' } }, {}]) {
    expect(digestOf(other, 'streams')).not.toBe(digest);
  }
});
