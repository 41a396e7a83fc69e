/** Old logs go, by age and by size, the oldest first; nothing else does, and no sweep keeps its thread for long. */
import {
  closeSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { SEGMENT_ENDING, SEGMENT_FORMAT, segmentLine } from '../../../src/log/segment-format.ts';
import { type SweepOptions, type SweepResult, sweepLogs } from '../../../src/record/retention.ts';
import { ask, connect } from '../../support/client.ts';
import { makeFolder } from '../../support/end-of-file.ts';
import { eventually } from '../../support/eventually.ts';
import { startServer } from '../../support/server.ts';

const DAY_MS = 86_400_000;
const nowMs = Date.parse('2026-03-10T12:00:00Z');

const parent = makeFolder('recital-retention-');

/** A folder with these files: path, bytes and age in days. */
function folderOf(files: readonly (readonly [path: string, bytes: number, ageDays: number])[]): string {
  const dir = mkdtempSync(join(parent, 'logs-'));
  for (const [path, bytes, ageDays] of files) {
    const full = join(dir, path);
    mkdirSync(join(full, '..'), { recursive: true });
    writeFileSync(full, 'x'.repeat(bytes));
    const seconds = (nowMs - ageDays * DAY_MS) / 1000;
    utimesSync(full, seconds, seconds);
  }
  return dir;
}

/** Runs a sweep to its end; also says in how many steps. */
function sweep(dir: string, options: Partial<SweepOptions> = {}): SweepResult & { readonly steps: number } {
  const run = sweepLogs({
    dir,
    maxAgeMs: 14 * DAY_MS,
    maxTotalBytes: 1e9,
    nowMs,
    isOpen: () => false,
    host: 'mill',
    countsKilled: false,
    ...options,
  });
  for (let steps = 1; ; steps += 1) {
    const step = run.next();
    if (step.done === true) return { ...step.value, steps };
  }
}

/** Files and links below; what stands behind a link is elsewhere: Node 22 looks there, too. */
function filesIn(dir: string): string[] {
  return readdirSync(dir, { recursive: true, withFileTypes: true })
    .filter((entry) => !entry.isDirectory() && !lstatSync(entry.parentPath).isSymbolicLink())
    .map((entry) => join(entry.parentPath, entry.name).slice(dir.length + 1))
    .sort();
}

test('what is older than its time goes, and the empty folder of its day with it', () => {
  const dir = folderOf([
    ['2026-02-01/a.jsonl', 10, 37],
    ['2026-02-23/b.jsonl', 10, 15],
    // A long session: it began before its time and was written to within it.
    ['2026-02-23/c.jsonl', 10, 13],
    ['2026-03-10/d.jsonl', 10, 0],
  ]);
  expect(sweep(dir)).toMatchObject({ deletedFiles: 2, keptBytes: 20, failures: 0, why: '' });
  expect(readdirSync(dir).sort()).toEqual(['2026-02-23', '2026-03-10']);
  expect(filesIn(dir)).toEqual(['2026-02-23/c.jsonl', '2026-03-10/d.jsonl']);
});

test('of more than all together may have, the oldest go first', () => {
  const dir = folderOf([
    ['2026-03-08/120000.000-b.jsonl', 400, 2],
    ['2026-03-08/090000.000-a.jsonl', 400, 2],
    ['2026-03-09/100000.000-c.jsonl', 400, 1],
    ['2026-03-10/110000.000-d.jsonl', 400, 0],
  ]);
  expect(sweep(dir, { maxTotalBytes: 1_000 })).toMatchObject({ deletedFiles: 2, keptBytes: 800 });
  expect(filesIn(dir)).toEqual(['2026-03-09/100000.000-c.jsonl', '2026-03-10/110000.000-d.jsonl']);
  expect(sweep(dir, { maxTotalBytes: 1_000 })).toMatchObject({ deletedFiles: 0 });
});

test('a file that is being written stays, however old and whatever the size', () => {
  const dir = folderOf([
    ['2026-01-01/a-supervisor.jsonl', 900, 60],
    ['2026-03-09/b.jsonl', 900, 1],
    ['2026-03-10/c.jsonl', 900, 0],
  ]);
  const open = join(dir, '2026-01-01/a-supervisor.jsonl');
  expect(sweep(dir, { maxTotalBytes: 1_000, isOpen: (path) => path === open })).toMatchObject({ deletedFiles: 2 });
  expect(filesIn(dir)).toEqual(['2026-01-01/a-supervisor.jsonl']);
});

test('only what is ours by name goes: a `.jsonl` file in a folder named after a day', () => {
  const elsewhere = folderOf([['keep.jsonl', 10, 99]]);
  const others = [
    'notes.jsonl',
    '2026-01-01/report.txt',
    '2026-01-01/deeper/x.jsonl',
    'recordings/a.jsonl',
    '2026-1-1/a.jsonl',
    'x2026-01-01/a.jsonl',
  ];
  const dir = folderOf([...others.map((path) => [path, 10, 99] as const), ['2026-01-01/ours.jsonl', 10, 99]]);
  symlinkSync(join(elsewhere, 'keep.jsonl'), join(dir, '2026-01-01/link.jsonl'));
  symlinkSync(elsewhere, join(dir, '2026-01-02'));
  expect(sweep(dir, { maxTotalBytes: 1 })).toMatchObject({ deletedFiles: 1, failures: 0 });
  expect(filesIn(dir)).toEqual([...others, '2026-01-01/link.jsonl', '2026-01-02'].sort());
  expect(filesIn(elsewhere)).toEqual(['keep.jsonl']);
});

/** A segment by a process of this number; `tail` = what follows its header. */
function segmentBy(pid: number, { host = 'mill', tail = '' }: { host?: string; tail?: string } = {}): string {
  const startedAt = '2026-03-10T11:59:00.000Z';
  return segmentLine({ segment: SEGMENT_FORMAT, run: '5f0c9a3e', pid, host, version: '1', startedAt }) + tail;
}

const ended = segmentLine({ end: { logs: 0, indexAt: 113 } });
/** Above what a system numbers. */
const NO_PID = 2 ** 22 + 1;

test('a segment goes when it is sealed, or when nobody can be writing it any more; one that another process writes never does', () => {
  const dir = folderOf([]);
  const MINUTES_MS = 60_000;
  const written: readonly (readonly [name: string, text: string, quietMs: number])[] = [
    ['110000.000-00000001', segmentBy(process.ppid, { tail: ended }), MINUTES_MS],
    ['110000.000-00000002', segmentBy(process.ppid), 9 * MINUTES_MS],
    ['110000.000-00000003', segmentBy(process.ppid), 11 * MINUTES_MS],
    ['110000.000-00000004', segmentBy(NO_PID), MINUTES_MS],
    // One that had the number of this process before.
    ['110000.000-00000005', segmentBy(process.pid), MINUTES_MS],
    // Whether a process of another machine runs can't be asked.
    ['110000.000-00000006', segmentBy(NO_PID, { host: 'forge' }), 9 * MINUTES_MS],
    ['110000.000-00000007', 'what', 9 * MINUTES_MS],
    ['110000.000-00000008', segmentBy(process.pid), 0],
  ];
  const day = join(dir, '2026-03-10');
  mkdirSync(day);
  for (const [name, text, quietMs] of written) {
    const path = join(day, `${name}${SEGMENT_ENDING}`);
    writeFileSync(path, text);
    utimesSync(path, (nowMs - quietMs) / 1_000, (nowMs - quietMs) / 1_000);
  }
  const options = { isOpen: (path: string) => path.includes('-00000008'), countsKilled: true };
  const [, , , , killed = ''] = filesIn(dir);
  expect(sweep(dir, options)).toMatchObject({ deletedFiles: 0, killed: { segments: 3, newest: join(dir, killed) } });
  const left = ['2', '6', '7', '8'].map((run) => `2026-03-10/110000.000-0000000${run}${SEGMENT_ENDING}`);
  expect(sweep(dir, { ...options, maxTotalBytes: 1 })).toMatchObject({ deletedFiles: 4, failures: 0 });
  expect(filesIn(dir)).toEqual(left);
  expect(sweep(dir, { ...options, maxAgeMs: 1 })).toMatchObject({ deletedFiles: 0 });
  expect(filesIn(dir)).toEqual(left);
});

test('a folder that is not there, or is none, is no reason to fail', () => {
  expect(sweep(join(parent, 'missing'))).toMatchObject({ deletedFiles: 0, failures: 0 });
  const file = join(parent, 'a file');
  closeSync(openSync(file, 'w'));
  expect(sweep(file)).toMatchObject({ deletedFiles: 0, failures: 1, why: expect.stringContaining('ENOTDIR') });
});

test("a file that cannot be deleted is counted, told, and stands in no other one's way", () => {
  const dir = folderOf([
    ['2026-01-01/a.jsonl', 10, 60],
    ['2026-01-02/b.jsonl', 10, 60],
  ]);
  // What is no file any more when its turn comes: unlink fails for root, too.
  const run = sweepLogs({
    dir,
    maxAgeMs: DAY_MS,
    maxTotalBytes: 1e9,
    nowMs,
    isOpen: swapForFolder,
    host: 'mill',
    countsKilled: false,
  });
  let result = run.next();
  while (result.done !== true) result = run.next();
  expect(result.value).toMatchObject({ deletedFiles: 1, failures: 1, keptBytes: 10 });
  expect(result.value.why).toContain('a.jsonl');
  expect(existsSync(join(dir, '2026-01-02'))).toBe(false);

  function swapForFolder(path: string): boolean {
    if (!path.endsWith('a.jsonl')) return false;
    rmSync(path);
    mkdirSync(path);
    return false;
  }
});

test('a sweep works in small steps: at most one file each', () => {
  const FILES = 300;
  const dir = mkdtempSync(join(parent, 'many-'));
  const day = join(dir, '2026-01-01');
  mkdirSync(day);
  for (let file = 0; file < FILES; file += 1) closeSync(openSync(join(day, `${file}.jsonl`), 'w'));
  const { deletedFiles, steps } = sweep(dir, { nowMs: Date.now() + DAY_MS, maxAgeMs: 1 });
  expect(deletedFiles).toBe(FILES);
  expect(steps).toBeGreaterThan(2 * FILES);
  expect(readdirSync(dir)).toEqual([]);
});

test.each(['segment', 'session'])(
  'a server sweeps when it starts and while it runs, and says in /status how much: a %s',
  async (files) => {
    const dir = folderOf([['2020-01-01/000000.000-old.jsonl', 10, 2_000]]);
    const scenario = {
      answers: [{ when: '', steps: [{ say: 'Some more words are said here. ', repeat: 400 }] }],
      speech: { chunks_per_sentence: 0 },
    };
    const MAX_BYTES = 1_048_576;
    const yesterday = new Date(Date.now() - DAY_MS).toISOString().slice(0, 10);
    mkdirSync(join(dir, yesterday));
    writeFileSync(join(dir, yesterday, '000000.000-large.jsonl'), 'x'.repeat(MAX_BYTES - 1_000));
    const env = { EVENT_LOG_DIR: dir, EVENT_LOG_FILES: files, EVENT_LOG_MAX_BYTES: String(MAX_BYTES) };
    const server = await startServer({ scenario, env });
    const deleted = async () => {
      const { event_log: counts } = await server.status();
      return Number(Object(counts).files_deleted);
    };
    await eventually(deleted, (files) => files === 1);
    expect(existsSync(join(dir, '2020-01-01'))).toBe(false);
    const client = connect(server.grpcPort);
    await eventually(
      async () => {
        await ask(client, { prompt: 'Speak.' });
        return deleted();
      },
      (files) => files > 1,
      15_000,
    );
    await server.stop();
  },
);
