/**
 * A chart painted as an SVG that stands for itself: light and dark, without scripts, fonts or anything else from outside. Every colour is a
 * presentation attribute first, for the many programs that know neither style sheets nor conditions; the style sheet has nothing but the
 * dark colours.
 */
import type { BoxGeometry, ChartGeometry, EdgeGeometry, RowGeometry, TimerGeometry } from './chart-geometry.ts';

/** The colours of one theme, as literals. */
interface Palette {
  readonly paper: string;
  readonly frame: string;
  readonly ink: string;
  readonly soft: string;
  readonly line: string;
  readonly edge: string;
  readonly box: string;
  readonly leaf: string;
  readonly region: string;
  readonly regionLine: string;
  readonly heat: string;
  readonly goal: string;
  readonly waiting: string;
  readonly good: string;
  readonly bad: string;
}

const light: Palette = {
  paper: '#ffffff',
  frame: '#d0d7de',
  ink: '#1f2328',
  soft: '#59636e',
  line: '#b3bcc6',
  edge: '#6e7781',
  box: '#f6f8fa',
  leaf: '#ffffff',
  region: '#6231bd',
  regionLine: '#b794f0',
  heat: '#0969da',
  goal: '#0550ae',
  waiting: '#7d4e00',
  good: '#116329',
  bad: '#b3142b',
};
const dark: Palette = {
  paper: '#0d1117',
  frame: '#30363d',
  ink: '#e6edf3',
  soft: '#9198a1',
  line: '#4b535d',
  edge: '#8b949e',
  box: '#161b22',
  leaf: '#1c2129',
  region: '#c4a7ff',
  regionLine: '#6f53a8',
  heat: '#4493f8',
  goal: '#79b8ff',
  waiting: '#e0ab48',
  good: '#56d364',
  bad: '#ff938a',
};

type Colour = keyof Palette;

const colours: readonly Colour[] = [
  ...(['paper', 'frame', 'ink', 'soft', 'line', 'edge', 'box', 'leaf'] as const),
  ...(['region', 'regionLine', 'heat', 'goal', 'waiting', 'good', 'bad'] as const),
];

/** A rule beats an attribute, so these are the dark theme alone: `f-ink` fills with ink, `s-ink` strokes. */
const style = `
    @media (prefers-color-scheme: dark) {
${colours.map((name) => `      .f-${name} { fill: ${dark[name]}; } .s-${name} { stroke: ${dark[name]}; }`).join('\n')}
    }
  `;

const SANS = 'ui-sans-serif, system-ui, -apple-system, Segoe UI, Helvetica Neue, Arial, DejaVu Sans, sans-serif';
const MONO = 'ui-monospace, SFMono-Regular, Menlo, Consolas, DejaVu Sans Mono, monospace';

/** Attributes that fill, stroke, or neither. */
function painted({ fill, stroke }: { readonly fill?: Colour; readonly stroke?: Colour }): string {
  const classes = [fill === undefined ? '' : `f-${fill}`, stroke === undefined ? '' : `s-${stroke}`].filter(Boolean);
  const colour = fill === undefined ? 'none' : light[fill];
  const line = stroke === undefined ? '' : ` stroke="${light[stroke]}"`;
  return `class="${classes.join(' ')}" fill="${colour}"${line}`;
}

/** What is painted of a state beside its own texts. */
export interface StatePaint {
  /** Opacity of its heat; 0 = none. */
  readonly heat: number;
  readonly count: string;
  readonly note: string;
  readonly isOff: boolean;
  /** Shown where a pointer rests. */
  readonly title: string;
}

export interface RowPaint {
  readonly heat: number;
  readonly count: string;
  readonly isOff: boolean;
  readonly title: string;
  /** What programs find it by. */
  readonly name: string;
}

export interface ChartPaint {
  readonly title: string;
  readonly description: string;
  /** SVG above the chart and below it, with their heights, placed at the drawing's left and their own top. */
  readonly head: Strip;
  readonly foot: Strip;
  readonly ofState: (box: BoxGeometry) => StatePaint;
  readonly ofRow: (row: RowGeometry) => RowPaint;
  readonly isLineOff: (edge: EdgeGeometry) => boolean;
  readonly minWidth: number;
}

export interface Strip {
  readonly height: number;
  readonly width: number;
  readonly svg: string;
}

/** Nothing above or below. */
export const noStrip: Strip = Object.freeze({ height: 0, width: 0, svg: '' });

const MARGIN = 16;

