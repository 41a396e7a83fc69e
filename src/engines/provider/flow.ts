/**
 * How much of a provider's work is taken on at once: ConcurrencyLimit bounds the requests that run and wait, ByteQueue the bytes of one
 * that are ahead of their reader. Neither knows what the work is.
 */
import { onAbort } from './linked-abort.ts';

export interface ConcurrencyBounds {
  readonly maxRunning: number;
  readonly maxWaiting: number;
}

/**
 * A bounded number runs, a bounded queue waits, first come first served. What gives up while it waits leaves the queue; a place is given
 * back exactly once.
 */
export class ConcurrencyLimit {
  readonly #bounds: ConcurrencyBounds;
  #running = 0;
  /** A Set keeps the order of arrival, and leaving it costs nothing. */
  readonly #waiting = new Set<() => void>();

  constructor(bounds: ConcurrencyBounds) {
    this.#bounds = bounds;
  }

  get running(): number {
    return this.#running;
  }

  get waiting(): number {
    return this.#waiting.size;
  }

  /**
   * Resolves, once there is a place, with what gives it back; with null if the queue is full. Rejects with the reason of
   * `signal` when that is aborted first.
   */
  async acquire(signal: AbortSignal): Promise<(() => void) | null> {
    signal.throwIfAborted();
    if (this.#running < this.#bounds.maxRunning) {
      this.#running += 1;
      return this.#release();
    }
    if (this.#waiting.size >= this.#bounds.maxWaiting) return null;
    return new Promise((resolve, reject) => {
      const start = () => {
        unlink();
        resolve(this.#release());
      };
      const unlink = onAbort(signal, () => {
        this.#waiting.delete(start);
        reject(signal.reason);
      });
      this.#waiting.add(start);
    });
  }

  #release(): () => void {
    let isReleased = false;
    return () => {
      if (isReleased) return;
      isReleased = true;
      const [next] = this.#waiting;
      if (next === undefined) {
        this.#running -= 1;
        return;
      }
      // The place goes to the next one directly: nothing can slip in between.
      this.#waiting.delete(next);
      next();
    };
  }
}

/**
 * A bounded queue of bytes between a writer that works ahead and a reader that pulls. The writer waits while the queue is full; the
 * reader waits while it is empty. Written by hand and not as a generator: return() must end a pull that waits, at once.
 */
export class ByteQueue implements AsyncIterableIterator<Uint8Array, undefined> {
  readonly #maxBytes: number;
  readonly #abandon: () => void;
  readonly #chunks: Uint8Array[] = [];
  #bytes = 0;
  #isLeft = false;
  #end: { readonly error: unknown } | 'good' | null = null;
  #wakeReader: () => void = () => {};
  #wakeWriter: () => void = () => {};

  /** `abandon` is called once, when the reader leaves before the end. */
  constructor(maxBytes: number, abandon: () => void) {
    this.#maxBytes = maxBytes;
    this.#abandon = abandon;
  }

  /** Adds bytes; resolves as soon as there is room for more. A chunk may pass the bound, the next one waits. */
  async push(chunk: Uint8Array): Promise<void> {
    if (this.#end !== null) return;
    this.#chunks.push(chunk);
    this.#bytes += chunk.length;
    this.#wakeReader();
    while (this.#bytes >= this.#maxBytes && this.#end === null) {
      await new Promise<void>((wake) => {
        this.#wakeWriter = wake;
      });
    }
  }

  /** The stream is complete: what is queued is still read. */
  finish(): void {
    this.#close('good');
  }

  /** The stream failed: what is queued is still read, then `error` is thrown. */
  fail(error: unknown): void {
    this.#close({ error });
  }

  /** The stream is not wanted any more: the reader gets `error` at once. */
  cut(error: unknown): void {
    if (this.#isLeft) return;
    this.#chunks.length = 0;
    this.#bytes = 0;
    this.#end = { error };
    this.#wakeBoth();
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  async next(): Promise<IteratorResult<Uint8Array, undefined>> {
    for (;;) {
      const chunk = this.#chunks.shift();
      if (chunk !== undefined) {
        this.#bytes -= chunk.length;
        if (this.#bytes < this.#maxBytes) this.#wakeWriter();
        return { done: false, value: chunk };
      }
      if (this.#end === 'good') return { done: true, value: undefined };
      if (this.#end !== null) {
        const { error } = this.#end;
        // An error is told once, as a generator does.
        this.#end = 'good';
        throw error;
      }
      await new Promise<void>((wake) => {
        this.#wakeReader = wake;
      });
    }
  }

  return(): Promise<IteratorResult<Uint8Array, undefined>> {
    const isEarly = this.#end === null;
    this.#isLeft = true;
    this.#chunks.length = 0;
    this.#bytes = 0;
    this.#end = 'good';
    this.#wakeBoth();
    if (isEarly) this.#abandon();
    return Promise.resolve({ done: true, value: undefined });
  }

  #close(end: { readonly error: unknown } | 'good'): void {
    this.#end ??= end;
    this.#wakeBoth();
  }

  #wakeBoth(): void {
    this.#wakeReader();
    this.#wakeWriter();
  }
}
