/**
 * The way of log lines to the disk: orders are handed to a thread of their own. Never throws, never waits. A thread
 * that died is told as a fault and replaced, at most once a second; the files it was writing are
 * given up, since nobody knows where they end.
 */
import { Worker } from 'node:worker_threads';
import type { LogSummary } from '../log/segment-format.ts';
import type { RetentionTerms } from './retention.ts';

// What the event logs and the writer thread say to each other. Both ends are ours and of one build: typed, not validated.

/** Something to do with one log. */
interface LogOrder {
  /** Whole lines to append. */
  readonly lines: string;
  /** Turns in these lines. */
  readonly turns: number;
  /** Nothing follows for this log. */
  readonly isLast: boolean;
}

/** For a log that has a file of its own; the first order of a file creates it. */
export interface FileOrder extends LogOrder {
  readonly path: string;
}

/** For a log that goes into a segment. */
export interface SegmentOrder extends LogOrder {
  /** Logs are numbered in the order of their first orders, from 0. */
  readonly log: number;
  /** In its first order: what its own file would be called. */
  readonly name?: string;
  readonly lineCount: number;
  /** In its last order. */
  readonly summary?: LogSummary;
}

export type WriteOrder = FileOrder | SegmentOrder;

/** What the thread is started with. */
export interface WriterThreadData {
  readonly retention: RetentionTerms;
  /** Of the server. */
  readonly version: string;
  /** Of files that are kept open between writes. */
  readonly maxDescriptors: number;
  /** What both sides see without a message; the places are named by `sharedPlaces`. */
  readonly shared: Int32Array;
  /** A thread before this one died: the first file that can be written is a recovery. */
  readonly isReplacement: boolean;
}

export const sharedPlaces = Object.freeze({
  /** Characters written, or given up, so far, modulo 2^32. */
  doneChars: 0,
  /** 1 while the thread sleeps until it is woken; else it looks for orders by itself, every POLL_MS. */
  isAsleep: 1,
} as const);

function createShared(): Int32Array {
  return new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT * Object.keys(sharedPlaces).length));
}

/**
 * How often the thread looks for orders while there are any. Waking a thread for each of them costs the one that wakes it far more than the
 * order itself: 180 us of CPU against 4 on a virtual machine (measured).
 */
export const POLL_MS = 15;
/** How long the thread sweeps old logs before it looks for orders. */
export const SWEEP_STEP_MS = 4;

export type ToWriter = { readonly kind: 'write'; readonly orders: readonly WriteOrder[] } | { readonly kind: 'stop' };

export type FromWriter =
  /** A file could not be written and was given up, with `turns` of it. */
  | { readonly kind: 'fileFailed'; readonly path: string; readonly turns: number; readonly why: string }
  /** Logs in a segment could not be written and were given up, with `turns` of them. */
  | ({ readonly kind: 'logsFailed' } & FailedLogs)
  /** A segment was begun; `log` is the first that goes into it, and all of a higher number do until the next one is begun. */
  | { readonly kind: 'segmentBegun'; readonly path: string; readonly log: number }
  /** Segments of processes that were killed, found at the start. */
  | { readonly kind: 'killedFound'; readonly segments: number; readonly newest: string }
  /** No file could be begun now. */
  | { readonly kind: 'unwritable'; readonly why: string }
  /** Files can be written again. */
  | { readonly kind: 'recovered' }
  /** Old logs were looked through. */
  | {
      readonly kind: 'swept';
      readonly deletedFiles: number;
      readonly failures: number;
      /** Of the first failure; '' without one. */
      readonly why: string;
    }
  | { readonly kind: 'stopped' };

/** Logs of one segment that were given up for one reason. */
export interface FailedLogs {
  readonly path: string;
  readonly logs: readonly number[];
  readonly turns: number;
  readonly why: string;
}

// The end of the event logs.

/** A disk that takes nothing for so long will not take the rest of a stopping server's logs either. */
const STOP_TIMEOUT_MS = 3_000;
const RESTART_PAUSE_MS = 1_000;
/** Segments of which the process knows that its live logs may stand in them: those of a day. */
const MAX_KNOWN_SEGMENTS = 144;

export interface LogWriterListener {
  /** A file was given up, with turns that were on their way to it. */
  fileFailed(path: string, turns: number, why: string): void;
  /** The same for logs in a segment. */
  logsFailed(failed: FailedLogs): void;
  /** Processes before this one were killed: their segments have no end. */
  killedFound(segments: number, newest: string): void;
  /** The thread died, and every open file with it. */
  died(why: string): void;
  /** No file could be begun now. */
  unwritable(why: string): void;
  /** Files can be written again. */
  recovered(): void;
  /** Old logs were looked through. */
  swept(result: { readonly deletedFiles: number; readonly failures: number; readonly why: string }): void;
}

export interface LogWriterOptions {
  readonly retention: RetentionTerms;
  /** Of the server. */
  readonly version: string;
  /** Of files that are kept open between writes. */
  readonly maxDescriptors: number;
  readonly listener: LogWriterListener;
  /** A monotonic clock in ms. */
  readonly now: () => number;
  /** Code of the thread. */
  readonly thread?: URL;
}

/** How far the disk is behind. */
export interface WriterLag {
  /** Age in ms of the oldest line that it has not taken. */
  readonly lagMs: number;
}

