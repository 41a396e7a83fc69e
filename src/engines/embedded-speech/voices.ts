/**
 * The voices of the embedded engine, and which of them speaks a given text. A voice that the request names wins; then its
 * language, if that language is written in the script of the text; else the script alone decides. Pure.
 *
 * Voices: `flite-slt` (female), `flite-rms`, `flite-awb` (Scottish), `flite-kal16`: English; `espeak-<language>` for each
 * of `espeakLanguages`. English is flite's unless an eSpeak voice is asked for by name.
 */
import { EngineFailure } from '../../errors.ts';
import type { SpeechRequest } from '../speech-engine.ts';
import { UnknownVoices } from '../unknown-voices.ts';
import { languageOfScript, looksUkrainian, mainScript, scriptsOf } from '../written-language.ts';

export interface Voice {
  readonly name: string;
  readonly synthesiser: 'flite' | 'espeak';
  /** The synthesiser's own name of it. */
  readonly id: string;
  readonly language: string;
  /** Brings the voices to about the same loudness (-20 dBFS while speaking) with room for the peaks. */
  readonly gain: number;
}

function flite(id: string, gain: number): Voice {
  return { name: `flite-${id}`, synthesiser: 'flite', id, language: 'en', gain };
}

const defaultEnglishVoice = flite('slt', 0.55);
const fliteVoices = [defaultEnglishVoice, flite('rms', 1.15), flite('awb', 1.05), flite('kal16', 2.4)];

/** The languages eSpeak NG has a voice for (`en` is British); invented ones and its spelling variants are left out. */
export const espeakLanguages = (
  'af am an ar as az ba be bg bn bs ca cmn cs cy da de el en en-gb-scotland en-us eo es es-419 et eu fa fi fo ' +
  'fr fr-be fr-ch ga gd gn grc gu hak haw he hi hr ht hu hy hyw ia id is it ja ka kk kl kn ko kok ku ky la lb lt ltg ' +
  'lv mi mk ml mr ms mt my nb nci ne nl nog om or pa pap pl pt pt-br ro ru sd si sk sl sq sr sv sw ta te th tk tn tr tt ' +
  'ug uk ur uz vi yue'
).split(' ');

/** Tags that people use for what eSpeak calls otherwise. */
const languageAliases: Readonly<Record<string, string>> = {
  zh: 'cmn',
  'zh-hk': 'yue',
  no: 'nb',
  nn: 'nb',
  iw: 'he',
  in: 'id',
  tl: 'id',
  'es-mx': 'es-419',
};

/**
 * The voice for a request. One that does not exist is replaced by that of language and text, or, where it is not to be replaced, throws
 * EngineFailure NOT_FOUND, naming those that do. A language this engine does not have, or one that is not written in the script of the text (an English answer to a
 * Russian client), does not count: sound in the right language beats a hint.
 */
export function chooseVoice(request: SpeechRequest, unknownVoices = new UnknownVoices({ policy: 'refuse' })): Voice {
  const { voice: name = '' } = request;
  if (name === '') return voiceOfText(request);
  const named = voiceNamed(name);
  if (named !== null) return named;
  if (!unknownVoices.areReplaced) throw noSuchVoice(name);
  const voice = voiceOfText(request);
  unknownVoices.replace(name, voice.name);
  return voice;
}

function voiceOfText(request: SpeechRequest): Voice {
  const script = mainScript(request.text);
  const hinted = request.language === undefined ? undefined : knownLanguage(request.language);
  if (hinted !== undefined && (script === undefined || scriptsOf(hinted).includes(script))) return voiceOf(hinted);
  if (script === undefined) return defaultEnglishVoice;
  if (script === 'Cyrillic' && looksUkrainian(request.text)) return voiceOf('uk');
  const language = languageOfScript(script);
  return voiceOf(languageAliases[language] ?? language);
}

/** In any letter case; null = there is none. */
function voiceNamed(given: string): Voice | null {
  const name = given.toLowerCase();
  const fliteVoice = fliteVoices.find((voice) => voice.name === name);
  if (fliteVoice !== undefined) return fliteVoice;
  const language = name.startsWith('espeak-') ? name.slice('espeak-'.length) : '';
  return espeakLanguages.includes(language) ? espeak(language) : null;
}

function noSuchVoice(name: string): EngineFailure {
  const known = fliteVoices.map((voice) => voice.name).join(', ');
  return new EngineFailure({
    errorCode: 'NOT_FOUND',
    message: `no voice "${name.slice(0, 64)}"; there are ${known}, and espeak-<language> with ${espeakLanguages.join(' ')}`,
  });
}

function voiceOf(language: string): Voice {
  return language === 'en' ? defaultEnglishVoice : espeak(language);
}

function espeak(language: string): Voice {
  return { name: `espeak-${language}`, synthesiser: 'espeak', id: language, language, gain: 0.95 };
}

/** 'en', or the entry of `espeakLanguages` for a BCP 47 tag, looked up from the whole tag to its first part. */
function knownLanguage(tag: string): string | undefined {
  const subtags = tag.trim().toLowerCase().replaceAll('_', '-').split('-');
  if (subtags[0] === 'en') return 'en';
  for (let length = Math.min(subtags.length, 3); length > 0; length--) {
    const prefix = subtags.slice(0, length).join('-');
    const language = languageAliases[prefix] ?? prefix;
    if (espeakLanguages.includes(language)) return language;
  }
  return undefined;
}
