/**
 * The event logs of a running server, by day: of all sessions of ten minutes one segment (log/segment-format.ts), or a file for each;
 * and a file for the supervisor, whose log lives as long as the server.
 *
 * Guarantees: a turn costs its session a few references and no more; its line is made as soon as the event loop comes round,
 * and is with the writer within FLUSH_MS, also of a loop that is too busy for its timers; what a killed process had not written yet is all that is lost; a disk that is full,
 * slow or read-only harms no stream: turns are dropped and counted, in the footer and here, and it is said once. What stands of
 * a log has no gap: behind a dropped turn comes nothing but the footer.
 */
import { join } from 'node:path';
import { logNameOf } from '../log/segment-format.ts';
import { ActorLog } from './actor-log.ts';
import { type LogFaultListener, LogFaults } from './log-faults.ts';
import { type FailedLogs, type FileOrder, LogWriter, type WriteOrder, type WriterLag } from './log-writer.ts';
import type { TurnRecorder } from './recorded-logic.ts';
import type { ActorLogOptions } from './redaction.ts';
import type { RetentionTerms } from './retention.ts';

/** How long a line may wait before it is handed to the writer; with what the writer may take until it looks it stays below 50 ms. */
export const FLUSH_MS = 30;
/** Lines that the disk has not taken; beyond it turns are dropped. */
const MAX_UNWRITTEN_CHARS = 32 * 1024 * 1024;
/** Times MAX_UNWRITTEN_CHARS: how much it may be with footers, which come also behind dropped turns. */
const FOOTER_FACTOR = 2;
/**
 * Turns of one log that may wait to be made into lines. Until then each holds on to its context. Usually they wait for the end of the
 * present round of the event loop: kept for FLUSH_MS, they outlived the young generation, and collecting garbage took twice the time.
 */
const MAX_WAITING_TURNS = 32;
/** Turns made into lines before others get their breath. */
const TURNS_PER_BREATH = 256;

export interface EventLogsOptions extends LogFaultListener {
  readonly retention: RetentionTerms;
  /** Whether logs go into segments; one that lives as long as the server has a file of its own all the same. */
  readonly files: 'segment' | 'session';
  /** Version of the server. */
  readonly version: string;
  /** Files that may be kept open between writes; beyond it they are opened for each. */
  readonly maxDescriptors: number;
  /** A monotonic clock in ms. */
  readonly now: () => number;
  /** The date and time. */
  readonly date: () => Date;
  /** Old logs could not be deleted; told once until they could. */
  readonly onSweepFault: (why: string) => void;
  /** Processes that wrote here before were killed: so many of their segments have no end. */
  readonly onKilledFound: (segments: number, newest: string) => void;
  /** Is told of lines while they are on their way to the disk; absent = nobody looks on. */
  readonly tap?: LineTap;
  /** Code of the writer's thread, for tests. */
  readonly thread?: URL;
  /** For tests; MAX_UNWRITTEN_CHARS. */
  readonly maxUnwrittenChars?: number;
}

/** How a log is named, and whether it lives as long as the server. */
export interface LogNaming {
  /** Ends the name of its file. */
  readonly name: string;
  readonly isLasting?: boolean;
}

/** Where the log of a live actor stands, and how many lines were made of it so far. */
export interface FoundLog {
  /** Its file, or the segment that it is in; '' while that is not begun. */
  readonly path: string;
  /** In a segment: the name of the log; null = the file is its own. */
  readonly name: string | null;
  readonly lines: number;
}

/** Whole lines of one log, as they go to its file. */
export interface MadeLines {
  readonly actorId: string;
  readonly text: string;
  /** The place of the first in its log, from 0, and how many there are. */
  readonly from: number;
  readonly count: number;
}

/** Looks on while lines are made; never throws, and keeps what it is given by reference. */
export interface LineTap {
  linesMade(lines: MadeLines): void;
  /** Nothing more of this log comes: it was given up. */
  logLost(actorId: string): void;
}

