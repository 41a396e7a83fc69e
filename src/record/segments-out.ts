/**
 * The segments of the writer thread: which log goes into which, one write for all logs of a flush, no file for any of them. A log stays in
 * the segment in which it began; one that has its time, its size or its number takes no more logs, and is given its index and its end when
 * its last log is over.
 *
 * What the disk does not take harms those logs whose blocks it did not take: the others in the segment go on, and new ones find a new
 * segment. Where the file is gone, or half a block can't be cut off, all logs in it are given up.
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { wordsOf } from '../errors.ts';
import { SEGMENT_FORMAT, SEGMENT_MS, segmentNameOf } from '../log/segment-format.ts';
import type { Descriptors } from './log-files-out.ts';
import type { FailedLogs, SegmentOrder } from './log-writer.ts';
import { type PlacedLog, type PlacedOrder, SegmentFile } from './segment-file.ts';

/** Logs of one segment: what the index tells of them is held in memory until then, and a million sessions a day are 6,944. */
const MAX_LOGS = 65_536;
/** Of all that is kept: a segment is deleted as a whole, and beyond its share it takes no new logs. */
const SIZE_SHARE = 1 / 8;

export interface SegmentsOutOptions {
  /** 8 hexadecimal digits, of this process. */
  readonly run: string;
  /** Of the server. */
  readonly version: string;
  readonly dir: string;
  readonly maxTotalBytes: number;
  readonly host: string;
  readonly descriptors: Descriptors;
  /** A monotonic clock in ms. */
  readonly now: () => number;
  /** For tests; MAX_LOGS. */
  readonly maxLogs?: number;
}

/** What came of some orders. */
export interface SegmentsReport {
  bytes: number;
  readonly failed: FailedLogs[];
  readonly begun: { readonly path: string; readonly log: number }[];
  /** Why a segment could not be given its end; '' = each was. */
  unsealed: string;
}

export class SegmentsOut {
  readonly #options: SegmentsOutOptions;
  /** By path, those that have no end yet. */
  readonly #segments = new Map<string, SegmentFile>();
  /** By number, those that are not over; null = given up, and nothing is to be written of it any more. */
  readonly #logs = new Map<number, PlacedLog | null>();
  /** The one that takes new logs. */
  #current: SegmentFile | null = null;
  /** Why no segment could be begun for these orders; '' = one could. */
  #whyNone = '';
  #report = emptyReport();

  constructor(options: SegmentsOutOptions) {
    this.#options = options;
  }

  isOpen(path: string): boolean {
    return this.#segments.has(path);
  }

  /** When there is something to do without an order, by the clock; Infinity = never. */
  get dueAtMs(): number {
    return this.#current === null ? Number.POSITIVE_INFINITY : this.#current.startedAtMs + SEGMENT_MS;
  }

  /** Appends what was made since the last time, by one write for each segment. */
  carryOut(orders: readonly SegmentOrder[]): SegmentsReport {
    this.#whyNone = '';
    const perSegment = new Map<SegmentFile, PlacedOrder[]>();
    for (const order of orders) {
      const log = this.#placeOf(order);
      if (log === null || order.lines === '') continue;
      const placed = perSegment.get(log.segment);
      if (placed === undefined) perSegment.set(log.segment, [{ order, log }]);
      else placed.push({ order, log });
    }
    for (const [segment, placed] of perSegment) this.#append(segment, placed);
    for (const { log: id, isLast, summary } of orders) {
      if (!isLast) continue;
      const log = this.#logs.get(id);
      log?.segment.end(log, summary);
      this.#logs.delete(id);
    }
    return this.sealDue();
  }

