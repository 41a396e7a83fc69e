/** Lines that no server writes, with hashes that fit: each is a bad log that names the field and its bound, and harms no other log. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, describe, expect, test } from 'vitest';
import { fieldsIn, fieldsWithinBounds, valueFaultOf } from '../../../src/log/line-bounds.ts';
import { isBadLog, readHeader, readLog, readLogBytes } from '../../../src/log/log-reader.ts';
import { bodiesOf, chainedAnew } from '../../support/replay/hand-recording.ts';
import { failedEvents, goodEvents, madeLog } from '../../support/replay/made-log.ts';
import { runCli } from '../../support/run-cli.ts';

const good = madeLog({ events: goodEvents });
const bodies = bodiesOf(good);

/** The same log with a part of one line replaced, chained anew. */
function altered(line: number, part: string | RegExp, by: string): string {
  const body = bodies[line - 1] ?? '';
  const other = body.replace(part, () => by);
  if (other === body) throw new Error(`line ${line} has no ${part}: ${body}`);
  return chainedAnew(bodies.with(line - 1, other));
}

/** What `readLog` says, as a person reads it; '' for a good log. */
function faultOf(text: string): string {
  const log = readLog(text);
  return isBadLog(log) ? `line ${log.line}: ${log.why}` : '';
}

describe('times', () => {
  // Line 4 is turn 2, a delta at 12 ms; line 5 turn 3, at 40 ms.
  test.each([
    ['1e300', 'line 5: atMs 1e+300 must be 0..1000000000000'],
    ['-5', 'line 5: atMs -5 must be 0..1000000000000'],
    ['9007199254740993', 'line 5: atMs 9007199254740992 must be 0..1000000000000'],
    ['1000000000001', 'line 5: atMs 1000000000001 must be 0..1000000000000'],
    ['1e999', 'line 5: not a line of a log: atMs: '],
    ['null', 'line 5: not a line of a log: atMs: '],
    ['"NaN"', 'line 5: not a line of a log: atMs: '],
    ['true', 'line 5: not a line of a log: atMs: '],
    ['11', 'line 5: atMs 11 must be at least 12, that of the turn before'],
  ])('of a turn: %s', (time, says) => {
    expect(faultOf(altered(5, '"atMs":40', `"atMs":${time}`))).toContain(says);
  });

  test.each([
    [4, '"atMs":12}', '"atMs":1e300}', 'event.atMs 1e+300 must be 0..1000000000000'],
    [4, '"atMs":12}', '"atMs":-1}', 'event.atMs -1 must be 0..1000000000000'],
    [4, '"atMs":12}', '"atMs":12,"silences":[{"silentMs":2e12}]}', 'event.silences[0].silentMs 2000000000000 must be'],
    [1, /"idleTimeoutMs":\d+/, '"idleTimeoutMs":-1', 'input.limits.idleTimeoutMs -1 must be 0..1000000000000'],
    [1, /"sessionTimeoutMs":\d+/, '"sessionTimeoutMs":1e13', 'input.limits.sessionTimeoutMs 10000000000000 must be'],
    [1, /"startedAt":"[^"]+"/, '"startedAt":"yesterday"', 'startedAt: "yesterday" must be a date and time of UTC'],
    [1, /"startedAt":"[^"]+"/, '"startedAt":"2026-13-45T99:00:00Z"', 'must be a date and time of UTC'],
  ])('that a chart is told: line %i, %s → %s', (line, part, by, says) => {
    expect(faultOf(altered(line, part, by))).toContain(says);
  });

  test('the same time twice, and times without an end, are good', () => {
    expect(faultOf(altered(5, '"atMs":40', '"atMs":12'))).toBe('');
    expect(faultOf(chainedAnew(bodies.slice(0, -1)))).toBe('');
  });

  test('that a chart is told one before the other are out of order', () => {
    const events = [...goodEvents.slice(0, 2), [30, { type: 'answer.fellQuiet', atMs: 5 }]] as const;
    expect(faultOf(madeLog({ events }))).toBe('line 5: event.atMs 5 must be at least 12, that of turn 2');
  });
});

