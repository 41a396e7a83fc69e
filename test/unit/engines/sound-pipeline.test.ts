/** Whatever a voice sends, as PCM of the wire: containers, encodings, channels, lying sizes, odd borders, bounds. */
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { loadResampler } from '../../../src/engines/resampler.ts';
import { UnusableSound, WordsInsteadOfSound } from '../../../src/engines/speech-providers/sample-reader.ts';
import { SoundPipeline, type SoundPipelineOptions } from '../../../src/engines/speech-providers/sound-pipeline.ts';

import { chunkOf, type WavOptions, wavOf } from '../../support/providers/sound-files.ts';
import { measure } from '../../support/providers/voices.ts';

const resampler = await loadResampler();

function run(
  bytes: Buffer,
  options: Partial<SoundPipelineOptions> = {},
  cuts: readonly number[] = [bytes.length],
): Buffer {
  const pipeline = new SoundPipeline({ rawRateHz: 48_000, forcedRateHz: null, resampler, ...options });
  const output: Uint8Array[] = [];
  for (let at = 0, turn = 0; at < bytes.length; turn++) {
    const size = Math.max(1, cuts[turn % cuts.length] ?? 1);
    output.push(pipeline.push(bytes.subarray(at, at + size)));
    at += size;
  }
  output.push(pipeline.flush());
  return Buffer.concat(output);
}

const levels = [0, 1000, -1000, 32_000, -32_768, 12_345, -1, 7];
const pcm = Buffer.from(Int16Array.from(levels).buffer);

describe('sound of 48 kHz, mono, 16 bits', () => {
  test('passes bit for bit, raw or in a WAV, however it is cut', () => {
    const cuts = fc.array(fc.integer({ min: 1, max: 64 }), { minLength: 1, maxLength: 8 });
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 500 }), cuts, fc.boolean(), (sound, sizes, isWav) => {
        const whole = Buffer.from(sound.subarray(0, sound.length & ~1));
        // Raw sound that begins like a container is taken for one.
        fc.pre(isWav || !/^(RIFF|ID3|OggS|fLaC)/.test(whole.toString('latin1')));
        // So are a few bytes that are all letters taken for words.
        fc.pre(isWav || !/^[\t\n\r\x20-\x7e\x80-\xff]+$/.test(Buffer.from(sound).toString('latin1')));
        const bytes = Buffer.from(sound);
        expect(run(isWav ? wavOf(bytes) : bytes, {}, sizes)).toEqual(whole);
      }),
    );
  });

  test('passes without a copy, once it is known to be sound', () => {
    const pipeline = new SoundPipeline({ rawRateHz: 48_000, forcedRateHz: null, resampler });
    const chunk = () => Buffer.from(Int16Array.from({ length: 2048 }, (_, at) => 8000 * Math.sin(at / 20)).buffer);
    pipeline.push(chunk());
    for (let count = 0; count < 3; count++) {
      const given = chunk();
      const passed = pipeline.push(given);
      expect([passed.buffer, passed.length]).toEqual([given.buffer, given.length]);
      expect(passed.buffer).toBe(given.buffer);
    }
  });

  test('of a few bytes is sound, and of none is silence', () => {
    expect(run(pcm.subarray(0, 2))).toEqual(pcm.subarray(0, 2));
    expect(() => run(Buffer.from('RIFF', 'latin1'))).toThrow(new WordsInsteadOfSound('text', 'RIFF'));
    expect(run(Buffer.alloc(0))).toHaveLength(0);
    expect(run(wavOf(Buffer.alloc(0)))).toHaveLength(0);
  });
});

describe('a WAV header', () => {
  test.each<[string, WavOptions]>([
    ['of size 0', { declaredBytes: 0 }],
    ['of the greatest size', { declaredBytes: 0xffff_ffff }],
    ['of a size too large', { declaredBytes: 1_000_000 }],
    ['of a size too small', { declaredBytes: 6 }],
    ['of an odd size too small', { declaredBytes: 5 }],
    ['with chunks before the format', { before: chunkOf('JUNK', 28) }],
    ['with a chunk of odd length before it', { before: chunkOf('LIST', 27) }],
    ['with a chunk after the sound', { after: chunkOf('LIST', 26) }],
    ['in the extensible form', { kind: 0xfffe }],
  ])('%s: the sound comes out whole, and nothing else', (_, options) => {
    for (const cuts of [[10_000], [1], [3, 11, 2]]) expect(run(wavOf(pcm, options), {}, cuts)).toEqual(pcm);
  });

  test.each<[string, Buffer, WavOptions]>([
    ['8 bits', Buffer.from([128, 255, 0, 160]), { bits: 8 }],
    ['24 bits', Buffer.from([9, 0, 0, 7, 0, 0x7f, 3, 0, 0x80, 0, 0, 0x20]), { bits: 24 }],
    ['32 bits', Buffer.from(Int32Array.from([0, 0x7f00_0000, -0x8000_0000, 0x2000_0000]).buffer), { bits: 32 }],
    [
      '32 bits of floating point',
      Buffer.from(Float32Array.from([0, 127 / 128, -1, 0.25]).buffer),
      { bits: 32, kind: 3 },
    ],
  ])('of %s: the samples are the same in 16 bits', (_, sound, options) => {
    const loud = options.bits === 24 ? 32_512 : options.bits === 8 ? 32_512 : 32_512;
    for (const cuts of [[10_000], [1], [5]]) {
      const output = run(wavOf(sound, options), {}, cuts);
      expect([0, 2, 4, 6].map((at) => output.readInt16LE(at))).toEqual([0, loud, -32_768, 8192]);
    }
  });

  test('of two channels: both are heard in equal shares', () => {
    const stereo = Buffer.from(Int16Array.from([1000, 3000, -32_768, -32_768, 5, 6]).buffer);
    const output = run(wavOf(stereo, { channels: 2 }), {}, [7]);
    expect([0, 2, 4].map((at) => output.readInt16LE(at))).toEqual([2000, -32_768, 6]);
  });

  test('of floating point out of bounds or not a number saturates or is silent', () => {
    const sound = Buffer.from(Float32Array.from([2, -2, Number.NaN, Number.POSITIVE_INFINITY]).buffer);
    const output = run(wavOf(sound, { bits: 32, kind: 3 }));
    expect([0, 2, 4, 6].map((at) => output.readInt16LE(at))).toEqual([32_767, -32_768, 0, 32_767]);
  });
});

