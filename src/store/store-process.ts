/**
 * The process of the embedded store as the server sees it: starts it, asks it, and tells what became of each request.
 *
 * Guarantees: never throws or rejects; says "stored" only after the commit; a process that fails, hangs or crashes costs its requests and
 * nothing else; it is started anew by a later request, at most once a second,
 * and ever less often while it never opens. Requests are dealt with in the order they were made in.
 * Bounded: requests that wait, and how long. `failure` is true without a request, too: while the store fails it is tried every few
 * seconds, and one that nobody writes to is tried now and then; neither costs a call anything.
 */
import { type ChildProcess, fork } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { OwnTime, OwnTimer } from '../call/own-time.ts';
import type { Logger } from '../observe/logger.ts';
import type { MemoryLimits } from './memory-entry.ts';
import { type StoreReply, type StoreRequest, storeReplySchema } from './store-messages.ts';

/** Some MB. A disk that takes 50,000 entries a second has long been stuck when so many wait. */
const MAX_WAITING = 10_000;
/** A commit takes a ms; within this a disk that is merely busy comes round. */
const ANSWER_DUE_MS = 10_000;
/** Starting the process takes 0.2 s; start-up does not wait longer for it. */
const OPENED_DUE_MS = 5_000;
/** A process that has said nothing after this does not start. */
const STARTED_DUE_MS = 60_000;
const RESTART_PAUSE_MS = 1_000;
/** One that never opens is started ever less often: the pause doubles from start to start, up to this; mended, it is soon noticed. */
const MAX_RESTART_PAUSE_MS = 8_000;
/** A fault that passes by itself has passed by then. */
const STARTS_WITHOUT_DOUBLING = 3;
/** How soon a store that works again is noticed. */
const PROBE_INTERVAL_MS = 2_000;
/** A store that has stored something within it needs no probe. A commit in so long wears no disk. */
const IDLE_PROBE_MS = 15_000;
/** A disk that lets wait for longer is told as one that fails; its process is left alone until ANSWER_DUE_MS. */
const SILENT_MS = 3_000;
/** Twice this is less than the bootstrap chart allows for stopping. */
const CLOSED_DUE_MS = 1_500;

/** What a request came to. */
export type StoreAnswer = StoredReply | { readonly kind: 'failed'; readonly reason: string };

type StoredReply = Exclude<StoreReply, { readonly kind: 'opened' | 'failed' }>;

/** A request without its number. */
export type StoreQuestion = StoreRequest extends infer Request
  ? Request extends StoreRequest
    ? Omit<Request, 'id'>
    : never
  : never;

export interface StoreProcessOptions {
  readonly dataDir: string;
  readonly memory: MemoryLimits;
  readonly log: Logger;
  readonly ownTime: OwnTime;
  /** Default: the writer; tests have others. */
  readonly script?: string;
  /** Requests that may wait at once. */
  readonly maxWaiting?: number;
  readonly answerDueMs?: number;
  readonly probeIntervalMs?: number;
}

interface Waiting {
  readonly askedAtMs: number;
  readonly settle: (answer: StoreAnswer) => void;
  readonly timer: OwnTimer;
}

export class StoreProcess {
  readonly #options: StoreProcessOptions;
  readonly #waiting = new Map<number, Waiting>();
  #process: ChildProcess | null = null;
  #startedAtMs = Number.NEGATIVE_INFINITY;
  /** Starts in a row whose process ended before it had opened the store. */
  #failedStarts = 0;
  #lastId = 0;
  #heardMessages = 0;
  /** Whether the present process has said anything yet. */
  #hasSpoken = false;
  #failure: string | null = 'the store is not open yet';
  #isFailureTold = false;
  #isClosed = false;
  #probes: NodeJS.Timeout | null = null;
  #isProbing = false;
  /** Requests of the present round of the event loop, which share a message. */
  #outgoing: StoreRequest[] = [];
  /** When something was stored last, or the store was opened. */
  #provenAtMs = Number.NEGATIVE_INFINITY;
  /** Called when the store has opened or failed, and when its process has ended. */
  readonly #watchers = new Set<() => void>();

  constructor(options: StoreProcessOptions) {
    this.#options = options;
  }

  /** Why nothing is stored at present, in one line without paths; null = it is. */
  get failure(): string | null {
    return this.#failure;
  }

