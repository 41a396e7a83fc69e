/**
 * How much may go on at once: a bounded number runs, a bounded queue waits, first come first served. What gives up while it waits leaves
 * the queue; a place is given back exactly once.
 */
import { onAbort } from './linked-abort.ts';

export interface ConcurrencyBounds {
  readonly maxRunning: number;
  readonly maxWaiting: number;
}

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
