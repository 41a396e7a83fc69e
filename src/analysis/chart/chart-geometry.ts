/**
 * A chart that was laid out: plain data in the drawing's own units, which a page, an SVG and a document paint each in their way. Two levels
 * of the same chart: `map` has the states alone, `full` has a row for each transition, too.
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
  readonly edges: readonly EdgeGeometry[];
  /** Transitions that can be taken in every state; told in words beside the chart. */
  readonly everywhere: readonly TransitionWords[];
}

export interface BoxGeometry {
  /** Its place in the chart, `streaming.voice.silent`. */
  readonly path: string;
  readonly name: string;
  readonly kind: 'state' | 'region' | 'final';
  /** Of a final state: whether it is a good end. */
  readonly isGoodEnd: boolean;
  readonly isLeaf: boolean;
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
  /** Baseline of the title's text, and of the count that ends at `countX`. */
  readonly titleX: number;
  readonly titleY: number;
  readonly countX: number;
  /** One for each named delay of the state; x, y is the baseline of its text. */
  readonly timers: readonly { readonly name: string; readonly x: number; readonly y: number }[];
  /** Of `full` alone. */
  readonly rows: readonly RowGeometry[];
}

export interface TransitionWords {
  /** As `transitionIdOf` makes it; unique in the chart. */
  readonly id: string;
  readonly trigger: string;
  readonly guard: string | null;
  /** '' = it stays where it is. */
  readonly goal: string;
  readonly tone: 'plain' | 'good' | 'bad';
}

export interface RowGeometry extends TransitionWords {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

export interface EdgeGeometry {
  /** All transitions that the line stands for. */
  readonly ids: readonly string[];
  readonly from: string;
  readonly to: string;
  /** The path of its line, as SVG's `d`; it ends at the arrow's tip. */
  readonly d: string;
}
