import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  emptySentenceCutter,
  everySentence,
  finishText,
  hardCapChars,
  pushText,
  type SentenceCutter,
  settleQuiet,
} from '../../../src/text/sentence-cutter.ts';
import { quietWaitMs } from '../../../src/text/sentence-quiet.ts';
import { runs } from '../../support/runs.ts';
import { charactersTouched } from '../../support/text/counted-work.ts';
import { places, split, tricky } from './answer-texts.ts';
import { heldOutAnswers, sentenceCases, sentenceCorpus, sentenceMisses } from './sentence-corpus.ts';

/** The pieces of a text that comes in these deltas, the state going through JSON after each as in a saved context. */
function cutDeltas(deltas: readonly string[]): string[] {
  let cutter: SentenceCutter = emptySentenceCutter;
  const pieces: string[] = [];
  for (const delta of deltas) {
    const pushed = pushText(cutter, delta);
    pieces.push(...pushed.sentences);
    cutter = structuredClone(pushed.cutter);
  }
  return [...pieces, ...finishText(cutter).sentences];
}

const cut = (text: string) => cutDeltas([text]);
const push = (text: string) => pushText(emptySentenceCutter, text);
const units = (text: string) => text.split('');

/** Where the sentences of a text end if none is too short for a piece, as offsets in the text, its own end left out. */
function endsOf(text: string): number[] {
  const pushed = pushText(emptySentenceCutter, text, everySentence);
  let end = 0;
  const ends = [...pushed.sentences, ...finishText(pushed.cutter, everySentence).sentences].map((sentence) => {
    end += sentence.length;
    return end;
  });
  return ends.filter((each) => each < text.length);
}

const everyText = [...sentenceCases, ...sentenceMisses, ...heldOutAnswers].map(({ text }) => text);

describe('the corpus', () => {
  test.each([
    ['en', 140],
    ['ru', 80],
    ['de', 30],
    ['es', 25],
    ['zh', 20],
    ['ja', 10],
  ])('of %s has at least %d different texts', (language, atLeast) => {
    const texts = sentenceCases.filter((each) => each.language === language).map(({ text }) => text);
    expect(new Set(texts).size).toBeGreaterThanOrEqual(atLeast);
  });

  test.each(sentenceCorpus)('is cut as expected, in one delta, unit by unit and in pairs: %j', (text, pieces) => {
    expect(cut(text)).toEqual(pieces);
    expect(cutDeltas(units(text))).toEqual(pieces);
    expect(cutDeltas(text.match(/[\s\S]{1,2}/g) ?? [])).toEqual(pieces);
    expect(pieces.join('')).toBe(text.trim());
  });

  test('Sentence cutter 1, 2: is cut the same under every chunking, and comes back whole', () => {
    fc.assert(
      fc.property(fc.constantFrom(...everyText), places, (text, cuts) => {
        const pieces = cutDeltas(split(text, cuts));
        expect(pieces).toEqual(cut(text));
        expect(pieces.join('')).toBe(text.trim());
      }),
      { numRuns: runs(1_000) },
    );
  });

  test('Sentence cutter 2: comes apart the same as one long answer, whatever the chunking', () => {
    const answer = everyText.join('\n');
    expect(cutDeltas(units(answer))).toEqual(cut(answer));
    expect(cut(answer).join('')).toBe(answer.trim());
  });

  test('has its sentences one by one where none is too short, each end where a reader sees one', () => {
    for (const { text, ends, unsure } of sentenceCases) {
      expect([text, endsOf(text).filter((end) => !unsure.includes(end))]).toEqual([text, ends]);
    }
  });

  test.each(sentenceMisses)('lists as a miss only what is cut wrong: $text', ({ text, ends }) => {
    expect(endsOf(text)).not.toEqual(ends);
  });
});

describe('Sentence cutter 4: the minimum', () => {
  const wordsOf = (piece: string) => piece.match(/[\p{L}\p{N}\p{M}]+/gu) ?? [];

  test.each([
    ['Yes. It is so.', ['Yes. It is so.']],
    ['Oh yes. It is so.', ['Oh yes.', ' It is so.']],
    ['Congratulation. It is so.', ['Congratulation.', ' It is so.']],
    ['Congratulatio. It is so.', ['Congratulatio. It is so.']],
    ['Oh yes. It is. He is here.', ['Oh yes.', ' It is. He is here.']],
    ['Oh yes. It is so. He is here.', ['Oh yes.', ' It is so.', ' He is here.']],
    ['Oh yes. Congratulation. He is here.', ['Oh yes.', ' Congratulation.', ' He is here.']],
    ['Oh yes. Congratulatio. He is here.', ['Oh yes.', ' Congratulatio. He is here.']],
  ])('of the first piece is 2 words or 15 characters, of later ones 3 words or 15: %j', (text, pieces) => {
    expect(cut(text)).toEqual(pieces);
  });

  test('holds for every piece but the last one', () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom(...everyText), { minLength: 1, maxLength: 5 }), (texts) => {
        for (const [index, piece] of cut(texts.join(' ')).slice(0, -1).entries()) {
          const isLong = piece.trimStart().length >= 15;
          if (!isLong && !/[\u3000-\u9fff\uac00-\ud7a3]/.test(piece))
            expect([piece, wordsOf(piece).length >= (index === 0 ? 2 : 3)]).toEqual([piece, true]);
        }
      }),
      { numRuns: runs(300) },
    );
  });
});

