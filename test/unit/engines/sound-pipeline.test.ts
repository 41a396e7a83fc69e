/** Whatever a voice sends, as PCM of the wire: containers, encodings, channels, lying sizes, odd borders, bounds. */
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createRateFilter } from '../../../src/engines/speech-providers/rate-converter.ts';
import { UnusableSound } from '../../../src/engines/speech-providers/sample-reader.ts';
import { SoundPipeline, type SoundPipelineOptions } from '../../../src/engines/speech-providers/sound-pipeline.ts';

import { measure } from '../../support/providers/voices.ts';

interface WavOptions {
  readonly rateHz?: number;
  readonly channels?: number;
  readonly bits?: number;
  readonly kind?: number;
  readonly declaredBytes?: number;
  readonly before?: Buffer;
  readonly after?: Buffer;
}

const extensible = 0xfffe;

function wav(sound: Buffer, options: WavOptions = {}): Buffer {
  const { rateHz = 48_000, channels = 1, bits = 16, kind = 1, declaredBytes = sound.length } = options;
  const { before = Buffer.alloc(0), after = Buffer.alloc(0) } = options;
  const format = Buffer.alloc(kind === extensible ? 48 : 24);
  format.write('fmt ', 0, 'latin1');
  format.writeUInt32LE(format.length - 8, 4);
  format.writeUInt16LE(kind, 8);
  format.writeUInt16LE(channels, 10);
  format.writeUInt32LE(rateHz, 12);
  format.writeUInt32LE((rateHz * channels * bits) / 8, 16);
  format.writeUInt16LE((channels * bits) / 8, 20);
  format.writeUInt16LE(bits, 22);
  if (kind === extensible) format.writeUInt16LE(1, 32);
  const data = Buffer.alloc(8);
  data.write('data', 0, 'latin1');
  data.writeUInt32LE(declaredBytes, 4);
  return Buffer.concat([Buffer.from('RIFF\0\0\0\0WAVE', 'latin1'), before, format, data, sound, after]);
}

function run(
  bytes: Buffer,
  options: Partial<SoundPipelineOptions> = {},
  cuts: readonly number[] = [bytes.length],
): Buffer {
  const pipeline = new SoundPipeline({ rawRateHz: 48_000, forcedRateHz: null, filterOf: createRateFilter, ...options });
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
const chunk = (name: string, bytes: number) => {
  const made = Buffer.alloc(8 + bytes, 'x');
  made.write(name, 0, 'latin1');
  made.writeUInt32LE(bytes, 4);
  return made;
};

describe('sound of 48 kHz, mono, 16 bits', () => {
  test('passes bit for bit, raw or in a WAV, however it is cut', () => {
    const cuts = fc.array(fc.integer({ min: 1, max: 64 }), { minLength: 1, maxLength: 8 });
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 500 }), cuts, fc.boolean(), (sound, sizes, isWav) => {
        const whole = Buffer.from(sound.subarray(0, sound.length & ~1));
        // Raw sound that begins like a container is taken for one.
        fc.pre(isWav || !/^(RIFF|ID3|OggS|fLaC)/.test(whole.toString('latin1')));
        const bytes = Buffer.from(sound);
        expect(run(isWav ? wav(bytes) : bytes, {}, sizes)).toEqual(whole);
      }),
    );
  });

  test('of a few bytes is sound, and of none is silence', () => {
    expect(run(pcm.subarray(0, 2))).toEqual(pcm.subarray(0, 2));
    expect(run(Buffer.from('RIFF', 'latin1'))).toEqual(Buffer.from('RIFF', 'latin1'));
    expect(run(Buffer.alloc(0))).toHaveLength(0);
    expect(run(wav(Buffer.alloc(0)))).toHaveLength(0);
  });
});

