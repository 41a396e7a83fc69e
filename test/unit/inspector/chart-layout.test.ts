/** The laid-out chart: nothing lies on anything else, and nothing of the chart is missing. */
import { describe, expect, test } from 'vitest';
import type { AnyStateMachine } from 'xstate';
import type { BoxGeometry, ChartGeometry, EdgeGeometry } from '../../../src/analysis/chart/chart-geometry.ts';
import { layOutChart } from '../../../src/analysis/chart/chart-layout.ts';
import { statesOf, transitionIdOf, transitionsOf } from '../../../src/analysis/chart/transition-words.ts';
import { bootstrapMachine } from '../../../src/machines/bootstrap.machine.ts';
import { collectMachine } from '../../../src/machines/collect.machine.ts';
import { sessionMachine } from '../../../src/machines/session/session.machine.ts';
import { supervisorMachine } from '../../../src/machines/supervisor/supervisor.machine.ts';
import { supervisorMachineV1 } from '../../../src/machines/supervisor/supervisor-v1.machine.ts';
import { welcomeMachine } from '../../../src/machines/welcome/welcome.machine.ts';
import { randomChart } from '../../support/random-chart.ts';

const machines: readonly (readonly [string, AnyStateMachine])[] = [
  ['session', sessionMachine],
  ['welcome', welcomeMachine],
  ['supervisor 1', supervisorMachineV1],
  ['supervisor 2', supervisorMachine],
  ['collect', collectMachine],
  ['bootstrap', bootstrapMachine],
];
const levels = ['map', 'full'] as const;
const drawingsOf = (charts: typeof machines) =>
  charts.flatMap(([name, machine]) =>
    levels.map((level) => ({ name, level, machine, chart: layOutChart(machine, level) })),
  );
const ours = drawingsOf(machines);
/** Denser than any that a person would write. */
const made = drawingsOf(Array.from({ length: 60 }, (_, seed) => [`the chart of seed ${seed}`, randomChart(seed)]));

