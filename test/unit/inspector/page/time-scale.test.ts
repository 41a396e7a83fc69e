import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { barsToDraw, moved, ticksPath, timeScale, zoomed } from '../../../../src/inspector/page/session/time-scale.ts';

describe('from time to the drawing', () => {
  it('shares the room evenly where nothing is quiet', () => {
    const { x, ms, breaks, lines } = timeScale({ fromMs: 0, toMs: 1_000 }, [], 500);
    expect([0, 348, 1_000].map(x)).toEqual([0, 174, 500]);
    expect([0, 174, 500].map(ms)).toEqual([0, 348, 1_000]);
    expect(breaks).toEqual([]);
    expect(lines).toEqual([0, 200, 400, 600, 800, 1_000]);
  });

  it('squeezes a quiet hour into a mark, and leaves the busy times their milliseconds', () => {
    const quiet = { fromMs: 100, toMs: 3_600_100 };
    const { x, breaks, lines } = timeScale({ fromMs: 0, toMs: 3_600_200 }, [quiet], 426);
    expect(x(100)).toBe(200);
    expect(x(3_600_100)).toBe(226);
    expect(x(3_600_200)).toBe(426);
    expect(breaks).toEqual([{ ...quiet, middle: 213 }]);
    expect(lines.every((ms) => ms <= 100 || ms >= 3_600_100)).toBe(true);
  });

  it('gives breaks at most half of the room, however many there are', () => {
    const quiet = Array.from({ length: 40 }, (_, index) => ({ fromMs: index * 100 + 10, toMs: index * 100 + 90 }));
    const { x } = timeScale({ fromMs: 0, toMs: 4_000 }, quiet, 400);
    const squeezed = quiet.reduce((sum, { fromMs, toMs }) => sum + x(toMs) - x(fromMs), 0);
    expect(squeezed).toBeCloseTo(200, 6);
  });

  it('never runs backwards, and finds its way back', () => {
    const spans = fc.array(fc.tuple(fc.integer({ min: 1, max: 50_000 }), fc.integer({ min: 1, max: 50_000 })), {
      maxLength: 6,
    });
    fc.assert(
      fc.property(
        spans,
        fc.integer({ min: 50, max: 3_000 }),
        fc.double({ min: 0, max: 1, noNaN: true }),
        (steps, width, share) => {
          let at = 0;
          const quiet = steps.map(([busy, idle]) => {
            const fromMs = at + busy;
            at = fromMs + idle;
            return { fromMs, toMs: at };
          });
          const endMs = at + 10;
          const scale = timeScale({ fromMs: 0, toMs: endMs }, quiet, width);
          const moment = share * endMs;
          expect(scale.x(moment)).toBeGreaterThanOrEqual(0);
          expect(scale.x(moment)).toBeLessThanOrEqual(width + 1e-6);
          expect(scale.x(moment + 1)).toBeGreaterThanOrEqual(scale.x(moment));
          expect(scale.ms(scale.x(moment))).toBeCloseTo(moment, 3);
        },
      ),
      { seed: 12 },
    );
  });

  it('draws a log of no time, or without room', () => {
    expect(timeScale({ fromMs: 0, toMs: 0 }, [], 100).x(0)).toBe(0);
    expect(Number.isFinite(timeScale({ fromMs: 0, toMs: 10 }, [], 0).x(5))).toBe(true);
  });
});

describe('zooming', () => {
  it('keeps the moment under the pointer where it is', () => {
    expect(zoomed({ fromMs: 0, toMs: 1_000 }, 0.5, 250, 1_000)).toEqual({ fromMs: 125, toMs: 625 });
  });

  it('stays within the log, and above what can be told apart', () => {
    expect(zoomed({ fromMs: 100, toMs: 600 }, 10, 200, 1_000)).toEqual({ fromMs: 0, toMs: 1_000 });
    const { fromMs, toMs } = zoomed({ fromMs: 100, toMs: 101 }, 0.001, 100.5, 1_000);
    expect(toMs - fromMs).toBe(2);
  });

  it('moves no further than the ends', () => {
    expect(moved({ fromMs: 100, toMs: 300 }, -500, 1_000)).toEqual({ fromMs: 0, toMs: 200 });
    expect(moved({ fromMs: 100, toMs: 300 }, 5_000, 1_000)).toEqual({ fromMs: 800, toMs: 1_000 });
  });
});

describe('what is drawn', () => {
  const scale = timeScale({ fromMs: 0, toMs: 20_000 }, [], 100);

  it('is bounded by the drawing: one stroke a pixel, one bar in three', () => {
    const ticks = Array.from({ length: 20_000 }, (_, index) => index);
    expect(ticksPath(ticks, { scale, width: 100, top: 0, height: 5 }).match(/M/g)).toHaveLength(101);
    const bars = ticks.map((fromMs) => ({ fromMs, toMs: fromMs + 1 }));
    expect(barsToDraw(bars, scale, 100).length).toBeLessThanOrEqual(34);
  });

  it('gives a label the room up to the next bar', () => {
    const bars = [
      { fromMs: 0, toMs: 10_000 },
      { fromMs: 4_000, toMs: 6_000 },
    ];
    expect(barsToDraw(bars, scale, 100).map(({ x, width, labelWidth }) => [x, width, labelWidth])).toEqual([
      [0, 50, 20],
      [20, 10, 10],
    ]);
  });

  it('leaves out what is not in sight', () => {
    const part = timeScale({ fromMs: 5_000, toMs: 10_000 }, [], 100);
    expect(
      barsToDraw(
        [
          { fromMs: 0, toMs: 1_000 },
          { fromMs: 6_000, toMs: 7_000 },
        ],
        part,
        100,
      ),
    ).toHaveLength(1);
  });
});
