/** Where the sound of a WAV begins and ends: headers that lie, chunks behind the sound, files behind files; by structure, bit for bit. */
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { UnusableSound } from '../../../src/engines/speech-providers/sample-reader.ts';
import { WavReader } from '../../../src/engines/speech-providers/wav-reader.ts';
import { chunkOf, soundFile, type WavOptions, wavOf } from '../../support/providers/sound-files.ts';

/** The sound in `bytes`, which come in pieces of `size`. */
function soundIn(bytes: Buffer, size: number, hasHeader = true): Buffer {
  const reader = new WavReader(hasHeader);
  const pieces: Uint8Array[] = [];
  for (let at = 0; at < bytes.length; at += size) {
    for (const piece of reader.push(bytes.subarray(at, at + size))) pieces.push(Buffer.from(piece.bytes));
  }
  for (const piece of reader.flush()) pieces.push(piece.bytes);
  return Buffer.concat(pieces);
}

const sizes: readonly number[] = [1, 7, 64, 1000, 1 << 20];

/** Loud at its end: what is cut or added there would be heard. */
function loud(samples: number): Buffer {
  return Buffer.from(
    Int16Array.from({ length: samples }, (_, at) => 12_000 + 8000 * Math.sin(at / 7) - 9000 * Math.cos(at * at)).buffer,
  );
}

const sound = loud(1500);
const unknownLengths: readonly number[] = [0, 0xffff_ffff, 0x7fff_ffff, 0x7fff_f000, 2_000_000_000, 0x8000_0000];

function expectSound(bytes: Buffer, expected: Buffer): void {
  for (const size of sizes) expect(soundIn(bytes, size).equals(expected), `in pieces of ${size}`).toBe(true);
}

