/** What the commands have in common: times as they are typed, tables, and what a terminal is spared. */
import { describe, expect, test } from 'vitest';
import { createOutput, printTable, tableLines } from '../../../src/cli/terminal/output.ts';
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
