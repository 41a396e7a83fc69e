/**
 * Judges when a process takes on no new streams: by how late its event loop is, how fast streams begin, its memory, and the bytes of requests
 * that it holds. It is told figures and says a set of reasons whenever that changes; it measures nothing and refuses nobody itself.
 *
 * What holds, cited as "Load N":
 *  1. one long turn, a collection of garbage or a pause of the whole process is no reason: two windows in a row are late before `lag`
 *     stands, and fifteen where the process had less than half of a processor, so that others may have made it late;
 *  2. a reason that stands goes only when it has been below a lower bound for a second: it does not flap;
 *  3. a loop that is late, or was within ten seconds, may have only a few streams more every half second than it has: calls that end make
 *     room for as many, so a steady load is never refused for how fast it turns over;
 *  4. however many calls come in one turn of the loop, at most MAX_WAITING_BEGINNINGS that were admitted wait to begin;
 *  5. where no stream runs, memory is a reason only just below its end: what holds it then is garbage, which the next stream gets collected;
 *  6. reasons change a few times a second at most.
 */

/** Bounds that a process can be beyond. */
export type LoadReason = 'lag' | 'starts' | 'memory' | 'prompts';

/** One window: WINDOW_MS of a running process. */
export interface LoadWindow {
  readonly elapsedMs: number;
  /** How late timers were, which look at the loop all the time: the mean and the latest. */
  readonly meanLagMs: number;
  readonly maxLagMs: number;
  /** Processor time of the whole process. */
  readonly processorMs: number;
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
const STARVED_WINDOWS = 15;
const STARVED_PROCESSOR_SHARE = 0.5;
/** A second. */
const CALM_WINDOWS = 5;
const WARY_MS = 10_000;

const GROWTH_INTERVAL_MS = 500;
const MIN_GROWTH = 8;
const GROWTH_SHARE = 0.05;
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
  /** Windows in a row that were late, and those of each reason that were calm. */
  #late = 0;
  readonly #calm = new Map<LoadReason, number>();
  /** Until when growth is bounded. */
  #waryUntilMs = Number.NEGATIVE_INFINITY;
  #isUneasy = false;
  /** Of the interval that is under way. */
  #intervalStartMs = Number.NEGATIVE_INFINITY;
  #streamsAtStart = 0;
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
    if (!this.#isUneasy && this.#options.now() >= this.#waryUntilMs) return false;
    return activeStreams - this.#streamsAtStart >= Math.max(MIN_GROWTH, this.#streamsAtStart * GROWTH_SHARE);
  }

  /** `starts` stands for the rest of the interval in which it was raised. */
  #endInterval(activeStreams: number): void {
    const nowMs = this.#options.now();
    if (nowMs - this.#intervalStartMs < GROWTH_INTERVAL_MS) return;
    this.#intervalStartMs = nowMs;
    this.#streamsAtStart = activeStreams;
    this.#standing.delete('starts');
  }

  #judgeLag({ elapsedMs, meanLagMs, maxLagMs, processorMs }: LoadWindow): void {
    const bound = this.#options.maxLagMs;
    const isLate = meanLagMs >= bound * LATE_SHARE || maxLagMs >= bound;
    this.#isUneasy = isLate || meanLagMs >= bound * UNEASY_SHARE;
    this.#late = isLate ? this.#late + 1 : 0;
    const isStarved = processorMs < elapsedMs * STARVED_PROCESSOR_SHARE;
    this.#judge('lag', this.#late >= (isStarved ? STARVED_WINDOWS : LATE_WINDOWS), !this.#isUneasy);
    if (this.#standing.has('lag')) this.#waryUntilMs = this.#options.now() + WARY_MS;
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

const order: readonly LoadReason[] = ['lag', 'starts', 'memory', 'prompts'];
