/** What a silence costs in wrong cuts: every text of the corpora, token by token, as if the model paused behind each. */
import { describe, expect, test } from 'vitest';
import { emptySentenceCutter, pushText, type SentenceCutter, settleQuiet } from '../../../src/text/sentence-cutter.ts';
import { quietWaitMs } from '../../../src/text/sentence-quiet.ts';
import { heldOutAnswers, type SentenceCase, sentenceCases, sentenceMisses } from './sentence-corpus.ts';

/** As the tokenisers of most models cut: the white space in front of a word belongs to it, `.com` is one token, `."` another. */
const token = /[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s+/gu;

interface Place {
  readonly waitMs: number;
  readonly isEnd: boolean;
  readonly text: string;
}

/** Every place of `sentence` where a silence would cut; the white space behind a stop in a delta of its own, or with the next word. */
function placesOf({ text, ends, unsure }: SentenceCase, isSpaceSent: boolean): Place[] {
  const places: Place[] = [];
  let cutter: SentenceCutter = emptySentenceCutter;
  let length = 0;
  for (const [delta] of text.matchAll(token)) {
    const parts = isSpaceSent ? delta.split(/(?<=^\s)/) : [delta];
    for (const part of parts) {
      cutter = pushText(cutter, part).cutter;
      length += part.length;
      const waitMs = quietWaitMs(cutter);
      const end = text.slice(0, length).trimEnd().length;
      const nextStart = end + (/^\s*/.exec(text.slice(end))?.[0].length ?? 0);
      const isIn = (offset: number) => offset >= end && offset <= nextStart;
      if (waitMs === null || nextStart >= text.length || unsure.some(isIn)) continue;
      places.push({
        waitMs,
        isEnd: ends.some(isIn),
        text: `${text.slice(0, length)}|${text.slice(length, length + 9)}`,
      });
    }
  }
  return places;
}

const all = [...sentenceCases, ...sentenceMisses, ...heldOutAnswers];

function figures(isSpaceSent: boolean): Record<number, { readonly places: number; readonly wrong: number }> {
  const places = all.flatMap((each) => placesOf(each, isSpaceSent));
  return Object.fromEntries(
    [20, 80, 200].map((waitMs) => {
      const some = places.filter((place) => place.waitMs === waitMs);
      return [waitMs, { places: some.length, wrong: some.filter((place) => !place.isEnd).length }];
    }),
  );
}

describe('what the texts of the corpora would be cut into wrongly, if the model paused everywhere', () => {
  test('is at most 1 % of the places that a silence of 20 ms settles, and 4 % of those of 80 ms', () => {
    for (const isSpaceSent of [true, false]) {
      const { 20: certain, 80: likely } = figures(isSpaceSent);
      expect((certain?.wrong ?? 0) / Math.max(1, certain?.places ?? 0)).toBeLessThanOrEqual(0.01);
      expect(likely?.places).toBeGreaterThan(150);
      expect((likely?.wrong ?? 0) / (likely?.places ?? 0)).toBeLessThanOrEqual(0.04);
    }
    expect(figures(true)[20]?.places).toBeGreaterThan(150);
  });
});

describe('the silence that a text waits for', () => {
  test.each([
    ['Let me think. ', 20],
    ['Let me think.', 80],
    ['Подождите немного. ', 20],
    ['Das ist alles!  ', 20],
    ['Wir waren in Berlin. ', 80],
    ['We met Bob. ', 200],
    ['He said: "Let me think." ', 80],
    ['"Are you sure?" ', 200],
    ['— Куда ты? ', 200],
    ['Yes. ', 200],
    ['Yes!\n', 80],
    ['Title\n\n', 80],
    ['Wait... ', 200],
    ['It is 5. ', null],
    ['It is Mr. ', null],
    ['Open main.py. ', null],
    ['Let me think', null],
    ['Let me think. "', null],
  ])('is after %j: %j ms', (text, waitMs) => {
    const whole = pushText(emptySentenceCutter, text).cutter;
    let cutter = emptySentenceCutter;
    for (const unit of text) cutter = pushText(cutter, unit).cutter;
    expect([quietWaitMs(whole), quietWaitMs(cutter)]).toEqual([waitMs, waitMs]);
    for (const quietMs of [20, 80, 200]) {
      const isCut = waitMs !== null && quietMs >= waitMs;
      expect(settleQuiet(whole, quietMs).sentences).toEqual(isCut ? [text.trim()] : []);
    }
  });
});
