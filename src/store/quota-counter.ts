/**
 * The embedded quota: lets a device have as many requests in the current day, week and month (UTC) as it may, and refuses those beyond. The
 * counts stand in the store, where each request is taken in a transaction: servers that share a store share them.
 *
 * Guarantees: of parallel calls, on any number of servers, exactly as many are admitted as are left; a refused call counts for
 * nothing. No call waits longer than ANSWER_DUE_MS for the store, or fails for it: while it does not answer, this server counts by itself, from
 * what it last heard of the device, and what it counted is added to the store before the device's next request is taken there. Counts
 * outlive a restart. Never more than MAX_DEVICES devices are held here. A device is a hardware_id as it came; calls without one share a
 * counter, else leaving it out would be a way around the limit.
 */
import type { OwnTime } from '../call/own-time.ts';
import { type Failure, failure } from '../errors.ts';
import type { Logger } from '../observe/logger.ts';
import {
  type QuotaLimitName,
  type QuotaLimits,
  type QuotaRecord,
  reachedLimit,
  recordIn,
  recordsAdded,
  recordWith,
  unusedRecord,
  windowsAt,
} from './quota-record.ts';
import type { StoreAnswer, StoreProcess } from './store-process.ts';

/** 30 MB at most. */
const MAX_DEVICES = 100_000;
/** Devices whose counts are added in one go when the store is back. */
const ADDED_AT_ONCE = 100;
/** As long as an answer waits for its history: people notice half a second. A commit takes a ms or two. */
const ANSWER_DUE_MS = 350;

export interface QuotaCounterOptions {
  readonly store: Pick<StoreProcess, 'ask'>;
  readonly limits: QuotaLimits;
  readonly log: Logger;
  /** Since the epoch. */
  readonly timeMs: () => number;
  readonly ownTime: OwnTime;
  readonly maxDevices?: number;
  readonly answerDueMs?: number;
}

/** One request that is taken, or only looked for. */
export interface TakenRequest {
  /** Whether the call got its stream; if not, the request was never made. */
  settle(isAdmitted: boolean): void;
}

const titles: Readonly<Record<QuotaLimitName, string>> = { daily: 'Daily', weekly: 'Weekly', monthly: 'Monthly' };

type Taken = Extract<StoreAnswer, { readonly kind: 'quotaTaken' }>;

export class QuotaCounter {
  readonly #options: QuotaCounterOptions;
  /** What the store said last, in the order of the devices' last requests, the oldest first. */
  readonly #known = new Map<string, QuotaRecord>();
  /** What this server counted by itself, and the store does not know of yet. */
  readonly #unsaved = new Map<string, QuotaRecord>();
  /** In the store; null = it has not been asked yet. */
  #devices: number | null = null;
  /** Handed over to the store, which has not answered yet. */
  readonly #adding = new Map<string, QuotaRecord>();
  /** Devices of which counts are being handed over without a call of theirs. */
  #behind = 0;
  /** Answers that are overdue. */
  #overdue = 0;
  #isFaultTold = false;

  constructor(options: QuotaCounterOptions) {
    this.#options = options;
  }

