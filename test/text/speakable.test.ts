import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { initialSpeakable, speak, toSpeakable } from '../../src/text/speakable.ts';

/** The speech of the pieces of one answer. */
function speakAll(pieces: readonly string[]): string[] {
  let state = initialSpeakable;
  return pieces.map((piece) => {
    const spoken = speak(state, piece);
    state = structuredClone(spoken.state);
    return spoken.speech;
  });
}

describe('one sentence', () => {
  test.each([
    ['Hello there.', 'Hello there.'],
    ['  Hello\u00a0 there.  ', 'Hello there.'],
    ["Don't worry, it's 5 o’clock.", "Don't worry, it's 5 o’clock."],
    ['It costs $3.50, €5, £6, 7 ₽ or 100 %.', 'It costs $3.50, €5, £6, 7 ₽ or 100 %.'],
    ['Привет, это «Сафари» — ёлки!', 'Привет, это «Сафари» — ёлки!'],
    ['你好，世界。', '你好，世界。'],
    ['3.14 and 192.168.1.1 and v2.0.1', '3.14 and 192.168.1.1 and v2.0.1'],
    ['AT&T is at 5 p.m. & more', 'AT&T is at 5 p.m. & more'],
    ['joe@example.com and example.com', 'joe@example.com and example.com'],
    ['1 + 1 = 2, 3 / 4', '1 + 1 = 2, 3 / 4'],
    ['2 * 3 is 6', '2 × 3 is 6'],
    ['№5, §3, 20 °C', '№5, §3, 20 °C'],
    ['Take #1, C# and #winning', 'Take #1, C# and winning'],
    ['e\u0301te\u0301', 'e\u0301te\u0301'],
    ['**Bold**, *it*, __bold__, _it_, ~~gone~~.', 'Bold, it, bold, it, gone.'],
    ['***Both*** of **them**!', 'Both of them!'],
    ['(**Note**): read.', '(Note): read.'],
    ['snake_case stays', 'snake_case stays'],
    ['# Title', 'Title'],
    ['###### Deep title', 'Deep title'],
    ['- Milk', 'Milk'],
    ['* Milk', 'Milk'],
    ['• Milk', 'Milk'],
    ['- [x] Milk', 'Milk'],
    ['> Quoted', 'Quoted'],
    ['> > - Nested', 'Nested'],
    ['1. First', '1. First'],
    ['---', ''],
    ['***', ''],
    ['* * *', ''],
    ['See [the docs](https://a.b/c_(d)) now.', 'See the docs now.'],
    ['See [the docs](https://a.b "Title").', 'See the docs.'],
    ['See [the docs][1].', 'See the docs.'],
    ['![A cat](cat.png) sits.', 'A cat sits.'],
    ['True.[^1]', 'True.'],
    ['See <https://a.b/c>.', 'See.'],
    ['See https://a.b/c?d=e&f=g#h.', 'See.'],
    ['See (www.example.com), please.', 'See, please.'],
    ['https://example.com', ''],
    ['Run `npm ci` now.', 'Run npm ci now.'],
    ['Line<br>break <b>bold</b>.', 'Line break bold.'],
    ['Fish &amp; chips&nbsp;&lt;3', 'Fish & chips 3'],
    ['Great job! 🎉👨‍👩‍👧🇩🇪👍🏽❤️', 'Great job!'],
    ['Press 1️⃣ now', 'Press 1 now'],
    ['🎉', ''],
    ['...', ''],
    ['!?', ''],
    ['', ''],
    ['   \n ', ''],
    ['A → B ■ C', 'A B C'],
    ['zero\u200bwidth\ufeff and soft\u00adhyphen', 'zerowidth and softhyphen'],
    ['bell\u0007 rings', 'bell rings'],
    ['\\*not bold\\*', 'not bold'],
    ['{curly} [square] |bar|', 'curly square bar'],
    ['| Name | Age |', ''],
    ['|---|:--:|', ''],
    ['--- | ---', ''],
    ['```js', ''],
    ['```js\nconst a = 1;\n```', ''],
    ['Run:\n```sh\nnpm ci\n```\nThen wait.', 'Run: Then wait.'],
    ['~~~\ncode\n~~~\nText', 'Text'],
    ['- Milk\n- Eggs\n- Bread', 'Milk. Eggs. Bread'],
    ['# Title\n\nText here.', 'Title. Text here.'],
    ['One line\nof text', 'One line of text'],
    ['A paragraph\n\nAnother one', 'A paragraph. Another one'],
    ['Before:\n| a | b |\n|---|---|\nAfter.', 'Before: After.'],
    ['Bad \ud83d half', 'Bad half'],
  ])('%j', (sentence, speech) => {
    expect(toSpeakable(sentence)).toBe(speech);
  });
});

