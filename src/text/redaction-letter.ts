/**
 * What a letter or digit becomes in a shape: another of the same class (characters.ts) and the same number of UTF-16 units, ASCII for
 * ASCII, because the rules for tags, JSON and addresses look at that. `\uXXXX` becomes the escape of such a character with digits
 * and letters at the same places, so that it also keeps the classes of its own characters.
 */
import { type CharacterClass, classAt } from './characters.ts';

type Group = 'asciiLower' | 'asciiUpper' | 'asciiDigit' | Exclude<CharacterClass, 'other'>;

const bmpShapes = Object.freeze({ upper: 'Ø', lower: 'ø', ideograph: '字', letter: 'א', digit: '０', other: '' });
const pairShapes = Object.freeze({ upper: '𝐗', lower: '𝐱', ideograph: '𠀀', letter: '𐎠', digit: '𝟎', other: '' });

const letterOrDigit = /^[\p{L}\p{Nd}]/u;

/** A letter by its category, an emoji to every eye and rule: the only one. */
const pictographicLetter = 'ℹ';

/**
 * For each group the code of its stand-in, by the places of the hexadecimal letters a to f: first none, then at the end (`006a`), …,
 * at last all four. 0 where no character of the group has such a code.
 */
const escapeShapes: Readonly<Record<Group, readonly number[]>> = Object.freeze({
  asciiLower: [0x0071, 0x006a],
  asciiUpper: [0x0051, 0x004a],
  asciiDigit: [0x0032],
  lower: codes('0436 044a 00f8 00df 1c80 1d7c 1ea1 1eab a641 a64b a7a1 a7af ab30 ab3a aba0 abaa'),
  upper: codes('0416 042a 00d8 00ca 1c90 1c9a 1ca0 1caa a640 a64a a7a0 a7aa ff21 ff2a 0 0'),
  ideograph: codes('5000 500a 50a0 50aa 5b57 5b0a 5ba0 5baa f900 f90a f9a0 f9aa fa11 fa0e faa0 faaa'),
  letter: codes('0294 062a 05d0 01bb 0a05 0a0a 0aa0 0aaa a000 a00a a0a0 a0aa aa00 aa0a aaa0 aaaa'),
  digit: codes('0660 096a 06f0 09ea 0a66 0a6a 0ae6 0aea a620 0 a8d0 0 ff10 0 abf0 0'),
});

function codes(list: string): readonly number[] {
  return Object.freeze(list.split(' ').map((code) => Number.parseInt(code, 16)));
}

/** What stands for the letter (or non-ASCII digit) that `text` has at `index`; '' for everything else, ASCII digits included. */
export function standInAt(text: string, index: number): string {
  const code = text.charCodeAt(index);
  if (code < 0x80) {
    if (code >= 0x61 && code <= 0x7a) return 'x';
    return code >= 0x41 && code <= 0x5a ? 'X' : '';
  }
  if (code >= 0x400 && code <= 0x45f) return code >= 0x430 ? 'ж' : 'Ж';
  // The blocks that answers are made of, without the price of expressions: Latin, punctuation, Han, Hangul, emoji.
  if (code >= 0xc0 && code <= 0xff && code !== 0xd7 && code !== 0xf7) return code >= 0xdf ? 'ø' : 'Ø';
  if ((code >= 0x2000 && code <= 0x206f) || (code >= 0x3001 && code <= 0x3004)) return '';
  if (code >= 0x4e00 && code <= 0x9fff) return bmpShapes.ideograph;
  if (code >= 0xac00 && code <= 0xd7a3) return bmpShapes.letter;
  if (code === 0xd83c || code === 0xd83d || (code >= 0xff01 && code <= 0xff0f)) return '';
  return rareStandIn(String.fromCodePoint(text.codePointAt(index) ?? 0));
}

function rareStandIn(character: string): string {
  if (character === pictographicLetter) return character;
  // The class of ideographs has numerals and radicals too, which are no letters to a voice.
  if (!letterOrDigit.test(character)) return '';
  const characterClass = classAt(character, 0);
  if (character >= '\u0460' && character <= '\u052f') return characterClass === 'upper' ? 'Ж' : 'ж';
  return character.length > 1 ? pairShapes[characterClass] : bmpShapes[characterClass];
}

/** True for what standInAt gives for a digit. */
export function isDigitStandIn(standIn: string): boolean {
  return standIn === bmpShapes.digit || standIn === pairShapes.digit;
}

/**
 * The code that stands for `code` (of a character of the basic plane): of the same group, with hexadecimal letters at the same places;
 * `code` itself for what is no letter or digit.
 */
export function codeStandIn(code: number): number {
  // Zeros, and the x of a check box.
  if (code === 0x30 || code === 0x78 || code === 0x58) return code;
  const group = groupOf(String.fromCharCode(code));
  if (group === null) return code;
  let pattern = 0;
  for (let shift = 12; shift >= 0; shift -= 4) pattern = pattern * 2 + (((code >> shift) & 0xf) > 9 ? 1 : 0);
  return escapeShapes[group][pattern] || code;
}

function groupOf(character: string): Group | null {
  const standIn = standInAt(character, 0);
  if (character <= '\u007f')
    return standIn === 'x' ? 'asciiLower' : standIn === 'X' ? 'asciiUpper' : asciiDigitOf(character);
  if (standIn === '' || character === pictographicLetter) return null;
  const characterClass = classAt(character, 0);
  return characterClass === 'other' ? null : characterClass;
}

function asciiDigitOf(character: string): Group | null {
  return character >= '0' && character <= '9' ? 'asciiDigit' : null;
}
