/**
 * An async generator whose reader may leave at any time. return() of a generator alone waits for whatever it is waiting for, which may be a
 * silent peer; here it aborts the work first. Nothing starts before the first pull.
 */

/** The items of `make`, which is given a signal that is aborted with `signal`, and when the reader leaves. */
export function abortableStream<Item>(
  signal: AbortSignal,
  make: (signal: AbortSignal) => AsyncGenerator<Item, void, undefined>,
): AsyncIterable<Item> {
  return {
    [Symbol.asyncIterator]() {
      const left = new AbortController();
      const items = make(AbortSignal.any([signal, left.signal]));
      return {
        next: () => items.next(),
        return() {
          left.abort();
          // A generator that is waiting ends by its signal; the reader need not see how.
          return items.return().catch((): IteratorResult<Item, undefined> => ({ done: true, value: undefined }));
        },
      };
    },
  };
}