describe('an answer in pieces', () => {
  test('a code block is silent over all its pieces, and the text after it is not', () => {
    expect(speakAll(['Run this:', '\n```sh\nnpm install', '\nnode main.js', '\n```\nThen wait.', ' Good.'])).toEqual([
      'Run this:',
      '',
      '',
      'Then wait.',
      'Good.',
    ]);
  });

  test('tildes inside a block of backticks do not end it', () => {
    expect(speakAll(['```\na', '\n~~~\nb', '\n```', '\nText'])).toEqual(['', '', '', 'Text']);
  });

  test('a table row that was cut is silent to its end', () => {
    expect(speakAll(['| A. | one.', ' Two | three |', '\n| x | y |', '\nText.'])).toEqual(['', '', '', 'Text.']);
  });

  test('a piece in the middle of a line has no block marks', () => {
    expect(speakAll(['Five is more.', ' - 3 is less.'])).toEqual(['Five is more.', '- 3 is less.']);
  });

  test('the same pieces give the same speech, and the first state is never changed', () => {
    const pieces = ['```', 'a', '```'];
    expect(speakAll(pieces)).toEqual(speakAll(pieces));
    expect(Object.isFrozen(initialSpeakable)).toBe(true);
  });
});

describe('any text', () => {
  test('gives trimmed speech without double spaces, and words or nothing', () => {
    const parts = fc.constantFrom(
      '[',
      '](',
      ')',
      '**',
      '_',
      '`',
      '```',
      '~~~',
      '\n',
      '|',
      '#',
      'https://a',
      '<',
      '>',
      ' ',
      'word',
      '🎉',
      '\\',
      '&amp;',
    );
    fc.assert(
      fc.property(fc.array(fc.oneof(parts, fc.string({ unit: 'binary', maxLength: 3 }))), (pieces) => {
        const speech = toSpeakable(pieces.join(''));
        expect(speech).toBe(speech.trim());
        expect(speech).not.toMatch(/\s{2}|[\n\t`|\\]/);
        expect(speech === '' || /[\p{L}\p{N}]/u.test(speech)).toBe(true);
        expect(speech.isWellFormed()).toBe(true);
      }),
      { numRuns: 500 },
    );
  });

  test.each([
    '[',
    '[a](',
    '[a](b "',
    '![',
    '<a',
    '_',
    'a_',
    '*',
    '`',
    '~',
    '(',
    '" ',
    '&',
    'http://',
    'a\n',
    '|',
    '\\',
    '#',
    ' ',
    '((',
    '- ',
    '> ',
    '[^',
    '\u200d',
    '🎉',
    '1 * ',
  ])('a hundred thousand of %j cost about ten times ten thousand', (unit) => {
    const time = (chars: number): number => {
      const text = unit.repeat(Math.ceil(chars / unit.length));
      const start = process.cpuUsage();
      toSpeakable(text);
      const used = process.cpuUsage(start);
      return (used.user + used.system) / 1000;
    };
    time(10_000);
    const small = Math.min(time(10_000), time(10_000));
    const large = Math.min(time(100_000), time(100_000));
    // Quadratic would be a factor of 100 on top of at least some milliseconds; CPU time, so that no neighbour counts.
    expect(large).toBeLessThan(40 * small + 200);
  });
});

test('a plain sentence takes a short way that says the same: a zero-width space sends it the long one', () => {
  const word = fc.constantFrom(
    'It',
    'is',
    'a',
    'well-known',
    "don't",
    'Привет',
    'ёж',
    'x1',
    '45',
    '2026',
    'www',
    'http',
    'e',
  );
  const gap = fc.constantFrom(' ', ', ', '; ', ': ', '. ', '! ', '? ', '-', "'");
  const sentence = fc
    .tuple(fc.constantFrom('', ' '), fc.array(fc.tuple(word, gap), { minLength: 1, maxLength: 12 }), word)
    .map(([lead, pairs, last]) => `${lead}${pairs.flat().join('')}${last}`);
  fc.assert(
    fc.property(sentence, fc.constantFrom('', '.', '!', '?'), fc.boolean(), (words, stop, isLineOpen) => {
      const state = { ...initialSpeakable, isLineOpen };
      expect(speak(state, words + stop)).toEqual(speak(state, `\u200b${words}${stop}`));
    }),
    { numRuns: 2_000 },
  );
});
