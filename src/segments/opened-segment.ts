/**
 * Segments on the disk (log/segment-format.ts): which logs stand in one, and the bytes of each, as its own file would hold them. A log in a
 * segment has a path of its own, `<file>#<name>` (segment-places.ts).
 *
 * What holds: of a segment with an end its index is read, of one without its heads alone, from where the last look ended; of a log its
 * own blocks, back along their chain. What does not fit is told and nothing behind it is believed; what a killed process did not write
 * to its end is told as lost, and the whole lines before it count. Nothing is held open between two reads.
 */
import type { FileHandle } from 'node:fs/promises';
import {
  type BlockHead,
  type IndexedLog,
  SEGMENT_END_MAX_BYTES,
  SEGMENT_LINE_MAX_BYTES,
  type SegmentEnd,
  segmentEndIn,
  segmentLineOf,
} from '../log/segment-format.ts';
import { linesIn, SegmentWalk } from '../log/segment-reader.ts';
import { LastPage, openFile, Pages, readAt } from './segment-bytes.ts';

/** Holds the head of a block and nearly always its lines. */
const BLOCK_READ_BYTES = 16 * 1024;
/** From so many logs on that are read of one segment with an end, they are read from a page around the last of them. */
const READS_WORTH_PAGE = 8;

const ENTRIES_AT_ONCE = 256;

const LINE_FEED = 0x0a;

/** A log in a segment, as its index or the heads of its blocks tell it. */
export interface SegmentMember {
  readonly number: number;
  readonly name: string;
  readonly lines: number;
  readonly bytes: number;
  readonly blocks: number;
  /** Where the head of its last block begins. */
  readonly last: number;
  /** So many bytes of its last block count; null = all. */
  readonly lastBytes: number | null;
  /** What the index tells; null = there is none yet. */
  readonly entry: IndexedLog | null;
}

/** What was not written to its end. */
export interface LostBytes {
  readonly log: string | null;
  readonly bytes: number;
}

export class OpenedSegment {
  readonly path: string;
  readonly #members: SegmentMember[] = [];
  readonly #byName = new Map<string, SegmentMember>();
  #walk = new SegmentWalk();
  /** Bytes that were walked. */
  #walked = 0;
  #isEnded = false;
  #lost: LostBytes | null = null;
  #fault: { readonly at: number; readonly why: string } | null = null;
  /** The log whose last block is not whole, as it was before that. */
  #uncut: { readonly cut: SegmentMember; readonly before: SegmentMember | undefined } | null = null;
  #reads = 0;
  readonly #lastPage: LastPage;

  constructor(path: string) {
    this.path = path;
    this.#lastPage = new LastPage(path);
  }

  /** In the order in which they began. */
  get members(): readonly SegmentMember[] {
    return this.#members;
  }

  /** False: it is written still, or its process was killed. */
  get isEnded(): boolean {
    return this.#isEnded;
  }

  get lost(): LostBytes | null {
    return this.#lost;
  }

  /** What is wrong with it, at which byte; null = nothing. */
  get fault(): { readonly at: number; readonly why: string } | null {
    return this.#fault;
  }

  member(name: string): SegmentMember | null {
    return this.#byName.get(name) ?? null;
  }