  /**
   * Takes one request of the device, or says which limit it has reached. With `requests` 0 it only looks whether one is left. Requests of a
   * device are dealt with in the order in which they are asked for. Never rejects.
   */
  async reserve({ hardwareId }: { readonly hardwareId: string }, requests: 0 | 1 = 1): Promise<TakenRequest | Failure> {
    const { store, limits, timeMs } = this.#options;
    // Who hangs is not waited for again and again.
    if (this.#overdue > 0) return this.#countHere(hardwareId, requests);
    void this.#addUnsaved(hardwareId);
    const takenAtMs = timeMs();
    const asked = store.ask({ kind: 'takeQuota', hardwareId, limits, timeMs: takenAtMs, requests });
    const answer = await this.#within(asked);
    if (answer?.kind === 'quotaTaken') {
      this.#noteHeard(hardwareId, answer);
      return answer.isTaken ? this.#taken(hardwareId, takenAtMs, requests) : this.#refusal(answer.record);
    }
    const counted = this.#countHere(hardwareId, requests);
    this.#tellFault(answer?.kind === 'failed' ? answer.reason : `it took longer than ${this.#dueMs} ms`);
    if (answer === null)
      void this.#followUp(asked, { hardwareId, takenAtMs, requests, isCounted: requests > 0 && 'settle' in counted });
    return counted;
  }

  /** Resolves when it is known how many devices are counted, or when that could not be told; bounded as a call is. */
  async load(): Promise<void> {
    const { store, limits, timeMs } = this.#options;
    const nobody = { hardwareId: 'nobody', limits, timeMs: timeMs(), requests: 0 };
    const answer = await this.#within(store.ask({ kind: 'takeQuota', ...nobody }));
    if (answer?.kind === 'quotaTaken') this.#devices = answer.devices;
  }

  /** Its part of /status. */
  status(): Readonly<Record<string, unknown>> {
    const { daily, weekly, monthly } = this.#options.limits;
    return { daily, weekly, monthly, devices: this.#devices, unsaved: this.#unsaved.size };
  }

  #taken(hardwareId: string, timeMs: number, requests: 0 | 1): TakenRequest {
    return {
      settle: (isAdmitted) => {
        if (isAdmitted || requests === 0) return;
        void this.#options.store.ask({ kind: 'returnQuota', hardwareId, timeMs });
      },
    };
  }

  /** Decides by what is known here. */
  #countHere(hardwareId: string, requests: 0 | 1): TakenRequest | Failure {
    const windows = windowsAt(this.#options.timeMs());
    const none = unusedRecord(hardwareId, windows);
    const known = recordIn(windows, this.#known.get(hardwareId) ?? none);
    const unsaved = recordIn(windows, this.#unsaved.get(hardwareId) ?? none);
    const adding = recordIn(windows, this.#adding.get(hardwareId) ?? none);
    const record = recordsAdded(recordsAdded(known, adding), unsaved);
    if (reachedLimit(record, this.#options.limits) !== null) return this.#refusal(record);
    if (requests > 0) this.#keep(this.#unsaved, recordWith(unsaved, requests));
    return {
      settle: (isAdmitted) => {
        if (!isAdmitted && requests > 0) this.#uncount(hardwareId);
      },
    };
  }

  /** Takes a request back that was counted here, or in the store where the count has been handed over. */
  #uncount(hardwareId: string): void {
    const unsaved = this.#unsaved.get(hardwareId);
    if (unsaved === undefined) {
      void this.#options.store.ask({ kind: 'returnQuota', hardwareId, timeMs: this.#options.timeMs() });
      return;
    }
    const less = recordWith(unsaved, -1);
    if (less.month.requests === 0) this.#unsaved.delete(hardwareId);
    else this.#unsaved.set(hardwareId, less);
  }

  #refusal(record: QuotaRecord): Failure {
    const { limits, timeMs } = this.#options;
    const reached = reachedLimit(record, limits) ?? { limit: 'daily', window: 'day' };
    const { requests } = record[reached.window];
    const resetsAt = new Date(windowsAt(timeMs())[reached.window].endMs).toISOString().replace('.000Z', 'Z');
    const words = `${requests} of ${limits[reached.limit]} requests used; resets at ${resetsAt}`;
    return failure('access_denied', `${titles[reached.limit]} limit exceeded: ${words}`);
  }

  #noteHeard(hardwareId: string, { record, devices }: Taken): void {
    this.#devices = devices;
    this.#keep(this.#known, { ...record, hardwareId });
    this.#isFaultTold = false;
    this.#catchUp();
  }

  /** Hands over counts of devices that do not ask; one round at a time, so that a store that is back is not flooded with them. */
  #catchUp(): void {
    if (this.#behind > 0) return;
    for (const hardwareId of this.#unsaved.keys()) {
      if (this.#behind === ADDED_AT_ONCE) return;
      this.#behind += 1;
      void this.#addUnsaved(hardwareId).finally(() => {
        this.#behind -= 1;
      });
    }
  }

  /** The newest is last; the oldest is forgotten where there are too many. */
  #keep(records: Map<string, QuotaRecord>, record: QuotaRecord): void {
    const { maxDevices = MAX_DEVICES } = this.#options;
    records.delete(record.hardwareId);
    records.set(record.hardwareId, record);
    const [oldest] = records.keys();
    if (records.size > maxDevices && oldest !== undefined) records.delete(oldest);
  }

  /** Hands over what the store does not know of yet; it deals with that before anything that is asked of it later. */
  async #addUnsaved(hardwareId: string): Promise<void> {
    const record = this.#unsaved.get(hardwareId);
    if (record === undefined || this.#adding.has(hardwareId)) return;
    this.#unsaved.delete(hardwareId);
    this.#adding.set(hardwareId, record);
    const { kind } = await this.#options.store.ask({ kind: 'addQuota', record });
    this.#adding.delete(hardwareId);
    if (kind === 'stored') return;
    const counted = this.#unsaved.get(hardwareId);
    this.#keep(this.#unsaved, counted === undefined ? record : recordsAdded(record, counted));
  }

  /** What came too late to decide by: a request that the store took after all need not be added to it. */
  async #followUp(
    asked: Promise<StoreAnswer>,
    call: {
      readonly hardwareId: string;
      readonly takenAtMs: number;
      readonly requests: 0 | 1;
      readonly isCounted: boolean;
    },
  ): Promise<void> {
    this.#overdue += 1;
    const answer = await asked;
    this.#overdue -= 1;
    if (answer.kind !== 'quotaTaken') return;
    const { hardwareId, takenAtMs: timeMs, requests, isCounted } = call;
    // Who only looked has taken nothing, whatever was left.
    const isTaken = answer.isTaken && requests > 0;
    if (isTaken && isCounted) this.#uncount(hardwareId);
    else if (isTaken) void this.#options.store.ask({ kind: 'returnQuota', hardwareId, timeMs });
    this.#noteHeard(hardwareId, answer);
  }

  get #dueMs(): number {
    return this.#options.answerDueMs ?? ANSWER_DUE_MS;
  }

  #within(asked: Promise<StoreAnswer>): Promise<StoreAnswer | null> {
    const { ownTime } = this.#options;
    return new Promise((resolve) => {
      const timer = ownTime.setTimeout(() => resolve(null), this.#dueMs);
      void asked.then((answer) => {
        ownTime.clearTimeout(timer);
        resolve(answer);
      });
    });
  }

  #tellFault(reason: string): void {
    if (this.#isFaultTold) return;
    this.#isFaultTold = true;
    const fields = { scope: 'store', method: 'quota', decision: 'quota_counted_here', ctx: { reason } };
    this.#options.log.error(
      fields,
      'this server counts quotas by itself until the store answers; told once until then',
    );
  }
}
