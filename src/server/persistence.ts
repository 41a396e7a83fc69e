/**
 * What a server keeps on its disk, put together from its configuration: used tokens, memories, the counts of quotas, all in the embedded
 * store and through one process. A store that does not open keeps nobody from serving: it is told on /status and by ReportUsage.
 */
import type { ConversationMemory } from '../actors/answer/conversation-memory.ts';
import { HistoryLookup } from '../actors/answer/history-lookup.ts';
import type { Config } from '../config.ts';
import type { Logger } from '../observe/logger.ts';
import { MemoryStore } from '../store/memory-store.ts';
import { QuotaCounter } from '../store/quota-counter.ts';
import { StoreProcess } from '../store/store-process.ts';
import { UsageStore } from '../store/usage-store.ts';

export class Persistence {
  readonly usage: UsageStore;
  readonly #process: StoreProcess;
  /** null = switched off. */
  readonly #memory: MemoryStore | null;
  readonly #history: HistoryLookup | null;
  readonly #quota: QuotaCounter | null;

  constructor({ data, memory, quota }: Config, log: Logger) {
    const { isOn, ...limits } = memory;
    const timeMs = (): number => Date.now();
    const now = (): number => performance.now();
    const store = new StoreProcess({ dataDir: data.dir, memory: limits, log, now });
    this.#process = store;
    this.usage = new UsageStore({ store, log });
    this.#memory = isOn ? new MemoryStore({ store, limits, timeMs }) : null;
    this.#history = this.#memory === null ? null : new HistoryLookup({ memory: this.#memory, log });
    const isQuotaOn = quota.daily > 0 || quota.weekly > 0 || quota.monthly > 0;
    this.#quota = isQuotaOn ? new QuotaCounter({ store, limits: quota, log, timeMs, now }) : null;
  }

  get memory(): ConversationMemory | null {
    return this.#memory;
  }

  get history(): HistoryLookup | null {
    return this.#history;
  }

  get quota(): QuotaCounter | null {
    return this.#quota;
  }

  /** Resolves when the store is open and the quotas are loaded, or when that failed; bounded. */
  async open(): Promise<void> {
    await this.#process.open();
    await this.#quota?.load();
  }

  /** Waits for what is on its way to the disk; idempotent, and bounded. */
  close(): Promise<void> {
    return this.#process.close();
  }

  /** Its part of /status. */
  status(): Readonly<Record<string, unknown>> {
    const { failure } = this.#process;
    return {
      usage_store: failure === null ? 'ok' : 'failed',
      usage_store_error: failure,
      memory: this.#memoryStatus(),
      quota: this.#quota === null ? 'off' : this.#quota.status(),
    };
  }

  #memoryStatus(): unknown {
    if (this.#memory === null || this.#history === null) return 'off';
    const { remembered, lost } = this.#memory.counts;
    const { late, failed } = this.#history.counts;
    return { remembered, lost, lookups_late: late, lookups_failed: failed };
  }
}
