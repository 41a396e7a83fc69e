/** Places for connections: bounded, and given up by who has been still for longest. */
import { expect, test } from 'vitest';
import { Places } from '../../../src/call/places.ts';

class Bench {
  nowMs = 0;
  readonly closed: string[] = [];
  readonly places = new Places<string>({
    max: 3,
    spareAfterMs: 1_000,
    now: () => this.nowMs,
    close: (holder) => this.closed.push(holder),
  });

  /** Takes places a second apart. */
  fill(...holders: readonly string[]): void {
    for (const holder of holders) {
      expect(this.places.take(holder)).toBe(true);
      this.nowMs += 1_000;
    }
  }
}

test('one more takes the place of the one that has been still for longest', () => {
  const bench = new Bench();
  bench.fill('a', 'b', 'c');
  expect(bench.places.take('d')).toBe(true);
  expect(bench.closed).toEqual(['a']);
  expect(bench.places.taken).toBe(3);
});

test('who is busy keeps his place; from the end of his last call on he is still', () => {
  const bench = new Bench();
  bench.fill('a', 'b', 'c');
  bench.places.begin('a');
  bench.places.begin('a');
  bench.places.end('a');
  bench.places.begin('b');
  bench.places.end('b');
  bench.nowMs += 1_000;
  expect(['d', 'e', 'f'].map((holder) => bench.places.take(holder))).toEqual([true, true, false]);
  expect(bench.closed).toEqual(['c', 'b']);
  bench.places.end('a');
  bench.nowMs += 1_000;
  expect(bench.places.take('f')).toBe(true);
  expect(bench.closed).toEqual(['c', 'b', 'd']);
});

test('who has just come, or was busy a moment ago, keeps his place', () => {
  const bench = new Bench();
  for (const holder of ['a', 'b', 'c']) bench.places.take(holder);
  bench.nowMs = 999;
  expect(bench.places.take('d')).toBe(false);
  bench.nowMs = 1_000;
  expect(bench.places.take('d')).toBe(true);
});

test('who has left, or lost his place, is not counted by what he had open', () => {
  const bench = new Bench();
  bench.fill('a', 'b', 'c');
  bench.places.begin('a');
  bench.places.leave('a');
  bench.places.end('a');
  bench.places.leave('a');
  expect(bench.places.taken).toBe(2);
  expect(bench.places.take('d')).toBe(true);
  expect(bench.closed).toEqual([]);
});
