/** How much may go on at once, and the queue of sound before a reader: bounds, order, and who gives up. */
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ReadAhead } from '../../../src/engines/speech-providers/read-ahead.ts';
import { Turnstile } from '../../../src/engines/speech-providers/turnstile.ts';

const never = new AbortController().signal;

describe('a turnstile', () => {
  test('lets so many in, lets so many wait in order, and refuses the next one', async () => {
    const turnstile = new Turnstile({ maxInside: 1, maxWaiting: 2 });
    const leave = await turnstile.enter(never);
    const order: string[] = [];
    const second = turnstile.enter(never).then((exit) => {
      order.push('second');
      exit?.();
    });
    const third = turnstile.enter(never).then((exit) => {
      order.push('third');
      exit?.();
    });
    expect(await turnstile.enter(never)).toBeNull();
    expect([turnstile.inside, turnstile.waiting]).toEqual([1, 2]);
    leave?.();
    leave?.();
    await Promise.all([second, third]);
    expect(order).toEqual(['second', 'third']);
    expect([turnstile.inside, turnstile.waiting]).toEqual([0, 0]);
  });

  test('forgets whoever gives up, and takes nobody who has given up before', async () => {
    const turnstile = new Turnstile({ maxInside: 1, maxWaiting: 1 });
    const leave = await turnstile.enter(never);
    const abort = new AbortController();
    const waiting = turnstile.enter(abort.signal);
    abort.abort(new Error('enough'));
    await expect(waiting).rejects.toBe(abort.signal.reason);
    expect(turnstile.waiting).toBe(0);
    await expect(turnstile.enter(abort.signal)).rejects.toBe(abort.signal.reason);
    leave?.();
    expect(turnstile.inside).toBe(0);
  });

  test('never has more inside than allowed, and ends empty, whatever comes and goes', async () => {
    const steps = fc.array(fc.record({ gives: fc.boolean(), turns: fc.integer({ min: 0, max: 5 }) }), {
      maxLength: 40,
    });
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: 4 }), steps, async (maxInside, visitors) => {
        const turnstile = new Turnstile({ maxInside, maxWaiting: 100 });
        const visits = visitors.map(async ({ gives, turns }) => {
          const abort = new AbortController();
          if (gives) queueMicrotask(() => abort.abort(new Error('gave up')));
          const leave = await turnstile.enter(abort.signal).catch(() => null);
          expect(turnstile.inside).toBeLessThanOrEqual(maxInside);
          for (let turn = 0; turn < turns; turn++) await Promise.resolve();
          leave?.();
        });
        await Promise.all(visits);
        expect([turnstile.inside, turnstile.waiting]).toEqual([0, 0]);
      }),
    );
  });
});

describe('a queue of sound', () => {
  const piece = (size: number) => new Uint8Array(size);

  async function settled(promise: Promise<unknown>): Promise<boolean> {
    let isSettled = false;
    void promise.finally(() => {
      isSettled = true;
    });
    await new Promise((wake) => setImmediate(wake));
    return isSettled;
  }

  test('makes its writer wait at the bound, until there is room', async () => {
    const queue = new ReadAhead(10, () => {});
    await queue.push(piece(9));
    const waiting = queue.push(piece(1));
    expect(await settled(waiting)).toBe(false);
    expect((await queue.next()).value).toHaveLength(9);
    await waiting;
  });

  test('gives what it has before it tells of a failure, and tells it once', async () => {
    const queue = new ReadAhead(10, () => {});
    await queue.push(piece(2));
    queue.fail(new Error('broken'));
    expect((await queue.next()).value).toHaveLength(2);
    await expect(queue.next()).rejects.toThrow('broken');
    expect(await queue.next()).toEqual({ done: true, value: undefined });
  });

  test('that is cut forgets what it has, and lets its writer go', async () => {
    const queue = new ReadAhead(1, () => {});
    const waiting = queue.push(piece(2));
    queue.cut(new Error('enough'));
    await waiting;
    await expect(queue.next()).rejects.toThrow('enough');
  });

  test('that its reader leaves ends a pull, lets its writer go and says so once', async () => {
    let abandoned = 0;
    const queue = new ReadAhead(1, () => {
      abandoned += 1;
    });
    const pull = queue.next();
    await queue.return();
    await queue.return();
    expect(await pull).toEqual({ done: true, value: undefined });
    await queue.push(piece(5));
    queue.cut(new Error('too late'));
    expect(await queue.next()).toEqual({ done: true, value: undefined });
    expect(abandoned).toBe(1);
  });

  test('that was read to its end says nothing of leaving', async () => {
    let abandoned = 0;
    const queue = new ReadAhead(1, () => {
      abandoned += 1;
    });
    queue.finish();
    expect(await queue.next()).toEqual({ done: true, value: undefined });
    await queue.return();
    expect(abandoned).toBe(0);
  });
});
