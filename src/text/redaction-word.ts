/**
 * A word of a shape: letters without a gap, raw or in escapes (`\u0441\u043b\u043e\u0432\u043e`), where it ends, whether it stays, and
 * what it looks like if it does not. The words that stay are all that some rule of text/ (or the JSON repair under it) tells from another
 * word of the same shape. None of them consists of the letters that stand for unknown words alone (redaction-letter.ts), or an unknown word
 * could become one of them; a test holds the lists to that.
 */
import { closedRuns } from './abbreviations.ts';
import { isHighSurrogate } from './characters.ts';
import { argumentNames, commandNames } from './commands.ts';
import { actionWords } from './envelope-fields.ts';
import { envelopeKeys } from './envelope-object.ts';
import { envelopeFences } from './envelope-opening.ts';
import {
  behindBackslashes,
  type Escape,
  escapeAt,
  escapeStandIn,
  isDigitStandIn,
  standInAt,
} from './redaction-letter.ts';
import { speechWords } from './speech-markup.ts';

/**
 * What stands before the next token, as far as it matters: the beginnings of `{ "key" : value`, `&#39;` and `json5`; a backslash, or
 * the letter of an escape; a word or number that is already decided and goes on.
 */
export type Before =
  | 'nothing'
  | 'brace'
  | 'braceQuote'
  | 'quote'
  | 'colon'
  | 'ampersand'
  | 'ampersandHash'
  | 'json'
  | 'backslash'
  | EscapeLetter
  | 'unknownWord'
  | 'longNumber';

export type EscapeLetter = 'n' | 't' | 'r' | 'b' | 'f';

const backslash = 0x5c;
const escapeLetters = 'ntrbf';

/** Nobody writes a longer word of two scripts. */
const mixedMaxUnits = 32;

/** JSON and what passes for it: literals, and the `e` of `1e5`. */
const literals = 'true false null none undefined nan infinity e';
/** Addresses are not spoken; jsonrepair knows some more that are not comments. */
const addresses = 'http https ftp www mailto file data irc';

/** Longer than every word that is kept. */
const keptWordMaxUnits = 16;

const keptWords: ReadonlySet<string> = new Set([
  ...closedRuns,
  ...[
    ...envelopeKeys,
    ...actionWords,
    ...envelopeFences,
    ...commandNames,
    ...argumentNames,
    literals,
    addresses,
    ...speechWords,
  ].flatMap((names) => names.split(/[^a-zа-я]+/)),
]);

/** True if `word` (letters without a gap, any case) stays as it is in a shape. */
export function isKeptWord(word: string): boolean {
  return word.length <= keptWordMaxUnits && isKeptSmallWord(word.toLowerCase());
}

/** The same for a word in small letters: making them so costs more than looking them up. */
export function isKeptSmallWord(word: string): boolean {
  return word.length <= keptWordMaxUnits && word !== '' && keptWords.has(word);
}

/** True for what JSON repair knows letter by letter, so that a letter beyond ASCII ends it: `nullи`. */
function isLiteral(run: string): boolean {
  return /^(?:true|false|null|True|False|None)$/.test(run);
}

/** How much of the beginning of `word` an envelope key begins with too: `{"te` is held back, `{"ti` is plain text. */
function envelopePrefixUnits(word: string): number {
  let most = 0;
  for (const key of envelopeKeys) {
    let units = 0;
    while (units < key.length && key.charAt(units) === word.charAt(units)) units += 1;
    most = Math.max(most, units);
  }
  return most;
}

/** A word as far as it is known. */
export interface Word {
  readonly start: number;
  readonly end: number;
  /** Decoded. */
  readonly letters: string;
  readonly isAscii: boolean;
  /** Raw, and all of it small letters of the basic alphabets. */
  readonly isSmall: boolean;
  /** At the end of the text stands half an escape or half a surrogate pair that may belong to it. */
  readonly isUnfinished: boolean;
}

/**
 * The word that begins, or goes on, at `start` of `text`, where a letter stands, or the `u` of an escape behind a backslash, or the
 * backslash of one.
 */
export function wordAt(text: string, start: number, before: Before, isWhole: boolean): Word {
  let letters = '';
  let end = start;
  let isAscii = true;
  let isSmall = true;
  if (before === 'backslash') {
    const first = escapeAfter(text, start, isWhole);
    if (first !== null && first !== 'open') {
      letters = first.character;
      end = first.end;
      isAscii = false;
      isSmall = false;
    }
  }
  let rawStart = end;
  for (;;) {
    const code = text.charCodeAt(end);
    const width = letterWidthAt(text, end, code);
    if (width > 0) {
      end += width;
      if (code >= 0x80) isAscii = false;
      if (isSmall && !isSmallLetter(code)) isSmall = false;
      continue;
    }
    const next = code === backslash ? joinedEscape(text, end, isWhole) : isOpenPair(text, end, isWhole) ? 'open' : null;
    letters += text.slice(rawStart, end);
    if (next === null || next === 'open')
      return { start, end, letters, isAscii, isSmall, isUnfinished: next === 'open' };
    letters += next.character;
    end = next.end;
    rawStart = end;
    isAscii = false;
    isSmall = false;
  }
}

/** True for the first half of a pair at the very end of a text that goes on. */
function isOpenPair(text: string, index: number, isWhole: boolean): boolean {
  return !isWhole && index + 1 === text.length && isHighSurrogate(text.charCodeAt(index));
}

