/** The page's connection: what it makes of a stream that is cut anywhere, lost, refused, silent, hidden, or of another process. */
import { describe, expect, test } from 'vitest';
import { FeedClient } from '../../../src/inspector/debugger/feed-client.ts';
import { LineSplitter } from '../../../src/inspector/debugger/line-splitter.ts';
import type { FeedLine, ServerFacts } from '../../../src/inspector/feed-format.ts';
import { HandWorld } from '../../support/inspector/feed-world.ts';

const facts = (run = 'run-1'): ServerFacts => ({
  version: '1.0.0',
  grpc: '127.0.0.1:50051',
  maxStreams: 50,
  redaction: 'shape',
  hasLogs: true,
  canTry: false,
  run,
  settings: {},
});
const lineOf = (line: FeedLine) => `${JSON.stringify(line)}\n`;
const hello = (run?: string) => lineOf({ kind: 'hello', server: facts(run) });

function connected() {
  const world = new HandWorld();
  const told: string[] = [];
  const lines: [log: string, from: number, lines: readonly string[]][] = [];
  const client = new FeedClient(world, {
    connection: (state) => told.push(state),
    hello: (_, isNewRun) => isNewRun && told.push('new run'),
    line: (line) => told.push(line.kind),
    lines: (...given) => lines.push(given),
  });
  client.connect('http://here/inspect/api/', 'secret');
  return { world, told, lines, client };
}

describe('a stream', () => {
  const body = [
    hello(),
    lineOf({ kind: 'lines', log: 'a', from: 7, count: 3 }),
    '{"say":"žluťoučký 🐎"}\n{"x":1}\n{"y":"中文"}\n',
    '\n',
    '{"kind":"of-a-newer-server"}\n',
    lineOf({ kind: 'gap', lines: 2 }),
    lineOf({ kind: 'lines', log: 'b', from: 4, count: 0 }),
    lineOf({ kind: 'lines', log: 'b', from: 4, count: 1 }),
    '{"kind":"hello"}\n',
  ].join('');

  test.each([1, 2, 3, 7, 50, 10_000])('cut every %i bytes tells the same lines, each at its place', async (size) => {
    const { world, told, lines } = connected();
    await world.pass(0);
    const asked = world.last('feed');
    expect(asked).toMatchObject({ url: 'http://here/inspect/api/feed?list=1', authorization: 'Bearer secret' });
    asked.answer(200);
    const bytes = new TextEncoder().encode(body);
    for (let from = 0; from < bytes.length; from += size) {
      asked.send(bytes.slice(from, from + size));
      if (size < 50) await world.pass(0);
    }
    await world.pass(0);
    expect(told).toEqual(['connecting', 'live', 'gap']);
    const byPlace = lines.flatMap(([log, from, some]) => some.map((line, place) => [log, from + place, line]));
    expect(byPlace).toEqual([
      ['a', 7, '{"say":"žluťoučký 🐎"}'],
      ['a', 8, '{"x":1}'],
      ['a', 9, '{"y":"中文"}'],
      ['b', 4, '{"kind":"hello"}'],
    ]);
    expect(lines).toContainEqual(['b', 4, []]);
  });

  test('that is no NDJSON is lost, and tried again', async () => {
    const { world, told } = connected();
    await world.pass(0);
    world.last('feed').answer(200);
    world.last('feed').send('<html>\n');
    await world.pass(0);
    expect(told.at(-1)).toBe('lost');
    expect(world.nextTimerMs).toBe(250);
  });

  test('that says nothing for 45 s is given up; a sign of life keeps it', async () => {
    const { world, told } = connected();
    await world.pass(0);
    world.last('feed').answer(200);
    world.last('feed').send(hello());
    for (let times = 0; times < 10; times += 1) {
      await world.pass(30_000);
      world.last('feed').send('\n');
    }
    await world.pass(1);
    expect(told).toEqual(['connecting', 'live']);
    await world.pass(45_100);
    expect(told).toContain('lost');
  });

  test('a line without an end is an error, not a full memory', () => {
    const splitter = new LineSplitter();
    const part = new Uint8Array(4 * 1024 * 1024).fill(120);
    expect(() => {
      for (let times = 0; times < 20; times += 1) splitter.push(part);
    }).toThrow('a line is longer than 33554432 characters');
  });
});

