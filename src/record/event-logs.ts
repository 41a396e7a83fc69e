/**
 * The event logs of a running server: a file for each session and one for the supervisor, by day.
 *
 * Guarantees: a turn costs its session a few references and no more; its line is made as soon as the event loop comes round,
 * and is with the writer within FLUSH_MS; what a killed process had not written yet is all that is lost; a disk that is full,
 * slow or read-only harms no stream: turns are dropped and counted, in the footer and here, and it is said once. What stands in
 * a file has no gap: behind a dropped turn comes nothing but the footer.
 */
import { join } from 'node:path';
import { ActorLog } from './actor-log.ts';
import { LogWriter, type WriteOrder } from './log-writer.ts';
import type { TurnRecorder } from './recorded-logic.ts';
import type { ActorLogOptions } from './redaction.ts';
import type { RetentionTerms } from './retention.ts';

/** How long a line may wait before it is handed to the writer; with the writer's POLL_MS it stays below 50 ms. */
const FLUSH_MS = 30;
/** Lines that the disk has not taken; beyond it turns are dropped. */
const MAX_UNWRITTEN_CHARS = 32 * 1024 * 1024;
/** Times MAX_UNWRITTEN_CHARS: how much it may be with footers, which come also behind dropped turns. */
const FOOTER_FACTOR = 2;
/**
 * Turns of one log that may wait to be made into lines. Until then each holds on to its context; a supervisor's shares all but
 * the streams that came or went in its turn with the contexts before and after it. Usually they wait for the end of the present
 * round of the event loop: kept for the FLUSH_MS of their lines, they outlived the young generation, with all they refer to,
 * and collecting garbage took twice the time.
 */
const MAX_WAITING_TURNS = 32;
/** Turns made into lines before others get their breath. */
const TURNS_PER_BREATH = 256;

export interface EventLogsOptions extends LogFaultListener {
  readonly retention: RetentionTerms;
  /** A monotonic clock in ms. */
  readonly now: () => number;
  /** The date and time. */
  readonly date: () => Date;
  /** Old logs could not be deleted; told once until they could. */
  readonly onSweepFault: (why: string) => void;
  /** Is told of lines while they are on their way to the disk; absent = nobody looks on. */
  readonly tap?: LineTap;
  /** Code of the writer's thread, for tests. */
  readonly thread?: URL;
  /** For tests; MAX_UNWRITTEN_CHARS. */
  readonly maxUnwrittenChars?: number;
}

/** Whole lines of one log, as they go to its file. */
export interface MadeLines {
  readonly actorId: string;
  readonly text: string;
  /** The place of the first in the file, from 0, and how many there are. */
  readonly from: number;
  readonly count: number;
}

/** Looks on while lines are made; never throws, and keeps what it is given by reference. */
export interface LineTap {
  linesMade(lines: MadeLines): void;
  /** Nothing more of this log comes: its file was given up. */
  logLost(actorId: string): void;
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
  /** It has turns that wait to become lines. */
  isDirty: boolean;
  /** Lines that wait for the next flush, and how many turns they are. */
  lines: string;
  lineTurns: number;
  /** Its file was given up. */
  isLost: boolean;
}

interface AddressedOrder {
  readonly order: WriteOrder;
  readonly open: OpenLog;
}

export class EventLogs {
  readonly #options: EventLogsOptions;
  readonly #open = new Map<string, OpenLog>();
  /** By path, those of which something was handed to the writer. */
  readonly #begun = new Map<string, OpenLog>();
  readonly #writer: LogWriter;
  readonly #faults: LogFaults;
  readonly #counts = { filesFailed: 0, turnsDropped: 0, filesDeleted: 0, deletionsFailed: 0 };
  #dirty: OpenLog[] = [];
  /** Those that have lines, or are over. */
  #due = new Set<OpenLog>();
  /** Of all lines that wait for the next flush. */
  #lineChars = 0;
  #lineMaking: NodeJS.Immediate | null = null;
  #timer: NodeJS.Timeout | null = null;
  #isSweepFaultTold = false;
  #isClosed = false;

