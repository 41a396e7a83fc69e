/**
 * Time for a simulated world: a clock that stands still while code runs and jumps to the next thing that is due. While a world runs, the
 * timers and immediates of the process are its own, so that whatever sets a timer by itself is simulated too. One step is one callback and
 * all that follows from it: ticks and promises are Node's, and their queues are run dry before the next step.
 *
 * Guarantees: the same callbacks in the same order give the same steps; a timer fires in its order, as Node has it: whole milliseconds, a moment
 * early at most, late where the world says so; what a callback throws is told and ends nothing; timers and immediates that wait are
 * counted. All of it is synchronous: nothing else of the process runs meanwhile.
 */

/** A timer or an immediate, as code under simulation holds it. */
class Handle {
  readonly atMs: number;
  readonly order: number;
  readonly isOurs: boolean;
  callback: (() => void) | null;

  constructor(atMs: number, order: number, isOurs: boolean, callback: () => void) {
    this.atMs = atMs;
    this.order = order;
    this.isOurs = isOurs;
    this.callback = callback;
  }

  unref(): this {
    return this;
  }

  ref(): this {
    return this;
  }

  hasRef(): boolean {
    return true;
  }
}

export interface VirtualTimeOptions {
  /** Runs behind each step. */
  readonly onStep: () => void;
  /** What a callback threw. */
  readonly onThrow: (error: unknown) => void;
  /** How late the process is when time goes on, in ms. */
  readonly lagMs: () => number;
  /** Whether the clearing of a timer is forgotten, by how many came before: a planted fault. */
  readonly forgetsClear?: (clearing: number) => boolean;
}

const replaced = [
  'setTimeout',
  'clearTimeout',
  'setInterval',
  'clearInterval',
  'setImmediate',
  'clearImmediate',
] as const;

const nothing = (): void => {};

/** More steps than any world takes: it runs in circles. */
const MAX_STEPS = 1_000_000;

export class VirtualTime {
  readonly #options: VirtualTimeOptions;
  readonly #timers: Handle[] = [];
  #immediates: Handle[] = [];
  #immediatesWaiting = 0;
  #timersWaiting = 0;
  #clearings = 0;
  #order = 0;
  #nowMs = 1_000;
  steps = 0;

  constructor(options: VirtualTimeOptions) {
    this.#options = options;
  }

  now(): number {
    return this.#nowMs;
  }

  /** Timers that wait and were set through the globals: by the code under simulation. */
  get timersWaiting(): number {
    return this.#timersWaiting;
  }

  /** Calls back in `ms`: something outside of the server, which has no part in `waiting`. */
  after(ms: number, callback: () => void): void {
    this.#push(new Handle(this.#nowMs + ms, this.#nextOrder(), false, callback));
  }

  /** Runs until nothing is due any more, with the process's timers replaced. */
  run(begin: () => void): void {
    const { onStep } = this.#options;
    const restore = this.#replaceGlobals();
    try {
      this.#step(begin);
      while (this.steps < MAX_STEPS) {
        const due = this.#takeDue();
        if (due !== null) {
          this.#step(due);
          continue;
        }
        if (this.#immediatesWaiting > 0) {
          this.#runImmediates();
          continue;
        }
        const nextMs = this.#nextMs();
        if (nextMs === null) break;
        this.#nowMs = Math.max(this.#nowMs, nextMs) + this.#options.lagMs();
      }
      if (this.steps >= MAX_STEPS) this.#options.onThrow(new Error(`still at work after ${MAX_STEPS} steps`));
      onStep();
    } finally {
      restore();
    }
  }

