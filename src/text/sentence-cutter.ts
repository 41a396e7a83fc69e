/**
 * Cuts an answer into sentences while it is still being written. What it promises, by number (tests cite them):
 *
 * Sentence cutter 1, lossless: the pieces joined are the whole text with its two ends trimmed; white space between two sentences is the
 * front of the second; no piece is white space alone. The client joins what it gets, and the memory of a conversation does.
 * Sentence cutter 2, the text alone: where it cuts depends on the characters, never on how they were split into deltas; only
 * `settleQuiet`, which is told how long a silence was, may cut earlier. A what-if with other delays and a log whose deltas were joined rely on it.
 * Sentence cutter 3, the cap: a piece has at most `hardCapChars` (240) UTF-16 units after its leading white space; no cut tears a
 * surrogate pair, nor anything of up to 40 units that a reader sees as one character. A voice begins a text without stops within seconds.
 * Sentence cutter 4, the minimum: a first piece has 2 words or 15 units, a later one 3 words or 15 (an ideograph is a word); a shorter
 * sentence is joined with the next: `Yes. No. Maybe not.` gives `Yes. No.` and ` Maybe not.`. The cap, a silence and the end of the
 * answer lift it. Voices read crumbs badly.
 * Sentence cutter 5, early: a sentence is out with the next visible character that confirms its stop (after an abbreviation: the next
 * word), at a line break and after `。` at once, after `！？` and closing quotes with the next character. The time to the first sound is
 * this.
 * Sentence cutter 6, bounded: each character is looked at or copied a bounded number of times, whatever the text; the state is plain
 * JSON, `pending` has at most `hardCapChars` + 1 units, and only `gap` grows, by appending. It lives in the context of a chart, which is
 * recorded.
 * Sentence cutter 7, no languages: two letters of one class (characters.ts) are the same, but for the words of abbreviations.ts. So the
 * shape of a text (redaction-shape.ts) is cut like the text.
 * Sentence cutter 8, one measure: a position counts UTF-16 units. During a call all of them, those of `scan` too, count from the start of
 * `buffer` (what was pending, and the delta), between calls from the start of `pending`; `resultOf` alone converts.
 */
import {
  classAt,
  denseNesting,
  isBasicLetterOrDigit,
  isClauseMark,
  isClosing,
  isDash,
  isDenseClauseMark,
  isDenseFullStop,
  isDenseStop,
  isHighSurrogate,
  isLetterClass,
  isLineBreak,
  isOpening,
  isStrongStop,
  isWhiteSpace,
  lastDenseOpening,
} from './characters.ts';
import {
  emptyScan,
  endAtCap,
  hardCapChars,
  movedScan,
  type PieceMinimum,
  type PieceScan,
  pieceMinimum,
} from './sentence-piece.ts';
import { quietEnd, quietWaitOf } from './sentence-quiet.ts';
import { quietWaits, stopOf, type Verdict, verdictOf } from './sentence-stop.ts';

export { everySentence, hardCapChars } from './sentence-piece.ts';

/** So many opening marks and dashes after a stop are decoration, not the beginning of a sentence. */
const maxOpeningChars = 40;

/** More than every word of the lists needs, with its brackets. */
const maxPreviousChars = 24;

const maxNesting = 8;

/** The first of the quotes, brackets and stops that takeDense looks for. */
const firstDense = '\u201c';

/** Plain JSON; make one from `emptySentenceCutter` and treat all but `pending` and `cutCount` as private. */
export interface SentenceCutter {
  /** Text since the last cut, without the white space before it; at most `hardCapChars` + 1 units. */
  readonly pending: string;
  /** Pieces emitted so far. */
  readonly cutCount: number;
  /** White space before `pending`, the front of the next piece; empty while nothing was emitted. */
  readonly gap: string;
  /** How much of `pending` was looked at: all, or all but the first half of a surrogate pair. */
  readonly scannedChars: number;
  readonly scan: PieceScan;
}

export interface CutResult {
  readonly cutter: SentenceCutter;
  readonly sentences: readonly string[];
}

