/**
 * The feed: one answer that does not end for each tab, in which the list and the lines of the logs that it watches come as they happen.
 *
 * What holds: (1) nobody who feeds it waits, whatever the viewers do; lines are kept by reference; (2) a viewer holds at most
 * MAX_WAITING_CHARS of lines: what waits is dropped as a whole when more comes, counted, and told as a gap before the next line; the
 * file has it; (3) a viewer that reads nothing for STALL_LIMIT_MS is cut off, and there are never more than MAX_VIEWERS; (4) while
 * nobody watches there is no timer, and a batch of lines costs one look into an empty map.
 *
 * Where streams run in other processes these are told what is watched here (`Elsewhere`), and what they tell then is fed as what is made here:
 * a log's place is said to a tab when its process has said it, and what that had to drop is a gap.
 */
import type { LineTap, MadeLines } from '../../record/event-logs.ts';
import { type FeedLine, MAX_WATCHED_LOGS, type Totals } from '../feed-format.ts';
import { type ReadPlace, type SessionList, unread } from './session-list.ts';

export const MAX_VIEWERS = 32;
/** Of one viewer's lines, in UTF-16 units. */
const MAX_WAITING_CHARS = 1024 * 1024;
/** How long lines wait for others to be sent with. */
const FLUSH_MS = 50;
/** Four times a second: as fast as anybody reads a list. */
export const LIST_INTERVAL_MS = 250;
/** Some 100 KiB: they are made and sent within a millisecond. */
export const ROWS_PER_PART = 250;
const CARE_INTERVAL_MS = 5_000;
/** With CARE_INTERVAL_MS a sign of life comes at least every 15 s. */
const SILENCE_MS = 10_000;
const STALL_LIMIT_MS = 30_000;

/** What a viewer is written to: as much of a ServerResponse as that needs. */
export interface FeedSink {
  /** False = wait for `drain`. */
  write(text: string): boolean;
  end(): void;
  destroy(): void;
  on(event: 'drain' | 'close', listener: () => void): unknown;
}

/** What a tab asks for. */
export interface FeedWishes {
  readonly list: boolean;
  /** At most MAX_WATCHED_LOGS. */
  readonly logs: readonly string[];
}

/** What is watched, in all tabs together: at most MAX_VIEWERS of MAX_WATCHED_LOGS logs. */
export interface FeedInterest {
  readonly list: boolean;
  readonly logs: readonly string[];
}

/** Other processes of this server, where streams run. */
export interface Elsewhere {
  /** Told whenever it changes. */
  watch(interest: FeedInterest): void;
  /** The process in which this log is live, by its number; null = in none. */
  holderOf(log: string): number | null;
}

/** What another process tells of logs that are watched: what begins, then what was dropped, then lines, then what is lost. */
export interface SentLines {
  /** How many lines there were when it began to watch them; null = such a log is not live there. */
  readonly begun: readonly { readonly log: string; readonly from: number | null }[];
  readonly dropped: readonly { readonly log: string; readonly lines: number }[];
  readonly lines: readonly MadeLines[];
  readonly lost: readonly string[];
}

export interface FeedOptions {
  readonly list: SessionList;
  /** How many lines were made so far of a live log; null = it is not live. */
  readonly linesOf: (id: string) => number | null;
  readonly totals: () => Totals;
  /** null or absent = all streams run in this process. */
  readonly elsewhere?: Elsewhere | null;
  /** Called when a tab comes that watches the list, and every CARE_INTERVAL_MS while there is any. */
  readonly onListWatched?: () => void;
  /** A monotonic clock in ms. */
  readonly now: () => number;
  /** For tests; MAX_WAITING_CHARS. */
  readonly maxWaitingChars?: number;
  /** For tests; STALL_LIMIT_MS. */
  readonly stallLimitMs?: number;
}

interface Batch {
  readonly head: string;
  readonly text: string;
  readonly count: number;
}

interface Viewer {
  readonly sink: FeedSink;
  readonly wishes: FeedWishes;
  /** Said before any line, never dropped: bounded by what it may ask for. */
  words: string;
  batches: Batch[];
  waitingChars: number;
  /** Lines that were dropped since the last write. */
  dropped: number;
  /** Logs of which it was not told yet where their lines begin, with the process that is to say it. */
  readonly awaited: Map<string, number>;
  place: ReadPlace;
  toldTotals: string;
  lastWriteMs: number;
  /** Since when it takes nothing; null = it reads. */
  stalledAtMs: number | null;
}

export class Feed implements LineTap {
  readonly #options: FeedOptions;
  readonly #viewers = new Set<Viewer>();
  readonly #watching = new Map<string, Set<Viewer>>();
  /** Where the next line of a log that another process writes will stand; of those that are watched. */
  readonly #farPlaces = new Map<string, number>();
  #flushTimer: NodeJS.Timeout | null = null;
  #listTimer: NodeJS.Timeout | null = null;
  #careTimer: NodeJS.Timeout | null = null;

