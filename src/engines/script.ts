/** Which script most of a text is written in. Pure. */

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
