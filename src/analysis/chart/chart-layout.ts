/** A chart as a drawing's plain data, at one of two levels: the one layout that the page, figures and documents are painted on. */
import type { AnyStateMachine } from 'xstate';
import {
  boxesIn,
  type ChartRoom,
  geometryOf,
  measureAcross,
  placeAcross,
  placeDown,
  planBoxes,
} from './chart-boxes.ts';
import type { ChartGeometry, ChartLevel } from './chart-geometry.ts';
import { edgesOf, placeLines, planLines } from './chart-lines.ts';
import { transitionWordsOf } from './transition-words.ts';

const usualRoom: ChartRoom = { countChars: 5, noteChars: () => 0 };

/** Lays `machine` out; the same machine, level and room always give the same drawing. Its corner is at 0, 0, without a margin. */
export function layOutChart(machine: AnyStateMachine, level: ChartLevel, room = usualRoom): ChartGeometry {
  const words = transitionWordsOf(machine);
  const plan = planBoxes(machine, words, { level, room });
  const lines = planLines(words, plan);
  placeDown(plan.root, 0, plan);
  placeLines(lines, plan);
  measureAcross(plan.root, plan);
  placeAcross(plan.root, 0, plan);
  const boxes = boxesIn(plan.root).filter((box) => box !== plan.root);
  return {
    machine: machine.id,
    version: machine.version ?? '',
    level,
    width: Math.ceil(plan.root.width),
    height: Math.ceil(plan.root.height),
    boxes: boxes.map((box) => geometryOf(box, plan)),
    edges: edgesOf(lines, plan),
    everywhere: words.filter(({ from }) => from === ''),
    undrawn: lines.undrawn,
  };
}
