/** Words of the user in an answer. */
import type { Language } from './utterance.ts';

/** `intro: “words”.`, with the quotes of the language. */
export function quotation(intro: string, words: string, language: Language): string {
  const text = withoutBraces(words);
  const stop = /[.!?…]$/u.test(text) ? '' : '.';
  return language === 'ru' ? `${intro}: «${text}»${stop}` : `${intro}: “${text}”${stop}`;
}

/** An answer with a brace would be read as a JSON answer, and words of the user's could become a command. */
export function withoutBraces(text: string): string {
  return text.replaceAll('{', '(').replaceAll('}', ')');
}
