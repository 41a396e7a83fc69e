/**
 * From a log's time to the drawing, and back. Quiet times are squeezed into a break of fixed width, so that a session that stood idle for
 * minutes still shows its milliseconds; what is left shares the room evenly. Pure.
 */

export interface Span {
  readonly fromMs: number;
  readonly toMs: number;
}

export interface TimeScale {
  /** Where a moment is drawn, in px from the left; outside of the shown span it is outside of the drawing. */
  readonly x: (ms: number) => number;
  readonly ms: (x: number) => number;
  /** Quiet times that are seen, with the middle of their mark. */
  readonly breaks: readonly (Span & { readonly middle: number })[];
  /** Moments at which a line with its time is drawn. */
  readonly lines: readonly number[];
}

/** Width of a quiet time, in px. */
const BREAK_WIDTH = 26;
/** Between two lines that bear a time, in px. */
const LINE_DISTANCE = 90;
/** What can be zoomed into, at least, in ms. */
const SHORTEST_MS = 2;

interface Piece extends Span {
  readonly isQuiet: boolean;
  readonly x: number;
  readonly width: number;
}

/** `shown` is a part of 0..end; `quiet` is sorted and does not overlap. */
export function timeScale(shown: Span, quiet: readonly Span[], width: number): TimeScale {
  const pieces = piecesOf(shown, quiet, Math.max(1, width));
  const breaks = pieces
    .filter(({ isQuiet }) => isQuiet)
    .map((piece) => ({ fromMs: piece.fromMs, toMs: piece.toMs, middle: piece.x + piece.width / 2 }));
  return {
    x: (ms) => xIn(pieces, ms),
    ms: (x) => msIn(pieces, x),
    breaks,
    lines: linesOf(pieces),
  };
}

function piecesOf({ fromMs, toMs }: Span, quiet: readonly Span[], width: number): readonly Piece[] {
  const cuts = quiet
    .map((span) => ({ fromMs: Math.max(fromMs, span.fromMs), toMs: Math.min(toMs, span.toMs) }))
    .filter((span) => span.toMs > span.fromMs);
  const quietMs = cuts.reduce((sum, span) => sum + span.toMs - span.fromMs, 0);
  const busyMs = Math.max(0, toMs - fromMs - quietMs);
  // Breaks never take more than half, however many there are; a span that is wholly quiet is one of its own.
  const breakWidth =
    busyMs === 0 ? width / Math.max(1, cuts.length) : Math.min(BREAK_WIDTH, width / 2 / Math.max(1, cuts.length));
  const pxPerMs = busyMs === 0 ? 0 : (width - breakWidth * cuts.length) / busyMs;
  const pieces: Piece[] = [];
  let at = fromMs;
  let x = 0;
  const add = (until: number, isQuiet: boolean): void => {
    const pieceWidth = isQuiet ? breakWidth : (until - at) * pxPerMs;
    if (until > at) pieces.push({ fromMs: at, toMs: until, isQuiet, x, width: pieceWidth });
    if (until > at) x += pieceWidth;
    at = Math.max(at, until);
  };
  for (const cut of cuts) {
    add(cut.fromMs, false);
    add(cut.toMs, true);
  }
  add(toMs, false);
  return pieces;
}

function xIn(pieces: readonly Piece[], ms: number): number {
  const piece = pieces.find((each) => ms <= each.toMs) ?? pieces.at(-1);
  if (piece === undefined) return 0;
  return piece.x + ((ms - piece.fromMs) / (piece.toMs - piece.fromMs)) * piece.width;
}

function msIn(pieces: readonly Piece[], x: number): number {
  const piece = pieces.find((each) => x <= each.x + each.width) ?? pieces.at(-1);
  if (piece === undefined) return 0;
  if (piece.width === 0) return piece.fromMs;
  const ms = piece.fromMs + ((x - piece.x) / piece.width) * (piece.toMs - piece.fromMs);
  return Math.min(Math.max(ms, pieces[0]?.fromMs ?? ms), pieces.at(-1)?.toMs ?? ms);
}

