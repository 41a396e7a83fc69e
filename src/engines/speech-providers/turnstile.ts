/**
 * How much may go on at once: a bounded number inside, a bounded queue before it, first come first served. Whoever gives up while
 * waiting leaves the queue; a place is given back exactly once.
 */

export interface TurnstileBounds {
  readonly maxInside: number;
  readonly maxWaiting: number;
}

export class Turnstile {
  readonly #bounds: TurnstileBounds;
  #inside = 0;
  /** A Set keeps the order of arrival, and leaving it costs nothing. */
  readonly #waiting = new Set<() => void>();

  constructor(bounds: TurnstileBounds) {
    this.#bounds = bounds;
  }

  get inside(): number {
    return this.#inside;
  }

  get waiting(): number {
    return this.#waiting.size;
  }

  /**
   * Resolves, once there is a place, with what gives it back; with null if the queue is full. Rejects with the reason of
   * `signal` when that is aborted first.
   */
  async enter(signal: AbortSignal): Promise<(() => void) | null> {
    signal.throwIfAborted();
    if (this.#inside < this.#bounds.maxInside) {
      this.#inside += 1;
      return this.#exit();
    }
    if (this.#waiting.size >= this.#bounds.maxWaiting) return null;
    return new Promise((resolve, reject) => {
      const giveUp = () => {
        this.#waiting.delete(enterNow);
        reject(signal.reason);
      };
      const enterNow = () => {
        signal.removeEventListener('abort', giveUp);
        resolve(this.#exit());
      };
      this.#waiting.add(enterNow);
      signal.addEventListener('abort', giveUp, { once: true });
    });
  }

  #exit(): () => void {
    let isInside = true;
    return () => {
      if (!isInside) return;
      isInside = false;
      const [next] = this.#waiting;
      if (next === undefined) {
        this.#inside -= 1;
        return;
      }
      // The place goes to the next one directly: nobody can slip in between.
      this.#waiting.delete(next);
      next();
    };
  }
}
