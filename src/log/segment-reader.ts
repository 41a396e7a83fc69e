/**
 * Reads a segment: from its first byte, head by head, everything checked that its lines say of each other. What is wrong is told with
 * its place, once, and nothing behind it is believed; what a killed process did not write to its end is told as lost. What a log's own
 * lines are worth is log/log-reader.ts's to say; files are opened elsewhere.
 */
import {
  type BlockHead,
  type IndexedLog,
  SEGMENT_LINE_MAX_BYTES,
  type SegmentEnd,
  type SegmentHeader,
  type SegmentLine,
  segmentLineOf,
} from './segment-format.ts';

/** A log, as the heads of its blocks tell it. */
interface WalkedLog {
  readonly name: string;
  blocks: number;
  lines: number;
  bytes: number;
  last: number;
}

/**
 * Follows a segment line by line, from its first byte on; the lines of the logs are jumped over or kept by who asks. Says what does not
 * fit: behind that nothing is to be believed.
 */
export class SegmentWalk {
  #header: SegmentHeader | null = null;
  readonly #logs: WalkedLog[] = [];
  #indexed = 0;
  #indexAt: number | null = null;
  #isEnded = false;

  /** null = its line was not taken yet. */
  get header(): SegmentHeader | null {
    return this.#header;
  }

  /** Names of its logs so far, each at the place of its number. */
  get names(): readonly string[] {
    return this.#logs.map(({ name }) => name);
  }

  /** The line of its end was taken. */
  get isEnded(): boolean {
    return this.#isEnded;
  }

  /** The line that begins at byte `at`, without its line feed: what it is, or what is wrong with it. */
  take(given: string, at: number): SegmentLine | string {
    const line = segmentLineOf(given);
    if (typeof line === 'string') return line;
    const why = this.#whyOutOfPlace(line, at);
    if (why !== null) return why;
    switch (line.kind) {
      case 'header':
        this.#header = line.header;
        return line;
      case 'block':
        this.#note(line.head, at);
        return line;
      case 'indexed':
        this.#indexAt ??= at;
        this.#indexed += 1;
        return line;
      case 'end':
        this.#isEnded = true;
        return line;
    }
  }

