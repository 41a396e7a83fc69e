/**
 * The event logs of a running server: a file for each session and one for the supervisor, by day.
 *
 * Guarantees: a turn costs its session a few references and no more; lines are made and written within FLUSH_MS; what a killed process had not
 * written yet is all that is lost; a disk that is full, slow or read-only harms no stream: turns are dropped and counted, and it is said once.
 */
import { join } from 'node:path';
import { ActorLog, type ActorLogOptions } from './actor-log.ts';
import { LogWriter } from './log-writer.ts';
import type { WriteOrder } from './log-writer-protocol.ts';
import type { RecordedTurn, TurnRecorder } from './recorded-logic.ts';

/** How long a turn may wait before it is written. */
const FLUSH_MS = 25;
/** Lines that the disk has not taken; beyond it turns are dropped. */
const MAX_UNWRITTEN_CHARS = 32 * 1024 * 1024;
/** Turns made into lines before others get their breath. */
const TURNS_PER_BREATH = 512;

export interface EventLogsOptions {
  readonly dir: string;
  /** A monotonic clock in ms. */
  readonly now: () => number;
  /** The date and time. */
  readonly date: () => Date;
  /** A log could not be written; told once until one could again. */
  readonly onFault: (why: string) => void;
}

/** What makes a new actor's log. */
export type NewLog = (startedAt: string) => ActorLogOptions;

interface OpenLog {
  readonly log: ActorLog;
  readonly path: string;
  readonly record: TurnRecorder;
}

export class EventLogs {
  readonly #options: EventLogsOptions;
  readonly #open = new Map<string, OpenLog>();
  readonly #dirty = new Set<string>();
  readonly #writer: LogWriter;
  #timer: NodeJS.Timeout | null = null;
  #failedFiles = 0;
  #droppedTurns = 0;
  #isFaultTold = false;

  constructor(options: EventLogsOptions) {
    this.#options = options;
    this.#writer = new LogWriter({ onFault: (why) => this.#fileFailed(why) });
  }

  /** Files that could not be written, and turns that were not, since the start. */
  get losses(): { readonly files: number; readonly turns: number } {
    return { files: this.#failedFiles, turns: this.#droppedTurns };
  }

  /** Paths of the files that are being written. */
  get openPaths(): ReadonlySet<string> {
    return new Set([...this.#open.values()].map(({ path }) => path));
  }

  /** The recorder of the actor with this id; its log begins with its first turn. */
  recorderFor(actorId: string, name: string, newLog: NewLog): TurnRecorder {
    const known = this.#open.get(actorId);
    if (known !== undefined) return known.record;
    const startedAt = this.#options.date().toISOString();
    const log = new ActorLog(newLog(startedAt));
    const [day = '', time = ''] = startedAt.split('T');
    const path = join(this.#options.dir, day, `${time.replaceAll(':', '').replace('Z', '')}-${name}.jsonl`);
    const record = (turn: RecordedTurn): void => {
      log.add(turn, this.#options.now());
      this.#dirty.add(actorId);
      this.#timer ??= setTimeout(() => this.#flush(), FLUSH_MS);
    };
    this.#open.set(actorId, { log, path, record });
    return record;
  }

  /** The actor will take no more turns, whatever its chart says. */
  end(actorId: string): void {
    const open = this.#open.get(actorId);
    if (open !== undefined) this.#writer.write([this.#lastOrder(actorId, open)]);
  }

  /** Writes everything and closes every file. */
  async close(): Promise<void> {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    this.#writer.write([...this.#open].map(([actorId, open]) => this.#lastOrder(actorId, open)));
    await this.#writer.stop();
  }

  #flush(): void {
    this.#timer = null;
    const orders: WriteOrder[] = [];
    let turns = 0;
    for (const actorId of this.#dirty) {
      this.#dirty.delete(actorId);
      const open = this.#open.get(actorId);
      if (open === undefined) continue;
      turns += open.log.waitingTurns;
      orders.push(open.log.isOver ? this.#lastOrder(actorId, open) : this.#order(open));
      if (turns < TURNS_PER_BREATH || this.#dirty.size === 0) continue;
      this.#timer = setTimeout(() => this.#flush(), 1);
      break;
    }
    this.#writer.write(orders);
  }

  #order({ path, log }: OpenLog): WriteOrder {
    return { path, lines: this.#linesOf(log), isLast: false };
  }

  #lastOrder(actorId: string, { path, log }: OpenLog): WriteOrder {
    this.#open.delete(actorId);
    this.#dirty.delete(actorId);
    return { path, lines: this.#linesOf(log) + log.close(), isLast: true };
  }

  #linesOf(log: ActorLog): string {
    if (this.#writer.unwrittenChars <= MAX_UNWRITTEN_CHARS) return log.takeLines();
    this.#droppedTurns += log.waitingTurns;
    log.dropWaiting();
    return '';
  }

  #fileFailed(why: string): void {
    this.#failedFiles += 1;
    if (this.#isFaultTold) return;
    this.#isFaultTold = true;
    this.#options.onFault(why);
  }
}
