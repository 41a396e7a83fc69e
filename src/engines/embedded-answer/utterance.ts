/**
 * A prompt as the rules see it: its words, where each stands in the prompt, what mark stands before it, and the language.
 * One pass over the prompt, linear in its length; the rules then compare whole words only, so no prompt can make them slow.
 */

export type Language = 'en' | 'ru';

/** The strongest mark between a word and the one before: none, a comma, a colon (dash, quote, bracket), or a sentence end. */
type Mark = '' | ',' | ':' | '.';

export interface Word {
  /** As it was said. */
  readonly spoken: string;
  /** For comparison: lower case, е for ё, a straight apostrophe. */
  readonly plain: string;
  /** Where it begins in the prompt. */
  readonly start: number;
  readonly markBefore: Mark;
}

export interface Utterance {
  readonly prompt: string;
  readonly language: Language;
  /** The first `maxWords` words; the rules for whole utterances don't apply to a longer prompt. */
  readonly words: readonly Word[];
  readonly isLong: boolean;
  readonly isQuestion: boolean;
  /** Everything in capitals, so that a capital says nothing about a name. */
  readonly isShouted: boolean;
}

/** No command and no question that the rules know is longer than this; a spoken minute is about 150 words. */
const maxWords = 300;

/** Letters, digits and what stands inside words: don't, e-mail, 3.14, яндекс.браузер, C++; and the plus of a phone number. */
const wordPattern = /(?:(?<![\p{N})]\s?)\+(?=\d{7}))?[\p{L}\p{N}](?:[\p{L}\p{M}\p{N}+#]|['’.\-‑](?=[\p{L}\p{N}]))*/gu;

/** Reads a prompt of any length. */
export function readUtterance(prompt: string): Utterance {
  const words: Word[] = [];
  let isLong = false;
  let end = 0;
  for (const match of prompt.matchAll(wordPattern)) {
    if (words.length === maxWords) {
      isLong = true;
      break;
    }
    const [spoken] = match;
    words.push({
      spoken,
      plain: plainOf(spoken),
      start: match.index,
      markBefore: markIn(prompt.slice(end, match.index)),
    });
    end = match.index + spoken.length;
  }
  return {
    prompt,
    words,
    isLong,
    language: languageOf(words),
    isQuestion: !isLong && prompt.includes('?', end),
    isShouted: words.every(({ spoken }) => spoken === spoken.toUpperCase()),
  };
}

/** The form in which words are compared. */
export function plainOf(text: string): string {
  return text.toLowerCase().replaceAll('ё', 'е').replaceAll('’', "'").replaceAll('‑', '-');
}

/** True if the word is written as a name: with a capital, in an utterance that is not all capitals. */
export function isCapitalised(word: Word, utterance: Utterance): boolean {
  return !utterance.isShouted && /^\p{Lu}/u.test(word.spoken);
}

/** `text` with a capital in front. */
export function capitalised(text: string): string {
  const [first = ''] = text;
  return first.toUpperCase() + text.slice(first.length);
}

/**
 * What was said from word `index` to the end of the prompt, as it was said: without the marks that set it off from the words
 * before, and without quotes around all of it.
 */
export function saidFrom({ prompt, words }: Utterance, index: number): string {
  const before = words[index - 1];
  const rest = before === undefined ? prompt : prompt.slice(before.start + before.spoken.length);
  const said = rest.replace(/^(?:[\s,:—–]|[-.!](?=\s))+/u, '').trimEnd();
  if (!/^["“«„]/u.test(said)) return said;
  return /["”»“][.!?]?$/u.test(said) ? said.slice(1).replace(/["”»“]([.!?]?)$/u, '$1') : said;
}

function markIn(gap: string): Mark {
  if (/[.!?…;\n。！？]/u.test(gap)) return '.';
  if (/[:—–"“”«»„()]|\s-\s/u.test(gap)) return ':';
  return gap.includes(',') ? ',' : '';
}

/** A Russian first word decides, since it is the verb or the question; else the more frequent script. */
function languageOf(words: readonly Word[]): Language {
  let cyrillic = 0;
  let latin = 0;
  for (const { plain } of words) {
    if (/^\p{Script=Cyrillic}/u.test(plain)) {
      if (latin === 0) return 'ru';
      cyrillic += 1;
    } else if (/^\p{Script=Latin}/u.test(plain)) latin += 1;
  }
  return cyrillic > latin ? 'ru' : 'en';
}
