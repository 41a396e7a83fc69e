/** Drawings as a program that is no browser draws them: file managers, chat clients and converters use librsvg. */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { drawFigures } from '../../src/analysis/stats/figures-svg.ts';
import { LogStats } from '../../src/analysis/stats/log-stats.ts';
import { sessionMachine } from '../../src/machines/session/session.machine.ts';
import { drawnCharts, wrongColours } from '../support/drawn-colours.ts';
import { type Pixels, pixelsOf } from '../support/png.ts';
import { goodEvents, readMadeLog } from '../support/replay/made-log.ts';

const PACKAGE = 'librsvg2-bin';
const isThere = spawnSync('rsvg-convert', ['--version'], { stdio: 'ignore' }).status === 0;
const lacking = `Drawings are not rendered here: rsvg-convert is missing. Get it: apt-get install ${PACKAGE}`;
if (!isThere && process.env.CI !== undefined) throw new Error(lacking);
if (!isThere) console.warn(lacking);

/** As rsvg-convert draws it on white, `scale` times as large. */
function drawn(svg: string, scale = 1): Pixels {
  const args = ['--background-color', 'white', '--zoom', String(scale)];
  const { stdout, stderr, status } = spawnSync('rsvg-convert', args, { input: svg, maxBuffer: 64 * 1024 * 1024 });
  expect({ status, stderr: stderr.toString() }).toEqual({ status: 0, stderr: '' });
  return pixelsOf(stdout);
}

describe.skipIf(!isThere)('librsvg draws on paper, not a black rectangle', () => {
  const stats = new LogStats(sessionMachine);
  stats.add(readMadeLog({ events: goodEvents }));
  const figures = drawFigures(sessionMachine, stats.figures());
  const picture = readFileSync(new URL('../../docs/images/session-chart.svg', import.meta.url), 'utf8');

  function expectPaper(pixels: Pixels): void {
    const { light, dark } = pixels.shares();
    // Paper and boxes are light; ink, lines and edges are a few per cent.
    expect(light).toBeGreaterThan(0.8);
    expect(dark).toBeLessThan(0.1);
    expect(light).toBeLessThan(0.995);
  }

  test.each([
    { name: 'the figures of session', svg: figures },
    { name: 'the picture of the README', svg: picture },
  ])('$name', ({ svg }) => {
    expectPaper(drawn(svg));
  });

  test.each(drawnCharts)('$name, each colour where it belongs', ({ svg, scale }) => {
    const pixels = drawn(svg, scale);
    expectPaper(pixels);
    expect(wrongColours(svg, 'light', { pixels, scale })).toEqual([]);
  });

  test('what was entered is coloured, what never was is not', () => {
    const pixels = drawn(figures);
    const leafAt = (path: string) => {
      const [, left = 0, top = 0] =
        /<g transform="translate\(([\d.]+) ([\d.]+)\)">\s*<g data-state/.exec(figures) ?? [];
      const place = new RegExp(
        `data-state="${path}"[^>]*><title>[^<]*</title><rect [^>]* x="([\\d.]+)" y="([\\d.]+)" width="([\\d.]+)" height="([\\d.]+)"`,
      ).exec(figures);
      const [x = 0, y = 0, width = 0, height = 0] = (place ?? []).slice(1).map(Number);
      return pixels.at(Number(left) + x + width / 2, Number(top) + y + height - 4);
    };
    expect(leafAt('error')).toBe('#ffffff');
    expect(leafAt('done')).toMatch(/^#[a-d][0-9a-f]{5}$/);
    expect(leafAt('done').slice(5)).toMatch(/^f/);
  });

  test('a drawing whose colours are custom properties would be found', () => {
    const style = '<style>svg { --paper: #ffffff; } .paper { fill: var(--paper); }</style>';
    const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="40" height="40">${style}<rect class="paper" width="40" height="40"/></svg>`;
    expect(drawn(svg).shares().dark).toBe(1);
  });
});
