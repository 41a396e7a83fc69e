/**
 * The process that writes the store, started by store-process.ts with DATA_DIR and the limits of memories (JSON) as its arguments. LMDB's
 * native code crashes on foreign bytes and corrupts the heap on a full disk (docs/decisions/0008): here that costs a restart of this
 * process and nobody's stream.
 *
 * It lives as long as its channel: a server that is killed closes it, what was handed over is still written. Any
 * failure ends it; whether to start another one is the server's decision. Messages are dealt with in their order: who
 * asks after a memory was handed over hears of it.
 */

import type { RememberedAt } from '../memory-cache.ts';
import { type MemoryEntry, type MemoryLimits, memoryLimitsSchema } from '../memory-entry.ts';
import { type StoreReply, type StoreRequest, storeRequestSchema } from '../store-messages.ts';
import { causeOfFailedWrite, type EmbeddedStore, openStore, systemWordsOf } from './embedded-store.ts';
import { MemoryLedger } from './memory-ledger.ts';
import { QuotaLedger } from './quota-ledger.ts';
import { UsageLedger } from './usage-ledger.ts';

/** Old entries are looked for this often; there is no hurry. */
const SWEEP_INTERVAL_MS = 3_600_000;
/** A store whose folder was deleted or moved away is noticed within it, also when nothing is written. One stat. */
const PLACE_INTERVAL_MS = 5_000;
const FAILED_EXIT_CODE = 1;

let isFailing = false;

/** Replies of this turn, which share a message. */
let replies: StoreReply[] = [];

function tell(reply: StoreReply): void {
  if (replies.push(reply) === 1) process.nextTick(sendReplies);
}

function sendReplies(sent = (): void => {}): void {
  const told = replies;
  replies = [];
  // A server that has gone needs no answer.
  if (process.connected && told.length > 0) process.send?.(told.length === 1 ? told[0] : told, sent);
  else sent();
}

function fail(what: string, error: unknown): void {
  if (isFailing) return;
  isFailing = true;
  tell({ kind: 'failed', reason: `${what} (${systemWordsOf(error)})` });
  sendReplies(() => process.exit(FAILED_EXIT_CODE));
}

async function failWrite(error: unknown): Promise<void> {
  fail('the store cannot be written', await causeOfFailedWrite(error));
}

function opened(): EmbeddedStore | null {
  try {
    return openStore(process.argv[2] ?? '');
  } catch (error) {
    fail('the store cannot be opened', error);
    return null;
  }
}

/** The store at work. */
class Writer {
  readonly #store: EmbeddedStore;
  readonly #limits: MemoryLimits;
  readonly #usage: UsageLedger;
  readonly #memory: MemoryLedger;
  readonly #quota: QuotaLedger;
  #committed: Extract<StoreReply, { readonly kind: 'stored' }>[] = [];
  /** Requests of this turn, which share a commit. */
  #takes: Extract<StoreRequest, { readonly kind: 'takeQuota' }>[] = [];
  /** Memories of this turn, which share a commit. */
  #remembered: { readonly id: number; readonly entry: MemoryEntry }[] = [];

  constructor(store: EmbeddedStore, limits: MemoryLimits) {
    this.#store = store;
    this.#limits = limits;
    this.#usage = new UsageLedger(store);
    this.#memory = new MemoryLedger(store);
    this.#quota = new QuotaLedger(store);
  }

  take(request: StoreRequest): void {
    const { id } = request;
    switch (request.kind) {
      case 'probe':
        this.#attempt(() => {
          this.#store.probe(Date.now());
          this.#noteCommitted(id);
        });
        return;
      case 'usage':
        this.#usage.record(request.entry).then(() => this.#noteCommitted(id), failWrite);
        return;
      case 'takeQuota':
        if (this.#takes.push(request) === 1) setImmediate(() => this.#attempt(() => this.#takeQuotas()));
        return;
      case 'returnQuota':
        this.#attempt(() => {
          this.#takeQuotas();
          this.#quota.giveBack(request.hardwareId, request.timeMs);
          this.#noteCommitted(id);
        });
        return;
      case 'addQuota':
        this.#attempt(() => {
          this.#takeQuotas();
          this.#quota.add(request.record);
          this.#noteCommitted(id);
        });
        return;
      case 'remember':
        if (this.#remembered.push({ id, entry: request.entry }) === 1)
          setImmediate(() => this.#attempt(() => this.#remember()));
        return;
      case 'recall':
        this.#attempt(() => {
          this.#remember();
          // Who deleted the file did not want to hear of it again.
          this.#assertInPlace();
          tell({ kind: 'recalled', id, ...this.#memory.lookUp(request.hardwareId, this.#limits, request.timeMs) });
        });
    }
  }

  /** Ends the process if its file is gone: another one makes a new store. */
  lookAtPlace(): void {
    this.#attempt(() => this.#assertInPlace());
  }

  async sweep(): Promise<void> {
    try {
      const nowMs = Date.now();
      await this.#usage.prune(nowMs);
      await this.#memory.sweep(this.#limits, nowMs);
      await this.#quota.sweep(nowMs);
    } catch (error) {
      await failWrite(error);
    }
  }

  #takeQuotas(): void {
    const takes = this.#takes;
    if (takes.length === 0) return;
    this.#takes = [];
    const taken = this.#quota.take(takes);
    // What is counted in a file that is gone is counted for nobody.
    this.#assertInPlace();
    for (const [index, { id }] of takes.entries()) {
      const each = taken[index];
      if (each !== undefined) tell({ kind: 'quotaTaken', id, ...each });
    }
  }

  #remember(): void {
    const taken = this.#remembered;
    if (taken.length === 0) return;
    this.#remembered = [];
    const entries = taken.map(({ entry }) => entry);
    const places = this.#memory.remember(entries, this.#limits, Date.now());
    for (const [index, { id }] of taken.entries()) this.#noteCommitted(id, places[index] ?? null);
  }

  #noteCommitted(id: number, memory: RememberedAt | null = null): void {
    if (this.#committed.push({ kind: 'stored', id, ...(memory !== null && { memory }) }) === 1)
      setImmediate(() => this.#attempt(() => this.#tellStored()));
  }

  /** One look for all that a commit took. */
  #tellStored(): void {
    this.#assertInPlace();
    for (const reply of this.#committed.splice(0)) tell(reply);
  }

  #assertInPlace(): void {
    if (!this.#store.isInPlace() || !this.#memory.isInPlace()) throw new Error('its file was removed or replaced');
  }

  #attempt(run: () => void): void {
    if (isFailing) return;
    try {
      run();
    } catch (error) {
      void failWrite(error);
    }
  }
}

function run(store: EmbeddedStore): void {
  const writer = new Writer(store, memoryLimitsSchema.parse(JSON.parse(process.argv[3] ?? '')));
  process.on('message', (message) => {
    for (const request of Array.isArray(message) ? message : [message]) writer.take(storeRequestSchema.parse(request));
  });
  process.once('disconnect', async () => {
    // What came in this turn is still to be written.
    await new Promise((wake) => setImmediate(wake));
    await store.close();
    process.exit();
  });
  setInterval(() => void writer.sweep(), SWEEP_INTERVAL_MS).unref();
  setInterval(() => writer.lookAtPlace(), PLACE_INTERVAL_MS).unref();
  tell({ kind: 'opened' });
  void writer.sweep();
}

// Ctrl-C goes to the whole process group, but the server still drains then.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => {});
const store = opened();
if (store !== null) run(store);