/** What became of the logs since the start. */
export interface EventLogCounts extends WriterLag {
  /** Logs that are being written, each in a file or in a segment. */
  open: number;
  /** Logs that could not be begun or went no further. */
  filesFailed: number;
  /** Turns that stand in no file. */
  turnsDropped: number;
  /** Old files, segments among them, that were deleted, and attempts at it that failed. */
  filesDeleted: number;
  deletionsFailed: number;
}

/** What makes a new actor's log. */
export type NewLog = (startedAt: string) => ActorLogOptions;

interface OpenLog extends TurnRecorder {
  readonly actorId: string;
  /** Without its folder and ending. */
  readonly name: string;
  /** Its own file, or its number for the writer; null = it goes into a segment, and nothing of it was handed on. */
  place: string | number | null;
  readonly log: ActorLog;
  /** It has turns that wait to become lines. */
  isDirty: boolean;
  /** Lines that wait for the next flush, and how many turns they are. */
  lines: string;
  lineTurns: number;
  /** Lines that were handed to the writer. */
  handedLines: number;
  /** It was given up. */
  isLost: boolean;
}

interface AddressedOrder {
  readonly order: WriteOrder;
  readonly open: OpenLog;
}

export class EventLogs {
  readonly #options: EventLogsOptions;
  readonly #open = new Map<string, OpenLog>();
  /** By place, those of which something was handed to the writer. */
  readonly #begun = new Map<string | number, OpenLog>();
  /** How many logs went into segments. */
  #numbered = 0;
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
  /** When the first turn came that the writer does not have; null = it has all. */
  #waitingSinceMs: number | null = null;
  #isSweepFaultTold = false;
  #isClosed = false;