  constructor(options: FeedOptions) {
    this.#options = options;
  }

  get viewers(): number {
    return this.#viewers.size;
  }

  get isFull(): boolean {
    return this.#viewers.size >= MAX_VIEWERS;
  }

  /** Adds a viewer; `words` are said to it first, and more by what this returns. It is let go when its sink closes. */
  add(sink: FeedSink, wishes: FeedWishes, words: readonly FeedLine[]): (line: FeedLine) => void {
    const viewer: Viewer = {
      sink,
      wishes: { list: wishes.list, logs: [...new Set(wishes.logs)].slice(0, MAX_WATCHED_LOGS) },
      words: words.map(lineText).join(''),
      batches: [],
      waitingChars: 0,
      dropped: 0,
      awaited: new Map(),
      place: unread,
      toldTotals: '',
      lastWriteMs: this.#options.now(),
      stalledAtMs: null,
    };
    this.#viewers.add(viewer);
    for (const log of viewer.wishes.logs) {
      const viewers = this.#watching.get(log) ?? new Set();
      this.#watching.set(log, viewers.add(viewer));
      // Lines come from here on; what was before stands in the file, at once or within 50 ms.
      const from = this.#options.linesOf(log) ?? this.#farPlaces.get(log);
      const holder = from === undefined ? (this.#options.elsewhere?.holderOf(log) ?? null) : null;
      if (holder === null) viewer.words += lineText({ kind: 'lines', log, from: from ?? 0, count: 0 });
      else viewer.awaited.set(log, holder);
    }
    this.#tellInterest();
    sink.on('drain', () => {
      viewer.stalledAtMs = null;
      this.#flushOne(viewer);
      if (wishes.list) this.#sendList(viewer);
    });
    sink.on('close', () => this.#forget(viewer));
    this.#flushOne(viewer);
    if (wishes.list) {
      this.#lookNow();
      this.#options.onListWatched?.();
    }
    this.#careTimer ??= setInterval(() => this.#care(), CARE_INTERVAL_MS);
    return (line) => this.#say(viewer, line);
  }

  linesMade({ actorId, text, from, count }: MadeLines): void {
    const viewers = this.#watching.get(actorId);
    if (viewers === undefined) return;
    const head = lineText({ kind: 'lines', log: actorId, from, count });
    for (const viewer of viewers) this.#keep(viewer, { head, text, count });
    this.#flushTimer ??= setTimeout(() => this.#flush(), FLUSH_MS);
  }

  logLost(actorId: string): void {
    const why = 'its file could not be written, and nothing more is recorded of it';
    for (const viewer of this.#watching.get(actorId) ?? []) this.#say(viewer, { kind: 'no-log', log: actorId, why });
  }

  /** What process `source` tells of the logs that are watched. */
  takeFar(source: number, { begun, dropped, lines, lost }: SentLines): void {
    for (const { log, from } of begun) {
      if (from !== null && this.#watching.has(log)) this.#farPlaces.set(log, from);
      this.#begin(source, log, from ?? 0);
    }
    for (const { log, lines: count } of dropped) {
      for (const viewer of this.#watching.get(log) ?? []) viewer.dropped += count;
    }
    for (const made of lines) {
      const { actorId, from, count } = made;
      // It was asked for before it had a line.
      this.#begin(source, actorId, from);
      if (this.#watching.has(actorId)) this.#farPlaces.set(actorId, from + count);
      this.linesMade(made);
    }
    for (const log of lost) this.logLost(log);
  }

  /** The process is gone; what it wrote of its logs stands in their files. */
  loseFar(source: number): void {
    for (const log of [...this.#watching.keys()]) this.#begin(source, log, 0);
  }

  /** Says where the lines of a log begin, to those that wait for this process to say it. */
  #begin(source: number, log: string, from: number): void {
    for (const viewer of this.#watching.get(log) ?? []) {
      if (viewer.awaited.get(log) !== source) continue;
      viewer.awaited.delete(log);
      this.#say(viewer, { kind: 'lines', log, from, count: 0 });
    }
  }

  #tellInterest(): void {
    const { elsewhere = null } = this.#options;
    if (elsewhere === null) return;
    const isListWatched = [...this.#viewers].some(({ wishes }) => wishes.list);
    for (const log of this.#farPlaces.keys()) if (!this.#watching.has(log)) this.#farPlaces.delete(log);
    elsewhere.watch({ list: isListWatched, logs: [...this.#watching.keys()] });
  }

  /** Sends what waits, and how what is listed ended, as far as it is taken at once; then ends every answer. */
  close(): void {
    if (this.#viewers.size === 0) return;
    const steps = this.#options.list.look();
    for (let isDone = false; !isDone; ) isDone = steps.next().done === true;
    for (const viewer of [...this.#viewers]) {
      this.#flushOne(viewer);
      if (viewer.wishes.list) this.#sendList(viewer);
      this.#forget(viewer);
      viewer.sink.end();
    }
  }

  #say(viewer: Viewer, line: FeedLine): void {
    if (!this.#viewers.has(viewer)) return;
    viewer.words += lineText(line);
    this.#flushOne(viewer);
  }

  #keep(viewer: Viewer, batch: Batch): void {
    const { maxWaitingChars = MAX_WAITING_CHARS } = this.#options;
    const chars = batch.head.length + batch.text.length;
    if (viewer.waitingChars + chars > maxWaitingChars) {
      // The newest lines are worth most to who is behind.
      for (const { count } of viewer.batches) viewer.dropped += count;
      viewer.batches = [];
      viewer.waitingChars = 0;
    }
    if (chars > maxWaitingChars) {
      viewer.dropped += batch.count;
      return;
    }
    viewer.batches.push(batch);
    viewer.waitingChars += chars;
  }

  #flush(): void {
    this.#flushTimer = null;
    for (const viewer of this.#viewers) this.#flushOne(viewer);
  }

  #flushOne(viewer: Viewer): void {
    if (viewer.stalledAtMs !== null) return;
    const { batches, dropped, words } = viewer;
    let text = words;
    if (dropped > 0) text += lineText({ kind: 'gap', lines: dropped });
    for (const { head, text: lines } of batches) text += head + lines;
    viewer.words = '';
    viewer.batches = [];
    viewer.waitingChars = 0;
    viewer.dropped = 0;
    if (text !== '') this.#write(viewer, text);
  }

  #write(viewer: Viewer, text: string): void {
    viewer.lastWriteMs = this.#options.now();
    if (!viewer.sink.write(text)) viewer.stalledAtMs = viewer.lastWriteMs;
  }

  /** Looks through the list in steps, sends to each who watches it what changed, and comes back as long as anybody does. */
  #lookNow(): void {
    if (this.#listTimer !== null) clearTimeout(this.#listTimer);
    const steps = this.#options.list.look();
    const step = (): void => {
      if (steps.next().done !== true) {
        setImmediate(step);
        return;
      }
      let isWatched = false;
      for (const viewer of this.#viewers) {
        if (!viewer.wishes.list) continue;
        isWatched = true;
        this.#sendList(viewer);
      }
      if (!isWatched || this.#listTimer !== null) return;
      this.#listTimer = setTimeout(() => {
        this.#listTimer = null;
        this.#lookNow();
      }, LIST_INTERVAL_MS);
    };
    this.#listTimer = null;
    step();
  }

  #sendList(viewer: Viewer): void {
    if (viewer.stalledAtMs !== null || !this.#viewers.has(viewer)) return;
    const { list, totals } = this.#options;
    const { rows, gone, isWhole, next, hasMore } = list.read(viewer.place, ROWS_PER_PART);
    const totalsJson = JSON.stringify(totals());
    viewer.place = next;
    if (rows.length === 0 && gone.length === 0 && !isWhole && totalsJson === viewer.toldTotals) return;
    viewer.toldTotals = totalsJson;
    const head = `{"kind":"list","isWhole":${isWhole},"rows":[${rows.join(',')}],"gone":${JSON.stringify(gone)}`;
    this.#write(viewer, `${head},"more":${list.leftOut},"totals":${totalsJson}}\n`);
    if (hasMore) setImmediate(() => this.#sendList(viewer));
  }

  #care(): void {
    const now = this.#options.now();
    const { stallLimitMs = STALL_LIMIT_MS, onListWatched } = this.#options;
    onListWatched?.();
    for (const viewer of this.#viewers) {
      if (viewer.stalledAtMs !== null) {
        if (now - viewer.stalledAtMs >= stallLimitMs) viewer.sink.destroy();
      } else if (now - viewer.lastWriteMs >= SILENCE_MS) this.#write(viewer, '\n');
    }
  }

  #forget(viewer: Viewer): void {
    if (!this.#viewers.delete(viewer)) return;
    for (const log of viewer.wishes.logs) {
      const viewers = this.#watching.get(log);
      viewers?.delete(viewer);
      if (viewers?.size === 0) this.#watching.delete(log);
    }
    viewer.batches = [];
    this.#tellInterest();
    if (this.#viewers.size > 0) return;
    for (const timer of [this.#flushTimer, this.#listTimer, this.#careTimer]) if (timer !== null) clearTimeout(timer);
    this.#flushTimer = null;
    this.#listTimer = null;
    this.#careTimer = null;
  }
}

function lineText(line: FeedLine): string {
  return `${JSON.stringify(line)}\n`;
}
