/**
 * The time in which this process ran. A wait for somebody else (a reader, a model, the disk) is measured by it: while the process was
 * stopped (SIGSTOP, a suspended machine, a turn of the event loop that took seconds) nobody could be heard, so that time is nobody's
 * delay. What people are told of (durations, rates, deadlines of clients) is real time and is not measured here.
 *
 * Guarantees: `now` never goes back, and goes on as fast as real time while the process runs; a stretch in which it was not looked at for
 * longer than PAUSE_MS, although a heartbeat looks every HEARTBEAT_MS, does not count at all. A timer fires when its time has passed on
 * this clock, never earlier, and after a pause not before the event loop could read what had come meanwhile.
 */

/** Shorter ones are the lag of a busy process, and count. */
const PAUSE_MS = 500;
/** Often enough that a look is never missed while the process runs, and what it costs is not seen. */
const HEARTBEAT_MS = 200;

/** As much of a clock as who waits for others needs; a Clock of XState, too. */
export interface OwnTime {
  /** In ms, monotonic. */
  now(): number;
  /** Calls back once, after `ms` of this time. */
  setTimeout(callback: () => void, ms: number): OwnTimer;
  /** Idempotent; a timer that has fired may be given as well. */
  clearTimeout(timer: OwnTimer | undefined): void;
}

/** A timer that is set. */
export interface OwnTimer {
  readonly callback: () => void;
  readonly dueAtMs: number;
  handle: NodeJS.Timeout | undefined;
}

export interface OwnClockOptions {
  /** Real time: a monotonic clock in ms. */
  readonly realNow: () => number;
  /** Told of each pause when it is over. */
  readonly onPause?: (pausedMs: number) => void;
}

export class OwnClock implements OwnTime {
  readonly #options: OwnClockOptions;
  #lookedAtMs: number;
  /** All pauses so far. */
  #pausedMs = 0;
  #heartbeat: NodeJS.Timeout | undefined;

  constructor(options: OwnClockOptions) {
    this.#options = options;
    this.#lookedAtMs = options.realNow();
  }

  /** Pauses are noticed from now on. The heartbeat keeps no process alive. */
  start(): void {
    this.now();
    this.#heartbeat ??= setInterval(() => this.now(), HEARTBEAT_MS).unref();
  }

  stop(): void {
    clearInterval(this.#heartbeat);
    this.#heartbeat = undefined;
  }

  now(): number {
    const realMs = this.#options.realNow();
    const stepMs = realMs - this.#lookedAtMs;
    this.#lookedAtMs = realMs;
    if (stepMs > PAUSE_MS && this.#heartbeat !== undefined) {
      this.#pausedMs += stepMs;
      this.#options.onPause?.(stepMs);
    }
    return realMs - this.#pausedMs;
  }

  setTimeout(callback: () => void, ms: number): OwnTimer {
    const timer: OwnTimer = { callback, dueAtMs: this.now() + ms, handle: undefined };
    // What is due already is due now: Node 24 warns of a time that has passed.
    timer.handle = setTimeout(() => this.#look(timer), Math.max(0, ms));
    return timer;
  }

  clearTimeout(timer: OwnTimer | undefined): void {
    clearTimeout(timer?.handle);
  }

  #look(timer: OwnTimer): void {
    const remainingMs = timer.dueAtMs - this.now();
    // A timer may fire a moment early.
    if (remainingMs < 1) timer.callback();
    else timer.handle = setTimeout(() => this.#look(timer), remainingMs);
  }
}
