/**
 * The open files of the writer thread: plain synchronous calls, the cheapest there are. A file that can't be written is
 * given up and nothing more is appended to it: what stands in it stays readable up to there, and a gap can never be
 * closed by later lines.
 */

import { closeSync, constants, existsSync, fstatSync, openSync, unlinkSync, writeFileSync, writeSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { wordsOf } from '../errors.ts';
import { hasCode, makePrivateFolder, PRIVATE_FILE_MODE } from '../private-folder.ts';
import type { FileOrder } from './log-writer.ts';

/** A file that is there: one that was deleted meanwhile is not begun again in its middle. */
const APPEND = constants.O_WRONLY | constants.O_APPEND;

interface OpenFile {
  /** Written so far. */
  bytes: number;
  turns: number;
  /** When it was last seen in its folder. */
  seenAtMs: number;
}

/** What a session's log takes: where only a few bytes are left, none can be written. */
const PROBE_BYTES = 64 * 1024;
/** A file that somebody deleted is written on without a fault, into nothing: it is looked for so often. */
export const LOOK_INTERVAL_MS = 1_000;

/**
 * The descriptors of files that are appended to, so many at most: they are the process's, and without one no client can connect. Files beyond
 * that are opened for each write.
 */
export class Descriptors {
  readonly #max: number;
  /** By path; the one that was used longest ago is first. */
  readonly #descriptors = new Map<string, number>();

  constructor(max: number) {
    this.#max = max;
  }

  /** That of a file, which is begun if it `isNew`; it becomes the newest. */
  of(path: string, isNew: boolean): number {
    const descriptor = this.#descriptors.get(path) ?? (isNew ? create(path) : openSync(path, APPEND));
    this.#descriptors.delete(path);
    this.#descriptors.set(path, descriptor);
    if (this.#descriptors.size > this.#max) {
      const [oldest] = this.#descriptors.keys();
      if (oldest !== undefined) this.release(oldest);
    }
    return descriptor;
  }

  release(path: string): void {
    const descriptor = this.#descriptors.get(path);
    this.#descriptors.delete(path);
    if (descriptor === undefined) return;
    try {
      closeSync(descriptor);
    } catch {
      // What was written is written; there is nobody to whom it would make a difference.
    }
  }
}

export class LogFilesOut {
  /** null = given up. */
  readonly #files = new Map<string, OpenFile | null>();
  readonly #descriptors: Descriptors;

  constructor(descriptors: Descriptors) {
    this.#descriptors = descriptors;
  }

  isOpen(path: string): boolean {
    return this.#files.has(path);
  }

  /** Why no file can be written in the folder; null = one can. Makes the folder where there is none. */
  probe(dir: string): string | null {
    const path = join(dir, `.write-probe-${process.pid}`);
    try {
      makePrivateFolder(dir);
      writeFileSync(path, Buffer.alloc(PROBE_BYTES), { mode: PRIVATE_FILE_MODE });
      return null;
    } catch (error) {
      return wordsOf(error);
    } finally {
      unlinkQuietly(path);
    }
  }

  /** Appends to one file; says why it could not, once a file, with the turns that are lost, or how many bytes that were. */
  carryOut({
    path,
    lines,
    turns,
    isLast,
  }: FileOrder): { readonly why: string; readonly lostTurns: number } | { readonly bytes: number } {
    const known = this.#files.get(path);
    if (known === null || lines === '') {
      if (isLast) this.close(path);
      return { bytes: 0 };
    }
    const file = known ?? { bytes: 0, turns: 0, seenAtMs: performance.now() };
    try {
      const bytes = Buffer.from(lines);
      const descriptor = this.#descriptors.of(path, !this.#files.has(path));
      this.#files.set(path, file);
      writeAll(file, descriptor, bytes);
      if (isGone(file, descriptor)) throw new Error('it was deleted while it was written');
      file.turns += turns;
      if (isLast) this.close(path);
      return { bytes: bytes.byteLength };
    } catch (error) {
      const isCreated = this.#files.has(path);
      // Of a file that was deleted all is lost that was ever written to it.
      const isDeleted = isCreated && !existsSync(path);
      this.close(path);
      if (isCreated && file.bytes === 0) unlinkQuietly(path);
      if (!isLast) this.#files.set(path, null);
      return { why: wordsOf(error), lostTurns: isDeleted ? file.turns + turns : turns };
    }
  }

  close(path: string): void {
    this.#files.delete(path);
    this.#descriptors.release(path);
  }

  closeAll(): void {
    for (const path of this.#files.keys()) this.close(path);
  }
}

/** Whether the file has no name any more; looked at now and then. */
export function isGone(file: { seenAtMs: number }, descriptor: number): boolean {
  const nowMs = performance.now();
  if (nowMs - file.seenAtMs < LOOK_INTERVAL_MS) return false;
  file.seenAtMs = nowMs;
  return fstatSync(descriptor).nlink === 0;
}

function create(path: string): number {
  try {
    return openSync(path, 'ax', PRIVATE_FILE_MODE);
  } catch (error) {
    if (!hasCode(error, 'ENOENT')) throw error;
    const day = dirname(path);
    makePrivateFolder(day);
    return openSync(path, 'ax', PRIVATE_FILE_MODE);
  }
}

/** A disk may take a part only: `bytes` is what it took. */
export function writeAll(file: { bytes: number }, descriptor: number, bytes: Buffer): void {
  let start = 0;
  while (start < bytes.byteLength) {
    const written = writeSync(descriptor, bytes, start);
    start += written;
    file.bytes += written;
  }
}

/** A file in which nothing stands is no log. */
export function unlinkQuietly(path: string): void {
  try {
    unlinkSync(path);
  } catch {
    // It stays, empty.
  }
}