export const emptySentenceCutter: SentenceCutter = Object.freeze({
  pending: '',
  cutCount: 0,
  gap: '',
  scannedChars: 0,
  scan: emptyScan,
});

/**
 * Adds a delta of any size and gives the sentences that are now certain. Time is linear in `delta`. All calls for one text
 * take the same `minimum`.
 */
export function pushText(cutter: SentenceCutter, delta: string, minimum = pieceMinimum): CutResult {
  if (delta === '') return { cutter, sentences: [] };
  const buffer = cutter.pending + delta;
  // A pair may be split over two deltas: its first half waits for the second.
  const end = isHighSurrogate(buffer.charCodeAt(buffer.length - 1)) ? buffer.length - 1 : buffer.length;
  const run = startRun(cutter, buffer, minimum);
  scanTo(run, end);
  return resultOf(run);
}

/**
 * Says that the model has been silent for `quietMs`. Emits what is pending if that is long enough for the way it ends (`quietWaitMs`);
 * after the whole silence also a piece below the minimum, for somebody is waiting. Else nothing changes.
 */
export function settleQuiet(cutter: SentenceCutter, quietMs: number = quietWaits.doubtful): CutResult {
  const end = quietEnd(cutter);
  if (end === null || quietMs < quietWaitOf(cutter)) return { cutter, sentences: [] };
  const run = startRun(cutter, cutter.pending, pieceMinimum);
  cutAt(run, end, run.scan.nesting);
  scanTo(run, run.buffer.length);
  return resultOf(run);
}

/** Ends the answer: everything pending is emitted, whatever its length; white space at the end is dropped. */
export function finishText(cutter: SentenceCutter, minimum = pieceMinimum): CutResult {
  const run = startRun(cutter, cutter.pending, minimum);
  scanTo(run, run.buffer.length);
  while (decideOpenStop(run, true)) scanTo(run, run.buffer.length);
  const { visibleEnd } = run.scan;
  if (visibleEnd > run.start) cutAt(run, visibleEnd, 0);
  return { cutter: { ...emptySentenceCutter, cutCount: run.cutCount }, sentences: run.sentences };
}

/** The scratch pad of one call: the piece begins at `start` of `buffer`, and is looked at up to `index`. */
interface Run {
  readonly buffer: string;
  readonly sentences: string[];
  readonly minimum: PieceMinimum;
  start: number;
  index: number;
  gap: string;
  cutCount: number;
  scan: { -readonly [Key in keyof PieceScan]: PieceScan[Key] };
}

function startRun(cutter: SentenceCutter, buffer: string, minimum: PieceMinimum): Run {
  return {
    buffer,
    sentences: [],
    minimum,
    start: 0,
    index: cutter.scannedChars,
    gap: cutter.gap,
    cutCount: cutter.cutCount,
    scan: { ...cutter.scan },
  };
}

function resultOf(run: Run): CutResult {
  const { buffer, start, index, gap, cutCount, scan, sentences } = run;
  return {
    cutter: {
      pending: buffer.slice(start),
      cutCount,
      gap,
      scannedChars: index - start,
      scan: movedScan(scan, -start),
    },
    sentences,
  };
}

function scanTo(run: Run, end: number): void {
  while (run.index < end) {
    if (run.scan.wordCounted) skipLetters(run, end);
    if (run.index >= end) return;
    const codePoint = run.buffer.codePointAt(run.index) ?? 0;
    if (!isWhiteSpace(codePoint)) takeVisible(run, String.fromCodePoint(codePoint));
    else if (run.index === run.start) takeGap(run);
    else takeSpace(run, codePoint);
  }
}

/**
 * Letters and digits inside a word change nothing but where it ends, unless something waits for them: most of an answer, at a tenth of the
 * cost.
 */
function skipLetters(run: Run, end: number): void {
  const { scan, buffer, start } = run;
  if (scan.openStop !== null || scan.denseStopped) return;
  const most = Math.min(end, start + hardCapChars);
  let { index } = run;
  while (index < most && isBasicLetterOrDigit(buffer.charCodeAt(index))) index += 1;
  if (index === run.index) return;
  run.index = index;
  scan.visibleEnd = index;
}

