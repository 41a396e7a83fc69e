/** Guarantees of what a stream counts as sent: when sound is first heard, and how much silence came before. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { SentFrames, silentBytesBefore } from '../../../src/actors/outbox/outbox.ts';

/** PCM of these samples. */
function pcm(...samples: readonly number[]): Uint8Array {
  const bytes = new Uint8Array(samples.length * 2);
  const view = new DataView(bytes.buffer);
  for (const [index, sample] of samples.entries()) view.setInt16(index * 2, sample, true);
  return bytes;
}

describe('silence', () => {
  test.each([
    ['nothing', [], null],
    ['zeros', [0, 0, 0], null],
    ['noise below -60 dB of full scale', [32, -32, 1, -1], null],
    ['the first sample above it', [0, 33], 2],
    ['the same below zero', [0, 0, -33], 4],
    ['the loudest samples', [-32_768, 32_767], 0],
    ['a sample that the other order of bytes would make silent', [0x2000], 0],
  ])('ends where it is heard: %s', (_, samples, expected) => {
    expect(silentBytesBefore(pcm(...samples))).toBe(expected);
  });

  test('is found at any place in memory, and in any sound as a plain search finds it', () => {
    const samples = fc.array(fc.oneof(fc.integer({ min: -40, max: 40 }), fc.integer({ min: -32_768, max: 32_767 })));
    fc.assert(
      fc.property(samples, fc.integer({ min: 0, max: 3 }), (sound, shift) => {
        const bytes = pcm(...sound);
        const shifted = new Uint8Array(bytes.length + shift).subarray(shift);
        shifted.set(bytes);
        const first = sound.findIndex((sample) => Math.abs(sample) > 32);
        expect(silentBytesBefore(shifted)).toBe(first === -1 ? null : first * 2);
      }),
    );
  });
});

describe('the first sound', () => {
  function counted() {
    const clock = { ms: 0 };
    const sent = new SentFrames(() => clock.ms);
    const send = (bytes: Uint8Array) => {
      clock.ms += 10;
      sent.count({ kind: 'audio', bytes });
    };
    return { sent, send };
  }

  test('is told when the frame with its first sample leaves, with all silence before it', () => {
    const { sent, send } = counted();
    send(pcm(0, 1, 0, -1));
    expect(sent.tally()).toMatchObject({ firstAudioAtMs: 10, firstSoundAtMs: null, leadingSilenceBytes: null });
    send(pcm(0, 0, 500));
    expect(sent.tally()).toMatchObject({ firstAudioAtMs: 10, firstSoundAtMs: 20, leadingSilenceBytes: 12 });
  });

  test('is looked for no longer once it was found', () => {
    const { sent, send } = counted();
    send(pcm(500));
    const unseen = new Uint8Array(4096);
    Object.defineProperty(unseen, 'buffer', {
      get: () => {
        throw new Error('the sound was looked at');
      },
    });
    expect(() => silentBytesBefore(unseen)).toThrow('was looked at');
    send(unseen);
    expect(sent.tally()).toMatchObject({ firstSoundAtMs: 10, leadingSilenceBytes: 0, audioBytes: 4098 });
  });
});
