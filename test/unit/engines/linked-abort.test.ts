/** Aborts that follow others: with their reason, at once, and without a listener that stays on a signal which lives long. */
import { getEventListeners } from 'node:events';
import { describe, expect, test } from 'vitest';
import { abortableBytes, abortableStream, linkedAbort, onAbort } from '../../../src/engines/provider/linked-abort.ts';

const listeners = (signal: AbortSignal) => getEventListeners(signal, 'abort').length;

describe('a listener', () => {
  test('is called once, at once if the signal is aborted already, and not after it was taken off', () => {
    const parent = new AbortController();
    const calls: string[] = [];
    onAbort(parent.signal, () => calls.push('kept'));
    const unlink = onAbort(parent.signal, () => calls.push('taken off'));
    unlink();
    unlink();
    parent.abort();
    onAbort(parent.signal, () => calls.push('late'))();
    expect(calls).toEqual(['kept', 'late']);
    expect(listeners(parent.signal)).toBe(0);
  });
});

describe('a linked abort', () => {
  test('follows its parent with the same reason, before and after it was made', () => {
    const parent = new AbortController();
    const early = linkedAbort(parent.signal);
    parent.abort('enough');
    const late = linkedAbort(parent.signal);
    expect([early, late].map(({ signal }) => [signal.aborted, signal.reason])).toEqual([
      [true, 'enough'],
      [true, 'enough'],
    ]);
  });

  test('is aborted by itself without its parent, and follows no more when it is unlinked', () => {
    const parent = new AbortController();
    const [own, unlinked] = [linkedAbort(parent.signal), linkedAbort(parent.signal)];
    own.abort('own');
    unlinked.unlink();
    expect([parent.signal.aborted, own.signal.reason]).toEqual([false, 'own']);
    parent.abort();
    expect([own.signal.reason, unlinked.signal.aborted]).toEqual(['own', false]);
  });
});

describe('a stream whose reader may leave', () => {
  async function* counting(signal: AbortSignal): AsyncGenerator<number, void, undefined> {
    yield 1;
    yield 2;
    await new Promise((_, reject) => onAbort(signal, () => reject(signal.reason)));
  }

  test('leaves no listener on its signal, whether it is read out, left, fails or is never begun', async () => {
    const { signal } = new AbortController();
    const few = async function* () {
      yield 1;
    };
    for await (const item of abortableStream(signal, few)) expect([item, listeners(signal)]).toEqual([1, 1]);
    for await (const item of abortableStream(signal, counting)) if (item === 2) break;
    const failing = async function* (): AsyncGenerator<number, void, undefined> {
      yield await Promise.reject(new Error('broken'));
    };
    await expect(abortableStream(signal, failing)[Symbol.asyncIterator]().next()).rejects.toThrow('broken');
    await abortableStream(signal, counting)[Symbol.asyncIterator]().return?.();
    expect(listeners(signal)).toBe(0);
  });

  test('ends a pull that waits when its reader leaves, and with the reason of its signal', async () => {
    const left = new AbortController();
    const items = abortableStream(left.signal, counting)[Symbol.asyncIterator]();
    for (const value of [1, 2]) expect(await items.next()).toEqual({ done: false, value });
    const waiting = items.next();
    waiting.catch(() => {});
    expect(await items.return?.()).toEqual({ done: true, value: undefined });
    const other = abortableStream(left.signal, counting)[Symbol.asyncIterator]();
    for (const _ of [1, 2]) await other.next();
    const pulled = other.next();
    left.abort('gone');
    await expect(pulled).rejects.toBe('gone');
    expect(listeners(left.signal)).toBe(0);
  });
});

test('a body that never ends and does not know of the abort lets go of its reader', async () => {
  const controller = new AbortController();
  const body = new Response(new ReadableStream({ start: (source) => source.enqueue(Uint8Array.of(1)) }));
  const bytes = abortableBytes(body, controller.signal);
  expect(await bytes.next()).toEqual({ done: false, value: Uint8Array.of(1) });
  const waiting = bytes.next();
  controller.abort(new Error('enough'));
  await expect(waiting).rejects.toThrow('enough');
  expect(await abortableBytes(new Response(null), null).next()).toEqual({ done: true, value: undefined });
});