interface Rect {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

function overlaps(a: Rect, b: Rect): boolean {
  return a.x < b.x + b.width && b.x < a.x + a.width && a.y < b.y + b.height && b.y < a.y + a.height;
}

function isInside(inner: Rect, outer: Rect): boolean {
  return (
    inner.x >= outer.x &&
    inner.y >= outer.y &&
    inner.x + inner.width <= outer.x + outer.width &&
    inner.y + inner.height <= outer.y + outer.height
  );
}

/** The straight pieces of a line, its corners left out. */
function piecesOf({ d }: EdgeGeometry): readonly Rect[] {
  const pieces: Rect[] = [];
  let [x, y] = [0, 0];
  const go = (toX: number, toY: number, isDrawn: boolean) => {
    if (isDrawn)
      pieces.push({ x: Math.min(x, toX), y: Math.min(y, toY), width: Math.abs(toX - x), height: Math.abs(toY - y) });
    [x, y] = [toX, toY];
  };
  for (const [, command = '', rest = ''] of d.matchAll(/([MHVq])([^MHVq]*)/g)) {
    const numbers = rest.trim().split(/[ ,]+/).map(Number);
    const [first = 0, second = 0] = numbers;
    if (command === 'M') go(first, second, false);
    if (command === 'H') go(first, y, true);
    if (command === 'V') go(x, first, true);
    if (command === 'q') go(x + (numbers[2] ?? 0), y + (numbers[3] ?? 0), false);
  }
  return pieces;
}

/** Where the texts of a box stand, as wide as they may be. */
function textsOf(box: BoxGeometry): readonly Rect[] {
  const line = (x: number, baseline: number, right: number): Rect => ({
    x,
    y: baseline - 9,
    width: right - x,
    height: 11,
  });
  return [
    line(box.titleX, box.titleY, box.countX),
    ...box.timers.flatMap(({ nameX, y, leftX }) => (nameX === null ? [] : [line(nameX, y, leftX)])),
    ...box.rows.map(({ textX, textY, countX }) => line(textX, textY, countX - 12)),
  ];
}

function around(path: string, chart: ChartGeometry): BoxGeometry | undefined {
  const outer = path.split('.').slice(0, -1).join('.');
  return outer === '' ? undefined : chart.boxes.find((box) => box.path === outer);
}

describe.each([...ours, ...made])('the $level of $name', ({ machine, level, chart }) => {
  test('has every state once, outer ones first', () => {
    const paths = chart.boxes.filter(({ kind }) => kind !== 'list').map(({ path }) => path);
    const all = statesOf(machine).flatMap(({ path }) => (path.length === 0 ? [] : [path.join('.')]));
    expect([...paths].sort()).toEqual([...all].sort());
    for (const [index, path] of paths.entries()) {
      const outer = path.split('.').slice(0, -1).join('.');
      expect(outer === '' || paths.indexOf(outer) < index).toBe(true);
    }
  });

  test('tells every transition: by a line, in a row, or in words', () => {
    const told = new Set([
      ...chart.edges.flatMap(({ ids }) => ids),
      ...[...chart.everywhere, ...chart.undrawn].map(({ id }) => id),
      ...chart.boxes.flatMap(({ rows }) => rows.map(({ id }) => id)),
    ]);
    const leading = transitionsOf(machine).filter(
      ({ source, target = [] }) => level === 'full' || target.some((each) => each !== source),
    );
    expect(leading.map(transitionIdOf).filter((id) => !told.has(id))).toEqual([]);
  });

  test('keeps boxes apart, or one in the other, and all of them inside of the drawing', () => {
    const drawing = { x: 0, y: 0, width: chart.width, height: chart.height };
    for (const box of chart.boxes) {
      expect(isInside(box, around(box.path, chart) ?? drawing)).toBe(true);
      for (const other of chart.boxes) {
        const isNested = box.path.startsWith(`${other.path}.`) || other.path.startsWith(`${box.path}.`);
        if (box !== other && !isNested) expect(overlaps(box, other)).toBe(false);
      }
    }
  });

  test('lets no line cross a text, or a box that has nothing to do with it', () => {
    for (const edge of chart.edges) {
      for (const piece of piecesOf(edge)) {
        for (const box of chart.boxes) {
          for (const text of textsOf(box))
            expect({ edge, text, hit: overlaps(piece, text) }).toMatchObject({ hit: false });
          const isAround = [edge.from, edge.to].some((end) => end === box.path || end.startsWith(`${box.path}.`));
          if (!isAround || box.kind === 'list')
            expect({ edge, box: box.path, hit: overlaps(piece, box) }).toMatchObject({ hit: false });
        }
      }
    }
  });

  test('ends each line at its boxes', () => {
    for (const { d, from, to } of chart.edges) {
      const pieces = piecesOf({ d, from, to, ids: [] });
      const touches = (path: string, piece: Rect | undefined) => {
        const box = chart.boxes.find((each) => each.path === path);
        if (box === undefined || piece === undefined) return false;
        return overlaps({ x: piece.x - 1, y: piece.y - 1, width: piece.width + 2, height: piece.height + 2 }, box);
      };
      expect({ d, from: touches(from, pieces[0]), to: touches(to, pieces.at(-1)) }).toEqual({
        d,
        from: true,
        to: true,
      });
    }
  });

  test('is the same each time', () => {
    expect(layOutChart(machine, level)).toEqual(chart);
  });
});

describe.each(ours)('the $level of $name', ({ chart }) => {
  test('lets no line lie on another one, unless both have the same source or the same goal', () => {
    const NEAR = 3;
    for (const [index, edge] of chart.edges.entries()) {
      for (const other of chart.edges.slice(index + 1)) {
        if (edge.to === other.to || edge.from === other.from) continue;
        for (const a of piecesOf(edge)) {
          for (const b of piecesOf(other)) {
            const isParallel = (a.width > 0 && b.width > 0) || (a.height > 0 && b.height > 0);
            const wide = { x: a.x - NEAR, y: a.y - NEAR, width: a.width + 2 * NEAR, height: a.height + 2 * NEAR };
            expect({ edge: edge.d, other: other.d, lies: isParallel && overlaps(wide, b) }).toMatchObject({
              lies: false,
            });
          }
        }
      }
    }
  });
});

test('the map of the session is wholly visible beside a list and a panel at 1280 pixels', () => {
  const { width, height } = layOutChart(sessionMachine, 'map');
  expect(width).toBeLessThanOrEqual(740);
  expect(height).toBeLessThanOrEqual(380);
});

describe.each(machines)('transitions of %s', (_name, machine) => {
  test('have ids of their own', () => {
    const ids = transitionsOf(machine).map(transitionIdOf);
    expect(new Set(ids).size).toBe(ids.length);
  });

  test('have the same ids in a machine that was provided with other code', () => {
    const provided = machine.provide({ guards: { isIdle: () => true } });
    expect(transitionsOf(provided).map(transitionIdOf)).toEqual(transitionsOf(machine).map(transitionIdOf));
  });
});

test('an id tells its place, what it waits for and which candidate it is', () => {
  const ids = transitionsOf(sessionMachine).map(transitionIdOf);
  expect(ids).toContain('streaming.voice.silent:always:1');
  expect(ids).toContain('idle.attentive:after idleCheck:0');
  expect(ids).toContain(':client.cancelled:0');
});

test('ways to an end that is reached from everywhere are words, not lines', () => {
  const { edges, undrawn, everywhere } = layOutChart(sessionMachine, 'map');
  expect(edges.filter(({ to }) => to === 'error')).toEqual([]);
  expect(undrawn.every(({ targets }) => targets.includes('error'))).toBe(true);
  expect(undrawn.map(({ id }) => id)).toContain('streaming.answer.running:answer.failed:0');
  expect(everywhere.map(({ trigger }) => trigger)).toContain('after sessionTimeout');
});
