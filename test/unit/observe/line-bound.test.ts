/** Lines that clients can cause at will are bounded, none is lost without being counted, and nobody else's line is touched. */
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { createLogger, type LogFields, type LogLevel } from '../../../src/observe/logger.ts';

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

interface WrittenLine {
  readonly decision: string;
  readonly level: number;
  readonly ctx: Readonly<Record<string, unknown>>;
}

function bench(level: LogLevel = 'info') {
  const lines: WrittenLine[] = [];
  const log = createLogger(level, { write: (text) => lines.push(JSON.parse(text)) });
  return { log, lines, of: (decision: string) => lines.filter((line) => line.decision === decision) };
}

const refused = (reason: string): LogFields => ({
  scope: 'workflow',
  method: 'StreamAudio',
  decision: 'reject',
  ctx: { reason },
  isBounded: true,
});

test('five hundred of a kind in a second are written, the rest is one line with their number', () => {
  const { log, of } = bench();
  for (let line = 0; line < 6_000; line += 1) log.warn(refused('empty_prompt'), 'a call was refused');
  expect(of('reject')).toHaveLength(500);
  expect(of('and_more')).toEqual([]);
  vi.advanceTimersByTime(1_000);
  expect(of('and_more').map(({ level, ctx }) => ({ level, ctx }))).toEqual([
    { level: 40, ctx: { decision: 'reject', reason: 'empty_prompt', lines: 5_500 } },
  ]);
  log.warn(refused('empty_prompt'), 'a call was refused');
  expect(of('reject')).toHaveLength(501);
  vi.advanceTimersByTime(10_000);
  expect(of('and_more')).toHaveLength(1);
});

test('a rare reason is told beside a flood of another one', () => {
  const { log, of } = bench();
  for (let line = 0; line < 2_000; line += 1) log.warn(refused('empty_prompt'), 'a call was refused');
  log.warn(refused('invalid_phase'), 'a call was refused');
  expect(of('reject').at(-1)?.ctx).toEqual({ reason: 'invalid_phase' });
});

test('lines that are not bounded are all written, and the mark itself never is', () => {
  const { log, lines, of } = bench();
  const { isBounded: _, ...admitted } = refused('rate_limit_exceeded');
  for (let line = 0; line < 2_000; line += 1) log.warn(admitted, 'a stream was closed');
  log.warn(refused('empty_prompt'), 'a call was refused');
  expect(of('reject')).toHaveLength(2_001);
  expect(lines.every((line) => !('isBounded' in line))).toBe(true);
});

test('what the level leaves out is not counted', () => {
  const { log, lines } = bench('error');
  for (let line = 0; line < 2_000; line += 1) log.warn(refused('empty_prompt'), 'a call was refused');
  vi.advanceTimersByTime(1_000);
  expect(lines).toEqual([]);
});
