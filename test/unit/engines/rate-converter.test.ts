/** The rate converter: the same tone at 48 kHz, whatever the rate it came in and however it was cut. */
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createRateFilter, RateConverter } from '../../../src/engines/speech-providers/rate-converter.ts';

const commonRatesHz = [8000, 11_025, 16_000, 22_050, 24_000, 32_000, 44_100, 88_200, 96_000, 192_000];

function tone(hz: number, rateHz: number, samples: number, amplitude = 16_000): Int16Array {
  return Int16Array.from({ length: samples }, (_, at) => amplitude * Math.sin((2 * Math.PI * hz * at) / rateHz));
}

/** Converts in blocks of the given sizes, the last one repeated. */
function convert(samples: Int16Array, rateHz: number, blocks: readonly number[]): number[] {
  const converter = new RateConverter(createRateFilter(rateHz));
  const output: number[] = [];
  for (let at = 0, block = 0; at < samples.length; block++) {
    const size = blocks[Math.min(block, blocks.length - 1)] ?? 1;
    for (const sample of converter.push(samples.subarray(at, at + size))) output.push(sample);
    at += size;
  }
  for (const sample of converter.flush()) output.push(sample);
  return output;
}

/** Amplitude of one frequency, and how far all else is below it in dB. */
function analyse(samples: readonly number[], hz: number): { readonly amplitude: number; readonly restDb: number } {
  let [sine, cosine, all] = [0, 0, 0];
  for (const [at, x] of samples.entries()) {
    sine += x * Math.sin((2 * Math.PI * hz * at) / 48_000);
    cosine += x * Math.cos((2 * Math.PI * hz * at) / 48_000);
    all += x * x;
  }
  const amplitude = (2 * Math.hypot(sine, cosine)) / samples.length;
  const rest = all - (amplitude ** 2 / 2) * samples.length;
  return { amplitude, restDb: 10 * Math.log10(all / Math.max(rest, 1)) };
}

describe('a converter', () => {
  test.each([...commonRatesHz, 23_999])('makes the same tone of %i Hz, 80 dB above all else', (rateHz) => {
    const output = convert(tone(1000, rateHz, rateHz), rateHz, [4096]);
    expect(output).toHaveLength(48_000);
    // Whole periods, away from the ends.
    const { amplitude, restDb } = analyse(output.slice(4800, -4800), 1000);
    expect(amplitude).toBeGreaterThan(15_950);
    expect(amplitude).toBeLessThan(16_050);
    expect(restDb).toBeGreaterThan(80);
  });

  test.each([
    [16_000, 6000],
    [22_050, 8000],
    [24_000, 9000],
  ])('of %i Hz keeps what speech has at %i Hz', (rateHz, hz) => {
    const { amplitude, restDb } = analyse(convert(tone(hz, rateHz, rateHz), rateHz, [4096]).slice(4800, -4800), hz);
    expect(amplitude).toBeGreaterThan(15_800);
    expect(restDb).toBeGreaterThan(80);
  });

  test('of 96 kHz lets nothing through that 48 kHz can not hold', () => {
    const output = convert(tone(30_000, 96_000, 96_000), 96_000, [4096]).slice(4800, -4800);
    expect(Math.max(...output.map(Math.abs))).toBeLessThan(4);
  });

  test('makes the same samples however the sound is cut', () => {
    const rate = fc.constantFrom(...commonRatesHz, 23_999);
    const cuts = fc.array(fc.integer({ min: 1, max: 3000 }), { minLength: 1, maxLength: 12 });
    fc.assert(
      fc.property(rate, fc.integer({ min: 0, max: 5000 }), cuts, (rateHz, length, blocks) => {
        const samples = tone(440, rateHz, length);
        const whole = convert(samples, rateHz, [8192]);
        expect(whole).toHaveLength(Math.round((length * 48_000) / rateHz));
        expect(convert(samples, rateHz, blocks)).toEqual(whole);
      }),
      { numRuns: 60 },
    );
  });

  test('has no click anywhere in a sine, the seams of blocks of one sample included', () => {
    const output = convert(tone(440, 22_050, 6000), 22_050, [1]).slice(200, -200);
    const greatestStep = Math.max(...output.slice(1).map((x, at) => Math.abs(x - (output[at] ?? 0))));
    expect(greatestStep).toBeLessThan(16_000 * 2 * Math.sin((Math.PI * 440) / 48_000) + 2);
  });

  test('saturates and does not wrap round', () => {
    // A square wave at full scale overshoots by a tenth.
    const square = Int16Array.from({ length: 16_000 }, (_, at) => (at % 40 < 20 ? 32_767 : -32_768));
    const output = convert(square, 16_000, [4096]);
    expect(Math.max(...output)).toBe(32_767);
    expect(Math.min(...output)).toBe(-32_768);
    // At the top of a wave a sample that wrapped round would be at the bottom.
    expect(output.filter((x, at) => at > 300 && at % 120 > 20 && at % 120 < 40 && x < 0)).toEqual([]);
  });

  test('loses no tail: the last sample is still heard', () => {
    const samples = new Int16Array(1600);
    samples.fill(10_000, 1560);
    expect(Math.abs(convert(samples, 16_000, [4096]).at(-10) ?? 0)).toBeGreaterThan(5000);
  });
});
