/** The writer's segments: how many, which logs stand in which, when they get their end, and what becomes of them when the disk does not obey. */
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, unlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import type { LogSummary } from '../../../src/log/segment-format.ts';
import { Descriptors } from '../../../src/record/log-files-out.ts';
import type { SegmentOrder } from '../../../src/record/log-writer.ts';
import { SegmentsOut, type SegmentsOutOptions, type SegmentsReport } from '../../../src/record/segments-out.ts';
import { makeFolder } from '../../support/end-of-file.ts';
import { readSegment } from '../../support/replay/read-segment.ts';

const parent = makeFolder('recital-segments-');
const TEN_MINUTES_MS = 600_000;
const LOOK_INTERVAL_MS = 1_100;
const names = new Map<number, string>();

const summary: LogSummary = {
  machine: 'session',
  startedAt: '2026-01-31T12:00:00.000Z',
  streamId: 'a-stream',
  sessionId: 'a-session',
  hardwareId: '',
  reason: 'completed',
  state: 'completed',
  durationMs: 1,
  turns: 1,
  dropped: 0,
};

class Bench {
  readonly dir = mkdtempSync(join(parent, 'logs-'));
  nowMs = 0;
  readonly out: SegmentsOut;
  readonly #begun = new Set<number>();

  constructor(options: Partial<SegmentsOutOptions> = {}) {
    this.out = new SegmentsOut({
      dir: this.dir,
      maxTotalBytes: 2 ** 30,
      run: '5f0c9a3e',
      version: 'test',
      host: 'mill',
      descriptors: new Descriptors(256),
      now: () => this.nowMs,
      ...options,
    });
  }

  /** Writes a line of each of these logs in one go. */
  write(logs: readonly number[], { isLast = false, text = 'ä' }: { isLast?: boolean; text?: string } = {}) {
    return this.out.carryOut(logs.map((log) => this.#order(log, isLast, text)));
  }

  #order(log: number, isLast: boolean, text: string): SegmentOrder {
    const name = `120000.000-log-${log}`;
    const isNew = !this.#begun.has(log);
    this.#begun.add(log);
    const line = `${JSON.stringify({ log, text })}\n`;
    names.set(log, (names.get(log) ?? '') + line);
    return { log, ...(isNew && { name }), lines: line, lineCount: 1, turns: 1, isLast, ...(isLast && { summary }) };
  }

  files(): readonly string[] {
    const days = readdirSync(this.dir);
    return days.flatMap((day) => readdirSync(join(this.dir, day)).map((name) => join(this.dir, day, name))).sort();
  }

  segments() {
    return this.files().map((path) => readSegment(readFileSync(path)));
  }
}

afterEach(() => names.clear());

/** As a thread rests. Two segments that begin in one millisecond by the clock on the wall would have one name. */
function rest(ms = 2): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT)), 0, 0, ms);
}

/** Names of the logs in each segment, and whether it has its end. */
function told(bench: Bench): readonly (readonly [logs: string, isEnded: boolean])[] {
  return bench.segments().map(({ logs, isEnded, fault, lost }) => {
    expect([fault, lost]).toEqual([null, null]);
    for (const { name, pieces } of logs) {
      const log = Number(name.split('-').at(-1));
      expect(names.get(log)?.startsWith(Buffer.concat(pieces).toString())).toBe(true);
    }
    return [logs.map(({ name }) => name.split('-').at(-1)).join(' '), isEnded];
  });
}

const good: SegmentsReport = { bytes: expect.any(Number), failed: [], begun: [], unsealed: '' };

test('a million sessions a day are 144 files: no log begins in a segment that is ten minutes old', () => {
  const bench = new Bench();
  const DAY_MS = 86_400_000;
  const STEP_MS = 60_000;
  let log = 0;
  for (; bench.nowMs < DAY_MS; bench.nowMs += STEP_MS) {
    bench.write([log], { isLast: true });
    log += 1;
    if (bench.nowMs % TEN_MINUTES_MS === 0) rest();
  }
  bench.out.closeAll();
  expect(bench.files()).toHaveLength(144);
  expect(told(bench).every(([logs, isEnded]) => isEnded && logs.split(' ').length === 10)).toBe(true);
});

test('a log stays in the segment in which it began, which gets its end with the end of its last log', () => {
  const bench = new Bench();
  bench.write([0, 1]);
  bench.nowMs += TEN_MINUTES_MS + 1;
  rest();
  expect(bench.write([1, 2, 0])).toMatchObject({ ...good, begun: [{ log: 2 }] });
  bench.write([0], { isLast: true });
  expect(told(bench)).toEqual([
    ['0 1', false],
    ['2', false],
  ]);
  bench.write([1], { isLast: true });
  expect(told(bench)).toEqual([
    ['0 1', true],
    ['2', false],
  ]);
  bench.write([2], { isLast: true });
  bench.out.closeAll();
  expect(told(bench).map(([, isEnded]) => isEnded)).toEqual([true, true]);
});

test('a segment whose logs are all over gets its end by the clock, without an order', () => {
  const bench = new Bench();
  expect(bench.out.dueAtMs).toBe(Number.POSITIVE_INFINITY);
  bench.write([0], { isLast: true });
  expect(bench.out.dueAtMs).toBe(TEN_MINUTES_MS);
  bench.out.sealDue();
  expect(told(bench)).toEqual([['0', false]]);
  bench.nowMs = bench.out.dueAtMs;
  expect(bench.out.sealDue()).toMatchObject(good);
  expect(told(bench)).toEqual([['0', true]]);
  expect(bench.out.dueAtMs).toBe(Number.POSITIVE_INFINITY);
});

