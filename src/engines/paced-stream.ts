/**
 * A stream that is written as an ordinary generator and read as an async iterable. The generator yields items, and a
 * Pause where time shall pass; all that is hard about time is here, once, for every engine that makes its stream itself.
 *
 * Guarantees: nothing is computed ahead of what the reader pulls; an abort, or return() of the iterator, ends a pause at
 * once, also one that lasts for ever; after the end no timer and no listener is left. An aborted stream throws the
 * signal's reason, so that it never looks complete. A reader that never waits can't starve the event loop. What is late
 * makes nothing later: every item is due at the first pull plus the pauses before it, so a stream that a busy loop or a slow
 * reader held up catches up, and its pace does not drift.
 *
 * Hand-written, because return() of an async generator waits for the very pause that it should end. The cost is that of
 * an async generator: 0.2 µs an item.
 */

import type { StopSignal } from '../call/stop-signal.ts';

/** A wait between two items; it begins when the one before it should have ended. */
export class Pause {
  readonly ms: number;

  /** `ms` 0 to 2^31 - 1, or Infinity: until the reader gives up. 0 lets other work of the process go first. */
  constructor(ms: number) {
    this.ms = ms;
  }
}

/** What is played: items, and pauses between them. */
export type PacedItems<Item> = Generator<Item | Pause, void, unknown>;

/** Items between two turns of the event loop: some ten microseconds of work, and 1/64 of a setImmediate an item. */
const itemsPerBreath = 64;

/** Plays `items` to whoever pulls; for one reader, once. Aborting `signal` ends it by throwing the signal's reason. */
export function playPaced<Item>(items: PacedItems<Item>, signal: StopSignal): AsyncIterable<Item> {
  return new PacedStream(items, signal);
}

class PacedStream<Item> implements AsyncIterableIterator<Item, undefined> {
  readonly #items: PacedItems<Item>;
  readonly #signal: StopSignal;
  #ended = false;
  #itemsSinceBreath = 0;
  /** When the last pause should have ended, on the monotonic clock; undefined before the first pull. */
  #dueAtMs: number | undefined;
  /** Ends the running pause; undefined while none is running. */
  #wake: (() => void) | undefined;
  /** The last pull that still waits; a reader that pulls again meanwhile queues behind it. */
  #lastPull: Promise<unknown> | undefined;

  constructor(items: PacedItems<Item>, signal: StopSignal) {
    this.#items = items;
    this.#signal = signal;
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  next(): Promise<IteratorResult<Item, undefined>> {
    if (this.#lastPull !== undefined) {
      const pull = () => this.#pull();
      return this.#queued(this.#lastPull.then(pull, pull));
    }
    return this.#pull();
  }

  return(): Promise<IteratorResult<Item, undefined>> {
    this.#finish();
    this.#wake?.();
    return Promise.resolve({ done: true, value: undefined });
  }

  #pull(): Promise<IteratorResult<Item, undefined>> {
    this.#dueAtMs ??= performance.now();
    try {
      const step = this.#advance();
      return step instanceof Pause ? this.#queued(this.#resumeAfter(step)) : Promise.resolve(step);
    } catch (error) {
      this.#finish();
      return Promise.reject(error);
    }
  }

  /** One step of the generator, or the breath that is due before it. */
  #advance(): IteratorResult<Item, undefined> | Pause {
    if (this.#ended) return { done: true, value: undefined };
    this.#signal.throwIfAborted();
    if (this.#itemsSinceBreath >= itemsPerBreath) {
      this.#itemsSinceBreath = 0;
      return new Pause(0);
    }
    const step = this.#items.next();
    if (step.done === true) {
      this.#ended = true;
      return { done: true, value: undefined };
    }
    if (step.value instanceof Pause) return step.value;
    this.#itemsSinceBreath += 1;
    return { done: false, value: step.value };
  }

  /** A loop and not a recursion: ten million pauses in a row must not become a chain of ten million promises. */
  async #resumeAfter(first: Pause): Promise<IteratorResult<Item, undefined>> {
    try {
      for (let step: IteratorResult<Item, undefined> | Pause = first; ; step = this.#advance()) {
        if (!(step instanceof Pause)) return step;
        const waitMs = this.#waitOf(step);
        if (waitMs !== null) await this.#pause(waitMs);
      }
    } catch (error) {
      this.#finish();
      throw error;
    }
  }

  /** What is left of a pause, 0 = a breath; null = it is over already, and counts as an item towards the next breath. */
  #waitOf({ ms }: Pause): number | null {
    if (ms === 0 || ms === Number.POSITIVE_INFINITY) return ms;
    const nowMs = performance.now();
    this.#dueAtMs = (this.#dueAtMs ?? nowMs) + ms;
    // A timer has whole milliseconds, and one must not be early.
    const waitMs = Math.ceil(this.#dueAtMs - nowMs);
    if (waitMs > 0) return waitMs;
    this.#itemsSinceBreath += 1;
    return null;
  }

  #queued(pull: Promise<IteratorResult<Item, undefined>>): Promise<IteratorResult<Item, undefined>> {
    this.#lastPull = pull;
    const clear = () => {
      if (this.#lastPull === pull) this.#lastPull = undefined;
    };
    pull.then(clear, clear);
    return pull;
  }

  #finish(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#items.return();
  }

  #pause(ms: number): Promise<void> {
    return new Promise((resolve) => {
      let cancel = () => {};
      const done = () => {
        cancel();
        this.#signal.removeEventListener('abort', done);
        this.#wake = undefined;
        resolve();
      };
      if (ms === 0) {
        const immediate = setImmediate(done);
        cancel = () => clearImmediate(immediate);
      } else if (ms !== Number.POSITIVE_INFINITY) {
        const timer = setTimeout(done, ms);
        cancel = () => clearTimeout(timer);
      }
      this.#signal.addEventListener('abort', done);
      this.#wake = done;
    });
  }
}
