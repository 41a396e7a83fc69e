/**
 * Deletes old event logs: what is older than its time, and the oldest of what is more than all logs together may have.
 * Only files that are ours by name (`*.jsonl` in a folder named after a day) and that nobody here writes. Works in
 * small steps, so that its thread can do other things between two of them, whatever the number of files.
 */

import { type Dir, type Dirent, lstatSync, opendirSync, rmdirSync, unlinkSync } from 'node:fs';
import { join } from 'node:path';
import { wordsOf } from '../errors.ts';

/** What is kept of the logs in a folder. */
export interface RetentionTerms {
  readonly dir: string;
  readonly maxAgeMs: number;
  readonly maxTotalBytes: number;
}

/** After a sweep for room there is some: else each new log would ask for the next sweep. */
const ROOM_SHARE = 0.05;

export interface SweepOptions extends RetentionTerms {
  /** Date and time in ms. */
  readonly nowMs: number;
  /** A file that is being written. */
  readonly isOpen: (path: string) => boolean;
}

export interface SweepResult {
  readonly deletedFiles: number;
  /** Bytes of the logs that are left. */
  readonly keptBytes: number;
  /** What could not be looked at or deleted; it is tried again in the next sweep. */
  readonly failures: number;
  /** Of the first failure; '' without one. */
  readonly why: string;
}

interface KeptFile {
  readonly path: string;
  readonly bytes: number;
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
    };
  }

  /** Deletes what is too old, and keeps account of the rest. */
  *#sweepDay(day: string): Generator<void> {
    const { nowMs, maxAgeMs } = this.#options;
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
      if (!isOld || !this.#delete(path)) {
        this.#kept.push({ path, bytes: stats.size });
        this.#keptBytes += stats.size;
      }
      yield;
    }
  }

  /** Deletes the oldest until there is room. They stand in the order of their names, which is that of their beginning. */
  *#makeRoom(maxBytes: number): Generator<void> {
    for (const { path, bytes } of this.#kept) {
      if (this.#keptBytes <= maxBytes) return;
      if (this.#delete(path)) this.#keptBytes -= bytes;
      yield;
    }
  }

  /** True if the file is gone. */
  #delete(path: string): boolean {
    if (this.#options.isOpen(path)) return false;
    const isGone = this.#attempt(path, () => {
      unlinkSync(path);
      return true;
    });
    if (isGone !== true) return false;
    this.#deletedFiles += 1;
    return true;
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
