/**
 * Where the states and transitions of a chart stand in its drawing, by rules and without a layout library: a state is a
 * box with a row for each of its transitions and its inner states below them. Parallel regions stand side by side;
 * other states below each other, with lines between neighbours in lanes beside them. A transition that leaves its
 * column has its goal in words alone: drawn, they would hide the rest.
 */
import type { AnyStateMachine, AnyStateNode } from 'xstate';
import type { ChartFigures, StateFigures, TransitionFigures } from './log-stats.ts';

export interface Row {
  readonly transition: TransitionFigures;
  y: number;
}

export interface Edge {
  readonly row: Row;
  readonly from: Box;
  readonly to: Box;
  /** Counts from 0, away from the boxes. */
  lane: number;
}

export interface Box {
  readonly path: string;
  readonly name: string;
  /** `list` = no state, but rows that belong to the whole chart. */
  readonly kind: 'state' | 'final' | 'region' | 'list';
  readonly figures: StateFigures | null;
  readonly rows: readonly Row[];
  /** Columns of inner boxes, from left to right. */
  readonly columns: readonly (readonly Box[])[];
  /** Lines between the boxes of each column. */
  edges: readonly (readonly Edge[])[];
  x: number;
  y: number;
  width: number;
  height: number;
}

export const size = Object.freeze({
  titleHeight: 26,
  timesHeight: 15,
  rowHeight: 18,
  guardHeight: 14,
  padding: 10,
  gap: 12,
  lane: 10,
  /** An average character of the font that rows are set in, generously. */
  character: 6.3,
});

/** Boxes of the whole chart: those of its states, and `anywhere` for what can happen in all of them. Its own corner is at 0, 0. */
export function layOut(machine: AnyStateMachine, figures: ChartFigures): Box {
  const states = new Map(figures.states.map((each) => [each.path, each]));
  const rowsFrom = (path: string) => rowsOf(figures.transitions.filter(({ from }) => from === path));
  const boxOf = (node: AnyStateNode): Box => {
    const path = node.path.join('.');
    const inner = Object.values(node.states).map(boxOf);
    const isRegion = node.parent?.type === 'parallel';
    return newBox({
      path,
      name: node.key,
      kind: node.type === 'final' ? 'final' : isRegion ? 'region' : 'state',
      figures: states.get(path) ?? null,
      rows: rowsFrom(path),
      columns: node.type === 'parallel' ? inner.map((box) => [box]) : [inner],
    });
  };
  const inner = Object.values(machine.root.states).map(boxOf);
  const everywhere = rowsFrom('');
  const isParallel = machine.root.type === 'parallel';
  const columns = isParallel ? inner.map((box) => [box]) : stagesOf(inner);
  const anywhere = newBox({
    path: '',
    name: 'in every state',
    kind: 'list',
    figures: null,
    rows: everywhere,
    columns: [],
  });
  const [first = [], ...rest] = columns;
  const root = newBox({
    path: '',
    name: machine.id,
    kind: 'list',
    figures: null,
    rows: [],
    columns: everywhere.length === 0 ? columns : [[anywhere, ...first], ...rest],
  });
  placeDown(root, 0);
  measureAcross(root);
  placeAcross(root, 0);
  return root;
}

type NewBox = Pick<Box, 'path' | 'name' | 'kind' | 'figures' | 'rows' | 'columns'>;

function newBox(given: NewBox): Box {
  return { ...given, edges: [], x: 0, y: 0, width: 0, height: 0 };
}

function rowsOf(transitions: readonly TransitionFigures[]): readonly Row[] {
  return transitions.map((transition) => ({ transition, y: 0 }));
}

/** A state with regions is wide: it gets a column of its own, the states before and behind it stand below each other. */
function stagesOf(boxes: readonly Box[]): readonly (readonly Box[])[] {
  const columns: Box[][] = [];
  let isOpen = false;
  for (const box of boxes) {
    const isWide = box.columns.length > 1;
    if (isOpen && !isWide) columns.at(-1)?.push(box);
    else columns.push([box]);
    isOpen = !isWide;
  }
  return columns;
}

/** All boxes in a box, itself included. */
export function boxesIn(box: Box): readonly Box[] {
  return [box, ...box.columns.flat().flatMap(boxesIn)];
}

export function rowHeight({ transition }: Row): number {
  return size.rowHeight + (transition.guard === null ? 0 : size.guardHeight);
}

export function titleHeight({ figures }: Box): number {
  return size.titleHeight + (figures?.lastedMs ? size.timesHeight : 0);
}

