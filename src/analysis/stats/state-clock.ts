/**
 * How often states were entered and how long they lasted, from where a chart was after each of its steps. A state that holds others lasts
 * as long as they do together. One that was entered and left within one turn was entered, but lasted no time that a turn could see.
 */

/** When a step was: the number of its turn and the time of it. */
interface Moment {
  readonly turn: number;
  readonly atMs: number;
}

interface StateCount {
  entered: number;
  logs: number;
  /** The log in which it was last, so that each counts once. */
  lastLog: number;
  readonly lastedMs: number[];
}

export class StateClock {
  readonly #counts = new Map<string, StateCount>();
  /** Paths of the active states, inner and outer, for each text of states that came so far. */
  readonly #paths = new Map<string, ReadonlySet<string>>();
  #active = new Map<string, Moment>();
  #log = 0;

  /** A new log begins; what was active in the one before it did not come to its end. */
  begin(): void {
    this.#log += 1;
    this.#active = new Map();
  }

  /** The chart is in these states, `a.b | c.d`, from now on. */
  move(states: string, now: Moment): void {
    const paths = this.#pathsOf(states);
    for (const [path, since] of this.#active) {
      if (paths.has(path)) continue;
      this.#active.delete(path);
      if (since.turn !== now.turn) this.#countOf(path).lastedMs.push(now.atMs - since.atMs);
    }
    for (const path of paths) {
      if (this.#active.has(path)) continue;
      this.#active.set(path, now);
      const count = this.#countOf(path);
      count.entered += 1;
      if (count.lastLog !== this.#log) count.logs += 1;
      count.lastLog = this.#log;
    }
  }

  figuresOf(path: string): { readonly entered: number; readonly logs: number; readonly lastedMs: readonly number[] } {
    return this.#counts.get(path) ?? { entered: 0, logs: 0, lastedMs: [] };
  }

  #countOf(path: string): StateCount {
    const known = this.#counts.get(path);
    if (known !== undefined) return known;
    const count: StateCount = { entered: 0, logs: 0, lastLog: 0, lastedMs: [] };
    this.#counts.set(path, count);
    return count;
  }

  #pathsOf(states: string): ReadonlySet<string> {
    const known = this.#paths.get(states);
    if (known !== undefined) return known;
    const paths = new Set<string>();
    for (const leaf of states.split(' | ')) {
      for (let end = leaf.indexOf('.'); end >= 0; end = leaf.indexOf('.', end + 1)) paths.add(leaf.slice(0, end));
      paths.add(leaf);
    }
    this.#paths.set(states, paths);
    return paths;
  }
}
