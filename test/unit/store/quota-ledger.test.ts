/** The database of quotas: what a device may have is looked at and counted in one transaction. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type EmbeddedStore, openStore } from '../../../src/store/process/embedded-store.ts';
import { QuotaLedger } from '../../../src/store/process/quota-ledger.ts';
import { recordWith, storedTextOfQuota, unusedRecord, windowsAt } from '../../../src/store/quota-record.ts';

const nowMs = Date.UTC(2026, 10, 28, 12);
const nextMonthMs = Date.UTC(2026, 11, 28, 12);

let dir: string;
let store: EmbeddedStore;
let ledger: QuotaLedger;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'recital-quota-ledger-'));
  store = openStore(dir);
  ledger = new QuotaLedger(store);
});
afterEach(async () => {
  await store.close();
  rmSync(dir, { recursive: true });
});

const limits = { daily: 3, weekly: 0, monthly: 5 };

const used = (hardwareId: string, requests: number, atMs = nowMs) =>
  recordWith(unusedRecord(hardwareId, windowsAt(atMs)), requests);

function take(hardwareId: string, timeMs = nowMs, requests = 1, of = ledger): string {
  const [taken] = of.take([{ hardwareId, limits, timeMs, requests }]);
  return `${taken?.isTaken ? 'taken' : 'refused'} ${taken?.record.day.requests}/${taken?.record.month.requests}`;
}

test('a device has as many requests as it may, each counted once, and a look counts for nothing', () => {
  expect([take('a'), take('a', nowMs, 0), take('a'), take('b'), take('a'), take('a'), take('a', nowMs, 0)]).toEqual([
    'taken 1/1',
    'taken 1/1',
    'taken 2/2',
    'taken 1/1',
    'taken 3/3',
    'refused 3/3',
    'refused 3/3',
  ]);
  expect(store.database('quota').getKeysCount()).toBe(2);
});

test('requests that come together are dealt with in their order, in one commit', () => {
  const takes = Array.from({ length: 5 }, () => ({ hardwareId: 'a', limits, timeMs: nowMs, requests: 1 }));
  expect(ledger.take(takes).map(({ isTaken }) => isTaken)).toEqual([true, true, true, false, false]);
});

test('the next window is a new one, and a clock that is set back opens none again', () => {
  for (let request = 0; request < 3; request += 1) take('a');
  const tomorrowMs = nowMs + 86_400_000;
  expect([take('a', tomorrowMs), take('a', nowMs), take('a', tomorrowMs)]).toEqual([
    'taken 1/4',
    'taken 2/5',
    'refused 2/5',
  ]);
});

test('a request that is given back may be taken again, and not twice', () => {
  for (let request = 0; request < 3; request += 1) take('a');
  ledger.giveBack('a', nowMs);
  expect([take('a'), take('a')]).toEqual(['taken 3/3', 'refused 3/3']);
  ledger.giveBack('nobody', nowMs);
  for (let request = 0; request < 9; request += 1) ledger.giveBack('a', nowMs);
  expect(store.database('quota').getKeysCount()).toBe(0);
});

test('a request of yesterday that is given back today takes none of today', () => {
  take('a');
  const tomorrowMs = nowMs + 86_400_000;
  take('a', tomorrowMs);
  ledger.giveBack('a', nowMs);
  expect(take('a', tomorrowMs, 0)).toBe('taken 1/1');
});

test('what was counted elsewhere comes on top, also beyond the limit; of an earlier window nothing does', () => {
  take('a');
  ledger.add(used('a', 7));
  expect(take('a')).toBe('refused 8/8');
  ledger.add(used('b', 2));
  expect(take('b')).toBe('taken 3/3');
  take('c', nextMonthMs);
  ledger.add(used('c', 5));
  expect(take('c', nextMonthMs, 0)).toBe('taken 1/1');
});

test('there are never more devices than may be; who has asked least begins anew, and not who asks much under many names', () => {
  const small = new QuotaLedger(store, 20);
  for (let request = 0; request < 3; request += 1) take('greedy', nowMs, 1, small);
  for (let name = 0; name < 200; name += 1) take(`name-${name}`, nowMs, 1, small);
  expect(store.database('quota').getKeysCount()).toBe(20);
  expect(take('greedy', nowMs, 1, small)).toBe('refused 3/3');
});

test('two that have the store open count together', async () => {
  const other = openStore(dir);
  try {
    const theirs = new QuotaLedger(other);
    expect([take('a'), take('a', nowMs, 1, theirs), take('a'), take('a', nowMs, 1, theirs)]).toEqual([
      'taken 1/1',
      'taken 2/2',
      'taken 3/3',
      'refused 3/3',
    ]);
  } finally {
    await other.close();
  }
});

test('what belongs to past windows is swept; so is what is no record', async () => {
  const database = store.database('quota');
  const old = Array.from({ length: 2_500 }, (_, index) => used(`old-${index}`, 3));
  await Promise.all(old.map((record) => database.put(record.hardwareId, storedTextOfQuota(record))));
  ledger.add(used('young', 4, nextMonthMs));
  await database.put('x', '{}');
  expect(await ledger.sweep(nextMonthMs)).toBe(2_501);
  expect(store.database('quota').getKeysCount()).toBe(1);
  expect(take('young', nextMonthMs, 0)).toBe('refused 4/4');
});
