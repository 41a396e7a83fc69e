/**
 * The lines between the boxes of a chart: which transitions have one, where each runs, and its path. A line never crosses a box that is
 * neither around its source nor around its goal, so it never crosses a text:
 * - `next`: a short arrow in the gap between two boxes that stand below each other (in a map; in `full` each row has its own line),
 * - `lane`: out of a box to the right, along a lane beside the column, back into another box of that column,
 * - `across`: through the gap between two neighbouring columns, straight wherever both boxes reach that far.
 * Lines of one source, or to one goal, share a lane; all others have lanes of their own. What would need more is told in words
 * (`undrawn`), and so is every way to a state that can be reached from everywhere: those lines would hide all others.
 */

import { type Box, boxesIn, type Column, type Plan, type Row, rowMid, titleMid } from './chart-boxes.ts';
import type { EdgeGeometry, TransitionWords } from './chart-geometry.ts';

interface Line {
  readonly ids: string[];
  readonly from: Box;
  readonly to: Box;
  readonly row: Row | null;
  readonly way: Way;
  fromY: number;
  toY: number;
  /** Counts from 0, away from the boxes; of a straight line it means nothing. */
  lane: number;
}

type Way =
  | { readonly kind: 'next' }
  | { readonly kind: 'lane'; readonly column: Column }
  /** `left` is the column on the left of the gap. */
  | { readonly kind: 'across'; readonly left: Column; readonly isRightward: boolean };

export interface Lines {
  readonly lines: readonly Line[];
  readonly undrawn: readonly TransitionWords[];
}

/** Which transitions have lines; needs the boxes in their columns alone, and says which of those have arrows between them. */
export function planLines(words: readonly TransitionWords[], plan: Plan): Lines {
  const everywhere = new Set(words.filter(({ from }) => from === '').flatMap(({ targets }) => targets));
  const lines = new Map<string, Line>();
  const undrawn: TransitionWords[] = [];
  for (const each of words) {
    if (each.from === '') continue;
    const others = each.targets.filter((target) => target !== each.from);
    const drawn = others.flatMap((target) => {
      const line = everywhere.has(target) ? undefined : lineOf(each, target, plan);
      return line === undefined ? [] : [line];
    });
    if (drawn.length < others.length) undrawn.push(each);
    for (const line of drawn) {
      const key = [line.from.path, line.to.path, line.row?.words.id ?? ''].join(' ');
      const known = lines.get(key);
      if (known === undefined) lines.set(key, line);
      else known.ids.push(each.id);
    }
  }
  const all = [...lines.values()];
  for (const { way, from, to } of all) {
    if (way.kind !== 'next') continue;
    const [above] = isBelow(to, from) ? [from] : [to];
    above.hasArrowBelow = true;
  }
  return { lines: all, undrawn };
}

/** Both in the same column. */
function isBelow(box: Box, other: Box): boolean {
  const boxes = columnsAround(box).boxes;
  return boxes.indexOf(box) > boxes.indexOf(other);
}

function columnsAround(box: Box): Column {
  const column = box.parent?.columns.find(({ boxes }) => boxes.includes(box));
  if (column === undefined) throw new Error(`the box ${box.path} stands in no column`);
  return column;
}