  #step(callback: () => void): void {
    this.steps += 1;
    try {
      callback();
    } catch (error) {
      this.#options.onThrow(error);
    }
    runQueuesDry();
    this.#options.onStep();
  }

  #runImmediates(): void {
    const present = this.#immediates;
    this.#immediates = [];
    for (const { callback } of present.map((handle) => ({ callback: this.#spend(handle) }))) {
      if (callback !== null) this.#step(callback);
    }
  }

  #spend(handle: Handle): (() => void) | null {
    const { callback } = handle;
    if (callback !== null) this.#immediatesWaiting -= 1;
    handle.callback = null;
    return callback;
  }

  #takeDue(): (() => void) | null {
    for (;;) {
      const first = this.#timers[0];
      if (first === undefined || (first.callback !== null && first.atMs > this.#nowMs)) return null;
      this.#pop();
      const { callback } = first;
      if (callback === null) continue;
      first.callback = null;
      if (first.isOurs) this.#timersWaiting -= 1;
      return callback;
    }
  }

  #nextMs(): number | null {
    for (;;) {
      const first = this.#timers[0];
      if (first === undefined) return null;
      if (first.callback !== null) return first.atMs;
      this.#pop();
    }
  }

  #nextOrder(): number {
    this.#order += 1;
    return this.#order;
  }

  #replaceGlobals(): () => void {
    const before = replaced.map((name) => [name, Reflect.get(globalThis, name)] as const);
    const setTimer = (callback: () => void, ms?: number, ...args: readonly unknown[]): Handle => {
      // As Node counts: from the millisecond that has begun, in whole ones, one at least.
      const inMs = Math.max(1, Math.trunc(Number(ms) || 0));
      const run = args.length === 0 ? callback : () => Reflect.apply(callback, null, args);
      const handle = new Handle(Math.floor(this.#nowMs) + inMs, this.#nextOrder(), true, run);
      this.#timersWaiting += 1;
      this.#push(handle);
      return handle;
    };
    const clearTimer = (handle: unknown): void => {
      if (!(handle instanceof Handle) || handle.callback === null) return;
      this.#clearings += 1;
      // It stays, and does nothing: what is to be seen is that it is there.
      if (this.#options.forgetsClear?.(this.#clearings) === true) handle.callback = nothing;
      if (handle.callback === nothing) return;
      handle.callback = null;
      if (handle.isOurs) this.#timersWaiting -= 1;
    };
    const repeat = (): never => {
      throw new Error('nothing under simulation may repeat for ever');
    };
    const setNow = (callback: () => void, ...args: readonly unknown[]): Handle => {
      const run = args.length === 0 ? callback : () => Reflect.apply(callback, null, args);
      const handle = new Handle(this.#nowMs, this.#nextOrder(), true, run);
      this.#immediatesWaiting += 1;
      this.#immediates.push(handle);
      return handle;
    };
    const clearNow = (handle: unknown): void => {
      if (handle instanceof Handle) this.#spend(handle);
    };
    const own = [setTimer, clearTimer, repeat, clearTimer, setNow, clearNow];
    for (const [index, name] of replaced.entries()) Reflect.set(globalThis, name, own[index]);
    return () => {
      for (const [name, value] of before) Reflect.set(globalThis, name, value);
    };
  }

  /** A binary heap, by time and then by order. */
  #push(handle: Handle): void {
    const heap = this.#timers;
    let at = heap.length;
    heap.push(handle);
    while (at > 0) {
      const up = (at - 1) >> 1;
      const parent = heap[up];
      if (parent === undefined || isBefore(parent, handle)) break;
      heap[at] = parent;
      at = up;
    }
    heap[at] = handle;
  }

  #pop(): void {
    const heap = this.#timers;
    const last = heap.pop();
    if (last === undefined || heap.length === 0) return;
    let at = 0;
    for (;;) {
      const left = heap[2 * at + 1];
      const right = heap[2 * at + 2];
      if (left === undefined) break;
      const isRight = right !== undefined && isBefore(right, left);
      const child = isRight ? right : left;
      if (isBefore(last, child)) break;
      heap[at] = child;
      at = 2 * at + (isRight ? 2 : 1);
    }
    heap[at] = last;
  }
}

function isBefore(one: Handle, other: Handle): boolean {
  return one.atMs < other.atMs || (one.atMs === other.atMs && one.order < other.order);
}

/**
 * Runs Node's ticks and promises until none waits. It is what Node itself does between two callbacks, under the name by which it has given it
 * to the process since its first versions; the public way, a turn of the real event loop for each step, takes several times as long.
 */
function runQueuesDry(): void {
  const run: unknown = Reflect.get(process, '_tickCallback');
  if (typeof run !== 'function') throw new Error('this Node has no process._tickCallback');
  Reflect.apply(run, process, []);
}
