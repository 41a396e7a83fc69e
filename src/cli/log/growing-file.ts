/**
 * A file that may still grow, line by line: what is in it, then what comes behind it.
 *
 * What holds: a line is given once, and only when its line feed is there; a file that is not there yet is waited for; one that was put in
 * the place of another, or became shorter, is read from its beginning, and that is told before its first line. Nothing is held open between
 * two looks, at most LOOK_BYTES are read in one, and a line that goes on beyond MAX_LINE_BYTES is an error.
 *
 * The system tells of changes (fs.watch) where it can: not on every file system, and not without bound. So a look is due in any case after
 * a while, sooner where nobody tells.
 */
import { constants, type FSWatcher, type Stats, watch } from 'node:fs';
import { open, stat } from 'node:fs/promises';
import type { BlockHead } from '../../log/segment-format.ts';
import { SegmentWalk } from '../../log/segment-reader.ts';
import { kindOf, memberOf } from '../../segments/segment-places.ts';
import { systemWordsOf } from './log-files.ts';

const LOOK_BYTES = 1024 * 1024;
/** Far longer than any line of a log: its longest text has 64 Ki characters. */
const MAX_LINE_BYTES = 16 * 1024 * 1024;
/** What is written together comes in several notices. */
const GATHER_MS = 20;
/** When a look is due though nobody told of a change. */
const WATCHED_LOOK_MS = 1_000;
const UNWATCHED_LOOK_MS = 250;

const LINE_FEED = 0x0a;

/** What a look found. */
export type Growth =
  /** Whole lines, without their line feed, in order; null = one that is no UTF-8, behind which nothing was read. */
  | { readonly kind: 'lines'; readonly lines: readonly (string | null)[] }
  /** Nothing new: the file is as it was. */
  | { readonly kind: 'same' }
  /** There is no such file, or no longer. */
  | { readonly kind: 'missing' }
  /** What was read so far is gone: the next look begins anew. */
  | { readonly kind: 'restarted'; readonly why: 'replaced' | 'shortened' }
  | { readonly kind: 'unreadable'; readonly why: string };

export class GrowingFile {
  readonly #path: string;
  #watcher: FSWatcher | null = null;
  /** Which file it is; null = it was not there at the last look. */
  #file: Pick<Stats, 'dev' | 'ino'> | null = null;
  /** Bytes that were read of it. */
  #position = 0;
  /** The beginning of a line whose end is not there yet. */
  #rest: Buffer = Buffer.alloc(0);
  #isChanged = false;
  #wake: () => void = () => {};

  constructor(path: string) {
    this.#path = path;
  }

