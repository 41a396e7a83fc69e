/**
 * The embedded quota: counts the admitted requests of each device in the current day, week and month (UTC), and refuses
 * those beyond a limit.
 *
 * Guarantees: of parallel calls exactly as many are admitted as are left, because each takes its request when it asks; a refused call
 * counts for nothing. Counts outlive a restart; while the store fails they go on in memory and are stored when it is back. Never more
 * than MAX_DEVICES devices: beyond, the one that was silent longest is forgotten. A device is a hardware_id as it came; calls without one
 * share a counter, else leaving it out would be a way around the limit.
 */
import { type Failure, failure } from '../errors.ts';
import type { Logger } from '../observe/logger.ts';
import {
  isCurrent,
  type QuotaRecord,
  type QuotaWindowName,
  recordIn,
  recordsAdded,
  recordWith,
  unusedRecord,
  windowsAt,
} from './quota-record.ts';
import type { StoreProcess } from './store-process.ts';

/** 30 MB at most. */
const MAX_DEVICES = 100_000;
/** After an attempt that failed. */
const LOAD_PAUSE_MS = 1_000;
/** Records that are stored in one go when the store is back. */
const SAVED_AT_ONCE = 100;

export interface QuotaLimits {
  /** Requests, 0 = off, each. */
  readonly daily: number;
  readonly weekly: number;
  readonly monthly: number;
}

export interface QuotaCounterOptions {
  readonly store: Pick<StoreProcess, 'ask'>;
  readonly limits: QuotaLimits;
  readonly log: Logger;
  /** Since the epoch. */
  readonly timeMs: () => number;
  /** A monotonic clock in ms. */
  readonly now: () => number;
  readonly maxDevices?: number;
}

/** The longest first: that is the one to wait for. */
const windowRows = [
  { name: 'month', limit: 'monthly', title: 'Monthly' },
  { name: 'week', limit: 'weekly', title: 'Weekly' },
  { name: 'day', limit: 'daily', title: 'Daily' },
] as const satisfies readonly { name: QuotaWindowName; limit: keyof QuotaLimits; title: string }[];

export class QuotaCounter {
  readonly #options: QuotaCounterOptions;
  /** In the order of their last request, the oldest first. */
  readonly #records = new Map<string, QuotaRecord>();
  /** Devices whose count on the disk is behind. */
  readonly #unsaved = new Set<string>();
  #isLoaded = false;
  #isLoading = false;
  #loadTriedAtMs = Number.NEGATIVE_INFINITY;
  #isFaultTold = false;

  constructor(options: QuotaCounterOptions) {
    this.#options = options;
  }

