/** What the page weighs as it is built and sent, compressed: it opens in a moment, also over a slow line. */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { expect, test } from 'vitest';

const folder = fileURLToPath(new URL('../../../dist/inspector/', import.meta.url));
const KIB = 1024;

const textOf = (name: string) => readFileSync(folder + name, 'utf8');
const namesIn = (text: string, pattern: RegExp) => [...new Set(text.match(pattern) ?? [])];
/** Of this build: those of an earlier one may stand beside them. */
const page = namesIn(textOf('index.html'), /assets\/[\w.-]+\.(?:js|css)/g);
const workers = page.flatMap((name) => namesIn(textOf(name), /worker-[\w-]+\.js/g)).map((name) => `assets/${name}`);

function gzippedBytes(names: readonly string[]): number {
  expect(names).not.toEqual([]);
  return names.reduce((sum, name) => sum + gzipSync(textOf(name), { level: 9 }).byteLength, 0);
}

test('the worker, with every chart, the text rules and the debugger, is at most 70 KiB', () => {
  expect(workers).toHaveLength(1);
  expect(gzippedBytes(workers)).toBeLessThanOrEqual(70 * KIB);
});

test('the code of the page itself is at most 40 KiB, its style 10', () => {
  expect(gzippedBytes(page.filter((name) => name.endsWith('.js')))).toBeLessThanOrEqual(40 * KIB);
  expect(gzippedBytes(page.filter((name) => name.endsWith('.css')))).toBeLessThanOrEqual(10 * KIB);
});

test('nothing in it makes code out of text, which its policy forbids', () => {
  for (const name of [...page, ...workers].filter((each) => each.endsWith('.js'))) {
    expect(textOf(name)).not.toMatch(/\beval\(|new Function\b|[^.\w]Function\(/);
  }
});
