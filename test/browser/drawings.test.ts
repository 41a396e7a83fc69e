/** Drawings in a browser, where a theme counts: each colour is where it belongs, in a light one and a dark one. */
import { describe, expect, test } from 'vitest';
import { theBrowser } from '../support/browser/chromium.ts';
import { drawnCharts, type Theme, wrongColours } from '../support/drawn-colours.ts';
import { pixelsOf } from '../support/png.ts';

async function shown(svg: string, colorScheme: Theme, deviceScaleFactor: number): Promise<Buffer> {
  const [, width = '0', height = '0'] = / width="(\d+)" height="(\d+)"/.exec(svg) ?? [];
  const viewport = { width: Number(width), height: Number(height) };
  const page = await (await theBrowser()).newPage({ viewport, colorScheme, deviceScaleFactor });
  await page.setContent(`<body style="margin: 0">${svg}</body>`);
  const png = await page.screenshot();
  await page.close();
  return png;
}

describe.each(['light', 'dark'] as const)('in a %s theme', (theme) => {
  test.each(drawnCharts)('$name has each colour where it belongs', async ({ svg, scale }) => {
    const pixels = pixelsOf(await shown(svg, theme, scale));
    expect(wrongColours(svg, theme, { pixels, scale })).toEqual([]);
  });
});
