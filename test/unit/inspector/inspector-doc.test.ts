/** docs/INSPECTOR.md names the keys, filters and badges that the page has. */
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { readFilter } from '../../../src/inspector/page/list/filter.ts';
import { readDocument } from '../../support/docs/markdown.ts';

const { text } = readDocument('docs/INSPECTOR.md');
const sourceOf = (name: string) =>
  readFileSync(new URL(`../../../src/inspector/page/${name}`, import.meta.url), 'utf8');

/** The rows of the table under a heading, as cells. */
function rowsUnder(heading: string): string[][] {
  const section = text.split(`\n## ${heading}\n`)[1]?.split('\n## ')[0] ?? '';
  const lines = section.split('\n').filter((line) => line.startsWith('| '));
  return lines.slice(1).map((line) =>
    line
      .slice(1, -1)
      .split('|')
      .map((cell) => cell.trim()),
  );
}

test('the keys are those of the page, in its order and words', () => {
  // The table itself can't be loaded without a page.
  const keys = [...sourceOf('keys.ts').matchAll(/shown: \[([^\]]+)\],\s*words: '([^']+)'/g)];
  expect(keys.length).toBeGreaterThan(10);
  const told = keys.map(([, shown = '', words]) => [shown.replaceAll("'", '').replaceAll(', ', ' or '), words]);
  expect(rowsUnder('Keys')).toEqual(told);
});

test('every word of the filter is one that the page reads', () => {
  const words = rowsUnder('The filter').flatMap(([word = '']) => [...word.matchAll(/`([^`]+)`/g)]);
  expect(words.length).toBeGreaterThan(6);
  for (const [, word = ''] of words) expect([word, readFilter(word).fault]).toEqual([word, null]);
});

test('the actions, tabs and badges that the tour names stand on the page', () => {
  const page = ['views/turn-actions.tsx', 'views/view-tabs.ts', 'session/session-words.ts', 'session/turn-panel.tsx']
    .map(sourceOf)
    .join('\n');
  for (const label of [
    'copy the command that makes a test of it',
    'save as a page that replays itself',
    'compare it with another session',
    '✓ identical so far',
    '✗ diverged at turn ',
    '✗ bad log: line ',
  ]) {
    expect(text).toContain(label.trim());
    expect(page).toContain(label);
  }
});
