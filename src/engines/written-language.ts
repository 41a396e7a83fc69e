/**
 * What the letters of a text say of its language: which script most of it is written in, and which languages are written
 * in which script. Pure.
 */

const scriptPatterns = {
  Latin: /\p{Script=Latin}/u,
  Cyrillic: /\p{Script=Cyrillic}/u,
  Greek: /\p{Script=Greek}/u,
  Hebrew: /\p{Script=Hebrew}/u,
  Arabic: /\p{Script=Arabic}/u,
  Armenian: /\p{Script=Armenian}/u,
  Georgian: /\p{Script=Georgian}/u,
  Ethiopic: /\p{Script=Ethiopic}/u,
  Devanagari: /\p{Script=Devanagari}/u,
  Bengali: /\p{Script=Bengali}/u,
  Gurmukhi: /\p{Script=Gurmukhi}/u,
  Gujarati: /\p{Script=Gujarati}/u,
  Oriya: /\p{Script=Oriya}/u,
  Tamil: /\p{Script=Tamil}/u,
  Telugu: /\p{Script=Telugu}/u,
  Kannada: /\p{Script=Kannada}/u,
  Malayalam: /\p{Script=Malayalam}/u,
  Sinhala: /\p{Script=Sinhala}/u,
  Thai: /\p{Script=Thai}/u,
  Myanmar: /\p{Script=Myanmar}/u,
  Han: /\p{Script=Han}/u,
  Kana: /[\p{Script=Hiragana}\p{Script=Katakana}]/u,
  Hangul: /\p{Script=Hangul}/u,
} as const;

export type Script = keyof typeof scriptPatterns;

function isScript(name: string): name is Script {
  return Object.hasOwn(scriptPatterns, name);
}

const scripts = Object.keys(scriptPatterns).filter(isScript);

/** Letters looked at: the start of a long text decides for all of it. */
const maxLetters = 500;

/**
 * The script of most letters; the one that comes first in a draw, and undefined for a text without letters. Japanese
 * mixes its syllables with Chinese characters: as soon as there is one of the former, the latter count as such.
 */
export function mainScript(text: string): Script | undefined {
  const counts = new Map<Script, number>();
  let letters = 0;
  for (const letter of text) {
    if (!/\p{L}/u.test(letter)) continue;
    const script = scripts.find((each) => scriptPatterns[each].test(letter));
    if (script !== undefined) counts.set(script, (counts.get(script) ?? 0) + 1);
    if (++letters === maxLetters) break;
  }
  const kana = counts.get('Kana');
  if (kana !== undefined) {
    counts.set('Kana', kana + (counts.get('Han') ?? 0));
    counts.delete('Han');
  }
  let main: Script | undefined;
  for (const [script, count] of counts) if (main === undefined || count > (counts.get(main) ?? 0)) main = script;
  return main;
}

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
