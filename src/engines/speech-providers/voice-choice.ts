/**
 * Who speaks a sentence: the voice that the request names; else the configured voice of its language, by the exact tag and then by the
 * primary subtag; else the configured voice; else what the provider has for everybody. Its language is the hint of the request if the
 * letters allow it, else that of the script, and among Latin languages that whose small words and letters it has. Pure; only languages
 * that have a voice are told apart, for nothing else would come of it.
 */
import type { SpeechRequest } from '../speech-engine.ts';
import { languageOfScript, looksUkrainian, mainScript, scriptsOf } from '../written-language.ts';
import type { SpeechProviderSettings, VoicedSentence } from './speech-provider.ts';

/** The longest name of a voice that goes to a provider. */
const MAX_VOICE_CHARS = 256;

/** The request with its voice and its language. */
export function chooseVoice(
  request: SpeechRequest,
  { voice, voices }: Pick<SpeechProviderSettings, 'voice' | 'voices'>,
  providersVoice: string,
): VoicedSentence {
  const voiced = [...new Set(voices.map(({ language }) => primarySubtag(language)))];
  const language = languageOfSentence(request.text, request.language, voiced);
  const asked = request.voice ?? '';
  if (asked !== '') {
    return { text: request.text, voice: asked.slice(0, MAX_VOICE_CHARS), isVoiceOfRequest: true, language };
  }
  const own =
    voices.find((each) => normalTag(each.language) === language) ??
    voices.find((each) => primarySubtag(each.language) === primarySubtag(language));
  const chosen = own?.voice ?? firstGiven(voice, providersVoice, voices[0]?.voice ?? '');
  return { text: request.text, voice: chosen, isVoiceOfRequest: false, language };
}

function firstGiven(...names: readonly string[]): string {
  return names.find((name) => name !== '') ?? '';
}

/** Letters of one language, and words that are frequent in it and none in the others. */
const latinMarks: Readonly<Record<string, { readonly letters: RegExp | null; readonly words: string }>> = {
  en: { letters: null, words: 'the and is are you your it of to this that what with have was not for will can' },
  de: { letters: /[äöüß]/i, words: 'der die das und ist nicht ich sie ein eine mit auf für wir wie ihr auch heute' },
  es: { letters: /[ñ¿¡]/i, words: 'el los las una está es qué por para con del pero muy usted hoy como más' },
  fr: { letters: /[œçêèùû]/i, words: 'le les des est vous pas une dans pour avec que ce il je nous sur au' },
  it: { letters: /[ìò]/i, words: 'il gli che è di sono una per non con della questo hai anche ho lo' },
  pt: { letters: /[ãõ]/i, words: 'os as é uma não você para com em do da mais isso está obrigado hoje' },
  nl: { letters: /ij/i, words: 'het een en is niet ik je van op dat met voor wat zijn ook vandaag' },
  pl: { letters: /[ąęłśźż]/i, words: 'jest nie się na że to jak do czy dzień dobry i w z' },
  sv: { letters: /å/i, words: 'och är det en att jag du inte på för med som idag' },
  cs: { letters: /[ěřů]/i, words: 'je a se na že to jak ne dobrý den v s' },
  tr: { letters: /[ğış]/i, words: 've bir bu için ne değil var ile çok' },
};
/** A letter of one language says more than a word that others may have, too. */
const LETTER_WEIGHT = 2;
/** Words looked at; a sentence has no more. */
const MAX_WORDS = 100;

/** The primary subtag of a BCP 47 tag, in lower case; `_` is taken for `-`. */
function primarySubtag(tag: string): string {
  return normalTag(tag).split('-')[0] ?? '';
}

/** A tag in lower case with `-`. */
function normalTag(tag: string): string {
  return tag.trim().toLowerCase().replaceAll('_', '-');
}

/**
 * The tag of the language in which `text` is spoken. `hint` is that of the request and counts where it is written in the script
 * of the text; `voiced` are the primary subtags that have a voice of their own, in the order of preference.
 */
export function languageOfSentence(text: string, hint: string | undefined, voiced: readonly string[]): string {
  const script = mainScript(text);
  const hinted = hint === undefined ? '' : normalTag(hint);
  if (hinted !== '' && (script === undefined || scriptsOf(primarySubtag(hinted)).includes(script))) return hinted;
  if (script === undefined) return voiced[0] ?? 'en';
  if (script === 'Latin') return latinLanguage(text, voiced);
  if (script === 'Cyrillic' && looksUkrainian(text)) return 'uk';
  const usual = languageOfScript(script);
  if (voiced.includes(usual)) return usual;
  return voiced.find((language) => scriptsOf(language).includes(script)) ?? usual;
}

/** English where nothing speaks for another one, if it has a voice; else the first that has. */
function latinLanguage(text: string, voiced: readonly string[]): string {
  const candidates = voiced.filter((language) => scriptsOf(language).includes('Latin'));
  if (candidates.length < 2) return candidates[0] ?? 'en';
  const words =
    text
      .toLowerCase()
      .match(/\p{L}+/gu)
      ?.slice(0, MAX_WORDS) ?? [];
  let best = candidates.includes('en') ? 'en' : (candidates[0] ?? 'en');
  let bestScore = scoreOf(best, text, words);
  for (const candidate of candidates) {
    const score = scoreOf(candidate, text, words);
    if (score > bestScore) [best, bestScore] = [candidate, score];
  }
  return best;
}

function scoreOf(language: string, text: string, words: readonly string[]): number {
  if (!Object.hasOwn(latinMarks, language)) return 0;
  const marks = latinMarks[language];
  if (marks === undefined) return 0;
  const known = new Set(marks.words.split(' '));
  const letters = marks.letters?.test(text) === true ? LETTER_WEIGHT : 0;
  return letters + words.filter((word) => known.has(word)).length;
}