describe('numbers and names', () => {
  test.each([
    [6, '"audioBytes":4096', '"audioBytes":-4096', 'event.audioBytes -4096 must be 0..9007199254740991'],
    [6, '"segment":0', '"segment":1e300', 'event.segment 1e+300 must be 0..9007199254740991'],
    [8, '"turns":6', '"turns":-6', 'turns -6 must be 0..9007199254740991'],
    [8, '"dropped":0', '"dropped":1e400', 'dropped: '],
    [6, '"segment":0', '"segment":0,"__proto__":{"a":1}', 'event.__proto__ is no field of a log'],
    [1, '"limits":{', '"limits":{"__proto__":1,', 'input.limits.__proto__ is no field of a log'],
    [1, '"input":', '"inputs":', 'line 1: not a line of a log: input: undefined must be a value'],
  ])('line %i, %s → %s', (line, part, by, says) => {
    expect(faultOf(altered(line, part, by))).toContain(says);
  });

  test.each([
    [4, '"atMs":12}', '"atMs":1e300,"atMs":12}', '"atMs" stands twice in one object'],
    [5, '"turn":3', '"turn":9,"turn":3', '"turn" stands twice in one object'],
    [4, '"atMs":12}', '"atMs":12,"args":{"a":{"b":[{"c":1,"\\u0063":2}]}}}', '"c" stands twice in one object'],
    [8, '"status":"done"', '"status":"done","a\\"{:":1,"status":"done"', '"status" stands twice in one object'],
  ])('line %i, %s → %s', (line, part, by, says) => {
    expect(faultOf(altered(line, part, by))).toContain(says);
  });

  test('a name may stand once in each of several objects, and in texts', () => {
    const events = [
      ...goodEvents.slice(0, 2),
      [20, { type: 'answer.commandReceived', name: '{"a":1,"a":2}', args: [{ a: 1 }, { a: { a: '"a":\\' } }, {}, []] }],
    ] as const;
    expect(faultOf(madeLog({ events }))).toBe('');
  });

  test('what a model chose as arguments of a command may be any number', () => {
    const events = [
      ...goodEvents.slice(0, 2),
      [20, { type: 'answer.commandReceived', name: 'read_messages', args: { limit: -5, atMs: 1e300 } }],
    ] as const;
    expect(faultOf(madeLog({ events }))).toBe('');
  });
});

test('one walk over a line tells what the two before it did, or leaves it to them', () => {
  const names = fc.oneof(fc.constantFrom('atMs', 'args', '__proto__', 'constructor', '0'), fc.string({ maxLength: 4 }));
  const numbers = fc.oneof(
    fc.nat(),
    fc.constantFrom(-1, -0, 1e12, 1e12 + 1, 2 ** 53 - 1, 2 ** 53, 1e300, Number.POSITIVE_INFINITY, Number.NaN),
  );
  const { value } = fc.letrec<{ value: unknown; list: unknown; object: unknown }>((tie) => ({
    value: fc.oneof({ maxDepth: 4 }, numbers, fc.string(), fc.constantFrom(null, true), tie('list'), tie('object')),
    list: fc.array(tie('value'), { maxLength: 4 }),
    object: fc.array(fc.tuple(names, tie('value')), { maxLength: 4 }).map((fields) => Object.fromEntries(fields)),
  }));
  let walked = 0;
  fc.assert(
    fc.property(value, (line) => {
      const beyond = typeof line === 'object' && line !== null ? valueFaultOf(line) : null;
      const fields = fieldsWithinBounds(line);
      if (fields < 0) return;
      walked += 1;
      expect({ fields, beyond }).toEqual({ fields: fieldsIn(line), beyond: null });
    }),
    { numRuns: 2_000 },
  );
  expect(walked).toBeGreaterThan(200);
  // What a server writes is walked once.
  for (const body of bodies) expect(fieldsWithinBounds(JSON.parse(body))).toBe(fieldsIn(JSON.parse(body)));
});

describe('nesting', () => {
  const deep = (levels: number) => `${'['.repeat(levels)}${']'.repeat(levels)}`;
  const objects = (levels: number) => `${'{"a":'.repeat(levels)}1${'}'.repeat(levels)}`;
  const places: readonly (readonly [string, number, string, (value: string) => string])[] = [
    ['an event', 4, '"atMs":12}', (value) => `"atMs":12,"x":${value}}`],
    ['arguments', 4, '"atMs":12}', (value) => `"atMs":12,"args":${value}}`],
    ['changes', 3, '"changes":{', (value) => `"changes":{"x":${value},`],
    ['the input', 1, '"input":{', (value) => `"input":{"x":${value},`],
    ['a footer', 8, '"dropped":0', (value) => `"dropped":0,"x":${value}`],
  ];
  test.each(places)('of 200,000 levels in %s', (_place, line, part, by) => {
    for (const value of [deep(200_000), objects(200_000)]) {
      expect(faultOf(altered(line, part, by(value)))).toBe(`line ${line}: it nests deeper than 128 levels`);
    }
  });

  test('is counted outside of texts only', () => {
    const text = `${'['.repeat(500)}\\"${'{'.repeat(500)}\\\\`;
    const log = altered(4, '"atMs":12}', `"atMs":12,"x":"${text}"}`);
    expect(faultOf(log)).toBe('');
  });

  test('leaves a header unread, too', () => {
    expect(readHeader(altered(1, '"input":{', `"input":{"x":${deep(200_000)},`))).toBeNull();
  });
});

