/**
 * Where to cut a sentence that has become too long: at a stop that was not sure, else at a clause mark, else at white
 * space, else right at the cap, but not inside a surrogate pair, a combining sequence, a joined emoji or a flag.
 */
import { isOneGrapheme, isRegionalIndicator, isWhiteSpace, previousIndex } from './characters.ts';
import type { PieceScan } from './piece-scan.ts';

/** Long enough for nearly every sentence, short enough that a voice starts a text without stops within seconds. */
export const hardCapChars = 240;

/** A sentence that is too long is not cut at a mark before this, so that no crumbs come out. */
const clauseMinChars = 60;

/** The widest emoji families are about this long; what is longer is torn rather than kept whole. */
const maxGraphemeChars = 40;

/** A piece that reached the cap: it begins at `start` of `buffer`, and the character at `index` has no room in it. */
export interface FullPiece {
  readonly buffer: string;
  readonly start: number;
  readonly index: number;
  readonly scan: PieceScan;
}

/** The end of the cut as an offset from the start of the piece, at least 1. */
export function endAtCap(piece: FullPiece): number {
  const { scan } = piece;
  const weakEnd = Math.max(scan.weakEnd, scan.openStop?.end ?? 0);
  if (weakEnd >= clauseMinChars) return weakEnd;
  if (scan.clauseEnd >= clauseMinChars) return scan.clauseEnd;
  if (isWhiteSpace(piece.buffer.charCodeAt(piece.index))) return scan.visibleEnd;
  return scan.spaceEnd > 0 ? scan.spaceEnd : graphemeStart(piece) - piece.start;
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
