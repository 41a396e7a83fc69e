/**
 * Shapes a stretch of text in one pass, token by token: words, runs of digits, escapes; everything else stays. A word or number at the
 * end of the stretch may go on, so unless the text is whole it is left open: shaped as if unknown, and to be scanned again together
 * with what follows. Linear; the open part is bounded, because what is longer than every word that is kept is decided at once.
 *
 * Escapes are read as JSON does and as plain text does at the same time, for what the text is turns out elsewhere: the letter behind a
 * backslash stays, and a word is kept if it is known with or without it (`\nhttps`, `C:\no`).
 */
import { isHighSurrogate, isWhiteSpace } from './characters.ts';
import { escapeAt, escapeStandIn, hexUnitsAt, isDigitStandIn, standInAt } from './redaction-letter.ts';
import {
  type Before,
  type EscapeLetter,
  goesOnAt,
  isKeptSmallWord,
  isKeptWord,
  isLetter,
  unknownShape,
  type Word,
  wordAt,
} from './redaction-word.ts';

export interface ShapeScan {
  /** As long as the text. */
  readonly shape: string;
  /** Where the open token begins, or the length of the text. */
  readonly openStart: number;
  /** The text from there on. */
  readonly open: string;
  /** What stands before `openStart`. */
  readonly before: Before;
}

/** A known word of twelve letters in escapes of an object that is encoded twice has 84 units. */
const openMaxUnits = 96;

interface Run {
  readonly text: string;
  readonly isWhole: boolean;
  /** The shape up to `copied`; what is between `copied` and `index` stays as it is. */
  shape: string;
  copied: number;
  index: number;
  before: Before;
  openStart: number;
}

/** Shapes `text`, which follows `before`; `isWhole` says that nothing follows it. */
export function scanShape(text: string, before: Before, isWhole: boolean): ShapeScan {
  const run: Run = { text, isWhole, shape: '', copied: 0, index: 0, before, openStart: text.length };
  while (run.index < text.length) takeToken(run, text.charCodeAt(run.index));
  const { openStart } = run;
  const shape = run.copied === text.length ? run.shape : run.shape + text.slice(run.copied);
  return { shape, openStart, open: openStart === text.length ? '' : text.slice(openStart), before: run.before };
}

function takeToken(run: Run, code: number): void {
  if (code >= 0x30 && code <= 0x39) takeNumber(run);
  else if (run.before === 'backslash' && takeEscape(run, code)) return;
  else if (code < 0x41) takeOther(run, code);
  else takeLetterOrOther(run, code);
}

function takeLetterOrOther(run: Run, code: number): void {
  const standIn = standInAt(run.text, run.index);
  if (standIn === '') takeOther(run, code);
  else if (isDigitStandIn(standIn)) replace(run, run.index + standIn.length, standIn, 'nothing');
  else takeWord(run);
}

/** The token up to `end` is `shape` from now on. */
function replace(run: Run, end: number, shape: string, before: Before): void {
  run.shape += run.text.slice(run.copied, run.index) + shape;
  run.copied = end;
  run.index = end;
  run.before = before;
}

function keep(run: Run, end: number, before: Before): void {
  run.index = end;
  run.before = before;
}

/** The token from here to the end of the text is not decided yet: `shape` is for the time being. */
function leaveOpen(run: Run, shape: string): void {
  run.openStart = run.index;
  run.shape += run.text.slice(run.copied, run.index) + shape;
  run.copied = run.text.length;
  run.index = run.text.length;
}

function takeOther(run: Run, code: number): void {
  const { text, index } = run;
  if (run.before === 'unknownWord' && code === 0x5c && goesOnAt(text, index, run.isWhole)) {
    takeWord(run);
  } else if (!isHighSurrogate(code)) {
    keep(run, index + 1, beforeAfter(run.before, code));
  } else if (index + 1 === text.length && !run.isWhole) {
    leaveOpen(run, text.charAt(index));
  } else {
    keep(run, index + ((text.codePointAt(index) ?? 0) > 0xffff ? 2 : 1), 'nothing');
  }
}

function beforeAfter(before: Before, code: number): Before {
  switch (code) {
    case 0x20:
      return staysOverSpace(before) ? before : 'nothing';
    case 0x22:
    case 0x27:
      return before === 'brace' ? 'braceQuote' : 'quote';
    case 0x3a:
      return before === 'quote' ? 'colon' : 'nothing';
    case 0x7b:
      return 'brace';
    case 0x5c:
      return 'backslash';
    case 0x26:
      return 'ampersand';
    case 0x23:
      return before === 'ampersand' ? 'ampersandHash' : 'nothing';
    default:
      return before !== 'nothing' && staysOverSpace(before) && isWhiteSpace(code) ? before : 'nothing';
  }
}

