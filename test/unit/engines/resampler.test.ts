/** The resampler: the same sound at 48 kHz, whatever the rate it came in and however it was cut, and nothing of it left behind. */
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { loadResampler, plainBuild, resamplerRatesHz } from '../../../src/engines/resampler.ts';
import { createProviderSpeechEngine } from '../../../src/engines/speech-providers/provider-speech.ts';
import { UnknownVoices } from '../../../src/engines/unknown-voices.ts';
import { speak, voiceSettings } from '../../support/providers/voices.ts';

const resampler = await loadResampler();
const commonRatesHz = [8000, 11_025, 16_000, 22_050, 24_000, 32_000, 37_800, 44_100, 88_200, 96_000, 192_000];
const ratesHz = [...commonRatesHz, 4000, 23_999];

function tone(hz: number, rateHz: number, samples: number, amplitude = 16_000): Int16Array {
  return Int16Array.from({ length: samples }, (_, at) =>
    Math.round(amplitude * Math.sin((2 * Math.PI * hz * at) / rateHz)),
  );
}

function bytesOf(samples: Int16Array): Uint8Array {
  return new Uint8Array(samples.buffer, samples.byteOffset, samples.byteLength);
}

function samplesOf(bytes: readonly Uint8Array[]): Int16Array {
  return new Int16Array(new Uint8Array(Buffer.concat(bytes)).buffer);
}

/** Resamples in blocks of the given sizes, the last one repeated. */
function resample(samples: Int16Array, rateHz: number, blocks: readonly number[], using = resampler): Int16Array {
  const sound = using.open(rateHz);
  const output: Uint8Array[] = [];
  for (let at = 0, block = 0; at < samples.length; block++) {
    const size = blocks[Math.min(block, blocks.length - 1)] ?? 1;
    output.push(sound.push(bytesOf(samples.subarray(at, at + size))));
    at += size;
  }
  output.push(sound.flush());
  return samplesOf(output);
}

/** One frequency, in dB of an amplitude of 16,000, and how far all else is below it in dB; away from the ends. */
function analyse(sound: Int16Array, hz: number): { readonly levelDb: number; readonly restDb: number } {
  const samples = sound.subarray(4800, -4800);
  let [sine, cosine, all] = [0, 0, 0];
  for (const [at, x] of samples.entries()) {
    sine += x * Math.sin((2 * Math.PI * hz * at) / 48_000);
    cosine += x * Math.cos((2 * Math.PI * hz * at) / 48_000);
    all += x * x;
  }
  const amplitude = (2 * Math.hypot(sine, cosine)) / samples.length;
  const rest = all - (amplitude ** 2 / 2) * samples.length;
  return { levelDb: 20 * Math.log10(amplitude / 16_000), restDb: 10 * Math.log10(all / Math.max(rest, 1)) };
}

function greatest(samples: Int16Array): number {
  return samples.reduce((most, x) => Math.max(most, Math.abs(x)), 0);
}

