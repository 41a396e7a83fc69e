import { expect, test } from 'vitest';
import { type CharacterClass, classAt, isWhiteSpace } from '../../../src/text/characters.ts';

/** What the classes mean, said once more by Unicode's own properties. */
const properties: readonly (readonly [RegExp, CharacterClass])[] = [
  [/^\p{Ll}$/u, 'lower'],
  [/^[\p{Lu}\p{Lt}]$/u, 'upper'],
  [/^[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}]$/u, 'ideograph'],
  [/^\p{L}$/u, 'letter'],
  [/^\p{Nd}$/u, 'digit'],
];

test('every code point has the class of its Unicode properties, also where a short way gives it', () => {
  for (let codePoint = 0; codePoint <= 0x10ffff; codePoint += 1) {
    const character = String.fromCodePoint(codePoint);
    const expected = properties.find(([property]) => property.test(character))?.[1] ?? 'other';
    if (classAt(character, 0) !== expected) expect.fail(`U+${codePoint.toString(16)} is ${classAt(character, 0)}`);
  }
});

test('white space is exactly what trim removes', () => {
  for (let codePoint = 0; codePoint <= 0xffff; codePoint += 1) {
    if (isWhiteSpace(codePoint) !== (String.fromCharCode(codePoint).trim() === ''))
      expect.fail(`U+${codePoint.toString(16)}`);
  }
});
