/**
 * The character classes that the text rules look at, and nothing finer: two letters of one class are the same to every
 * rule (closed word lists aside, see abbreviations.ts). A log that keeps only the shape of a text can therefore be cut
 * again and gives the same pieces. White space is exactly what String.prototype.trim removes.
 */

export type CharacterClass = 'upper' | 'lower' | 'ideograph' | 'letter' | 'digit' | 'other';

/** Characters that may stand between a stop and the white space after it: closing quotes and brackets, markdown marks. */
const closingMarks = ')]}"\'”’»›“‘«‹」』）》】〉〕*_`~';

/** Characters that may stand before the first word of a sentence. */
const openingMarks = '([{"\'“„‘‚«‹»”’「『（《【〈〔¿¡*_`~#>•·⁃◦▪‣●■';

/** After a stop and a space these go on with the same sentence, whatever the stop was. */
const continuingMarks = '.,;:!?…)]}%&/=|、，';

const dashes = '-–—―‒−';
const clauseMarks = ',;:—–―،؛';
const denseClauseMarks = '，、；：';
const denseStops = '。！？｡';
const denseOpenings = '「『“（《【';
const denseClosings = '」』”）》】';
const strongStops = '!?‼⁇⁈⁉‽؟۔।॥։።။';
const softStops = '.…．';

const upperCase = /^[\p{Lu}\p{Lt}]/u;
const lowerCase = /^\p{Ll}/u;
const ideographic = /^[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}]/u;
const anyLetter = /^\p{L}/u;
const anyDigit = /^\p{Nd}/u;
const extending = /^(?:\p{M}|\p{Emoji_Modifier}|\u200d|[\u{e0020}-\u{e007f}])/u;
const pictographic = /^[\p{Extended_Pictographic}\p{Regional_Indicator}]/u;

const zeroWidthJoiner = '\u200d';

/** True for the code points that String.prototype.trim removes. */
export function isWhiteSpace(codePoint: number): boolean {
  if (codePoint <= 0x20) return codePoint === 0x20 || (codePoint >= 0x09 && codePoint <= 0x0d);
  if (codePoint < 0xa0) return false;
  if (codePoint >= 0x2000 && codePoint <= 0x200a) return true;
  return (
    codePoint === 0xa0 ||
    codePoint === 0x1680 ||
    codePoint === 0x2028 ||
    codePoint === 0x2029 ||
    codePoint === 0x202f ||
    codePoint === 0x205f ||
    codePoint === 0x3000 ||
    codePoint === 0xfeff
  );
}

/** True for the white space that ends a line: LF, CR, and the two Unicode separators. */
export function isLineBreak(codePoint: number): boolean {
  return codePoint === 0x0a || codePoint === 0x0d || codePoint === 0x2028 || codePoint === 0x2029;
}

/** True for the first half of a surrogate pair. */
export function isHighSurrogate(codeUnit: number): boolean {
  return codeUnit >= 0xd800 && codeUnit <= 0xdbff;
}

/** The class of the code point that `text` has at `index`; beyond the end it is 'other'. */
export function classAt(text: string, index: number): CharacterClass {
  const codePoint = text.codePointAt(index);
  if (codePoint === undefined) return 'other';
  if (codePoint < 0x80) {
    if (codePoint >= 0x61 && codePoint <= 0x7a) return 'lower';
    if (codePoint >= 0x41 && codePoint <= 0x5a) return 'upper';
    if (codePoint >= 0x30 && codePoint <= 0x39) return 'digit';
    return 'other';
  }
  return classInCommonBlock(codePoint) ?? classByExpressions(String.fromCodePoint(codePoint));
}

/** The letters that most answers are made of (Cyrillic, Latin with accents, Han, kana), without the price of expressions. */
function classInCommonBlock(codePoint: number): CharacterClass | null {
  if (codePoint >= 0x430 && codePoint <= 0x45f) return 'lower';
  if (codePoint >= 0x400 && codePoint <= 0x42f) return 'upper';
  if (codePoint >= 0xdf && codePoint <= 0xff && codePoint !== 0xf7) return 'lower';
  if (codePoint >= 0xc0 && codePoint <= 0xde && codePoint !== 0xd7) return 'upper';
  if (codePoint >= 0x4e00 && codePoint <= 0x9ffc) return 'ideograph';
  return (codePoint >= 0x3041 && codePoint <= 0x3096) || (codePoint >= 0x30a1 && codePoint <= 0x30fa)
    ? 'ideograph'
    : null;
}

