/**
 * Bytes of a segment's file, read in pages: forward over all of it, or around the log that was read last. At most a page is held, and no file
 * open between two reads. What is asked for beyond the end of the file is not there, and nothing stands for it.
 */
import { constants } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { SEGMENT_LINE_MAX_BYTES } from '../log/segment-format.ts';

const WALK_BYTES = 256 * 1024;
/** Half of it on either side: the blocks of a log stand before its last one, and the next log behind it. */
const PAGE_BYTES = 1024 * 1024;

/** A window over a file that moves forward. */
export class Pages {
  readonly #file: FileHandle;
  readonly #size: number;
  #from = 0;
  #page: Buffer = Buffer.alloc(0);

  constructor(file: FileHandle, size: number) {
    this.#file = file;
    this.#size = size;
  }

  /** What stands from `at` on: a line, if there is one. */
  async at(at: number): Promise<Buffer> {
    return this.part(at, Math.min(SEGMENT_LINE_MAX_BYTES, this.#size - at));
  }

  /** What stands there, at least `bytes` of it; less where the file has become shorter. */
  async part(at: number, bytes: number): Promise<Buffer> {
    if (at < this.#from || at + bytes > this.#from + this.#page.length) {
      this.#from = at;
      this.#page = await readAt(this.#file, at, Math.max(bytes, Math.min(WALK_BYTES, this.#size - at)));
    }
    return this.#page.subarray(at - this.#from);
  }
}

/** The page around what was read last, of a file that does not change any more. */
export class LastPage {
  readonly #path: string;
  #page: { readonly from: number; readonly bytes: Promise<Buffer> } | null = null;

  constructor(path: string) {
    this.#path = path;
  }

  /** What stands there; throws what the system says. */
  async read(at: number, bytes: number): Promise<Buffer> {
    const HALF_BYTES = PAGE_BYTES / 2;
    if (bytes > HALF_BYTES) return readOnce(this.#path, at, bytes);
    let page = this.#page;
    if (page === null || at < page.from || at + bytes > page.from + PAGE_BYTES) {
      const from = Math.max(0, at - HALF_BYTES);
      page = { from, bytes: readOnce(this.#path, from, PAGE_BYTES) };
      this.#page = page;
    }
    try {
      const offset = at - page.from;
      return (await page.bytes).subarray(offset, offset + bytes);
    } catch (error) {
      if (this.#page === page) this.#page = null;
      throw error;
    }
  }
}

async function readOnce(path: string, at: number, bytes: number): Promise<Buffer> {
  const file = await openFile(path);
  try {
    return await readAt(file, at, bytes);
  } finally {
    await file.close();
  }
}

/** Never waits for a writer: a pipe that stands there has no bytes. */
export function openFile(path: string): Promise<FileHandle> {
  return open(path, constants.O_RDONLY | constants.O_NONBLOCK);
}

/** What stands there. */
export async function readAt(file: FileHandle, at: number, bytes: number): Promise<Buffer> {
  const buffer = Buffer.allocUnsafe(bytes);
  let filled = 0;
  while (filled < bytes) {
    const { bytesRead } = await file.read(buffer, filled, bytes - filled, at + filled);
    if (bytesRead === 0) break;
    filled += bytesRead;
  }
  return buffer.subarray(0, filled);
}
