/**
 * The boxes of a chart and where they stand, by rules and without a layout library. A state is a box with its title, its timers, in `full`
 * a row for each of its transitions, and its inner states below them. Parallel regions stand side by side; other states below each other,
 * with room for the lines that chart-lines.ts has found between them.
 */
import type { AnyStateMachine, AnyStateNode } from 'xstate';
import type { BoxGeometry, ChartLevel, TransitionWords } from './chart-geometry.ts';
import { isBadEnd } from './transition-words.ts';

/** All measures of a level, in units of the drawing. */
export interface Measures {
  readonly title: number;
  readonly titleBaseline: number;
  readonly titleChar: number;
  readonly timer: number;
  readonly timerChar: number;
  readonly clock: number;
  readonly countChar: number;
  readonly padding: number;
  readonly gap: number;
  /** Between two boxes with an arrow from one to the other. */
  readonly arrowGap: number;
  /** Between columns with lines across. */
  readonly acrossGap: number;
  readonly lane: number;
  readonly radius: number;
}

/** Widths of characters are those of a wide font (DejaVu Sans), so that texts keep inside of their boxes in any. */
export const measures: Readonly<Record<ChartLevel, Measures>> = Object.freeze({
  map: {
    title: 24,
    titleBaseline: 16,
    titleChar: 6.5,
    timer: 14,
    timerChar: 5.45,
    clock: 4,
    countChar: 6,
    padding: 7.5,
    gap: 8,
    arrowGap: 18,
    acrossGap: 26,
    lane: 9,
    radius: 6,
  },
  full: {
    title: 26,
    titleBaseline: 17.5,
    titleChar: 8.2,
    timer: 0,
    timerChar: 6.3,
    clock: 4,
    countChar: 7.4,
    padding: 10,
    gap: 12,
    arrowGap: 12,
    acrossGap: 40,
    lane: 10,
    radius: 8,
  },
});

const row = Object.freeze({ height: 18, guard: 14, between: 2, char: 6.3, guardChar: 5.9 });
/** `29.6s`. */
const TIME_LEFT_CHARS = 5;
const NOTE_HEIGHT = 15;

/** What a painter needs room for beside the chart's own texts. */
export interface ChartRoom {
  /** Characters that a count may have, its sign included. */
  readonly countChars: number;
  /** Characters of a line below the title of the state; 0 = none. */
  readonly noteChars: (path: string) => number;
}

export interface Row {
  readonly words: TransitionWords;
  y: number;
}

export interface Column {
  readonly boxes: readonly Box[];
  /** Of the lanes on its right, and of what is between it and the next one. */
  lanes: number;
  gapAfter: number;
}

export interface Box {
  readonly path: string;
  readonly name: string;
  readonly kind: BoxGeometry['kind'];
  readonly node: AnyStateNode | null;
  readonly parent: Box | null;
  readonly rows: readonly Row[];
  readonly timers: readonly string[];
  readonly columns: Column[];
  /** An arrow leads from it to the box below it, or back. */
  hasArrowBelow: boolean;
  x: number;
  y: number;
  width: number;
  height: number;
}

export interface Plan {
  readonly level: ChartLevel;
  readonly size: Measures;
  readonly room: ChartRoom;
  readonly root: Box;
  readonly boxes: ReadonlyMap<string, Box>;
}

/** The boxes of a chart, not placed yet. `words` are those of its transitions. */
export function planBoxes(
  machine: AnyStateMachine,
  words: readonly TransitionWords[],
  { level, room }: { readonly level: ChartLevel; readonly room: ChartRoom },
): Plan {
  const rowsFrom = (path: string) =>
    level === 'map' ? [] : words.filter(({ from }) => from === path).map((each) => ({ words: each, y: 0 }));
  const boxes = new Map<string, Box>();
  const boxOf = (node: AnyStateNode, parent: Box): Box => {
    const path = node.path.join('.');
    const isRegion = node.parent?.type === 'parallel';
    const box = newBox({
      path,
      name: node.key,
      kind: node.type === 'final' ? 'final' : isRegion ? 'region' : 'state',
      node,
      parent,
      rows: rowsFrom(path),
      timers: timersOf(node),
    });
    boxes.set(path, box);
    const inner = Object.values(node.states).map((each) => boxOf(each, box));
    if (inner.length > 0)
      box.columns.push(...(node.type === 'parallel' ? inner.map((each) => [each]) : [inner]).map(columnOf));
    return box;
  };
  const root = newBox({ path: '', name: machine.id, kind: 'list', node: null, parent: null, rows: [], timers: [] });
  const inner = Object.values(machine.root.states).map((each) => boxOf(each, root));
  const columns = machine.root.type === 'parallel' ? inner.map((each) => [each]) : stagesOf(inner, words);
  const everywhere = rowsFrom('');
  if (everywhere.length > 0) {
    const list = newBox({ ...listed, rows: everywhere, timers: timersOf(machine.root), parent: root });
    // Regions stand side by side, with nothing below them.
    if (machine.root.type === 'parallel') columns.push([list]);
    else columns[0]?.push(list);
  }
  root.columns.push(...columns.map(columnOf));
  return { level, size: measures[level], room, root, boxes };
}

