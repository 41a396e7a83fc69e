/** Places of a drawn chart whose colour is known from its SVG: what a renderer has to show there. */
import type { AnyStateMachine } from 'xstate';
import { drawChart } from '../../src/analysis/chart/chart-drawing.ts';
import { bootstrapMachine } from '../../src/machines/bootstrap.machine.ts';
import { collectMachine } from '../../src/machines/collect.machine.ts';
import { sessionMachine } from '../../src/machines/session/session.machine.ts';
import { supervisorMachine } from '../../src/machines/supervisor/supervisor.machine.ts';
import { welcomeMachine } from '../../src/machines/welcome/welcome.machine.ts';
import type { Pixels } from './png.ts';

const machines: readonly AnyStateMachine[] = [
  sessionMachine,
  welcomeMachine,
  supervisorMachine,
  collectMachine,
  bootstrapMachine,
];

/** Every chart in both levels, and how large it is to be rendered: twice for its thin lines, once where it is large anyway. */
export const drawnCharts: readonly { readonly name: string; readonly svg: string; readonly scale: number }[] =
  machines.flatMap((machine) => [
    { name: `${machine.id}, map`, svg: drawChart(machine, 'map'), scale: 2 },
    { name: `${machine.id}, full`, svg: drawChart(machine, 'full'), scale: 1 },
  ]);

export type Theme = 'light' | 'dark';

interface Place {
  readonly what: string;
  readonly isLine: boolean;
  readonly x: number;
  readonly y: number;
  readonly colour: string;
}

/** The paper, and of each state the middle of its left line and a place in its lower right corner. */
export function placesIn(svg: string, theme: Theme): readonly Place[] {
  const [, left = '0', top = '0'] = /<g transform="translate\(([\d.]+) ([\d.]+)\)">\s*<g data-state/.exec(svg) ?? [];
  const [offsetX, offsetY] = [Number(left), Number(top)];
  const paper = /<rect class="f-(\w+) s-\w+" fill="(#\w+)"/.exec(svg);
  const places: Place[] = [
    { what: 'the paper', isLine: false, x: 8, y: 8, colour: colourOf(svg, 'fill', paper, theme) },
  ];
  const states = svg.matchAll(
    /<g data-state="([^"]+)"><title>[^<]*<\/title><rect class="f-(\w+) s-(\w+)" fill="(#\w+)" stroke="(#\w+)" stroke-width="[\d.]+"( stroke-dasharray)?[^>]* x="([\d.]+)" y="([\d.]+)" width="([\d.]+)" height="([\d.]+)"/g,
  );
  for (const [, path = '', fill = '', stroke = '', fillColour = '', strokeColour = '', dash, ...numbers] of states) {
    const [x = 0, y = 0, width = 0, height = 0] = numbers.map(Number);
    const line = { what: `the line of ${path}`, isLine: true, x: x + offsetX, y: y + offsetY + height - 8 };
    const inside = {
      what: `inside of ${path}`,
      isLine: false,
      x: x + offsetX + width - 5,
      y: y + offsetY + height - 4.5,
    };
    places.push({ ...inside, colour: colourOf(svg, 'fill', ['', fill, fillColour], theme) });
    if (dash === undefined)
      places.push({ ...line, colour: colourOf(svg, 'stroke', ['', stroke, strokeColour], theme) });
  }
  return places;
}

/** The attribute in the light theme, the rule for its class in the dark one. */
function colourOf(svg: string, property: 'fill' | 'stroke', found: readonly string[] | null, theme: Theme): string {
  const [, name = '', light = ''] = found ?? [];
  if (theme === 'light') return light;
  return new RegExp(`\\.${property[0]}-${name} \\{ ${property}: (#\\w+)`).exec(svg)?.[1] ?? '';
}

/** The places that have another colour in `pixels`, which show the drawing `scale` times as large. */
export function wrongColours(
  svg: string,
  theme: Theme,
  { pixels, scale }: { pixels: Pixels; scale: number },
): string[] {
  // A line of a single pixel is blended with what is beside it.
  const places = placesIn(svg, theme).filter(({ isLine }) => !isLine || scale > 1);
  return places.flatMap(({ what, x, y, colour }) => {
    const shown = pixels.at(x * scale, y * scale);
    return shown === colour ? [] : [`${what} is ${shown}, not ${colour}`];
  });
}
