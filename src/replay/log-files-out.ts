/**
 * The open files of the writer thread: plain synchronous calls, the cheapest there are. A file that can't be written is given up and nothing more
 * is appended to it: what stands in it stays readable up to there, and a gap can never be closed by later lines.
 */
import { closeSync, mkdirSync, openSync, unlinkSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';
import type { WriteOrder } from './log-writer-protocol.ts';

/** Logs may hold what people said: they are their owner's alone. */
const FILE_MODE = 0o600;
const FOLDER_MODE = 0o700;
const ANY_FOLDER_MODE = 0o777;

interface OpenFile {
  readonly descriptor: number;
  bytes: number;
}

export class LogFilesOut {
  /** null = given up. */
  readonly #files = new Map<string, OpenFile | null>();

  isOpen(path: string): boolean {
    return this.#files.has(path);
  }

  /** Appends to one file; says why it could not, once a file, and null if it could. Bytes count from the file's beginning. */
  carryOut({ path, lines, isLast }: WriteOrder): { readonly why: string } | { readonly bytes: number } {
    const known = this.#files.get(path);
    if (known === null || lines === '') {
      if (isLast) this.close(path);
      return { bytes: 0 };
    }
    let file = known;
    try {
      file ??= this.#create(path);
      const bytes = Buffer.from(lines);
      writeAll(file, bytes);
      if (isLast) this.close(path);
      return { bytes: bytes.byteLength };
    } catch (error) {
      this.close(path);
      if (file !== undefined && file.bytes === 0) unlinkQuietly(path);
      if (!isLast) this.#files.set(path, null);
      return { why: error instanceof Error ? error.message : String(error) };
    }
  }

  close(path: string): void {
    const file = this.#files.get(path);
    this.#files.delete(path);
    if (file === undefined || file === null) return;
    try {
      closeSync(file.descriptor);
    } catch {
      // What was written is written; there is nobody to whom it would make a difference.
    }
  }

  closeAll(): void {
    for (const path of this.#files.keys()) this.close(path);
  }

  #create(path: string): OpenFile {
    const file = { descriptor: create(path), bytes: 0 };
    this.#files.set(path, file);
    return file;
  }
}

function create(path: string): number {
  try {
    return openSync(path, 'ax', FILE_MODE);
  } catch (error) {
    if (!hasCode(error, 'ENOENT')) throw error;
    const day = dirname(path);
    // The folder of all logs and the day's are ours; what they stand in is as anybody's.
    makeFolder(dirname(dirname(day)), ANY_FOLDER_MODE);
    makeFolder(day, FOLDER_MODE);
    return openSync(path, 'ax', FILE_MODE);
  }
}

/** With those above it. Node's own recursive way turns in circles for ever where a folder is there and takes none, as under /proc. */
function makeFolder(path: string, mode: number): void {
  const make = (): void => {
    try {
      mkdirSync(path, { mode });
    } catch (error) {
      if (!hasCode(error, 'EEXIST')) throw error;
    }
  };
  try {
    make();
  } catch (error) {
    if (!hasCode(error, 'ENOENT') || dirname(path) === path) throw error;
    makeFolder(dirname(path), mode);
    make();
  }
}

function hasCode(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code;
}

/** A disk may take a part only. */
function writeAll(file: OpenFile, bytes: Buffer): void {
  let start = 0;
  while (start < bytes.byteLength) {
    const written = writeSync(file.descriptor, bytes, start);
    start += written;
    file.bytes += written;
  }
}

/** A file in which nothing stands is no log. */
function unlinkQuietly(path: string): void {
  try {
    unlinkSync(path);
  } catch {
    // It stays, empty.
  }
}