/** Heights and places from above. */
function placeDown(box: Box, y: number): void {
  box.y = y;
  let bottom = y + titleHeight(box);
  for (const row of box.rows) {
    row.y = bottom;
    bottom += rowHeight(row) + 2;
  }
  const top = bottom + (box.rows.length > 0 ? size.padding - 2 : 2);
  for (const column of box.columns) {
    let below = top;
    for (const inner of column) {
      placeDown(inner, below);
      below += inner.height + size.gap;
    }
    bottom = Math.max(bottom, below - size.gap);
  }
  box.height = bottom + size.padding - y;
  box.edges = box.columns.map((column) => edgesIn(column));
}

/** Lines between the boxes of one column: of any row in one of them to another one, or to what is inside of it. */
function edgesIn(column: readonly Box[]): readonly Edge[] {
  const edges = column.flatMap((outer) =>
    boxesIn(outer).flatMap((from) =>
      from.rows.flatMap((row) => {
        const [target] = row.transition.targets;
        const to = column.find((each) => each !== outer && each.path === target);
        return to === undefined ? [] : [{ row, from, to, lane: 0 }];
      }),
    ),
  );
  const lanes: Edge[][] = [];
  for (const edge of edges.sort((a, b) => spanOf(a).length - spanOf(b).length)) {
    let lane = lanes.findIndex((others) => others.every((other) => !overlaps(edge, other)));
    if (lane < 0) lane = lanes.push([]) - 1;
    edge.lane = lane;
    lanes[lane]?.push(edge);
  }
  return edges;
}

/** Where a line leaves its row. */
export function startOf({ row }: Edge): number {
  return row.y + size.rowHeight / 2;
}

/** Where a line reaches its goal. */
export function endOf({ to }: Edge): number {
  return to.y + size.titleHeight / 2;
}

function spanOf(edge: Edge): { readonly top: number; readonly bottom: number; readonly length: number } {
  const [top, bottom] = [Math.min(startOf(edge), endOf(edge)), Math.max(startOf(edge), endOf(edge))];
  return { top, bottom, length: bottom - top };
}

function overlaps(a: Edge, b: Edge): boolean {
  const MARGIN = 4;
  // Lines to the same goal may share a lane: they join.
  if (a.to === b.to) return false;
  return spanOf(a).top < spanOf(b).bottom + MARGIN && spanOf(b).top < spanOf(a).bottom + MARGIN;
}

/** Room for the lines beside a column. */
export function lanesWidth(edges: readonly Edge[]): number {
  return edges.length === 0 ? 0 : size.gap + size.lane * (Math.max(...edges.map(({ lane }) => lane)) + 1);
}

function measureAcross(box: Box): void {
  for (const inner of box.columns.flat()) measureAcross(inner);
  const columns = box.columns.map((column, index) => columnWidth(column, box.edges[index] ?? []));
  const inside = columns.reduce((sum, width) => sum + width, 0) + size.gap * Math.max(0, columns.length - 1);
  box.width = Math.max(inside, titleWidth(box), ...box.rows.map(rowWidth)) + 2 * size.padding;
}

function columnWidth(column: readonly Box[], edges: readonly Edge[]): number {
  return Math.max(0, ...column.map(({ width }) => width)) + lanesWidth(edges);
}

function titleWidth({ name, figures }: Box): number {
  const TITLE_CHARACTER = 8.2;
  const TIMES_CHARACTERS = 26;
  const count = figures === null ? 0 : countText(figures.entered).length + 2;
  return Math.max((name.length + count) * TITLE_CHARACTER, figures?.lastedMs ? TIMES_CHARACTERS * size.character : 0);
}

function rowWidth({ transition }: Row): number {
  const { trigger, goal, guard, taken } = transition;
  const head = trigger.length + (goal === '' ? 0 : goal.length + 3) + countText(taken).length + 3;
  return Math.max(head, guard === null ? 0 : guard.length + 6) * size.character;
}

/** Places from the left; boxes of one column are made equally wide. */
function placeAcross(box: Box, x: number): void {
  box.x = x;
  let left = x + size.padding;
  for (const [index, column] of box.columns.entries()) {
    const edges = box.edges[index] ?? [];
    const isOnly = box.columns.length === 1;
    const width = isOnly ? box.width - 2 * size.padding : columnWidth(column, edges);
    for (const inner of column) {
      inner.width = width - lanesWidth(edges);
      placeAcross(inner, left);
    }
    left += width + size.gap;
  }
}

export function countText(count: number): string {
  return count.toLocaleString('en-US');
}
