/**
 * Places for so many connections, and who gives his up when all are taken: the one that has done nothing for longest, so that connections
 * which only stand there, silent or half open, keep nobody out who has something to say. Who fills all places with them loses his own
 * first, unless others have been still for longer; a client between two calls opens another connection for the next.
 *
 * Guarantees: at most `max` have a place; one that is busy never loses it, nor does one that came or was busy less than `spareAfterMs` ago.
 * Each step costs the same however many there are.
 */

export interface PlacesOptions<T> {
  readonly max: number;
  /** Who has come has said by then what he wants. */
  readonly spareAfterMs: number;
  /** A clock in ms. */
  readonly now: () => number;
  /** Closes one that gives its place up. */
  readonly close: (holder: T) => void;
}

export class Places<T> {
  readonly #options: PlacesOptions<T>;
  /** How many calls or requests each has open. */
  readonly #holders = new Map<T, number>();
  /** Those that have none, and since when: the longest first. */
  readonly #spare = new Map<T, number>();

  constructor(options: PlacesOptions<T>) {
    this.#options = options;
  }

  get taken(): number {
    return this.#holders.size;
  }

  /** False if there is no place, nor one that can be given up. */
  take(holder: T): boolean {
    if (this.#holders.size >= this.#options.max && !this.makeRoom()) return false;
    this.#holders.set(holder, 0);
    this.#spare.set(holder, this.#options.now());
    return true;
  }

  /** A call of it begins. */
  begin(holder: T): void {
    const open = this.#holders.get(holder);
    if (open === undefined) return;
    this.#holders.set(holder, open + 1);
    this.#spare.delete(holder);
  }

  /** A call of it is over. */
  end(holder: T): void {
    const open = this.#holders.get(holder);
    if (open === undefined) return;
    this.#holders.set(holder, open - 1);
    if (open === 1) this.#spare.set(holder, this.#options.now());
  }

  /** It is gone. Idempotent. */
  leave(holder: T): void {
    this.#holders.delete(holder);
    this.#spare.delete(holder);
  }

  /** Closes the one that has done nothing for longest; false if there is none. */
  makeRoom(): boolean {
    const { spareAfterMs, now, close } = this.#options;
    const [longest] = this.#spare;
    if (longest === undefined || now() - longest[1] < spareAfterMs) return false;
    const [holder] = longest;
    this.leave(holder);
    close(holder);
    return true;
  }
}
