/**
 * The escapes of JSON, `\uXXXX`, as a shape sees them: what one decodes to, and what stands for it. Models write Russian or Chinese
 * wholly in them, and arguments that are encoded twice have two backslashes before each; a reader of plain text sees only letters and
 * digits. A shape must serve all of them, therefore escapes keep their length and the kinds of their digits.
 */
import { isHighSurrogate } from './characters.ts';
import { codeStandIn, standInAt } from './shape-letters.ts';

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

/** How many units behind the `u` at `index` are hexadecimal digits, at most four. */
export function hexUnitsAt(text: string, index: number): number {
  let units = 0;
  while (units < 4 && hexValue(text.charCodeAt(index + 1 + units)) >= 0) units += 1;
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
