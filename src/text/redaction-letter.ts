/**
 * What a letter or digit becomes in a shape: another of the same class (characters.ts) and the same number of UTF-16 units, ASCII for
 * ASCII, because the rules for tags, JSON and addresses look at that. `\uXXXX` becomes the escape of such a character with digits and
 * letters at the same places, so that it also keeps the classes of its own characters.
 *
 * Models write Russian or Chinese wholly in escapes, and arguments that are encoded twice have two backslashes before each; a reader of
 * plain text sees only letters and digits. A shape must serve all of them, therefore escapes keep their length and the kinds of their
 * digits.
 */
import { type CharacterClass, classAt, isHighSurrogate } from './characters.ts';

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

// Escapes of JSON.

/** Backslashes before one `u`: an object in a string in an object has four. More are an oddity, not an encoding. */
const maxBackslashes = 4;

const backslash = 0x5c;
const letterU = 0x75;
const hexDigits = '0123456789abcdef';
const upperHexDigits = '0123456789ABCDEF';

/** One character in escapes; the first backslashes are not part of it. */
export interface Escape {
  /** Behind the last hexadecimal digit. */
  readonly end: number;
  /** One unit or a surrogate pair. */
  readonly character: string;
}

/**
 * The escape whose `u` is at `index` of `text` (a backslash stands before it); 'open' while more text may make it one or finish a
 * surrogate pair (never if `isWhole`); null if it is none.
 */
export function escapeAt(text: string, index: number, isWhole: boolean): Escape | 'open' | null {
  const code = codeAt(text, index);
  if (typeof code !== 'number') return isWhole ? null : code;
  const end = index + 5;
  const single = { end, character: String.fromCharCode(code) };
  if (!isHighSurrogate(code)) return single;
  const lowIndex = behindBackslashes(text, end);
  if (lowIndex === null) return single;
  const low = lowIndex === 'open' ? lowIndex : codeAt(text, lowIndex);
  if (low === 'open') return isWhole ? single : low;
  if (lowIndex === 'open' || low === null || !isLowSurrogate(low)) return single;
  return { end: lowIndex + 5, character: String.fromCharCode(code, low) };
}

/** What stands for the `found` escape whose `u` is at `index`: as long, and with the same backslashes inside. */
export function escapeStandIn(text: string, index: number, found: Escape): string {
  const { end, character } = found;
  if (character.length === 1) return `u${codeLike(text, index + 1, codeStandIn(character.charCodeAt(0)))}`;
  const standIn = standInAt(character, 0);
  if (standIn === '') return text.slice(index, end);
  const high = codeLike(text, index + 1, standIn.charCodeAt(0));
  const low = codeLike(text, end - 4, standIn.charCodeAt(1));
  return `u${high}${text.slice(index + 5, end - 5)}u${low}`;
}

/** What follows one to four backslashes that begin at `index`; null if something else is there, 'open' if that is not known yet. */
export function behindBackslashes(text: string, index: number): number | 'open' | null {
  let end = index;
  while (text.charCodeAt(end) === backslash && end - index <= maxBackslashes) end += 1;
  if (end - index > maxBackslashes) return null;
  if (end === text.length) return 'open';
  return end === index ? null : end;
}

/** How many units behind the `u` at `index` are hexadecimal digits; fewer than four, where there is no escape. */
export function hexUnitsAt(text: string, index: number): number {
  let units = 0;
  while (hexValue(text.charCodeAt(index + 1 + units)) >= 0) units += 1;
  return units;
}

function isLowSurrogate(code: number): boolean {
  return code >= 0xdc00 && code <= 0xdfff;
}

/** The four hexadecimal digits behind the `u` at `index`. */
function codeAt(text: string, index: number): number | 'open' | null {
  if (index >= text.length) return 'open';
  if (text.charCodeAt(index) !== letterU) return null;
  let code = 0;
  for (let place = index + 1; place < index + 5; place += 1) {
    if (place >= text.length) return 'open';
    const value = hexValue(text.charCodeAt(place));
    if (value < 0) return null;
    code = code * 16 + value;
  }
  return code;
}

/** 0 to 15, or -1 for what is no hexadecimal digit. */
function hexValue(code: number): number {
  if (code >= 0x30 && code <= 0x39) return code - 0x30;
  const lower = code | 0x20;
  return lower >= 0x61 && lower <= 0x66 ? lower - 0x57 : -1;
}

/** `code` in four digits, with capitals where the digits of `text` at `index` have them. */
function codeLike(text: string, index: number, code: number): string {
  let hex = '';
  for (let place = 0; place < 4; place += 1) {
    const isUpper = text.charCodeAt(index + place) < 0x60;
    hex += (isUpper ? upperHexDigits : hexDigits).charAt((code >> (12 - 4 * place)) & 0xf);
  }
  return hex;
}
