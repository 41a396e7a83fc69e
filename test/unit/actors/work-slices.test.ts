/** Guarantees of the slices, by the numbers of src/actors/hosts/live-streams.ts. */
import { setImmediate as nextRound } from 'node:timers/promises';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { WorkSlices } from '../../../src/actors/hosts/live-streams.ts';

/** Slices over a clock that only jobs move. */
function bench() {
  let nowMs = 0;
  const done: string[] = [];
  const faults: unknown[] = [];
  const slices = new WorkSlices({ now: () => nowMs, report: (error) => faults.push(error) });
  return {
    slices,
    done,
    faults,
    bring: (lane: string, name: string, tookMs = 0) =>
      slices.run(lane, () => {
        nowMs += tookMs;
        done.push(name);
      }),
  };
}

const names = (prefix: string, count: number) => Array.from({ length: count }, (_, index) => `${prefix}${index}`);

describe('Slices 1: a slice', () => {
  test('has at most 50 jobs; the others come in the rounds of the event loop behind it', async () => {
    const { bring, done, slices } = bench();
    for (const name of names('a', 120)) bring('a', name);
    expect([done.length, slices.waiting]).toEqual([50, 70]);
    await nextRound();
    expect(done.length).toBe(100);
    await nextRound();
    expect(done).toEqual(names('a', 120));
    expect(slices.waiting).toBe(0);
  });

  test('begins no job when 5 ms are used up, but the first ten in any case', async () => {
    const { bring, done } = bench();
    for (const name of names('short', 40)) bring('a', name, 0.25);
    expect(done.length).toBe(20);
    await nextRound();
    expect(done.length).toBe(40);
    await nextRound();
    for (const name of names('long', 25)) bring('a', name, 1_000);
    expect(done.length).toBe(50);
    await nextRound();
    expect(done.length).toBe(60);
  });

  test('is as long as a round: what comes in the same round finds no room, what comes in the next one does', async () => {
    const { bring, done } = bench();
    for (const name of names('long', 10)) bring('a', name, 1);
    bring('b', 'same round');
    expect(done.length).toBe(10);
    await nextRound();
    bring('c', 'next round');
    expect(done.slice(10)).toEqual(['same round', 'next round']);
  });

  test('counts a job that another one brings, and its time once', async () => {
    const { slices, done, bring } = bench();
    slices.run('a', () => {
      bring('a', 'inner', 3);
      done.push('outer');
    });
    for (const name of names('after', 8)) bring('a', name, 0.25);
    expect(done).toEqual(['inner', 'outer', ...names('after', 8)]);
    bring('a', 'too much');
    expect(done.length).toBe(10);
    await nextRound();
    expect(done.at(-1)).toBe('too much');
  });
});

test('Slices 2: a single job is done inside of the call, before a crowd and behind it', async () => {
  const { bring, done } = bench();
  bring('one', 'before', 4);
  expect(done).toEqual(['before']);
  for (const name of names('crowd', 80)) bring('crowd', name);
  await nextRound();
  await nextRound();
  expect(done.length).toBe(81);
  bring('one', 'behind', 4);
  expect(done.at(-1)).toBe('behind');
});

test('Slices 4: lanes take turns: a single job waits for a slice and a job of each lane, whatever others have brought', async () => {
  const { bring, done } = bench();
  for (const name of names('a', 500)) bring('a', name, 1);
  for (const name of names('b', 500)) bring('b', name, 1);
  bring('c', 'single', 1);
  expect(done.length).toBe(10);
  await nextRound();
  expect(done.slice(10, 15)).toEqual(['a10', 'b0', 'single', 'a11', 'b1']);
});

test('Slices 5: a job that throws is reported, and those behind it are done', async () => {
  const { slices, bring, done, faults } = bench();
  const broken = new Error('a defect');
  slices.run('a', () => {
    throw broken;
  });
  for (const name of names('next', 9)) bring('a', name, 9);
  slices.run('a', () => {
    throw broken;
  });
  bring('a', 'last');
  await nextRound();
  expect({ done, faults }).toEqual({ done: [...names('next', 9), 'last'], faults: [broken, broken] });
});

test('Slices 3: whatever comes, each job is done once, and those of a lane in their order', async () => {
  const step = fc.oneof(
    {
      weight: 9,
      arbitrary: fc.record({ lane: fc.constantFrom('a', 'b', '__proto__'), tookMs: fc.nat(3), inner: fc.boolean() }),
    },
    { weight: 1, arbitrary: fc.constant('breathe' as const) },
  );
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 120 }), async (steps) => {
      const { slices, bring, done } = bench();
      const brought = new Map<string, string[]>();
      const note = (lane: string, name: string) => brought.set(lane, [...(brought.get(lane) ?? []), name]);
      for (const [index, each] of steps.entries()) {
        if (each === 'breathe') {
          await nextRound();
          continue;
        }
        const { lane, tookMs, inner } = each;
        note(lane, `${lane} ${index}`);
        bring(lane, `${lane} ${index}`, tookMs);
        if (inner) slices.run(lane, () => bring('inner', `inner ${index}`));
        if (inner) note('inner', `inner ${index}`);
      }
      while (slices.waiting > 0) await nextRound();
      for (const [lane, expected] of brought) {
        const got = done.filter((name) => name.startsWith(`${lane} `));
        // Inner jobs come when their outer ones are done, whose lanes take turns.
        expect(lane === 'inner' ? got.toSorted() : got).toEqual(lane === 'inner' ? expected.toSorted() : expected);
      }
    }),
    { numRuns: 60 },
  );
});