function lineOf(words: TransitionWords, target: string, plan: Plan): Line | undefined {
  const [source, goal] = [plan.boxes.get(words.from), plan.boxes.get(target)];
  if (source === undefined || goal === undefined) return undefined;
  const [sources, goals] = [waysUp(source), waysUp(goal)];
  if (sources.includes(goal) || goals.includes(source)) return undefined;
  const around = sources.find((box) => goals.includes(box));
  const from = sources.find(({ parent }) => parent === around);
  const to = goals.find(({ parent }) => parent === around);
  if (around === undefined || from === undefined || to === undefined) return undefined;
  const [fromColumn, toColumn] = [columnsAround(from), columnsAround(to)];
  const distance = around.columns.indexOf(toColumn) - around.columns.indexOf(fromColumn);
  const line = (ends: Pick<Line, 'from' | 'to' | 'way'>): Line => ({
    ids: [words.id],
    ...ends,
    row: ends.from === source ? (source.rows.find((row) => row.words.id === words.id) ?? null) : null,
    ...{ fromY: 0, toY: 0, lane: 0 },
  });
  if (distance === 0) {
    const { boxes } = fromColumn;
    const isNext = Math.abs(boxes.indexOf(from) - boxes.indexOf(to)) === 1 && from === source && to === goal;
    if (isNext && plan.level === 'map') return line({ from, to, way: { kind: 'next' } });
    const way = { kind: 'lane', column: fromColumn } as const;
    return line({ from: reachable(sources, from), to: reachable(goals, to), way });
  }
  if (Math.abs(distance) > 1) return undefined;
  const isRightward = distance > 0;
  return line({
    from: reachable(sources, from),
    to: reachable(goals, to),
    way: { kind: 'across', left: isRightward ? fromColumn : toColumn, isRightward },
  });
}

/** The box and all around it, the innermost first. */
function waysUp(box: Box): readonly Box[] {
  return box.parent === null ? [box] : [box, ...waysUp(box.parent)];
}

/** The innermost of `boxes` inside of `outer` that a line from the side reaches: there is nothing beside it, and no region either. */
function reachable(boxes: readonly Box[], outer: Box): Box {
  const inward = boxes.slice(0, boxes.indexOf(outer) + 1).reverse();
  return inward.find((box, index) => index === inward.length - 1 || box.columns.length > 1) ?? outer;
}

/** Heights of the ends and lanes of all lines; needs the heights of all boxes. Says how wide lanes and gaps of the columns are. */
export function placeLines({ lines }: Lines, plan: Plan): void {
  const { size } = plan;
  for (const line of lines) {
    line.fromY = line.row === null ? titleMid(line.from, plan) : rowMid(line.row);
    line.toY = titleMid(line.to, plan);
  }
  const columns = boxesIn(plan.root).flatMap((box) => box.columns.map((column, index) => ({ box, column, index })));
  for (const { column } of columns) straighten(across(lines, column), plan);
  spreadEnds(lines, plan);
  for (const { box, column, index } of columns) {
    const beside = lines.filter(({ way }) => way.kind === 'lane' && way.column === column);
    const lanes = assignLanes(beside, false);
    column.lanes = lanes === 0 ? 0 : size.gap / 2 + size.lane * lanes + 2;
    const isLast = index === box.columns.length - 1;
    const through = across(lines, column);
    const bent = assignLanes(
      through.filter(({ fromY, toY }) => fromY !== toY),
      true,
    );
    const gap = through.length === 0 ? size.gap : size.acrossGap + size.lane * Math.max(0, bent - 1);
    column.gapAfter = isLast ? 0 : gap;
  }
}

function across(lines: readonly Line[], column: Column): readonly Line[] {
  return lines.filter(({ way }) => way.kind === 'across' && way.left === column);
}

/** Between two straight lines, and between a line and the corner of a box. */
const LINE_GAP = 8;

/** Lines through a gap run straight where both boxes reach that far; `fromY` of a row stands. */
function straighten(lines: readonly Line[], plan: Plan): void {
  const used: number[] = [];
  for (const line of lines) {
    const [fromTop, fromBottom] = line.row === null ? reachOf(line.from) : [line.fromY, line.fromY];
    const [toTop, toBottom] = reachOf(line.to);
    const [top, bottom] = [Math.max(fromTop, toTop), Math.min(fromBottom, toBottom)];
    if (top > bottom) continue;
    const smaller = line.from.height <= line.to.height ? line.from : line.to;
    const wished = line.row === null ? titleMid(smaller, plan) : line.fromY;
    const y = freeHeight(Math.min(Math.max(wished, top), bottom), [top, bottom], used);
    if (y === undefined) continue;
    used.push(y);
    line.fromY = y;
    line.toY = y;
  }
}

/** Heights between its corners. */
function reachOf({ y, height }: Box): readonly [top: number, bottom: number] {
  const CORNER = 5;
  return [y + CORNER, y + height - CORNER];
}