  /** Reads the counts of before; resolves also when that fails, and is then tried again by itself when the store is back. */
  async load(): Promise<void> {
    if (this.#isLoaded || this.#isLoading) return;
    this.#isLoading = true;
    this.#loadTriedAtMs = this.#options.now();
    const loaded = await this.#readAll();
    this.#isLoading = false;
    if (loaded === null) return;
    this.#isLoaded = true;
    for (const record of loaded) this.#addLoaded(record);
    this.#forgetBeyond();
    this.#saveSome();
  }

  /** Takes one request of the device, or says which limit it has reached. */
  reserve({ hardwareId }: { readonly hardwareId: string }): { settle(isAdmitted: boolean): void } | Failure {
    const record = this.#currentOf(hardwareId);
    const refusal = this.#refusalOf(record);
    if (refusal !== null) return refusal;
    this.#keep(recordWith(record, 1));
    return {
      settle: (isAdmitted) => {
        if (isAdmitted) this.#counted(hardwareId);
        else this.#keep(recordWith(this.#currentOf(hardwareId), -1));
      },
    };
  }

  /** Its part of /status. */
  status(): Readonly<Record<string, unknown>> {
    const { daily, weekly, monthly } = this.#options.limits;
    return { daily, weekly, monthly, devices: this.#records.size, unsaved: this.#unsaved.size, loaded: this.#isLoaded };
  }

  #currentOf(hardwareId: string): QuotaRecord {
    const windows = windowsAt(this.#options.timeMs());
    return recordIn(windows, this.#records.get(hardwareId) ?? unusedRecord(hardwareId, windows));
  }

  #refusalOf(record: QuotaRecord): Failure | null {
    const windows = windowsAt(this.#options.timeMs());
    for (const { name, limit, title } of windowRows) {
      const max = this.#options.limits[limit];
      const { requests } = record[name];
      if (max === 0 || requests < max) continue;
      const resetsAt = new Date(windows[name].endMs).toISOString().replace('.000Z', 'Z');
      return failure(
        'access_denied',
        `${title} limit exceeded: ${requests} of ${max} requests used; resets at ${resetsAt}`,
      );
    }
    return null;
  }

  #keep(record: QuotaRecord): void {
    // A Map keeps the order of insertion.
    this.#records.delete(record.hardwareId);
    this.#records.set(record.hardwareId, record);
  }

  #counted(hardwareId: string): void {
    this.#forgetBeyond();
    this.#unsaved.add(hardwareId);
    if (this.#isLoaded) this.#save(hardwareId);
    else if (this.#options.now() - this.#loadTriedAtMs >= LOAD_PAUSE_MS) void this.load();
  }

  #forgetBeyond(): void {
    const { maxDevices = MAX_DEVICES } = this.#options;
    for (const hardwareId of this.#records.keys()) {
      if (this.#records.size <= maxDevices) return;
      this.#records.delete(hardwareId);
      this.#unsaved.delete(hardwareId);
      // Without requests it is removed from the disk.
      void this.#options.store.ask({
        kind: 'saveQuota',
        record: unusedRecord(hardwareId, windowsAt(this.#options.timeMs())),
      });
    }
  }

  /** What was counted before the store could be read comes on top of what it says. */
  #addLoaded(loaded: QuotaRecord): void {
    const { hardwareId } = loaded;
    const windows = windowsAt(this.#options.timeMs());
    const counted = this.#records.get(hardwareId);
    const record = recordIn(windows, loaded);
    if (!isCurrent(record, windows)) return;
    this.#records.set(hardwareId, counted === undefined ? record : recordsAdded(record, recordIn(windows, counted)));
  }

  async #readAll(): Promise<readonly QuotaRecord[] | null> {
    const { store, timeMs } = this.#options;
    const records: QuotaRecord[] = [];
    for (let after: string | null = ''; after !== null; ) {
      const answer = await store.ask({ kind: 'loadQuota', after, timeMs: timeMs() });
      if (answer.kind !== 'quotaLoaded') {
        this.#tellFault(answer.kind === 'failed' ? answer.reason : `the store answered ${answer.kind}`);
        return null;
      }
      records.push(...answer.records);
      after = answer.next;
    }
    return records;
  }

  #save(hardwareId: string): void {
    const record = this.#records.get(hardwareId);
    if (record === undefined) return;
    // Taken off at once, so that what is counted meanwhile is behind again.
    this.#unsaved.delete(hardwareId);
    void this.#options.store.ask({ kind: 'saveQuota', record }).then(({ kind }) => {
      if (kind === 'stored') this.#saveSome();
      else if (this.#records.has(hardwareId)) this.#unsaved.add(hardwareId);
    });
  }

  /** The store takes records: those that are behind, too, some at a time. */
  #saveSome(): void {
    for (const hardwareId of [...this.#unsaved].slice(0, SAVED_AT_ONCE)) this.#save(hardwareId);
  }

  #tellFault(reason: string): void {
    if (this.#isFaultTold) return;
    this.#isFaultTold = true;
    const fields = { scope: 'store', method: 'quota', decision: 'quota_not_loaded', ctx: { reason } };
    this.#options.log.error(fields, 'quotas begin at 0 until the store can be read; told once');
  }
}
