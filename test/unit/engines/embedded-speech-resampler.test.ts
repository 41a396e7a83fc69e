import fc from 'fast-check';
import { expect, test } from 'vitest';
import { wavHeader } from '../../../src/cli/ask/sound.ts';
import { createResampler, type Resampler, readWav, trimSilence } from '../../../src/engines/embedded-speech/sound.ts';

const resampler = await createResampler();

function tone(frequencyHz: number, sampleRateHz: number, samples: number, amplitude = 16_000): Int16Array {
  return Int16Array.from(
    { length: samples },
    (_, at) => amplitude * Math.sin((2 * Math.PI * frequencyHz * at) / sampleRateHz),
  );
}

/** Resamples in blocks of the given sizes, the last one repeated. */
function resample(
  using: Resampler,
  samples: Int16Array,
  sampleRateHz: number,
  blocks: readonly number[],
  gain = 1,
): number[] {
  using.begin({ sampleRateHz, gain });
  const out: number[] = [];
  for (let at = 0, block = 0; at < samples.length; block++) {
    const size = blocks[Math.min(block, blocks.length - 1)] ?? 1;
    out.push(...using.push(samples.subarray(at, at + size)));
    at += size;
  }
  out.push(...using.flush());
  return out;
}

test.each([16_000, 22_050])(
  'a tone at %i Hz comes out as the same tone at 48 kHz, 80 dB above all else',
  (sampleRateHz) => {
    const out = resample(resampler, tone(1000, sampleRateHz, sampleRateHz), sampleRateHz, [4096]);
    expect(out.length).toBe(48_000);
    let [sine, cosine, all] = [0, 0, 0];
    const inner = out.slice(4800, -4800); // whole periods, away from the ends
    for (const [at, x] of inner.entries()) {
      sine += x * Math.sin((2 * Math.PI * 1000 * at) / 48_000);
      cosine += x * Math.cos((2 * Math.PI * 1000 * at) / 48_000);
      all += x * x;
    }
    const amplitude = (2 * Math.hypot(sine, cosine)) / inner.length;
    expect(amplitude).toBeGreaterThan(15_900);
    expect(amplitude).toBeLessThan(16_100);
    const rest = all - (amplitude ** 2 / 2) * inner.length;
    expect(10 * Math.log10(all / Math.max(rest, 1))).toBeGreaterThan(80);
  },
);

test('however the sound is cut into blocks, the result is the same: no seam is audible', () => {
  const samples = tone(440, 16_000, 6000);
  const whole = resample(resampler, samples, 16_000, [4096]);
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 1, max: 4096 }), { minLength: 1, maxLength: 8 }), (blocks) => {
      const cut = resample(resampler, samples, 16_000, blocks.every((size) => size < 64) ? [...blocks, 512] : blocks);
      expect(cut.length).toBe(whole.length);
      expect(Math.max(...cut.map((x, at) => Math.abs(x - (whole[at] ?? 0))))).toBeLessThanOrEqual(1);
    }),
    { numRuns: 30 },
  );
});

test('the tail is not lost: the last input sample is still heard', () => {
  const samples = new Int16Array(1600);
  samples.fill(10_000, 1560);
  const out = resample(resampler, samples, 16_000, [4096]);
  expect(out.length).toBe(4800);
  expect(Math.abs(out.at(-10) ?? 0)).toBeGreaterThan(5000);
});

test('what is too loud saturates and does not wrap round', () => {
  const out = resample(resampler, tone(500, 16_000, 8000, 30_000), 16_000, [4096], 3);
  expect(Math.max(...out)).toBe(32_767);
  expect(Math.min(...out)).toBe(-32_768);
  const steps = out.slice(1).map((x, at) => Math.abs(x - (out[at] ?? 0)));
  expect(Math.max(...steps)).toBeLessThan(20_000);
});

test('one utterance leaves nothing behind for the next', () => {
  const samples = tone(440, 16_000, 3000);
  const first = resample(resampler, samples, 16_000, [4096]);
  resample(resampler, tone(3000, 22_050, 5000, 32_000), 22_050, [700]);
  expect(resample(resampler, samples, 16_000, [4096])).toEqual(first);
});

test('silence around the speech is cut to a margin of 40 ms', () => {
  const samples = new Int16Array(16_000);
  samples.set(tone(300, 16_000, 8000), 4000);
  const { samples: kept } = trimSilence({ samples, sampleRateHz: 16_000 });
  expect(kept.length).toBeGreaterThanOrEqual(8000 + 2 * 640);
  expect(kept.length).toBeLessThanOrEqual(8000 + 2 * 640 + 2 * 160);
  expect(trimSilence({ samples: new Int16Array(16_000), sampleRateHz: 16_000 }).samples.length).toBe(0);
});

test('a WAV file is read back as its samples, and what is none is refused', () => {
  const samples = tone(300, 16_000, 100);
  const file = Buffer.concat([
    wavHeader({ dataBytes: 200, sampleRateHz: 16_000, channels: 1 }),
    Buffer.from(samples.buffer),
  ]);
  expect(readWav(file)).toEqual({ samples, sampleRateHz: 16_000 });
  expect(() => readWav(Buffer.alloc(100))).toThrow('no RIFF header');
  expect(() => readWav(Buffer.concat([wavHeader({ dataBytes: 0, sampleRateHz: 16_000, channels: 2 })]))).toThrow(
    'not mono',
  );
});
