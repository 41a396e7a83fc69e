/** What the commands have in common: times as they are typed, tables, and what a terminal is spared. */
import { describe, expect, test } from 'vitest';
import {
  type Column,
  createOutput,
  cutPath,
  printTable,
  tableLines,
  widthOf,
} from '../../../src/cli/terminal/output.ts';
import { countText, Progress } from '../../../src/cli/terminal/progress.ts';
import { parseIsoTime, parseTime } from '../../../src/cli/terminal/times.ts';

describe('the date of --since', () => {
  test.each([
    ['2026-11-01', Date.UTC(2026, 10, 1)],
    ['2026-11-01T09:30', Date.UTC(2026, 10, 1, 9, 30)],
    ['2026-11-01 09:30:15.5z', Date.UTC(2026, 10, 1, 9, 30, 15, 500)],
    ['2026-11-01T09:30-01:00', Date.UTC(2026, 10, 1, 10, 30)],
    ['1969-12-31', 0],
    ['2024-02-29', Date.UTC(2024, 1, 29)],
    ['2023-02-29', undefined],
    ['2026-13-01', undefined],
    ['2026-11-01Z', undefined],
  ])('%s is %s', (text, sinceMs) => {
    expect(parseIsoTime(text)).toBe(sinceMs);
  });

  const NOW_MS = Date.UTC(2026, 10, 22, 13, 30);

  test.each([
    ['now', NOW_MS],
    ['today', Date.UTC(2026, 10, 22)],
    ['yesterday', Date.UTC(2026, 10, 21)],
    ['90s', NOW_MS - 90_000],
    ['90m', Date.UTC(2026, 10, 22, 12)],
    ['12h', Date.UTC(2026, 10, 22, 1, 30)],
    ['3d', Date.UTC(2026, 10, 19, 13, 30)],
    ['2026-11-22T14:30', Date.UTC(2026, 10, 22, 14, 30)],
    ['2w', Date.UTC(2026, 10, 8, 13, 30)],
    [' 3D ago ', Date.UTC(2026, 10, 19, 13, 30)],
    ['3y', undefined],
    ['-3d', undefined],
    ['tomorrow', undefined],
  ])('of a log, %s is %s', (text, timeMs) => {
    expect(parseTime(text, NOW_MS)).toBe(timeMs);
  });
});

describe('the table', () => {
  const columns = [
    { title: 'name', shrinksTo: 4 },
    { title: 'n', isNumber: true },
  ];

  test('shortens what may be shortened until it fits, and nothing else', () => {
    expect(
      tableLines(
        columns,
        [
          ['abcdefgh', '1'],
          ['x', '1000'],
        ],
        12,
      ),
    ).toEqual(['name       n', 'abcde…     1', 'x       1000']);
    expect(tableLines(columns, [['abcdefgh', '123456789']], 5)).toEqual(['name          n', 'abc…  123456789']);
  });

  test('shows nothing that could steer a terminal', () => {
    expect(tableLines(columns, [['a\u001b[2J', '1']], 80)[1]).toBe('a\ufffd[2J  1');
  });
});

describe('an output', () => {
  /** A stream that is a terminal of `columns`, or none. */
  function written(columns: number | undefined) {
    const parts: string[] = [];
    const isTTY = columns !== undefined;
    const stream = {
      writable: true,
      isTTY,
      columns,
      hasColors: () => isTTY,
      write: (text: string) => parts.push(text),
    };
    return { stream, text: () => parts.join('') };
  }

  test('spares a terminal what could steer it, and leaves it to a program', () => {
    const [terminal, pipe] = [written(80), written(undefined)];
    for (const { stream } of [terminal, pipe]) createOutput(stream).write('a\u001b[2Jb\u009b\tc\n');
    expect(terminal.text()).toBe('a[2Jb\tc\n');
    expect(pipe.text()).toBe('a\u001b[2Jb\u009b\tc\n');
  });

  test('has a table as wide as the terminal, and a whole one for a program', () => {
    const [terminal, pipe] = [written(12), written(undefined)];
    for (const { stream } of [terminal, pipe]) {
      printTable(createOutput(stream), [{ title: 'name', shrinksTo: 4 }], [['x'.repeat(20)]]);
    }
    expect(terminal.text()).toBe(`name\n${'x'.repeat(11)}…\n`);
    expect(pipe.text()).toBe(`name\n${'x'.repeat(20)}\n`);
  });

  test('to a reader that went away is not written', () => {
    const { stream, text } = written(undefined);
    createOutput({ ...stream, writable: false }).line('x');
    expect(text()).toBe('');
  });
});

