/**
 * The event logs of a running server: a file for each session and one for the supervisor, by day.
 *
 * Guarantees: a turn costs its session a few references and no more; lines are made and written within FLUSH_MS; what a killed process had not
 * written yet is all that is lost; a disk that is full, slow or read-only harms no stream: turns are dropped and counted, and it is said once.
 */
import { join } from 'node:path';
import { ActorLog, type ActorLogOptions } from './actor-log.ts';
import { LogFile } from './log-file.ts';
import type { RecordedTurn, TurnRecorder } from './recorded-logic.ts';

/** How long a turn may wait before it is written. */
const FLUSH_MS = 25;
/** Lines that the disk has not taken; beyond it turns are dropped. */
const MAX_UNWRITTEN_BYTES = 32 * 1024 * 1024;
/** Turns made into lines before others get their breath. */
const TURNS_PER_BREATH = 512;

export interface EventLogsOptions {
  readonly dir: string;
  /** A monotonic clock in ms. */
  readonly now: () => number;
  /** The date and time. */
  readonly date: () => Date;
  /** A log could not be written; told once until one could again. */
  readonly onFault: (error: unknown) => void;
}

/** What makes a new actor's log. */
export type NewLog = (startedAt: string) => ActorLogOptions;

interface OpenLog {
  readonly log: ActorLog;
  readonly file: LogFile;
  readonly record: TurnRecorder;
}

export class EventLogs {
  readonly #options: EventLogsOptions;
  readonly #open = new Map<string, OpenLog>();
  readonly #dirty = new Set<string>();
  readonly #closing = new Set<Promise<void>>();
  #timer: NodeJS.Timeout | null = null;
  #unwrittenBytes = 0;
  #failedFiles = 0;
  #droppedTurns = 0;
  #isFaultTold = false;

  constructor(options: EventLogsOptions) {
    this.#options = options;
  }

  /** Files that could not be written, and turns that were not, since the start. */
  get losses(): { readonly files: number; readonly turns: number } {
    return { files: this.#failedFiles, turns: this.#droppedTurns };
  }

  /** Paths of the files that are being written. */
  get openPaths(): ReadonlySet<string> {
    return new Set([...this.#open.values()].map(({ file }) => file.path));
  }

  /** The recorder of the actor with this id; its log begins with its first turn. */
  recorderFor(actorId: string, name: string, newLog: NewLog): TurnRecorder {
    const known = this.#open.get(actorId);
    if (known !== undefined) return known.record;
    const startedAt = this.#options.date().toISOString();
    const log = new ActorLog(newLog(startedAt));
    const [day = '', time = ''] = startedAt.split('T');
    const path = join(this.#options.dir, day, `${time.replaceAll(':', '').replace('Z', '')}-${name}.jsonl`);
    const file = new LogFile({
      path,
      onFault: (error) => this.#fileFailed(error),
      onWritten: (bytes) => {
        this.#unwrittenBytes -= bytes;
      },
    });
    const record = (turn: RecordedTurn): void => {
      log.add(turn, this.#options.now());
      this.#dirty.add(actorId);
      this.#timer ??= setTimeout(() => this.#flush(), FLUSH_MS);
    };
    this.#open.set(actorId, { log, file, record });
    return record;
  }

  /** The actor will take no more turns, whatever its chart says. */
  end(actorId: string): void {
    const open = this.#open.get(actorId);
    if (open !== undefined) this.#close(actorId, open);
  }

  /** Writes everything and closes every file. */
  async close(): Promise<void> {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    for (const [actorId, open] of this.#open) this.#close(actorId, open);
    await Promise.all(this.#closing);
  }

  #flush(): void {
    this.#timer = null;
    let turns = 0;
    for (const actorId of this.#dirty) {
      this.#dirty.delete(actorId);
      const open = this.#open.get(actorId);
      if (open === undefined) continue;
      turns += open.log.waitingTurns;
      if (open.log.isOver) this.#close(actorId, open);
      else this.#write(open, this.#linesOf(open.log));
      if (turns < TURNS_PER_BREATH || this.#dirty.size === 0) continue;
      this.#timer = setTimeout(() => this.#flush(), 1);
      return;
    }
  }

  #close(actorId: string, open: OpenLog): void {
    this.#open.delete(actorId);
    this.#dirty.delete(actorId);
    this.#write(open, this.#linesOf(open.log) + open.log.close());
    const closing = open.file.close();
    this.#closing.add(closing);
    void closing.then(() => this.#closing.delete(closing));
  }

  #linesOf(log: ActorLog): string {
    if (this.#unwrittenBytes <= MAX_UNWRITTEN_BYTES) return log.takeLines();
    this.#droppedTurns += log.waitingTurns;
    log.dropWaiting();
    return '';
  }

  #write({ file }: OpenLog, lines: string): void {
    if (lines === '') return;
    this.#unwrittenBytes += Buffer.byteLength(lines);
    file.append(lines);
  }

  #fileFailed(error: unknown): void {
    this.#failedFiles += 1;
    if (this.#isFaultTold) return;
    this.#isFaultTold = true;
    this.#options.onFault(error);
  }
}