/** The whole drawing. */
export function paintChart(geometry: ChartGeometry, paint: ChartPaint): string {
  const { head, foot } = paint;
  const width = Math.ceil(Math.max(geometry.width, head.width, foot.width, paint.minWidth) + 2 * MARGIN);
  const height = Math.ceil(geometry.height + head.height + foot.height + 2 * MARGIN);
  const at = (y: number, content: string) => `<g transform="translate(${MARGIN} ${r(y)})">\n${content}\n  </g>`;
  const chart = [
    ...geometry.boxes.map((box) => boxOf(box, geometry, paint)),
    ...geometry.edges.map((edge) => lineOf(edge, paint)),
    ...geometry.boxes.filter(({ isInitial }) => isInitial).map(beginningOf),
  ].join('\n');
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img" aria-labelledby="title description" font-family="${SANS}" font-size="11.5">
  <title id="title">${escaped(paint.title)}</title>
  <desc id="description">${escaped(paint.description)}</desc>
  <style>${style}</style>
  <defs>${arrowHead('arrow', 'edge')}</defs>
  <rect ${painted({ fill: 'paper', stroke: 'frame' })} x=".5" y=".5" width="${width - 1}" height="${height - 1}" rx="12"/>
  ${[
    head.svg === '' ? '' : at(MARGIN, head.svg),
    at(MARGIN + head.height, chart),
    foot.svg === '' ? '' : at(MARGIN + head.height + geometry.height, foot.svg),
  ]
    .filter((part) => part !== '')
    .join('\n  ')}
</svg>
`;
}

function arrowHead(id: string, colour: Colour): string {
  const box =
    'viewBox="0 0 8 8" refX="7.4" refY="4" markerWidth="7.5" markerHeight="7.5" markerUnits="userSpaceOnUse" orient="auto"';
  return `<marker id="${id}" ${box}><path ${painted({ fill: colour })} d="M.4 .8 7.4 4 .4 7.2 1.6 4z"/></marker>`;
}

function boxOf(box: BoxGeometry, geometry: ChartGeometry, paint: ChartPaint): string {
  const isMap = geometry.level === 'map';
  const { heat, count, note, isOff, title } = paint.ofState(box);
  const parts = [
    `<title>${escaped(title)}</title>`,
    frameOf(box, isOff),
    heat > 0 ? heatOf(box, heat) : '',
    titleOf(box, { isMap, isOff }),
    count === '' ? '' : countOf(box.countX, box.titleY, { text: count, size: isMap ? 9.5 : 11.5, isOff }),
    note === ''
      ? ''
      : textOf(box.titleX, box.noteY, { text: note, colour: heat > STRONG_HEAT ? 'ink' : 'soft', size: 10.5 }),
    ...box.timers.map((timer) => timerOf(timer, isOff || isNeverTaken(timer, box, paint))),
  ];
  const rows = box.rows.map((row) => rowOf(row, paint.ofRow(row)));
  const state = box.kind === 'list' ? '' : ` data-state="${escaped(box.path)}"`;
  return `<g${state}${isOff ? ' data-never="true"' : ''}>${parts.join('')}</g>${rows.map((row) => `\n${row}`).join('')}`;
}

function frameOf({ x, y, width, height, radius, kind, isGoodEnd, isLeaf }: BoxGeometry, isOff: boolean): string {
  const shape = `x="${r(x)}" y="${r(y)}" width="${r(width)}" height="${r(height)}" rx="${radius}"`;
  const rect = (look: string) => `<rect ${look} ${shape}/>`;
  const dash = isOff ? ' stroke-dasharray="3 3"' : '';
  switch (kind) {
    case 'list':
      return rect(`${painted({ stroke: 'frame' })} stroke-width="1.2"`);
    case 'region':
      return rect(
        `${painted({ fill: 'paper', stroke: 'regionLine' })} stroke-width="1.2" stroke-dasharray="${isOff ? '2 4' : '5 3'}"`,
      );
    case 'final':
      return rect(
        `${painted({ fill: 'leaf', stroke: isGoodEnd ? 'good' : 'bad' })} stroke-width="${isOff ? 1.2 : 1.8}"${dash}`,
      );
    case 'state':
      return rect(`${painted({ fill: isLeaf ? 'leaf' : 'box', stroke: 'line' })} stroke-width="1.2"${dash}`);
  }
}

/** Soft texts are too pale on more. */
const STRONG_HEAT = 0.12;

/** Over the part of the box that is its own. */
function heatOf({ x, y, width, height, headHeight, radius, isLeaf, rows }: BoxGeometry, opacity: number): string {
  const look = `${painted({ fill: 'heat' })} fill-opacity="${opacity.toFixed(3)}"`;
  const isBare = isLeaf && rows.length === 0;
  const bottom = y + headHeight;
  if (isBare) return `<rect ${look} x="${r(x)}" y="${r(y)}" width="${r(width)}" height="${r(height)}" rx="${radius}"/>`;
  const corners = `a${radius} ${radius} 0 0 1 ${radius} ${-radius}h${r(width - 2 * radius)}a${radius} ${radius} 0 0 1 ${radius} ${radius}`;
  return `<path ${look} d="M${r(x)} ${r(bottom)}V${r(y + radius)}${corners}V${r(bottom)}z"/>`;
}

function titleOf(
  { name, kind, titleX, titleY, isGoodEnd }: BoxGeometry,
  { isMap, isOff }: { isMap: boolean; isOff: boolean },
): string {
  const size = isMap ? 11 : 13.5;
  const colour = isOff
    ? 'soft'
    : kind === 'region'
      ? 'region'
      : kind === 'final'
        ? isGoodEnd
          ? 'good'
          : 'bad'
        : 'ink';
  if (kind === 'region') {
    const more = ' font-weight="700" font-variant="small-caps" letter-spacing=".8"';
    return textOf(titleX, titleY, { text: name, colour, size: isMap ? 12.5 : 15, more });
  }
  return textOf(titleX, titleY, { text: name, colour, size, more: ' font-weight="600"' });
}

function isNeverTaken({ name, nameX }: TimerGeometry, { rows }: BoxGeometry, paint: ChartPaint): boolean {
  if (nameX !== null) return false;
  return rows.filter(({ trigger }) => trigger === `after ${name}`).every((row) => paint.ofRow(row).isOff);
}

function timerOf({ name, y, clockX, clockY, clockRadius, nameX }: TimerGeometry, isOff: boolean): string {
  const colour = isOff ? 'soft' : 'waiting';
  const hands = `M${r(clockX)} ${r(clockY - clockRadius + 1.6)}v${r(clockRadius - 1.6)}h${r(clockRadius - 2)}`;
  const clock = `<circle cx="${r(clockX)}" cy="${r(clockY)}" r="${clockRadius - 0.4}" ${painted({ stroke: colour })} stroke-width="1"/><path d="${hands}" ${painted({ stroke: colour })} stroke-width=".9"/>`;
  if (nameX === null) return clock;
  return clock + textOf(nameX, y, { text: name, colour, size: 9, more: ` font-family="${MONO}"` });
}

function rowOf(row: RowGeometry, { heat, count, isOff, title, name }: RowPaint): string {
  const { x, y, width, height, trigger, goal, guard, tone } = row;
  const place = `x="${r(x)}" y="${r(y)}" width="${r(width)}" height="${r(height)}" rx="4"`;
  const back = isOff
    ? `<rect ${painted({ stroke: 'frame' })} stroke-dasharray="3 3" ${place}/>`
    : `<rect ${painted({ fill: 'heat' })} fill-opacity="${heat.toFixed(3)}" ${place}/>`;
  const to = { plain: 'goal', good: 'good', bad: 'bad' } as const;
  const arrow = goal === '' ? '' : ` <tspan ${painted({ fill: isOff ? 'soft' : to[tone] })}>→ ${escaped(goal)}</tspan>`;
  const parts = [
    `<title>${escaped(title)}</title>`,
    back,
    `<text x="${r(row.textX)}" y="${r(row.textY)}" ${painted({ fill: isOff ? 'soft' : 'ink' })}>${escaped(trigger)}${arrow}</text>`,
    count === '' ? '' : countOf(row.countX, row.textY, { text: count, size: 11.5, isOff }),
    guard === null
      ? ''
      : textOf(row.guardX, row.guardY, {
          text: `if ${guard}`,
          colour: heat > STRONG_HEAT ? 'ink' : 'soft',
          size: 10.5,
        }),
  ];
  return `<g data-transition="${escaped(name)}"${isOff ? ' data-never="true"' : ''}>${parts.join('')}</g>`;
}

function lineOf(edge: EdgeGeometry, paint: ChartPaint): string {
  const off = paint.isLineOff(edge) ? ' stroke-dasharray="3 3" stroke-opacity=".6"' : '';
  return `<path data-edge="${escaped(edge.ids.join(' '))}" ${painted({ stroke: 'edge' })} stroke-width="1.2"${off} marker-end="url(#arrow)" d="${edge.d}"/>`;
}

function beginningOf({ x, titleMidY }: BoxGeometry): string {
  return `<circle cx="${r(x)}" cy="${r(titleMidY)}" r="3.2" ${painted({ fill: 'edge' })}/>`;
}

/** A piece of a legend: the colour of a heat, and what a row looks like that was never taken. */
export function heatBox({
  x,
  y,
  opacity,
}: {
  readonly x: number;
  readonly y: number;
  readonly opacity: number;
}): string {
  return `<rect ${painted({ fill: 'heat' })} fill-opacity="${opacity}" x="${x}" y="${y}" width="20" height="14"/>`;
}

export function neverBox({ x, y }: { readonly x: number; readonly y: number }): string {
  return `<rect ${painted({ stroke: 'line' })} stroke-dasharray="3 3" x="${x}" y="${y}" width="30" height="14" rx="4"/>`;
}

interface TextLook {
  readonly text: string;
  readonly colour: Colour;
  readonly size: number;
  readonly more?: string;
}

/** One line of text; its baseline begins at x, y. */
export function textOf(x: number, y: number, { text, colour, size, more = '' }: TextLook): string {
  return `<text x="${r(x)}" y="${r(y)}" ${painted({ fill: colour })} font-size="${size}"${more}>${escaped(text)}</text>`;
}

function countOf(x: number, y: number, { text, size, isOff }: { text: string; size: number; isOff: boolean }): string {
  const look = ' text-anchor="end" font-weight="600" font-variant-numeric="tabular-nums"';
  return textOf(x, y, { text, colour: isOff ? 'soft' : 'ink', size, more: look });
}

export function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');
}

/** Coordinates with one decimal at most. */
function r(value: number): string {
  return String(Math.round(value * 10) / 10);
}
