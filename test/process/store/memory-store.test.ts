/** Memories through the process of the store: in order, bounded on their way, and what a store that hangs or fails costs. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { LogFields, Logger } from '../../../src/observe/logger.ts';
import { MemoryCache } from '../../../src/store/memory-cache.ts';
import { GenerationReader } from '../../../src/store/memory-generations.ts';
import { MemoryStore } from '../../../src/store/store-clients.ts';
import { forgetMemory } from '../../../src/store/store-errand.ts';
import { StoreProcess, storeFolderOf } from '../../../src/store/store-process.ts';
import { ownTimeOf } from '../../support/own-time.ts';

const limits = { maxExchanges: 3, maxChars: 1_000, ttlMs: 1_000_000, maxDevices: 100 };

let dir: string;
let logged: LogFields[];
const processes: StoreProcess[] = [];
const readers: GenerationReader[] = [];
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'recital-memory-store-'));
  logged = [];
});
afterEach(async () => {
  await Promise.all(processes.splice(0).map((each) => each.close()));
  for (const reader of readers.splice(0)) reader.close();
  rmSync(dir, { recursive: true });
});

const keep = (fields: LogFields): void => {
  logged.push(fields);
};
const log: Logger = { debug: keep, info: keep, warn: keep, error: keep, announce: keep };

interface Given {
  readonly script?: string;
  readonly answerDueMs?: number;
  readonly maxWaitingChars?: number;
}

async function open({ script, answerDueMs = 10_000, maxWaitingChars = 1_000_000 }: Given = {}) {
  const given = script === undefined ? {} : { script };
  const store = new StoreProcess({ dataDir: dir, memory: limits, log, ownTime: ownTimeOf(), answerDueMs, ...given });
  processes.push(store);
  await store.open();
  const now = () => performance.now();
  const generations = new GenerationReader(storeFolderOf(dir), now);
  readers.push(generations);
  const cache = new MemoryCache({ limits, generations, now });
  return { store, cache, memory: new MemoryStore({ store, limits, timeMs: () => Date.now(), cache, maxWaitingChars }) };
}

/** A process that does what `code` says. */
function script(code: string): string {
  const path = join(dir, 'script.mjs');
  writeFileSync(path, code);
  return path;
}

const said = (prompt: string, hardwareId = 'd') => ({ hardwareId, prompt, answer: 'A', askedAtMs: Date.now() });

describe('a store that works', () => {
  test('tells what was handed over before, though nobody waited for it', async () => {
    const { memory } = await open();
    for (let round = 0; round < 50; round += 1) {
      memory.remember(said(`${round}`));
      memory.remember(said('other', 'e'));
      expect((await memory.recall('d'))?.at(-1)).toEqual({ prompt: `${round}`, answer: 'A' });
    }
    expect(await memory.recall('e')).toHaveLength(3);
    expect(memory.counts).toEqual({ remembered: 100, lost: 0 });
  });

  test.each(['unknown', '', ' '])('has no memory for %j', async (hardwareId) => {
    const { memory } = await open();
    memory.remember(said('one', hardwareId));
    expect(memory.recall(hardwareId)).toBeNull();
    expect(memory.counts).toEqual({ remembered: 0, lost: 0 });
  });

  test('keeps of a giant exchange what may be kept', async () => {
    const { memory } = await open();
    memory.remember({ ...said('p'.repeat(5_000_000)), answer: 'a'.repeat(5_000_000) });
    const [exchange] = (await memory.recall('d')) ?? [];
    expect(exchange).toEqual({ prompt: `${'p'.repeat(499)}…`, answer: `${'a'.repeat(499)}…` });
  });

  test('forgets what another process forgets, while both have it open', async () => {
    const { memory } = await open();
    memory.remember(said('one'));
    expect(await memory.recall('d')).toHaveLength(1);
    const forgotten = { kind: 'forgotten', devices: 1, exchanges: 1 };
    expect(await forgetMemory({ dataDir: dir, hardwareId: 'd' })).toEqual(forgotten);
    expect(await memory.recall('d')).toEqual([]);
    memory.remember({ ...said('two'), askedAtMs: Date.now() + 1 });
    expect(await memory.recall('d')).toHaveLength(1);
    expect(await forgetMemory({ dataDir: dir, hardwareId: null })).toEqual(forgotten);
    expect(await memory.recall('d')).toEqual([]);
  });
});

describe('a store that', () => {
  test('is too slow gets no more than it may have waiting; the rest is lost and counted', async () => {
    const { memory } = await open({
      script: script(`process.on('message', () => {}); process.send({ kind: 'opened' })`),
      maxWaitingChars: 10,
    });
    for (const prompt of ['1', '2', '3', '4', '5', '6', '7']) memory.remember(said(prompt));
    expect(memory.counts).toEqual({ remembered: 0, lost: 2 });
  });

  test('hangs is ended, and the next request starts another one', async () => {
    const hanging = script(`process.on('message', () => {}); process.send({ kind: 'opened' })`);
    const { store, memory } = await open({ script: hanging, answerDueMs: 200 });
    memory.remember(said('one'));
    await expect(memory.recall('d')).rejects.toThrow('the disk did not confirm it within 0.2s');
    script(`process.on('message', ({ id, kind }) => process.send(
      kind === 'recall' ? { kind: 'recalled', id, exchanges: [] } : { kind: 'stored', id }));
      process.send({ kind: 'opened' });`);
    for (let tries = 0; ; tries += 1) {
      const heard = await Promise.resolve(memory.recall('d')).catch(() => null);
      if (heard !== null) break;
      expect(tries).toBeLessThan(2_000);
      await new Promise((wake) => setTimeout(wake, 10));
    }
    expect(logged.map(({ decision }) => decision)).toContain('store_failed');
    expect(store.failure).toMatch(/SIGKILL/);
    expect(memory.counts.lost).toBe(1);
  });

  test('crashes at every request rejects each recall and loses each exchange, with its reason', async () => {
    const { memory } = await open({
      script: script(`process.on('message', () => process.exit(7)); process.send({ kind: 'opened' })`),
    });
    memory.remember(said('one'));
    await expect(memory.recall('d')).rejects.toThrow("the store's process ended with exit code 7");
    expect(memory.counts).toEqual({ remembered: 0, lost: 1 });
  });
});

test('forgetting in a store that is damaged fails with its reason, and crashes nobody', async () => {
  const { store } = await open();
  await store.close();
  writeFileSync(join(dir, 'store', 'data.mdb'), 'garbage!'.repeat(3000));
  expect(await forgetMemory({ dataDir: dir, hardwareId: 'd' })).toEqual({ kind: 'failed', reason: expect.any(String) });
});
