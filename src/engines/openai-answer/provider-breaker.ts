/**
 * A provider that keeps failing is left alone for a while: after some failures in a row its breaker opens, and nobody asks it. When the time is
 * over one request may, alone; if that goes well, all may again. What was aborted, or failed by its own fault, counts neither way.
 */
import { type CircuitBreakerPolicy, CircuitState, ConsecutiveBreaker, circuitBreaker, handleType } from 'cockatiel';

export interface BreakerOptions {
  /** Failures in a row. */
  readonly failuresToOpen: number;
  readonly openMs: number;
}

/** Five users lost their answer; half a minute is what a provider's restart takes. */
export const defaultBreakerOptions: BreakerOptions = Object.freeze({ failuresToOpen: 5, openMs: 30_000 });

export type TryOutcome = 'good' | 'outage' | 'neither';

/** Leave to ask a provider once; whoever has it says how that went, once. */
export interface BreakerPass {
  settle(outcome: TryOutcome): void;
}

class Outage extends Error {}

export class ProviderBreaker {
  readonly #options: BreakerOptions;
  #policy: CircuitBreakerPolicy;
  #openedAtMs = 0;

  constructor(options: BreakerOptions) {
    this.#options = options;
    this.#policy = this.#createPolicy();
  }

  get state(): 'closed' | 'open' | 'half_open' {
    const { state } = this.#policy;
    if (state === CircuitState.Closed) return 'closed';
    return state === CircuitState.HalfOpen ? 'half_open' : 'open';
  }

  /** True if a request may hope to be let in: it is closed, or has been open for its time. */
  get isPassable(): boolean {
    return this.state === 'closed' || (this.state === 'open' && Date.now() - this.#openedAtMs >= this.#options.openMs);
  }

  /** When it opened last, since the epoch. */
  get openedAtMs(): number {
    return this.#openedAtMs;
  }

  /** null = it is open, or another request is trying it out just now. */
  enter(): BreakerPass | null {
    // The library would make us wait for the end of the other's try.
    if (this.#policy.state === CircuitState.HalfOpen) return null;
    let isIn = false;
    let settle: BreakerPass['settle'] = () => {};
    const tried = new Promise<void>((resolve, reject) => {
      settle = (outcome) => {
        if (outcome === 'good') resolve();
        else reject(outcome === 'outage' ? new Outage() : new Error('neither'));
      };
    });
    this.#policy
      .execute(() => {
        isIn = true;
        return tried;
      })
      .catch(() => {});
    return isIn ? { settle } : null;
  }

  /** Leave to ask although it is open: a try that goes well closes it. */
  force(): BreakerPass {
    return {
      settle: (outcome) => {
        if (outcome === 'good') this.#policy = this.#createPolicy();
      },
    };
  }

  #createPolicy(): CircuitBreakerPolicy {
    const { failuresToOpen, openMs } = this.#options;
    const policy = circuitBreaker(handleType(Outage), {
      halfOpenAfter: openMs,
      breaker: new ConsecutiveBreaker(failuresToOpen),
    });
    policy.onBreak(() => {
      this.#openedAtMs = Date.now();
    });
    return policy;
  }
}
