/**
 * The usage store as the server sees it: hands entries to the process that writes them, and tells whether each is on the disk.
 *
 * Guarantees: never throws or rejects; says "stored" only after the commit; a store that fails, hangs or crashes costs its entries and
 * nothing else; it is started anew by a later entry, at most once a second. Bounded: entries that wait, and how long.
 */
import { type ChildProcess, fork } from 'node:child_process';
import type { Logger } from '../observe/logger.ts';
import { type StoreRequest, storeReplySchema } from './store-messages.ts';
import { storeScript } from './store-script.ts';
import { type UsageEntry, usageEntrySchema } from './usage-entry.ts';

/** Some MB. A disk that takes 50,000 entries a second has long been stuck when so many wait. */
const MAX_WAITING = 10_000;
/** A commit takes a ms; within this a disk that is merely busy comes round. */
const STORED_DUE_MS = 10_000;
/** Starting the process takes 0.2 s; start-up does not wait longer for it. */
const OPENED_DUE_MS = 5_000;
const RESTART_PAUSE_MS = 1_000;
/** Twice this is less than the bootstrap chart allows for stopping. */
const CLOSED_DUE_MS = 1_500;

export type RecordOutcome = { readonly stored: true } | { readonly stored: false; readonly reason: string };

export interface UsageStoreOptions {
  readonly dataDir: string;
  readonly log: Logger;
  /** A monotonic clock in ms. */
  readonly now: () => number;
  /** Default: the writer; tests have others. */
  readonly script?: string;
  /** Entries that may wait at once. */
  readonly maxWaiting?: number;
}

interface Waiting {
  readonly settle: (outcome: RecordOutcome) => void;
  readonly timer: NodeJS.Timeout;
}

export class UsageStore {
  readonly #options: UsageStoreOptions;
  readonly #waiting = new Map<number, Waiting>();
  #process: ChildProcess | null = null;
  #startedAtMs = Number.NEGATIVE_INFINITY;
  #lastId = 0;
  #failure: string | null = 'the usage store is not open yet';
  #isFailureTold = false;
  #isRefusalTold = false;
  #isClosed = false;
  /** Called when the store has opened or failed, and when its process has ended. */
  readonly #watchers = new Set<() => void>();

  constructor(options: UsageStoreOptions) {
    this.#options = options;
  }

  /** Why entries are not stored at present, in one line without paths; null = they are. */
  get failure(): string | null {
    return this.#failure;
  }

  /** Starts the store; resolves when it is open or has failed. */
  async open(): Promise<void> {
    this.#start();
    await this.#until(() => this.#failure === null || this.#process === null, OPENED_DUE_MS);
  }

