/** The ledger of memories: bounded in exchanges, characters, age and devices, each device by itself, and what is forgotten stays so. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { beginningOf, type MemoryEntry, type MemoryLimits, shortened } from '../../../src/store/memory-entry.ts';
import { type EmbeddedStore, openStore } from '../../../src/store/process/embedded-store.ts';
import { MemoryLedger } from '../../../src/store/process/memory-ledger.ts';

const limits: MemoryLimits = { maxExchanges: 3, maxChars: 100, ttlMs: 10_000, maxDevices: 1_000 };
const nowMs = Date.UTC(2026, 10, 28);

let dir: string;
let store: EmbeddedStore;
let ledger: MemoryLedger;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'recital-ledger-'));
  store = openStore(dir);
  ledger = new MemoryLedger(store);
});
afterEach(async () => {
  await store.close();
  rmSync(dir, { recursive: true });
});

function entry(prompt: string, given: Partial<MemoryEntry> = {}): MemoryEntry {
  return { hardwareId: 'd', prompt, answer: 'A', askedAtMs: nowMs - 100, timeMs: nowMs, ...given };
}

function remember(...entries: readonly MemoryEntry[]): void {
  ledger.remember(entries, limits, nowMs);
}

const prompts = (hardwareId = 'd', atMs = nowMs): readonly string[] =>
  ledger.recall(hardwareId, limits, atMs).map(({ prompt }) => prompt);

/** Keys of the index: two a device that is remembered, none else. */
const indexed = (): number => [...store.database('memory-times').getKeys()].length;

describe('a device', () => {
  test('hears what it said and was told, the oldest first, and nothing of others', () => {
    remember(entry('one'), entry('other', { hardwareId: 'e', answer: 'B' }), entry('two'));
    expect(ledger.recall('d', limits, nowMs)).toEqual([
      { prompt: 'one', answer: 'A' },
      { prompt: 'two', answer: 'A' },
    ]);
    expect(ledger.recall('e', limits, nowMs)).toEqual([{ prompt: 'other', answer: 'B' }]);
    expect(ledger.recall('f', limits, nowMs)).toEqual([]);
  });

  test('has at most so many exchanges, and so many characters; the oldest go first', () => {
    remember(...['1', '2', '3', '4'].map((prompt) => entry(prompt)));
    expect(prompts()).toEqual(['2', '3', '4']);
    remember(entry('x'.repeat(97)));
    expect(prompts()).toEqual(['4', 'x'.repeat(97)]);
    remember(entry('y'.repeat(99)));
    expect(prompts()).toEqual(['y'.repeat(99)]);
  });

  test('is told no exchange that has expired, also where it is still on the disk', () => {
    remember(entry('old', { timeMs: nowMs - 6_000 }), entry('new', { timeMs: nowMs - 1_000 }));
    expect(prompts('d', nowMs + 3_999)).toEqual(['old', 'new']);
    expect(prompts('d', nowMs + 4_000)).toEqual(['new']);
    expect(prompts('d', nowMs + 9_000)).toEqual([]);
  });

  test('keeps a smaller memory when the limits are lowered', () => {
    remember(entry('1'), entry('2'), entry('3'));
    expect(ledger.recall('d', { ...limits, maxExchanges: 1 }, nowMs)).toEqual([{ prompt: '3', answer: 'A' }]);
  });

  test('whose record is none of ours has no memory, and gets one again', async () => {
    await store.database('memory').put('d', '{"foreign":true}');
    expect(prompts()).toEqual([]);
    remember(entry('one'));
    expect(prompts()).toEqual(['one']);
  });
});

describe('devices', () => {
  test('are a thousand at most: the one that was silent longest is forgotten first', () => {
    const devices = Array.from({ length: 1_000 }, (_, index) => `device-${index}`);
    remember(...devices.map((hardwareId, index) => entry('x', { hardwareId, timeMs: nowMs - 5_000 + index })));
    remember(entry('again', { hardwareId: 'device-0' }), entry('new', { hardwareId: 'device-1000' }));
    expect(prompts('device-0')).toEqual(['x', 'again']);
    expect(prompts('device-1')).toEqual([]);
    expect(prompts('device-2')).toEqual(['x']);
    expect(prompts('device-1000')).toEqual(['new']);
    expect(store.database('memory').getKeysCount()).toBe(1_000);
  });

  test('that are in the index and not in the memory do not stop others from being forgotten', async () => {
    await store.database('memory-times').put(['newest', 1, 'ghost'], '');
    ledger.remember([entry('1', { hardwareId: 'a' })], { ...limits, maxDevices: 1 }, nowMs);
    ledger.remember([entry('2', { hardwareId: 'b' })], { ...limits, maxDevices: 1 }, nowMs);
    expect([prompts('a'), prompts('b')]).toEqual([[], ['2']]);
  });
});

describe('the sweep', () => {
  test('forgets what has expired, more than one batch of it, and nothing else', async () => {
    const devices = Array.from({ length: 450 }, (_, index) => `device-${index}`);
    remember(...devices.map((hardwareId) => entry('old', { hardwareId, timeMs: nowMs - 9_000 })));
    remember(entry('new', { hardwareId: 'device-7' }), entry('new', { hardwareId: 'e' }));
    expect(await ledger.sweep(limits, nowMs + 1_000)).toBe(450);
    expect([prompts('device-7'), prompts('e'), prompts('device-8')]).toEqual([['new'], ['new'], []]);
    expect(store.database('memory').getKeysCount()).toBe(2);
    expect(indexed()).toBe(4);
    expect(await ledger.sweep(limits, nowMs + 1_000)).toBe(0);
  });
});

