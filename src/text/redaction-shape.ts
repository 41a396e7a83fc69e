/**
 * The shape of a text: what is left of it when no word that anyone said or heard may be kept, and yet the text rules must do the same
 * with it. Letters become one letter of their class, digits 2, and what the rules look at closer stays: white space, marks, the closed
 * lists (abbreviations.ts, redaction-word.ts), escapes, the beginnings of envelope keys. Guarantees:
 * - unit by unit as long as the text, and linear; the shape of a shape is itself; it does not depend on how the text came in deltas;
 * - cut, read as an envelope, spoken and judged as a command, the shape gives what the text gives: the same pieces by length, the same
 *   silence where nothing is speakable, the same commands by name, the same refusals. So a log of shapes can be replayed;
 * - no word of two letters or more stays but those of the lists, no number of two digits or more but 100 (and 39, 34, 5 in `&#39;`,
 *   `&#34;`, `json5`). Single letters that the lists know (initials, `a`, `в`) stay, as do the letter behind a backslash, the beginning
 *   of an envelope key behind a brace (`{te`, `{comma`), and all marks, symbols and emoji.
 *
 * What is not kept: the value of numbers, therefore a bare number where a text is wanted, written with an exponent or more than 15
 * significant digits, may go another way; and unknown argument names, two of which may become one: a digest must leave both out. Not
 * followed either, each for an answer that nobody has seen: plain text in which a backslash or `\u0041` joins a word of the lists to
 * another; a bare key of several words that make `text` (`te xt:`); numeric entities in strings that are quoted with entities; `ſ` for
 * s in an address; a word so long that the cap of the cutter tears it, just before a word of the lists.
 *
 * A stretch of text is shaped in one pass, token by token: words, runs of digits, escapes; everything else stays. A word or number at its
 * end may go on, so unless the text is whole it is left open: shaped as if unknown, and to be scanned again together with what follows;
 * the open part is bounded, because what is longer than every word that is kept is decided at once. Escapes are read as JSON does and as
 * plain text does at the same time, for what the text is turns out elsewhere: the letter behind a backslash stays, and a word is kept if
 * it is known with or without it (`\nhttps`, `C:\no`).
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

/** The last units of the shape of an earlier turn, now that it is known how its last word or number went on. */
export interface ShapeAmendment {
  readonly turn: number;
  readonly tail: string;
}

/** The end of an earlier delta, whose word may go on. */
interface OpenPart {
  readonly turn: number;
  /** The shape it was given. */
  readonly shape: string;
}

const noAmendments: readonly ShapeAmendment[] = Object.freeze([]);

/** Deeper values only serve to exhaust somebody's stack; no rule looks into an argument. */
const jsonMaxDepth = 32;

/**
 * Shapes the deltas of one answer. A word may go on in the next delta and only then turn out to be one of the lists: until then it has
 * the shape of an unknown one. A silence ends nothing. Holds at most one word, so that its memory is bounded.
 */
export class DeltaShaper {
  #open = '';
  #parts: OpenPart[] = [];
  #before: Before = 'nothing';

  /** The shape of the delta of turn `turn`, and what of earlier turns is settled by it. */
  push(turn: number, delta: string): { readonly text: string; readonly amendments: readonly ShapeAmendment[] } {
    const deltaStart = this.#open.length;
    const scan = scanShape(this.#open + delta, this.#before, false);
    const text = deltaStart === 0 ? scan.shape : scan.shape.slice(deltaStart);
    const amendments = this.#settle(scan.shape, scan.openStart);
    const openUnits = scan.shape.length - Math.max(scan.openStart, deltaStart);
    if (openUnits > 0) this.#parts.push({ turn, shape: text.slice(-openUnits) });
    this.#open = scan.open;
    this.#before = scan.before;
    return { text, amendments };
  }

  /** The answer is over: its last word is whole. What is pushed after that is another answer. */
  finish(): readonly ShapeAmendment[] {
    const { shape } = scanShape(this.#open, this.#before, true);
    const amendments = this.#settle(shape, shape.length);
    this.#open = '';
    this.#before = 'nothing';
    return amendments;
  }

  /** Compares what the parts were given with their `shape` now; up to `openStart` it is final. */
  #settle(shape: string, openStart: number): readonly ShapeAmendment[] {
    if (this.#parts.length === 0 || openStart === 0) return noAmendments;
    const amendments: ShapeAmendment[] = [];
    const openParts: OpenPart[] = [];
    let start = 0;
    for (const { turn, shape: given } of this.#parts) {
      const settledUnits = Math.min(Math.max(openStart - start, 0), given.length);
      const rest = given.slice(settledUnits);
      const tail = shape.slice(start, start + settledUnits) + rest;
      if (tail !== given) amendments.push({ turn, tail });
      if (rest !== '') openParts.push({ turn, shape: rest });
      start += given.length;
    }
    this.#parts = openParts;
    return amendments;
  }
}

/** The shape of one whole text. */
export function shapeOf(text: string): string {
  return scanShape(text, 'nothing', true).shape;
}

/** The shape of a value as JSON has it, keys included: arguments of a command. Numbers keep their sign, size and kind. */
export function shapeOfJson(value: unknown): unknown {
  return shapeOfValue(value, 0);
}

function shapeOfValue(value: unknown, depth: number): unknown {
  if (typeof value === 'string') return shapeOf(value);
  if (typeof value === 'number') return Number(shapeOf(String(value)));
  if (typeof value !== 'object' || value === null) return value;
  if (depth >= jsonMaxDepth) return null;
  if (Array.isArray(value)) return value.map((item) => shapeOfValue(item, depth + 1));
  const entries = Object.entries(value).map(([key, item]) => [shapeOf(key), shapeOfValue(item, depth + 1)] as const);
  // A key such as __proto__ becomes a property of its own here, never the prototype.
  return Object.fromEntries(entries);
}

interface ShapeScan {
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
function scanShape(text: string, before: Before, isWhole: boolean): ShapeScan {
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
    case 0xab:
    case 0xbb:
    case 0x2018:
    case 0x2019:
    case 0x201a:
    case 0x201b:
    case 0x201c:
    case 0x201d:
    case 0x201e:
    case 0x201f:
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