type NewBox = Pick<Box, 'path' | 'name' | 'kind' | 'node' | 'parent' | 'rows' | 'timers'>;

function newBox(given: NewBox): Box {
  return { ...given, columns: [], hasArrowBelow: false, x: 0, y: 0, width: 0, height: 0 };
}

const listed = Object.freeze({ path: '', name: 'in every state', kind: 'list', node: null });

function timersOf(node: AnyStateNode): readonly string[] {
  return [...new Set(node.after.map(({ delay }) => String(delay)))];
}

function columnOf(boxes: readonly Box[]): Column {
  return { boxes, lanes: 0, gapAfter: 0 };
}

/**
 * The columns of states that exclude each other. One with regions is wide and gets a column of its own, all others
 * share one. Without a wide one, the ends stand beside the rest, or the second half beside the first.
 */
function stagesOf(boxes: readonly Box[], words: readonly TransitionWords[]): Box[][] {
  if (!boxes.some(isWide)) {
    const ends = boxes.filter(({ kind }) => kind === 'final');
    const others = boxes.filter(({ kind }) => kind !== 'final');
    if (ends.length > 0) return [others, besideSources(ends, others, words)];
    const half = Math.ceil(boxes.length / 2);
    return [boxes.slice(0, half), boxes.slice(half)].filter((column) => column.length > 0);
  }
  const columns: Box[][] = [];
  let open: Box[] | undefined;
  for (const box of boxes) {
    if (isWide(box)) {
      columns.push([box]);
      continue;
    }
    if (open === undefined) {
      open = [];
      columns.push(open);
    }
    open.push(box);
  }
  return columns;
}

/** Each end beside the states that lead to it, so that lines cross little; those that none leads to are the last. */
function besideSources(ends: readonly Box[], others: readonly Box[], words: readonly TransitionWords[]): Box[] {
  const heightOf = (end: Box) => {
    const leading = words.filter(({ from, targets }) => from !== '' && targets.includes(end.path));
    const heights = leading.map(({ from }) => others.findIndex(({ path }) => path === from.split('.')[0]));
    return heights.length === 0 ? others.length : heights.reduce((sum, each) => sum + each, 0) / heights.length;
  };
  return [...ends].sort((a, b) => heightOf(a) - heightOf(b));
}

function isWide(box: Box): boolean {
  return box.columns.length > 1 || box.columns.some(({ boxes }) => boxes.some(isWide));
}

/** All boxes in a box, itself included, outer ones first. */
export function boxesIn(box: Box): readonly Box[] {
  return [box, ...box.columns.flatMap(({ boxes }) => boxes.flatMap(boxesIn))];
}

export function rowHeight({ words }: Row): number {
  return row.height + (words.guard === null ? 0 : row.guard);
}

/** Where a line leaves a row. */
export function rowMid({ y }: Row): number {
  return y + row.height / 2;
}

/** The height of its title and what belongs to it. */
function headHeight(box: Box, { size, room }: Plan): number {
  return size.title + (room.noteChars(box.path) > 0 ? NOTE_HEIGHT : 0) + size.timer * box.timers.length;
}

/** Heights and places from above. */
export function placeDown(box: Box, y: number, plan: Plan): void {
  const { size } = plan;
  const isRoot = box.parent === null;
  box.y = y;
  let bottom = y + (isRoot ? 0 : headHeight(box, plan));
  for (const each of box.rows) {
    each.y = bottom;
    bottom += rowHeight(each) + row.between;
  }
  const top = bottom + (box.rows.length > 0 ? size.padding - row.between : 0);
  for (const { boxes } of box.columns) {
    let below = top;
    for (const [index, inner] of boxes.entries()) {
      placeDown(inner, below, plan);
      below += inner.height + (index === boxes.length - 1 ? 0 : inner.hasArrowBelow ? size.arrowGap : size.gap);
    }
    bottom = Math.max(bottom, below);
  }
  const isBare = box.rows.length === 0 && box.columns.length === 0;
  const tail = isRoot ? 0 : isBare ? (box.timers.length > 0 && size.timer > 0 ? 3 : 0) : size.padding;
  box.height = bottom + tail - y;
  for (const { boxes } of box.columns) {
    for (const region of boxes) if (region.kind === 'region') region.height = bottom - region.y;
  }
}