describe('a WAV header', () => {
  test.each<[string, WavOptions]>([
    ['of size 0', { declaredBytes: 0 }],
    ['of the greatest size', { declaredBytes: 0xffff_ffff }],
    ['of a size too large', { declaredBytes: 1_000_000 }],
    ['of a size too small', { declaredBytes: 6 }],
    ['of an odd size too small', { declaredBytes: 5 }],
    ['with chunks before the format', { before: chunk('JUNK', 28) }],
    ['with a chunk of odd length before it', { before: Buffer.concat([chunk('LIST', 27), Buffer.alloc(1)]) }],
    ['with a chunk after the sound', { after: chunk('LIST', 26) }],
    ['in the extensible form', { kind: extensible }],
  ])('%s: the sound comes out whole, and nothing else', (_, options) => {
    for (const cuts of [[10_000], [1], [3, 11, 2]]) expect(run(wav(pcm, options), {}, cuts)).toEqual(pcm);
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
      const output = run(wav(sound, options), {}, cuts);
      expect([0, 2, 4, 6].map((at) => output.readInt16LE(at))).toEqual([0, loud, -32_768, 8192]);
    }
  });

  test('of two channels: both are heard in equal shares', () => {
    const stereo = Buffer.from(Int16Array.from([1000, 3000, -32_768, -32_768, 5, 6]).buffer);
    const output = run(wav(stereo, { channels: 2 }), {}, [7]);
    expect([0, 2, 4].map((at) => output.readInt16LE(at))).toEqual([2000, -32_768, 6]);
  });

  test('of floating point out of bounds or not a number saturates or is silent', () => {
    const sound = Buffer.from(Float32Array.from([2, -2, Number.NaN, Number.POSITIVE_INFINITY]).buffer);
    const output = run(wav(sound, { bits: 32, kind: 3 }));
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
    ['of the header counts before the usual one', wav(tone(22_050), { rateHz: 22_050 }), { rawRateHz: 24_000 }],
    ['that is usual counts without a header', tone(24_000), { rawRateHz: 24_000 }],
    ['that is forced counts before the header', wav(tone(16_000), { rateHz: 22_050 }), { forcedRateHz: 16_000 }],
  ])('%s', (_, bytes, options) => {
    const heard = measure(run(bytes, options, [4097]));
    expect(heard.seconds).toBe(1);
    expect(heard.hz).toBeCloseTo(440, 0);
    expect(heard.greatestStep).toBeLessThan(0.025);
  });

  test.each<[string, Buffer, Partial<SoundPipelineOptions>]>([
    ['sound without a header: SPEECH_SAMPLE_RATE must say its rate', pcm, { rawRateHz: null }],
    ['a sample rate of 3999 Hz; it must be 4000..192000', wav(pcm, { rateHz: 3999 }), {}],
    ['a sample rate of 192001 Hz; it must be 4000..192000', wav(pcm, { rateHz: 192_001 }), {}],
  ])('is refused as: %s', (words, bytes, options) => {
    expect(() => run(bytes, options)).toThrow(new UnusableSound(words));
  });
});

describe('what can not be used', () => {
  test.each<[string, Buffer]>([
    ['MP3 instead of PCM or WAV', Buffer.from('ID3\x04 and more of it', 'latin1')],
    ['Ogg instead of PCM or WAV', Buffer.from('OggS and more of it', 'latin1')],
    ['FLAC instead of PCM or WAV', Buffer.from('fLaC and more of it', 'latin1')],
    ['WAV of format 7 with 8 bits; it must be PCM of 8 to 32 bits', wav(pcm, { kind: 7, bits: 8 })],
    ['WAV of format 1 with 12 bits; it must be PCM of 8 to 32 bits', wav(pcm, { bits: 12 })],
    ['WAV of 9 channels; it must have 1 to 8', wav(pcm, { channels: 9 })],
    ['WAV of 0 channels; it must have 1 to 8', wav(pcm, { channels: 0 })],
    ['a WAV stream that ended inside its header', wav(pcm).subarray(0, 30)],
    ['a WAV header without a format', Buffer.concat([Buffer.from('RIFF\0\0\0\0WAVE', 'latin1'), chunk('data', 10)])],
    [
      'a WAV header without sound in its first 65536 bytes',
      Buffer.concat([Buffer.from('RIFF\0\0\0\0WAVE', 'latin1'), chunk('LIST', 70_000)]),
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
