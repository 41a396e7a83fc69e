/** The figures of benchmarks are what their definitions say, for samples of which they are known. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  exponentOf,
  middle,
  pairedRatios,
  quantile,
  seededRandom,
  shuffled,
  slopeOf,
  steepestExponent,
} from '../../../bench/harness/statistics.mjs';

describe('the median and the middle half', () => {
  test('of an odd and an even number of values lie between their neighbours', () => {
    expect(middle([5, 1, 3])).toEqual({ median: 3, low: 2, high: 4, count: 3 });
    expect(middle([4, 1, 3, 2])).toEqual({ median: 2.5, low: 1.75, high: 3.25, count: 4 });
    expect(middle([7])).toEqual({ median: 7, low: 7, high: 7, count: 1 });
  });

  test('of no values there is none', () => {
    expect(middle([])).toBeNull();
    expect(() => quantile([], 0.5)).toThrow(new RangeError('a quantile of no values'));
  });

  test('do not depend on the order, and lie within the values', () => {
    const values = fc.array(fc.double({ min: -1e9, max: 1e9, noNaN: true }), { minLength: 1, maxLength: 40 });
    fc.assert(
      fc.property(values, fc.double({ min: 0, max: 1, noNaN: true }), (given, share) => {
        const found = quantile(given, share);
        expect(found).toBe(quantile(given.toReversed(), share));
        expect(found).toBeGreaterThanOrEqual(Math.min(...given));
        expect(found).toBeLessThanOrEqual(Math.max(...given));
      }),
    );
  });
});

describe('paired ratios', () => {
  test('take the mood of a round out, which a ratio of medians keeps', () => {
    const moods = [1, 3, 2, 10, 1.5];
    const ours = moods.map((mood) => 0.8 * mood);
    expect(middle(pairedRatios(ours, moods))?.median).toBeCloseTo(0.8);
    expect(pairedRatios(ours, moods)).toHaveLength(5);
  });

  test('leave out a round that lacks one of the two', () => {
    expect(pairedRatios([2, null, 6, 8], [1, 1, null, 0])).toEqual([2]);
    expect(pairedRatios([2, 4], [1])).toEqual([2]);
  });
});

describe('the exponent of growth', () => {
  const pointsOf = (sizes: readonly number[], costOf: (size: number) => number) =>
    sizes.map((size) => ({ size, cost: costOf(size) }));

  test.each([0.5, 1, 1.1, 2])('of size^%d is found, whatever the unit', (exponent) => {
    for (const unit of [1e-6, 1, 4321]) {
      expect(exponentOf(pointsOf([1, 10, 100, 5000], (size) => unit * size ** exponent))).toBeCloseTo(exponent, 9);
    }
  });

  test('a bend upwards at the large sizes is not hidden by cheap small ones', () => {
    const bent = pointsOf([1, 10, 100, 1000, 2500, 5000], (size) => 50 + size + (size / 1000) ** 2 * 1000);
    expect(exponentOf(bent)).toBeLessThan(1.1);
    expect(steepestExponent(bent)).toBeGreaterThan(1.5);
    const straight = pointsOf([1, 10, 100, 1000, 2500, 5000], (size) => 50 + size);
    expect(steepestExponent(straight)).toBeLessThanOrEqual(1);
  });

  test('of one size, or of a cost of nothing, there is none', () => {
    expect(() => exponentOf([{ size: 2, cost: 1 }])).toThrow('an exponent wants two sizes');
    expect(() => exponentOf(pointsOf([1, 2], () => 0))).toThrow('size 1 and cost 0 must be above 0');
  });
});

describe('the order of chance', () => {
  const items = ['a', 'b', 'c', 'd', 'e', 'f', 'g'];

  test('is the same from the same seed, has every item once, and leaves what it was given', () => {
    const of = (seed: number) => shuffled(items, seededRandom(seed));
    expect(of(7)).toEqual(of(7));
    expect(of(7)).not.toEqual(of(8));
    expect(of(7).toSorted()).toEqual(items);
    expect(items).toEqual(['a', 'b', 'c', 'd', 'e', 'f', 'g']);
  });

  test('lets each go first about equally often', () => {
    const random = seededRandom(1);
    const first = new Map(items.map((item) => [item, 0]));
    for (let round = 0; round < 7000; round += 1) {
      const [item = ''] = shuffled(items, random);
      first.set(item, (first.get(item) ?? 0) + 1);
    }
    for (const count of first.values()) expect(Math.abs(count - 1000)).toBeLessThan(150);
  });
});

describe('a slope', () => {
  test('is how much more there is for one more, whatever the order and the beginning', () => {
    const at = (x: number) => ({ x, y: 100 + 3 * x });
    expect(slopeOf([at(9), at(1), at(4)])).toBeCloseTo(3, 9);
    expect(slopeOf([1, 2, 3, 4].map((x) => ({ x, y: 5 })))).toBe(0);
    expect(slopeOf([0, 1, 2, 3].map((x) => ({ x, y: x % 2 })))).toBeCloseTo(0.2, 9);
  });

  test('wants two places', () => {
    expect(() =>
      slopeOf([
        { x: 1, y: 2 },
        { x: 1, y: 3 },
      ]),
    ).toThrow(new RangeError('a slope wants two places'));
  });
});
