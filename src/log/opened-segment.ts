/**
 * A segment (segment-format.ts) as it is read: which logs stand in one, and the bytes of each, as its own file would hold them. Where its
 * bytes come from is a port: a file (segments/segment-places.ts), or one that was dropped onto the inspector's page.
 *
 * What holds: of a segment with an end its index is read, of one without its heads alone, from where the last look ended; of a log its
 * own blocks, back along their chain. What does not fit is told and nothing behind it is believed; what a killed process did not write
 * to its end is told as lost, and the whole lines before it count. Nothing is held open between two reads, and a page of it at most is
 * held in memory.
 */
import {
  type BlockHead,
  type IndexedLog,
  SEGMENT_END_MAX_BYTES,
  SEGMENT_LINE_MAX_BYTES,
  type SegmentEnd,
  segmentEndIn,
  segmentLineOf,
} from './segment-format.ts';
import { LastPage, Pages, type SegmentBytes, type SegmentSource } from './segment-pages.ts';
import { linesIn, SegmentWalk } from './segment-reader.ts';

/** Holds the head of a block and nearly always its lines. */
const BLOCK_READ_BYTES = 16 * 1024;
/** From so many logs on that are read of one segment with an end, they are read from a page around the last of them. */
const READS_WORTH_PAGE = 8;

/** Of an index, that are read and taken at once: some 150 logs. A server looks into segments beside its sessions. */
const INDEX_READ_BYTES = 64 * 1024;

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

/** A block that was come upon where a segment has no index: its first bytes, and its last ones, each of whole lines but at the cut. */
export interface SeenBlock {
  readonly log: SegmentMember;
  readonly head: Uint8Array;
  readonly tail: Uint8Array;
}

/** Of a block, that is shown at either end: holds any header, and the last turns of nearly every block. */
const SEEN_BYTES = 16 * 1024;

export class OpenedSegment {
  readonly #source: SegmentSource;
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

  constructor(source: SegmentSource) {
    this.#source = source;
    this.#lastPage = new LastPage(source);
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

  /** Looks at what is new in it, and shows the blocks to `onBlock` if it has no index; throws what the system says. */
  async look(onBlock: (block: SeenBlock) => void = () => {}): Promise<void> {
    if (this.#isEnded || this.#fault !== null) return;
    await using(this.#source, async (bytes) => {
      if (this.#walked === 0 && (await this.#takeIndex(bytes))) return;
      await this.#follow(bytes, onBlock);
    });
  }

  /** How many logs its end counts; null = it has none. Throws what the system says. */
  countedLogs(): Promise<number | null> {
    return using(this.#source, async (bytes) => (await endIn(bytes))?.logs ?? null);
  }

  /** The bytes of a log's own file; or what is wrong with them. Throws what the system says. */
  async bytesOf({ name }: Pick<SegmentMember, 'name'>): Promise<Uint8Array | string> {
    const member = this.#byName.get(name);
    if (member === undefined) return `there is no log ${name} in it`;
    this.#reads += 1;
    if (this.#isEnded && this.#reads > READS_WORTH_PAGE)
      return this.#join(member, (at, bytes) => this.#lastPage.read(at, bytes));
    return using(this.#source, (file) => this.#join(member, (at, bytes) => file.read(at, bytes)));
  }

  async #takeIndex(bytes: SegmentBytes): Promise<boolean> {
    const end = await endIn(bytes);
    if (end === null) return false;
    let rest = new Uint8Array();
    for (let at = end.indexAt; at < bytes.size && this.#members.length < end.logs; at += INDEX_READ_BYTES) {
      const piece = joined([rest, await bytes.read(at, Math.min(INDEX_READ_BYTES, bytes.size - at))]);
      const whole = piece.lastIndexOf(LINE_FEED) + 1;
      rest = piece.slice(whole);
      if (this.#takeEntries(textOf(piece.subarray(0, whole)), end.logs) && rest.length < SEGMENT_LINE_MAX_BYTES)
        continue;
      // An index that does not fit is none: what stands in the segment is found by its heads, which say what is wrong.
      this.#members.length = 0;
      this.#byName.clear();
      return false;
    }
    this.#isEnded = this.#members.length === end.logs;
    return this.#isEnded;
  }

  /** Whole lines of the index, up to its last log; false = one does not fit. */
  #takeEntries(text: string, logs: number): boolean {
    for (const each of text.split('\n').slice(0, -1)) {
      if (this.#members.length === logs) return true;
      const line = segmentLineOf(each);
      const isNext = typeof line !== 'string' && line.kind === 'indexed' && line.entry.indexed === this.#members.length;
      if (!isNext) return false;
      const { entry } = line;
      this.#put({ ...entry, number: entry.indexed, lastBytes: null, entry });
    }
    return true;
  }

  #put(member: SegmentMember): void {
    this.#members[member.number] = member;
    this.#byName.set(member.name, member);
  }

  /** From head to head, as far as the file goes. */
  async #follow(file: SegmentBytes, onBlock: (block: SeenBlock) => void): Promise<void> {
    const { size } = file;
    this.#lost = null;
    this.#forgetCut();
    const pages = new Pages(file);
    while (this.#walked < size && !this.#isEnded) {
      const at = this.#walked;
      const window = await pages.at(at);
      const lineEnd = window.subarray(0, SEGMENT_LINE_MAX_BYTES).indexOf(LINE_FEED);
      if (lineEnd < 0) {
        if (size - at < SEGMENT_LINE_MAX_BYTES) this.#lost = { log: null, bytes: size - at };
        else this.#fault = { at, why: `the line has more than ${SEGMENT_LINE_MAX_BYTES} bytes` };
        return;
      }
      const text = textOf(window.subarray(0, lineEnd));
      const dataAt = at + lineEnd + 1;
      const peeked = segmentLineOf(text);
      const isBlock = typeof peeked !== 'string' && peeked.kind === 'block';
      if (isBlock && dataAt + peeked.head.bytes > size) {
        await this.#takeCut(pages, { at, dataAt, size, head: peeked.head }, onBlock);
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
        await this.#show(pages, dataAt, line.head.bytes, { log: this.#noteBlock(line.head, at), onBlock });
        this.#walked = dataAt + line.head.bytes;
      }
    }
  }

  #putEntry(entry: IndexedLog): void {
    const known = this.#members[entry.indexed];
    if (known !== undefined) this.#put({ ...known, entry });
  }

  #noteBlock({ log, name = '', lines, bytes }: BlockHead, at: number): SegmentMember {
    const known = this.#members[log];
    const noted: SegmentMember =
      known === undefined
        ? { number: log, name, lines, bytes, blocks: 1, last: at, lastBytes: null, entry: null }
        : { ...known, lines: known.lines + lines, bytes: known.bytes + bytes, blocks: known.blocks + 1, last: at };
    this.#put(noted);
    return noted;
  }

  async #show(
    pages: Pages,
    at: number,
    bytes: number,
    { log, onBlock }: { readonly log: SegmentMember; readonly onBlock: (block: SeenBlock) => void },
  ): Promise<void> {
    const shown = Math.min(bytes, SEEN_BYTES);
    const head = (await pages.part(at, shown)).subarray(0, shown);
    const tail = bytes === shown ? head : (await pages.part(at + bytes - shown, shown)).subarray(0, shown);
    onBlock({ log, head, tail });
  }

