/**
 * Who did one kind of work for a stream, and after how many failed tries: as the engine tells it (ProviderNote), else by the engine's
 * own name. It holds a handful of names, however many an engine tells.
 */
import type { ProviderNote } from '../../engines/provider-note.ts';

/** More than anybody configures; beyond that, names are left out. */
const MAX_NAMES = 8;

export class ProviderFigures {
  /** Jobs by who did them last. */
  readonly #jobsOf = new Map<string, number>();
  #engine: string | null = null;
  #retries = 0;

  /** An engine is asked to do a job. The returned function takes its notes: each replaces the one before. */
  begin(engine: string): (note: ProviderNote) => void {
    this.#engine = engine;
    let last: ProviderNote | null = null;
    return (note) => {
      this.#retries += note.retries - (last?.retries ?? 0);
      if (last?.provider !== note.provider) {
        this.#count(note.provider, 1);
        if (last !== null) this.#count(last.provider, -1);
      }
      last = note;
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
    return this.#jobsOf.size === 0 ? this.#engine : [...this.#jobsOf.keys()].join(', ');
  }

  #count(provider: string, change: 1 | -1): void {
    const jobs = this.#jobsOf.get(provider);
    if (jobs === undefined && (change < 0 || this.#jobsOf.size >= MAX_NAMES)) return;
    const left = (jobs ?? 0) + change;
    if (left > 0) this.#jobsOf.set(provider, left);
    else this.#jobsOf.delete(provider);
  }
}
