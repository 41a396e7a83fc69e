/** How much may go on at once: the bounds, the order, and what gives up. */
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ConcurrencyLimit } from '../../../src/engines/provider/flow.ts';

const never = new AbortController().signal;

describe('a limit', () => {
  test('lets so many run, lets so many wait in order, and refuses the next one', async () => {
    const limit = new ConcurrencyLimit({ maxRunning: 1, maxWaiting: 2 });
    const release = await limit.acquire(never);
    const order: string[] = [];
    const second = limit.acquire(never).then((done) => {
      order.push('second');
      done?.();
    });
    const third = limit.acquire(never).then((done) => {
      order.push('third');
      done?.();
    });
    expect(await limit.acquire(never)).toBeNull();
    expect([limit.running, limit.waiting]).toEqual([1, 2]);
    release?.();
    release?.();
    await Promise.all([second, third]);
    expect(order).toEqual(['second', 'third']);
    expect([limit.running, limit.waiting]).toEqual([0, 0]);
  });

  test('forgets whoever gives up, and takes nobody who has given up before', async () => {
    const limit = new ConcurrencyLimit({ maxRunning: 1, maxWaiting: 1 });
    const release = await limit.acquire(never);
    const abort = new AbortController();
    const waiting = limit.acquire(abort.signal);
    abort.abort(new Error('enough'));
    await expect(waiting).rejects.toBe(abort.signal.reason);
    expect(limit.waiting).toBe(0);
    await expect(limit.acquire(abort.signal)).rejects.toBe(abort.signal.reason);
    release?.();
    expect(limit.running).toBe(0);
  });

  test('never has more running than allowed, and ends empty, whatever comes and goes', async () => {
    const steps = fc.array(fc.record({ gives: fc.boolean(), turns: fc.integer({ min: 0, max: 5 }) }), {
      maxLength: 40,
    });
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: 4 }), steps, async (maxRunning, visitors) => {
        const limit = new ConcurrencyLimit({ maxRunning, maxWaiting: 100 });
        const visits = visitors.map(async ({ gives, turns }) => {
          const abort = new AbortController();
          if (gives) queueMicrotask(() => abort.abort(new Error('gave up')));
          const release = await limit.acquire(abort.signal).catch(() => null);
          expect(limit.running).toBeLessThanOrEqual(maxRunning);
          for (let turn = 0; turn < turns; turn++) await Promise.resolve();
          release?.();
        });
        await Promise.all(visits);
        expect([limit.running, limit.waiting]).toEqual([0, 0]);
      }),
    );
  });
});
