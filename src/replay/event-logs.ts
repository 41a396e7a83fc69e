/**
 * The event logs of a running server: a file for each session and one for the supervisor, by day.
 *
 * Guarantees: a turn costs its session a few references and no more; lines are made and written within FLUSH_MS; what a killed process had not
 * written yet is all that is lost; a disk that is full, slow or read-only harms no stream: turns are dropped and counted, in the footer
 * and here, and it is said once. What stands in a file has no gap: behind a dropped turn comes nothing but the footer.
 */
import { join } from 'node:path';
import { ActorLog, type ActorLogOptions } from './actor-log.ts';
import { LogWriter } from './log-writer.ts';
import type { RetentionTerms, WriteOrder } from './log-writer-protocol.ts';
import type { TurnRecorder } from './recorded-logic.ts';

/** How long a turn may wait before it is handed to the writer; with the writer's POLL_MS it stays below 50 ms. */
const FLUSH_MS = 30;
/** Lines that the disk has not taken; beyond it turns are dropped. */
const MAX_UNWRITTEN_CHARS = 32 * 1024 * 1024;
/** Times MAX_UNWRITTEN_CHARS: how much it may be with footers, which come also behind dropped turns. */
const FOOTER_FACTOR = 2;
/** Turns made into lines before others get their breath. */
const TURNS_PER_BREATH = 256;

export interface EventLogsOptions {
  readonly retention: RetentionTerms;
  /** A monotonic clock in ms. */
  readonly now: () => number;
  /** The date and time. */
  readonly date: () => Date;
  /** A log could not be written; told once until one could again. */
  readonly onFault: (why: string) => void;
  /** A log could be written again after `onFault`. */
  readonly onRecovery: () => void;
  /** Old logs could not be deleted; told once until they could. */
  readonly onSweepFault: (why: string) => void;
  /** Code of the writer's thread, for tests. */
  readonly thread?: URL;
  /** For tests; MAX_UNWRITTEN_CHARS. */
  readonly maxUnwrittenChars?: number;
}

/** What became of the logs since the start. */
export interface EventLogCounts {
  /** Files that are being written. */
  open: number;
  /** Files that could not be begun or went no further. */
  filesFailed: number;
  /** Turns that stand in no file. */
  turnsDropped: number;
  /** Old files that were deleted, and attempts at it that failed. */
  filesDeleted: number;
  deletionsFailed: number;
}

/** What makes a new actor's log. */
export type NewLog = (startedAt: string) => ActorLogOptions;

interface OpenLog extends TurnRecorder {
  readonly actorId: string;
  readonly path: string;
  readonly log: ActorLog;
  /** Waits for the next flush. */
  isDirty: boolean;
  /** Its file was given up. */
  isLost: boolean;
}

export class EventLogs {
  readonly #options: EventLogsOptions;
  readonly #open = new Map<string, OpenLog>();
  /** By path, those of which something was handed to the writer. */
  readonly #begun = new Map<string, OpenLog>();
  readonly #writer: LogWriter;
  readonly #counts = { filesFailed: 0, turnsDropped: 0, filesDeleted: 0, deletionsFailed: 0 };
  #dirty: OpenLog[] = [];
  #timer: NodeJS.Timeout | null = null;
  #isFaultTold = false;
  #isSweepFaultTold = false;
  #isClosed = false;

  constructor(options: EventLogsOptions) {
    this.#options = options;
    const { retention, now, thread } = options;
    this.#writer = new LogWriter({
      retention,
      now,
      ...(thread !== undefined && { thread }),
      listener: {
        fileFailed: (path, turns, why) => {
          this.#counts.turnsDropped += turns;
          const open = this.#begun.get(path);
          if (open === undefined) this.#counts.filesFailed += 1;
          else this.#lose(open);
          this.#fault(`${path}: ${why}`);
        },
        died: (why) => {
          for (const open of this.#begun.values()) this.#lose(open);
          this.#fault(why);
        },
        recovered: () => this.#recover(),
        swept: ({ deletedFiles, failures, why }) => {
          this.#counts.filesDeleted += deletedFiles;
          this.#counts.deletionsFailed += failures;
          if (failures > 0 && !this.#isSweepFaultTold) options.onSweepFault(why);
          this.#isSweepFaultTold = failures > 0;
        },
      },
    });
  }

