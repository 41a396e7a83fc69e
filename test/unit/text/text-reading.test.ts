/** Guarantees of reading a given text slice by slice: the sentences of the whole, bounded turns, linear cost. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { emptySentenceCutter, finishText, pushText } from '../../../src/text/sentence-cutter.ts';
import { initialSpeakable, speak } from '../../../src/text/speakable.ts';
import { greetingFor, readSlice, startReading, type TextReading } from '../../../src/text/text-reading.ts';
import { startStopwatch } from '../../support/stopwatch.ts';

/** Every slice of a reading: what it gave, and the reading after it. */
function slicesOf(text: string): { sentences: readonly string[]; reading: TextReading }[] {
  const slices = [];
  let reading = startReading(text);
  while (!reading.isFinished) {
    const slice = readSlice(reading);
    slices.push(slice);
    reading = slice.reading;
  }
  return slices;
}

const sentencesOf = (text: string): readonly string[] => slicesOf(text).flatMap(({ sentences }) => sentences);

/** The same without slices. */
function spokenAtOnce(text: string): readonly string[] {
  const pushed = pushText(emptySentenceCutter, text);
  let state = initialSpeakable;
  return [...pushed.sentences, ...finishText(pushed.cutter).sentences].flatMap((sentence) => {
    const spoken = speak(state, sentence);
    state = spoken.state;
    return spoken.speech === '' ? [] : [spoken.speech];
  });
}

describe('the sentences', () => {
  test('are those of the whole text, cleaned for the ear', () => {
    expect(sentencesOf('# Hello there\nThis is **bold**. 🙂🙂🙂\n\nAnd `code` is read, too.')).toEqual([
      'Hello there',
      'This is bold.',
      'And code is read, too.',
    ]);
  });

  test('do not depend on where the slices are', () => {
    const word = fc.constantFrom(
      'Some',
      'words',
      'and.',
      'More!',
      'т. е.',
      '3.14',
      '🙂',
      '**',
      '\n',
      '```\n',
      '| a |\n',
      '。你好',
    );
    fc.assert(
      fc.property(fc.array(word, { minLength: 1, maxLength: 3000 }), (words) => {
        const text = words.join(' ');
        expect(sentencesOf(text)).toEqual(spokenAtOnce(text));
      }),
      { numRuns: 60 },
    );
  });

  test.each(['', ' \n\t ', '🙂🙂', '```\ncode\n```'])('of %j are none, and the reading ends', (text) => {
    expect(sentencesOf(text)).toEqual([]);
  });
});

describe('a slice', () => {
  const text = 'Another sentence is here. '.repeat(50_000);

  test('gives a bounded number of sentences and leaves little behind', () => {
    const slices = slicesOf(text);
    expect(slices.length).toBeGreaterThan(500);
    for (const { sentences, reading } of slices) {
      expect(sentences.length).toBeLessThan(200);
      expect(JSON.stringify({ ...reading, text: '' }).length).toBeLessThan(2_000);
    }
  });

  test('of a text that was read already gives nothing', () => {
    const { reading } = readSlice(startReading('Hello there.'));
    expect(readSlice(reading)).toEqual({ reading, sentences: [] });
  });

  test('costs the same at the end of a long text as at its beginning', () => {
    const costs = slicesOf('Yet another one. '.repeat(100_000)).length;
    expect(costs).toBe(Math.ceil(1_700_000 / 2048));
    const timeOf = (length: number) => {
      const long = 'Yet another one. '.repeat(length);
      const elapsedMs = startStopwatch();
      slicesOf(long);
      return elapsedMs() / length;
    };
    // Collecting garbage makes one slower, and nothing makes one faster than it is.
    const bestOf = (length: number) => Math.min(timeOf(length), timeOf(length), timeOf(length));
    const [short, long] = [bestOf(5_000), bestOf(100_000)];
    expect(long).toBeLessThan(5 * short);
  });
});

describe('the greeting', () => {
  test.each(['ru', 'ru-RU', 'RU', 'ru_RU.UTF-8', ' ru ', 'rus', 'Russian', 'рус', 'русский'])(
    'is Russian for %s',
    (language) => {
      expect(greetingFor(language)).toMatchObject({ language: 'ru', text: expect.stringMatching(/^Здравствуйте!/) });
    },
  );

  test.each(['', 'en', 'en-US', 'de', 'run', 'rumantsch', '-', '-ru', 'x'.repeat(128)])(
    'is English for "%s"',
    (language) => {
      expect(greetingFor(language)).toMatchObject({ language: 'en', text: expect.stringMatching(/^Hello!/) });
    },
  );
});
