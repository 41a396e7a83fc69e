/**
 * What a synthesiser gets to read: the sentence with numbers, signs and units written out for its language, with nothing in
 * it that the synthesiser would take for markup, and cut into utterances short enough that one of them is a short job: so
 * that an abort waits for no long synchronous run, a reader gets first sound early, and what is held ahead of a reader is
 * bounded. Cuts are made where a speaker pauses anyway (flite's melody before a comma is the same either way, measured);
 * only where there is no such place, before a conjunction, at a space, or anywhere. Pure; the utterances together say the
 * whole text.
 */
import { sayInEnglish } from './english-text.ts';
import { sayInRussian } from './russian-text.ts';
import type { Voice } from './voices.ts';

/** The text for `voice` to read; empty if it has nothing that this voice can say. */
export function spokenText(text: string, voice: Voice): string {
  if (voice.synthesiser === 'flite') return sayInEnglish(text);
  return withoutMarkup(voice.language === 'ru' ? sayInRussian(text) : text);
}

/** eSpeak reads SSML tags, entities and phonemes in double brackets: none of them may come from a model's answer. */
function withoutMarkup(text: string): string {
  const said = text
    .replace(/&/g, ' & ')
    .replace(/[<>[\]{}|\\^`~_*#\p{Cc}\p{Cf}\p{Variation_Selector}\p{Extended_Pictographic}]/gu, ' ')
    .replace(/\s+/g, ' ')
    .trim();
  return /[\p{L}\p{N}]/u.test(said) ? said : '';
}

export interface Utterance {
  readonly text: string;
  /** Silence after it. */
  readonly pauseMs: number;
}

/** Pauses as flite makes them itself at a comma and between two sentences. */
const pauseAfterMs = { sentence: 280, clause: 180, word: 10 } as const;

/** Said in several words: a digit of "1984" stands for about five letters, a symbol for a word. */
function weightOf(character: string): number {
  if (/\d/u.test(character)) return 5;
  if (/[\p{L}\p{M}\s.,;:!?'"()-]/u.test(character)) return 1;
  return 6;
}

const sentenceEnd = /[.!?。！？…]["'»”’)\]]*\s/u;
const clauseEnd = /[,;:،、，；：—–)]["'»”’]*\s|\s[-–—]\s/u;
/** What a regular expression is made of: each search makes one of its own. */
type Mark = Pick<RegExp, 'source' | 'flags'>;

const conjunctions = [
  'and or but because which that who when where while if so then to with for from',
  'и или но а что чтобы который которая которые когда где если потому как с для из в на',
].flatMap((words) => words.split(' '));
const conjunction: Mark = Object.freeze({ source: `\\s(?=(?:${conjunctions.join('|')})\\s)`, flags: 'iu' });

/** `text` as utterances of at most about `maxWeight` letters each (a digit weighs 5). */
export function cutIntoUtterances(text: string, maxWeight: number): Utterance[] {
  const utterances: Utterance[] = [];
  let rest = text.trim();
  while (rest !== '') {
    const limit = reach(rest, maxWeight);
    const whole = limit === rest.length;
    const cut = whole
      ? { at: limit, pauseMs: pauseAfterMs.sentence }
      : (lastMatch(rest, limit, sentenceEnd, pauseAfterMs.sentence) ??
        lastMatch(rest, limit, clauseEnd, pauseAfterMs.clause) ??
        lastMatch(rest, limit, conjunction, pauseAfterMs.word) ??
        lastMatch(rest, limit, /\s/u, pauseAfterMs.word) ?? { at: limit, pauseMs: pauseAfterMs.word });
    utterances.push({ text: rest.slice(0, cut.at).trim(), pauseMs: cut.pauseMs });
    rest = rest.slice(cut.at).trimStart();
  }
  return utterances.filter((utterance) => utterance.text !== '');
}

/** How many UTF-16 units of `text` weigh at most `maxWeight`; at least one whole character. */
function reach(text: string, maxWeight: number): number {
  let weight = 0;
  let length = 0;
  for (const character of text) {
    weight += weightOf(character);
    if (weight > maxWeight && length > 0) return length;
    length += character.length;
  }
  return length;
}

/** The end of the last match of `mark` within `limit`, unless it leaves less than a quarter before it. */
function lastMatch(text: string, limit: number, mark: Mark, pauseMs: number) {
  let at = 0;
  for (const match of text.slice(0, limit + 1).matchAll(new RegExp(mark.source, `${mark.flags}g`))) {
    at = match.index + match[0].length;
  }
  return at > limit / 4 && at <= limit + 1 ? { at: Math.min(at, limit), pauseMs } : undefined;
}
