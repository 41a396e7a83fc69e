/** Drawings as a program that is no browser draws them: file managers, chat clients and converters use librsvg. */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { inflateSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { drawFigures } from '../../src/analysis/stats/figures-svg.ts';
import { LogStats } from '../../src/analysis/stats/log-stats.ts';
import { sessionMachine } from '../../src/machines/session/session.machine.ts';
import { supervisorMachine } from '../../src/machines/supervisor/supervisor.machine.ts';
import { welcomeMachine } from '../../src/machines/welcome/welcome.machine.ts';

const PACKAGE = 'librsvg2-bin';
const isThere = spawnSync('rsvg-convert', ['--version'], { stdio: 'ignore' }).status === 0;
/** Of a pixel. */
const BYTES = 3;
const lacking = `Drawings are not rendered here: rsvg-convert is missing. Get it: apt-get install ${PACKAGE}`;
if (!isThere && process.env.CI !== undefined) throw new Error(lacking);
if (!isThere) console.warn(lacking);

describe.skipIf(!isThere)('librsvg draws on paper, not a black rectangle', () => {
  const charts = { session: sessionMachine, supervisor: supervisorMachine, welcome: welcomeMachine };
  const drawings = [
    [
      'the picture of the README',
      readFileSync(new URL('../../docs/images/session-chart.svg', import.meta.url), 'utf8'),
    ],
    ...Object.entries(charts).map(([name, machine]) => [
      `the figures of ${name}`,
      drawFigures(machine, new LogStats(machine).figures()),
    ]),
  ];

  test.each(drawings)('%s', (_name, svg) => {
    const shares = sharesOf(pixelsOf(svg));
    // Paper and boxes are light; ink, lines and edges are a few per cent.
    expect(shares.light).toBeGreaterThan(0.8);
    expect(shares.dark).toBeLessThan(0.1);
    expect(shares.light).toBeLessThan(0.995);
  });

  test('a drawing whose colours are custom properties would be found', () => {
    const style = '<style>svg { --paper: #ffffff; } .paper { fill: var(--paper); }</style>';
    const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="40" height="40">${style}<rect class="paper" width="40" height="40"/></svg>`;
    expect(sharesOf(pixelsOf(svg)).dark).toBe(1);
  });
});

/** RGB of every pixel, as rsvg-convert draws it in a light theme on white. */
function pixelsOf(svg: string): Uint8Array {
  const { stdout, stderr, status } = spawnSync('rsvg-convert', ['--background-color', 'white'], { input: svg });
  expect({ status, stderr: stderr.toString() }).toEqual({ status: 0, stderr: '' });
  return rgbOf(stdout);
}

/** The pixels of a PNG of 8 bits a channel without alpha, not interlaced: what rsvg-convert writes. */
function rgbOf(png: Buffer): Uint8Array {
  const [width, height] = [png.readUInt32BE(16), png.readUInt32BE(20)];
  expect([...png.subarray(24, 29)]).toEqual([8, 2, 0, 0, 0]);
  const packed: Buffer[] = [];
  for (let at = 8; at < png.length; at += 12 + png.readUInt32BE(at)) {
    if (png.toString('latin1', at + 4, at + 8) === 'IDAT')
      packed.push(png.subarray(at + 8, at + 8 + png.readUInt32BE(at)));
  }
  const rows = inflateSync(Buffer.concat(packed));
  const stride = width * BYTES;
  const pixels = new Uint8Array(stride * height);
  for (let y = 0; y < height; y += 1) unfilterRow(rows, pixels, { y, stride });
  return pixels;
}

/** PNG, 9.2: each byte is the difference to a prediction from its left, upper and upper left neighbours. */
function unfilterRow(rows: Uint8Array, pixels: Uint8Array, { y, stride }: { y: number; stride: number }): void {
  const from = y * (stride + 1);
  const kind = rows[from] ?? 0;
  for (let x = 0; x < stride; x += 1) {
    const at = y * stride + x;
    const left = x < BYTES ? 0 : (pixels[at - BYTES] ?? 0);
    const up = y === 0 ? 0 : (pixels[at - stride] ?? 0);
    const upLeft = x < BYTES || y === 0 ? 0 : (pixels[at - stride - BYTES] ?? 0);
    const predicted = [0, left, up, (left + up) >> 1, paeth(left, up, upLeft)][kind] ?? 0;
    pixels[at] = (rows[from + 1 + x] ?? 0) + predicted;
  }
}

function paeth(left: number, up: number, upLeft: number): number {
  const estimate = left + up - upLeft;
  const distances = [left, up, upLeft].map((value) => Math.abs(estimate - value));
  return [left, up, upLeft][distances.indexOf(Math.min(...distances))] ?? 0;
}

/** Which share of the pixels is nearly white, and nearly black. */
function sharesOf(rgb: Uint8Array): { light: number; dark: number } {
  const counts = { light: 0, dark: 0 };
  for (let at = 0; at < rgb.length; at += BYTES) {
    const channels = [rgb[at] ?? 0, rgb[at + 1] ?? 0, rgb[at + 2] ?? 0];
    if (Math.min(...channels) > 200) counts.light += 1;
    else if (Math.max(...channels) < 60) counts.dark += 1;
  }
  const all = rgb.length / BYTES;
  return { light: counts.light / all, dark: counts.dark / all };
}
