/** The figures of many logs, drawn on their statechart as an SVG: light and dark, without scripts, fonts or anything else from outside. */
import type { AnyStateMachine } from 'xstate';
import { durationText } from '../../log/duration-text.ts';
import {
  type Box,
  boxesIn,
  countText,
  type Edge,
  endOf,
  lanesWidth,
  layOut,
  type Row,
  rowHeight,
  size,
  startOf,
  titleHeight,
} from './chart-layout.ts';
import type { ChartFigures } from './log-stats.ts';

const MARGIN = 16;
const HEADER_HEIGHT = 66;
const LEGEND_HEIGHT = 44;
/** The legend needs as much. */
const MIN_WIDTH = 880;
/** Of the line of end reasons, generously. */
const SUB_CHARACTER = 7;

/** The colours of one theme, as literals: only browsers know custom properties, and what draws an SVG is often none. */
interface Palette {
  readonly paper: string;
  readonly edge: string;
  readonly ink: string;
  readonly soft: string;
  readonly line: string;
  readonly box: string;
  readonly region: string;
  readonly heat: string;
  readonly good: string;
  readonly bad: string;
}

const onLight: Palette = {
  paper: '#ffffff',
  edge: '#d0d7de',
  ink: '#1f2328',
  soft: '#59636e',
  line: '#6e7781',
  box: '#f6f8fa',
  region: '#8250df',
  heat: '#0969da',
  good: '#1a7f37',
  bad: '#cf222e',
};
const onDark: Palette = {
  paper: '#0d1117',
  edge: '#30363d',
  ink: '#e6edf3',
  soft: '#9198a1',
  line: '#848d97',
  box: '#161b22',
  region: '#ab7df8',
  heat: '#4493f8',
  good: '#3fb950',
  bad: '#f85149',
};
const fonts = 'ui-sans-serif, system-ui, -apple-system, "Segoe UI", "Helvetica Neue", Arial, sans-serif';

const shapes = `
    text { font-family: ${fonts}; font-size: 11.5px; }
    .head { font-size: 18px; font-weight: 600; } .sub { font-size: 12.5px; }
    .name { font-size: 13.5px; font-weight: 600; } .count { text-anchor: end; font-variant-numeric: tabular-nums; font-weight: 600; }
    .small { font-size: 10.5px; }
    .state, .region { stroke-width: 1.3; } .good, .bad { stroke-width: 2.2; } .list { fill: none; }
    .never { stroke-dasharray: 3 3; fill: none; } .box.never { stroke-width: 1.1; }
    .line { fill: none; stroke-width: 1.2; marker-end: url(#arrow); } .line.unused { stroke-dasharray: 3 3; opacity: .55; }`;

const coloursOf = ({ paper, edge, ink, soft, line, box, region, heat, good, bad }: Palette): string => `
    text { fill: ${ink}; } .sub, .soft, .small { fill: ${soft}; }
    .paper { fill: ${paper}; stroke: ${edge}; } .list { stroke: ${edge}; }
    .state { fill: ${box}; stroke: ${line}; } .region { fill: ${paper}; stroke: ${region}; }
    .good { fill: ${box}; stroke: ${good}; } .bad { fill: ${box}; stroke: ${bad}; }
    .heat, .to { fill: ${heat}; } .toBad { fill: ${bad}; } .toGood { fill: ${good}; }
    .never, .line { stroke: ${line}; } .box.never { fill: ${paper}; } .arrow { fill: ${line}; }
    .off text, .off tspan { fill: ${soft}; }`;

/** The light colours stand outside of any condition: whoever knows no conditions draws those. */
const style = `
    svg { color-scheme: light dark; }${shapes}${coloursOf(onLight)}
    @media (prefers-color-scheme: dark) {${coloursOf(onDark)}
    }
  `;

const arrow = [
  '<marker id="arrow" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7"',
  ' markerUnits="userSpaceOnUse" orient="auto"><path class="arrow" d="M0 .6 7.4 4 0 7.4z"/></marker>',
].join('');

