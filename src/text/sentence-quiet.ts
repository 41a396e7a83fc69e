/**
 * What a silence makes of the text that waits: whether it ends like a sentence, and how long the silence must be to say so. The surer the
 * stop, the shorter: who hears the first sentence waits for this. Pure; looks at no more than the last word.
 */
import { isDash } from './characters.ts';
import { type PieceScan, pieceMinimum } from './sentence-piece.ts';
import { certaintyOf, quietWaits, stopOf } from './sentence-stop.ts';

/** The part of a sentence cutter that this looks at. */
interface WaitingText {
  readonly pending: string;
  readonly cutCount: number;
  readonly scannedChars: number;
  readonly scan: PieceScan;
}

/** Where a silence that is long enough cuts `pending`, or null where none does. */
export function quietEnd(cutter: WaitingText): number | null {
  const { scan, pending, scannedChars } = cutter;
  if (scan.visibleEnd === 0 || scan.words === 0 || scannedChars < pending.length) return null;
  if (scan.lineEnded || scan.denseStopped) return scan.visibleEnd;
  if (scan.openStop !== null) {
    const { stop, end } = scan.openStop;
    return stop.safeWhenQuiet && end === scan.visibleEnd ? end : null;
  }
  if (scan.wordStart === null) return null;
  const word = pending.slice(scan.wordStart);
  const stop = stopOf(word, { previous: scan.previousWord, opensLine: scan.opensLine });
  return stop?.safeWhenQuiet ? scan.visibleEnd : null;
}

/** The silence in ms after which the text would be cut; null where none is long enough. */
export function quietWaitMs(cutter: WaitingText): number | null {
  return quietEnd(cutter) === null ? null : quietWaitOf(cutter);
}

/**
 * How long a silence settles the stop at the end of `pending`. Without white space behind it (the token of most models for the next word has it
 * in front) a certain one may still be the dot of `example.com`, and waits longer.
 */
export function quietWaitOf({ scan, pending, cutCount }: WaitingText): number {
  const { firstPieceWords, laterPieceWords, chars } = pieceMinimum;
  const isLongEnough = scan.words >= (cutCount === 0 ? firstPieceWords : laterPieceWords) || scan.visibleEnd >= chars;
  // A line that is too short for a piece: its end is sure, only the next one might have joined it.
  if (scan.lineEnded) return quietWaits.likely;
  if (!isLongEnough) return quietWaits.doubtful;
  const isDialogue = isDash(pending.charAt(0));
  if (scan.openStop !== null) return quietWaits[certaintyOf(scan.openStop.stop, scan.previousWord, isDialogue)];
  if (scan.wordStart === null) return quietWaits.doubtful;
  const word = pending.slice(scan.wordStart);
  const stop = stopOf(word, { previous: scan.previousWord, opensLine: scan.opensLine });
  const isCertain = stop !== null && certaintyOf(stop, word, isDialogue) === 'certain';
  return isCertain ? quietWaits.likely : quietWaits.doubtful;
}
