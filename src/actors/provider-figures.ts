/**
 * Who did one kind of work for a stream, and after how many failed tries: as the engine tells it (ProviderNote), else by the engine's
 * own name. It holds a handful of names, however many an engine tells.
 */
import type { ProviderNote } from '../engines/provider-note.ts';

/** More than anybody configures; beyond that, names are left out. */
const MAX_NAMES = 8;

export class ProviderFigures {
  readonly #names = new Set<string>();
  #engine: string | null = null;
  #retries = 0;

  /** An engine is asked to do a job. The returned function takes its notes: each replaces the one before. */
  begin(engine: string): (note: ProviderNote) => void {
    this.#engine = engine;
    let retriesOfJob = 0;
    return ({ provider, retries }) => {
      this.#retries += retries - retriesOfJob;
      retriesOfJob = retries;
      if (this.#names.size < MAX_NAMES) this.#names.add(provider);
    };
  }

  /** A job that failed is done once more. */
  countRetry(): void {
    this.#retries += 1;
  }

  /** Tries that failed and were followed by another one. */
  get retries(): number {
    return this.#retries;
  }

  /** Who was at work, in the order they came, with commas between; null = nobody was asked. */
  get names(): string | null {
    return this.#names.size === 0 ? this.#engine : [...this.#names].join(', ');
  }
}