  #note({ log, name = '', lines, bytes }: BlockHead, at: number): void {
    const known = this.#logs[log];
    if (known === undefined) this.#logs.push({ name, blocks: 1, lines, bytes, last: at });
    else {
      known.blocks += 1;
      known.lines += lines;
      known.bytes += bytes;
      known.last = at;
    }
  }

  #whyOutOfPlace(line: SegmentLine, at: number): string | null {
    if (this.#isEnded) return 'a line behind the end';
    if ((line.kind === 'header') !== (this.#header === null))
      return line.kind === 'header' ? 'a second header' : 'there is no header';
    switch (line.kind) {
      case 'header':
        return null;
      case 'block':
        return this.#indexAt === null ? this.#whyNoBlock(line.head) : 'a block behind the index';
      case 'indexed':
        return this.#whyNotIndexed(line.entry);
      case 'end':
        return this.#whyNoEnd(line.end, at);
    }
  }

  #whyNoBlock({ log, name, prev }: BlockHead): string | null {
    const known = this.#logs[log];
    if (known !== undefined) {
      if (name !== undefined) return `a second beginning of log ${log}`;
      return prev === known.last ? null : `a block of log ${log} follows byte ${prev}, its last began at ${known.last}`;
    }
    if (log !== this.#logs.length) return `log ${log} stands where log ${this.#logs.length} should`;
    return name === undefined || prev !== undefined ? `the beginning of log ${log} is missing` : null;
  }

  #whyNotIndexed({ indexed, ...entry }: IndexedLog): string | null {
    const known = this.#logs[indexed];
    if (indexed !== this.#indexed) return `the index tells of log ${indexed} where log ${this.#indexed} should stand`;
    if (known === undefined) return `the index tells of log ${indexed}, which is not there`;
    for (const field of ['name', 'blocks', 'lines', 'bytes', 'last'] as const)
      if (entry[field] !== known[field])
        return `the index has ${field} ${entry[field]} of log ${indexed}, not ${known[field]}`;
    return null;
  }

  #whyNoEnd({ logs, indexAt }: SegmentEnd, at: number): string | null {
    const was = this.#logs.length;
    if (logs !== was || this.#indexed !== was)
      return `the end counts ${logs} logs, the index ${this.#indexed}; there are ${was}`;
    return indexAt === (this.#indexAt ?? at) ? null : `the end names byte ${indexAt} for the index`;
  }
}

/** One log out of a segment: the bytes of its own file, in pieces. */
export interface SegmentLog {
  readonly name: string;
  readonly pieces: readonly Uint8Array[];
}

/** A half block at the end of a segment, or half a line. The whole lines of the block count as its log's. */
export interface LostEnd {
  /** The name of the log; null = it can't be told, or it is a line of the segment's own. */
  readonly log: string | null;
  /** Lines of the log that are not there, or not whole. */
  readonly lines: number;
  /** What stands there in their place. */
  readonly bytes: number;
}

export interface SegmentContents {
  /** null = it can't be read. */
  readonly header: SegmentHeader | null;
  /** Each at the place of its number; up to what is wrong, if something is. */
  readonly logs: readonly SegmentLog[];
  /** False: it is written still, or its process was killed. */
  readonly isEnded: boolean;
  /** What was not written to its end; null = nothing. */
  readonly lost: LostEnd | null;
  /** What is wrong, and where; null = nothing. */
  readonly fault: { readonly at: number; readonly why: string } | null;
}

const LINE_FEED = 0x0a;

/** All that stands in the bytes of a segment; the pieces are views of them. */
export function readSegment(bytes: Uint8Array): SegmentContents {
  const walk = new SegmentWalk();
  const logs: { readonly name: string; readonly pieces: Uint8Array[] }[] = [];
  const told = (rest: Partial<SegmentContents>): SegmentContents => ({
    header: walk.header,
    logs,
    isEnded: walk.isEnded,
    lost: null,
    fault: null,
    ...rest,
  });
  const decoder = new TextDecoder();
  for (let at = 0; at < bytes.length; ) {
    const lineEnd = bytes.subarray(at, at + SEGMENT_LINE_MAX_BYTES).indexOf(LINE_FEED) + at;
    if (lineEnd < at) {
      const isCut = bytes.length - at < SEGMENT_LINE_MAX_BYTES;
      if (isCut) return told({ lost: { log: null, lines: 0, bytes: bytes.length - at } });
      return told({ fault: { at, why: `the line has more than ${SEGMENT_LINE_MAX_BYTES} bytes` } });
    }
    const line = walk.take(decoder.decode(bytes.subarray(at, lineEnd)), at);
    if (typeof line === 'string') return told({ fault: { at, why: line } });
    at = lineEnd + 1;
    if (line.kind !== 'block') continue;
    const { log: number, name = '', lines, bytes: blockBytes } = line.head;
    const block = bytes.subarray(at, at + blockBytes);
    const whole = block.subarray(0, block.lastIndexOf(LINE_FEED) + 1);
    const wholeLines = linesIn(whole);
    const isWhole = block.length === blockBytes;
    if (isWhole ? whole.length < blockBytes || wholeLines !== lines : wholeLines >= lines)
      return told({ fault: { at, why: `the block has not ${lines} lines in ${blockBytes} bytes` } });
    const log = logs[number] ?? { name, pieces: [] };
    if (logs[number] === undefined && wholeLines > 0) logs.push(log);
    if (wholeLines > 0) log.pieces.push(whole);
    if (!isWhole)
      return told({ lost: { log: log.name, lines: lines - wholeLines, bytes: block.length - whole.length } });
    at += blockBytes;
  }
  return told(walk.header === null ? { fault: { at: 0, why: 'the file is empty' } } : {});
}

/** Line feeds in some bytes. */
export function linesIn(bytes: Uint8Array): number {
  let lines = 0;
  for (let at = bytes.indexOf(LINE_FEED); at >= 0; at = bytes.indexOf(LINE_FEED, at + 1)) lines += 1;
  return lines;
}
