/**
 * Reads the files that settings name: the configuration, keys, prompts, scenarios. They are small and text, and whatever else a path leads to
 * (a device that never ends, a pipe into which nobody writes, a folder, a film) is told in words and takes neither memory nor
 * time. A pipe is as good as a file, `/dev/stdin` and `<(…)` of a shell among them: it is read to its end, for PIPE_DUE_MS.
 */
import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs';

/** For a pipe whose other end is still working. */
const PIPE_DUE_MS = 5_000;
const PIPE_LOOK_MS = 10;
const PIECE_BYTES = 64 * 1024;

/** The text of the file; throws with words that complete "can't be read: …". At most `maxBytes`, which is told where there are more. */
export function readSmallFile(path: string, maxBytes: number, pipeDueMs = PIPE_DUE_MS): string {
  // Opening a pipe would wait for its other end.
  const descriptor = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  try {
    const stats = fstatSync(descriptor);
    if (stats.isDirectory()) throw new Error('it is a folder, not a file');
    if (stats.isFile() && stats.size > maxBytes) throw tooLarge(`${stats.size}`, maxBytes);
    return textOf(readAll(descriptor, { maxBytes, dueMs: stats.isFile() ? 0 : pipeDueMs }));
  } finally {
    closeSync(descriptor);
  }
}

function tooLarge(bytes: string, maxBytes: number): Error {
  return new Error(`it has ${bytes} bytes, but may have at most ${maxBytes}`);
}

interface ReadBounds {
  readonly maxBytes: number;
  /** How long what is no file may keep one waiting. */
  readonly dueMs: number;
}

function readAll(descriptor: number, { maxBytes, dueMs }: ReadBounds): Buffer {
  const pieces: Buffer[] = [];
  const dueAtMs = performance.now() + dueMs;
  for (let bytes = 0; ; ) {
    const piece = Buffer.allocUnsafe(Math.min(PIECE_BYTES, maxBytes + 1 - bytes));
    const count = readSome(descriptor, piece);
    if (count !== null && count > 0) {
      pieces.push(piece.subarray(0, count));
      bytes += count;
      if (bytes > maxBytes) throw tooLarge('more', maxBytes);
      continue;
    }
    const isAtEnd = count === 0 && (bytes > 0 || isFinal(descriptor));
    if (isAtEnd) return Buffer.concat(pieces);
    if (performance.now() >= dueAtMs) {
      if (count === 0) return Buffer.concat(pieces);
      throw new Error(`its other end has not finished within ${dueMs / 1000}s`);
    }
    sleep(PIPE_LOOK_MS);
  }
}

/** Whether an end is final: only a pipe may get a writer yet. */
function isFinal(descriptor: number): boolean {
  return !fstatSync(descriptor).isFIFO();
}

/** 0 = the end, or a pipe that nobody has opened to write; null = nothing has come yet. */
function readSome(descriptor: number, into: Buffer): number | null {
  try {
    return readSync(descriptor, into);
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EAGAIN') return null;
    throw error;
  }
}

/** Before the server starts there is nobody whom a wait could harm. */
function sleep(ms: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
}

function textOf(bytes: Buffer): string {
  if (bytes.includes(0)) throw new Error('it is no text: there are zero bytes in it (save it as UTF-8)');
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw new Error('it is no UTF-8 text');
  }
}