function classByExpressions(character: string): CharacterClass {
  if (lowerCase.test(character)) return 'lower';
  if (upperCase.test(character)) return 'upper';
  if (ideographic.test(character)) return 'ideograph';
  if (anyLetter.test(character)) return 'letter';
  return anyDigit.test(character) ? 'digit' : 'other';
}

/** True for ASCII letters and digits and the basic Cyrillic alphabet. */
export function isBasicLetterOrDigit(codeUnit: number): boolean {
  if (codeUnit < 0x80) {
    return (codeUnit >= 0x61 && codeUnit <= 0x7a) || (codeUnit >= 0x41 && codeUnit <= 0x5a) || isAsciiDigit(codeUnit);
  }
  return codeUnit >= 0x400 && codeUnit <= 0x45f;
}

function isAsciiDigit(codeUnit: number): boolean {
  return codeUnit >= 0x30 && codeUnit <= 0x39;
}

/** The index of the code point that ends right before `end`. */
export function previousIndex(text: string, end: number): number {
  const pair = text.codePointAt(end - 2);
  return pair !== undefined && pair > 0xffff ? end - 2 : end - 1;
}

export function isLetterClass(characterClass: CharacterClass): boolean {
  return characterClass !== 'digit' && characterClass !== 'other';
}

/** True for what may follow a stop and still belongs to its sentence: closing marks, an emoji, a combining mark. */
export function isClosing(character: string): boolean {
  return (
    closingMarks.includes(character) || (character > '\u007f' && (isExtending(character) || isPictographic(character)))
  );
}

/** True for marks that change the character before them and must not be cut from it. */
function isExtending(character: string): boolean {
  return character > '\u007f' && extending.test(character);
}

function isPictographic(character: string): boolean {
  return character > '\u007f' && pictographic.test(character);
}

/** True if `after` belongs to what a reader sees as one character with `before`; flags are pairs, see below. */
export function isOneGrapheme(before: string, after: string): boolean {
  return isExtending(after) || before === zeroWidthJoiner;
}

/** True for one half of a flag. */
export function isRegionalIndicator(character: string): boolean {
  return character >= '\u{1f1e6}' && character <= '\u{1f1ff}';
}

export function isOpening(character: string): boolean {
  return openingMarks.includes(character);
}

export function isContinuing(character: string): boolean {
  return continuingMarks.includes(character);
}

export function isDash(character: string): boolean {
  return dashes.includes(character);
}

/** A mark at whose end a sentence that is too long may be cut, if white space follows. */
export function isClauseMark(character: string): boolean {
  return clauseMarks.includes(character);
}

/** A clause mark of the scripts that write no spaces. */
export function isDenseClauseMark(character: string): boolean {
  return character > '\u007f' && denseClauseMarks.includes(character);
}

/** A stop of the scripts that write no spaces: it always ends a sentence. */
export function isDenseStop(character: string): boolean {
  return character > '\u007f' && denseStops.includes(character);
}

/** The one of them that does not come in rows (`？！`), so that nobody has to wait for the next character. */
export function isDenseFullStop(character: string): boolean {
  return character === '。' || character === '｡';
}

/** +1 for an opening quote or bracket of those scripts, -1 for a closing one, else 0. */
export function denseNesting(character: string): -1 | 0 | 1 {
  if (character <= '\u007f') return 0;
  if (denseOpenings.includes(character)) return 1;
  return denseClosings.includes(character) ? -1 : 0;
}

/** The index of the last opening quote or bracket of those scripts, or -1. */
export function lastDenseOpening(text: string): number {
  for (let index = text.length - 1; index >= 0; index -= 1) if (denseNesting(text.charAt(index)) > 0) return index;
  return -1;
}

/** `!`, `?` and their kin: they end a sentence unless the next word says otherwise. */
export function isStrongStop(character: string): boolean {
  return strongStops.includes(character) || isDenseStop(character);
}

/** The full stop and the ellipsis: they also end abbreviations and stand inside numbers and names. */
export function isSoftStop(character: string): boolean {
  return softStops.includes(character);
}
