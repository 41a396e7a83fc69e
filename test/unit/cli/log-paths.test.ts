/** Which logs a command line names: links, loops, patterns, and names that lead nowhere. */
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { findLogs } from '../../../src/cli/log/log-paths.ts';

const folder = mkdtempSync(join(tmpdir(), 'recital-paths-'));
const at = (path: string) => join(folder, path);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

beforeAll(() => {
  for (const name of ['day/deep', 'other', 'empty', 'loops', 'broken', 'odd [names]'])
    mkdirSync(at(name), { recursive: true });
  for (const name of [
    'day/b.jsonl',
    'day/deep/.hidden.jsonl',
    'other/a.jsonl',
    'odd [names]/*.jsonl',
    'day/notes.txt',
  ]) {
    writeFileSync(at(name), '');
  }
  symlinkSync('..', at('day/deep/up'));
  symlinkSync('.', at('day/self'));
  symlinkSync('../other', at('day/also'));
  symlinkSync('b.jsonl', at('day/a-link.jsonl'));
  symlinkSync('two', at('loops/one'));
  symlinkSync('one', at('loops/two'));
  symlinkSync('nowhere', at('broken/latest'));
});

async function found(...names: string[]) {
  const { paths, faults } = await findLogs(names.map(at));
  const near = (path: string) => relative(folder, path);
  return { paths: paths.map(near), faults: faults.map(({ path, why }) => [near(path), why]) };
}

describe('a folder', () => {
  test('is looked through once, whatever links lead back into it; each file has its own name', async () => {
    const paths = ['day/also/a.jsonl', 'day/b.jsonl', 'day/deep/.hidden.jsonl'];
    expect(await found('day')).toEqual({ paths, faults: [] });
  });

  test('that is named twice, or through a link, or with a file in it, gives each file once', async () => {
    const { paths, faults } = await found(
      'other',
      'day',
      'day/self/self',
      'day/b.jsonl',
      'day/a-link.jsonl',
      'other/a.jsonl',
    );
    expect(paths).toEqual(['day/b.jsonl', 'day/deep/.hidden.jsonl', 'other/a.jsonl']);
    expect(faults).toEqual([]);
  });

  test('a thousand folders deep is no recursion', async () => {
    const deep = Array.from({ length: 1000 }, () => 'd').join('/');
    mkdirSync(at(`chain/${deep}`), { recursive: true });
    writeFileSync(at(`chain/${deep}/x.jsonl`), '');
    expect(await found('chain')).toEqual({ paths: [`chain/${deep}/x.jsonl`], faults: [] });
  });

  test('without a log is told to be so', async () => {
    expect(await found('empty')).toEqual({ paths: [], faults: [['empty', null]] });
  });

  test('with links that lead to each other or to nothing tells of them', async () => {
    const tooMany = expect.stringMatching(/^ELOOP: /);
    expect(await found('loops')).toEqual({
      paths: [],
      faults: [
        ['loops/one', tooMany],
        ['loops/two', tooMany],
      ],
    });
    expect(await found('broken')).toEqual({
      paths: [],
      faults: [['broken/latest', 'ENOENT: no such file or directory']],
    });
  });
});

describe('a name', () => {
  test.each([
    ['gone', null],
    ['gone/*.jsonl', null],
    ['day/b.jsonl/inner', 'ENOTDIR: not a directory'],
    ['x'.repeat(300), 'ENAMETOOLONG: name too long'],
  ])('%s leads to nothing, and that is told', async (name, why) => {
    expect(await found(name, 'other')).toEqual({ paths: ['other/a.jsonl'], faults: [[name, why]] });
  });

  test('that a file really has is no pattern', async () => {
    expect(await found('odd [names]/*.jsonl')).toEqual({ paths: ['odd [names]/*.jsonl'], faults: [] });
  });
});

test('a pattern finds files and folders, and ends where links lead in a circle', async () => {
  const { paths, faults } = await found('day/*.jsonl', '{other,gone}', 'day/**/.hid*');
  expect(paths).toEqual(['day/b.jsonl', 'day/deep/.hidden.jsonl', 'other/a.jsonl']);
  expect(faults).toEqual([]);
});

test('how many are found so far is told', async () => {
  const counts: number[] = [];
  await findLogs([at('day')], (count) => counts.push(count));
  expect(counts).toEqual([1, 2, 3]);
});

test('a folder that vanishes while it is looked for is told, and the rest is found', async () => {
  for (const name of ['moving/gone', 'moving/stays']) mkdirSync(at(name), { recursive: true });
  for (const name of ['moving/a', 'moving/gone/b', 'moving/stays/c']) writeFileSync(at(`${name}.jsonl`), '');
  const { paths, faults } = await findLogs([at('moving')], (count) => {
    if (count === 1) rmSync(at('moving/gone'), { recursive: true });
  });
  expect(paths.map((path) => relative(folder, path))).toEqual(['moving/a.jsonl', 'moving/stays/c.jsonl']);
  expect(faults).toEqual([{ path: at('moving/gone'), why: 'ENOENT: no such file or directory' }]);
});
