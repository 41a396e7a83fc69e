/** Guarantees of the count of sentences that were spoken and that were synthesised for nothing. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { SentenceSounds } from '../../../src/actors/figures/sentence-sounds.ts';

describe('a sentence', () => {
  test('is spoken once any of its sound was sent, wasted if there is sound and none was, neither without sound', () => {
    const sounds = new SentenceSounds();
    const [first, second, third, fourth] = [0, 1, 2, 3].map((segment) => sounds.begin(segment));
    first?.give(100);
    first?.handOver(100);
    second?.give(80);
    second?.handOver(50);
    third?.give(40);
    fourth?.give(0);
    expect(sounds.tally(100)).toEqual({ givenBytes: 220, spoken: 1, wasted: 2 });
    expect(sounds.tally(101)).toEqual({ givenBytes: 220, spoken: 2, wasted: 1 });
    expect(sounds.tally(150)).toEqual({ givenBytes: 220, spoken: 2, wasted: 1 });
    expect(sounds.tally(0)).toEqual({ givenBytes: 220, spoken: 0, wasted: 3 });
  });

  test('that is tried again is one sentence, with the sound of all tries', () => {
    const sounds = new SentenceSounds();
    sounds.begin(0).give(40);
    const again = sounds.begin(0);
    again.give(60);
    again.handOver(60);
    expect(again.tries).toBe(2);
    expect(sounds.tally(60)).toEqual({ givenBytes: 100, spoken: 1, wasted: 0 });
  });
});

test('for any sounds and any reader, what was let go of is counted as if it were still there', () => {
  const sentence = fc.record({
    given: fc.array(fc.integer({ min: 0, max: 50 }), { maxLength: 4 }),
    /** How much of it came before the stream went on. */
    share: fc.double({ min: 0, max: 1, noNaN: true }),
    /** How much of what the outbox has was sent when the next turn came. */
    sent: fc.double({ min: 0, max: 1, noNaN: true }),
  });
  fc.assert(
    fc.property(fc.array(sentence, { maxLength: 12 }), (sentences) => {
      const kept = new SentenceSounds();
      const cleared = new SentenceSounds();
      let handedOver = 0;
      let sent = 0;
      for (const [segment, { given, share, sent: taken }] of sentences.entries()) {
        cleared.turnCame(segment, sent);
        const total = given.reduce((sum, bytes) => sum + bytes, 0);
        const out = Math.round(total * share);
        for (const sounds of [kept, cleared]) {
          const sound = sounds.begin(segment);
          for (const bytes of given) sound.give(bytes);
          sound.handOver(out);
        }
        handedOver += out;
        sent = Math.max(sent, Math.round(handedOver * taken));
        expect(cleared.tally(sent)).toEqual(kept.tally(sent));
      }
      expect(cleared.held).toBeLessThanOrEqual(kept.held);
    }),
  );
});

test('however many sentences a stream has, those that are sent are let go of', () => {
  const sounds = new SentenceSounds();
  let sent = 0;
  let most = 0;
  for (let segment = 0; segment < 10_000; segment += 1) {
    // Two are synthesised ahead, as with SPEECH_LOOKAHEAD=2.
    const sound = sounds.begin(segment);
    sound.give(4096);
    const turn = segment - 2;
    if (turn < 0) continue;
    sounds.turnCame(turn, sent);
    sounds.begin(turn).handOver(4096);
    // The reader is a sentence behind.
    sent = turn * 4096;
    most = Math.max(most, sounds.held);
  }
  expect(most).toBe(4);
  expect(sounds.tally(sent)).toEqual({ givenBytes: 10_000 * 4096, spoken: 9_997, wasted: 3 });
});