describe('any text', () => {
  test('Sentence cutter 1: comes back whole, only its two ends trimmed', () => {
    fc.assert(
      fc.property(fc.oneof(tricky, fc.string({ unit: 'binary', maxLength: 2000 })), (text) => {
        expect(cut(text).join('')).toBe(text.trim());
      }),
      { numRuns: runs(500) },
    );
  });

  test('Sentence cutter 2, 8: is cut by its characters, not by its deltas', () => {
    fc.assert(
      fc.property(tricky, places, (text, cuts) => {
        expect(cutDeltas(split(text, cuts))).toEqual(cut(text));
      }),
      { numRuns: runs(500) },
    );
  });

  test('Sentence cutter 1, 3: gives no blank piece, none with white space at its end, none over the cap', () => {
    const long = fc.array(tricky, { minLength: 1, maxLength: 6 }).map((parts) => parts.join(''));
    fc.assert(
      fc.property(long, (text) => {
        for (const piece of cut(text)) {
          expect(piece.trim()).not.toBe('');
          expect(piece).toBe(piece.trimEnd());
          expect(piece.trimStart().length).toBeLessThanOrEqual(hardCapChars);
        }
      }),
      { numRuns: runs(300) },
    );
  });

  test('Sentence cutter 1: is lossless also when silences fall anywhere, and quietWaitMs foretells what they do', () => {
    fc.assert(
      fc.property(tricky, places, (text, cuts) => {
        let cutter = emptySentenceCutter;
        const pieces: string[] = [];
        for (const delta of split(text, cuts)) {
          const pushed = pushText(cutter, delta);
          const settled = settleQuiet(pushed.cutter);
          expect(settled.sentences.length > 0).toBe(quietWaitMs(pushed.cutter) !== null);
          expect(settleQuiet(settled.cutter).sentences).toEqual([]);
          pieces.push(...pushed.sentences, ...settled.sentences);
          cutter = settled.cutter;
        }
        pieces.push(...finishText(cutter).sentences);
        expect(pieces.join('')).toBe(text.trim());
        expect(pieces.every((piece) => piece.trim() !== '')).toBe(true);
      }),
      { numRuns: runs(500) },
    );
  });

  test('Sentence cutter 3: never tears a surrogate pair', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', minLength: 200, maxLength: 1500 }), (text) => {
        for (const piece of cut(text)) expect(piece.isWellFormed()).toBe(true);
      }),
    );
  });
});

describe('Sentence cutter 5: early', () => {
  test('a sentence is out with the first character of the next one', () => {
    expect(push('Hello there. ').sentences).toEqual([]);
    expect(push('Hello there. H').sentences).toEqual(['Hello there.']);
    expect(push('Nice one! "').sentences).toEqual([]);
    expect(push('Nice one! "Y').sentences).toEqual(['Nice one!']);
  });

  test('a line break and a full stop of the dense scripts need no next character', () => {
    expect(push('Hello there\n').sentences).toEqual(['Hello there']);
    expect(push('你好。').sentences).toEqual(['你好。']);
  });

  test('the other stops of the dense scripts, and their closing quotes, need the next character', () => {
    for (const text of ['你好！', '你好？！', '“你好。', '“你好。”', '他说"你好。', '他说"你好。"']) {
      expect(push(text).sentences).toEqual([]);
      expect(settleQuiet(push(text).cutter).sentences).toEqual([text]);
    }
    expect(push('你好？！我').sentences).toEqual(['你好？！']);
    expect(push('他说：“你好。”我').sentences).toEqual(['他说：“你好。”']);
    expect(push('他说"你好。"我').sentences).toEqual(['他说"你好。"']);
    expect(push('“你好。”他').sentences).toEqual([]);
    expect(push('“你好。”，').sentences).toEqual([]);
  });

  test.each([
    'Hello there.',
    'Hello. ',
    'Hi!',
    'What?!',
    'Well...',
    'Ну… ',
    '"Stop!"',
    'Привет.',
    'Steps:\n',
    '「你好。',
  ])('a silence after %j makes it a piece, whatever its length', (text) => {
    const { cutter, sentences } = push(text);
    expect(sentences).toEqual([]);
    expect(quietWaitMs(cutter)).not.toBe(null);
    expect(settleQuiet(cutter).sentences).toEqual([text.trim()]);
  });

  test.each([
    '',
    'Hello',
    'Hello,',
    'It is Dr.',
    'It costs 3.',
    'This is v2.0.',
    'See e.g.',
    'In the U.S.',
    'At 5 p.m.',
    'Это т. е.',
    'Дом на ул.',
    'В 2024 г.',
    'Стоит 5 руб.',
    'John F.',
    'Go to example.com.',
    'https://example.com/a.',
    '1.',
    'Hello. W',
    'No.',
    '...',
    '---\n',
  ])('a silence after %j changes nothing: it may go on', (text) => {
    const { cutter } = push(text);
    expect(quietWaitMs(cutter)).toBe(null);
    expect(settleQuiet(cutter)).toEqual({ cutter, sentences: [] });
  });

  test('after a silence the answer goes on without a loss', () => {
    const first = settleQuiet(push('Sure. ').cutter);
    expect(first.sentences).toEqual(['Sure.']);
    const next = pushText(first.cutter, ' Here it is.');
    expect(finishText(next.cutter).sentences).toEqual(['  Here it is.']);
  });
});

