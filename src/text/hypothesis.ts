/**
 * What a client says again while it listens: a recogniser sends its whole hypothesis anew with every word, or only the tail that came
 * since. The one rule that tells them apart, for COLLECT and COMMIT alike (CONTRACT §1, "COLLECT / COMMIT").
 */
import { isWhiteSpace } from './characters.ts';

/**
 * The words of an utterance after `newer` came: an empty one keeps what is there, one that starts with white space is a tail and
 * is appended as it is, any other is a newer whole hypothesis and replaces the older.
 */
export function newerHypothesis(older: string, newer: string): string {
  if (newer === '') return older;
  return isWhiteSpace(newer.charCodeAt(0)) ? older + newer : newer;
}

/**
 * How many characters (code points, as Python and people count them) `text` has. Linear; where only a bound matters, `isLongerThan`
 * looks at the text at all only if it is near it.
 */
export function charactersOf(text: string): number {
  let characters = 0;
  for (const _character of text) characters += 1;
  return characters;
}

/** True if `text` has more than `maxChars` characters. */
export function isLongerThan(text: string, maxChars: number): boolean {
  // A character has one or two code units.
  if (text.length <= maxChars) return false;
  return text.length > 2 * maxChars || charactersOf(text) > maxChars;
}