describe('bytes', () => {
  const bytes = (text: string) => new TextEncoder().encode(text);

  test('that are no UTF-8 are told with their line', () => {
    const broken = bytes(good);
    const at = good.indexOf('"turn":2');
    broken[at + 1] = 0xff;
    expect(readLogBytes(broken)).toEqual({ line: 4, turn: 2, why: 'it is no UTF-8' });
  });

  test('behind the last line are of a line that was not written to its end, zeros of a crash included', () => {
    const whole = bodies.slice(0, -1);
    const killed = readLogBytes(new Uint8Array([...bytes(chainedAnew(whole)), 0xd0, ...new Uint8Array(4096)]));
    expect(killed).toMatchObject({ footer: null });
    expect(killed).not.toHaveProperty('why');
  });

  test.each([
    ['a mark of the byte order', `\ufeff${good}`],
    ['line ends of Windows', good.replaceAll('\n', '\r\n')],
    ['zeros between the lines', good.replace('\n', '\n\0\n')],
    ['one line of 20 MB', 'x'.repeat(20_000_000)],
    ['twenty million empty lines', '\n'.repeat(20_000_000)],
  ])('%s are no log', (_name, text) => {
    expect(readLogBytes(bytes(text))).toHaveProperty('why');
  });
});

describe('a folder with such logs', () => {
  const folder = mkdtempSync(join(tmpdir(), 'recital-hostile-'));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  const deep = '[['.repeat(100_000) + ']]'.repeat(100_000);
  const logs = {
    deep: altered(3, '"changes":{', `"changes":{"x":${deep},`),
    late: altered(5, '"atMs":40', '"atMs":1e300'),
    early: altered(5, '"atMs":40', '"atMs":1'),
    good,
    failed: madeLog({ events: failedEvents }),
    ...Object.fromEntries(
      ['__proto__', 'constructor', 'toString', 'hasOwnProperty'].map((id) => [
        `named-${id}`,
        madeLog({ events: goodEvents, sessionId: id, hardwareId: id }),
      ]),
    ),
    chart: altered(1, '"machine":"session"', '"machine":"constructor"'),
    reason: altered(8, '"reason":"completed"', '"reason":"__proto__"'),
    effects: altered(3, '"effects":[', '"effects":["constructor x","__proto__ y",'),
  };
  for (const [name, text] of Object.entries(logs)) writeFileSync(join(folder, `${name}.jsonl`), text);

  test('is replayed to its end, each with its verdict', async () => {
    const { exitCode, stdout, stderr } = await runCli(['replay', folder]);
    expect(stderr).toBe('');
    const verdicts = stdout.match(/(?<=\/)[\w-]+\.jsonl: (identical|diverged|bad log: line \d+)/g);
    expect(verdicts).toEqual([
      'chart.jsonl: bad log: line 1',
      'deep.jsonl: bad log: line 3',
      'early.jsonl: bad log: line 5',
      'effects.jsonl: diverged',
      'failed.jsonl: identical',
      'good.jsonl: identical',
      'late.jsonl: bad log: line 5',
      'named-__proto__.jsonl: identical',
      'named-constructor.jsonl: identical',
      'named-hasOwnProperty.jsonl: identical',
      'named-toString.jsonl: identical',
      'reason.jsonl: diverged',
    ]);
    expect(exitCode).toBe(2);
  });

  test.each([
    ['list', 0],
    ['stats', 2],
  ])('is gone through by log %s', async (command, code) => {
    const { exitCode, stdout } = await runCli(['log', command, folder]);
    expect(stdout).not.toBe('');
    expect(exitCode).toBe(code);
  });

  test('is what each command for one log survives', async () => {
    for (const name of Object.keys(logs)) {
      const path = join(folder, `${name}.jsonl`);
      for (const command of [
        ['show'],
        ['show', '--wide'],
        ['show', '--json'],
        ['diff', join(folder, 'good.jsonl')],
        ['to-scenario'],
      ]) {
        const { exitCode, stderr } = await runCli(['log', ...command, path]);
        expect({ name, command, exitCode, stderr }).toMatchObject({ stderr: expect.not.stringContaining('    at ') });
        expect(exitCode).not.toBeNull();
      }
    }
  });

  test('a verb of an effect that every object has is no verb', async () => {
    const { stdout } = await runCli(['log', 'show', join(folder, 'effects.jsonl')]);
    expect(stdout).toContain('does constructor x, __proto__ y');
  });
});
