/** The queue of bytes before a reader: its bound, its end, and a reader who leaves. */
import { describe, expect, test } from 'vitest';
import { ByteQueue } from '../../../src/engines/provider/flow.ts';

describe('a queue of bytes', () => {
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
    const queue = new ByteQueue(10, () => {});
    await queue.push(piece(9));
    const waiting = queue.push(piece(1));
    expect(await settled(waiting)).toBe(false);
    expect((await queue.next()).value).toHaveLength(9);
    await waiting;
  });

  test('gives what it has before it tells of a failure, and tells it once', async () => {
    const queue = new ByteQueue(10, () => {});
    await queue.push(piece(2));
    queue.fail(new Error('broken'));
    expect((await queue.next()).value).toHaveLength(2);
    await expect(queue.next()).rejects.toThrow('broken');
    expect(await queue.next()).toEqual({ done: true, value: undefined });
  });

  test('that is cut forgets what it has, and lets its writer go', async () => {
    const queue = new ByteQueue(1, () => {});
    const waiting = queue.push(piece(2));
    queue.cut(new Error('enough'));
    await waiting;
    await expect(queue.next()).rejects.toThrow('enough');
  });

  test('that its reader leaves ends a pull, lets its writer go and says so once', async () => {
    let abandoned = 0;
    const queue = new ByteQueue(1, () => {
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
    const queue = new ByteQueue(1, () => {
      abandoned += 1;
    });
    queue.finish();
    expect(await queue.next()).toEqual({ done: true, value: undefined });
    await queue.return();
    expect(abandoned).toBe(0);
  });
});
