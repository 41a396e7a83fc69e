/**
 * The usage store as the server sees it: hands entries to the process of the store, and tells whether each is on the disk. Never throws or
 * rejects; what a store that fails costs, and what bounds it, store-process.ts says.
 */
import type { Logger } from '../observe/logger.ts';
import type { StoreProcess } from './store-process.ts';
import { type UsageEntry, usageEntrySchema } from './usage-entry.ts';

export type RecordOutcome = { readonly stored: true } | { readonly stored: false; readonly reason: string };

export interface UsageStoreOptions {
  readonly store: StoreProcess;
  readonly log: Logger;
}

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