describe('Sentence cutter 3: a sentence without an end', () => {
  const words = (count: number, word: string) => Array.from({ length: count }, () => word).join(' ');

  test('is cut at the last clause mark before the cap', () => {
    const clause = `${words(20, 'seven')}, `;
    const pieces = cut(clause + words(60, 'eight'));
    expect(pieces[0]).toBe(clause.trimEnd());
  });

  test('is cut at a stop that was not sure rather than at a clause mark', () => {
    const pieces = cut(`${words(20, 'seven')}. then, ${words(60, 'eight')}`);
    expect(pieces[0]).toBe(`${words(20, 'seven')}.`);
  });

  test('is cut at white space where it has no marks', () => {
    for (const piece of cut(words(200, 'word'))) expect(piece).toMatch(/^ ?word( word)*$/);
  });

  test('is cut at the cap where it has no white space', () => {
    expect(cut('a'.repeat(hardCapChars * 2 + 1)).map((piece) => piece.length)).toEqual([hardCapChars, hardCapChars, 1]);
  });

  test.each(['👨‍👩‍👧‍👦', '🇩🇪', 'e\u0301\u0302', '👍🏽', '❤️'])('keeps %s whole at the cap', (cluster) => {
    for (let offset = 0; offset < 12; offset += 1) {
      const pieces = cut('a'.repeat(offset) + cluster.repeat(150));
      expect(pieces.length).toBeGreaterThan(1);
      for (const piece of pieces) expect(piece.replace(/^a+(?!\u0301)/, '').replaceAll(cluster, '')).toBe('');
    }
  });
});

describe('Sentence cutter 6: state', () => {
  test('pending never outgrows the cap', () => {
    for (const text of ['a', 'a ', '. ', '“。', ' ', '! (']) {
      let cutter = emptySentenceCutter;
      for (const unit of units(text.repeat(600))) {
        cutter = pushText(cutter, unit).cutter;
        expect(cutter.pending.length).toBeLessThanOrEqual(hardCapChars + 1);
      }
    }
  });

  test('counts what was emitted, and the initial state is never changed', () => {
    const { cutter } = push('Hello there. How are you? I');
    expect(cutter.cutCount).toBe(2);
    expect(cutter.pending).toBe('I');
    expect(emptySentenceCutter.cutCount).toBe(0);
    expect(Object.isFrozen(emptySentenceCutter)).toBe(true);
  });

  test.each([
    ['one letter', 'a'],
    ['stops', '.'],
    ['stops and spaces', '. '],
    ['spaces', ' '],
    ['openers after a stop', 'A. ( '],
    ['initials', 'A. '],
    ['dense stops in quotes', '“。'],
    ['combining marks', '\u0301'],
    ['joiners', '👨\u200d'],
    ['clauses', 'a, '],
    ['line breaks', 'a\n'],
    ['waiting words', '5. Abcdefgh '],
  ])('the work for an answer of %s is a bounded number of looks at each character', (_name, unit) => {
    const small = workPerUnit(unit.repeat(Math.ceil(4_000 / unit.length)));
    const large = workPerUnit(unit.repeat(Math.ceil(32_000 / unit.length)));
    expect(large).toBeLessThan(small * 1.1);
    expect(large).toBeLessThan(150);
  });
});

/** Characters looked at or copied for each character of the text, counted at the methods of String that do it. */
function workPerUnit(text: string): number {
  const touched = charactersTouched(['codePointAt', 'charCodeAt', 'charAt', 'slice'], () => {
    let cutter = emptySentenceCutter;
    for (let start = 0; start < text.length; start += 7) {
      cutter = pushText(cutter, text.substring(start, start + 7)).cutter;
    }
    finishText(cutter);
  });
  return touched / text.length;
}