describe('a lost server', () => {
  test('is tried after 0.25 s and ever later, up to 5 s; and at once again when it was there', async () => {
    const { world } = connected();
    const waits: (number | null)[] = [];
    for (let times = 0; times < 8; times += 1) {
      await world.pass(waits.at(-1) ?? 0);
      world.last('feed').fail('ECONNREFUSED');
      await world.pass(0);
      waits.push(world.nextTimerMs);
    }
    expect(waits).toEqual([250, 500, 1_000, 2_000, 4_000, 5_000, 5_000, 5_000]);
    await world.pass(5_000);
    world.last('feed').answer(200);
    world.last('feed').send(hello());
    await world.pass(6_000);
    world.last('feed').end();
    await world.pass(0);
    expect(world.nextTimerMs).toBe(250);
  });

  test('that answers and closes at once is not asked in a loop', async () => {
    const { world } = connected();
    for (let times = 0; times < 6; times += 1) {
      await world.pass(times === 0 ? 0 : 5_000);
      world.last('feed').answer(200);
      world.last('feed').send(hello());
      world.last('feed').end();
      await world.pass(0);
    }
    expect(world.nextTimerMs).toBe(5_000);
  });

  test('that is there again as another process is told to be one', async () => {
    const { world, told } = connected();
    for (const run of ['run-1', 'run-1', 'run-2']) {
      await world.pass(250);
      world.last('feed').answer(200);
      world.last('feed').send(hello(run));
      await world.pass(6_000);
      world.last('feed').end();
      await world.pass(0);
    }
    expect(told.filter((each) => each === 'new run')).toHaveLength(1);
    expect(told.lastIndexOf('new run')).toBeLessThan(told.lastIndexOf('live'));
  });
});

test.each([401, 403])(
  'a refusal (%i) is told once and nothing is asked again until there is another token',
  async (status) => {
    const { world, told, client } = connected();
    await world.pass(0);
    world.last('feed').answer(status, '{"error":"the token is wrong"}');
    await world.pass(60_000);
    client.watch(['a']);
    client.show(false);
    client.show(true);
    await world.pass(60_000);
    expect(told).toEqual(['connecting', 'refused']);
    expect(world.asked).toHaveLength(1);
    client.connect('http://here/inspect/api/', 'better');
    await world.pass(0);
    expect(world.last('feed').authorization).toBe('Bearer better');
  },
);

test('a hidden page closes its stream and asks nothing; seen again it opens one at once', async () => {
  const { world, told, client } = connected();
  await world.pass(0);
  const first = world.last('feed');
  first.answer(200);
  first.send(hello());
  await world.pass(0);
  client.show(false);
  client.show(false);
  await world.pass(600_000);
  expect(first.signal.aborted).toBe(true);
  expect(world.asked).toHaveLength(1);
  expect(told.at(-1)).toBe('hidden');
  client.show(true);
  await world.pass(0);
  expect(world.asked).toHaveLength(2);
});

test('walking over many logs opens one stream for where it stops, and the same logs none', async () => {
  const { world, client } = connected();
  await world.pass(0);
  for (let log = 0; log < 50; log += 1) {
    client.watch([`log-${log}`]);
    await world.pass(20);
  }
  await world.pass(100);
  expect(world.count('feed')).toBe(2);
  expect(world.last('feed').url).toBe('http://here/inspect/api/feed?list=1&log=log-49');
  client.watch(['log-49']);
  await world.pass(1_000);
  expect(world.count('feed')).toBe(2);
  expect(world.asked[0]?.signal.aborted).toBe(true);
});