/** The drawing; `figures` are those of `machine`. */
export function drawChart(machine: AnyStateMachine, figures: ChartFigures): string {
  const root = layOut(machine, figures);
  const width = Math.max(MIN_WIDTH, Math.ceil(root.width + 2 * MARGIN));
  const height = Math.ceil(root.height - size.titleHeight + 2 * MARGIN + HEADER_HEIGHT + LEGEND_HEIGHT);
  const boxes = boxesIn(root).filter((box) => box !== root);
  const paint = {
    ...paintOf(figures),
    finals: new Set(boxes.filter(({ kind }) => kind === 'final').map(({ path }) => path)),
  };
  const description = [
    `${figures.logs} logs of the chart ${machine.id}: each state with how often it was entered and how long it lasted,`,
    'each transition with how often it was taken.',
  ].join(' ');
  const sizes = `viewBox="0 0 ${width} ${height}" width="${width}" height="${height}"`;
  return `<svg xmlns="http://www.w3.org/2000/svg" ${sizes} role="img" aria-labelledby="title description">
  <title id="title">${escaped(`The ${machine.id} chart, as ${countText(figures.logs)} logs took it`)}</title>
  <desc id="description">${escaped(description)}</desc>
  <style>${style}</style>
  <defs>${arrow}</defs>
  <rect class="paper" x=".5" y=".5" width="${width - 1}" height="${height - 1}" rx="12"/>
  ${headerOf(machine, figures, width)}
  <g transform="translate(${MARGIN} ${MARGIN + HEADER_HEIGHT - size.titleHeight})">
${boxes.map((box) => drawBox(box, paint)).join('\n')}
${boxesIn(root).flatMap(drawEdges).join('\n')}
  </g>
  ${legendOf(height)}
</svg>
`;
}

interface Paint {
  /** Places of the final states. */
  readonly finals: ReadonlySet<string>;
  readonly ofState: (entered: number) => string;
  readonly ofRow: (taken: number) => string;
}

/** Counts differ by orders of magnitude: their logarithm is what the colour shows. */
function paintOf({ states, transitions }: ChartFigures): Omit<Paint, 'finals'> {
  const scale = (counts: readonly number[]) => {
    const most = Math.log1p(Math.max(1, ...counts));
    return (count: number) => (count === 0 ? '0' : (0.06 + (0.36 * Math.log1p(count)) / most).toFixed(3));
  };
  return { ofState: scale(states.map(({ entered }) => entered)), ofRow: scale(transitions.map(({ taken }) => taken)) };
}

function headerOf(machine: AnyStateMachine, { version, logs, identical, ends }: ChartFigures, width: number): string {
  const replayed =
    identical === logs ? '' : `, ${countText(identical)} of them replay identically and count for transitions`;
  const told: string[] = [];
  let room = width / SUB_CHARACTER - 'Ends: others 1,000,000'.length;
  for (const { reason, logs: count } of ends) {
    const text = `${reason} ${countText(count)}`;
    room -= text.length + 3;
    if (room < 0) break;
    told.push(text);
  }
  const others = ends.slice(told.length).reduce((sum, { logs: count }) => sum + count, 0);
  if (others > 0) told.push(`others ${countText(others)}`);
  const x = MARGIN + size.padding;
  const counted = escaped(`version ${version}, ${countText(logs)} logs${replayed}`);
  return `<text class="head" x="${x}" y="${MARGIN + 20}">${escaped(machine.id)} <tspan class="sub">${counted}</tspan></text>
  <text class="sub" x="${x}" y="${MARGIN + 42}">${escaped(`Ends: ${told.join(' · ')}`)}</text>`;
}

function drawBox(box: Box, paint: Paint): string {
  const { x, y, width, height, name, figures, path } = box;
  const isNever = figures !== null && figures.entered === 0;
  const top = titleHeight(box);
  const parts = [
    `<rect class="box ${classOf(box)}" x="${r(x)}" y="${r(y)}" width="${r(width)}" height="${r(height)}" rx="8"/>`,
  ];
  if (figures !== null && !isNever) {
    const corners = `a8 8 0 0 1 8-8h${r(width - 16)}a8 8 0 0 1 8 8`;
    const outline = `M${r(x)} ${r(y + top - 2)}v${r(10 - top)}${corners}v${r(top - 10)}z`;
    parts.push(`<path class="heat" opacity="${paint.ofState(figures.entered)}" d="${outline}"/>`);
  }
  parts.push(`<text class="name" x="${r(x + size.padding)}" y="${r(y + 17.5)}">${escaped(name)}</text>`);
  if (figures !== null) {
    const right = r(x + width - size.padding);
    parts.push(`<text class="count" x="${right}" y="${r(y + 17.5)}">${countText(figures.entered)}</text>`);
    const { lastedMs } = figures;
    if (lastedMs !== null) {
      const times = `p50 ${durationText(lastedMs.p50)} · p99 ${durationText(lastedMs.p99)}`;
      parts.push(`<text class="small" x="${r(x + size.padding)}" y="${r(y + 33)}">${escaped(times)}</text>`);
    }
  }
  const rows = box.rows.map((row) => drawRow(box, row, paint));
  const state = box.kind === 'list' ? '' : ` data-state="${escaped(path)}"`;
  return `<g${state}${isNever ? ' class="off"' : ''}><title>${escaped(boxTitle(box))}</title>${parts.join('')}</g>\n${rows.join('\n')}`;
}