  constructor(options: EventLogsOptions) {
    this.#options = options;
    this.#faults = new LogFaults(options);
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
          // The system names the path at the end of its own words, too.
          this.#faults.note('file', `${path}: ${why.replace(/, [a-z]+ '[^']*'$/, '')}`);
        },
        died: (why) => {
          for (const open of this.#begun.values()) this.#lose(open);
          this.#faults.note('file', why);
        },
        unwritable: (why) => this.#faults.note('file', why),
        recovered: () => this.#faults.clear('file'),
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

  /** Why logs are being lost at present, in one line; null = they are not. */
  get failure(): string | null {
    // Nobody may have had a line since the disk has caught up.
    if (this.#writer.unwrittenChars <= this.#maxUnwrittenChars / 2) this.#faults.clear('pace');
    return this.#faults.present;
  }

  /** Where the log of a live actor is written, and how many lines were made of it so far; null = there is no such log now. */
  find(actorId: string): { readonly path: string; readonly lines: number } | null {
    const open = this.#open.get(actorId);
    return open === undefined ? null : { path: open.path, lines: open.log.lines };
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
      lines: '',
      lineTurns: 0,
      isLost: false,
      record: (turn) => {
        log.add(turn, now());
        this.#noteTurn(open);
      },
      noteThrow: (event) => {
        log.noteThrow(event, now());
        this.#noteTurn(open);
      },
    };
    this.#open.set(actorId, open);
    return open;
  }

  /** Writes everything and closes every file; nothing is recorded from then on. */
  async close(): Promise<void> {
    this.#isClosed = true;
    if (this.#timer !== null) clearTimeout(this.#timer);
    if (this.#lineMaking !== null) clearImmediate(this.#lineMaking);
    this.#timer = null;
    this.#lineMaking = null;
    const orders: AddressedOrder[] = [];
    for (const open of this.#open.values()) this.#addOrder(orders, open, true);
    this.#hand(orders);
    await this.#writer.stop();
  }

  #noteTurn(open: OpenLog): void {
    if (this.#isClosed) return;
    if (!open.isDirty) {
      open.isDirty = true;
      this.#dirty.push(open);
      this.#lineMaking ??= setImmediate(() => this.#makeDirtyLines());
    }
    if (open.log.waitingTurns >= MAX_WAITING_TURNS) this.#makeLines(open);
  }

  #makeDirtyLines(): void {
    this.#lineMaking = null;
    let turns = 0;
    let taken = 0;
    for (const open of this.#dirty) {
      taken += 1;
      turns += open.log.waitingTurns;
      open.isDirty = false;
      this.#makeLines(open);
      if (turns >= TURNS_PER_BREATH) break;
    }
    this.#dirty = this.#dirty.slice(taken);
    if (this.#dirty.length > 0) this.#lineMaking = setImmediate(() => this.#makeDirtyLines());
  }

  /** Makes lines of the turns that wait in a log, or drops them where nobody could write them. */
  #makeLines(open: OpenLog): void {
    const { log } = open;
    const { waitingTurns, droppedTurns } = log;
    if (waitingTurns === 0) return;
    const unwrittenChars = this.#lineChars + this.#writer.unwrittenChars;
    if (!open.isLost && unwrittenChars <= this.#maxUnwrittenChars) {
      const from = log.lines;
      const lines = log.takeLines();
      this.#tell(open, lines, from);
      open.lines += lines;
      this.#lineChars += lines.length;
      const dropped = log.droppedTurns - droppedTurns;
      this.#counts.turnsDropped += dropped;
      open.lineTurns += waitingTurns - dropped;
      if (unwrittenChars <= this.#maxUnwrittenChars / 2) this.#faults.clear('pace');
    } else {
      this.#counts.turnsDropped += log.dropWaiting();
      if (!open.isLost) this.#faults.note('pace', 'the disk does not keep up');
    }
    this.#due.add(open);
    if (!this.#isClosed) this.#timer ??= setTimeout(() => this.#flush(), FLUSH_MS);
  }

  #flush(): void {
    this.#timer = null;
    const orders: AddressedOrder[] = [];
    for (const open of this.#due) this.#addOrder(orders, open, open.log.isOver);
    this.#due.clear();
    this.#hand(orders);
  }

  /** The order that writes a log's lines, and its footer if it is over. */
  #addOrder(orders: AddressedOrder[], open: OpenLog, isLast: boolean): void {
    this.#makeLines(open);
    const { path, log } = open;
    let { lines, lineTurns: turns } = open;
    open.lines = '';
    open.lineTurns = 0;
    this.#lineChars -= lines.length;
    if (open.isLost) {
      this.#counts.turnsDropped += turns;
      lines = '';
      turns = 0;
    }
    if (isLast) {
      this.#open.delete(open.actorId);
      const canEnd = log.hasBegun && !open.isLost;
      if (canEnd && this.#writer.unwrittenChars <= this.#maxUnwrittenChars * FOOTER_FACTOR)
        lines += this.#footerOf(open);
      // Its every turn was dropped: there is no file.
      else if (!log.hasBegun) this.#counts.filesFailed += 1;
    }
    if (!log.hasBegun || (lines === '' && !isLast)) return;
    orders.push({ order: { path, lines, turns, isLast }, open });
    if (isLast) this.#begun.delete(path);
    else this.#begun.set(path, open);
  }

  #footerOf(open: OpenLog): string {
    const from = open.log.lines;
    const footer = open.log.close();
    this.#tell(open, footer, from);
    return footer;
  }

  #tell({ actorId, log }: OpenLog, text: string, from: number): void {
    const { tap } = this.#options;
    const count = log.lines - from;
    if (tap !== undefined && count > 0) tap.linesMade({ actorId, text, from, count });
  }

  #hand(orders: readonly AddressedOrder[]): void {
    if (orders.length === 0 || this.#writer.write(orders.map(({ order }) => order))) return;
    for (const { order, open } of orders) {
      this.#counts.turnsDropped += order.turns;
      this.#lose(open);
    }
  }

  #lose(open: OpenLog): void {
    if (open.isLost) return;
    open.isLost = true;
    this.#counts.filesFailed += 1;
    this.#options.tap?.logLost(open.actorId);
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

/** A file could not be written, or the disk does not keep up. */
type LogFaultKind = 'file' | 'pace';

interface LogFaultListener {
  readonly onFault: (why: string) => void;
  readonly onRecovery: () => void;
}

/** Says once that event logs are being lost, whatever the reasons and however many, and once that they are not any more. */
class LogFaults {
  readonly #listener: LogFaultListener;
  /** Each with what was said of it first. */
  readonly #present = new Map<LogFaultKind, string>();

  constructor(listener: LogFaultListener) {
    this.#listener = listener;
  }

  get present(): string | null {
    const [why = null] = this.#present.values();
    return why;
  }

  note(kind: LogFaultKind, why: string): void {
    const isFirst = this.#present.size === 0;
    if (!this.#present.has(kind)) this.#present.set(kind, why);
    if (isFirst) this.#listener.onFault(why);
  }

  clear(kind: LogFaultKind): void {
    if (this.#present.delete(kind) && this.#present.size === 0) this.#listener.onRecovery();
  }
}