function freeHeight(
  wished: number,
  [top, bottom]: readonly [number, number],
  used: readonly number[],
): number | undefined {
  const isFree = (y: number) => y >= top && y <= bottom && used.every((other) => Math.abs(other - y) >= LINE_GAP);
  for (let distance = 0; distance <= bottom - top; distance += LINE_GAP) {
    if (isFree(wished + distance)) return wished + distance;
    if (isFree(wished - distance)) return wished - distance;
  }
  return undefined;
}

interface End {
  readonly lines: readonly Line[];
  /** Of the other end, below this one if positive. */
  readonly distance: number;
  readonly isFrom: boolean;
}

interface Side {
  readonly box: Box;
  readonly ends: Map<string, End>;
  /** Heights of straight lines and rows, which stand. */
  readonly fixed: number[];
}

/**
 * Ends of different lines at the same side of a box stand apart: from above to below first those that lead up, the nearest first, then
 * those that lead down, the farthest first; so none crosses another one at the box.
 */
function spreadEnds(lines: readonly Line[], plan: Plan): void {
  const sides = new Map<string, Side>();
  const sideOf = (box: Box, isRight: boolean): Side => {
    const id = `${box.path} ${isRight}`;
    const known = sides.get(id) ?? { box, ends: new Map<string, End>(), fixed: [] };
    sides.set(id, known);
    return known;
  };
  const add = ({ ends }: Side, key: string, end: End) => {
    const same = ends.get(key);
    // Lines that share a lane share their end; the farthest says where it stands.
    const farther = same === undefined || Math.abs(same.distance) < Math.abs(end.distance) ? end : same;
    ends.set(key, { ...farther, lines: [...(same?.lines ?? []), ...end.lines] });
  };
  for (const line of lines) {
    const { way, from, to, fromY, toY, row } = line;
    if (way.kind === 'next') continue;
    const [source, goal] = [
      sideOf(from, way.kind === 'lane' || way.isRightward),
      sideOf(to, way.kind === 'lane' || !way.isRightward),
    ];
    const distance = toY - fromY;
    const isStraight = distance === 0;
    // Between columns lines to one goal join from above and below.
    const down = way.kind === 'across' ? '' : distance > 0 ? 'down' : 'up';
    if (isStraight || row !== null) source.fixed.push(fromY);
    else add(source, `from ${down}`, { lines: [line], distance, isFrom: true });
    if (isStraight) goal.fixed.push(toY);
    else add(goal, `to ${down}`, { lines: [line], distance: -distance, isFrom: false });
  }
  for (const side of sides.values()) spreadSide(side, plan);
}

function spreadSide({ box, ends, fixed }: Side, plan: Plan): void {
  const sorted = [...ends.values()].sort((a, b) => rank(a) - rank(b));
  const middle = titleMid(box, plan);
  const [top, bottom] = reachOf(box);
  const room = 2 * Math.min(middle - top, bottom - middle);
  const step = Math.min(LINE_GAP, room / Math.max(1, sorted.length - 1));
  const wished = sorted.map((_, index) => middle + step * (index - (sorted.length - 1) / 2));
  for (const [index, end] of sorted.entries()) {
    const free = freeHeight(wished[index] ?? middle, [top, bottom], fixed) ?? wished[index] ?? middle;
    if (free !== wished[index]) fixed.push(free);
    for (const line of end.lines) {
      if (end.isFrom) line.fromY = free;
      else line.toY = free;
    }
  }
}

/** Upward ends have negative distances: from −1 (near) to −∞, then from ∞ to 1. */
function rank({ distance }: End): number {
  return distance === 0 ? 0 : -1 / distance;
}

/** Lanes for lines that run beside each other, the shortest nearest to the boxes; says how many there are. */
function assignLanes(lines: readonly Line[], isBetween: boolean): number {
  const lanes: Line[][] = [];
  const sorted = [...lines].sort((a, b) => lengthOf(a) - lengthOf(b));
  for (const line of sorted) {
    let lane = lanes.findIndex((others) => others.every((other) => !isInTheWay(line, other, isBetween)));
    if (lane < 0) lane = lanes.push([]) - 1;
    line.lane = lane;
    lanes[lane]?.push(line);
  }
  return lanes.length;
}

