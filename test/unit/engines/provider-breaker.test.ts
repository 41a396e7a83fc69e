/** When a provider is left alone: failures in a row, one trial at a time, and what counts neither way. The clock is the test's own. */
import { describe, expect, test } from 'vitest';
import { Breaker, type TryOutcome } from '../../../src/engines/provider/breaker.ts';

function breakerAt(failuresToOpen: number) {
  const clock = { nowMs: 1000 };
  const breaker = new Breaker({ failuresToOpen, openMs: 100 }, () => clock.nowMs);
  const settle = (...outcomes: readonly TryOutcome[]) => {
    for (const outcome of outcomes) breaker.enter()?.settle(outcome);
  };
  return { breaker, clock, settle };
}

describe('a breaker', () => {
  test('opens at the failures in a row that it is told, and a good try begins the count anew', () => {
    const { breaker, settle } = breakerAt(3);
    settle('outage', 'outage', 'good', 'outage', 'outage');
    expect([breaker.state, breaker.isPassable]).toEqual(['closed', true]);
    settle('outage');
    expect([breaker.state, breaker.isPassable, breaker.openedAtMs, breaker.enter()]).toEqual([
      'open',
      false,
      1000,
      null,
    ]);
  });

  test('counts tries in the order of their ends, and none that ends after it has opened', () => {
    const { breaker, clock } = breakerAt(1);
    const [first, second, third] = [breaker.enter(), breaker.enter(), breaker.enter()];
    first?.settle('outage');
    clock.nowMs += 50;
    second?.settle('outage');
    expect([breaker.state, breaker.openedAtMs]).toEqual(['open', 1000]);
    third?.settle('good');
    expect(breaker.state).toBe('open');
  });

  test('tells the one try that opened or closed it, and none of those that failed beside it', () => {
    const { breaker, clock } = breakerAt(2);
    const beside = Array.from({ length: 5 }, () => breaker.enter());
    const told = beside.map((pass) => pass?.settle('outage'));
    expect(told).toEqual(['none', 'opened', 'none', 'none', 'none']);
    expect(breaker.force().settle('outage')).toBe('none');
    clock.nowMs += 100;
    expect(breaker.enter()?.settle('neither')).toBe('none');
    expect(breaker.enter()?.settle('outage')).toBe('opened');
    clock.nowMs += 100;
    const trial = breaker.enter();
    expect([breaker.force().settle('good'), trial?.settle('good')]).toEqual(['closed', 'none']);
    expect([breaker.enter()?.settle('good'), breaker.force().settle('good')]).toEqual(['none', 'none']);
  });

  test('lets one try when its time is over, and all when that goes well', () => {
    const { breaker, clock, settle } = breakerAt(2);
    settle('outage', 'outage');
    clock.nowMs += 99;
    expect(breaker.enter()).toBeNull();
    clock.nowMs += 1;
    const trial = breaker.enter();
    expect([breaker.state, breaker.isPassable, breaker.enter()]).toEqual(['half_open', false, null]);
    trial?.settle('good');
    expect([breaker.state, breaker.isPassable]).toEqual(['closed', true]);
    settle('outage');
    expect(breaker.state).toBe('closed');
  });

  test('opens for its whole time again when the trial fails', () => {
    const { breaker, clock, settle } = breakerAt(1);
    settle('outage');
    clock.nowMs += 100;
    settle('outage');
    expect([breaker.state, breaker.openedAtMs, breaker.isPassable]).toEqual(['open', 1100, false]);
    clock.nowMs += 100;
    expect(breaker.isPassable).toBe(true);
  });

  test('learns nothing from a trial that was aborted: it stays open, and the next request is the trial', () => {
    const { breaker, clock, settle } = breakerAt(1);
    settle('outage');
    clock.nowMs += 100;
    settle('neither');
    expect([breaker.state, breaker.isPassable, breaker.openedAtMs]).toEqual(['open', true, 1000]);
    settle('good');
    expect(breaker.state).toBe('closed');
  });

  test('that is forced closes when that goes well, and is as before when not; a trial of then has no say any more', () => {
    const { breaker, clock, settle } = breakerAt(1);
    settle('outage');
    breaker.force().settle('outage');
    breaker.force().settle('neither');
    expect([breaker.state, breaker.openedAtMs]).toEqual(['open', 1000]);
    clock.nowMs += 100;
    const trial = breaker.enter();
    breaker.force().settle('good');
    expect(breaker.state).toBe('closed');
    trial?.settle('outage');
    expect(breaker.state).toBe('closed');
  });
});
