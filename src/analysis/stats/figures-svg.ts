/** The figures of many logs, painted on their chart: how often each state was entered and how long it lasted, each transition taken. */
import type { AnyStateMachine } from 'xstate';
import { durationText } from '../../log/duration-text.ts';
import { layOutChart } from '../chart/chart-layout.ts';
import {
  heatBox,
  neverBox,
  paintChart,
  type RowPaint,
  type StatePaint,
  type Strip,
  textOf,
} from '../chart/chart-svg.ts';
import type { ChartFigures, StateFigures, TransitionFigures } from './log-stats.ts';

/** `p50 1.6 s · p99 12.3 min` */
const TIMES_CHARS = 26;
/** The legend needs as much. */
const MIN_WIDTH = 848;
/** Of the line of end reasons, generously. */
const SUB_CHARACTER = 7;

/** The drawing; `figures` are those of `machine`. */
export function drawFigures(machine: AnyStateMachine, figures: ChartFigures): string {
  const states = new Map(figures.states.map((each) => [each.path, each]));
  const transitions = new Map(figures.transitions.map((each) => [each.id, each]));
  const counts = [...figures.states.map(({ entered }) => entered), ...figures.transitions.map(({ taken }) => taken)];
  const geometry = layOutChart(machine, 'full', {
    countChars: Math.max(...counts.map((count) => countText(count).length)) + 1,
    noteChars: (path) => (states.get(path)?.lastedMs ? TIMES_CHARS : 0),
  });
  const heatOfState = heatScale(figures.states.map(({ entered }) => entered));
  const heatOfRow = heatScale(figures.transitions.map(({ taken }) => taken));
  const width = Math.max(MIN_WIDTH, geometry.width);
  return paintChart(geometry, {
    title: `The ${machine.id} chart, as ${countText(figures.logs)} logs took it`,
    description: [
      `${figures.logs} logs of the chart ${machine.id}: each state with how often it was entered and how long it lasted,`,
      'each transition with how often it was taken.',
    ].join(' '),
    head: headOf(machine, figures, width),
    foot: legend,
    ofState: ({ path, name }) => statePaint(name, states.get(path), heatOfState),
    ofRow: ({ id }) => rowPaint(transitions.get(id), heatOfRow),
    isLineOff: ({ ids }) => ids.every((id) => transitions.get(id)?.taken === 0),
    minWidth: MIN_WIDTH,
  });
}

/** Counts differ by orders of magnitude: their logarithm is what the colour shows. */
function heatScale(counts: readonly number[]): (count: number) => number {
  const most = Math.log1p(Math.max(1, ...counts));
  return (count) => (count === 0 ? 0 : 0.06 + (0.24 * Math.log1p(count)) / most);
}

function statePaint(name: string, figures: StateFigures | undefined, heatOf: (count: number) => number): StatePaint {
  if (figures === undefined) return { heat: 0, count: '', note: '', isOff: false, title: name };
  const { path, entered, logs, lastedMs } = figures;
  const counts = `${path}: entered ${countText(entered)} times in ${countText(logs)} logs`;
  const paint = { heat: heatOf(entered), count: countText(entered), isOff: entered === 0 };
  if (lastedMs === null) return { ...paint, note: '', title: counts };
  const { p50, p90, p99, max } = lastedMs;
  const times = Object.entries({ p50, p90, p99, max }).map(([rank, ms]) => `${rank} ${durationText(ms)}`);
  const note = `p50 ${durationText(p50)} · p99 ${durationText(p99)}`;
  return { ...paint, note, title: `${counts}; ${times.join(', ')}` };
}

function rowPaint(figures: TransitionFigures | undefined, heatOf: (count: number) => number): RowPaint {
  if (figures === undefined) throw new Error('a row of the chart is not among its figures');
  const { name, taken, logs } = figures;
  return {
    heat: heatOf(taken),
    count: countText(taken),
    isOff: taken === 0,
    title: `${name}: taken ${countText(taken)} times in ${countText(logs)} logs`,
    name,
  };
}

function headOf(machine: AnyStateMachine, { version, logs, identical, ends }: ChartFigures, width: number): Strip {
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
  const counted = `version ${version}, ${countText(logs)} logs${replayed}`;
  const NAME_CHARACTER = 11;
  return {
    height: 60,
    width: 0,
    svg: [
      textOf(0, 20, { text: machine.id, colour: 'ink', size: 18, more: ' font-weight="600"' }),
      textOf(machine.id.length * NAME_CHARACTER + 10, 20, { text: counted, colour: 'soft', size: 12.5 }),
      textOf(0, 42, { text: `Ends: ${told.join(' · ')}`, colour: 'soft', size: 12.5 }),
    ].join('\n'),
  };
}

const numbersNote = 'Numbers: how often a state was entered, a transition taken. p50, p99: how long the state lasted.';

const soft = { colour: 'soft', size: 11.5 } as const;

const legend: Strip = Object.freeze({
  height: 36,
  width: 0,
  svg: [
    ...[0.06, 0.14, 0.22, 0.3].map((opacity, index) => heatBox({ x: index * 20, y: 22, opacity })),
    textOf(88, 33, { text: 'seldom to often', ...soft }),
    neverBox({ x: 210, y: 22 }),
    textOf(248, 33, { text: 'never', ...soft }),
    textOf(302, 33, { text: numbersNote, ...soft }),
  ].join(''),
});

function countText(count: number): string {
  return count.toLocaleString('en-US');
}
