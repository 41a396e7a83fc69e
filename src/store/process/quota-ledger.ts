/**
 * The counts of quotas in the database `quota` of the embedded store: one record a device; those of past windows are swept.
 *
 * Guarantees: each request is looked at and counted in one write transaction, which waits for those of other processes, so that of any
 * number of calls on any number of servers exactly as many are taken as are left; never more than `maxDevices` devices. Beyond, one of
 * those that have asked least begins anew: who asks much can't get rid of his count by asking under many names.
 */

import {
  isCurrent,
  type QuotaLimits,
  type QuotaRecord,
  type QuotaWindows,
  quotaOfStored,
  reachedLimit,
  recordIn,
  recordsAdded,
  recordWith,
  storedTextOfQuota,
  unusedRecord,
  windowsAt,
} from '../quota-record.ts';
import type { EmbeddedStore, TextDatabase } from './embedded-store.ts';

/** 30 MB at most. */
const MAX_DEVICES = 100_000;
/** Records looked at in one transaction of a sweep: some ms of work. */
const RECORDS_AT_ONCE = 2_000;
/** Devices among which the one that begins anew is chosen. */
const COMPARED_DEVICES = 16;

export interface QuotaTake {
  readonly hardwareId: string;
  readonly limits: QuotaLimits;
  /** Since the epoch. */
  readonly timeMs: number;
  /** 0 = only looks. */
  readonly requests: number;
}

export interface QuotaTaken {
  /** Whether one is, or was, left. */
  readonly isTaken: boolean;
  /** The counts as they are now. */
  readonly record: QuotaRecord;
  /** That have any. */
  readonly devices: number;
}

export class QuotaLedger {
  readonly #database: TextDatabase;
  readonly #maxDevices: number;
  /** Where the last device was that began anew: the next is looked for behind it. */
  #forgottenUpTo = '';

  constructor(store: EmbeddedStore, maxDevices = MAX_DEVICES) {
    this.#database = store.database('quota');
    this.#maxDevices = maxDevices;
  }

  /** Deals with all of them in their order, in one commit; on the disk when it returns. */
  take(takes: readonly QuotaTake[]): readonly QuotaTaken[] {
    return this.#database.transactionSync(() => takes.map((each) => this.#takeOne(each)));
  }

  /** Gives back a request that was taken at `timeMs`. */
  giveBack(hardwareId: string, timeMs: number): void {
    this.#database.transactionSync(() => {
      const record = this.#recordAt(hardwareId, timeMs);
      // In a window that has begun since, it was never counted.
      const taken = recordWith(unusedRecord(hardwareId, windowsAt(timeMs)), 1);
      this.#put({
        hardwareId,
        day: without(record.day, taken.day),
        week: without(record.week, taken.week),
        month: without(record.month, taken.month),
      });
    });
  }

  /** Adds what was counted elsewhere. */
  add(record: QuotaRecord): void {
    this.#database.transactionSync(() => {
      const stored = this.#stored(record.hardwareId);
      this.#put(stored === null ? record : recordsAdded(stored, record));
    });
  }

  /** Forgets what does not count at `nowMs` any more; resolves with how many devices those were. Others get their turn in between. */
  async sweep(nowMs: number): Promise<number> {
    const windows = windowsAt(nowMs);
    let swept = 0;
    for (let after: string | null = ''; after !== null; await new Promise((wake) => setImmediate(wake))) {
      const begin: string = after;
      // One transaction: a count that is on its way must not be taken for the old one.
      after = this.#database.transactionSync(() => {
        const rows = this.#rowsAfter(begin, RECORDS_AT_ONCE);
        const over = rows.filter(({ record }) => isOver(record, windows));
        for (const { hardwareId } of over) this.#database.removeSync(hardwareId);
        swept += over.length;
        return rows.length < RECORDS_AT_ONCE ? null : (rows.at(-1)?.hardwareId ?? null);
      });
    }
    return swept;
  }

  #takeOne({ hardwareId, limits, timeMs, requests }: QuotaTake): QuotaTaken {
    const before = this.#recordAt(hardwareId, timeMs);
    const isTaken = reachedLimit(before, limits) === null;
    if (!isTaken || requests === 0) return { isTaken, record: before, devices: this.#devices() };
    const record = recordWith(before, requests);
    this.#put(record);
    this.#forgetBeyond(hardwareId, windowsAt(timeMs));
    return { isTaken, record, devices: this.#devices() };
  }

  #recordAt(hardwareId: string, timeMs: number): QuotaRecord {
    const windows = windowsAt(timeMs);
    return recordIn(windows, this.#stored(hardwareId) ?? unusedRecord(hardwareId, windows));
  }

  #stored(hardwareId: string): QuotaRecord | null {
    const stored = this.#database.get(hardwareId);
    return stored === undefined ? null : quotaOfStored(hardwareId, stored);
  }

  /** One without requests is removed. */
  #put(record: QuotaRecord): void {
    const { hardwareId, day, week, month } = record;
    if (day.requests + week.requests + month.requests === 0) this.#database.removeSync(hardwareId);
    else this.#database.putSync(hardwareId, storedTextOfQuota(record));
  }

  #devices(): number {
    const stats: { readonly entryCount?: number } = this.#database.getStats();
    return stats.entryCount ?? 0;
  }

  #forgetBeyond(keptId: string, windows: QuotaWindows): void {
    while (this.#devices() > this.#maxDevices) {
      // Around the whole database, a few a time.
      const behind = this.#rowsAfter(this.#forgottenUpTo, COMPARED_DEVICES);
      const rows = behind.length > 0 ? behind : this.#rowsAfter('', COMPARED_DEVICES);
      const others = rows.filter(({ hardwareId }) => hardwareId !== keptId);
      const [least] = others.toSorted((one, other) => requestsOf(one, windows) - requestsOf(other, windows));
      this.#forgottenUpTo = rows.at(-1)?.hardwareId ?? '';
      if (least !== undefined) this.#database.removeSync(least.hardwareId);
      else if (rows.length === 0) return;
    }
  }

  #rowsAfter(after: string, limit: number): readonly QuotaRow[] {
    const from = after === '' ? {} : { start: after, exclusiveStart: true };
    const range = this.#database.getRange({ ...from, limit });
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

/** That still count; what is over or none of ours has none. */
function requestsOf({ record }: QuotaRow, windows: QuotaWindows): number {
  return record === null ? 0 : recordIn(windows, record).month.requests;
}

type Count = QuotaRecord['day'];

function without(count: Count, taken: Count): Count {
  return count.startMs === taken.startMs ? { ...count, requests: Math.max(0, count.requests - taken.requests) } : count;
}
