/**
 * A provider that keeps failing is left alone for a while: after some failures in a row its breaker opens, and nobody asks it. When the
 * time is over one request may, alone; if that goes well, all may again. What was aborted, or failed by its own fault, counts neither
 * way: a trial that ends so leaves the breaker open, and the next request may be the trial. Everything is decided at once, in the call
 * that settles.
 */

export interface BreakerOptions {
  /** Failures in a row. */
  readonly failuresToOpen: number;
  readonly openMs: number;
}

/** Five users lost their answer; half a minute is what a provider's restart takes. */
export const defaultBreakerOptions: BreakerOptions = Object.freeze({ failuresToOpen: 5, openMs: 30_000 });

export type TryOutcome = 'good' | 'outage' | 'neither';

/** What a try changed. Of many that fail together one opens the breaker, and it alone is told so. */
export type BreakerChange = 'opened' | 'closed' | 'none';

/** Leave to ask a provider once; whoever has it says how that went, once. */
export interface BreakerPass {
  settle(outcome: TryOutcome): BreakerChange;
}

export class Breaker {
  readonly #options: BreakerOptions;
  /** A monotonic clock in ms. */
  readonly #now: () => number;
  #failures = 0;
  #isOpen = false;
  #openedAtMs = 0;
  #trial: BreakerPass | null = null;

  constructor(options: BreakerOptions, now: () => number) {
    this.#options = options;
    this.#now = now;
  }

  get state(): 'closed' | 'open' | 'half_open' {
    if (!this.#isOpen) return 'closed';
    return this.#trial === null ? 'open' : 'half_open';
  }

  /** True if a request would be let in. */
  get isPassable(): boolean {
    const isOver = this.#now() - this.#openedAtMs >= this.#options.openMs;
    return !this.#isOpen || (this.#trial === null && isOver);
  }

  /** When it opened last, by its clock; 0 = never. */
  get openedAtMs(): number {
    return this.#openedAtMs;
  }

  /** null = it is open, or another request is trying it out just now. */
  enter(): BreakerPass | null {
    if (!this.#isOpen) return { settle: (outcome) => this.#count(outcome) };
    if (!this.isPassable) return null;
    const trial: BreakerPass = {
      settle: (outcome) => {
        // A forced request may have closed it meanwhile.
        if (this.#trial !== trial) return 'none';
        this.#trial = null;
        if (outcome === 'good') return this.#close();
        return outcome === 'outage' ? this.#open() : 'none';
      },
    };
    this.#trial = trial;
    return trial;
  }

  /** Leave to ask although it is open: a try that goes well closes it, any other changes nothing. */
  force(): BreakerPass {
    return {
      settle: (outcome) => (outcome === 'good' ? this.#close() : 'none'),
    };
  }

  /** A try that began while it was closed; one that ends after it opened says nothing new. */
  #count(outcome: TryOutcome): BreakerChange {
    if (this.#isOpen || outcome === 'neither') return 'none';
    this.#failures = outcome === 'good' ? 0 : this.#failures + 1;
    return this.#failures >= this.#options.failuresToOpen ? this.#open() : 'none';
  }

  #open(): BreakerChange {
    this.#isOpen = true;
    this.#openedAtMs = this.#now();
    return 'opened';
  }

  #close(): BreakerChange {
    const wasOpen = this.#isOpen;
    this.#isOpen = false;
    this.#failures = 0;
    this.#trial = null;
    return wasOpen ? 'closed' : 'none';
  }
}