/** Widths, inner ones first; needs the lanes of all columns. */
export function measureAcross(box: Box, plan: Plan): void {
  const { padding } = plan.size;
  for (const { boxes } of box.columns) for (const inner of boxes) measureAcross(inner, plan);
  const inside = box.columns.reduce((sum, column) => sum + columnWidth(column) + column.gapAfter, 0);
  if (box.parent === null) {
    box.width = inside;
    return;
  }
  box.width = Math.ceil(
    Math.max(inside, headWidth(box, plan), ...box.rows.map((each) => rowWidth(each, plan))) + 2 * padding,
  );
}

function columnWidth({ boxes, lanes }: Column): number {
  return Math.max(0, ...boxes.map(({ width }) => width)) + lanes;
}

function headWidth({ name, timers, path, kind }: Box, { size, room, level }: Plan): number {
  // Regions are written in small capitals, spaced.
  const char = size.titleChar * (kind === 'region' && level === 'map' ? 1.1 : 1);
  const count = kind === 'list' ? 0 : 6 + room.countChars * size.countChar;
  const timer = (each: string) => (size.timer === 0 ? 0 : timerWidth(each, size));
  return Math.max(name.length * char + count, room.noteChars(path) * row.char, ...timers.map(timer));
}

function timerWidth(name: string, { clock, timerChar }: Measures): number {
  return 2 * clock + 5 + (name.length + 1 + TIME_LEFT_CHARS) * timerChar;
}

function rowWidth({ words }: Row, { room }: Plan): number {
  const { trigger, goal, guard } = words;
  const timer = trigger.startsWith('after ') ? TIME_LEFT_CHARS + 3 : 0;
  const head = trigger.length + (goal === '' ? 0 : goal.length + 3) + room.countChars + 1 + timer;
  return Math.max(head * row.char, guard === null ? 0 : (guard.length + 6) * row.guardChar);
}

/** Places from the left; boxes of one column are made equally wide. */
export function placeAcross(box: Box, x: number, plan: Plan): void {
  const { padding } = plan.size;
  box.x = x;
  const isRoot = box.parent === null;
  let left = x + (isRoot ? 0 : padding);
  const inner = box.width - (isRoot ? 0 : 2 * padding);
  const spare = inner - box.columns.reduce((sum, column) => sum + columnWidth(column) + column.gapAfter, 0);
  for (const [index, column] of box.columns.entries()) {
    // What the title needs more than the columns goes to the last one.
    const width = columnWidth(column) + (index === box.columns.length - 1 ? spare : 0);
    for (const each of column.boxes) {
      each.width = width - column.lanes;
      placeAcross(each, left, plan);
    }
    left += width + column.gapAfter;
  }
}

/** What is painted of a placed box. */
export function geometryOf(box: Box, plan: Plan): BoxGeometry {
  const { size } = plan;
  const { x, y, width, height, name, path, kind, node } = box;
  const noteHeight = plan.room.noteChars(path) > 0 ? NOTE_HEIGHT : 0;
  const countX = x + width - size.padding;
  return {
    path,
    name,
    kind,
    isGoodEnd: node !== null && kind === 'final' && !isBadEnd(node),
    isLeaf: box.columns.length === 0,
    isInitial: node !== null && isInitial(node),
    ...{ x, y, width, height },
    headHeight: headHeight(box, plan),
    radius: size.radius,
    titleX: x + size.padding,
    titleY: y + size.titleBaseline,
    titleMidY: titleMid(box, plan),
    countX,
    noteY: y + size.titleBaseline + NOTE_HEIGHT,
    timers: box.timers.flatMap((timer, index) => {
      const rowOf = box.rows.find(({ words }) => words.trigger === `after ${timer}`);
      const baseline = rowOf === undefined ? y + size.title + noteHeight + size.timer * index + 7 : rowOf.y + 13;
      if (rowOf === undefined && plan.level === 'full') return [];
      const clockX = (rowOf === undefined ? x + size.padding : x + size.padding / 2 + 5) + size.clock;
      return [
        {
          name: timer,
          y: baseline,
          clockX,
          clockY: baseline - 3.2,
          clockRadius: size.clock,
          nameX: rowOf === undefined ? clockX + size.clock + 5 : null,
          leftX: rowOf === undefined ? countX : countX - plan.room.countChars * size.countChar,
        },
      ];
    }),
    rows: box.rows.map((each) => {
      const left = x + size.padding / 2;
      const textX = left + 5 + (each.words.trigger.startsWith('after ') ? 2 * size.clock + 4 : 0);
      return {
        ...each.words,
        x: left,
        y: each.y,
        width: width - size.padding,
        height: rowHeight(each),
        textX,
        textY: each.y + 13,
        countX: countX,
        guardX: left + 13,
        guardY: each.y + 26.5,
      };
    }),
  };
}

function isInitial(node: AnyStateNode): boolean {
  return node.parent !== undefined && node.parent.type !== 'parallel' && node.parent.initial.target.includes(node);
}

/** The middle of its title's line. */
export function titleMid(box: Box, { size }: Plan): number {
  return box.y + size.titleBaseline - 4;
}
