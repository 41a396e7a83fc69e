/**
 * One segment while it is written (log/segment-format.ts): blocks of its logs are appended, an index and an end when no more come. Whatever
 * the disk does, it ends behind a whole block: of one that could not be written to its end the beginning is cut off again.
 */
import { existsSync, ftruncateSync, futimesSync } from 'node:fs';
import { wordsOf } from '../errors.ts';
import { type BlockHead, type LogSummary, type SegmentHeader, segmentLine } from '../log/segment-format.ts';
import { type Descriptors, isGone, LOOK_INTERVAL_MS, unlinkQuietly, writeAll } from './log-files-out.ts';
import type { SegmentOrder } from './log-writer.ts';

/** The index goes out in pieces of so many characters. */
const INDEX_PIECE_CHARS = 1024 * 1024;

/** A log that stands in a segment, or is about to. */
export interface PlacedLog {
  readonly segment: SegmentFile;
  readonly name: string;
  /** In its segment; null = it has no block yet. */
  number: number | null;
  blocks: number;
  lines: number;
  bytes: number;
  turns: number;
  /** Where the head of its last block begins. */
  last: number;
  /** A block of it was not written: it has no more. */
  isLost: boolean;
}

/** What is to be appended to a log. */
export interface PlacedOrder {
  readonly order: SegmentOrder;
  readonly log: PlacedLog;
}

interface Block extends PlacedOrder {
  /** Where its head begins, its lines, and what follows. */
  readonly at: number;
  readonly linesAt: number;
  readonly end: number;
}

/** What of some orders the disk did not take, and why. */
export interface Unwritten {
  readonly orders: readonly PlacedOrder[];
  readonly why: string;
  /** Half a block stands at its end: nothing can be appended any more. */
  readonly isBroken: boolean;
}

export class SegmentFile {
  readonly path: string;
  /** On a monotonic clock. */
  readonly startedAtMs: number;
  /** Written so far. */
  bytes = 0;
  /** Turns that stand in it. */
  turns = 0;
  /** Logs that have a block in it. */
  logs = 0;
  /** Logs in it that are not over, those without a block among them. */
  open = 0;
  /** When it was last seen in its folder. */
  seenAtMs = performance.now();
  readonly #descriptors: Descriptors;
  /** By their number, those that are over. */
  readonly #index: string[] = [];

  /** Begins it; throws what the system says if it can't, and leaves nothing behind then. */
  constructor(place: { readonly path: string; readonly startedAtMs: number }, header: SegmentHeader, all: Descriptors) {
    this.path = place.path;
    this.startedAtMs = place.startedAtMs;
    this.#descriptors = all;
    const descriptor = all.of(this.path, true);
    try {
      writeAll(this, descriptor, Buffer.from(segmentLine(header)));
    } catch (error) {
      this.release();
      unlinkQuietly(this.path);
      throw error;
    }
  }

  /** It has no name any more; looked at now and then. */
  get isGone(): boolean {
    if (performance.now() - this.seenAtMs < LOOK_INTERVAL_MS) return false;
    try {
      return isGone(this, this.#descriptor);
    } catch {
      return !existsSync(this.path);
    }
  }

  /** A new log, which has no block yet. */
  begin(name: string): PlacedLog {
    this.open += 1;
    return { segment: this, name, number: null, blocks: 0, lines: 0, bytes: 0, turns: 0, last: 0, isLost: false };
  }

  /** Appends a block for each of the orders, by one write; null = all of them stand there. */
  append(orders: readonly PlacedOrder[]): Unwritten | null {
    const { text, blocks } = this.#laidOut(orders);
    let whole = this.bytes;
    let fault: unknown = null;
    try {
      writeAll(this, this.#descriptor, Buffer.from(text));
    } catch (error) {
      fault = error;
    }
    const unwritten: Block[] = [];
    for (const block of blocks) {
      if (block.end > this.bytes) unwritten.push(block);
      else {
        this.#note(block);
        whole = block.end;
      }
    }
    if (fault === null) return null;
    const isBroken = this.bytes > whole && !this.#cutBackTo(whole);
    return { orders: unwritten, why: wordsOf(fault), isBroken };
  }

  /** A log is over; without a summary the index has nothing to tell, and the segment no end. */
  end({ number, name, blocks, lines, bytes, turns, last, isLost }: PlacedLog, summary: LogSummary | undefined): void {
    this.open -= 1;
    if (number === null || summary === undefined) return;
    const told: LogSummary = isLost ? { ...summary, reason: 'no_end', turns, dropped: 0 } : summary;
    this.#index[number] = segmentLine({ indexed: number, name, ...told, blocks, lines, bytes, last });
  }

  /** Appends the index and the end, and closes the file; says why that failed, '' = it did not. One without a log is deleted. */
  seal(): string {
    const indexAt = this.bytes;
    let why = '';
    try {
      const end = segmentLine({ end: { logs: this.logs, indexAt } });
      for (const piece of piecesOf([...this.#index, end])) writeAll(this, this.#descriptor, Buffer.from(piece));
    } catch (error) {
      why = wordsOf(error);
      this.#cutBackTo(indexAt);
    }
    this.release();
    if (this.logs === 0) unlinkQuietly(this.path);
    return why;
  }

  /** Says to other processes that sweep its folder that it is still written. */
  touch(): void {
    const now = new Date();
    try {
      futimesSync(this.#descriptor, now, now);
    } catch {
      // Gone, or not ours any more: the next write says so.
    }
  }

  release(): void {
    this.#descriptors.release(this.path);
  }

  get #descriptor(): number {
    return this.#descriptors.of(this.path, false);
  }

  #note({ order, log, at, linesAt, end }: Block): void {
    if (log.number === null) {
      log.number = this.logs;
      this.logs += 1;
    }
    log.last = at;
    log.blocks += 1;
    log.lines += order.lineCount;
    log.bytes += end - linesAt;
    log.turns += order.turns;
    this.turns += order.turns;
  }

  #cutBackTo(bytes: number): boolean {
    try {
      ftruncateSync(this.#descriptor, bytes);
      this.bytes = bytes;
      return true;
    } catch {
      return false;
    }
  }

  /** What one write takes, and where each block will stand. */
  #laidOut(orders: readonly PlacedOrder[]): { readonly text: string; readonly blocks: readonly Block[] } {
    const blocks: Block[] = [];
    let text = '';
    let at = this.bytes;
    let next = this.logs;
    for (const { order, log } of orders) {
      const own = { lines: order.lineCount, bytes: Buffer.byteLength(order.lines) };
      const { name, number, last } = log;
      const head: BlockHead = number === null ? { log: next, name, ...own } : { log: number, ...own, prev: last };
      if (number === null) next += 1;
      const line = segmentLine(head);
      // A name has no character that takes more than a byte.
      const linesAt = at + line.length;
      const end = linesAt + own.bytes;
      blocks.push({ order, log, at, linesAt, end });
      text += line + order.lines;
      at = end;
    }
    return { text, blocks };
  }
}

function* piecesOf(lines: readonly string[]): Generator<string> {
  let piece = '';
  for (const line of lines) {
    piece += line;
    if (piece.length < INDEX_PIECE_CHARS) continue;
    yield piece;
    piece = '';
  }
  yield piece;
}