/** Emits everything up to `end` and starts a piece there; what was already looked at after `end` is looked at again. */
function cutAt(run: Run, end: number, nesting: number): void {
  run.sentences.push(run.gap + run.buffer.slice(run.start, end));
  run.gap = '';
  run.cutCount += 1;
  startPiece(run, end, nesting);
}

function startPiece(run: Run, start: number, nesting: number): void {
  run.start = start;
  run.index = start;
  run.scan = movedScan(emptyScan, start);
  run.scan.nesting = nesting;
}

/** Cuts at `end` if the piece has the minimum size; else the sentence will be joined with the next one. */
function cutIfLongEnough(run: Run, end: number, words: number, nesting: number): boolean {
  const { firstPieceWords, laterPieceWords, chars } = run.minimum;
  const minWords = run.cutCount === 0 ? firstPieceWords : laterPieceWords;
  if (words < minWords && end - run.start < chars) return false;
  cutAt(run, end, nesting);
  return true;
}

function takeGap(run: Run): void {
  let end = run.index;
  while (end < run.buffer.length && isWhiteSpace(run.buffer.charCodeAt(end))) end += 1;
  // Nothing was said yet: the front of the whole text is trimmed.
  if (run.cutCount > 0) run.gap += run.buffer.slice(run.start, end);
  startPiece(run, end, run.scan.nesting);
}

function takeSpace(run: Run, codePoint: number): void {
  const { scan } = run;
  if (run.index + 1 > run.start + hardCapChars) {
    cutAtCap(run);
    return;
  }
  if (scan.denseStopped && cutDenseStop(run)) return;
  if (decideOpenStop(run, true)) return;
  if (scan.wordStart !== null) endWord(run);
  if (isLineBreak(codePoint)) {
    if (cutIfLongEnough(run, scan.visibleEnd, scan.words, 0)) return;
    scan.openStop = null;
    scan.lineEnded = true;
    scan.opensLine = true;
    scan.nesting = 0;
  }
  run.index += 1;
  if (scan.openStop !== null && scan.openStop.aheadStart === run.index - 1) skipAhead(run, 1, false);
}

function skipAhead(run: Run, width: number, isDashSkipped: boolean): void {
  const open = run.scan.openStop;
  if (open === null) return;
  const afterDash = open.afterDash || isDashSkipped;
  run.scan.openStop = { ...open, aheadStart: open.aheadStart + width, afterDash };
}

/** White space ended a word: see whether it ends in a stop or a clause mark. */
function endWord(run: Run): void {
  const { scan } = run;
  const word = run.buffer.slice(scan.wordStart ?? run.index, run.index);
  const stop = stopOf(word, { previous: scan.previousWord, opensLine: scan.opensLine });
  if (stop !== null) {
    const { words, nesting } = scan;
    scan.openStop = { stop, end: run.index, words, nesting, aheadStart: run.index, afterDash: false };
  }
  if (endsClause(word)) scan.clauseEnd = run.index;
  scan.spaceEnd = run.index;
  // `I am 25.`: in English no ordinal follows, as it does in `am 25. Mai`.
  scan.previousWord = word === 'am' && scan.previousWord === 'I' ? 'I am' : word.slice(-maxPreviousChars);
  if (scan.wordCounted) scan.opensLine = false;
  scan.wordStart = null;
  scan.wordCounted = false;
}

function endsClause(word: string): boolean {
  let end = word.length;
  while (end > 1 && isClosing(word.charAt(end - 1))) end -= 1;
  return isClauseMark(word.charAt(end - 1));
}

function takeVisible(run: Run, character: string): void {
  const { scan } = run;
  if (run.index + character.length > run.start + hardCapChars) {
    cutAtCap(run);
    return;
  }
  if (cutBeforeVisible(run, character)) return;
  if (awaitOrDecide(run, character)) return;
  scan.lineEnded = false;
  if (scan.wordStart === null) scan.wordStart = run.index;
  countWord(run);
  run.index += character.length;
  scan.visibleEnd = run.index;
  if (character >= firstDense) takeDense(run, character);
}