describe('the rate', () => {
  function tone(rateHz: number): Buffer {
    return Buffer.from(
      Int16Array.from({ length: rateHz }, (_, at) => 12_000 * Math.sin((2 * Math.PI * 440 * at) / rateHz)).buffer,
    );
  }

  test.each<[string, Buffer, Partial<SoundPipelineOptions>]>([
    ['of the header counts before the usual one', wavOf(tone(22_050), { rateHz: 22_050 }), { rawRateHz: 24_000 }],
    ['that is usual counts without a header', tone(24_000), { rawRateHz: 24_000 }],
    ['that is forced counts before the header', wavOf(tone(16_000), { rateHz: 22_050 }), { forcedRateHz: 16_000 }],
  ])('%s', (_, bytes, options) => {
    const heard = measure(run(bytes, options, [4097]));
    expect(heard.seconds).toBe(1);
    expect(heard.hz).toBeCloseTo(440, 0);
    expect(heard.greatestStep).toBeLessThan(0.025);
  });

  test('of a second file goes on where the first one ended: the same without a seam, another one converted', () => {
    const [first, second] = [tone(22_050), tone(16_000)];
    const same = run(Buffer.concat([wavOf(first, { rateHz: 22_050 }), wavOf(first, { rateHz: 22_050 })]), {}, [4097]);
    expect(same.equals(run(wavOf(Buffer.concat([first, first]), { rateHz: 22_050 })))).toBe(true);
    const files = [wavOf(first, { rateHz: 22_050 }), wavOf(second, { rateHz: 16_000 }), wavOf(tone(48_000))];
    for (const size of [1, 999, 1_000_000]) {
      const heard = measure(run(Buffer.concat(files), {}, [size]));
      expect(heard.seconds).toBe(3);
      expect(heard.hz).toBeCloseTo(440, 0);
      expect(heard.greatestStep).toBeLessThan(0.03);
    }
  });

  test.each<[string, Buffer, Partial<SoundPipelineOptions>]>([
    ['sound without a header: SPEECH_SAMPLE_RATE must say its rate', pcm, { rawRateHz: null }],
    ['a sample rate of 3999 Hz; it must be 4000..192000', wavOf(pcm, { rateHz: 3999 }), {}],
    ['a sample rate of 192001 Hz; it must be 4000..192000', wavOf(pcm, { rateHz: 192_001 }), {}],
  ])('is refused as: %s', (words, bytes, options) => {
    expect(() => run(bytes, options)).toThrow(new UnusableSound(words));
  });
});

describe('what can not be used', () => {
  test.each<[string, Buffer]>([
    ['MP3 instead of PCM or WAV', Buffer.from('ID3\x04 and more of it', 'latin1')],
    ['Ogg instead of PCM or WAV', Buffer.from('OggS and more of it', 'latin1')],
    ['FLAC instead of PCM or WAV', Buffer.from('fLaC and more of it', 'latin1')],
    ['WAV of format 7 (µ-law) with 8 bits; it must be PCM of 8 to 32 bits', wavOf(pcm, { kind: 7, bits: 8 })],
    ['WAV of format 1 with 12 bits; it must be PCM of 8 to 32 bits', wavOf(pcm, { bits: 12 })],
    ['WAV of 9 channels; it must have 1 to 8', wavOf(pcm, { channels: 9 })],
    ['WAV of 0 channels; it must have 1 to 8', wavOf(pcm, { channels: 0 })],
    ['a WAV stream that ended inside its header', wavOf(pcm).subarray(0, 30)],
    ['a WAV header without a format', Buffer.concat([Buffer.from('RIFF\0\0\0\0WAVE', 'latin1'), chunkOf('data', 10)])],
    [
      'a WAV header without sound in its first 1048576 bytes',
      Buffer.concat([Buffer.from('RIFF\0\0\0\0WAVE', 'latin1'), chunkOf('LIST', 1_048_570)]),
    ],
  ])('is refused as: %s', (words, bytes) => {
    expect(() => run(bytes, {}, [1000])).toThrow(new UnusableSound(words));
  });

  test('more sound than a sentence may have is refused at the bound, and not below it', () => {
    expect(run(pcm, { maxSoundBytes: 16 })).toHaveLength(16);
    expect(() => run(pcm, { maxSoundBytes: 15 })).toThrow(
      new UnusableSound('more than 15 bytes of sound for one sentence'),
    );
  });
});
