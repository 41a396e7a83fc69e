/**
 * A chart that was laid out: plain data in the drawing's own units, which a page, an SVG and a document paint each in their way. Two levels
 * of the same chart: `map` has the states alone, `full` has a row for each transition, too.
 *
 * Texts that a painter sets: titles of `map` in 11 units (semibold), of `full` in 13; rows in 11.5, their guards in 10.5; timers and counts
 * in 9 (`map`, the timers of a typewriter's width) or 10.5. Larger ones would leave their boxes. A count has room for `countChars`
 * characters, 5 unless told.
 */

export type ChartLevel = 'map' | 'full';

export interface ChartGeometry {
  readonly machine: string;
  readonly version: string;
  readonly level: ChartLevel;
  readonly width: number;
  readonly height: number;
  /** Outer boxes before inner ones: the order in which they are painted. */
  readonly boxes: readonly BoxGeometry[];
  /** Painted over the boxes; no line crosses a text. */
  readonly edges: readonly EdgeGeometry[];
  /** Transitions that can be taken in every state; `map` has no place for them, they are told in words beside the chart. */
  readonly everywhere: readonly TransitionWords[];
  /** Transitions of single states that lead elsewhere and have no line: to an end that every state leads to, above all. */
  readonly undrawn: readonly TransitionWords[];
}

export interface BoxGeometry {
  /** Its place in the chart, `streaming.voice.silent`; '' of a list. */
  readonly path: string;
  readonly name: string;
  /** `list` = no state: the rows of what can happen in every state, in `full` alone. */
  readonly kind: 'state' | 'region' | 'final' | 'list';
  /** Of a final state: whether it is a good end. */
  readonly isGoodEnd: boolean;
  readonly isLeaf: boolean;
  /** Where the state around it, or the chart, begins: marked by a dot on the left border at the height of `titleMidY`. */
  readonly isInitial: boolean;
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
  /** Of its title and what belongs to it, from the top: what a painter may colour of a box that holds others. */
  readonly headHeight: number;
  /** Of its corners. */
  readonly radius: number;
  /** Baseline of the title's text, and of the count that ends at `countX`. */
  readonly titleX: number;
  readonly titleY: number;
  readonly titleMidY: number;
  readonly countX: number;
  /** Baseline of a line below the title, where room for it was asked for. */
  readonly noteY: number;
  /** One for each named delay of the state. */
  readonly timers: readonly TimerGeometry[];
  /** Of `full` alone. */
  readonly rows: readonly RowGeometry[];
}

/** A timer's clock, its name and, while it is armed, how long it still has, all on one baseline. */
export interface TimerGeometry {
  readonly name: string;
  /** Baseline. */
  readonly y: number;
  /** Centre and radius of the clock. */
  readonly clockX: number;
  readonly clockY: number;
  readonly clockRadius: number;
  /** Where its name begins; null where the text of a row tells it. */
  readonly nameX: number | null;
  /** Where the time that is left ends: 5 characters, `29.6s`. */
  readonly leftX: number;
}

export interface TransitionWords {
  /** As `transitionIdOf` makes it; unique in the chart. */
  readonly id: string;
  /** The place of its source; '' = the whole chart. */
  readonly from: string;
  readonly trigger: string;
  readonly guard: string | null;
  /** Places of its targets; empty = it stays where it is. */
  readonly targets: readonly string[];
  /** Its targets in words: `itself`, the name of a neighbour, or as much of the place as no other state has; '' = it stays where it is. */
  readonly goal: string;
  /** Whether it leads to a good or a bad end. */
  readonly tone: 'plain' | 'good' | 'bad';
}

export interface RowGeometry extends TransitionWords {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
  /** Baselines of `trigger → goal` and of the count that ends at `countX`, and of the guard. */
  readonly textX: number;
  readonly textY: number;
  readonly countX: number;
  readonly guardX: number;
  readonly guardY: number;
}

export interface EdgeGeometry {
  /** All transitions that the line stands for. */
  readonly ids: readonly string[];
  /** The boxes that it is drawn between: those of its transitions, or what is around them where a line from inside would cross others. */
  readonly from: string;
  readonly to: string;
  /** The path of its line, as SVG's `d`; it ends at the arrow's tip. */
  readonly d: string;
}
