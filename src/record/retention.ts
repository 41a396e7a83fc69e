/**
 * Deletes old event logs: what is older than its time, and the oldest of what is more than all logs together may have.
 * Only files that are ours by name (`*.jsonl` in a folder named after a day) and that nobody here writes, and no segment that another
 * process may still write: one without an end, unless its process is gone or has not touched it for QUIET_MS. Works in small steps, so that its thread can do other things between two of them, whatever the number of files.
 */

import {
  closeSync,
  type Dir,
  type Dirent,
  lstatSync,
  opendirSync,
  openSync,
  readSync,
  rmdirSync,
  type Stats,
  unlinkSync,
} from 'node:fs';
import { join } from 'node:path';
import { wordsOf } from '../errors.ts';
import {
  SEGMENT_END_MAX_BYTES,
  SEGMENT_ENDING,
  SEGMENT_LINE_MAX_BYTES,
  type SegmentHeader,
  segmentEndIn,
  segmentLineOf,
} from '../log/segment-format.ts';

/** What is kept of the logs in a folder. */
export interface RetentionTerms {
  readonly dir: string;
  readonly maxAgeMs: number;
  readonly maxTotalBytes: number;
}

/** After a sweep for room there is some: else each new log would ask for the next sweep. */
const ROOM_SHARE = 0.05;
/** A writer touches its segments far more often (record/segments-out.ts). */
const QUIET_MS = 600_000;

export interface SweepOptions extends RetentionTerms {
  /** Date and time in ms. */
  readonly nowMs: number;
  /** A file that is being written. */
  readonly isOpen: (path: string) => boolean;
  /** Name of this machine. */
  readonly host: string;
  /** Looks at each segment whether its process was killed. */
  readonly countsKilled: boolean;
}

export interface SweepResult {
  readonly deletedFiles: number;
  /** Bytes of the logs that are left. */
  readonly keptBytes: number;
  /** What could not be looked at or deleted; it is tried again in the next sweep. */
  readonly failures: number;
  /** Of the first failure; '' without one. */
  readonly why: string;
  /** Segments that are kept and have no end, though nobody writes them any more; 0 where they were not counted. */
  readonly killed: { readonly segments: number; readonly newest: string };
}

interface KeptFile {
  readonly path: string;
  readonly stats: Stats;
}

/** A sweep in steps; each step looks at one file or deletes one. Never throws. */
export function sweepLogs(options: SweepOptions): Generator<void, SweepResult> {
  return new Sweep(options).run();
}

class Sweep {
  readonly #options: SweepOptions;
  #kept: KeptFile[] = [];
  #keptBytes = 0;
  #deletedFiles = 0;
  #failures = 0;
  #why = '';
  #killed = { segments: 0, newest: '' };

  constructor(options: SweepOptions) {
    this.#options = options;
  }

  *run(): Generator<void, SweepResult> {
    const { dir, maxTotalBytes } = this.#options;
    const days: string[] = [];
    for (const entry of this.#entriesOf(dir)) {
      if (entry.isDirectory() && isDay(entry.name)) days.push(join(dir, entry.name));
      yield;
    }
    for (const day of days.sort()) yield* this.#sweepDay(day);
    if (this.#keptBytes > maxTotalBytes) yield* this.#makeRoom(maxTotalBytes * (1 - ROOM_SHARE));
    if (this.#deletedFiles > 0) for (const day of days) this.#removeIfEmpty(day);
    return {
      deletedFiles: this.#deletedFiles,
      keptBytes: this.#keptBytes,
      failures: this.#failures,
      why: this.#why,
      killed: this.#killed,
    };
  }

  /** Deletes what is too old, and keeps account of the rest. */
  *#sweepDay(day: string): Generator<void> {
    const { nowMs, maxAgeMs, countsKilled } = this.#options;
    const names: string[] = [];
    for (const entry of this.#entriesOf(day)) {
      if (entry.isFile() && entry.name.endsWith('.jsonl')) names.push(entry.name);
      yield;
    }
    for (const name of names.sort()) {
      const path = join(day, name);
      const stats = this.#attempt(path, () => lstatSync(path));
      if (stats === undefined) continue;
      // The last write counts: a long session is as old as its end.
      const isOld = nowMs - stats.mtimeMs > maxAgeMs;
      if (!isOld || !this.#delete({ path, stats })) {
        this.#kept.push({ path, stats });
        this.#keptBytes += stats.size;
        if (countsKilled && this.#wasKilled({ path, stats }))
          this.#killed = { segments: this.#killed.segments + 1, newest: path };
      }
      yield;
    }
  }

  /** Deletes the oldest until there is room. They stand in the order of their names, which is that of their beginning. */
  *#makeRoom(maxBytes: number): Generator<void> {
    for (const kept of this.#kept) {
      if (this.#keptBytes <= maxBytes) return;
      if (this.#delete(kept)) this.#keptBytes -= kept.stats.size;
      yield;
    }
  }

  /** True if the file is gone. */
  #delete({ path, stats }: KeptFile): boolean {
    if (this.#options.isOpen(path) || this.#unendedState({ path, stats }) === 'written') return false;
    const isGone = this.#attempt(path, () => {
      unlinkSync(path);
      return true;
    });
    if (isGone !== true) return false;
    this.#deletedFiles += 1;
    return true;
  }

  #wasKilled(file: KeptFile): boolean {
    return !this.#options.isOpen(file.path) && this.#unendedState(file) === 'killed';
  }