describe('a sound', () => {
  test.each(ratesHz)('of %i Hz keeps a tone, 85 dB above all else', (rateHz) => {
    const output = resample(tone(1000, rateHz, rateHz), rateHz, [4096]);
    expect(output).toHaveLength(48_000);
    const { levelDb, restDb } = analyse(output, 1000);
    expect(Math.abs(levelDb)).toBeLessThan(0.01);
    expect(restDb).toBeGreaterThan(85);
  });

  test.each([
    [8000, 3500, 0.05],
    [16_000, 7000, 0.05],
    [24_000, 10_500, 0.05],
    [24_000, 11_000, 0.2],
    [32_000, 14_500, 0.2],
    [11_025, 4600, 0.1],
    [22_050, 9500, 0.1],
    [44_100, 19_000, 0.1],
    [96_000, 21_500, 0.1],
    [192_000, 21_500, 0.1],
  ])('of %i Hz keeps %i Hz within %f dB, its images 85 dB below', (rateHz, hz, withinDb) => {
    const { levelDb, restDb } = analyse(resample(tone(hz, rateHz, rateHz), rateHz, [4096]), hz);
    expect(Math.abs(levelDb)).toBeLessThan(withinDb);
    expect(restDb).toBeGreaterThan(85);
  });

  test.each([
    [96_000, 26_000],
    [96_000, 30_000],
    [88_200, 30_000],
    [192_000, 30_000],
    [192_000, 70_000],
  ])('of %i Hz lets nothing of %i Hz through, which 48 kHz can not hold', (rateHz, hz) => {
    expect(greatest(resample(tone(hz, rateHz, rateHz), rateHz, [4096]).subarray(4800, -4800))).toBeLessThan(3);
  });

  test.each([8000, 16_000, 22_050, 24_000, 44_100, 96_000, 192_000])(
    'of %i Hz is not late: what happens at its 400th sample is heard then',
    (rateHz) => {
      const samples = new Int16Array(800);
      samples[400] = 20_000;
      const output = resample(samples, rateHz, [800]).map(Math.abs);
      expect(Math.abs(output.indexOf(greatest(output)) - (400 * 48_000) / rateHz)).toBeLessThan(1);
    },
  );

  test('is the same however it is cut, and has the exact length', () => {
    const rate = fc.constantFrom(...ratesHz);
    const cuts = fc.array(fc.integer({ min: 0, max: 3000 }), { maxLength: 12 });
    fc.assert(
      fc.property(rate, fc.integer({ min: 0, max: 5000 }), cuts, (rateHz, length, blocks) => {
        const samples = tone(440, rateHz, length);
        const whole = resample(samples, rateHz, [8192]);
        expect(whole).toHaveLength(Math.round((length * 48_000) / rateHz));
        expect(Buffer.from(resample(samples, rateHz, [...blocks, 1]).buffer).equals(Buffer.from(whole.buffer))).toBe(
          true,
        );
      }),
      { numRuns: 60 },
    );
  });

  test('longer than a block is the same in one piece', () => {
    const samples = tone(440, 24_000, 40_001);
    expect(resample(samples, 24_000, [40_001])).toEqual(resample(samples, 24_000, [8192]));
  });

  test('of one sample, and of none, ends', () => {
    for (const rateHz of ratesHz) {
      expect(resample(tone(440, rateHz, 0), rateHz, [1])).toHaveLength(0);
      expect(resample(tone(440, rateHz, 1), rateHz, [1])).toHaveLength(Math.round(48_000 / rateHz));
    }
  });

  test('has no click anywhere in a sine, the seams of blocks of one sample included', () => {
    const output = resample(tone(440, 22_050, 6000), 22_050, [1]).slice(200, -200);
    const steps = output.subarray(1).map((x, at) => x - (output[at] ?? 0));
    expect(greatest(steps)).toBeLessThan(16_000 * 2 * Math.sin((Math.PI * 440) / 48_000) + 2);
  });

  test('saturates and does not wrap round', () => {
    // A square wave at full scale overshoots by a tenth.
    const square = Int16Array.from({ length: 16_000 }, (_, at) => (at % 40 < 20 ? 32_767 : -32_768));
    const output = resample(square, 16_000, [4096]);
    expect(Math.max(...output)).toBe(32_767);
    expect(Math.min(...output)).toBe(-32_768);
    // At the top of a wave a sample that wrapped round would be at the bottom.
    expect(output.filter((x, at) => at > 300 && at % 120 > 20 && at % 120 < 40 && x < 0)).toEqual(new Int16Array(0));
  });

  test('loses no tail: the last sample is still heard', () => {
    const samples = new Int16Array(1600);
    samples.fill(10_000, 1560);
    expect(Math.abs(resample(samples, 16_000, [4096]).at(-10) ?? 0)).toBeGreaterThan(5000);
  });
});

describe('sounds that are open at once', () => {
  test('do not hear each other', () => {
    const samples = tone(440, 22_050, 6000);
    const [low, high] = [resampler.open(22_050), resampler.open(22_050)];
    const output: Uint8Array[] = [];
    for (let at = 0; at < 6000; at += 500) {
      output.push(low.push(bytesOf(samples.subarray(at, at + 500))));
      high.push(bytesOf(tone(5000, 22_050, 333, 32_000)));
    }
    output.push(low.flush());
    high.close();
    expect(samplesOf(output)).toEqual(resample(samples, 22_050, [6000]));
  });

  test('take memory while they are open and give it back: 100,000 later there is no more of it', () => {
    const few = bytesOf(tone(440, 24_000, 8));
    const memory = [resampler.memoryBytes];
    for (let round = 0; round < 2; round++) {
      for (let count = 0; count < 500; count++) {
        // A hundred at once; some end, some are given up.
        const open = Array.from({ length: 100 }, (_, at) => resampler.open(at % 10 === 0 ? 192_000 : 24_000));
        for (const [at, sound] of open.entries()) {
          sound.push(few);
          if (at % 2 === 0) sound.flush();
          sound.close();
          sound.close();
        }
      }
      memory.push(resampler.memoryBytes);
    }
    expect(resampler.openSounds).toBe(0);
    expect(new Set(memory).size).toBe(1);
  });

  test('2,000 of them have their filters, and memory grows as it is needed', () => {
    const sounds = Array.from({ length: 2000 }, () => resampler.open(44_100));
    const samples = tone(440, 44_100, 500);
    const outputs = sounds.map((sound) => Buffer.concat([sound.push(bytesOf(samples)), sound.flush()]));
    const expected = Buffer.from(resample(samples, 44_100, [500]).buffer);
    expect(outputs.filter((output) => !output.equals(expected))).toEqual([]);
    expect(resampler.openSounds).toBe(0);
  });
});

