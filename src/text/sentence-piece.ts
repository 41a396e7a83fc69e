/**
 * The piece that the sentence cutter is writing: what is known of it (plain JSON, a few numbers and the last word, so that no character
 * has to be looked at twice), how long it must be, and where it is cut when it has become too long: at a stop that was not sure, else at
 * a clause mark, else at white space, else right at the cap, but not inside a surrogate pair, a combining sequence, a joined emoji or a
 * flag.
 */
import { isOneGrapheme, isRegionalIndicator, isWhiteSpace, previousIndex } from './characters.ts';
import type { Stop } from './sentence-stop.ts';

/** A stop that waits for the text after it. */
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

/**
 * What is known of the current piece. `wordStart`, `aheadStart` and what is called an end are positions, all in one text (Sentence cutter
 * 8); the start of the piece stands for "none yet".
 */
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

/** Nothing is known yet of a piece that begins at 0. */
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

/** The same scan with all positions moved by `distance`. Field by field: a spread costs a third of the time of the whole cutter. */
export function movedScan(scan: PieceScan, distance: number): PieceScan {
  const { wordStart, openStop } = scan;
  return {
    words: scan.words,
    wordStart: wordStart === null ? null : wordStart + distance,
    wordCounted: scan.wordCounted,
    previousWord: scan.previousWord,
    opensLine: scan.opensLine,
    visibleEnd: scan.visibleEnd + distance,
    lineEnded: scan.lineEnded,
    nesting: scan.nesting,
    denseStopped: scan.denseStopped,
    openStop: openStop === null || distance === 0 ? openStop : movedStop(openStop, distance),
    weakEnd: scan.weakEnd + distance,
    clauseEnd: scan.clauseEnd + distance,
    spaceEnd: scan.spaceEnd + distance,
  };
}

function movedStop(open: OpenStop, distance: number): OpenStop {
  return { ...open, end: open.end + distance, aheadStart: open.aheadStart + distance };
}

/** A sentence that has neither so many words nor so many characters is joined with the next one. */
export interface PieceMinimum {
  readonly firstPieceWords: number;
  readonly laterPieceWords: number;
  readonly chars: number;
}

export const pieceMinimum: PieceMinimum = Object.freeze({ firstPieceWords: 2, laterPieceWords: 3, chars: 15 });

/** Every sentence by itself if it has a word: what can be compared with other splitters. */
export const everySentence: PieceMinimum = Object.freeze({
  firstPieceWords: 1,
  laterPieceWords: 1,
  chars: Number.MAX_SAFE_INTEGER,
});

/** Long enough for nearly every sentence, short enough that a voice starts a text without stops within seconds. */
export const hardCapChars = 240;

/** A sentence that is too long is not cut at a mark before this, so that no crumbs come out. */
const clauseMinChars = 60;

/** The widest emoji families are about this long; what is longer is torn rather than kept whole. */
const maxGraphemeChars = 40;

/** A piece that reached the cap: it begins at `start` of `buffer`, and the character at `index` has no room in it. */
interface FullPiece {
  readonly buffer: string;
  readonly start: number;
  readonly index: number;
  readonly scan: PieceScan;
}

/** The position at which a piece that reached the cap is cut, behind its start. */
export function endAtCap(piece: FullPiece): number {
  const { buffer, start, index, scan } = piece;
  const weakEnd = Math.max(scan.weakEnd, scan.openStop?.end ?? start);
  if (weakEnd >= start + clauseMinChars) return weakEnd;
  if (scan.clauseEnd >= start + clauseMinChars) return scan.clauseEnd;
  if (isWhiteSpace(buffer.charCodeAt(index))) return scan.visibleEnd;
  return scan.spaceEnd > start ? scan.spaceEnd : graphemeStart(piece);
}

/** The nearest position at or before the cap that tears no combining sequence, or the cap itself if none is near. */
function graphemeStart(piece: FullPiece): number {
  const { buffer, start, index } = piece;
  let position = index;
  while (position > start && index - position < maxGraphemeChars) {
    const before = previousIndex(buffer, position);
    const after = String.fromCodePoint(buffer.codePointAt(position) ?? 0);
    const isTorn =
      isOneGrapheme(buffer.slice(before, position), after) ||
      (isRegionalIndicator(after) && indicatorsBefore(piece, position) % 2 === 1);
    if (!isTorn) return position;
    position = before;
  }
  return index;
}

/** How many halves of flags stand right before `end` in the piece. */
function indicatorsBefore(piece: FullPiece, end: number): number {
  let count = 0;
  for (let position = end; position > piece.start; count += 1) {
    const before = previousIndex(piece.buffer, position);
    if (!isRegionalIndicator(piece.buffer.slice(before, position))) break;
    position = before;
  }
  return count;
}