test('a log that goes on when the writer stops leaves its segment without an end: it is not told as whole', () => {
  const bench = new Bench();
  bench.write([0], { isLast: true });
  bench.write([1]);
  bench.out.closeAll();
  expect(told(bench)).toEqual([['0 1', false]]);
});

test('a segment takes no new logs beyond an eighth of what is kept, nor beyond its number of logs', () => {
  const small = new Bench({ maxTotalBytes: 8_000 });
  small.write([0], { isLast: true, text: 'x'.repeat(1_000) });
  rest();
  expect(small.write([1], { isLast: true })).toMatchObject({ begun: [{ log: 1 }] });
  expect(told(small)[0]).toEqual(['0', true]);

  names.clear();
  const maxLogs = 300;
  const full = new Bench({ maxLogs });
  const logs = Array.from({ length: maxLogs }, (_, log) => log);
  full.write(logs, { isLast: true });
  expect(told(full)).toEqual([[logs.join(' '), true]]);
  expect(full.write([maxLogs])).toMatchObject({ begun: [{ log: maxLogs }] });
  full.out.closeAll();
});

test('a segment that was deleted: all in it is lost and counted, once; a log that begins then has a new one', () => {
  const bench = new Bench();
  bench.write([0, 1, 2]);
  bench.write([2], { isLast: true });
  const [path = ''] = bench.files();
  unlinkSync(path);
  rest(LOOK_INTERVAL_MS);
  const report = bench.write([3, 0]);
  expect(report.failed).toEqual([
    // What stood in it, the log that was over included.
    { path, logs: [0, 1], turns: 4, why: 'it was deleted while it was written' },
    // What was on its way.
    { path: '', logs: [], turns: 1, why: '' },
  ]);
  expect(report.begun).toMatchObject([{ log: 3 }]);
  expect(bench.write([0, 1], { isLast: true }).failed).toEqual([{ path: '', logs: [], turns: 2, why: '' }]);
  bench.write([3], { isLast: true });
  bench.out.closeAll();
  expect(told(bench)).toEqual([['3', true]]);
});

test('where no segment can be begun its logs are lost, each told once; once one can, the next log has it', () => {
  const dir = join(mkdtempSync(join(parent, 'none-')), 'a-file');
  writeFileSync(dir, '');
  const bench = new Bench({ dir });
  expect(bench.write([0, 1]).failed).toEqual([
    { path: dir, logs: [0, 1], turns: 2, why: expect.stringMatching('ENOTDIR') },
  ]);
  expect(bench.write([0]).failed).toEqual([{ path: '', logs: [], turns: 1, why: '' }]);
  rmSync(dir);
  expect(bench.write([0], { isLast: true }).begun).toEqual([]);
  const { begun } = bench.write([2], { isLast: true });
  bench.out.closeAll();
  const [{ path } = { path: '' }] = begun;
  expect(readSegment(readFileSync(path))).toMatchObject({ isEnded: true, logs: [{ name: '120000.000-log-2' }] });
});

/** Descriptors through which nothing can be written. */
class ReadOnly extends Descriptors {
  isBroken = false;

  override of(path: string, isNew: boolean): number {
    if (this.isBroken) throw new Error('out of order');
    return super.of(path, isNew);
  }
}

test('a write that fails harms the logs that were in it; the others in the segment go on, new ones find a new segment', () => {
  const dir = mkdtempSync(join(parent, 'broken-'));
  const descriptors = new ReadOnly(256);
  const terms = { run: '5f0c9a3e', version: 'test', host: 'mill', maxTotalBytes: 2 ** 30 };
  const out = new SegmentsOut({ ...terms, dir, descriptors, now: () => 0 });
  const order = (log: number, rest: Partial<SegmentOrder> = {}): SegmentOrder => {
    return { log, lines: `{"log":${log}}\n`, lineCount: 1, turns: 1, isLast: false, ...rest };
  };
  const { begun } = out.carryOut([order(0, { name: '120000.000-a' }), order(1, { name: '120000.000-b' })]);
  const [{ path } = { path: '' }] = begun;
  descriptors.isBroken = true;
  expect(out.carryOut([order(0), order(2, { name: '120000.000-c' })]).failed).toEqual([
    { path, logs: [0, 2], turns: 2, why: 'out of order' },
  ]);
  descriptors.isBroken = false;
  rest();
  expect(out.carryOut([order(1), order(3, { name: '120000.000-d' })])).toMatchObject({
    failed: [],
    begun: [{ log: 3 }],
  });
  out.carryOut([0, 1, 2, 3].map((log) => order(log, { isLast: true, summary })));
  out.closeAll();
  expect(existsSync(path)).toBe(true);
  const text = readFileSync(path, 'utf8');
  const { logs, isEnded, fault } = readSegment(Buffer.from(text));
  expect([logs.map(({ name, pieces }) => [name, pieces.length]), isEnded, fault]).toEqual([
    [
      ['120000.000-a', 1],
      ['120000.000-b', 3],
    ],
    true,
    null,
  ]);
  // The index says which of them was given up.
  expect(text.match(/"reason":"[a-z_]+"/g)).toEqual(['"reason":"no_end"', '"reason":"completed"']);
});
