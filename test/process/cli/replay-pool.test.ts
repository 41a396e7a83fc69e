/** Replaying on all cores: the same verdicts, in the same order, whoever is first; and no log is passed over when a thread breaks. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, expect, test } from 'vitest';
import type { ReplayResult } from '../../../src/cli/replay/log-replay.ts';
import { type ReplayPoolOptions, replayAll } from '../../../src/cli/replay/replay-pool.ts';
import { plainPlan, recordWorld, tampered } from '../../support/replay/recorded-world.ts';

const folder = mkdtempSync(join(tmpdir(), 'recital-replay-pool-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const good = recordWorld(plainPlan).text;
const failed = recordWorld({ ...plainPlan, answer: [{ afterMs: 10, fail: true }] }).text;
const diverging = tampered(good, (lines) =>
  lines.map((line) =>
    line.kind === 'turn' && line.turn === 3 ? { ...line, changes: { ...line.changes, nextSegment: 9 } } : line,
  ),
);
/** In turns, with a length that fits no batch. */
const kinds = [good, failed, diverging, good, 'no log\n', good, good];
const paths = Array.from({ length: 213 }, (_, index) => {
  const path = join(folder, `${String(index).padStart(4, '0')}.jsonl`);
  if (index !== 150) writeFileSync(path, kinds[index % kinds.length] ?? '');
  return path;
});

async function verdicts(options?: ReplayPoolOptions, emit = false): Promise<ReplayResult[]> {
  const results: ReplayResult[] = [];
  for await (const result of replayAll(paths, emit, options)) results.push(result);
  return results;
}

function thread(name: string, code: string): URL {
  const path = join(folder, name);
  writeFileSync(path, code);
  return pathToFileURL(path);
}

test('threads come to the verdicts to which one comes alone, log by log and frame by frame, in the order of the paths', async () => {
  const alone = await verdicts({ threads: 1 }, true);
  expect(alone.map(({ path }) => path)).toEqual(paths);
  expect(new Set(alone.map(({ verdict }) => verdict))).toEqual(new Set(['identical', 'diverged', 'bad_log']));
  expect(await verdicts({ threads: 3 }, true)).toEqual(alone);
});

test('a batch that takes long to read is not passed by one that does not', async () => {
  const slow = join(folder, 'slow');
  mkdirSync(slow);
  const slowPaths = Array.from({ length: 120 }, (_, index) => join(slow, `${String(index).padStart(4, '0')}.jsonl`));
  // Every second batch of eight begins with a file that takes its time.
  for (const [index, path] of slowPaths.entries()) {
    writeFileSync(path, index % 16 === 0 ? 'x'.repeat(16 * 1024 * 1024) : (kinds[index % kinds.length] ?? ''));
  }
  const seen: string[] = [];
  for await (const { path } of replayAll(slowPaths, false, { threads: 2 })) seen.push(path);
  expect(seen).toEqual(slowPaths);
});

test('a thread that breaks ends the replay with its error', async () => {
  const broken = thread('broken.mjs', "throw new Error('out of order');");
  await expect(verdicts({ threads: 2, thread: broken })).rejects.toThrow('out of order');
});

test('a thread that ends without an answer ends the replay', async () => {
  const ending = thread(
    'ending.mjs',
    "import { parentPort } from 'node:worker_threads'; parentPort.once('message', () => process.exit(0));",
  );
  await expect(verdicts({ threads: 2, thread: ending })).rejects.toThrow('a replay thread ended');
});

test('who stops listening leaves no thread behind', async () => {
  const threadPorts = () => process.getActiveResourcesInfo().filter((kind) => kind === 'MessagePort').length;
  const before = threadPorts();
  const seen: string[] = [];
  for await (const { path } of replayAll(paths, false, { threads: 2 })) {
    seen.push(path);
    if (seen.length === 1) expect(threadPorts()).toBeGreaterThan(before);
    if (seen.length === 3) break;
  }
  expect(seen).toEqual(paths.slice(0, 3));
  expect(threadPorts()).toBe(before);
});