describe('progress', () => {
  /** A terminal of 20 columns, and a clock that a test sets. */
  function setUp(isTTY: boolean) {
    const written: string[] = [];
    const stream = { writable: true, isTTY, columns: 20, write: (text: string) => written.push(text) };
    let nowMs = 0;
    const output = createOutput(stream);
    const progress = new Progress(output, () => nowMs);
    const at = (ms: number, text: string) => {
      nowMs = ms;
      progress.tell(() => text);
    };
    return { written, output, progress, at };
  }
  const CLEAR = '\r\u001b[2K';

  test('is shown from the first second on, ten times a second, in one line of the terminal, and is gone at the end', () => {
    const { written, progress, at } = setUp(true);
    at(999, 'too early');
    at(1000, '1 of 3 logs');
    at(1099, 'too soon');
    at(1100, 'a text that is longer than the line');
    progress.clear();
    progress.clear();
    expect(written).toEqual([`${CLEAR}1 of 3 logs`, `${CLEAR}a text that is lon…`, CLEAR]);
  });

  test('makes room for what is printed', () => {
    const { written, output, progress, at } = setUp(true);
    const stdout = progress.madeRoomFor(output);
    stdout.line('before');
    at(2000, 'half');
    stdout.line('between');
    stdout.write('behind');
    expect(written).toEqual(['before\n', `${CLEAR}half`, CLEAR, 'between\n', 'behind']);
  });

  test('is nothing where no terminal is', () => {
    const { written, progress, at } = setUp(false);
    at(5000, 'half');
    progress.clear();
    expect(written).toEqual([]);
  });

  test.each([
    [1, 3, '1 of 3 logs'],
    [1204, 31_878, '1,204 of 31,878 logs'],
    [1, 1, '1 of 1 log'],
    [2500, null, '2,500 logs'],
  ])('%s of %s is %s', (done, total, text) => {
    expect(countText(done, total, 'log')).toBe(text);
  });
});

describe('a table that is too wide', () => {
  const columns: readonly Column[] = [
    { title: 'WHEN' },
    { title: 'COUNT', isNumber: true, leftOut: 1 },
    { title: 'WHOSE', shrinksTo: 4, leftOut: 2 },
    { title: 'PATH', shrinksTo: 8, cut: cutPath },
  ];
  const row = ['10:00', '12', 'somebody', 'data/logs/today/abcdefgh.jsonl'];
  test.each([
    [60, ['10:00', '12', 'somebody', 'data/logs/today/abcdefgh.jsonl']],
    [40, ['10:00', '12', 'somebody', '…/abcdefgh.jsonl']],
    [28, ['10:00', '12', 'som…', '…/abcde…']],
    [22, ['10:00', 'some…', '…/abcde…']],
    [17, ['10:00', '…/abcdefg…']],
    [11, ['10:…', '…/ab…']],
  ])('in %i columns is %j', (width, cells) => {
    const [heading = '', line = ''] = tableLines(columns, [row], width);
    expect(line.split(/ {2,}/)).toEqual(cells);
    for (const text of [heading, line]) expect(text.length).toBeLessThanOrEqual(width);
  });

  test.each([
    [60, 'logs/110000.000-5f0c9a3e.segment.jsonl#110001.000-9269120c'],
    [50, '…#110001.000-9269120c'],
    [30, '…#110001.000-9269120c'],
    [15, '…#110001.000-9…'],
  ])('a log in a segment keeps its own name in %i columns', (width, text) => {
    const path = 'logs/110000.000-5f0c9a3e.segment.jsonl#110001.000-9269120c';
    expect(cutPath(path, width)).toBe(text);
  });

  test('counts what a character takes on the screen', () => {
    expect([widthOf('abc'), widthOf('файл'), widthOf('日本'), widthOf('🙂a'), widthOf('e\u0301')]).toEqual([
      3, 4, 4, 3, 1,
    ]);
    expect(tableLines([{ title: 'P', shrinksTo: 3 }, { title: 'N' }], [['日本語の名前', 'x']], 10)).toEqual([
      'P        N',
      '日本語…  x',
    ]);
  });

  test('has as many rows as there are', () => {
    expect(
      tableLines(
        [{ title: 'N' }],
        Array.from({ length: 200_000 }, () => ['x']),
        80,
      ),
    ).toHaveLength(200_001);
  });
});