  /** What a segment without an end is; null = it has one, or is no segment. */
  #unendedState({ path, stats }: KeptFile): 'written' | 'killed' | null {
    if (!path.endsWith(SEGMENT_ENDING)) return null;
    const { nowMs, host } = this.#options;
    return (
      this.#attempt(path, () => {
        const { header, isEnded } = endsOfSegment(path, stats.size);
        if (isEnded) return null;
        const isOwn = header?.host === host;
        return (isOwn && !isRunning(header.pid)) || nowMs - stats.mtimeMs > QUIET_MS ? 'killed' : 'written';
      }) ?? null
    );
  }

  #removeIfEmpty(day: string): void {
    try {
      rmdirSync(day);
    } catch {
      // Not empty, or somebody was quicker.
    }
  }

  /** In pieces: a folder may hold 100,000 files. */
  *#entriesOf(dir: string): Generator<Dirent> {
    const opened: Dir | undefined = this.#attempt(dir, () => opendirSync(dir));
    if (opened === undefined) return;
    try {
      for (;;) {
        const entry = this.#attempt(dir, () => opened.readSync());
        if (entry === undefined || entry === null) return;
        yield entry;
      }
    } finally {
      this.#attempt(dir, () => opened.closeSync());
    }
  }

  /** What `run` gives; undefined if it failed. A file or folder that is not there is no failure: another server may sweep, too. */
  #attempt<T>(path: string, run: () => T): T | undefined {
    try {
      return run();
    } catch (error) {
      if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
      this.#failures += 1;
      if (this.#why === '') this.#why = `${path}: ${wordsOf(error)}`;
      return undefined;
    }
  }
}

function isDay(name: string): boolean {
  return /^\d{4}-\d{2}-\d{2}$/.test(name);
}

/** The first line of a segment, and whether its last is that of an end. */
function endsOfSegment(
  path: string,
  size: number,
): { readonly header: SegmentHeader | null; readonly isEnded: boolean } {
  const file = openSync(path, 'r');
  try {
    const [first = ''] = textAt(file, 0, SEGMENT_LINE_MAX_BYTES).split('\n', 1);
    const line = segmentLineOf(first);
    const tail = textAt(file, Math.max(0, size - SEGMENT_END_MAX_BYTES), SEGMENT_END_MAX_BYTES);
    const header = typeof line !== 'string' && line.kind === 'header' ? line.header : null;
    return { header, isEnded: segmentEndIn(tail) !== null };
  } finally {
    closeSync(file);
  }
}

function textAt(file: number, position: number, bytes: number): string {
  const buffer = Buffer.alloc(bytes);
  return buffer.toString('utf8', 0, readSync(file, buffer, 0, bytes, position));
}

/** Another process of this machine; one that had the number of this one is gone. */
function isRunning(pid: number): boolean {
  if (pid === process.pid) return false;
  try {
    return process.kill(pid, 0);
  } catch (error) {
    // It is somebody else's, which is a process all the same.
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
}
