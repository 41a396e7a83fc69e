/** What a log costs its server: few writes, no more than a bounded text that waits, and no line out of order. */
import { expect, test } from 'vitest';
import { createLogger, type LogStyle, pacedDestination } from '../../../src/observe/logger.ts';

/** The present callback is over, and what it put off is done; nothing was read or answered meanwhile. */
const callbackOver = () => new Promise<void>((resolve) => process.nextTick(resolve));

/** A stream that keeps what is written. */
function handStream() {
  const writes: string[] = [];
  const stream = {
    writableLength: 0,
    on: () => stream,
    write: (text: string) => writes.push(text) > 0,
  };
  return { writes, stream, log: pacedDestination(stream) };
}

test('a line by itself is written at once; those behind it in the same callback together, when that has returned', async () => {
  const { writes, log } = handStream();
  log.write('1\n');
  expect(writes).toEqual(['1\n']);
  for (const line of ['2\n', '3\n', '4\n']) log.write(line);
  expect(writes).toEqual(['1\n']);
  await callbackOver();
  expect(writes).toEqual(['1\n', '2\n3\n4\n']);
  log.write('5\n');
  expect(writes.at(-1)).toBe('5\n');
});

test('every line of a crowd comes out, whole and in its order', async () => {
  const { writes, log } = handStream();
  const logger = createLogger('info', log);
  for (let number = 0; number < 1_000; number += 1) {
    logger.info({ scope: 's', method: 'm', decision: 'd', ctx: { number } }, 'a line');
    if (number % 300 === 0) await callbackOver();
  }
  await callbackOver();
  const lines = writes.join('').trimEnd().split('\n');
  expect(lines.map((line) => JSON.parse(line).ctx.number)).toEqual(
    Array.from({ length: 1_000 }, (_, number) => number),
  );
  // At most 16 KiB of lines together.
  expect(writes.length).toBeLessThan(20);
});

test('what waits for a reader is bounded; what comes beyond it is dropped', async () => {
  const { writes, stream, log } = handStream();
  const line = `${'x'.repeat(1023)}\n`;
  stream.write = (text) => {
    stream.writableLength += text.length;
    return writes.push(text) > 0;
  };
  for (let number = 0; number < 3_000; number += 1) log.write(line);
  await callbackOver();
  expect(writes.join('').length).toBe(1024 * 1024);
  log.write(line);
  expect(writes.join('').length).toBe(1024 * 1024);
  stream.writableLength = 0;
  log.write('again\n');
  expect(writes.at(-1)).toBe('again\n');
});

test('the lines of the last callback are not lost when the process ends in it', () => {
  const before = process.listeners('exit');
  const { writes, log } = handStream();
  const [onExit] = process.listeners('exit').filter((listener) => !before.includes(listener));
  log.write('1\n');
  log.write('2\n');
  onExit?.(0);
  expect(writes).toEqual(['1\n', '2\n']);
});

/** What a logger in this style writes for one line. */
function written(
  style: LogStyle,
  level: 'info' | 'error' = 'info',
  ctx: Readonly<Record<string, unknown>> = {},
): string {
  const lines: string[] = [];
  const log = createLogger('info', { write: (line) => lines.push(line) }, style);
  const err = level === 'error' ? { err: new Error('broken \u001b[2J\nat once') } : {};
  log[level]({ scope: 'workflow', method: 'StreamAudio', decision: 'end', ctx, ...err }, 'a session ended');
  return lines.join('');
}

test('numbers by default; with names the level is a word and the time ISO 8601', () => {
  const numbers = JSON.parse(written({}));
  expect([numbers.level, typeof numbers.time]).toEqual([30, 'number']);
  const words = JSON.parse(written({ hasLevelNames: true, base: { worker: 2 } }));
  expect(words).toMatchObject({ level: 'info', worker: 2, scope: 'workflow', decision: 'end', msg: 'a session ended' });
  expect(new Date(words.time).toISOString()).toBe(words.time);
  expect(Math.abs(Date.now() - Date.parse(words.time))).toBeLessThan(60_000);
});

test('pretty is one line for people, with every fact in it, whatever the names of levels are', () => {
  for (const hasLevelNames of [false, true]) {
    const line = written({ format: 'pretty', hasLevelNames, base: { worker: 2 } }, 'info', {
      reason: 'completed',
      frames: 3,
    });
    expect(line).toMatch(
      /^\d\d:\d\d:\d\d\.\d{3} info {2}workflow\.StreamAudio end {2}a session ended {2}worker=2 reason=completed frames=3\n$/,
    );
  }
});

test('nothing that was sent steers a terminal, and an error has its stack', () => {
  const line = written({ format: 'pretty' }, 'error', { session_id: 'a\u001b[31m\r\nb', hardware_id: '\u009b2J' });
  expect(line).toContain(' error workflow.StreamAudio');
  expect(line).toContain('session_id=a\ufffd[31m\ufffd\ufffdb hardware_id=\ufffd2J');
  expect(line).toMatch(/\nError: broken/);
  expect(line.replaceAll('\n', '')).not.toMatch(/\p{Cc}/u);
  const coloured = written({ format: 'pretty', isColoured: true });
  expect(coloured).toContain('\u001b[32minfo ');
});
