/**
 * The words that a shaped text keeps: all that some rule of text/ (or the JSON repair under it) tells from another word of the same
 * shape. None of them consists of the letters that stand for unknown words alone (shape-letters.ts), or an unknown word could become
 * one of them; a test holds both lists to that.
 */
import { closedRuns } from './abbreviations.ts';
import { envelopeFences, envelopeKeys } from './answer-envelope.ts';
import { argumentNames, commandNames } from './commands.ts';

/** JSON and what passes for it: literals, and the `e` of `1e5`. */
const literals = 'true false null none undefined nan infinity e';
/** Addresses are not spoken; jsonrepair knows some more that are not comments. */
const addresses = 'http https ftp www mailto file data irc';
const entities = 'amp lt gt quot apos nbsp';

/** Longer than every word that is kept. */
const keptWordMaxUnits = 16;

const keptWords: ReadonlySet<string> = new Set([
  ...closedRuns,
  ...[...envelopeKeys, ...envelopeFences, ...commandNames, ...argumentNames, literals, addresses, entities].flatMap(
    (names) => names.split(/[^a-z]+/),
  ),
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
export function isLiteral(run: string): boolean {
  return /^(?:true|false|null|True|False|None)$/.test(run);
}

/** How much of the beginning of `word` an envelope key begins with too: `{"te` is held back, `{"ti` is plain text. */
export function envelopePrefixUnits(word: string): number {
  let most = 0;
  for (const key of envelopeKeys) {
    let units = 0;
    while (units < key.length && key.charAt(units) === word.charAt(units)) units += 1;
    most = Math.max(most, units);
  }
  return most;
}
