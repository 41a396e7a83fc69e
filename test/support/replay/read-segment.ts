/** A segment read in the simplest way, whole and in memory: what the readers of the product are compared with. */
import { SEGMENT_LINE_MAX_BYTES, type SegmentHeader } from '../../../src/log/segment-format.ts';
import { linesIn, SegmentWalk } from '../../../src/log/segment-reader.ts';

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
  return told({});
}
