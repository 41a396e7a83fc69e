/** Which languages are written in which script: what the letters of a text say of its language. Pure. */
import type { Script } from './script.ts';

const scriptsOfLanguages: readonly (readonly [languages: string, scripts: readonly Script[]])[] = [
  ['ba be bg kk ky mk nog ru tt uk', ['Cyrillic']],
  ['az bs sr tk uz', ['Latin', 'Cyrillic']],
  ['el grc', ['Greek']],
  ['he', ['Hebrew']],
  ['ar fa sd ug ur', ['Arabic']],
  ['ku', ['Latin', 'Arabic']],
  ['hy hyw', ['Armenian']],
  ['ka', ['Georgian']],
  ['am', ['Ethiopic']],
  ['hi kok mr ne', ['Devanagari']],
  ['as bn', ['Bengali']],
  ['pa', ['Gurmukhi']],
  ['gu', ['Gujarati']],
  ['or', ['Oriya']],
  ['ta', ['Tamil']],
  ['te', ['Telugu']],
  ['kn', ['Kannada']],
  ['ml', ['Malayalam']],
  ['si', ['Sinhala']],
  ['th', ['Thai']],
  ['my', ['Myanmar']],
  ['zh cmn hak yue', ['Han']],
  ['ja', ['Kana', 'Han']],
  ['ko', ['Hangul', 'Han']],
];

const scriptsByLanguage: ReadonlyMap<string, readonly Script[]> = new Map(
  scriptsOfLanguages.flatMap(([languages, scripts]) =>
    languages.split(' ').map((language) => [language, scripts] as const),
  ),
);

/** Who speaks a text of which nothing is known but its script. */
const languages: Readonly<Record<Script, string>> = {
  Latin: 'en',
  Cyrillic: 'ru',
  Greek: 'el',
  Hebrew: 'he',
  Arabic: 'ar',
  Armenian: 'hy',
  Georgian: 'ka',
  Ethiopic: 'am',
  Devanagari: 'hi',
  Bengali: 'bn',
  Gurmukhi: 'pa',
  Gujarati: 'gu',
  Oriya: 'or',
  Tamil: 'ta',
  Telugu: 'te',
  Kannada: 'kn',
  Malayalam: 'ml',
  Sinhala: 'si',
  Thai: 'th',
  Myanmar: 'my',
  Han: 'zh',
  Kana: 'ja',
  Hangul: 'ko',
};

/** The language that a text in this script is taken for. */
export function languageOfScript(script: Script): string {
  return languages[script];
}

/** The scripts that a language, by its primary subtag, is written in; Latin unless known otherwise. */
export function scriptsOf(language: string): readonly Script[] {
  return scriptsByLanguage.get(language) ?? ['Latin'];
}

/** Letters that Russian lacks are there, and none that Ukrainian lacks. */
export function looksUkrainian(text: string): boolean {
  return /[іїєґ]/iu.test(text) && !/[ыэёъ]/iu.test(text);
}