  /** Looks at what is new in it; throws what the system says. */
  async look(): Promise<void> {
    if (this.#isEnded || this.#fault !== null) return;
    const file = await openFile(this.path);
    try {
      const { size } = await file.stat();
      if (this.#walked === 0 && (await this.#takeIndex(file))) return;
      await this.#follow(file, size);
    } finally {
      await file.close();
    }
  }

  /** False if its index names no log like this, behind its time; no line of it is parsed. Throws what the system says. */
  async mayHold(name: string): Promise<boolean> {
    const file = await openFile(this.path);
    try {
      return (await indexIn(file))?.bytes.includes(`-${name}"`) ?? true;
    } finally {
      await file.close();
    }
  }

  /** How many logs its end counts; null = it has none. Throws what the system says. */
  async countedLogs(): Promise<number | null> {
    const file = await openFile(this.path);
    try {
      return (await endIn(file))?.logs ?? null;
    } finally {
      await file.close();
    }
  }

  /** The bytes of a log's own file; or what is wrong with them. Throws what the system says. */
  async bytesOf({ name }: Pick<SegmentMember, 'name'>): Promise<Uint8Array | string> {
    const member = this.#byName.get(name);
    if (member === undefined) return `there is no log ${name} in it`;
    this.#reads += 1;
    if (this.#isEnded && this.#reads > READS_WORTH_PAGE)
      return this.#join(member, (at, bytes) => this.#lastPage.read(at, bytes));
    const file = await openFile(this.path);
    try {
      return await this.#join(member, (at, bytes) => readAt(file, at, bytes));
    } finally {
      await file.close();
    }
  }

  async #takeIndex(file: FileHandle): Promise<boolean> {
    const index = await indexIn(file);
    if (index === null) return false;
    const { bytes, end } = index;
    for (const text of bytes.toString('utf8').split('\n').slice(0, end.logs)) {
      // A server looks into segments beside its sessions.
      if (this.#members.length % ENTRIES_AT_ONCE === ENTRIES_AT_ONCE - 1) await breath();
      const line = segmentLineOf(text);
      const isNext = typeof line !== 'string' && line.kind === 'indexed' && line.entry.indexed === this.#members.length;
      // An index that does not fit is none: what stands in the segment is found by its heads, which say what is wrong.
      if (!isNext) {
        this.#members.length = 0;
        this.#byName.clear();
        return false;
      }
      const { entry } = line;
      this.#put({ ...entry, number: entry.indexed, lastBytes: null, entry });
    }
    this.#isEnded = this.#members.length === end.logs;
    return this.#isEnded;
  }

  #put(member: SegmentMember): void {
    this.#members[member.number] = member;
    this.#byName.set(member.name, member);
  }

  /** From head to head, as far as the file goes. */
  async #follow(file: FileHandle, size: number): Promise<void> {
    this.#lost = null;
    this.#forgetCut();
    const pages = new Pages(file, size);
    while (this.#walked < size && !this.#isEnded) {
      const at = this.#walked;
      const window = await pages.at(at);
      const lineEnd = window.subarray(0, SEGMENT_LINE_MAX_BYTES).indexOf(LINE_FEED);
      if (lineEnd < 0) {
        if (size - at < SEGMENT_LINE_MAX_BYTES) this.#lost = { log: null, bytes: size - at };
        else this.#fault = { at, why: `the line has more than ${SEGMENT_LINE_MAX_BYTES} bytes` };
        return;
      }
      const text = window.toString('utf8', 0, lineEnd);
      const dataAt = at + lineEnd + 1;
      const peeked = segmentLineOf(text);
      const isBlock = typeof peeked !== 'string' && peeked.kind === 'block';
      if (isBlock && dataAt + peeked.head.bytes > size) {
        await this.#takeCut(pages, { at, dataAt, size, head: peeked.head });
        return;
      }
      const line = this.#walk.take(text, at);
      if (typeof line === 'string') {
        this.#fault = { at, why: line };
        return;
      }
      this.#walked = dataAt;
      if (line.kind === 'end') this.#isEnded = true;
      else if (line.kind === 'indexed') this.#putEntry(line.entry);
      else if (line.kind === 'block') {
        this.#noteBlock(line.head, at);
        this.#walked = dataAt + line.head.bytes;
      }
    }
    if (this.#walked === 0) this.#fault = { at: 0, why: 'the file is empty' };
  }

  #putEntry(entry: IndexedLog): void {
    const known = this.#members[entry.indexed];
    if (known !== undefined) this.#put({ ...known, entry });
  }

  #noteBlock({ log, name = '', lines, bytes }: BlockHead, at: number): void {
    const known = this.#members[log];
    if (known === undefined)
      this.#put({ number: log, name, lines, bytes, blocks: 1, last: at, lastBytes: null, entry: null });
    else {
      const sum = { lines: known.lines + lines, bytes: known.bytes + bytes, blocks: known.blocks + 1 };
      this.#put({ ...known, ...sum, last: at });
    }
  }

