/**
 * The ledger of used tokens: one record an entry, in the order of time, in the database `usage` of the embedded store. Keys are
 * [time in ms, incarnation of the store, number in it], so that entries of one millisecond, of a clock that was set back or of two servers
 * on one store never overwrite each other. Entries are kept for USAGE_RETENTION_DAYS.
 */

import { entryOfStored, storedTextOf, type UsageEntry } from '../usage-entry.ts';
import type { EmbeddedStore, ReadableStore, TextDatabase } from './embedded-store.ts';

/** More than a year, so that a month can be compared with that of the year before. About 230 bytes on disk an entry. */
export const USAGE_RETENTION_DAYS = 400;
/** Entries forgotten in one commit: a few ms of work. */
const PRUNED_AT_ONCE = 1000;
const DAY_MS = 86_400_000;
const USAGE = 'usage';

/** The writing side. */
export class UsageLedger {
  readonly #database: TextDatabase;
  readonly #incarnation: number;
  #recorded = 0;

  constructor(store: EmbeddedStore) {
    this.#database = store.database(USAGE);
    this.#incarnation = store.incarnation;
  }

  /** Resolves when the entry is on the disk. Entries of one moment share a commit. */
  async record(entry: UsageEntry): Promise<void> {
    this.#recorded += 1;
    await this.#database.put([entry.timeMs, this.#incarnation, this.#recorded], storedTextOf(entry));
  }

  /** Forgets what is older than the retention at `nowMs`, a batch at a time; resolves with how many entries that were. */
  async prune(nowMs: number): Promise<number> {
    const end = [nowMs - USAGE_RETENTION_DAYS * DAY_MS];
    for (let pruned = 0; ; ) {
      const keys = [...this.#database.getKeys({ end, limit: PRUNED_AT_ONCE })];
      await Promise.all(keys.map((key) => this.#database.remove(key)));
      pruned += keys.length;
      if (keys.length < PRUNED_AT_ONCE) return pruned;
    }
  }
}

/** The entries since `sinceMs` in the order of time; null for a record that is none. */
export function* usageSince(store: ReadableStore, sinceMs: number): Iterable<UsageEntry | null> {
  const range = store.database(USAGE)?.getRange({ start: [sinceMs] }) ?? [];
  for (const { key, value } of range) yield entryOfStored(Array.isArray(key) ? key[0] : undefined, value);
}
