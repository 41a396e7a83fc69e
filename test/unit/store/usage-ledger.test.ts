/** The ledger in its LMDB store: what it keeps, in which order, for how long, and what it makes of strange records. */
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { openStore, openStoreForReading } from '../../../src/store/process/embedded-store.ts';
import { USAGE_RETENTION_DAYS, UsageLedger, usageSince } from '../../../src/store/process/usage-ledger.ts';
import { answerUsage, type UsageEntry } from '../../../src/store/usage-entry.ts';
import { summaryOf } from '../../../src/store/usage-summary.ts';

const DAY_MS = 86_400_000;
const noonMs = Date.UTC(2026, 10, 22, 12);

let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'recital-ledger-'));
});
afterEach(() => rmSync(dir, { recursive: true }));

function entry(changes: Partial<UsageEntry> = {}): UsageEntry {
  return {
    timeMs: noonMs,
    hardwareId: 'device-1',
    sessionId: '',
    reporter: 'client',
    source: 'stt',
    model: 'whisper',
    inputTokens: 3,
    outputTokens: 4,
    ...changes,
  };
}

async function record(...entries: readonly UsageEntry[]): Promise<void> {
  const store = openStore(dir);
  const ledger = new UsageLedger(store);
  await Promise.all(entries.map((each) => ledger.record(each)));
  await store.close();
}

async function read(sinceMs = 0): Promise<(UsageEntry | null)[]> {
  const store = openStoreForReading(dir);
  if (store === null) throw new Error('no store');
  const entries = [...usageSince(store, sinceMs)];
  await store.close();
  return entries;
}

describe('an entry', () => {
  test('comes back as it was recorded, whatever its texts', async () => {
    const odd = entry({
      sessionId: '~!#',
      source: '',
      model: 'модель "x" 🙂',
      inputTokens: 2 ** 31 - 1,
      outputTokens: 0,
    });
    const own = answerUsage(odd, odd, noonMs + 1);
    await record(odd, own);
    expect(await read()).toEqual([odd, own]);
    expect(own).toMatchObject({ reporter: 'server', source: 'answer', sessionId: '~!#' });
  });

  test('never overwrites another: not of the same ms, not after a restart, not when the clock was set back', async () => {
    await record(entry({ inputTokens: 1 }), entry({ inputTokens: 2 }));
    await record(entry({ inputTokens: 3 }), entry({ timeMs: noonMs - 5, inputTokens: 4 }));
    expect((await read()).map((each) => each?.inputTokens)).toEqual([4, 1, 2, 3]);
  });

  test('is found by its time: the bound counts, what is a ms older does not', async () => {
    await record(entry({ inputTokens: 1 }), entry({ timeMs: noonMs - 1, inputTokens: 2 }));
    expect((await read(noonMs)).map((each) => each?.inputTokens)).toEqual([1]);
    expect(await read(noonMs + 1)).toEqual([]);
  });
});

test('entries older than the retention are forgotten, more of them than one batch holds; younger ones stay', async () => {
  const boundMs = noonMs - USAGE_RETENTION_DAYS * DAY_MS;
  const store = openStore(dir);
  const ledger = new UsageLedger(store);
  const old = Array.from({ length: 2_500 }, (_, index) => ledger.record(entry({ timeMs: boundMs - 1 - index })));
  await Promise.all([...old, ledger.record(entry({ timeMs: boundMs })), ledger.record(entry())]);
  expect(await ledger.prune(noonMs)).toBe(2_500);
  expect(await ledger.prune(noonMs)).toBe(0);
  await store.close();
  expect((await read()).map((each) => each?.timeMs)).toEqual([boundMs, noonMs]);
});

test.each([
  ['no JSON', [noonMs, 1, 99], '{"hardwareId"'],
  ['another kind of JSON', [noonMs, 1, 99], '[1]'],
  ['a field too few', [noonMs, 1, 99], '{"hardwareId":"x"}'],
  ['a negative count', [noonMs, 1, 99], JSON.stringify({ ...entry(), inputTokens: -1 })],
  ['a key without a time', ['noon'], JSON.stringify({ ...entry() })],
])('a record with %s is counted as unreadable and disturbs no other', async (_what, key, value) => {
  await record(entry());
  const store = openStore(dir);
  await store.database('usage').put(key, value);
  await store.close();
  await record(entry({ timeMs: noonMs + 1 }));
  expect(summaryOf(await read())).toMatchObject({
    unreadable: 1,
    total: { reports: 2, inputTokens: 6, outputTokens: 8 },
  });
});

describe('reading', () => {
  test('makes nothing where there is no store', () => {
    expect(openStoreForReading(join(dir, 'nowhere'))).toBeNull();
    expect(existsSync(join(dir, 'nowhere'))).toBe(false);
  });

  test('takes an empty file for no store', () => {
    mkdirSync(join(dir, 'store'));
    writeFileSync(join(dir, 'store', 'data.mdb'), '');
    expect(openStoreForReading(dir)).toBeNull();
  });

  test('finds nothing in a store without a ledger', async () => {
    await openStore(dir).close();
    expect(await read()).toEqual([]);
  });

  test('sees what is written meanwhile, and the writer is not disturbed', async () => {
    const store = openStore(dir);
    const ledger = new UsageLedger(store);
    await ledger.record(entry());
    expect(await read()).toHaveLength(1);
    await ledger.record(entry());
    expect(await read()).toHaveLength(2);
    await store.close();
  });
});

describe('a summary', () => {
  test('has a group for each device, reporter, source and model, in order, and the total', () => {
    const entries = [
      entry({ hardwareId: 'b' }),
      entry({ hardwareId: 'a', timeMs: noonMs + 2 }),
      entry({ hardwareId: 'a', timeMs: noonMs }),
      entry({ hardwareId: 'a', model: 'Whisper' }),
      null,
    ];
    const { groups, total, unreadable } = summaryOf(entries);
    expect(groups.map(({ hardwareId, model, reports }) => [hardwareId, model, reports])).toEqual([
      ['a', 'Whisper', 1],
      ['a', 'whisper', 2],
      ['b', 'whisper', 1],
    ]);
    expect(groups[1]).toMatchObject({ firstMs: noonMs, lastMs: noonMs + 2, inputTokens: 6, outputTokens: 8 });
    expect({ total, unreadable }).toEqual({ total: { reports: 4, inputTokens: 12, outputTokens: 16 }, unreadable: 1 });
  });

  test('of one device has the total of that device', () => {
    const entries = [entry({ hardwareId: 'a' }), entry({ hardwareId: 'b', inputTokens: 2 ** 31 - 1 })];
    expect(summaryOf(entries, 'a').total).toEqual({ reports: 1, inputTokens: 3, outputTokens: 4 });
    expect(summaryOf(entries, 'c')).toEqual({
      groups: [],
      total: { reports: 0, inputTokens: 0, outputTokens: 0 },
      unreadable: 0,
    });
  });
});