  /** Gives an end to the segments that take no more logs and have none that goes on. */
  sealDue(): SegmentsReport {
    this.#retireIfDue();
    for (const segment of this.#segments.values()) {
      if (segment === this.#current || segment.open > 0) continue;
      this.#segments.delete(segment.path);
      const before = segment.bytes;
      const why = segment.seal();
      this.#report.bytes += segment.bytes - before;
      if (why !== '') this.#report.unsealed = `${segment.path}: ${why}`;
    }
    const report = this.#report;
    this.#report = emptyReport();
    return report;
  }

  /** Says to other processes that sweep the folder that the segments are still written. */
  touch(): void {
    for (const segment of this.#segments.values()) segment.touch();
  }

  /** Nothing follows. A segment in which a log goes on has no end, as if the process had been killed. */
  closeAll(): void {
    this.#current = null;
    this.sealDue();
    for (const segment of this.#segments.values()) segment.release();
  }

  /** Where the lines of an order go; null = nowhere, and that was told. */
  #placeOf({ log: id, name, turns }: SegmentOrder): PlacedLog | null {
    const known = this.#logs.get(id);
    if (known === undefined) {
      const log = name === undefined ? null : this.#begin(id, name, turns);
      this.#logs.set(id, log);
      return log;
    }
    if (known?.segment.isGone) this.#giveUp(known.segment, deleted);
    const log = this.#logs.get(id) ?? null;
    if (log !== null && !log.isLost) return log;
    // They were on their way when it was given up, which was told.
    if (turns > 0) this.#noteFailed({ path: '', logs: [], turns, why: '' });
    return null;
  }

  #begin(id: number, name: string, turns: number): PlacedLog | null {
    if (this.#current?.isGone) this.#giveUp(this.#current, deleted);
    this.#retireIfDue();
    // One attempt for all that begin with this flush.
    if (this.#whyNone === '') {
      try {
        this.#current ??= this.#create(id);
        return this.#current.begin(name);
      } catch (error) {
        this.#whyNone = wordsOf(error);
      }
    }
    this.#noteFailed({ path: this.#options.dir, logs: [id], turns, why: this.#whyNone });
    return null;
  }

  #create(log: number): SegmentFile {
    const { dir, run, version, host, descriptors, now } = this.#options;
    const startedAt = new Date().toISOString();
    const path = join(dir, startedAt.slice(0, 10), segmentNameOf({ startedAt, run }));
    const header = { segment: SEGMENT_FORMAT, run, pid: process.pid, host, version, startedAt };
    const segment = new SegmentFile({ path, startedAtMs: now() }, header, descriptors);
    this.#report.bytes += segment.bytes;
    this.#report.begun.push({ path, log });
    this.#segments.set(path, segment);
    return segment;
  }

  #append(segment: SegmentFile, placed: readonly PlacedOrder[]): void {
    const before = segment.bytes;
    const unwritten = segment.append(placed);
    this.#report.bytes += segment.bytes - before;
    if (unwritten === null) return;
    const { orders, why, isBroken } = unwritten;
    if (this.#current === segment) this.#current = null;
    for (const { order, log } of orders) {
      log.isLost = true;
      // Nothing of it stands anywhere.
      if (log.number === null) this.#logs.set(order.log, null);
      if (log.number === null) segment.open -= 1;
    }
    const turns = orders.reduce((sum, { order }) => sum + order.turns, 0);
    this.#noteFailed({ path: segment.path, logs: orders.map(({ order }) => order.log), turns, why });
    if (!existsSync(segment.path)) this.#giveUp(segment, deleted);
    else if (isBroken) this.#giveUp(segment, why);
  }

  /** No log in it has more; of a file that was deleted all is lost that was ever written to it. */
  #giveUp(segment: SegmentFile, why: string): void {
    const logs: number[] = [];
    for (const [id, log] of this.#logs) {
      if (log?.segment !== segment) continue;
      if (!log.isLost) logs.push(id);
      this.#logs.set(id, null);
    }
    if (this.#current === segment) this.#current = null;
    this.#segments.delete(segment.path);
    segment.release();
    this.#noteFailed({ path: segment.path, logs, turns: why === deleted ? segment.turns : 0, why });
  }

  #retireIfDue(): void {
    const { now, maxTotalBytes, maxLogs = MAX_LOGS } = this.#options;
    const current = this.#current;
    if (current === null) return;
    const isOld = now() - current.startedAtMs >= SEGMENT_MS;
    if (isOld || current.logs >= maxLogs || current.bytes >= maxTotalBytes * SIZE_SHARE) this.#current = null;
  }

  /** Once for each reason and file, however many logs it befalls. */
  #noteFailed({ path, logs, turns, why }: FailedLogs): void {
    const { failed } = this.#report;
    const place = failed.findIndex((known) => known.path === path && known.why === why);
    const known = failed[place];
    if (known === undefined) failed.push({ path, logs, turns, why });
    else failed[place] = { ...known, logs: [...known.logs, ...logs], turns: known.turns + turns };
  }
}

/** Of a file that has no name any more. */
const deleted = 'it was deleted while it was written';

function emptyReport(): SegmentsReport {
  return { bytes: 0, failed: [], begun: [], unsealed: '' };
}
