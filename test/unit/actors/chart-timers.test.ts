/** Guarantees of a chart's timers, beside XState's own scheduler: the same charts under both see the same. */
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { createActor, setup } from 'xstate';
import { withChartTimers } from '../../../src/actors/hosts/chart-timers.ts';
import { ownTimeOf } from '../../support/own-time.ts';

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

/** Goes round: `a` for 100 ms, `b` until it is told or for 50 ms; over after 1,000 ms, or when it is told. */
const machine = setup({ delays: { a: 100, b: 50, total: 1_000 } }).createMachine({
  id: 'round',
  initial: 'a',
  after: { total: '.over' },
  on: { end: '.over' },
  states: {
    a: { after: { a: 'b' }, on: { again: { target: 'a', reenter: true } } },
    b: { after: { b: 'a' }, on: { next: 'a' } },
    over: { type: 'final' },
  },
});

const makers = {
  ours: () => withChartTimers(createActor(machine, { id: 'one' }), ownTimeOf()),
  xstates: () => createActor(machine, { id: 'one' }),
};

/** What was seen, and when, while `during` happens, and then for two seconds. */
function seen(make: (typeof makers)['ours'], during: (actor: ReturnType<typeof make>) => void): readonly string[] {
  const startedAtMs = Date.now();
  const states: string[] = [];
  const actor = make();
  const note = (state: string) => states.push(`${Date.now() - startedAtMs} ${state}`);
  actor.subscribe({ next: ({ value }) => note(value), complete: () => note('complete') });
  actor.start();
  during(actor);
  vi.advanceTimersByTime(2_000);
  return states;
}

describe('a chart under these timers does what it does under those of XState', () => {
  const courses: Readonly<Record<string, (actor: ReturnType<(typeof makers)['ours']>) => void>> = {
    'left alone': () => {},
    'told to go on, which takes its timer back': (actor) => {
      vi.advanceTimersByTime(120);
      actor.send({ type: 'next' });
      vi.advanceTimersByTime(99);
    },
    'begun anew in the same state: the later timer holds': (actor) => {
      vi.advanceTimersByTime(60);
      actor.send({ type: 'again' });
      vi.advanceTimersByTime(60);
    },
    'ended by an event': (actor) => {
      vi.advanceTimersByTime(130);
      actor.send({ type: 'end' });
    },
    'stopped from outside': (actor) => {
      vi.advanceTimersByTime(130);
      actor.stop();
    },
  };

  test.each(Object.entries(courses))('%s', (_name, course) => {
    const expected = seen(makers.xstates, course);
    expect(expected.length).toBeGreaterThan(2);
    expect(seen(makers.ours, course)).toEqual(expected);
    expect(vi.getTimerCount()).toBe(0);
  });
});

test('a timer that was taken back, or of an actor that is over, stands nowhere', () => {
  const actor = makers.ours();
  actor.start();
  expect(vi.getTimerCount()).toBe(2);
  actor.send({ type: 'again' });
  expect(vi.getTimerCount()).toBe(2);
  actor.stop();
  expect(vi.getTimerCount()).toBe(0);
});
