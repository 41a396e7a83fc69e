import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { initialSpeakable, speak, toSpeakable } from '../../../src/text/speakable.ts';
import { runs } from '../../support/runs.ts';
import { spokenSentences } from './speakable-corpus.ts';

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
  test.each(spokenSentences)('%j', (sentence, speech) => {
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

describe('no word is eaten', () => {
  const word = fc.constantFrom('alpha', 'Beta', 'x', 'value', 'слово', 'well-known', 'it', '5', '3.14', 'f(x)');
  const sign = fc.constantFrom(
    ...'< > <= >= != == = + - * / ^ ~ | & % # $ @ _ [ ] { } ( ) " \' : ; , . ! ? -> => << >> ± × √ →'.split(' '),
  );
  const gap = fc.constantFrom('', ' ', ' ', ' ');
  const letters = (text: string) => text.replaceAll(/[^\p{L}]/gu, '');

  test('whatever signs stand between words, all letters are said in their order', () => {
    const parts = fc.array(fc.tuple(word, gap, sign), { minLength: 1, maxLength: 12 });
    fc.assert(
      fc.property(parts, word, (some, last) => {
        const text = `Say ${some.map(([said, space, mark]) => `${said}${space}${mark} `).join('')}${last}`;
        expect(letters(toSpeakable(text))).toBe(letters(text));
      }),
      { numRuns: runs(3_000) },
    );
  });

  test.each('< > <= >= != + = ^ × ± ÷ * & /'.split(' '))('%s between numbers is said', (mark) => {
    for (const space of ['', ' ']) {
      const said = toSpeakable(`So 5${space}${mark}${space}3 it is.`);
      expect(said).toBe(`So 5${space}${mark === '*' ? '×' : mark}${space}3 it is.`);
    }
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
      { numRuns: runs(500) },
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
    '[1]',
    '[1, ',
    '【',
    '\ue200',
    'turn0a',
    '<a b ',
    'a <i> a ',
    'x*y',
    '~a',
    '<a b="',
    '<!--',
    '<sup>',
    '$',
    '\\frac{',
    '{',
    'x < ',
    'A > ',
    'A >',
    '==a',
    '~1',
    'x^',
    '^{',
    '```a',
    '&#1',
    '¹',
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
    { numRuns: runs(2_000) },
  );
});

describe('addresses and entities', () => {
  test.each([
    ['<https://example.com/a,>'],
    ['<http://example.com/a,>'],
    [`<mailto:${'a'.repeat(300)}@example.com>`],
    ['https://example.com/a'],
    ['http://example.com/a'],
    ['ftp://example.com/a'],
    ['www.example.com'],
  ])('%s is not said', (address) => {
    expect(toSpeakable(`See ${address} for **more**.`)).toBe('See for more.');
  });

  test.each([
    ['&amp;', 'a & b'],
    ['&lt;', 'a < b'],
    ['&gt;', 'a > b'],
    ['&quot;', 'a " b'],
    ['&apos;', "a ' b"],
    ['&#39;', "a ' b"],
    ['&nbsp;', 'a b'],
    ['&zork;', 'a &zork; b'],
  ])('%s is said as the character that it stands for', (entity, said) => {
    expect(toSpeakable(`a ${entity} b`)).toBe(said);
  });
});