describe('behind the sound', () => {
  test.each(['C2PA', 'LIST', 'acid', 'bext', 'c2pa', 'zzzz', '_PMX', 'id3 ', 'AB12'])(
    'a chunk %s is not heard, whatever the header says of the lengths',
    (name) => {
      for (const bytes of [0, 1, 26, 1840, 20_001]) {
        const after = chunkOf(name, bytes);
        expectSound(wavOf(sound, { after }), sound);
        expectSound(wavOf(sound, { after, riffBytes: 'right' }), sound);
        for (const length of unknownLengths) {
          expectSound(wavOf(sound, { after, declaredBytes: length, riffBytes: length }), sound);
        }
      }
    },
  );

  test('a name that is no word is a chunk where the sound ends as declared', () => {
    for (const name of ['(c) ', 'a.b!', '~~~~']) {
      expectSound(wavOf(sound, { after: chunkOf(name, 50), riffBytes: 'right' }), sound);
    }
  });

  test('several chunks are not heard, padded or not', () => {
    const odd = chunkOf('LIST', 27);
    const chunks = Buffer.concat([odd, chunkOf('C2PA', 3000), chunkOf('PAD ', 5)]);
    const unpadded = Buffer.concat([odd.subarray(0, -1), chunkOf('C2PA', 300)]);
    for (const after of [chunks, unpadded]) {
      expectSound(wavOf(sound, { after, riffBytes: 'right' }), sound);
      expectSound(wavOf(sound, { after, declaredBytes: 0xffff_ffff }), sound);
    }
  });

  test('padding of sound of an odd length is not heard, before a chunk and at the end', () => {
    const odd = sound.subarray(0, 2001);
    const pad = Buffer.alloc(1);
    const after = Buffer.concat([pad, chunkOf('LIST', 26)]);
    expectSound(wavOf(odd, { bits: 8, after, riffBytes: 'right' }), odd);
    expectSound(wavOf(odd, { bits: 8, after: pad, riffBytes: 'right' }), odd);
    expectSound(wavOf(odd, { bits: 8, after: chunkOf('LIST', 26), riffBytes: 'right' }), odd);
  });

  test('padding with zeros is not heard: at the end, before a chunk, before a file', () => {
    for (const bytes of [1, 2, 3, 63, 64, 65, 100, 4096, 60_001]) {
      const zeros = Buffer.alloc(bytes);
      for (const riffBytes of ['right' as const, 36 + sound.length]) {
        expectSound(wavOf(sound, { after: zeros, riffBytes }), sound);
        expectSound(wavOf(sound, { after: Buffer.concat([zeros, chunkOf('LIST', 200)]), riffBytes }), sound);
        expectSound(
          Buffer.concat([wavOf(sound, { after: zeros, riffBytes }), wavOf(sound)]),
          Buffer.concat([sound, sound]),
        );
      }
    }
  });

  test('words are not heard', () => {
    const after = Buffer.from('{"error":{"message":"The voice was interrupted"}}');
    expectSound(wavOf(sound, { after, riffBytes: 36 + sound.length }), sound);
    const page = Buffer.from(`<html>${'<p>Gateway timeout</p>'.repeat(20)}</html>`);
    expectSound(wavOf(sound, { after: page, riffBytes: 36 + sound.length }), sound);
  });

  const smooth = Buffer.from(Int16Array.from({ length: 4000 }, (_, at) => 9000 * Math.sin(at / 15)).buffer);
  const noise = Buffer.from(
    Array.from({ length: 3000 }, (_, at) => (Math.sin(at * 12.9898) * 43_758.5453 * 256) & 255),
  );
  const field = (text: string, bytes: number) => Buffer.from(text.padEnd(bytes, '\0'), 'latin1');

  test.each<[string, Buffer]>([
    ['a tag of ID3v1', Buffer.concat([field('TAG', 3), field('A title', 30), field('Somebody', 95)])],
    ['a tag of APE', Buffer.concat([field('APETAGEX\xd0\x07', 16), Buffer.alloc(16, 1)])],
    ['a tag of ID3v2', field('ID3\x04\0\0\0\0\0\x40TIT2\0\0\0\x10\0\0\0A title', 90)],
    ['a chunk of QuickTime', Buffer.concat([field('\xa9mak\x88\x13\0\0', 8), noise])],
    ['a chunk whose name has zeros', Buffer.concat([field('ab\0\0\xf4\x01\0\0', 8), noise.subarray(0, 500)])],
    ['a chunk that would be of 4 GiB', Buffer.concat([field('LIST\xff\xff\xff\xffINFO', 12), Buffer.alloc(300, 'x')])],
    ['bytes of no order', noise],
  ])('%s is not heard, whatever it is called: it does not go on as sound does', (_, after) => {
    const wide = Buffer.from(
      Int32Array.from({ length: 2000 }, (__, at) => 5e8 * Math.sin(Math.floor(at / 2) / 15)).buffer,
    );
    expectSound(wavOf(smooth, { after, riffBytes: 'right' }), smooth);
    expectSound(wavOf(smooth, { after }), smooth);
    expectSound(wavOf(wide, { after, bits: 32, channels: 2 }), wide);
  });

  test('sound that goes on behind its declared length is heard, also where its parts do not fit together', () => {
    const other = Buffer.from(Int16Array.from({ length: 900 }, (_, at) => 7000 * Math.cos(at / 9)).buffer);
    for (const after of [smooth, other, smooth.subarray(50), Buffer.concat([Buffer.alloc(600), other])]) {
      const declaredBytes = smooth.length;
      expectSound(
        wavOf(smooth, { after, declaredBytes, riffBytes: 36 + declaredBytes }),
        Buffer.concat([smooth, after]),
      );
    }
  });

  test('words at the end of sound of unknown length are not heard', () => {
    const after = Buffer.from('{"usage":{"characters":12},"request_id":"abc"}\n');
    for (const length of unknownLengths) {
      expectSound(wavOf(smooth, { after, declaredBytes: length, riffBytes: length }), smooth);
    }
  });

  test.each(['\r\n', '\n', '\0\0\0\0', '\r\n--part\r\n\r\n'])('%j between two files is not heard', (between) => {
    const second = wavOf(smooth, { riffBytes: 'right' });
    const files = Buffer.concat([second, Buffer.from(between), second, Buffer.from(between)]);
    expectSound(files, Buffer.concat([smooth, smooth]));
  });

  test('lengths that were to be filled in later are not heard', () => {
    // A muxer that writes into a buffer that was taken away meanwhile leaves zeros and the two lengths.
    const trailer = Buffer.alloc(44);
    trailer.writeUInt32LE(36 + sound.length, 4);
    trailer.writeUInt32LE(sound.length, 40);
    const file = wavOf(sound, { after: trailer, declaredBytes: 0xffff_ffff, riffBytes: 0xffff_ffff });
    expectSound(file, sound);
    expectSound(Buffer.concat([file, file]), Buffer.concat([sound, sound]));
  });
});

