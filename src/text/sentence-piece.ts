/**
 * What the sentence cutter knows of the piece that is being written: plain JSON, a few numbers and the last word, so that
 * no character has to be looked at twice.
 */
import type { Stop } from './sentence-stop.ts';

/** A stop that waits for the text after it. Offsets count from the start of `pending`. */
interface OpenStop {
  readonly stop: Stop;
  readonly end: number;
  /** Words and open quotes up to `end`. */
  readonly words: number;
  readonly nesting: number;
  /** Where the first significant character after the stop is, or will be. */
  readonly aheadStart: number;
  readonly afterDash: boolean;
}

/** What is known of the current piece. Offsets count from the start of `pending`; 0 means "none yet". */
export interface PieceScan {
  readonly words: number;
  readonly wordStart: number | null;
  readonly wordCounted: boolean;
  readonly previousWord: string;
  readonly opensLine: boolean;
  readonly visibleEnd: number;
  /** Only a line break stands after `visibleEnd`, and the piece was too short to be cut there. */
  readonly lineEnded: boolean;
  /** Quotes and brackets of the dense scripts that are open; survives a cut. */
  readonly nesting: number;
  /** The piece ends with a dense stop inside such a quote: a closing quote may still follow. */
  readonly denseStopped: boolean;
  readonly openStop: OpenStop | null;
  readonly weakEnd: number;
  readonly clauseEnd: number;
  readonly spaceEnd: number;
}

export const emptyScan: PieceScan = Object.freeze({
  words: 0,
  wordStart: null,
  wordCounted: false,
  previousWord: '',
  opensLine: true,
  visibleEnd: 0,
  lineEnded: false,
  nesting: 0,
  denseStopped: false,
  openStop: null,
  weakEnd: 0,
  clauseEnd: 0,
  spaceEnd: 0,
});