  /** A block that is not whole: it is looked at again, should it still grow. Its whole lines count. */
  async #takeCut(
    pages: Pages,
    { at, dataAt, size, head }: { at: number; dataAt: number; size: number; head: BlockHead },
  ): Promise<void> {
    const bytes = await pages.part(dataAt, size - dataAt);
    const whole = bytes.subarray(0, bytes.lastIndexOf(LINE_FEED) + 1);
    const name = head.name ?? this.#members[head.log]?.name ?? null;
    this.#lost = { log: name, bytes: size - dataAt - whole.length };
    if (whole.length === 0 || name === null) return;
    const before = this.#members[head.log];
    const cut: SegmentMember = {
      number: head.log,
      name,
      lines: linesIn(whole) + (before?.lines ?? 0),
      bytes: whole.length + (before?.bytes ?? 0),
      blocks: (before?.blocks ?? 0) + 1,
      last: at,
      lastBytes: whole.length,
      entry: null,
    };
    this.#uncut = { cut, before };
    this.#put(cut);
  }

  /** What was not whole may be by now. */
  #forgetCut(): void {
    if (this.#uncut === null) return;
    const { cut, before } = this.#uncut;
    this.#uncut = null;
    if (before !== undefined) {
      this.#put(before);
      return;
    }
    this.#members.length = cut.number;
    this.#byName.delete(cut.name);
  }

  /** Back along the chain of its blocks. */
  async #join(
    member: SegmentMember,
    read: (at: number, bytes: number) => Promise<Buffer>,
  ): Promise<Uint8Array | string> {
    const parts: Uint8Array[] = [];
    let left = member.bytes;
    for (let at: number | undefined = member.last; at !== undefined; ) {
      if (parts.length === member.blocks)
        return this.#unfit(member, `there are more than ${member.blocks} blocks of it`);
      const bytes = await read(at, BLOCK_READ_BYTES);
      const lineEnd = bytes.subarray(0, SEGMENT_LINE_MAX_BYTES).indexOf(LINE_FEED);
      const line = lineEnd < 0 ? 'the line does not end' : segmentLineOf(bytes.toString('utf8', 0, lineEnd));
      if (typeof line === 'string') return this.#unfit(member, line, at);
      if (line.kind !== 'block' || line.head.log !== member.number)
        return this.#unfit(member, 'there is no block of this log', at);
      const { head } = line;
      const wanted = Math.min(at === member.last ? (member.lastBytes ?? head.bytes) : head.bytes, left);
      const from = lineEnd + 1;
      const isThere = bytes.length - from >= wanted;
      const block: Buffer = isThere ? bytes.subarray(from, from + wanted) : await read(at + from, wanted);
      if (block.length < wanted) return this.#unfit(member, 'the block is not whole', at);
      parts.push(block);
      left -= wanted;
      if (head.prev !== undefined && head.prev >= at) return this.#unfit(member, 'the block follows a later one', at);
      if (head.prev === undefined && head.name !== member.name)
        return this.#unfit(member, `the log is named ${head.name ?? 'nothing'} there`, at);
      at = head.prev;
    }
    if (left !== 0) return this.#unfit(member, `${left} of its ${member.bytes} bytes are not there`);
    return parts.length === 1 && parts[0] !== undefined ? parts[0] : Buffer.concat(parts.reverse());
  }

  #unfit({ name }: SegmentMember, why: string, at?: number): string {
    return `its segment does not hold it: ${why}${at === undefined ? '' : ` (byte ${at}, log ${name})`}`;
  }
}

/** The end of a segment; null = it has none. */
async function endIn(file: FileHandle): Promise<SegmentEnd | null> {
  const { size } = await file.stat();
  const tailBytes = Math.min(size, SEGMENT_END_MAX_BYTES);
  const end = segmentEndIn((await readAt(file, size - tailBytes, tailBytes)).toString('latin1'));
  return end === null || end.indexAt >= size ? null : end;
}

async function indexIn(file: FileHandle): Promise<{ readonly bytes: Buffer; readonly end: SegmentEnd } | null> {
  const end = await endIn(file);
  if (end === null) return null;
  const { size } = await file.stat();
  return { bytes: await readAt(file, end.indexAt, size - end.indexAt), end };
}

function breath(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}