/** 1, 2 or 5 times a power of ten, no closer than LINE_DISTANCE; none inside a break. */
function linesOf(pieces: readonly Piece[]): readonly number[] {
  const busy = pieces.filter(({ isQuiet }) => !isQuiet);
  const first = busy[0];
  if (first === undefined || first.width === 0) return [];
  const step = stepOf(((first.toMs - first.fromMs) / first.width) * LINE_DISTANCE);
  const lines: number[] = [];
  let lastX = Number.NEGATIVE_INFINITY;
  for (const piece of busy) {
    for (let ms = Math.ceil(piece.fromMs / step) * step; ms <= piece.toMs; ms += step) {
      const x = xIn([piece], ms);
      if (x - lastX >= LINE_DISTANCE - 1) {
        lines.push(ms);
        lastX = x;
      }
    }
  }
  return lines;
}

function stepOf(atLeastMs: number): number {
  const power = 10 ** Math.floor(Math.log10(atLeastMs));
  return [1, 2, 5, 10].map((factor) => factor * power).find((step) => step >= atLeastMs) ?? atLeastMs;
}

/** The span with `factor` of the length, in which `atMs` keeps its place; within 0..endMs. */
export function zoomed({ fromMs, toMs }: Span, factor: number, atMs: number, endMs: number): Span {
  const length = Math.min(Math.max((toMs - fromMs) * factor, Math.min(SHORTEST_MS, endMs)), endMs);
  const place = toMs === fromMs ? 0 : (atMs - fromMs) / (toMs - fromMs);
  return within(atMs - place * length, length, endMs);
}

/** The span, moved by `byMs`, of the same length; within 0..endMs. */
export function moved({ fromMs, toMs }: Span, byMs: number, endMs: number): Span {
  return within(fromMs + byMs, toMs - fromMs, endMs);
}

function within(fromMs: number, length: number, endMs: number): Span {
  const from = Math.max(0, Math.min(fromMs, endMs - length));
  return { fromMs: from, toMs: from + length };
}

export interface Strip {
  readonly scale: TimeScale;
  /** Of the drawing, in px. */
  readonly width: number;
  readonly top: number;
  readonly height: number;
}

/** One line for a lane's moments: a stroke each, but one a pixel, however many there are. */
export function ticksPath(ticks: readonly number[], { scale, width, top, height }: Strip): string {
  let path = '';
  let last = -1;
  for (const ms of ticks) {
    const at = Math.round(scale.x(ms));
    if (at === last || at < 0 || at > width) continue;
    path += `M${at + 0.5} ${top}v${height}`;
    last = at;
  }
  return path;
}

export interface DrawnBar<B extends Span> {
  readonly bar: B;
  readonly x: number;
  readonly width: number;
  /** What its label may take: up to where the next one begins. */
  readonly labelWidth: number;
}

/** The narrowest bar that is seen, and from the begin of one to that of the next, in px. */
const BAR_WIDTH = 2;
const BAR_DISTANCE = 3;

/**
 * The bars of a lane that are seen, sorted by their begin, at most one in three pixels in which they begin: the longest of those. So their number is
 * bounded by the drawing, not by the log.
 */
export function barsToDraw<B extends Span>(
  bars: readonly B[],
  scale: TimeScale,
  width: number,
): readonly DrawnBar<B>[] {
  const drawn: DrawnBar<B>[] = [];
  for (const bar of bars) {
    const [from, to] = [scale.x(bar.fromMs), scale.x(bar.toMs)];
    if (to < 0 || from > width) continue;
    const x = Math.max(from, -BAR_WIDTH);
    const next = { bar, x, width: Math.max(BAR_WIDTH, Math.min(to, width + BAR_WIDTH) - x), labelWidth: 0 };
    const before = drawn.at(-1);
    if (before === undefined || x - before.x >= BAR_DISTANCE) drawn.push(next);
    else if (next.width > before.width) drawn[drawn.length - 1] = next;
  }
  return drawn.map((each, index) => {
    const untilNext = (drawn[index + 1]?.x ?? width) - each.x;
    return { ...each, labelWidth: Math.min(each.width, untilNext) };
  });
}
