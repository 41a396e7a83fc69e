/**
 * The bytes of a segment, wherever they stand, and pages of them: forward over all of it, or around the log that was read last. At most a
 * page is held. What is asked for beyond the end is not there, and nothing stands for it.
 */
import { SEGMENT_LINE_MAX_BYTES } from './segment-format.ts';

/** Where a segment stands. */
export interface SegmentSource {
  /** Its bytes as they are now; rejects with what the system says. */
  open(): Promise<SegmentBytes>;
}

/** A segment that is open for being read. */
export interface SegmentBytes {
  readonly size: number;
  /** What stands from byte `at` on, `bytes` of it; fewer where it ends before. */
  readonly read: (at: number, bytes: number) => Promise<Uint8Array>;
  close(): Promise<void>;
}

const WALK_BYTES = 256 * 1024;
/** Half of it on either side: the blocks of a log stand before its last one, and the next log behind it. */
const PAGE_BYTES = 1024 * 1024;

/** A window over a segment that moves forward. */
export class Pages {
  readonly #bytes: SegmentBytes;
  #from = 0;
  #page: Uint8Array = new Uint8Array();

  constructor(bytes: SegmentBytes) {
    this.#bytes = bytes;
  }

  /** What stands from `at` on: a line, if there is one. */
  at(at: number): Promise<Uint8Array> {
    return this.part(at, Math.min(SEGMENT_LINE_MAX_BYTES, this.#bytes.size - at));
  }

  /** What stands there, at least `bytes` of it; less where it has become shorter. */
  async part(at: number, bytes: number): Promise<Uint8Array> {
    if (at < this.#from || at + bytes > this.#from + this.#page.length) {
      this.#from = at;
      this.#page = await this.#bytes.read(at, Math.max(bytes, Math.min(WALK_BYTES, this.#bytes.size - at)));
    }
    return this.#page.subarray(at - this.#from);
  }
}

/** The page around what was read last, of a segment that does not change any more. */
export class LastPage {
  readonly #source: SegmentSource;
  #page: { readonly from: number; readonly bytes: Promise<Uint8Array> } | null = null;

  constructor(source: SegmentSource) {
    this.#source = source;
  }

  /** What stands there; throws what the system says. */
  async read(at: number, bytes: number): Promise<Uint8Array> {
    const HALF_BYTES = PAGE_BYTES / 2;
    if (bytes > HALF_BYTES) return this.#readOnce(at, bytes);
    let page = this.#page;
    if (page === null || at < page.from || at + bytes > page.from + PAGE_BYTES) {
      const from = Math.max(0, at - HALF_BYTES);
      page = { from, bytes: this.#readOnce(from, PAGE_BYTES) };
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

  async #readOnce(at: number, bytes: number): Promise<Uint8Array> {
    const open = await this.#source.open();
    try {
      return await open.read(at, bytes);
    } finally {
      await open.close();
    }
  }
}