/** True if the backslash at `index`, right behind a word, begins a letter of it, or may do so. */
export function goesOnAt(text: string, index: number, isWhole: boolean): boolean {
  return joinedEscape(text, index, isWhole) !== null;
}

/** The letter in escapes, backslashes included, that goes on with a word at `index`. */
function joinedEscape(text: string, index: number, isWhole: boolean): Escape | 'open' | null {
  const behind = behindBackslashes(text, index);
  if (behind === 'open') return isWhole ? null : behind;
  if (behind === null) return null;
  if (text.charAt(behind) === 'u') return escapeAfter(text, behind, isWhole);
  return behind === index + 1 ? needlessEscape(text, behind, isWhole) : null;
}

/** Lenient readers take `\o` for `o`. */
function needlessEscape(text: string, index: number, isWhole: boolean): Escape | 'open' | null {
  const code = text.charCodeAt(index);
  if (isOpenPair(text, index, isWhole)) return 'open';
  const width = letterWidthAt(text, index, code);
  if (width === 0 || escapeLetters.includes(text.charAt(index))) return null;
  return { end: index + width, character: text.slice(index, index + width) };
}

function escapeAfter(text: string, index: number, isWhole: boolean): Escape | 'open' | null {
  const found = escapeAt(text, index, isWhole);
  return found === null || found === 'open' || isLetter(found.character) ? found : null;
}

function letterWidthAt(text: string, index: number, code: number): number {
  if (code < 0x80) return isAsciiLetter(code) ? 1 : 0;
  if (code >= 0x400 && code <= 0x45f) return 1;
  if (Number.isNaN(code)) return 0;
  const standIn = standInAt(text, index);
  return isDigitStandIn(standIn) ? 0 : standIn.length;
}

function isAsciiLetter(code: number): boolean {
  return (code >= 0x61 && code <= 0x7a) || (code >= 0x41 && code <= 0x5a);
}

function isSmallLetter(code: number): boolean {
  return (code >= 0x61 && code <= 0x7a) || (code >= 0x430 && code <= 0x45f);
}

/** True for a character that is part of a word; digits are not. */
export function isLetter(character: string): boolean {
  return letterWidthAt(character, 0, character.charCodeAt(0)) > 0;
}

/** `word` with a stand-in for each of its letters, raw or in escapes. */
export function unknownShape(text: string, word: Word, before: Before): string {
  const { start, end, letters, isAscii } = word;
  if (isAscii) return rawShape(letters, before);
  if (letters.length === end - start) return mixedShape(letters, before);
  const rawEnd = text.charAt(start) === 'u' && before === 'backslash' ? start : text.indexOf('\\', start);
  return mixedShape(text.slice(start, rawEnd), before) + escapedShape(text, rawEnd, end);
}

function mixedShape(letters: string, before: Before): string {
  if (before !== 'unknownWord' && letters.length <= mixedMaxUnits && /[A-Za-z]{4}/.test(letters)) {
    const runs = letters.split(/([A-Za-z]+)/);
    if (runs.some(isLiteral)) return runs.map((run) => (isLiteral(run) ? run : rawShape(run, before))).join('');
  }
  return rawShape(letters, before);
}

function rawShape(letters: string, before: Before): string {
  const kept = keptUnits(letters, before);
  // `[x]` is a box; and no stand-in may make `{"te` a longer beginning of `{"text`.
  const isSingle = kept > 0 || (letters.length === 1 && before !== 'unknownWord');
  const single = isSingle ? singleShape(letters.charAt(kept), kept) : '';
  const shape = letters.slice(0, kept) + single;
  return shape + standIns(letters, shape.length, letters.length);
}

function keptUnits(letters: string, before: Before): number {
  if (before === 'brace' || before === 'braceQuote') return envelopePrefixUnits(letters);
  // `{"text": n` is taken for null, `N` for None.
  return before === 'colon' && /^[nN]/.test(letters) ? 1 : 0;
}

/** '' for a letter beyond ASCII, which has but one stand-in. */
function singleShape(letter: string, kept: number): string {
  if (kept === 0 && (letter === 'x' || letter === 'X')) return letter;
  if (!isAsciiLetter(letter.charCodeAt(0))) return '';
  return letter >= 'a' ? 'q' : 'Q';
}

function standIns(text: string, start: number, end: number): string {
  let shape = '';
  for (let position = start; position < end; ) {
    const code = text.charCodeAt(position);
    const standIn = isSmallLetter(code) ? (code < 0x80 ? 'x' : 'ж') : standInAt(text, position);
    shape += standIn;
    position += standIn.length;
  }
  return shape;
}

/** The same from the first escape on, with or without its backslash. */
function escapedShape(text: string, start: number, end: number): string {
  let shape = '';
  let isBehindBackslash = text.charCodeAt(start) !== backslash;
  for (let position = start; position < end; ) {
    const found = isBehindBackslash ? escapeAt(text, position, true) : null;
    isBehindBackslash = text.charCodeAt(position) === backslash;
    let standIn = '\\';
    if (found !== null && found !== 'open') standIn = escapeStandIn(text, position, found);
    else if (!isBehindBackslash) standIn = standInAt(text, position);
    shape += standIn;
    position += standIn.length;
  }
  return shape;
}