/** Of batches that the disk has not taken, so many are told apart; it is behind by seconds then. */
const MAX_MARKS = 1_000;

export class LogWriter implements WriterLag {
  readonly #options: LogWriterOptions;
  #shared = createShared();
  #givenChars = 0;
  /** What was given until when, the oldest first; those that the disk has taken go with the next look. */
  #marks: { readonly chars: number; readonly atMs: number }[] = [];
  #worker: Worker | null = null;
  #startedAtMs = Number.NEGATIVE_INFINITY;
  #isStopped = false;
  #noteStopped: () => void = () => {};
  /** Which logs stand where, the oldest first. */
  #segments: readonly { readonly path: string; readonly log: number }[] = [];

  constructor(options: LogWriterOptions) {
    this.#options = options;
    this.#start();
  }

  /** Characters that the disk has not taken yet. */
  get unwrittenChars(): number {
    return (this.#givenChars - Atomics.load(this.#shared, sharedPlaces.doneChars)) | 0;
  }

  get lagMs(): number {
    this.#dropTaken();
    const [oldest] = this.#marks;
    return oldest === undefined ? 0 : this.#options.now() - oldest.atMs;
  }

  #dropTaken(): void {
    const taken = Atomics.load(this.#shared, sharedPlaces.doneChars);
    const waiting = this.#marks.findIndex(({ chars }) => ((chars - taken) | 0) > 0);
    this.#marks.splice(0, waiting < 0 ? this.#marks.length : waiting);
  }

  /** The segment in which a log of this number stands; '' while that is not known. */
  segmentOf(log: number): string {
    return this.#segments.findLast((segment) => segment.log <= log)?.path ?? '';
  }

  /** False if there is no thread now: the orders are lost. */
  write(orders: readonly WriteOrder[]): boolean {
    const worker = this.#worker ?? this.#restart();
    if (worker === null) return false;
    for (const { lines } of orders) this.#givenChars = (this.#givenChars + lines.length) | 0;
    this.#dropTaken();
    if (this.#marks.length < MAX_MARKS) this.#marks.push({ chars: this.#givenChars, atMs: this.#options.now() });
    this.#post(worker, { kind: 'write', orders });
    return true;
  }

  /** Resolves when all is written, or after STOP_TIMEOUT_MS. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    const worker = this.#worker;
    if (worker === null) return;
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, STOP_TIMEOUT_MS);
    });
    const stopped = new Promise<void>((resolve) => {
      this.#noteStopped = resolve;
    });
    // From here on its end is no death.
    this.#worker = null;
    this.#post(worker, { kind: 'stop' });
    await Promise.race([stopped, late]);
    clearTimeout(timer);
    void worker.terminate();
  }

  #restartIfDue(): void {
    if (this.#worker === null && !this.#isStopped) this.#restart();
  }

  #restart(): Worker | null {
    return this.#options.now() - this.#startedAtMs < RESTART_PAUSE_MS ? null : this.#start();
  }

  #start(): Worker {
    const { retention, version, maxDescriptors, listener, now, thread = threadUrl() } = this.#options;
    const isReplacement = this.#startedAtMs !== Number.NEGATIVE_INFINITY;
    this.#startedAtMs = now();
    this.#shared = createShared();
    this.#givenChars = 0;
    this.#marks = [];
    const data: WriterThreadData = { retention, version, maxDescriptors, shared: this.#shared, isReplacement };
    const worker = new Worker(thread, { execArgv: [], name: 'event-logs', workerData: data });
    this.#worker = worker;
    let why = 'it ended';
    worker.on('message', (message: FromWriter) => this.#take(message));
    worker.on('error', (error) => {
      why = error.message;
    });
    worker.once('exit', () => {
      this.#noteStopped();
      if (this.#worker !== worker) return;
      this.#worker = null;
      listener.died(`the writer of the event logs died: ${why}`);
      // Whether the next one can write is known before there is something to write.
      setTimeout(() => this.#restartIfDue(), RESTART_PAUSE_MS).unref();
    });
    // It keeps no process alive; an orderly end waits for it in `stop`.
    worker.unref();
    return worker;
  }

  #post(worker: Worker, message: ToWriter): void {
    worker.postMessage(message);
    const { isAsleep } = sharedPlaces;
    if (Atomics.compareExchange(this.#shared, isAsleep, 1, 0) === 1) Atomics.notify(this.#shared, isAsleep);
  }

  #take(message: FromWriter): void {
    const { listener } = this.#options;
    switch (message.kind) {
      case 'fileFailed':
        listener.fileFailed(message.path, message.turns, message.why);
        return;
      case 'logsFailed':
        listener.logsFailed(message);
        return;
      case 'segmentBegun':
        this.#segments = [...this.#segments, message].slice(-MAX_KNOWN_SEGMENTS);
        return;
      case 'killedFound':
        listener.killedFound(message.segments, message.newest);
        return;
      case 'unwritable':
        listener.unwritable(message.why);
        return;
      case 'recovered':
        listener.recovered();
        return;
      case 'swept':
        listener.swept(message);
        return;
      case 'stopped':
        this.#noteStopped();
        return;
    }
  }
}

/** Tests run from source; a thread of a Node that strips no types runs from the build. */
function threadUrl(): URL {
  if (import.meta.url.endsWith('.js')) return new URL('./log-writer-thread.js', import.meta.url);
  return new URL('../../dist/record/log-writer-thread.js', import.meta.url);
}
