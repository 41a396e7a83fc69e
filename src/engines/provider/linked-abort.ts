/**
 * Aborts that follow other aborts. A signal may live as long as the server, so whatever listens to one says when it is done: `unlink`
 * takes the listener off, and nothing is left of it. AbortSignal.any has no such end: of a signal that lives long it keeps every signal
 * ever made of it.
 */

import type { StopSignal } from '../../call/stop-signal.ts';

/** Calls `listener` once when `signal` is aborted, at once if it is already. Returns what takes it off again; idempotent. */
export function onAbort(signal: StopSignal, listener: () => void): () => void {
  if (signal.aborted) {
    listener();
    return () => {};
  }
  signal.addEventListener('abort', listener, { once: true });
  return () => signal.removeEventListener('abort', listener);
}

export interface LinkedAbort {
  readonly signal: AbortSignal;
  abort(reason?: unknown): void;
  /** No longer follows its parent; to be called when the work is over, however it ended. */
  unlink(): void;
}

/** What can be aborted by itself, and is aborted with `parent` for the same reason. */
export function linkedAbort(parent: StopSignal): LinkedAbort {
  const controller = new AbortController();
  const unlink = onAbort(parent, () => controller.abort(parent.reason));
  return { signal: controller.signal, abort: (reason) => controller.abort(reason), unlink };
}

/**
 * The items of `make`, whose reader may leave at any time. return() of a generator alone waits for whatever it is waiting for, which may
 * be a silent peer; here it aborts the work first. Nothing starts before the first pull.
 */
export function abortableStream<Item>(
  signal: StopSignal,
  make: (signal: AbortSignal) => AsyncGenerator<Item, void, undefined>,
): AsyncIterable<Item> {
  return {
    [Symbol.asyncIterator]() {
      let work: LinkedAbort | null = null;
      async function* linked(): AsyncGenerator<Item, void, undefined> {
        work = linkedAbort(signal);
        try {
          yield* make(work.signal);
        } finally {
          work.unlink();
        }
      }
      const items = linked();
      return {
        next: () => items.next(),
        return() {
          work?.abort();
          // A generator that is waiting ends by its signal; the reader need not see how.
          return items.return().catch((): IteratorResult<Item, undefined> => ({ done: true, value: undefined }));
        },
      };
    },
  };
}

/**
 * The bytes of a response. Node's fetch lets a body that it can't unpack hang, and its abort does not reach who reads it: here it does.
 * Throws the signal's reason then.
 */
export async function* abortableBytes(
  { body }: Response,
  signal: AbortSignal | null | undefined,
): AsyncGenerator<Uint8Array, void, undefined> {
  if (body === null) return;
  const reader = body.getReader();
  const leave = () => void reader.cancel().catch(() => {});
  const unlink = signal ? onAbort(signal, leave) : () => {};
  try {
    for (;;) {
      const { done, value } = await reader.read();
      signal?.throwIfAborted();
      if (done) return;
      yield value;
    }
  } finally {
    unlink();
    leave();
  }
}
