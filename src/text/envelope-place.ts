/**
 * Where in the plain text of an answer an object may begin (Envelope 8): at the beginning of the answer or of a line, and behind a
 * finished sentence. `The payload is {"command": …} as you see.` talks about a command; nobody asked for it. What a finished sentence
 * is, the rules of the sentence cutter say; inside of an open quote, bracket or piece of code none is finished.
 */
import { isClosing, isLineBreak, isSoftStop, isStrongStop } from './characters.ts';
import { stopOf } from './sentence-stop.ts';

/** The end of the plain text so far; plain JSON. */
export interface EnvelopePlace {
  readonly tail: string;
  /** `tail` is all of the text. */
  readonly isWhole: boolean;
}

/** More than the word before a stop and the one before that have. */
const tailMaxChars = 64;

/** Nothing was said yet. */
export const answerStart: EnvelopePlace = Object.freeze({ tail: '', isWhole: true });

/** Behind an object, whose words are whole. */
export const behindObject: EnvelopePlace = Object.freeze({ tail: '\n', isWhole: false });

/** The place behind `text`. */
export function placeAfter(place: EnvelopePlace, text: string): EnvelopePlace {
  if (text === '') return place;
  const tail = (place.tail + text.slice(-tailMaxChars)).slice(-tailMaxChars);
  return { tail, isWhole: place.isWhole && place.tail.length + text.length <= tailMaxChars };
}

/** White space, and what no reader sees: marks of the byte order, joiners. */
const invisible = /^[\s\u200b-\u200d\u2060\ufeff]*$/;

/** True if nothing that can be seen stands before it. */
export function isAnswerStart({ tail, isWhole }: EnvelopePlace): boolean {
  return isWhole && invisible.test(tail);
}

/** True at the beginning of the answer or of a line. */
export function isLineStart(place: EnvelopePlace): boolean {
  return invisible.test(lineOf(place).line);
}

/** True where an object may begin. */
export function isObjectPlace(place: EnvelopePlace): boolean {
  const { line, isWhole } = lineOf(place);
  if (invisible.test(line)) return true;
  return !isInsideSomething(line) && endsSentence(line, isWhole);
}

/** What stands on the last line, as far as it is known. */
function lineOf({ tail, isWhole }: EnvelopePlace): { readonly line: string; readonly isWhole: boolean } {
  let start = tail.length;
  while (start > 0 && !isLineBreak(tail.charCodeAt(start - 1))) start -= 1;
  return { line: tail.slice(start), isWhole: isWhole || start > 0 };
}

function isInsideSomething(line: string): boolean {
  const count = (mark: string) => line.split(mark).length - 1;
  return count('"') % 2 === 1 || count('`') % 2 === 1 || count('(') > count(')') || count('“') > count('”');
}

function endsSentence(line: string, isWhole: boolean): boolean {
  const words = line.split(/\s+/);
  const hasGap = words.at(-1) === '';
  if (hasGap) words.pop();
  // `Sure! 😊 {"text": …`
  while (words.length > 1 && isDecoration(words.at(-1) ?? '')) words.pop();
  const word = words.pop() ?? '';
  const last = word.charAt(word.length - 1);
  // Right behind a quote or a bracket it would be as likely inside of one.
  if (!hasGap && !isStrongStop(last) && !isSoftStop(last)) return false;
  // The beginning of the only word is not known: it is none of the lists.
  const isCut = !isWhole && words.length === 0;
  const stop = stopOf(isCut ? `${cutWord}${word}` : word, {
    previous: words.at(-1) ?? '',
    opensLine: isWhole && !words.some((before) => /[\p{L}\p{N}]/u.test(before)),
  });
  return stop !== null && stop.kind !== 'rarelyEnding' && stop.kind !== 'beforeNumber';
}

/** Stands for the lost beginning of a word: longer than every abbreviation. */
const cutWord = 'xxxxxxxxxxxxxxxx';

function isDecoration(word: string): boolean {
  return word > '\u007f' && !/[“”„«»‘’]/.test(word) && Array.from(word).every(isClosing);
}
