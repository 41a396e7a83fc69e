/**
 * A log of the server: its file, and the lines that come live, joined by their place. The hash chain of the lines says whether they were
 * joined right. Where live lines stand behind what is there, the file is asked again: its writer is at most 50 ms behind, and a tab that was
 * too slow, or hidden, gets from it what it missed. Until then the debugger says how many lines are missing.
 */
import { NoLog, Refused } from './feed-client.ts';
import type { LogDebugger } from './log-debugger.ts';

const FIRST_RETRY_MS = 60;
const LAST_RETRY_MS = 5_000;
/** A session is told to be over before its last lines are on the disk: so often its file is asked for them, within 2 s, before it has no end. */
const END_RETRIES = 5;
/** Live lines that wait for those before them; beyond it the oldest are dropped, the file has them. */
const MAX_WAITING_LINES = 20_000;
/** Lines of a file that are executed at once: some 10 ms, so that the worker answers meanwhile. */
const SLICE_LINES = 1_000;

export interface LiveLogWorld {
  /** The file's lines behind the first `from`. */
  linesOfFile(log: string, from: number, signal: AbortSignal): AsyncGenerator<readonly string[], void, void>;
  /** Runs `then` after `ms`; the result takes it back. */
  after(ms: number, then: () => void): () => void;
  /** Something of the log changed. */
  changed(): void;
}

export class LiveLog {
  readonly id: string;
  readonly debugger: LogDebugger;
  readonly #world: LiveLogWorld;
  /** By the place of their first line, in their order. */
  #waiting: { readonly from: number; readonly lines: readonly string[] }[] = [];
  /** Lines that are known to be written, from 0. */
  #known = 0;
  #fetching: AbortController | null = null;
  #failures = 0;
  #takeBack: () => void = () => {};
  /** Its session is over: when the file has no end, there is none. */
  #isOver = false;
  #endTries = 0;

  constructor(id: string, log: LogDebugger, world: LiveLogWorld) {
    this.id = id;
    this.debugger = log;
    this.#world = world;
  }

  /** Live lines, or none: then `from` is how many there are. */
  take(from: number, lines: readonly string[]): void {
    this.#known = Math.max(this.#known, from + lines.length);
    if (lines.length > 0) this.#waiting.push({ from, lines });
    this.#join();
  }

  /** Asks the file for what is missing, or whether anything is. */
  heal(): void {
    this.#failures = 0;
    void this.#fetch();
  }

  /** A stream begins again. Where lines are missing it tells how many; where an end is, nobody does. */
  resumed(): void {
    if (this.debugger.lines === 0 || (this.#isOver && !this.debugger.hasEnd)) this.heal();
  }

  /** The session is over: what is missing of its log stands in the file, or soon will. */
  ended(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    if (this.debugger.isLive) this.heal();
  }

  /** Its server is gone, and nobody writes its file any more. */
  orphaned(): void {
    this.#endTries = END_RETRIES;
    this.ended();
  }

  stop(): void {
    this.#takeBack();
    this.#fetching?.abort();
    this.#fetching = null;
    this.debugger.reading(false);
  }

  /** Takes the waiting lines that follow upon what is there. */
  #join(): void {
    this.#waiting.sort((a, b) => a.from - b.from);
    if (!this.debugger.takesMore) {
      this.#waiting = [];
      this.#known = this.debugger.lines;
    }
    while (true) {
      const [first] = this.#waiting;
      const have = this.debugger.lines;
      if (first === undefined || first.from > have) break;
      this.#waiting.shift();
      const fresh = first.lines.slice(have - first.from);
      if (fresh.length > 0) this.debugger.take(fresh);
    }
    for (let lines = this.#waitingLines(); lines > MAX_WAITING_LINES && this.#waiting.length > 1; ) {
      lines -= this.#waiting.shift()?.lines.length ?? 0;
    }
    const missing = Math.max(0, this.#known - this.debugger.lines - this.#waitingLines());
    this.debugger.miss(missing);
    this.#world.changed();
    if (missing > 0 && this.#fetching === null) this.#fetchLater();
  }

  #waitingLines(): number {
    return this.#waiting.reduce((sum, { lines }) => sum + lines.length, 0);
  }

  #fetchLater(): void {
    this.#takeBack();
    const ms = Math.min(LAST_RETRY_MS, FIRST_RETRY_MS * 2 ** Math.min(this.#failures, 16));
    this.#failures += 1;
    this.#takeBack = this.#world.after(ms, () => void this.#fetch());
  }

  async #fetch(): Promise<void> {
    if (this.#fetching !== null) return;
    this.#takeBack();
    const fetching = new AbortController();
    this.#fetching = fetching;
    const had = this.debugger.lines;
    if (had === 0) this.debugger.reading(true);
    let isBroken = false;
    try {
      // What is there is not sent again: a slow tab has many gaps, and a file may have megabytes.
      let from = had;
      for await (const lines of this.#world.linesOfFile(this.id, had, fetching.signal)) {
        if (!this.debugger.takesMore) break;
        for (let start = 0; start < lines.length; start += SLICE_LINES) {
          if (this.#fetching !== fetching) return;
          const slice = lines.slice(start, start + SLICE_LINES);
          const fresh = slice.slice(Math.max(0, this.debugger.lines - from));
          from += slice.length;
          if (fresh.length === 0) continue;
          this.debugger.take(fresh);
          this.#world.changed();
          await this.#breath();
        }
      }
      this.debugger.lost(null);
    } catch (error) {
      if (this.#fetching !== fetching) return;
      isBroken = !(error instanceof NoLog || error instanceof Refused);
      if (!(error instanceof Refused)) this.debugger.lost(error instanceof Error ? error.message : String(error));
    }
    this.#fetching = null;
    this.debugger.reading(false);
    if (this.debugger.lines > had) this.#failures = 0;
    this.#join();
    // A server that is busy, or away, says nothing of whether there is such a file.
    if (isBroken && this.debugger.lines === 0) this.#fetchLater();
    else if (this.#isOver && this.#fetching === null) this.#closeOrAskAgain();
    this.#world.changed();
  }

  #closeOrAskAgain(): void {
    const isOpen = this.debugger.isLive && this.debugger.takesMore && this.debugger.lines > 0;
    if (isOpen && this.#endTries < END_RETRIES) {
      this.#endTries += 1;
      this.#fetchLater();
    } else this.debugger.close();
  }

  /** The worker looks at what else it was asked. */
  #breath(): Promise<void> {
    return new Promise((resolve) => {
      this.#world.after(0, resolve);
    });
  }
}
