/**
 * Judges when a process takes on no new streams: by how late its event loop is, how fast streams begin, its memory, and the bytes of requests
 * that it holds. It is told figures and says a set of reasons whenever that changes; it measures nothing and refuses nobody itself.
 *
 * What holds, cited as "Load N":
 *  1. one long turn, a collection of garbage or a pause of the whole process is no reason: two windows in a row are late before `lag`
 *     stands, and five of three seconds where the process had less than half of a processor, so that others may have made it late; nor is
 *     growth bounded for the one window that a pause makes, whatever came meanwhile;
 *  2. a reason that stands goes only when it has been below a lower bound for a second: it does not flap;
 *  3. a loop that is late or busy, or was late within ten seconds, takes on few streams more than it had at most in two seconds, and a full one
 *     none: calls that end make room for as many, so a steady load is never refused for how fast it turns over, and fewer streams than
 *     FEW_STREAMS never for their growth;
 *  4. however many calls come in one turn of the loop, at most MAX_WAITING_BEGINNINGS that were admitted wait to begin;
 *  5. where no stream runs, memory is a reason only just below its end: what holds it then is garbage, which the next stream gets collected;
 *  6. reasons change a few times a second at most.
 */
import type { LoadReason } from '../../machines/supervisor/supervisor.types.ts';

/** One window: WINDOW_MS of a running process. */
export interface LoadWindow {
  readonly elapsedMs: number;
  /** How late timers were, which look at the loop all the time: the mean and the latest. */
  readonly meanLagMs: number;
  readonly maxLagMs: number;
  /** Processor time of the whole process. */
  readonly processorMs: number;
  /** Of the loop: the share of the time in which it did not wait, 0 to 1. */
  readonly loopShare: number;
  /** Of the heap and of the memory that the process may have, 0 to 1; the larger. */
  readonly memoryShare: number;
  /** Of the bytes that requests may hold, 0 to 1. */
  readonly promptShare: number;
  readonly activeStreams: number;
}

/** The moment in which a stream is asked for. */
export interface LoadMoment {
  readonly activeStreams: number;
  /** Streams that were admitted and have not begun. */
  readonly waitingBeginnings: number;
}

export interface LoadJudgeOptions {
  readonly maxLagMs: number;
  /** A monotonic clock in ms. */
  readonly now: () => number;
  /** As `memoryShare`, now. */
  readonly memoryShare: () => number;
  /** Told whenever the set changes. */
  readonly onChange: (reasons: readonly LoadReason[]) => void;
}

export const WINDOW_MS = 200;
/** Of OVERLOAD_MAX_LAG: a loop whose turns are late by that on average is late by the whole bound for one in ten, and sound comes every 42 ms. */
const LATE_SHARE = 0.25;
const UNEASY_SHARE = 0.1;
const LATE_WINDOWS = 2;
const STARVED_WINDOWS = 5;
const STARVED_MS = 3_000;
const STARVED_PROCESSOR_SHARE = 0.5;
/** A second. */
const CALM_WINDOWS = 5;
const WARY_MS = 10_000;

const GROWTH_INTERVAL_MS = 500;
/** Two seconds. */
const PEAK_INTERVALS = 4;
const FEW_STREAMS = 64;
const MIN_GROWTH = 4;
const GROWTH_SHARE = 0.02;
/** Behind them a queue grows faster than the load does. */
const BUSY_SHARE = 0.8;
const FULL_SHARE = 0.92;
/** At half a millisecond or one each, the last of them begins within 100 ms. */
export const MAX_WAITING_BEGINNINGS = 100;

const MEMORY_SHARE = 0.85;
const MEMORY_CALM_SHARE = 0.78;
/** Nothing waits for the collector here. */
const MEMORY_END_SHARE = 0.93;
const CALLS_PER_MEMORY_LOOK = 32;
const PROMPT_SHARE = 0.9;
const PROMPT_CALM_SHARE = 0.7;

export class LoadJudge {
  readonly #options: LoadJudgeOptions;
  #said: readonly LoadReason[] = [];
  readonly #standing = new Set<LoadReason>();
  /** Windows in a row that were late, how long they took, how many of them had a processor; and those of each reason that were calm. */
  #late = 0;
  #lateMs = 0;
  #lateBusy = 0;
  readonly #calm = new Map<LoadReason, number>();
  /** Until when growth is bounded. */
  #waryUntilMs = Number.NEGATIVE_INFINITY;
  #isUneasy = false;
  #loopShare = 0;
  /** Of the interval that is under way, and the most streams of those before it. */
  #intervalStartMs = Number.NEGATIVE_INFINITY;
  #peak = 0;
  #peaks: readonly number[] = [];
  #lowestMemoryShares: number[] = [];
  #callsSinceLook = 0;

  constructor(options: LoadJudgeOptions) {
    this.#options = options;
  }

  get reasons(): readonly LoadReason[] {
    return this.#said;
  }

  /** A window is over. */
  note(window: LoadWindow): void {
    this.#judgeLag(window);
    this.#judgeMemory(window);
    this.#judge('prompts', window.promptShare >= PROMPT_SHARE, window.promptShare < PROMPT_CALM_SHARE);
    this.#endInterval(window.activeStreams);
    this.#say();
  }

