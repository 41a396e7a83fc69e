/**
 * Follows a segment: from its first byte, head by head, everything checked that its lines say of each other. What is wrong is told with
 * its place, once, and nothing behind it is believed. What a log's own lines are worth is log/log-reader.ts's to say; its bytes are read
 * by opened-segment.ts.
 */
import {
  type BlockHead,
  type IndexedLog,
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

const LINE_FEED = 0x0a;

/** Line feeds in some bytes. */
export function linesIn(bytes: Uint8Array): number {
  let lines = 0;
  for (let at = bytes.indexOf(LINE_FEED); at >= 0; at = bytes.indexOf(LINE_FEED, at + 1)) lines += 1;
  return lines;
}
