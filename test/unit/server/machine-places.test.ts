/** MAX_CONNECTIONS of several workers as one count: who may stay, who gives a place up, and what becomes of places of a lost worker. */
import { expect, test } from 'vitest';
import { MachinePlaces, type PlaceHolder } from '../../../src/server/workers/machine-places.ts';

/** A worker that is asked for room, and answers when it is told to. */
class Holder implements PlaceHolder {
  readonly name: string;
  readonly places: MachinePlaces;
  readonly log: string[];
  #answer: ((hasMade: boolean) => void) | null = null;

  constructor(name: string, places: MachinePlaces, log: string[]) {
    this.name = name;
    this.places = places;
    this.log = log;
  }

  makeRoom(answer: (hasMade: boolean) => void): void {
    this.log.push(`${this.name}?`);
    this.#answer = answer;
  }

  answer(hasMade: boolean): void {
    if (hasMade) this.places.gone(this);
    this.#answer?.(hasMade);
  }

  come(name: string): void {
    this.places.come(this, (mayStay) => this.log.push(`${name} ${mayStay ? 'stays' : 'goes'}`));
  }
}

function make(max: number) {
  const places = new MachinePlaces(max);
  const log: string[] = [];
  const [a, b] = [new Holder('A', places, log), new Holder('B', places, log)];
  return { places, a, b, said: () => log.splice(0) };
}

test('all workers together have so many, whichever of them has them', () => {
  const { places, a, b, said } = make(3);
  for (const name of ['a1', 'a2', 'a3']) a.come(name);
  expect(said()).toEqual(['a1 stays', 'a2 stays', 'a3 stays']);
  b.come('b1');
  // B has none that it could close.
  expect(said()).toEqual(['A?']);
  a.answer(false);
  expect(said()).toEqual(['b1 goes']);
  places.gone(a);
  b.come('b2');
  expect(said()).toEqual(['b2 stays']);
});

test('room is made where the connection came, else elsewhere; a second question waits for the first', () => {
  const { a, b, said } = make(2);
  a.come('a1');
  b.come('b1');
  said();
  a.come('a2');
  a.come('a3');
  expect(said()).toEqual(['A?']);
  a.answer(false);
  expect(said()).toEqual(['B?']);
  b.answer(true);
  expect(said()).toEqual(['a2 stays', 'A?']);
  a.answer(false);
  expect(said()).toEqual(['a3 goes']);
});

test('a place that comes free meanwhile is the next one’s', () => {
  const { places, a, b, said } = make(1);
  a.come('a1');
  b.come('b1');
  places.gone(a);
  expect(said()).toEqual(['a1 stays', 'A?', 'b1 stays']);
  a.answer(false);
  a.come('a2');
  expect(said()).toEqual(['B?']);
});

test('a lost worker gives all its places back, and one that it was asked for is asked of the next', () => {
  const { places, a, b, said } = make(2);
  a.come('a1');
  b.come('b1');
  a.come('a2');
  b.come('b2');
  expect(said()).toEqual(['a1 stays', 'b1 stays', 'A?']);
  places.left(a);
  expect(said()).toEqual(['b2 stays']);
  // Too late.
  a.answer(true);
  b.come('b3');
  expect(said()).toEqual(['B?']);
  places.left(b);
  expect(said()).toEqual([]);
});

test('of a flood as many wait as may, the others go at once, and all that wait go together where nobody makes room', () => {
  const { a, said } = make(1);
  a.come('first');
  for (let index = 0; index < 1_200; index += 1) a.come(`${index}`);
  const before = said();
  expect([before.slice(0, 2), before.slice(2).length]).toEqual([['first stays', 'A?'], 200]);
  a.answer(false);
  expect(said().length).toBe(1_000);
});
