/**
 * What a re-execution leaves behind, turn by turn: snapshots, transitions, entered states. Contexts share what did not change, so that a
 * kept snapshot costs a kilobyte; of a log with very many turns every second, fourth, … is kept, and those between are executed again when
 * somebody asks. Counts up to a turn are told from marks, at most MARK_EVERY turns away.
 *
 * It can be cut back to an earlier turn: what an amendment changes is executed again from there.
 */
import type { AnyMachineSnapshot } from 'xstate';

/** Turns between two marks. */
const MARK_EVERY = 64;
/** A session's take a kilobyte each, a supervisor's with thousands of streams three: some 50 MiB at most, and a turn between two costs 20 µs. */
const MAX_SNAPSHOTS = 16_384;

/** Numbers of variable count a turn, one after the other. */
class NumberRows {
  #numbers: number[] = [];
  readonly #ends: number[] = [];

  get length(): number {
    return this.#ends.length;
  }

  add(row: readonly number[]): void {
    for (const each of row) this.#numbers.push(each);
    this.#ends.push(this.#numbers.length);
  }

  row(index: number): readonly number[] {
    return this.#numbers.slice(this.#ends[index - 1] ?? 0, this.#ends[index] ?? 0);
  }

  truncate(rows: number): void {
    this.#ends.length = rows;
    this.#numbers.length = this.#ends.at(-1) ?? 0;
  }
}

/** How often each number stands in the rows up to one of them. */
class Counts {
  readonly #rows = new NumberRows();
  readonly #marks: Uint32Array[] = [];
  readonly #kinds: number;
  #now: Uint32Array;

  constructor(kinds: number) {
    this.#kinds = kinds;
    this.#now = new Uint32Array(kinds);
  }

  get length(): number {
    return this.#rows.length;
  }

  add(row: readonly number[]): void {
    if (this.#rows.length % MARK_EVERY === 0) this.#marks.push(this.#now.slice());
    this.#rows.add(row);
    countIn(this.#now, row);
  }

  row(index: number): readonly number[] {
    return this.#rows.row(index);
  }

  /** With the row `index` itself. */
  upTo(index: number): Uint32Array {
    const last = Math.min(index, this.#rows.length - 1);
    if (last < 0) return new Uint32Array(this.#kinds);
    const mark = Math.floor(last / MARK_EVERY);
    const counts = this.#marks[mark]?.slice() ?? new Uint32Array(this.#kinds);
    for (let row = mark * MARK_EVERY; row <= last; row += 1) countIn(counts, this.#rows.row(row));
    return counts;
  }

  truncate(rows: number): void {
    this.#now = this.upTo(rows - 1);
    this.#rows.truncate(rows);
    this.#marks.length = Math.ceil(rows / MARK_EVERY);
  }
}

function countIn(counts: Uint32Array, row: readonly number[]): void {
  for (const each of row) counts[each] = (counts[each] ?? 0) + 1;
}

/** What a turn did, by the places of states and transitions in their chart. */
export interface TurnMarks {
  readonly entered: readonly number[];
  readonly taken: readonly number[];
  /** It took a transition that leads somewhere. */
  readonly hasLed: boolean;
}

export class TurnHistory {
  readonly #maxSnapshots: number;
  /** Every `#every`th. */
  #snapshots: AnyMachineSnapshot[] = [];
  #every = 1;
  readonly #visits: Counts;
  readonly #taken: Counts;
  /** For each turn, the last one up to it that led somewhere; -1 = none. */
  readonly #lastLed: number[] = [];

  constructor(chart: { readonly states: number; readonly transitions: number }, maxSnapshots = MAX_SNAPSHOTS) {
    this.#maxSnapshots = maxSnapshots;
    this.#visits = new Counts(chart.states);
    this.#taken = new Counts(chart.transitions);
  }

  /** Turns that were executed. */
  get turns(): number {
    return this.#taken.length;
  }

  /** The next turn, and where it left the chart. */
  add(snapshot: AnyMachineSnapshot, { entered, taken, hasLed }: TurnMarks): void {
    const turn = this.turns;
    if (turn % this.#every === 0) this.#keep(snapshot);
    this.#visits.add(entered);
    this.#taken.add(taken);
    this.#lastLed.push(hasLed ? turn : (this.#lastLed[turn - 1] ?? -1));
  }

  /** The snapshot of this turn, or of the nearest one before it that was kept; null = the turn was not executed. */
  nearest(turn: number): { readonly turn: number; readonly snapshot: AnyMachineSnapshot } | null {
    if (turn < 0 || turn >= this.turns) return null;
    const place = Math.floor(turn / this.#every);
    const snapshot = this.#snapshots[place];
    return snapshot === undefined ? null : { turn: place * this.#every, snapshot };
  }

  enteredIn(turn: number): readonly number[] {
    return this.#visits.row(turn);
  }

  takenIn(turn: number): readonly number[] {
    return this.#taken.row(turn);
  }

  takenUpTo(turn: number): Uint32Array {
    return this.#taken.upTo(turn);
  }

  visitsUpTo(turn: number): Uint32Array {
    return this.#visits.upTo(turn);
  }

  /** The last turn up to this one that led somewhere; -1 = none. */
  lastLed(turn: number): number {
    return this.#lastLed[Math.min(turn, this.turns - 1)] ?? -1;
  }

  /** Forgets all turns from `turns` on. */
  truncate(turns: number): void {
    if (turns >= this.turns) return;
    this.#snapshots.length = Math.ceil(turns / this.#every);
    this.#visits.truncate(turns);
    this.#taken.truncate(turns);
    this.#lastLed.length = turns;
  }

  #keep(snapshot: AnyMachineSnapshot): void {
    this.#snapshots.push(snapshot);
    if (this.#snapshots.length <= this.#maxSnapshots) return;
    this.#snapshots = this.#snapshots.filter((_, place) => place % 2 === 0);
    this.#every *= 2;
  }
}
