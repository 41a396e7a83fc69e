/** What the page weighs as it is built and sent, compressed: it opens in a moment, also over a slow line. */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { expect, test } from 'vitest';

const folder = fileURLToPath(new URL('../../../dist/inspector/', import.meta.url));
const textOf = (name: string) => readFileSync(folder + name, 'utf8');
const namesIn = (names: readonly string[], pattern: RegExp) => [
  ...new Set(names.flatMap((name) => [...textOf(name).matchAll(pattern)].map(([, found = '']) => `assets/${found}`))),
];
/** Of this build: those of an earlier one may stand beside them. */
const page = namesIn(['index.html'], /assets\/([\w.-]+\.(?:js|css))/g);
const workers = namesIn(page, /(worker-[\w-]+\.js)/g);
const later = laterParts();

/** What the page and its worker fetch after they began: all that they name, and what that names. */
function laterParts(): readonly string[] {
  const found = new Set([...page, ...workers]);
  for (const name of found) {
    if (!name.endsWith('.js')) continue;
    for (const part of namesIn([name], /[`'"/]([\w-]+-[\w-]{8}\.(?:js|css))[`'"]/g)) found.add(part);
  }
  return [...found].filter((name) => ![...page, ...workers].includes(name));
}

function gzippedBytes(names: readonly string[]): number {
  expect(names).not.toEqual([]);
  return names.reduce((sum, name) => sum + gzipSync(textOf(name), { level: 9 }).byteLength, 0);
}

test('what the page loads before it shows its first view, its document, script and style, is below 40,000 bytes', () => {
  expect(page.filter((name) => name.endsWith('.css'))).toHaveLength(1);
  expect(gzippedBytes(['index.html', ...page])).toBeLessThan(40_000);
});

test('the worker, with every chart, the text rules and the debugger, is below 60,000 bytes', () => {
  expect(workers).toHaveLength(1);
  expect(gzippedBytes(workers)).toBeLessThan(60_000);
});

test('what comes later, the code of views that few open, is below 68,000 bytes, and no part of it is missing', () => {
  expect(later.map((name) => name.replace(/-[\w-]{8}\./, '.'))).toEqual(
    expect.arrayContaining([
      'assets/view-answers.js',
      'assets/compare-view.js',
      'assets/help.css',
      'assets/segment-desk.js',
    ]),
  );
  // A twentieth of it is what the error table says to people, a twelfth the reader of segments.
  expect(gzippedBytes(later)).toBeLessThan(68_000);
});

test('nothing in it makes code out of text, which its policy forbids', () => {
  for (const name of [...page, ...workers, ...later].filter((each) => each.endsWith('.js'))) {
    expect(textOf(name)).not.toMatch(/\beval\(|new Function\b|[^.\w]Function\(/);
  }
});