function classOf({ kind, figures, name }: Box): string {
  if (figures !== null && figures.entered === 0) return 'never';
  // A chart's final states are named for how it went: one of them is the bad one.
  if (kind === 'final') return isBad(name) ? 'bad' : 'good';
  return kind;
}

function isBad(name: string): boolean {
  return /error|failed|fault/.test(name);
}

function boxTitle({ path, name, figures }: Box): string {
  if (figures === null) return name;
  const { entered, logs, lastedMs } = figures;
  const counts = `${path}: entered ${countText(entered)} times in ${countText(logs)} logs`;
  if (lastedMs === null) return counts;
  const { p50, p90, p99, max } = lastedMs;
  const times = { p50, p90, p99, max };
  return `${counts}; ${Object.entries(times)
    .map(([rank, ms]) => `${rank} ${durationText(ms)}`)
    .join(', ')}`;
}

function drawRow(box: Box, row: Row, paint: Paint): string {
  const { trigger, guard, goal, taken, name, logs } = row.transition;
  const [x, width] = [box.x + size.padding / 2, box.width - size.padding];
  const isNever = taken === 0;
  const fill = isNever ? 'class="never"' : `class="heat" opacity="${paint.ofRow(taken)}"`;
  const [target = ''] = row.transition.targets;
  const toClass = paint.finals.has(target) ? (isBad(goal) ? 'toBad' : 'toGood') : 'to';
  const to = goal === '' ? '' : ` <tspan class="${toClass}">→ ${escaped(goal)}</tspan>`;
  const parts = [
    `<rect ${fill} x="${r(x)}" y="${r(row.y)}" width="${r(width)}" height="${r(rowHeight(row))}" rx="4"/>`,
    `<text x="${r(x + 5)}" y="${r(row.y + 13)}">${escaped(trigger)}${to}</text>`,
    `<text class="count" x="${r(x + width - 5)}" y="${r(row.y + 13)}">${isNever ? '0' : countText(taken)}</text>`,
  ];
  if (guard !== null)
    parts.push(`<text class="small" x="${r(x + 13)}" y="${r(row.y + 26.5)}">if ${escaped(guard)}</text>`);
  const title = `${name}: taken ${countText(taken)} times in ${countText(logs)} logs`;
  return `<g data-transition="${escaped(name)}"${isNever ? ' class="off"' : ''}><title>${escaped(title)}</title>${parts.join('')}</g>`;
}

function drawEdges(box: Box): string[] {
  return box.columns.flatMap((column, index) => {
    const edges = box.edges[index] ?? [];
    const right = Math.max(0, ...column.map(({ x, width }) => x + width));
    return lanesWidth(edges) === 0 ? [] : edges.map((edge) => drawEdge(edge, right));
  });
}

function drawEdge(edge: Edge, right: number): string {
  const { from, to, row, lane } = edge;
  const laneX = right + size.gap / 2 + size.lane * (lane + 0.5);
  const startX = from.x + from.width - size.padding / 2;
  const [startY, endY] = [startOf(edge), endOf(edge)];
  const BEND = 5;
  const down = endY > startY ? BEND : -BEND;
  const unused = row.transition.taken === 0 ? ' unused' : '';
  const toLane = `M${r(startX)} ${r(startY)}H${r(laneX - BEND)}q${BEND} 0 ${BEND} ${down}`;
  const toTarget = `V${r(endY - down)}q0 ${down} ${-BEND} ${down}H${r(to.x + to.width + 1)}`;
  return `<path class="line${unused}" d="${toLane}${toTarget}"/>`;
}

const numbersNote = 'Numbers: how often a state was entered, a transition taken. p50, p99: how long the state lasted.';

function legendOf(height: number): string {
  const [x, y] = [MARGIN + size.padding, height - MARGIN - 14];
  const steps = [0.06, 0.18, 0.3, 0.42].map(
    (opacity, index) =>
      `<rect class="heat" opacity="${opacity}" x="${x + index * 20}" y="${y}" width="20" height="14"/>`,
  );
  const neverX = x + 210;
  return `<g>${steps.join('')}<text class="soft" x="${x + 88}" y="${y + 11}">seldom to often</text>
  <rect class="never" x="${neverX}" y="${y}" width="30" height="14" rx="4"/><text class="soft" x="${neverX + 38}" y="${y + 11}">never</text>
  <text class="soft" x="${neverX + 92}" y="${y + 11}">${numbersNote}</text></g>`;
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');
}

/** Coordinates with one decimal at most. */
function r(value: number): string {
  return String(Math.round(value * 10) / 10);
}