/** The cuts of the dense scripts that the next visible character confirms. */
function cutBeforeVisible(run: Run, character: string): boolean {
  const { scan, buffer, index } = run;
  if (scan.denseStopped) {
    if (isClosing(character) || isStrongStop(character)) return false;
    if (scan.nesting > 0 || !goesOnBehindDenseStop(run, character)) return cutDenseStop(run);
    scan.denseStopped = false;
    return false;
  }
  if (scan.wordStart === null || character <= '\u007f' || classAt(character, 0) !== 'ideograph') return false;
  // `OK!你好`: no white space will come to confirm it.
  if (!isStrongStop(buffer.charAt(index - 1))) return false;
  return cutIfLongEnough(run, index, scan.words, scan.nesting);
}

/** `「行こう！」と言った`, `“不行！”，他说`: a clause mark, or words right behind a quote that no clause mark announced. */
function goesOnBehindDenseStop({ buffer, start, index }: Run, character: string): boolean {
  if (isClauseMark(character) || isDenseClauseMark(character)) return true;
  if (denseNesting(buffer.charAt(index - 1)) >= 0 || classAt(character, 0) !== 'ideograph') return false;
  const opening = lastDenseOpening(buffer.slice(start, index));
  return opening === 0 || (opening > 0 && isLetterClass(classAt(buffer, start + opening - 1)));
}

function cutDenseStop(run: Run): boolean {
  const { scan } = run;
  scan.denseStopped = false;
  return cutIfLongEnough(run, scan.visibleEnd, scan.words, scan.nesting);
}

/** Lets a visible character speak to the stop that waits; true if that cut. */
function awaitOrDecide(run: Run, character: string): boolean {
  const open = run.scan.openStop;
  if (open === null) return false;
  const isSkippable = open.aheadStart === run.index && (isOpening(character) || isDash(character));
  if (isSkippable && run.index - open.end < maxOpeningChars) {
    skipAhead(run, character.length, isDash(character));
    return false;
  }
  return decideOpenStop(run, false);
}

/** Cuts or gives up the stop that waits, if the text after it (up to the next character) is enough to tell. */
function decideOpenStop(run: Run, complete: boolean): boolean {
  const open = run.scan.openStop;
  if (open === null) return false;
  const isAtSpace = complete && run.index === open.aheadStart;
  if (isAtSpace) return false;
  const width = complete ? 0 : (run.buffer.codePointAt(run.index) ?? 0) > 0xffff ? 2 : 1;
  const next = run.buffer.slice(open.aheadStart, run.index + width);
  const verdict: Verdict = verdictOf(open.stop, next, { afterDash: open.afterDash, complete });
  if (verdict === 'wait') return false;
  run.scan.openStop = null;
  if (verdict === 'cut') return cutIfLongEnough(run, open.end, open.words, open.nesting);
  run.scan.weakEnd = open.end;
  return false;
}

function countWord(run: Run): void {
  const { scan } = run;
  const characterClass = classAt(run.buffer, run.index);
  if (characterClass === 'other' || (scan.wordCounted && characterClass !== 'ideograph')) return;
  scan.words += 1;
  scan.wordCounted = true;
}

/** Stops, clause marks and quotes of the scripts that write no spaces; `run.index` is already behind `character`. */
function takeDense(run: Run, character: string): void {
  const { scan } = run;
  if (isDenseClauseMark(character)) scan.clauseEnd = scan.visibleEnd;
  scan.nesting = Math.min(maxNesting, Math.max(0, scan.nesting + denseNesting(character)));
  if (!isDenseStop(character)) return;
  scan.denseStopped = true;
  // Outside quotes nothing follows that belongs to the sentence: no waiting. Other stops often come in twos: `？！`.
  if (isDenseFullStop(character) && scan.nesting === 0 && !hasOpenQuote(run)) cutDenseStop(run);
}

/** `他说"你好。"`: quotes without a direction; looks at the piece once for each cut. */
function hasOpenQuote({ buffer, start, index }: Run): boolean {
  return buffer.slice(start, index).split('"').length % 2 === 0;
}

/** The piece is too long: cuts at a stop that was not sure, else at a clause mark, at white space, or right here. */
function cutAtCap(run: Run): void {
  cutAt(run, endAtCap(run), 0);
}