describe('misuse is a bug that is told', () => {
  test.each([3999, 192_001, 24_000.5, Number.NaN])('a rate of %f Hz', (rateHz) => {
    const { min, max } = resamplerRatesHz;
    expect(() => resampler.open(rateHz)).toThrow(`a rate of ${rateHz} Hz; it must be ${min}..${max}`);
  });

  test('samples for a sound that ended', () => {
    const sound = resampler.open(16_000);
    sound.close();
    expect(() => sound.push(new Uint8Array(2))).toThrow('a sound that ended');
    expect(() => sound.flush()).toThrow('a sound that ended');
  });
});

describe('without SIMD', () => {
  const noSimd = async () => ({ default: () => Promise.reject(new Error('Wasm SIMD unsupported')) });

  test('the plain build makes the same sound but for rounding', async () => {
    const plain = await loadResampler([noSimd, plainBuild]);
    for (const rateHz of ratesHz) {
      const samples = tone(700, rateHz, 4000);
      const [expected, output] = [resample(samples, rateHz, [4000]), resample(samples, rateHz, [333], plain)];
      expect(output).toHaveLength(expected.length);
      expect(greatest(output.map((x, at) => x - (expected[at] ?? 0)))).toBeLessThanOrEqual(1);
    }
  });

  test('and without either there is no engine, and the reason is told', async () => {
    const cause = await loadResampler([noSimd]).catch((error: unknown) => error);
    expect(cause).toMatchObject({
      message: 'the resampler could not be loaded',
      cause: { message: 'Wasm SIMD unsupported' },
    });
  });
});

describe('a sentence of a voice from outside gives its filter back', () => {
  const second = Buffer.from(tone(440, 24_000, 24_000).buffer);

  /** An engine whose provider sends `chunks`, and its resampler. */
  async function benchOf(chunks: () => AsyncIterable<Uint8Array>, maxSoundBytes = 10_000_000) {
    const own = await loadResampler();
    const settings = voiceSettings({});
    const unknownVoices = new UnknownVoices({ policy: 'refuse' });
    const open = async () => ({ rawRateHz: 24_000, chunks: chunks() });
    const provider = { name: 'openai', defaultVoice: 'alloy', check: async () => {}, open, close() {} };
    const loadResamplerOnce = async () => own;
    const engine = createProviderSpeechEngine({
      settings,
      provider,
      maxWaiting: 10,
      unknownVoices,
      maxSoundBytes,
      loadResampler: loadResamplerOnce,
    });
    await engine.start();
    return { engine, own };
  }

  async function* endless(): AsyncGenerator<Uint8Array, void, undefined> {
    for (;;) {
      yield second;
      await new Promise((wake) => setImmediate(wake));
    }
  }

  test('when it ends', async () => {
    const { engine, own } = await benchOf(async function* () {
      yield second;
    });
    expect(await speak(engine, 'Hello.')).toHaveLength(96_000);
    expect(own.openSounds).toBe(0);
  });

  test('when its provider breaks off, and when it sends too much', async () => {
    const broken = await benchOf(async function* () {
      yield second;
      throw new Error('broke off');
    });
    await expect(speak(broken.engine, 'Hello.')).rejects.toThrow('broke off');
    expect(broken.own.openSounds).toBe(0);
    const flooded = await benchOf(endless, 200_000);
    await expect(speak(flooded.engine, 'Hello.')).rejects.toThrow('more than 200000 bytes');
    expect(flooded.own.openSounds).toBe(0);
  });

  test.each(['its reader leaves', 'it is aborted', 'the engine stops'])('when %s', async (ending) => {
    const { engine, own } = await benchOf(endless);
    const abort = new AbortController();
    const sound = engine.synthesise({ text: 'Hello.' }, abort.signal)[Symbol.asyncIterator]();
    await sound.next();
    expect(own.openSounds).toBe(1);
    if (ending === 'its reader leaves') await sound.return?.();
    else if (ending === 'it is aborted') abort.abort(new Error('gone'));
    else void engine.stop();
    await expect.poll(() => own.openSounds).toBe(0);
  });
});