describe('what is forgotten', () => {
  test('is counted, gone at once, and does not come back with what was asked before', () => {
    remember(entry('one'), entry('two'), entry('other', { hardwareId: 'e' }));
    expect(ledger.forget('d', nowMs)).toBe(2);
    remember(entry('still running', { askedAtMs: nowMs }));
    expect([prompts('d'), prompts('e')]).toEqual([[], ['other']]);
    remember(entry('new', { askedAtMs: nowMs + 1 }));
    expect(prompts()).toEqual(['new']);
    expect(ledger.forget('nobody', nowMs)).toBe(0);
    expect(indexed()).toBe(4);
  });

  test('may be everybody', () => {
    remember(entry('one'), entry('two'), entry('other', { hardwareId: 'e' }));
    expect(ledger.forgetAll(nowMs)).toEqual({ devices: 2, exchanges: 3 });
    remember(entry('still running', { askedAtMs: nowMs }));
    expect([prompts('d'), prompts('e'), indexed()]).toEqual([[], [], 0]);
    expect(ledger.forgetAll(nowMs)).toEqual({ devices: 0, exchanges: 0 });
  });

  test('is marked for a day, then the mark goes as well', async () => {
    ledger.forget('d', nowMs);
    await ledger.sweep(limits, nowMs + 86_399_999);
    expect(store.database('memory-forgotten').getKeysCount()).toBe(1);
    await ledger.sweep(limits, nowMs + 86_400_000);
    expect(store.database('memory-forgotten').getKeysCount()).toBe(0);
  });
});

test('any sequence leaves each device within its limits, with its newest exchanges, and an index that fits', async () => {
  const step = fc.record({
    kind: fc.constantFrom('remember', 'remember', 'remember', 'forget', 'sweep'),
    device: fc.constantFrom('a', 'b', 'c', 'd'),
    chars: fc.integer({ min: 1, max: 60 }),
    waitMs: fc.integer({ min: 1, max: 4_000 }),
  });
  const tight = { ...limits, maxDevices: 3 };
  let atMs = nowMs;
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 40 }), async (steps) => {
      ledger.forgetAll(atMs);
      let kept: MemoryEntry[] = [];
      for (const { kind, device, chars, waitMs } of steps) {
        atMs += waitMs;
        if (kind === 'sweep') await ledger.sweep(tight, atMs);
        if (kind === 'forget') {
          ledger.forget(device, atMs);
          kept = kept.filter(({ hardwareId }) => hardwareId !== device);
        }
        if (kind !== 'remember') continue;
        const said = entry('x'.repeat(chars), { hardwareId: device, timeMs: atMs, askedAtMs: atMs });
        ledger.remember([said], tight, atMs);
        kept = withinModel([...kept, said], tight, atMs);
        for (const hardwareId of ['a', 'b', 'c', 'd']) {
          const expected = kept.filter((each) => each.hardwareId === hardwareId && each.timeMs > atMs - tight.ttlMs);
          expect(ledger.recall(hardwareId, tight, atMs).map(({ prompt }) => prompt)).toEqual(
            expected.map(({ prompt }) => prompt),
          );
        }
        expect(indexed()).toBe(2 * store.database('memory').getKeysCount());
      }
    }),
    { numRuns: 30 },
  );
});

/** The same rules, told another way: what stays of all that was said, in its order. */
function withinModel(
  said: readonly MemoryEntry[],
  { maxExchanges, maxChars, maxDevices, ttlMs }: MemoryLimits,
  atMs: number,
) {
  const device = said.at(-1)?.hardwareId;
  const own = said.filter(({ hardwareId }) => hardwareId === device);
  const charsFrom = (index: number) =>
    own.slice(index).reduce((sum, each) => sum + each.prompt.length + each.answer.length, 0);
  const stays = new Set(
    own.filter(
      (each, index) => own.length - index <= maxExchanges && charsFrom(index) <= maxChars && each.timeMs > atMs - ttlMs,
    ),
  );
  const after = said.filter((each) => each.hardwareId !== device || stays.has(each));
  const devices = [...new Set(after.toReversed().map(({ hardwareId }) => hardwareId))].slice(0, maxDevices);
  return after.filter(({ hardwareId }) => devices.includes(hardwareId));
}

describe('an exchange that is too long', () => {
  test('keeps the beginnings of both sides, well-formed and within the bound', () => {
    expect(shortened({ prompt: 'abc', answer: 'def' }, 6)).toEqual({ prompt: 'abc', answer: 'def' });
    expect(shortened({ prompt: 'a'.repeat(20), answer: 'def' }, 10)).toEqual({ prompt: 'aaaaaa…', answer: 'def' });
    expect(shortened({ prompt: 'abc', answer: 'd'.repeat(20) }, 10)).toEqual({ prompt: 'abc', answer: 'dddddd…' });
    expect(shortened({ prompt: 'a'.repeat(20), answer: 'd'.repeat(20) }, 10)).toEqual({
      prompt: 'aaaa…',
      answer: 'dddd…',
    });
    expect(beginningOf('ab😀cd', 4)).toBe('ab…');
    expect(beginningOf('\ud83d', 4)).toBe('\ufffd');
  });

  test('is within any bound, whatever it says', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: 'binary' }),
        fc.string({ unit: 'binary' }),
        fc.integer({ min: 1, max: 30 }),
        (prompt, answer, max) => {
          const cut = shortened({ prompt, answer }, max);
          expect(cut.prompt.length + cut.answer.length).toBeLessThanOrEqual(max);
          expect(cut.prompt.isWellFormed() && cut.answer.isWellFormed()).toBe(true);
        },
      ),
    );
  });
});
