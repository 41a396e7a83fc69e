/** The database of quotas: the last record of a device counts, page by page, and only while a window of it is current. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type EmbeddedStore, openStore } from '../../../src/store/process/embedded-store.ts';
import { QuotaLedger } from '../../../src/store/process/quota-ledger.ts';
import { recordWith, unusedRecord, windowsAt } from '../../../src/store/quota-record.ts';

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

const used = (hardwareId: string, requests: number, atMs = nowMs) =>
  recordWith(unusedRecord(hardwareId, windowsAt(atMs)), requests);

/** All pages, one after the other. */
function allAt(atMs: number): readonly (readonly [string, number])[] {
  const records: (readonly [string, number])[] = [];
  for (let after: string | null = ''; after !== null; ) {
    const page = ledger.current(after, atMs);
    records.push(...page.records.map(({ hardwareId, month }) => [hardwareId, month.requests] as const));
    after = page.next;
  }
  return records;
}

test('the last record of a device counts, and one without requests is removed', async () => {
  await Promise.all([ledger.save(used('a', 1)), ledger.save(used('a', 2)), ledger.save(used('b', 7))]);
  expect(allAt(nowMs)).toEqual([
    ['a', 2],
    ['b', 7],
  ]);
  await ledger.save(used('a', 0));
  expect(allAt(nowMs)).toEqual([['b', 7]]);
  expect(store.database('quota').getKeysCount()).toBe(1);
});

test('more devices than a page holds come in several, each once', async () => {
  const devices = Array.from({ length: 4_500 }, (_, index) => `device-${String(index).padStart(5, '0')}`);
  await Promise.all(devices.map((device) => ledger.save(used(device, 1))));
  expect(allAt(nowMs).map(([device]) => device)).toEqual(devices);
});

test('what belongs to past windows is not told, and is swept; so is what is no record', async () => {
  const old = Array.from({ length: 2_500 }, (_, index) => ledger.save(used(`old-${index}`, 3)));
  await Promise.all([...old, ledger.save(used('young', 4, nextMonthMs)), store.database('quota').put('x', '{}')]);
  expect(allAt(nextMonthMs)).toEqual([['young', 4]]);
  expect(await ledger.sweep(nextMonthMs)).toBe(2_501);
  expect(store.database('quota').getKeysCount()).toBe(1);
  expect(allAt(nextMonthMs)).toEqual([['young', 4]]);
});