  /** Stores one entry. */
  record(entry: UsageEntry): Promise<RecordOutcome> {
    if (this.#isClosed) return notStored('the server is stopping');
    if (!usageEntrySchema.safeParse(entry).success) return this.#refuse(entry);
    const { maxWaiting = MAX_WAITING } = this.#options;
    if (this.#waiting.size >= maxWaiting) return notStored(`${maxWaiting} reports are waiting for the disk`);
    if (this.#process === null && this.#options.now() - this.#startedAtMs >= RESTART_PAUSE_MS) this.#start();
    const writer = this.#process;
    if (writer === null) return notStored(this.#failure ?? 'the usage store is not open');
    return new Promise((settle) => {
      this.#lastId += 1;
      const id = this.#lastId;
      const reason = `the disk did not confirm it within ${STORED_DUE_MS / 1000}s`;
      const timer = setTimeout(() => this.#settle(id, { stored: false, reason }), STORED_DUE_MS);
      this.#waiting.set(id, { settle, timer });
      const request: StoreRequest = { id, entry };
      // What cannot be sent is settled when the process ends, which it is about to.
      writer.send(request, () => {});
    });
  }

  /** Waits for pending entries, then ends the process; idempotent, and bounded. */
  async close(): Promise<void> {
    this.#isClosed = true;
    await this.#until(() => this.#waiting.size === 0, CLOSED_DUE_MS);
    if (this.#process?.connected === true) this.#process.disconnect();
    await this.#until(() => this.#process === null, CLOSED_DUE_MS);
    this.#process?.kill('SIGKILL');
  }

  /** Reports are checked before they come here, so it is an engine that counts in odd numbers. */
  #refuse({ model, inputTokens, outputTokens }: UsageEntry): Promise<RecordOutcome> {
    if (!this.#isRefusalTold) {
      this.#isRefusalTold = true;
      const ctx = { model: model.slice(0, 128), input_tokens: inputTokens, output_tokens: outputTokens };
      const fields = { scope: 'store', method: 'usage', decision: 'entry_refused', ctx };
      this.#options.log.error(fields, 'usage that cannot be true is not stored; told once');
    }
    return notStored('its values are out of bounds');
  }

  #start(): void {
    if (this.#isClosed) return;
    this.#startedAtMs = this.#options.now();
    const { dataDir, script = storeScript('store-writer') } = this.#options;
    // LMDB writes words of its own on stderr, unasked; its reasons come through the channel.
    const writer = fork(script, [dataDir], { execArgv: [], stdio: ['ignore', 'ignore', 'ignore', 'ipc'] });
    this.#process = writer;
    let reason: string | null = null;
    writer.on('message', (message) => {
      const reply = storeReplySchema.parse(message);
      if (reply.kind === 'opened') this.#noteOpened();
      else if (reply.kind === 'stored') this.#noteStored(reply.id);
      else reason = reply.reason;
    });
    const ended = (how: string): void => {
      if (this.#process !== writer) return;
      this.#process = null;
      this.#noteFailed(reason ?? how);
    };
    writer.once('error', ({ message }) => ended(`the usage store's process did not start (${message})`));
    const exited = (code: number | null, signal: string | null): void =>
      ended(`the usage store's process ended with ${signal ?? `exit code ${code}`}`);
    // 'exit' may come before the last message, 'close' comes after it; but not where it was we who closed the channel.
    writer.once('close', exited);
    writer.once('exit', (code, signal) => {
      if (!writer.connected && this.#isClosed) exited(code, signal);
    });
  }

  /** After a failure only a stored entry shows that it is over: a store on a full disk opens well. */
  #noteOpened(): void {
    if (!this.#isFailureTold) this.#failure = null;
    this.#tellWatchers();
  }

  #noteStored(id: number): void {
    this.#failure = null;
    if (this.#isFailureTold) {
      this.#isFailureTold = false;
      const ctx = { data_dir: this.#options.dataDir };
      const fields = { scope: 'store', method: 'usage', decision: 'store_recovered', ctx };
      this.#options.log.info(fields, 'the usage store works again');
    }
    this.#settle(id, { stored: true });
  }

  #noteFailed(reason: string): void {
    this.#failure = reason;
    for (const id of this.#waiting.keys()) this.#settle(id, { stored: false, reason });
    if (!this.#isClosed && !this.#isFailureTold) {
      this.#isFailureTold = true;
      const ctx = { data_dir: this.#options.dataDir, reason };
      const fields = { scope: 'store', method: 'usage', decision: 'store_failed', ctx };
      this.#options.log.error(fields, 'usage is not stored; calls go on, reports are told so');
    }
    this.#tellWatchers();
  }

  #settle(id: number, outcome: RecordOutcome): void {
    const waiting = this.#waiting.get(id);
    if (waiting === undefined) return;
    this.#waiting.delete(id);
    clearTimeout(waiting.timer);
    waiting.settle(outcome);
    if (this.#waiting.size === 0) this.#tellWatchers();
  }

  #tellWatchers(): void {
    for (const look of [...this.#watchers]) look();
  }

  #until(isDone: () => boolean, withinMs: number): Promise<void> {
    return new Promise((resolve) => {
      const finish = (): void => {
        clearTimeout(timer);
        this.#watchers.delete(look);
        resolve();
      };
      const look = (): void => {
        if (isDone()) finish();
      };
      const timer = setTimeout(finish, withinMs);
      this.#watchers.add(look);
      look();
    });
  }
}

function notStored(reason: string): Promise<RecordOutcome> {
  return Promise.resolve({ stored: false, reason });
}