describe('sound', () => {
  test.each<[string, WavOptions]>([
    ['is longer than the header of its first part says', { declaredBytes: 600, riffBytes: 636 }],
    ['is shorter than its header says', { declaredBytes: 1_000_000, riffBytes: 1_000_036 }],
    ['has a length that the RIFF does not cover', { riffBytes: 36 }],
    ['has a RIFF that counts its own head', { riffBytes: 44 + sound.length }],
    ['has no lengths at all', { declaredBytes: 0 }],
    ['has a length that no sentence has', { declaredBytes: 2_000_000_000, riffBytes: 2_000_000_036 }],
  ])('that %s is heard whole', (_, options) => {
    expectSound(wavOf(sound, options), sound);
  });

  test('that looks like a chunk on its way is heard whole', () => {
    for (const at of [0, 2, 700, 2990]) {
      const tricky = Buffer.from(sound);
      chunkOf('LIST', 100).copy(tricky, at);
      chunkOf('abcd', 4000).copy(tricky, at + 8, 0, 8);
      expectSound(wavOf(tricky, { riffBytes: 'right' }), tricky);
      for (const length of unknownLengths) expectSound(wavOf(tricky, { declaredBytes: length }), tricky);
    }
  });

  test('that is piped by a real encoder is heard to its end', () => {
    const file = soundFile('read-ffmpeg-piped');
    expectSound(file, file.subarray(-480));
  });

  test('of any bytes and lengths passes bit for bit, with a chunk or a file behind it', () => {
    const lengths = fc.constantFrom<WavOptions>(
      { riffBytes: 'right' },
      {},
      { declaredBytes: 0 },
      { declaredBytes: 0xffff_ffff, riffBytes: 0xffff_ffff },
    );
    const names = fc.constantFrom('LIST', 'C2PA', 'wxyz');
    fc.assert(
      fc.property(
        fc.uint8Array({ minLength: 2, maxLength: 300 }),
        lengths,
        names,
        fc.integer({ min: 0, max: 200 }),
        fc.integer({ min: 1, max: 80 }),
        (bytes, options, name, tailBytes, size) => {
          const whole = Buffer.from(bytes.subarray(0, bytes.length & ~1));
          const file = wavOf(whole, { ...options, after: chunkOf(name, tailBytes) });
          expect(soundIn(file, size)).toEqual(whole);
          expect(soundIn(Buffer.concat([file, file]), size)).toEqual(Buffer.concat([whole, whole]));
        },
      ),
    );
  });
});

describe('a file behind the first', () => {
  const second = loud(700);

  test.each<[string, WavOptions]>([
    ['of right lengths', { riffBytes: 'right' }],
    ['of a RIFF without a length', {}],
    ['of unknown lengths', { declaredBytes: 0xffff_ffff, riffBytes: 0xffff_ffff }],
    ['of lengths that are too large', { declaredBytes: 10_000, riffBytes: 10_036 }],
    ['of lengths just too large', { declaredBytes: sound.length + 6, riffBytes: sound.length + 42 }],
    ['of lengths that are too small', { declaredBytes: 200, riffBytes: 236 }],
    ['with chunks between', { after: chunkOf('LIST', 27), riffBytes: 'right' }],
    ['with chunks between, of unknown lengths', { after: chunkOf('C2PA', 3001), declaredBytes: 0 }],
  ])('%s goes on as sound, without its header', (_, options) => {
    const files = Buffer.concat([wavOf(sound, options), wavOf(second, { riffBytes: 'right' }), wavOf(second)]);
    expectSound(files, Buffer.concat([sound, second, second]));
  });

  test('is found in sound without a header', () => {
    const files = Buffer.concat([sound, wavOf(second)]);
    for (const size of sizes) expect(soundIn(files, size, false).equals(Buffer.concat([sound, second]))).toBe(true);
  });

  test('has its own format', () => {
    const reader = new WavReader(true);
    const files = Buffer.concat([wavOf(sound, { rateHz: 24_000 }), wavOf(second, { rateHz: 16_000, channels: 2 })]);
    const pieces = [...reader.push(files), ...reader.flush()];
    expect(new Set(pieces.map(({ format }) => format))).toEqual(
      new Set([
        { sampleRateHz: 24_000, channels: 1, encoding: 'int16' },
        { sampleRateHz: 16_000, channels: 2, encoding: 'int16' },
      ]),
    );
  });

  test('that can not be read fails the sentence', () => {
    const files = Buffer.concat([wavOf(sound, { riffBytes: 'right' }), wavOf(second, { kind: 7, bits: 8 })]);
    for (const size of sizes) expect(() => soundIn(files, size)).toThrow(UnusableSound);
  });
});

test('a body of nothing but heads of chunks costs no more than its length', () => {
  const heads = Buffer.alloc(1 << 20, chunkOf('LIST', 0).subarray(0, 8));
  const longHeads = Buffer.alloc(1 << 20, chunkOf('abcd', 900_001).subarray(0, 8));
  const startMs = performance.now();
  expect(soundIn(wavOf(longHeads, { declaredBytes: 0 }), 16_384).equals(longHeads)).toBe(true);
  soundIn(wavOf(heads, { declaredBytes: 0 }), 16_384);
  expect(performance.now() - startMs).toBeLessThan(4500);
});