function lengthOf({ fromY, toY }: Line): number {
  return Math.abs(toY - fromY);
}

function isInTheWay(a: Line, b: Line, isBetween: boolean): boolean {
  const MARGIN = 4;
  // Lines to one goal join, lines of one source part; those that lead up and down would lie on each other.
  const isSameWay = a.toY > a.fromY === b.toY > b.fromY || isBetween;
  if (isSameWay && (a.to === b.to || (a.from === b.from && a.row === null && b.row === null))) return false;
  return (
    Math.min(a.fromY, a.toY) < Math.max(b.fromY, b.toY) + MARGIN &&
    Math.min(b.fromY, b.toY) < Math.max(a.fromY, a.toY) + MARGIN
  );
}

/** The paths; needs the places of all boxes. */
export function edgesOf({ lines }: Lines, plan: Plan): readonly EdgeGeometry[] {
  return lines.map((line) => {
    const { ids, from, to } = line;
    return { ids, from: from.path, to: to.path, d: pathOf(line, lines, plan) };
  });
}

function pathOf(line: Line, lines: readonly Line[], { size }: Plan): string {
  const { way, from, to, row, fromY, toY, lane } = line;
  switch (way.kind) {
    case 'next':
      return nextPath(line, lines);
    case 'lane': {
      const right = Math.max(...way.column.boxes.map((box) => box.x + box.width));
      const laneX = right + size.gap / 2 + size.lane * (lane + 0.5);
      const startX = from.x + from.width - (row === null ? 0 : size.padding / 2);
      return bent({ startX, fromY, laneX, toY, endX: to.x + to.width });
    }
    case 'across': {
      const start = way.isRightward ? from.x + from.width - (row === null ? 0 : size.padding / 2) : from.x;
      const end = way.isRightward ? to.x : to.x + to.width;
      if (fromY === toY) return `M${r(start)} ${r(fromY)}H${r(end)}`;
      const right = Math.max(...way.left.boxes.map((box) => box.x + box.width)) + way.left.lanes;
      const laneX = right + size.acrossGap / 2 + size.lane * lane;
      return bent({ startX: start, fromY, laneX, toY, endX: end });
    }
  }
}

/** In the gap, off the middle where there is one in the other direction, too. */
function nextPath({ from, to }: Line, lines: readonly Line[]): string {
  const BESIDE = 8;
  const isTwofold = lines.some((other) => other.way.kind === 'next' && other.from === to && other.to === from);
  const middle = from.x + Math.min(from.width / 2, 40);
  const isDown = to.y > from.y;
  const x = r(middle + (isTwofold ? (isDown ? -BESIDE : BESIDE) : 0));
  return isDown ? `M${x} ${r(from.y + from.height)}V${r(to.y)}` : `M${x} ${r(from.y)}V${r(to.y + to.height)}`;
}

interface Bends {
  readonly startX: number;
  readonly fromY: number;
  readonly laneX: number;
  readonly toY: number;
  readonly endX: number;
}

/** Out to the lane, along it, and on to the end, with rounded corners. */
function bent({ startX, fromY, laneX, toY, endX }: Bends): string {
  const height = Math.abs(toY - fromY);
  const bend = Math.min(5, height / 2, Math.abs(laneX - startX), Math.abs(laneX - endX));
  const out = laneX > startX ? bend : -bend;
  const back = endX > laneX ? bend : -bend;
  const down = toY > fromY ? bend : -bend;
  const toLane = `M${r(startX)} ${r(fromY)}H${r(laneX - out)}q${r(out)} 0 ${r(out)} ${r(down)}`;
  return `${toLane}V${r(toY - down)}q0 ${r(down)} ${r(back)} ${r(down)}H${r(endX)}`;
}

/** Coordinates with one decimal at most. */
function r(value: number): string {
  return String(Math.round(value * 10) / 10);
}
