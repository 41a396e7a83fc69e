/** The chart alone, painted as an SVG: what it is, without the figures of any log. */
import type { AnyStateMachine } from 'xstate';
import type { ChartGeometry, ChartLevel, TransitionWords } from './chart-geometry.ts';
import { layOutChart } from './chart-layout.ts';
import { noStrip, paintChart, type Strip, textOf } from './chart-svg.ts';

/** The drawing, with its name above it and, on a map, what can happen in every state below it. */
export function drawChart(machine: AnyStateMachine, level: ChartLevel): string {
  const geometry = layOutChart(machine, level);
  const states = geometry.boxes.filter(({ kind }) => kind !== 'list').length;
  const shows = level === 'map' ? 'with the ways between them' : 'each with its transitions';
  return paintChart(geometry, {
    title: `The ${machine.id} chart`,
    description: `The ${states} states of the chart ${machine.id}, version ${geometry.version}, ${shows}.`,
    head: headOf(geometry),
    foot: level === 'map' ? footOf(geometry) : noStrip,
    ofState: ({ path, name }) => ({ heat: 0, count: '', note: '', isOff: false, title: path === '' ? name : path }),
    ofRow: (row) => ({ heat: 0, count: '', isOff: false, title: sentenceOf(row), name: row.id }),
    isLineOff: () => false,
    minWidth: 0,
  });
}

function sentenceOf({ from, trigger, guard, goal }: TransitionWords): string {
  const condition = guard === null ? '' : ` [${guard}]`;
  return `${from === '' ? 'every state' : from}: ${trigger}${condition}${goal === '' ? '' : ` → ${goal}`}`;
}

function headOf({ machine, version }: ChartGeometry): Strip {
  const NAME_CHARACTER = 9.6;
  const versionX = machine.length * NAME_CHARACTER + 8;
  return {
    height: 28,
    width: versionX + 60,
    svg: [
      textOf(0, 13, { text: machine, colour: 'ink', size: 15, more: ' font-weight="700"' }),
      textOf(versionX, 13, { text: `version ${version}`, colour: 'soft', size: 11 }),
    ].join(''),
  };
}

const FOOT_CHARACTER = 6.1;
const FOOT_LINE = 16;
const MIN_FOOT_WIDTH = 260;

/** One paragraph a goal: `in every state → error: client.cancelled · …`. */
function footOf({ everywhere, width }: ChartGeometry): Strip {
  const goals = [...new Set(everywhere.map(({ goal }) => goal))];
  const room = Math.max(width, MIN_FOOT_WIDTH) / FOOT_CHARACTER;
  const svg: string[] = [];
  let y = 8;
  for (const goal of goals) {
    const ways = everywhere.filter((each) => each.goal === goal);
    const words = [...new Set(ways.map(({ trigger }) => trigger))];
    const head = goal === '' ? 'in every state' : `from every state to ${goal}`;
    const colour = ways[0]?.tone === 'bad' ? 'bad' : 'ink';
    y += FOOT_LINE;
    svg.push(textOf(0, y, { text: head, colour, size: 11, more: ' font-weight="600"' }));
    for (const line of filled(words, room)) {
      y += FOOT_LINE;
      svg.push(textOf(0, y, { text: line, colour: 'soft', size: 11 }));
    }
  }
  return { height: goals.length === 0 ? 0 : y + 2, width: MIN_FOOT_WIDTH, svg: svg.join('') };
}

/** As many words a line as there is room for. */
function filled(words: readonly string[], room: number): readonly string[] {
  const lines: string[] = [];
  for (const word of words) {
    const last = lines.at(-1);
    if (last !== undefined && last.length + word.length + 3 <= room) lines[lines.length - 1] = `${last} · ${word}`;
    else lines.push(word);
  }
  return lines;
}
