/**
 * The sessions of workers, as the inspector watches them: what its tabs watch is told to every worker, and what workers tell of that is given to it
 * with the number of each. A worker that stands in the place of a lost one is told the same.
 */
import type { Elsewhere, FeedInterest } from '../../inspector/server/feed.ts';
import type { Inspector } from '../../inspector/server/inspector.ts';

/** A worker, as far as it is watched. */
export interface WatchedWorker {
  readonly worker: number;
  /** Of a stream that holds a slot. */
  holds(streamId: string): boolean;
  watch(interest: FeedInterest): void;
}

type Watcher = Pick<Inspector, 'takeFar' | 'dropFar' | 'loseFar'>;

const nothing: FeedInterest = Object.freeze({ list: false, logs: [] });

export class FarSessions implements Elsewhere {
  readonly #watcher: () => Watcher | null;
  readonly #workers = new Map<number, WatchedWorker>();
  #interest = nothing;

  /** `watcher` is asked for when there is something to tell it. */
  constructor(watcher: () => Watcher | null) {
    this.#watcher = watcher;
  }

  watch(interest: FeedInterest): void {
    const before = this.#interest;
    const isSameLogs =
      interest.logs.length === before.logs.length && interest.logs.every((log, at) => log === before.logs[at]);
    if (interest.list === before.list && isSameLogs) return;
    this.#interest = interest;
    for (const worker of this.#workers.values()) worker.watch(interest);
    if (before.list && !interest.list) for (const source of this.#workers.keys()) this.#watcher()?.dropFar(source);
  }

  holderOf(log: string): number | null {
    for (const each of this.#workers.values()) if (each.holds(log)) return each.worker;
    return null;
  }

  /** A worker is there. */
  joined(worker: WatchedWorker): void {
    this.#workers.set(worker.worker, worker);
    if (this.#interest.list || this.#interest.logs.length > 0) worker.watch(this.#interest);
  }

  told(source: number, told: Parameters<Watcher['takeFar']>[1]): void {
    // What was on its way when the last tab went.
    if ('rows' in told && !this.#interest.list) return;
    this.#watcher()?.takeFar(source, told);
  }

  left(worker: WatchedWorker): void {
    if (this.#workers.get(worker.worker) !== worker) return;
    this.#workers.delete(worker.worker);
    this.#watcher()?.loseFar(worker.worker);
  }
}