function staysOverSpace(before: Before): boolean {
  return before === 'brace' || before === 'quote' || before === 'colon';
}

function takeNumber(run: Run): void {
  const { text, index } = run;
  let end = index + 1;
  while (end < text.length && isAsciiDigit(text.charCodeAt(end))) end += 1;
  const digits = text.slice(index, end);
  const isLong = run.before === 'longNumber' || digits.length > openMaxUnits;
  const isOpen = end === text.length && !run.isWhole;
  if (isLong) replace(run, end, '2'.repeat(digits.length), isOpen ? 'longNumber' : 'nothing');
  else if (isOpen) leaveOpen(run, numberShape(digits));
  else if (isKeptNumber(digits, run.before)) keep(run, end, 'nothing');
  else replace(run, end, numberShape(digits), 'nothing');
}

/** 100 is the last `limit` that is allowed; the others are quotes as HTML writes them, and a fence that says `json5`. */
function isKeptNumber(digits: string, before: Before): boolean {
  if (before === 'json') return digits === '5';
  if (before === 'ampersandHash') return digits === '39' || digits === '34';
  return digits.endsWith('100') && /^0*100$/.test(digits);
}

/** Zeros at both ends stay: they decide whether it is a number in JSON, and how long it is when it is spoken. */
function numberShape(digits: string): string {
  let start = 0;
  while (digits.charAt(start) === '0') start += 1;
  let end = digits.length;
  while (end > start && digits.charAt(end - 1) === '0') end -= 1;
  return digits.slice(0, start) + '2'.repeat(end - start) + digits.slice(end);
}

function isAsciiDigit(code: number): boolean {
  return code >= 0x30 && code <= 0x39;
}

/** The units behind a backslash, if they are more than the beginning of a word. */
function takeEscape(run: Run, code: number): boolean {
  const { text, index } = run;
  const letter = escapeLetterOf(code);
  if (letter !== null) keep(run, index + 1, letter);
  else if (code === 0x75) takeCodeEscape(run, text, index);
  else return false;
  return true;
}

function escapeLetterOf(code: number): EscapeLetter | null {
  switch (code) {
    case 0x6e:
      return 'n';
    case 0x74:
      return 't';
    case 0x72:
      return 'r';
    case 0x62:
      return 'b';
    case 0x66:
      return 'f';
    default:
      return null;
  }
}

function takeCodeEscape(run: Run, text: string, index: number): void {
  const found = escapeAt(text, index, run.isWhole);
  if (found === 'open') leaveOpen(run, unfinishedShape(text.slice(index)));
  else if (found === null) {
    const end = index + 1 + hexUnitsAt(text, index);
    replace(run, end, unfinishedShape(text.slice(index, end)), 'nothing');
  } else if (isLetter(found.character)) takeWord(run);
  else replace(run, found.end, escapeStandIn(text, index, found), 'nothing');
}

/** Of an escape that is broken off or none: whether a unit is a hexadecimal digit is all that matters. */
function unfinishedShape(units: string): string {
  return units.replaceAll(/[a-f]/g, 'a').replaceAll(/[A-F]/g, 'A').replaceAll(/[0-9]/g, '0');
}

/** A word begins here, or goes on. */
function takeWord(run: Run): void {
  const { text, index, before } = run;
  const word = wordAt(text, index, before, run.isWhole);
  const { end, letters } = word;
  const isOpen = !run.isWhole && (word.isUnfinished || end === text.length);
  const isLong = before === 'unknownWord' || end - index > openMaxUnits;
  if (!isOpen && !isLong && (isKept(word) || isKeptBehindEscape(before, letters))) {
    keep(run, end, letters.length === 4 && letters.toLowerCase() === 'json' ? 'json' : 'nothing');
    return;
  }
  const shape = unknownShape(text, word, before);
  if (isOpen && !isLong) {
    leaveOpen(run, end === text.length ? shape : shape + unfinishedShape(text.slice(end)));
    return;
  }
  replace(run, end, shape, isOpen ? 'unknownWord' : 'nothing');
  if (end < text.length && isOpen) leaveOpen(run, unfinishedShape(text.slice(end)));
}

function isKept({ letters, isSmall }: Word): boolean {
  return isSmall ? isKeptSmallWord(letters) : isKeptWord(letters);
}

/** The letter of an escape is part of the word to a reader of plain text. */
function isKeptBehindEscape(before: Before, letters: string): boolean {
  return before.length === 1 && isKeptWord(before + letters);
}