  /** Starts the process; resolves when the store is open or has failed. */
  async open(): Promise<void> {
    this.#start();
    this.#probes ??= setInterval(() => void this.#probe(), this.#options.probeIntervalMs ?? PROBE_INTERVAL_MS).unref();
    await this.#until(() => this.#failure === null || this.#process === null, OPENED_DUE_MS);
  }

  /** Asks the store; what can be said at once is said in a later turn as well. */
  ask(question: StoreQuestion): Promise<StoreAnswer> {
    if (this.#isClosed) return failed('the server is stopping');
    const { maxWaiting = MAX_WAITING, answerDueMs = ANSWER_DUE_MS, ownTime } = this.#options;
    if (this.#waiting.size >= maxWaiting) return failed(`${maxWaiting} requests are waiting for the disk`);
    if (this.#process === null && this.#options.ownTime.now() - this.#startedAtMs >= this.#restartPauseMs)
      this.#start();
    const writer = this.#process;
    if (writer === null) return failed(this.#failure ?? 'the store is not open');
    return new Promise((settle) => {
      this.#lastId += 1;
      const id = this.#lastId;
      const heardBefore = this.#heardMessages;
      const timer = ownTime.setTimeout(() => {
        this.#settle(id, { kind: 'failed', reason: `the disk did not confirm it within ${answerDueMs / 1000}s` });
        // It hangs, and what it does not read would pile up.
        if (this.#heardMessages === heardBefore && this.#isDueToAnswer()) writer.kill('SIGKILL');
      }, answerDueMs);
      this.#waiting.set(id, { settle, timer, askedAtMs: this.#options.ownTime.now() });
      if (this.#outgoing.push({ id, ...question }) === 1) setImmediate(() => this.#send());
    });
  }

  #send(): void {
    const writer = this.#process;
    const requests = this.#outgoing;
    this.#outgoing = [];
    const [first] = requests;
    // What cannot be sent is settled when the process ends, which it is about to.
    if (first !== undefined && writer?.connected === true)
      writer.send(requests.length === 1 ? first : requests, () => {});
  }

  /** Waits for pending requests, then ends the process; idempotent, and bounded. */
  async close(): Promise<void> {
    this.#isClosed = true;
    if (this.#probes !== null) clearInterval(this.#probes);
    await this.#until(() => this.#waiting.size === 0, CLOSED_DUE_MS);
    if (this.#process?.connected === true) this.#process.disconnect();
    await this.#until(() => this.#process === null, CLOSED_DUE_MS);
    this.#process?.kill('SIGKILL');
  }

  async #probe(): Promise<void> {
    // One that is still starting is waited for elsewhere.
    if (this.#process !== null && !this.#hasSpoken) return;
    const [oldest] = this.#waiting.values();
    const waitedMs = oldest === undefined ? 0 : this.#options.ownTime.now() - oldest.askedAtMs;
    if (waitedMs >= SILENT_MS) this.#tellFailure(`it has not answered for ${Math.floor(waitedMs / 1000)}s`);
    const isProven = this.#failure === null && this.#options.ownTime.now() - this.#provenAtMs < IDLE_PROBE_MS;
    if (isProven || this.#isProbing) return;
    this.#isProbing = true;
    await this.ask({ kind: 'probe' });
    this.#isProbing = false;
  }

  /** A process that is still starting on a busy machine is not to be killed for that, again and again. */
  #isDueToAnswer(): boolean {
    return this.#hasSpoken || this.#options.ownTime.now() - this.#startedAtMs >= STARTED_DUE_MS;
  }

  get #restartPauseMs(): number {
    return Math.min(
      RESTART_PAUSE_MS * 2 ** Math.max(0, this.#failedStarts - STARTS_WITHOUT_DOUBLING),
      MAX_RESTART_PAUSE_MS,
    );
  }

  #start(): void {
    if (this.#isClosed) return;
    this.#startedAtMs = this.#options.ownTime.now();
    this.#failedStarts += 1;
    const { dataDir, memory, script = storeScript('store-writer') } = this.#options;
    // LMDB writes words of its own on stderr, unasked; its reasons come through the channel.
    const writer = fork(script, [dataDir, JSON.stringify(memory)], {
      execArgv: [],
      env: storeEnvironment(process.env),
      stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
    });
    this.#process = writer;
    this.#hasSpoken = false;
    let reason: string | null = null;
    writer.on('message', (message) => {
      this.#heardMessages += 1;
      this.#hasSpoken = true;
      for (const each of Array.isArray(message) ? message : [message]) {
        const parsed = storeReplySchema.safeParse(each);
        if (!parsed.success) {
          reason = "the store's process said what nobody understands";
          writer.kill('SIGKILL');
          return;
        }
        const reply = parsed.data;
        if (reply.kind === 'failed') reason = reply.reason;
        else this.#hear(reply);
      }
    });
    const ended = (how: string): void => {
      if (this.#process !== writer) return;
      this.#process = null;
      this.#noteFailed(reason ?? how);
    };
    writer.once('error', ({ message }) => ended(`the store's process did not start (${message})`));
    const exited = (code: number | null, signal: string | null): void =>
      ended(`the store's process ended with ${signal ?? `exit code ${code}`}`);
    // 'exit' may come before the last message, 'close' comes after it; but not where it was we who closed the channel.
    writer.once('close', exited);
    writer.once('exit', (code, signal) => {
      if (!writer.connected && this.#isClosed) exited(code, signal);
    });
  }

  #hear(reply: Exclude<StoreReply, { readonly kind: 'failed' }>): void {
    if (reply.kind === 'opened') {
      this.#noteOpened();
      return;
    }
    if (reply.kind === 'stored') this.#noteStored();
    this.#settle(reply.id, reply);
  }

  /** After a failure only a stored entry shows that it is over: a store on a full disk opens well. */
  #noteOpened(): void {
    this.#failedStarts = 0;
    this.#provenAtMs = this.#options.ownTime.now();
    if (!this.#isFailureTold) this.#failure = null;
    this.#tellWatchers();
  }

  #noteStored(): void {
    this.#provenAtMs = this.#options.ownTime.now();
    this.#failure = null;
    if (!this.#isFailureTold) return;
    this.#isFailureTold = false;
    const ctx = { data_dir: this.#options.dataDir };
    const fields = { scope: 'store', method: 'store', decision: 'store_recovered', ctx };
    this.#options.log.info(fields, 'the store works again');
  }

  #noteFailed(reason: string): void {
    this.#outgoing = [];
    for (const id of this.#waiting.keys()) this.#settle(id, { kind: 'failed', reason });
    this.#tellFailure(reason);
    this.#tellWatchers();
  }

  /** In the log once, until something is stored again. */
  #tellFailure(reason: string): void {
    this.#failure = reason;
    if (this.#isClosed || this.#isFailureTold) return;
    this.#isFailureTold = true;
    const ctx = { data_dir: this.#options.dataDir, reason };
    const fields = { scope: 'store', method: 'store', decision: 'store_failed', ctx };
    this.#options.log.error(fields, 'usage, memories and quotas are not stored; calls go on, reports are told so');
  }

  #settle(id: number, answer: StoreAnswer): void {
    const waiting = this.#waiting.get(id);
    if (waiting === undefined) return;
    this.#waiting.delete(id);
    this.#options.ownTime.clearTimeout(waiting.timer);
    waiting.settle(answer);
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

function failed(reason: string): Promise<StoreAnswer> {
  return Promise.resolve({ kind: 'failed', reason });
}

/** Where the files of the store below `dataDir` are. */
export function storeFolderOf(dataDir: string): string {
  return join(dataDir, 'store');
}

/** The compiled script of a process of the store; when this file runs as TypeScript (tests), the one that `npm run build` made. */
export function storeScript(name: 'store-writer' | 'store-errands'): string {
  const folder = import.meta.url.endsWith('.js') ? './process/' : '../../dist/store/process/';
  return fileURLToPath(new URL(`${folder}${name}.js`, import.meta.url));
}

/** What Node, its native modules and the system need to run; keys of providers and all else that is the server's are not among it. */
const inheritedNames = [
  'PATH',
  'HOME',
  'TMPDIR',
  'TZ',
  'LANG',
  'LC_ALL',
  'LD_LIBRARY_PATH',
  'SystemRoot',
  'TEMP',
] as const;

/** The environment of a process of the store. */
export function storeEnvironment(env: Readonly<Record<string, string | undefined>>): Record<string, string> {
  const given = inheritedNames.flatMap((name) => {
    const value = env[name];
    return value === undefined ? [] : [[name, value] as const];
  });
  return Object.fromEntries(given);
}