  /** A block that is not whole: it is looked at again, should it still grow. Its whole lines count. */
  async #takeCut(
    pages: Pages,
    { at, dataAt, size, head }: { at: number; dataAt: number; size: number; head: BlockHead },
    onBlock: (block: SeenBlock) => void,
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
    onBlock({ log: cut, head: whole.subarray(0, SEEN_BYTES), tail: whole.subarray(-SEEN_BYTES) });
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
    read: (at: number, bytes: number) => Promise<Uint8Array>,
  ): Promise<Uint8Array | string> {
    const parts: Uint8Array[] = [];
    let left = member.bytes;
    for (let at: number | undefined = member.last; at !== undefined; ) {
      if (parts.length === member.blocks)
        return this.#unfit(member, `there are more than ${member.blocks} blocks of it`);
      const bytes = await read(at, BLOCK_READ_BYTES);
      const lineEnd = bytes.subarray(0, SEGMENT_LINE_MAX_BYTES).indexOf(LINE_FEED);
      const line = lineEnd < 0 ? 'the line does not end' : segmentLineOf(textOf(bytes.subarray(0, lineEnd)));
      if (typeof line === 'string') return this.#unfit(member, line, at);
      if (line.kind !== 'block' || line.head.log !== member.number)
        return this.#unfit(member, 'there is no block of this log', at);
      const { head } = line;
      const wanted = Math.min(at === member.last ? (member.lastBytes ?? head.bytes) : head.bytes, left);
      const from = lineEnd + 1;
      const isThere = bytes.length - from >= wanted;
      const block = isThere ? bytes.subarray(from, from + wanted) : await read(at + from, wanted);
      if (block.length < wanted) return this.#unfit(member, 'the block is not whole', at);
      parts.push(block);
      left -= wanted;
      if (head.prev !== undefined && head.prev >= at) return this.#unfit(member, 'the block follows a later one', at);
      if (head.prev === undefined && head.name !== member.name)
        return this.#unfit(member, `the log is named ${head.name ?? 'nothing'} there`, at);
      at = head.prev;
    }
    if (left !== 0) return this.#unfit(member, `${left} of its ${member.bytes} bytes are not there`);
    // A footer that was overwritten would else pass for one that a killed process did not write.
    const lines = parts.reduce((sum, part) => sum + linesIn(part), 0);
    if (lines !== member.lines) return this.#unfit(member, `it has ${lines} whole lines instead of ${member.lines}`);
    return parts.length === 1 && parts[0] !== undefined ? parts[0] : joined(parts.reverse());
  }

  #unfit({ name }: SegmentMember, why: string, at?: number): string {
    return `its segment does not hold it: ${why}${at === undefined ? '' : ` (byte ${at}, log ${name})`}`;
  }
}

/** The end of a segment; null = it has none. */
async function endIn({ size, read }: SegmentBytes): Promise<SegmentEnd | null> {
  const tailBytes = Math.min(size, SEGMENT_END_MAX_BYTES);
  const end = segmentEndIn(textOf(await read(size - tailBytes, tailBytes)));
  return end === null || end.indexAt >= size ? null : end;
}

async function using<T>(source: SegmentSource, work: (bytes: SegmentBytes) => Promise<T>): Promise<T> {
  const bytes = await source.open();
  try {
    return await work(bytes);
  } finally {
    await bytes.close();
  }
}

const decoder = new TextDecoder();

function textOf(bytes: Uint8Array): string {
  return decoder.decode(bytes);
}

function joined(parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const whole = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
