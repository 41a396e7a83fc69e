import { describe, expect, test } from 'vitest';
import { type CharacterClass, classAt, isWhiteSpace } from '../../../src/text/characters.ts';
import {
  emptySentenceCutter,
  everySentence,
  finishText,
  pushText,
  type SentenceCutter,
} from '../../../src/text/sentence-cutter.ts';

/** What the classes mean, said once more by Unicode's own properties. */
const properties: readonly (readonly [RegExp, CharacterClass])[] = [
  [/^\p{Ll}$/u, 'lower'],
  [/^[\p{Lu}\p{Lt}]$/u, 'upper'],
  [/^[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}]$/u, 'ideograph'],
  [/^\p{L}$/u, 'letter'],
  [/^\p{Nd}$/u, 'digit'],
];

test('every code point has the class of its Unicode properties, also where a short way gives it', () => {
  for (let codePoint = 0; codePoint <= 0x10ffff; codePoint += 1) {
    const character = String.fromCodePoint(codePoint);
    const expected = properties.find(([property]) => property.test(character))?.[1] ?? 'other';
    if (classAt(character, 0) !== expected) expect.fail(`U+${codePoint.toString(16)} is ${classAt(character, 0)}`);
  }
});

test('white space is exactly what trim removes', () => {
  for (let codePoint = 0; codePoint <= 0xffff; codePoint += 1) {
    if (isWhiteSpace(codePoint) !== (String.fromCharCode(codePoint).trim() === ''))
      expect.fail(`U+${codePoint.toString(16)}`);
  }
});

/** The closed lists of marks, said once more by what each mark does to the cut; a letter in its place does not. */
describe('each mark', () => {
  const textsOf = (cutter: SentenceCutter) => finishText(cutter, everySentence).sentences;
  const sentencesOf = (text: string): readonly string[] => {
    const { cutter, sentences } = pushText(emptySentenceCutter, text, everySentence);
    return [...sentences, ...textsOf(cutter)].map((sentence) => sentence.trim());
  };
  const wordsTo = (units: number) =>
    'seven '
      .repeat(Math.ceil(units / 6))
      .slice(0, units)
      .trimEnd();

  test.each([...')]}"\'”’»›“‘«‹」』）》】〉〕*_`~'])('%s may stand behind a stop', (mark) => {
    expect(sentencesOf(`It is zork.${mark} Zork is here`)).toEqual([`It is zork.${mark}`, 'Zork is here']);
  });

  test.each([...'([{"\'“„‘‚«‹»”’「『（《【〈〔¿¡*_`~#>•·⁃◦▪‣●■', ...'-–—―‒−'].map((mark) => [mark]))(
    '%s may stand before the first word of a sentence, which then decides',
    (mark) => {
      expect(sentencesOf(`It is Apple Inc. ${mark}Zork is here`)).toHaveLength(1);
      expect(sentencesOf(`It is Apple Inc. ${mark}The rest of it`)).toEqual([
        'It is Apple Inc.',
        `${mark}The rest of it`,
      ]);
    },
  );

  test.each([...'.,;:!?…)]}%&/=|、，'])('%s after a stop and a space goes on with the sentence', (mark) => {
    expect(sentencesOf(`It is Yahoo! ${mark} Zork is here`)).not.toContain('It is Yahoo!');
    expect(sentencesOf('It is Yahoo! + Zork is here')).toContain('It is Yahoo!');
  });

  test.each([...',;:—–―،؛'])('%s is where a sentence that is too long is cut, if white space follows', (mark) => {
    const clause = `${wordsTo(100)}${mark}`;
    expect(sentencesOf(`${clause} ${wordsTo(200)}`)[0]).toBe(clause);
  });

  test.each([...'，、；：'])('%s is where one without spaces is cut', (mark) => {
    const clause = `${'字'.repeat(100)}${mark}`;
    expect(sentencesOf(clause + '字'.repeat(200))[0]).toBe(clause);
  });

  test.each([...'!?‼⁇⁈⁉‽؟۔।॥։።။！？｡。'])('%s ends a sentence right before an ideograph', (stop) => {
    expect(sentencesOf(`OK${stop}你好`)).toEqual([`OK${stop}`, '你好']);
  });

  test.each([...'!?⁇⁈‽؟۔।॥։።။.…．！？｡。'])('%s ends a sentence before white space', (stop) => {
    expect(sentencesOf(`It is zork${stop} Zork is here`)).toEqual([`It is zork${stop}`, 'Zork is here']);
  });

  test.each(['「」', '『』', '“”', '（）', '《》', '【】'])('%s holds back a stop until it is closed', (pair) => {
    const [opening = '', closing = ''] = pair;
    const push = (text: string) => pushText(emptySentenceCutter, text).sentences;
    expect(push('他说不行。')).toEqual(['他说不行。']);
    expect(push(`他说${opening}不行。`)).toEqual([]);
    expect(push(`他说${opening}不行${closing}了。`)).toEqual([`他说${opening}不行${closing}了。`]);
  });
});
