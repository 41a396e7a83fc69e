/**
 * What a client says again while it listens: a recogniser sends its whole hypothesis anew with every word, or only the tail that came
 * since. The one rule that tells them apart, for COLLECT and COMMIT alike (CONTRACT §1, "COLLECT / COMMIT").
 */
import { type Failure, failure } from '../errors.ts';
import { isWhiteSpace } from './characters.ts';

/**
 * The words of an utterance after `newer` came: an empty one keeps what is there, one that starts with white space is a tail and
 * is appended as it is, any other is a newer whole hypothesis and replaces the older.
 */
export function newerHypothesis(older: string, newer: string): string {
  if (newer === '') return older;
  return isWhiteSpace(newer.charCodeAt(0)) ? older + newer : newer;
}

/** What is two code units and one character. Whether there is one is told at once of a text that can't have any. */
const surrogatePair = /[\ud800-\udbff][\udc00-\udfff]/;

/**
 * How many characters (code points, as Python and people count them) `text` has. Linear, 20 ms for 16 MiB; where only a bound matters,
 * `isLongerThan` looks at the text at all only if it is near it.
 */
export function charactersOf(text: string): number {
  if (!surrogatePair.test(text)) return text.length;
  let pairs = 0;
  for (let index = 1; index < text.length; index += 1) {
    if (isLowSurrogate(text.charCodeAt(index)) && isHighSurrogate(text.charCodeAt(index - 1))) pairs += 1;
  }
  return text.length - pairs;
}

function isHighSurrogate(codeUnit: number): boolean {
  return (codeUnit & 0xfc00) === 0xd800;
}

function isLowSurrogate(codeUnit: number): boolean {
  return (codeUnit & 0xfc00) === 0xdc00;
}

/** True if `text` has more than `maxChars` characters. */
export function isLongerThan(text: string, maxChars: number): boolean {
  // A character has one or two code units.
  if (text.length <= maxChars) return false;
  return text.length > 2 * maxChars || charactersOf(text) > maxChars;
}

/** The refusal of an utterance with more than `promptMaxChars` characters; `what` begins the sentence. */
export function tooLongText(what: string, text: string, promptMaxChars: number): Failure {
  const bound = `at most ${promptMaxChars} are accepted (PROMPT_MAX_CHARS)`;
  return failure('request_too_large', `${what} has ${charactersOf(text)} characters; ${bound}`);
}