  /** Looks for what is new; does not wait. */
  async look(): Promise<Growth> {
    this.#isChanged = false;
    try {
      const stats = await stat(this.#path);
      const kind = kindOf(stats);
      if (kind !== null) return { kind: 'unreadable', why: `it is no regular file but a ${kind}` };
      const restarted = this.#noteFile(stats);
      if (restarted !== null) return restarted;
      return stats.size === this.#position ? { kind: 'same' } : await this.#read();
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && error.code === 'ENOENT')) {
        return { kind: 'unreadable', why: systemWordsOf(error) };
      }
      this.#unwatch();
      // Its number may be given to the next file.
      this.#file = null;
      return { kind: 'missing' };
    }
  }

  /** Resolves when a look may find something: somebody told so, or it is time; at once when `signal` is aborted. */
  async changed(signal: AbortSignal): Promise<void> {
    if (this.#file !== null) this.#watch();
    const isTold = await this.#wait(this.#watcher === null ? UNWATCHED_LOOK_MS : WATCHED_LOOK_MS, signal, true);
    if (isTold) await this.#wait(GATHER_MS, signal, false);
  }

  /** Lets go of the file. */
  close(): void {
    this.#unwatch();
  }

  /** Notes which file stands there now; says so if it is not the one that was read, or no longer has what was read. */
  #noteFile({ dev, ino, size }: Stats): Growth | null {
    const before = this.#file;
    const isOther = before?.ino !== ino || before.dev !== dev;
    this.#file = { dev, ino };
    if (!isOther && size >= this.#position) return null;
    if (isOther) this.#unwatch();
    const hadRead = this.#position > 0;
    this.#position = 0;
    this.#rest = Buffer.alloc(0);
    return hadRead ? { kind: 'restarted', why: isOther ? 'replaced' : 'shortened' } : null;
  }

  async #read(): Promise<Growth> {
    // It may have become a pipe meanwhile: that is opened without waiting, and has no bytes.
    const file = await open(this.#path, constants.O_RDONLY | constants.O_NONBLOCK);
    try {
      const { buffer, bytesRead } = await file.read(Buffer.alloc(LOOK_BYTES), 0, LOOK_BYTES, this.#position);
      this.#position += bytesRead;
      return this.#take(buffer.subarray(0, bytesRead));
    } finally {
      await file.close();
    }
  }

  #take(bytes: Buffer): Growth {
    const end = bytes.lastIndexOf(LINE_FEED) + 1;
    if (end === 0) {
      this.#rest = Buffer.concat([this.#rest, bytes]);
      if (this.#rest.length <= MAX_LINE_BYTES) return { kind: 'lines', lines: [] };
      return { kind: 'unreadable', why: `a line has more than ${MAX_LINE_BYTES} bytes` };
    }
    const whole = Buffer.concat([this.#rest, bytes.subarray(0, end)]);
    this.#rest = Buffer.from(bytes.subarray(end));
    return { kind: 'lines', lines: linesOf(whole) };
  }

  #watch(): void {
    if (this.#watcher !== null) return;
    const tell = () => {
      this.#isChanged = true;
      this.#wake();
    };
    try {
      this.#watcher = watch(this.#path, tell);
      this.#watcher.on('error', () => this.#unwatch());
      // What was written between the last look and now nobody tells of.
      this.#isChanged = true;
    } catch {
      // Looked at now and then.
    }
  }

  #unwatch(): void {
    this.#watcher?.close();
    this.#watcher = null;
  }

  /** True if it was told of a change; with `isWoken` false it lasts its time. */
  #wait(ms: number, signal: AbortSignal, isWoken: boolean): Promise<boolean> {
    if (signal.aborted || (isWoken && this.#isChanged)) return Promise.resolve(!signal.aborted);
    return new Promise((resolve) => {
      const end = () => {
        clearTimeout(timer);
        signal.removeEventListener('abort', end);
        this.#wake = () => {};
        resolve(this.#isChanged && !signal.aborted);
      };
      const timer = setTimeout(end, ms);
      signal.addEventListener('abort', end);
      if (isWoken) this.#wake = end;
    });
  }
}

/** A log that may still grow: in a file of its own, or in a segment, of which the lines of other logs are passed over. */
export class GrowingLog {
  readonly #file: GrowingFile;
  readonly #name: string | null;
  #lines: SegmentLines | null = null;

  constructor(path: string) {
    const member = memberOf(path);
    this.#file = new GrowingFile(member?.file ?? path);
    this.#name = member?.name ?? null;
  }

  async look(): Promise<Growth> {
    const growth = await this.#file.look();
    if (this.#name === null) return growth;
    if (growth.kind === 'restarted') this.#lines = null;
    if (growth.kind !== 'lines') return growth;
    this.#lines ??= new SegmentLines(this.#name);
    return this.#lines.take(growth.lines);
  }

  changed(signal: AbortSignal): Promise<void> {
    return this.#file.changed(signal);
  }

  close(): void {
    this.#file.close();
  }
}

/** Picks the lines of one log out of those of its segment, as they come. */
class SegmentLines {
  readonly #name: string;
  readonly #walk = new SegmentWalk();
  #number: number | null = null;
  /** Bytes of the lines so far. */
  #at = 0;
  /** Lines of a block that are to come, and whether they are of this log. */
  #left = 0;
  #isMine = false;

  constructor(name: string) {
    this.#name = name;
  }

  take(lines: readonly (string | null)[]): Growth {
    const mine: (string | null)[] = [];
    for (const line of lines) {
      if (this.#left > 0) {
        this.#left -= 1;
        if (this.#isMine) mine.push(line);
        else if (line === null) return { kind: 'unreadable', why: 'a line of its segment is no UTF-8' };
      } else {
        const read = this.#walk.take(line ?? '', this.#at);
        if (typeof read === 'string') return { kind: 'unreadable', why: `its segment, byte ${this.#at}: ${read}` };
        if (read.kind === 'block') this.#begin(read.head);
      }
      this.#at += Buffer.byteLength(line ?? '') + 1;
    }
    return { kind: 'lines', lines: mine };
  }

  #begin({ log, name, lines }: BlockHead): void {
    if (name === this.#name) this.#number = log;
    this.#left = lines;
    this.#isMine = log === this.#number;
  }
}

/** The lines of whole ones; ends with null at the first that is no UTF-8. */
function linesOf(whole: Buffer): (string | null)[] {
  const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
  try {
    return decoder.decode(whole).split('\n').slice(0, -1);
  } catch {
    // Which of them it is.
  }
  const lines: (string | null)[] = [];
  for (let from = 0; ; ) {
    const to = whole.indexOf(LINE_FEED, from);
    if (to < 0) return lines;
    try {
      lines.push(decoder.decode(whole.subarray(from, to)));
    } catch {
      return [...lines, null];
    }
    from = to + 1;
  }
}