  constructor(options: EventLogsOptions) {
    this.#options = options;
    this.#faults = new LogFaults(options);
    const { retention, version, maxDescriptors, now, thread } = options;
    this.#writer = new LogWriter({
      retention,
      version,
      maxDescriptors,
      now,
      ...(thread !== undefined && { thread }),
      listener: {
        fileFailed: (path, turns, why) => this.#noteFailed(path, [path], { turns, why }),
        logsFailed: ({ path, logs, ...failure }) => this.#noteFailed(path, logs, failure),
        killedFound: options.onKilledFound,
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
    return { open: this.#open.size, lagMs: this.#writer.lagMs, ...this.#counts };
  }

  /** Why logs are being lost at present, in one line; null = they are not. */
  get failure(): string | null {
    // Nobody may have had a line since the disk has caught up.
    if (this.#writer.unwrittenChars <= this.#maxUnwrittenChars / 2) this.#faults.clear('pace');
    return this.#faults.present;
  }

  /** null = there is no such log now. */
  find(actorId: string): FoundLog | null {
    const open = this.#open.get(actorId);
    if (open === undefined) return null;
    const { place, name, log } = open;
    if (typeof place === 'string') return { path: place, name: null, lines: log.lines };
    return { path: place === null ? '' : this.#writer.segmentOf(place), name, lines: log.lines };
  }

  /** The recorder of the actor with this id; its log begins with its first turn. */
  recorderFor(actorId: string, { name, isLasting = false }: LogNaming, newLog: NewLog): TurnRecorder | null {
    const known = this.#open.get(actorId);
    if (known !== undefined) return known;
    if (this.#isClosed) return null;
    const startedAt = this.#options.date().toISOString();
    const log = new ActorLog(newLog(startedAt));
    const { now, files, retention } = this.#options;
    const fileName = logNameOf(startedAt, name);
    const hasOwnFile = isLasting || files === 'session';
    const open: OpenLog = {
      actorId,
      name: fileName,
      place: hasOwnFile ? join(retention.dir, startedAt.slice(0, 10), `${fileName}.jsonl`) : null,
      log,
      isDirty: false,
      lines: '',
      lineTurns: 0,
      handedLines: 0,
      isLost: false,
      record: (turn, atMs = now()) => {
        log.add(turn, atMs);
        this.#noteTurn(open, atMs);
      },
      noteThrow: (event, atMs = now()) => {
        log.noteThrow(event, atMs);
        this.#noteTurn(open, atMs);
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
    const orders: AddressedOrder[] = [];
    for (const open of this.#open.values()) this.#addOrder(orders, open, true);
    this.#hand(orders);
    await this.#writer.stop();
  }

  #noteTurn(open: OpenLog, atMs: number): void {
    if (this.#isClosed) return;
    if (!open.isDirty) {
      open.isDirty = true;
      this.#dirty.push(open);
      this.#lineMaking ??= setImmediate(() => this.#makeDirtyLines());
    }
    if (open.log.waitingTurns >= MAX_WAITING_TURNS) this.#makeLines(open);
    this.#waitingSinceMs ??= atMs;
    if (atMs - this.#waitingSinceMs < FLUSH_MS) return;
    // The loop has not come to the timer: it may be busy for a second, whose turns would be lost with the process.
    for (const dirty of this.#dirty) this.#due.add(dirty);
    this.#flush();
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
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    this.#waitingSinceMs = null;
    const orders: AddressedOrder[] = [];
    for (const open of this.#due) this.#addOrder(orders, open, open.log.isOver);
    this.#due.clear();
    this.#hand(orders);
  }

  /** The order that writes a log's lines, and its footer if it is over. */
  #addOrder(orders: AddressedOrder[], open: OpenLog, isLast: boolean): void {
    if (this.#open.get(open.actorId) !== open) return; // Ended by a flush ahead of the round that makes its lines.
    this.#makeLines(open);
    const { log } = open;
    let { lines, lineTurns: turns } = open;
    open.lines = '';
    open.lineTurns = 0;
    this.#lineChars -= lines.length;
    if (open.isLost) {
      this.#counts.turnsDropped += turns;
      lines = '';
      turns = 0;
    }
    let hasFooter = false;
    if (isLast) {
      this.#open.delete(open.actorId);
      const canEnd = log.hasBegun && !open.isLost;
      hasFooter = canEnd && this.#writer.unwrittenChars <= this.#maxUnwrittenChars * FOOTER_FACTOR;
      if (hasFooter) lines += this.#footerOf(open);
      // Its every turn was dropped: there is no file.
      else if (!log.hasBegun) this.#counts.filesFailed += 1;
    }
    if (!log.hasBegun || (lines === '' && !isLast)) return;
    const order = this.#orderOf(open, { lines, turns, isLast }, hasFooter);
    orders.push({ order, open });
    const place = 'path' in order ? order.path : order.log;
    if (isLast) this.#begun.delete(place);
    else this.#begun.set(place, open);
  }

  #orderOf(open: OpenLog, text: Omit<FileOrder, 'path'>, hasFooter: boolean): WriteOrder {
    const { place, name, log, handedLines } = open;
    if (typeof place === 'string') return { path: place, ...text };
    const lineCount = text.lines === '' ? 0 : log.lines - handedLines;
    open.handedLines = log.lines;
    const summary = text.isLast ? { summary: log.summary(hasFooter) } : {};
    if (place !== null) return { log: place, ...text, lineCount, ...summary };
    open.place = this.#numbered;
    this.#numbered += 1;
    return { log: open.place, name, ...text, lineCount, ...summary };
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

  /** What stands at these places of a file was given up, with turns that were on their way to it. */
  #noteFailed(
    path: string,
    places: readonly (string | number)[],
    { turns, why }: Pick<FailedLogs, 'turns' | 'why'>,
  ): void {
    this.#counts.turnsDropped += turns;
    for (const place of places) {
      const open = this.#begun.get(place);
      if (open === undefined) this.#counts.filesFailed += 1;
      else this.#lose(open);
    }
    // Told already: these were on their way meanwhile.
    if (path === '') return;
    // The system names the path at the end of its own words, too.
    this.#faults.note('file', `${path}: ${why.replace(/, [a-z]+ '[^']*'$/, '')}`);
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
}
