/**
 * What the server asks of the process of the store, beside quotas: to keep used tokens, and to keep and recall what was said.
 * What a store that fails costs, and what bounds it, store-process.ts says.
 */
import { isOneDevice } from '../call/call.ts';
import type { Logger } from '../observe/logger.ts';
import type { MemoryCache } from './memory-cache.ts';
import { type MemoryEntry, type MemoryLimits, type RememberedExchange, shortened } from './memory-entry.ts';
import type { StoreProcess } from './store-process.ts';
import { type UsageEntry, usageEntrySchema } from './usage-entry.ts';

export type RecordOutcome = { readonly stored: true } | { readonly stored: false; readonly reason: string };

interface UsageStoreOptions {
  readonly store: StoreProcess;
  readonly log: Logger;
}

/** Used tokens: hands entries to the process of the store, and tells whether each is on the disk. Never throws or rejects. */
export class UsageStore {
  readonly #options: UsageStoreOptions;
  #isRefusalTold = false;

  constructor(options: UsageStoreOptions) {
    this.#options = options;
  }

  /** Stores one entry. */
  async record(entry: UsageEntry): Promise<RecordOutcome> {
    if (!usageEntrySchema.safeParse(entry).success) return this.#refuse(entry);
    const answer = await this.#options.store.ask({ kind: 'usage', entry });
    if (answer.kind === 'stored') return { stored: true };
    return { stored: false, reason: answer.kind === 'failed' ? answer.reason : 'the store answered something else' };
  }

  /** Reports are checked before they come here, so it is an engine that counts in odd numbers. */
  #refuse({ model, inputTokens, outputTokens }: UsageEntry): RecordOutcome {
    if (!this.#isRefusalTold) {
      this.#isRefusalTold = true;
      const ctx = { model: model.slice(0, 128), input_tokens: inputTokens, output_tokens: outputTokens };
      const fields = { scope: 'store', method: 'usage', decision: 'entry_refused', ctx };
      this.#options.log.error(fields, 'usage that cannot be true is not stored; told once');
    }
    return { stored: false, reason: 'its values are out of bounds' };
  }
}

/** 8 MB: a disk that is merely busy never has so many words waiting. */
const MAX_WAITING_CHARS = 4 * 1024 * 1024;

interface MemoryStoreOptions {
  readonly store: Pick<StoreProcess, 'ask'>;
  readonly limits: MemoryLimits;
  /** Since the epoch. */
  readonly timeMs: () => number;
  /** What it may know itself; null = the store is asked every time. */
  readonly cache: MemoryCache | null;
  readonly maxWaitingChars?: number;
}

/**
 * What devices and their assistant said to each other: hands exchanges to the process of the store, and asks for them. A store
 * that fails costs memories and nothing else. Only a device that has an id of its own has a memory: all those without one
 * would hear each other's words.
 *
 * Guarantees: a recall that is asked for after a remember hears of it, as the store deals with both in their order; never more
 * on the way to the disk than MAX_WAITING_CHARS. What it knows itself it tells only while the store has the same (memory-cache.ts), so what is
 * forgotten in the store is forgotten; of a device of which an exchange is on its way, the store is asked.
 */
export class MemoryStore {
  readonly #options: MemoryStoreOptions;
  /** Exchanges of each device that are on their way. */
  readonly #onTheirWay = new Map<string, number>();
  #waitingChars = 0;
  #remembered = 0;
  #lost = 0;

  constructor(options: MemoryStoreOptions) {
    this.#options = options;
  }

  /** Exchanges that were stored, and those that were not because the store failed or is too slow. */
  get counts(): { readonly remembered: number; readonly lost: number } {
    return { remembered: this.#remembered, lost: this.#lost };
  }

  get maxAnswerChars(): number {
    return this.#options.limits.maxChars;
  }

  timeMs(): number {
    return this.#options.timeMs();
  }

  /**
   * What is remembered of the device, the oldest first: at once if it is known here, else a promise that rejects if the store fails. Null =
   * it can have no memory.
   */
  recall(hardwareId: string): readonly RememberedExchange[] | Promise<readonly RememberedExchange[]> | null {
    if (!isOneDevice(hardwareId)) return null;
    const { cache, timeMs } = this.#options;
    const known = this.#onTheirWay.has(hardwareId) ? null : (cache?.recall(hardwareId, timeMs()) ?? null);
    return known === null ? this.#recall(hardwareId) : known.map(asTold);
  }

  /** Hands an exchange over; nobody waits for it. */
  remember({ prompt, answer, ...entry }: Omit<MemoryEntry, 'timeMs'>): void {
    if (!isOneDevice(entry.hardwareId)) return;
    const { limits, maxWaitingChars = MAX_WAITING_CHARS, timeMs } = this.#options;
    const exchange = shortened({ prompt, answer }, limits.maxChars);
    const chars = exchange.prompt.length + exchange.answer.length;
    if (this.#waitingChars + chars > maxWaitingChars) this.#lost += 1;
    else void this.#remember({ ...entry, ...exchange, timeMs: timeMs() }, chars);
  }

  async #recall(hardwareId: string): Promise<readonly RememberedExchange[]> {
    const { store, cache, timeMs } = this.#options;
    const answer = await store.ask({ kind: 'recall', hardwareId, timeMs: timeMs() });
    if (answer.kind === 'recalled') {
      if (answer.generation !== undefined) cache?.learn(hardwareId, answer.exchanges, answer.generation);
      return answer.exchanges.map(asTold);
    }
    throw new Error(answer.kind === 'failed' ? answer.reason : `the store answered ${answer.kind} to a recall`);
  }

  async #remember(entry: MemoryEntry, chars: number): Promise<void> {
    const { store, cache } = this.#options;
    const { hardwareId, timeMs, prompt, answer } = entry;
    this.#waitingChars += chars;
    this.#onTheirWay.set(hardwareId, (this.#onTheirWay.get(hardwareId) ?? 0) + 1);
    const reply = await store.ask({ kind: 'remember', entry });
    this.#waitingChars -= chars;
    const others = (this.#onTheirWay.get(hardwareId) ?? 1) - 1;
    if (others > 0) this.#onTheirWay.set(hardwareId, others);
    else this.#onTheirWay.delete(hardwareId);
    if (reply.kind === 'stored') this.#remembered += 1;
    else this.#lost += 1;
    if (reply.kind === 'stored' && reply.memory !== undefined) {
      cache?.add(hardwareId, { timeMs, prompt, answer }, reply.memory);
    } else cache?.forget(hardwareId);
  }
}

/** Without its time. */
function asTold({ prompt, answer }: RememberedExchange): RememberedExchange {
  return { prompt, answer };
}