  get counts(): EventLogCounts {
    return { open: this.#open.size, ...this.#counts };
  }

  /** The recorder of the actor with this id; its log begins with its first turn. `name` ends the name of its file. */
  recorderFor(actorId: string, name: string, newLog: NewLog): TurnRecorder | null {
    const known = this.#open.get(actorId);
    if (known !== undefined) return known;
    if (this.#isClosed) return null;
    const startedAt = this.#options.date().toISOString();
    const log = new ActorLog(newLog(startedAt));
    const { now } = this.#options;
    const open: OpenLog = {
      actorId,
      path: this.#pathFor(startedAt, name),
      log,
      isDirty: false,
      isLost: false,
      record: (turn) => {
        log.add(turn, now());
        if (!open.isDirty) this.#noteDirty(open);
      },
      noteThrow: (event) => {
        log.noteThrow(event, now());
        if (!open.isDirty) this.#noteDirty(open);
      },
    };
    this.#open.set(actorId, open);
    return open;
  }

  /** Writes everything and closes every file; nothing is recorded from then on. */
  async close(): Promise<void> {
    this.#isClosed = true;
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    const orders: WriteOrder[] = [];
    for (const open of this.#open.values()) this.#addOrder(orders, open, true);
    this.#hand(orders);
    await this.#writer.stop();
  }

  #noteDirty(open: OpenLog): void {
    if (this.#isClosed) return;
    open.isDirty = true;
    this.#dirty.push(open);
    this.#timer ??= setTimeout(() => this.#flush(), FLUSH_MS);
  }

  #flush(): void {
    this.#timer = null;
    const orders: WriteOrder[] = [];
    let turns = 0;
    let taken = 0;
    for (const open of this.#dirty) {
      taken += 1;
      turns += open.log.waitingTurns;
      open.isDirty = false;
      this.#addOrder(orders, open, open.log.isOver);
      if (turns >= TURNS_PER_BREATH) break;
    }
    this.#dirty = this.#dirty.slice(taken);
    if (this.#dirty.length > 0) this.#timer = setTimeout(() => this.#flush(), 1);
    this.#hand(orders);
  }

  /** The order that writes what waits in a log, and its footer if it is over. */
  #addOrder(orders: WriteOrder[], open: OpenLog, isLast: boolean): void {
    const { path, log } = open;
    const turns = log.waitingTurns;
    let lines = this.#linesOf(open);
    const hasBegun = log.hasBegun && !open.isLost;
    if (isLast) {
      this.#open.delete(open.actorId);
      if (hasBegun && this.#writer.unwrittenChars <= this.#maxUnwrittenChars * FOOTER_FACTOR) lines += log.close();
      // Its every turn was dropped: there is no file.
      else if (!log.hasBegun) this.#counts.filesFailed += 1;
    }
    if (!log.hasBegun) return;
    orders.push({ path, lines, turns, isLast });
    if (isLast) this.#begun.delete(path);
    else this.#begun.set(path, open);
  }

  #linesOf(open: OpenLog): string {
    const { log } = open;
    if (!open.isLost && this.#writer.unwrittenChars <= this.#maxUnwrittenChars) {
      const { droppedTurns } = log;
      const lines = log.takeLines();
      this.#counts.turnsDropped += log.droppedTurns - droppedTurns;
      return lines;
    }
    this.#counts.turnsDropped += log.dropWaiting();
    if (!open.isLost) this.#fault('the disk does not keep up');
    return '';
  }

  #hand(orders: readonly WriteOrder[]): void {
    if (orders.length === 0 || this.#writer.write(orders)) return;
    for (const { turns, path, isLast } of orders) {
      this.#counts.turnsDropped += turns;
      const open = this.#begun.get(path);
      if (open !== undefined) this.#lose(open);
      else if (isLast) this.#counts.filesFailed += 1;
    }
  }

  #lose(open: OpenLog): void {
    if (open.isLost) return;
    open.isLost = true;
    this.#counts.filesFailed += 1;
  }

  #fault(why: string): void {
    if (this.#isFaultTold) return;
    this.#isFaultTold = true;
    this.#options.onFault(why);
  }

  #recover(): void {
    if (!this.#isFaultTold) return;
    this.#isFaultTold = false;
    this.#options.onRecovery();
  }

  get #maxUnwrittenChars(): number {
    return this.#options.maxUnwrittenChars ?? MAX_UNWRITTEN_CHARS;
  }

  /** The ids of sessions are ours; whatever an id may be, it stays inside its folder. */
  #pathFor(startedAt: string, name: string): string {
    const [day = '', time = ''] = startedAt.split('T');
    const safeName = name.replace(/[^A-Za-z0-9_-]/g, '_').slice(0, 64);
    return join(this.#options.retention.dir, day, `${time.replaceAll(':', '').replace('Z', '')}-${safeName}.jsonl`);
  }
}
