/**
 * An async iterable worked by hand: nothing comes unless the test gives it, and every pull, abort and return is seen.
 * Made for engines: a test sees when an engine would have worked and when it was made to wait.
 */
export class HandStream<T> implements AsyncIterableIterator<T, undefined> {
  /** How often the reader asked for an item. */
  pulls = 0;
  isReturned = false;
  readonly signal: AbortSignal;
  readonly #items: T[] = [];
  #waiting: { resolve: (result: IteratorResult<T, undefined>) => void; reject: (error: unknown) => void } | null = null;
  #ending: { readonly error: unknown } | 'end' | null = null;

  constructor(signal: AbortSignal) {
    this.signal = signal;
    signal.addEventListener('abort', () => this.fail(signal.reason));
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  /** Gives items, one a pull. */
  give(...items: readonly T[]): void {
    this.#items.push(...items);
    this.#serve();
  }

  /** After the items that wait, the stream is complete. */
  end(): void {
    this.#ending ??= 'end';
    this.#serve();
  }

  /** After the items that wait, the stream throws. */
  fail(error: unknown): void {
    this.#ending ??= { error };
    this.#serve();
  }

  next(): Promise<IteratorResult<T, undefined>> {
    this.pulls += 1;
    return new Promise((resolve, reject) => {
      this.#waiting = { resolve, reject };
      this.#serve();
    });
  }

  return(): Promise<IteratorResult<T, undefined>> {
    this.isReturned = true;
    this.#ending = 'end';
    this.#items.length = 0;
    this.#serve();
    return Promise.resolve({ done: true, value: undefined });
  }

  #serve(): void {
    const waiting = this.#waiting;
    if (waiting === null) return;
    const item = this.#items.shift();
    if (item !== undefined) waiting.resolve({ done: false, value: item });
    else if (this.#ending === 'end') waiting.resolve({ done: true, value: undefined });
    else if (this.#ending !== null) waiting.reject(this.#ending.error);
    else return;
    this.#waiting = null;
  }
}

/** Lets every promise and immediate that is due run; no timer. */
export async function settle(): Promise<void> {
  for (let round = 0; round < 5; round += 1) await new Promise((wake) => setImmediate(wake));
}
