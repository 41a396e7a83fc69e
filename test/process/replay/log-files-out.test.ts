/** The writer's files: never many descriptors, never a file begun again, never an empty one left. */
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, unlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { Descriptors, LogFilesOut } from '../../../src/record/log-files-out.ts';

const parent = mkdtempSync(join(tmpdir(), 'recital-files-'));
afterAll(() => rmSync(parent, { recursive: true, force: true }));

function pathsOf(name: string, count: number): string[] {
  return Array.from({ length: count }, (_, index) => join(parent, name, '2026-01-01', `${index}.jsonl`));
}

function descriptors(): number {
  return readdirSync('/proc/self/fd').length;
}

test('a thousand files that are written in turn take a few hundred descriptors, and each gets its lines in order', () => {
  const files = new LogFilesOut(new Descriptors(256));
  const paths = pathsOf('many', 1_000);
  const before = descriptors();
  for (const text of ['one\n', 'two\n', 'three\n']) {
    for (const path of paths) files.carryOut({ path, lines: text, turns: 1, isLast: text === 'three\n' });
    if (text === 'two\n') expect(descriptors() - before).toBeLessThanOrEqual(256);
  }
  expect(new Set(paths.map((path) => readFileSync(path, 'utf8')))).toEqual(new Set(['one\ntwo\nthree\n']));
  expect(descriptors()).toBe(before);
});

test('a file that was deleted while it was written to is not begun again in its middle', () => {
  const files = new LogFilesOut(new Descriptors(256));
  const paths = pathsOf('deleted', 400);
  for (const path of paths) files.carryOut({ path, lines: 'one\n', turns: 1, isLast: false });
  const [path = ''] = paths;
  unlinkSync(path);
  expect(files.carryOut({ path, lines: 'two\n', turns: 1, isLast: false })).toMatchObject({
    why: expect.stringContaining('ENOENT'),
  });
  expect(files.carryOut({ path, lines: 'three\n', turns: 1, isLast: true })).toEqual({ bytes: 0 });
  expect(existsSync(path)).toBe(false);
  files.closeAll();
});

test('a file of somebody else is never written to', () => {
  const files = new LogFilesOut(new Descriptors(256));
  const [path = ''] = pathsOf('taken', 1);
  files.carryOut({ path: `${path}.other`, lines: 'x\n', turns: 1, isLast: true });
  writeFileSync(path, 'theirs');
  expect(files.carryOut({ path, lines: 'ours\n', turns: 1, isLast: true })).toMatchObject({
    why: expect.stringContaining('EEXIST'),
  });
  expect(readFileSync(path, 'utf8')).toBe('theirs');
  expect(files.isOpen(path)).toBe(false);
});

test('what was given up takes no room', () => {
  const files = new LogFilesOut(new Descriptors(256));
  const path = '/proc/none/2026-01-01/a.jsonl';
  expect(files.carryOut({ path, lines: 'one\n', turns: 1, isLast: false })).toMatchObject({
    why: expect.stringContaining('ENOENT'),
  });
  expect(files.isOpen(path)).toBe(true);
  expect(files.carryOut({ path, lines: '', turns: 0, isLast: true })).toEqual({ bytes: 0 });
  expect(files.isOpen(path)).toBe(false);
});
