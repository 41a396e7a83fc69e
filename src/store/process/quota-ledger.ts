/**
 * The counts of quotas in the database `quota` of the embedded store: one record a device, overwritten; those of past
 * windows are swept.
 */

import {
  isCurrent,
  type QuotaRecord,
  type QuotaWindows,
  quotaOfStored,
  storedTextOfQuota,
  windowsAt,
} from '../quota-record.ts';
import type { EmbeddedStore, TextDatabase } from './embedded-store.ts';

/** Records of one answer, or looked at in one transaction: some ms of work, and half a MB. */
const RECORDS_AT_ONCE = 2_000;

/** Some of what is stored, in the order of the devices. */
export interface QuotaPage {
  readonly records: readonly QuotaRecord[];
  /** The device after which the next page begins; null = this was the last one. */
  readonly next: string | null;
}

export class QuotaLedger {
  readonly #database: TextDatabase;

  constructor(store: EmbeddedStore) {
    this.#database = store.database('quota');
  }

  /**
   * Resolves when the record is on the disk; one without requests is removed. Records of one moment share a commit, the later one of a
   * device wins.
   */
  async save(record: QuotaRecord): Promise<void> {
    const { hardwareId, day, week, month } = record;
    if (day.requests + week.requests + month.requests === 0) await this.#database.remove(hardwareId);
    else await this.#database.put(hardwareId, storedTextOfQuota(record));
  }

  /** The records that count at `nowMs`, of the devices after `after` ('' = of all). */
  current(after: string, nowMs: number): QuotaPage {
    const windows = windowsAt(nowMs);
    const rows = this.#rowsAfter(after);
    const records = rows.flatMap(({ record }) => (record !== null && isCurrent(record, windows) ? [record] : []));
    return { records, next: nextOf(rows) };
  }

  /** Forgets what does not count at `nowMs` any more; resolves with how many devices those were. Others get their turn in between. */
  async sweep(nowMs: number): Promise<number> {
    const windows = windowsAt(nowMs);
    let swept = 0;
    for (let after: string | null = ''; after !== null; await new Promise((wake) => setImmediate(wake))) {
      const begin: string = after;
      // One transaction: a count that is on its way must not be taken for the old one.
      after = this.#database.transactionSync(() => {
        const rows = this.#rowsAfter(begin);
        const over = rows.filter(({ record }) => isOver(record, windows));
        for (const { hardwareId } of over) this.#database.removeSync(hardwareId);
        swept += over.length;
        return nextOf(rows);
      });
    }
    return swept;
  }

  #rowsAfter(after: string): readonly QuotaRow[] {
    const from = after === '' ? {} : { start: after, exclusiveStart: true };
    const range = this.#database.getRange({ ...from, limit: RECORDS_AT_ONCE });
    return [...range].map(({ key, value }) => ({ hardwareId: String(key), record: quotaOfStored(String(key), value) }));
  }
}

interface QuotaRow {
  readonly hardwareId: string;
  /** null = it is none of ours. */
  readonly record: QuotaRecord | null;
}

function isOver(record: QuotaRecord | null, windows: QuotaWindows): boolean {
  return record === null || !isCurrent(record, windows);
}

function nextOf(rows: readonly QuotaRow[]): string | null {
  return rows.length < RECORDS_AT_ONCE ? null : (rows.at(-1)?.hardwareId ?? null);
}
