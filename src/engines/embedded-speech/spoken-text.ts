/**
 * What a synthesiser gets to read: the sentence with numbers, signs and units written out for its language, and nothing in it
 * that the synthesiser would take for markup. Pure.
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
