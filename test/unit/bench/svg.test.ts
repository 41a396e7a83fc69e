/** Scales of charts: values go where they belong, and marks are round numbers within the scale. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { escaped, logEnds, rangeChart, scaleOf, tickLabel } from '../../../bench/harness/svg.mjs';

const place = { x: 0, y: 0, width: 400, height: 200, title: 'A chart', unit: 'ms' };

describe('a scale', () => {
  test('puts its ends at the ends, and equal steps at equal distances: differences, or ratios where it is logarithmic', () => {
    const linear = scaleOf(0, 10, [100, 300]);
    expect([0, 5, 10].map(linear.place)).toEqual([100, 200, 300]);
    const log = scaleOf(1, 100, [300, 100], true);
    expect([1, 10, 100].map(log.place)).toEqual([300, 200, 100]);
  });

  test.each([
    [0, 1, false, [0, 0.5, 1]],
    [0, 23.1, false, [0, 10, 20]],
    [1, 50, true, [1, 2, 5, 10, 20, 50]],
    [1, 5000, true, [1, 10, 100, 1000]],
    [0.2, 5, true, [0.2, 0.5, 1, 2, 5]],
  ] as const)('from %d to %d (logarithmic: %s) has the marks %j', (from, to, isLog, marks) => {
    expect(scaleOf(from, to, [0, 1], isLog).ticks).toEqual(marks);
  });

  test('has two to eight marks within it, whatever its ends', () => {
    const end = fc.double({ min: 1e-4, max: 1e6, noNaN: true });
    fc.assert(
      fc.property(end, end, fc.boolean(), (one, other, isLog) => {
        const [from, to] = isLog ? logEnds([one, other]) : [0, Math.max(one, other)];
        const { ticks } = scaleOf(from, to, [0, 1], isLog);
        expect(ticks.length).toBeGreaterThanOrEqual(2);
        expect(ticks.length).toBeLessThanOrEqual(12);
        for (const tick of ticks) {
          expect(tick).toBeGreaterThanOrEqual(from * 0.999);
          expect(tick).toBeLessThanOrEqual(to * 1.001);
        }
      }),
    );
  });

  test('that has no extent, or a logarithm of nothing, is refused', () => {
    expect(() => scaleOf(1, 1, [0, 1])).toThrow(new RangeError('a scale from 1 to 1'));
    expect(() => scaleOf(0, 1, [0, 1], true)).toThrow(new RangeError('a scale from 0 to 1'));
  });

  test('that is logarithmic ends at 1, 2 or 5 times a power of ten around its values', () => {
    expect(logEnds([1.6, 23])).toEqual([1, 50]);
    expect(logEnds([3, 3])).toEqual([2, 5]);
    expect(logEnds([10, 10])).toEqual([10, 100]);
  });
});

test('marks are told short', () => {
  expect([0.5, 20, 1000, 150_000, 1e6].map(tickLabel)).toEqual(['0.5', '20', '1 k', '150 k', '1 M']);
});

test('what is written is text, whatever it holds', () => {
  expect(escaped('<a href="x">&')).toBe('&lt;a href=&quot;x&quot;&gt;&amp;');
});

test('a chart has a row for each server, with its number', () => {
  const rows = ['one', 'two'].map((label, index) => ({
    label,
    colour: 'node',
    value: 4 + index,
    low: 3,
    high: 6,
    told: `${4 + index}.00`,
  }));
  const drawn = rangeChart({ ...place, rows, aim: 5 });
  expect(drawn.match(/<circle/g)).toHaveLength(2);
  for (const word of ['A chart', 'ms', 'one', 'two', '4.00', '5.00', 'aim 5'])
    expect(drawn).toContain(`>${word}</text>`);
});