  /** A stream is asked for; what that makes a reason is said before this returns. */
  asked(moment: LoadMoment): void {
    const { activeStreams, waitingBeginnings } = moment;
    this.#callsSinceLook += 1;
    if (this.#callsSinceLook >= CALLS_PER_MEMORY_LOOK) {
      this.#callsSinceLook = 0;
      if (this.#options.memoryShare() >= MEMORY_END_SHARE) this.#raise('memory');
    }
    this.#endInterval(activeStreams);
    if (waitingBeginnings >= MAX_WAITING_BEGINNINGS || this.#growsTooFast(activeStreams)) this.#raise('starts');
    this.#say();
  }

  #growsTooFast(activeStreams: number): boolean {
    const isBusy = this.#isUneasy || this.#loopShare >= BUSY_SHARE || this.#options.now() < this.#waryUntilMs;
    if (!isBusy || activeStreams < FEW_STREAMS) return false;
    const most = Math.max(this.#peaks.length > 0 ? 0 : this.#peak, ...this.#peaks);
    const growth = this.#loopShare >= FULL_SHARE ? 0 : Math.max(MIN_GROWTH, most * GROWTH_SHARE);
    return activeStreams >= most + growth;
  }

  /** `starts` stands for the rest of the interval in which it was raised. */
  #endInterval(activeStreams: number): void {
    const nowMs = this.#options.now();
    this.#peak = Math.max(this.#peak, activeStreams);
    if (nowMs - this.#intervalStartMs < GROWTH_INTERVAL_MS) return;
    this.#intervalStartMs = nowMs;
    this.#peaks = [...this.#peaks.slice(1 - PEAK_INTERVALS), this.#peak];
    this.#peak = activeStreams;
    this.#standing.delete('starts');
  }

  #judgeLag({ elapsedMs, meanLagMs, maxLagMs, processorMs, loopShare, activeStreams }: LoadWindow): void {
    // A loop that others keep from running is not busy.
    this.#loopShare = Math.min(loopShare, processorMs / elapsedMs);
    const bound = this.#options.maxLagMs;
    const isLate = meanLagMs >= bound * LATE_SHARE || maxLagMs >= bound;
    const isStarved = processorMs < elapsedMs * STARVED_PROCESSOR_SHARE;
    this.#countLate({ isLate, isStarved, elapsedMs });
    // After a pause of the process all that waited comes at once: one window of it says nothing of the load.
    const isPause = isLate && isStarved && this.#late === 1;
    this.#isUneasy = (isLate || meanLagMs >= bound * UNEASY_SHARE) && !isPause;
    const lastsStarved = this.#late >= STARVED_WINDOWS && this.#lateMs >= STARVED_MS;
    const lasts = lastsStarved || (!isStarved && this.#lateBusy >= LATE_WINDOWS);
    this.#judge('lag', lasts, !this.#isUneasy);
    if (!this.#standing.has('lag')) return;
    this.#waryUntilMs = this.#options.now() + WARY_MS;
    // What it had before was too much.
    [this.#peaks, this.#peak] = [[], activeStreams];
  }

  #countLate({ isLate, isStarved, elapsedMs }: LateWindow): void {
    if (!isLate) [this.#late, this.#lateMs, this.#lateBusy] = [0, 0, 0];
    else {
      this.#late += 1;
      // However long a pause was, it is one window of those that must be late.
      this.#lateMs += Math.min(elapsedMs, STARVED_MS / STARVED_WINDOWS);
      this.#lateBusy += isStarved ? 0 : 1;
    }
  }

  /** Garbage comes and goes: of the last second the lowest share counts. */
  #judgeMemory({ memoryShare, activeStreams }: LoadWindow): void {
    this.#lowestMemoryShares = [...this.#lowestMemoryShares.slice(1 - CALM_WINDOWS), memoryShare];
    const lowest = Math.min(...this.#lowestMemoryShares);
    const isFull = this.#lowestMemoryShares.length === CALM_WINDOWS && lowest >= MEMORY_SHARE;
    if (memoryShare < MEMORY_END_SHARE && activeStreams === 0) this.#standing.delete('memory');
    else this.#judge('memory', isFull || memoryShare >= MEMORY_END_SHARE, lowest < MEMORY_CALM_SHARE);
  }

  #judge(reason: LoadReason, isOver: boolean, isCalm: boolean): void {
    if (isOver) {
      this.#raise(reason);
      return;
    }
    if (!this.#standing.has(reason)) return;
    const calm = isCalm ? (this.#calm.get(reason) ?? 0) + 1 : 0;
    this.#calm.set(reason, calm);
    if (calm >= CALM_WINDOWS) this.#standing.delete(reason);
  }

  #raise(reason: LoadReason): void {
    this.#standing.add(reason);
    this.#calm.set(reason, 0);
  }

  #say(): void {
    const { size } = this.#standing;
    if (size === this.#said.length && this.#said.every((reason) => this.#standing.has(reason))) return;
    this.#said = order.filter((reason) => this.#standing.has(reason));
    this.#options.onChange(this.#said);
  }
}

interface LateWindow {
  readonly isLate: boolean;
  readonly isStarved: boolean;
  readonly elapsedMs: number;
}

const order: readonly LoadReason[] = ['lag', 'starts', 'memory', 'prompts'];
