/** Guarantees of the rule for newer words: a whole hypothesis replaces, a tail is appended, an empty one keeps. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { charactersOf, isLongerThan, newerHypothesis } from '../../../src/text/hypothesis.ts';

describe('newer words', () => {
  test.each([
    ['', 'What is', 'What is'],
    ['What is', 'What is the time', 'What is the time'],
    ['What is the time', 'What time', 'What time'],
    ['What is', ' the time', 'What is the time'],
    ['What is', '\n\tthe time', 'What is\n\tthe time'],
    ['What is', '\u00a0the\u3000time', 'What is\u00a0the\u3000time'],
    ['Который', ' час', 'Который час'],
    ['', ' the time', ' the time'],
    ['What is', '', 'What is'],
    ['What is', '   ', 'What is   '],
    ['', '', ''],
  ])('after %j came %j: %j', (older, newer, expected) => {
    expect(newerHypothesis(older, newer)).toBe(expected);
  });

  test('white space is what trim removes', () => {
    fc.assert(
      fc.property(fc.string({ minLength: 1, maxLength: 1, unit: 'grapheme' }), (first) => {
        const isTail = first.trimStart().length < first.length;
        expect(newerHypothesis('older', `${first}x`)).toBe(isTail ? `older${first}x` : `${first}x`);
      }),
    );
  });
});

describe('the length of a text', () => {
  test('is counted in characters, not in the halves of an emoji', () => {
    expect(['', 'abc', 'Да', '🙂🙂', 'e\u0301'].map(charactersOf)).toEqual([0, 3, 2, 2, 2]);
  });

  test('counts half an emoji as a character, as everything else that stands alone', () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom('a', '\ud83d', '\ude42', 'ж') }), (text) => {
        expect(charactersOf(text)).toBe([...text].length);
      }),
    );
  });

  test('is compared with a bound as if it were counted', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 12 }), fc.nat(12), (text, maxChars) => {
        expect(isLongerThan(text, maxChars)).toBe([...text].length > maxChars);
      }),
    );
  });
});
