/** What a server knows of memories itself: told only while the store has the same, whoever changes it, and bounded. */
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { MemoryCache } from '../../../src/store/memory-cache.ts';
import type { MemoryEntry, MemoryLimits } from '../../../src/store/memory-entry.ts';
import { GenerationReader } from '../../../src/store/memory-generations.ts';
import { type EmbeddedStore, openStore } from '../../../src/store/process/embedded-store.ts';
import { MemoryLedger } from '../../../src/store/process/memory-ledger.ts';

const limits: MemoryLimits = { maxExchanges: 3, maxChars: 100, ttlMs: 10_000, maxDevices: 4 };
const startMs = Date.UTC(2026, 10, 28);

let dir: string;
let store: EmbeddedStore;
let clockMs: number;
const readers: GenerationReader[] = [];
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'recital-memory-cache-'));
  store = openStore(dir);
  clockMs = 1_000;
});
afterEach(async () => {
  for (const reader of readers.splice(0)) reader.close();
  await store.close();
  rmSync(dir, { recursive: true });
});

/** A server beside its process of the store, without the messages between them. */
class Server {
  readonly cache: MemoryCache;
  readonly #ledger: MemoryLedger;
  asked = 0;

  constructor(ledger: MemoryLedger, bounds: { readonly maxDevices?: number; readonly maxChars?: number } = {}) {
    const generations = new GenerationReader(store.folder, () => clockMs);
    readers.push(generations);
    this.#ledger = ledger;
    this.cache = new MemoryCache({ limits, generations, now: () => clockMs, ...bounds });
  }

  recall(hardwareId: string, timeMs: number): readonly string[] {
    const known = this.cache.recall(hardwareId, timeMs);
    if (known !== null) return known.map(({ prompt }) => prompt);
    this.asked += 1;
    const { exchanges, generation } = this.#ledger.lookUp(hardwareId, limits, timeMs);
    this.cache.learn(hardwareId, exchanges, generation);
    return exchanges.map(({ prompt }) => prompt);
  }

  remember(entry: MemoryEntry): void {
    const [place] = this.#ledger.remember([entry], limits, entry.timeMs);
    if (place) this.cache.add(entry.hardwareId, entry, place);
    else this.cache.forget(entry.hardwareId);
  }
}

const said = (hardwareId: string, prompt: string, timeMs: number, askedAtMs = timeMs): MemoryEntry => ({
  hardwareId,
  prompt,
  answer: 'A',
  askedAtMs,
  timeMs,
});

describe('what a server knows itself', () => {
  test('needs no look into the store: of whom nothing was ever remembered, and of whom it remembered all', () => {
    const server = new Server(new MemoryLedger(store));
    expect(server.recall('d', startMs)).toEqual([]);
    server.remember(said('d', 'one', startMs));
    server.remember(said('d', 'two', startMs + 1));
    expect(server.recall('d', startMs + 2)).toEqual(['one', 'two']);
    expect(server.asked).toBe(0);
  });

  test('is not told once it was forgotten, for one device or for all, by another process', () => {
    const [server, other] = [new Server(new MemoryLedger(store)), new MemoryLedger(store)];
    for (const hardwareId of ['d', 'e']) server.remember(said(hardwareId, 'one', startMs));
    other.forget('d', startMs + 1);
    expect([server.recall('d', startMs + 2), server.recall('e', startMs + 2)]).toEqual([[], ['one']]);
    other.forgetAll(startMs + 3);
    expect([server.recall('d', startMs + 4), server.recall('e', startMs + 4)]).toEqual([[], []]);
    // Asked before it was forgotten, ended behind it.
    server.remember(said('e', 'late', startMs + 5, startMs + 2));
    expect(server.recall('e', startMs + 6)).toEqual([]);
  });

  test('expires with its time, also where nobody sweeps', () => {
    const server = new Server(new MemoryLedger(store));
    server.remember(said('d', 'one', startMs));
    server.remember(said('d', 'two', startMs + 100));
    expect(server.recall('d', startMs + limits.ttlMs)).toEqual(['two']);
    expect(server.recall('d', startMs + limits.ttlMs + 100)).toEqual([]);
  });

  test('is bounded in devices, in characters and in how long nobody asks', () => {
    const ledger = new MemoryLedger(store);
    const server = new Server(ledger, { maxDevices: 2, maxChars: 50 });
    for (const hardwareId of ['a', 'b', 'c']) server.remember(said(hardwareId, 'one', startMs));
    expect(server.cache.size).toBe(2);
    server.remember(said('c', 'x'.repeat(45), startMs + 1));
    expect(server.cache.size).toBe(0);
    server.remember(said('d', 'one', startMs + 2));
    clockMs += 600_001;
    server.remember(said('a', 'two', startMs + 3));
    expect(server.recall('a', startMs + 4)).toEqual(['one', 'two']);
    expect(server.cache.size).toBe(1);
  });
});

test('servers that share a store tell what the store has, whoever remembers, forgets, sweeps and restarts', () => {
  const device = fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f');
  const step = fc.record({
    kind: fc.constantFrom('remember', 'remember', 'recall', 'recall', 'recall', 'forget', 'forgetAll', 'late', 'wait'),
    device,
    server: fc.nat(2),
  });
  // Goes on over all runs: what was forgotten in one is marked in the store for the next.
  let nowMs = startMs;
  fc.assert(
    fc.property(fc.array(step, { minLength: 5, maxLength: 60 }), (steps) => {
      const ledgers = [new MemoryLedger(store), new MemoryLedger(store), new MemoryLedger(store)] as const;
      const servers = ledgers.map((ledger) => new Server(ledger));
      const truth = new MemoryLedger(store);
      nowMs += 10;
      truth.forgetAll(nowMs);
      for (const [index, { kind, device: hardwareId, server }] of steps.entries()) {
        nowMs += kind === 'wait' ? 4_000 : 1;
        const own = servers[server];
        if (kind === 'remember') own?.remember(said(hardwareId, `${index}`, nowMs));
        if (kind === 'late') own?.remember(said(hardwareId, `${index}`, nowMs, nowMs - 5));
        if (kind === 'forget') truth.forget(hardwareId, nowMs);
        if (kind === 'forgetAll') truth.forgetAll(nowMs);
        if (kind === 'recall') {
          const stored = truth.recall(hardwareId, limits, nowMs).map(({ prompt }) => prompt);
          expect(own?.recall(hardwareId, nowMs)).toEqual(stored);
        }
      }
    }),
    { numRuns: 60 },
  );
});

describe('the file of the generations', () => {
  const fileOf = () => join(store.folder, 'memory-generations');

  test('is its user’s alone, and knows nothing where the store is older than it', () => {
    const before = new MemoryLedger(store);
    before.remember([said('d', 'one', startMs)], limits, startMs);
    rmSync(fileOf());
    expect(before.isInPlace()).toBe(false);
    const server = new Server(new MemoryLedger(store));
    expect(statSync(fileOf()).mode & 0o777).toBe(0o600);
    expect([server.recall('d', startMs), server.recall('stranger', startMs)]).toEqual([['one'], []]);
    expect(server.asked).toBe(2);
  });

  test('is not believed where it is gone, half written or another one', () => {
    const server = new Server(new MemoryLedger(store));
    server.remember(said('d', 'one', startMs));
    const whole = readFileSync(fileOf());
    for (const damaged of [
      whole.subarray(0, 0),
      Buffer.alloc(whole.length, Buffer.from([0, 1, 2, 3, 4, 5, 6, 7, 8])),
    ]) {
      writeFileSync(fileOf(), damaged);
      expect(server.cache.recall('d', startMs)).toBeNull();
      expect(server.cache.recall('stranger', startMs)).toBeNull();
    }
    rmSync(fileOf());
    clockMs += 101;
    expect(server.cache.recall('d', startMs)).toBeNull();
  });

  test('of a change that never came to be costs a lookup and nothing else', () => {
    const ledger = new MemoryLedger(store);
    const server = new Server(ledger);
    server.remember(said('d', 'one', startMs));
    // A process died between the two: the file is ahead of the store.
    const ahead = Buffer.alloc(8);
    ahead.writeDoubleLE(2);
    writeFileSync(fileOf(), Buffer.alloc(1024 * 1024, ahead));
    expect([server.recall('d', startMs), server.recall('d', startMs), server.asked]).toEqual([['one'], ['one'], 2]);
    server.remember(said('d', 'two', startMs));
    expect([server.recall('d', startMs), server.asked]).toEqual([['one', 'two'], 3]);
    expect([server.recall('d', startMs), server.asked]).toEqual([['one', 'two'], 3]);
  });
});

test('whichever comes first, the answer to a question or that the exchanges before it were stored: each is told once', () => {
  fc.assert(
    fc.property(
      fc.record({
        /** Exchanges of each commit; what was there before is known or not. */
        commits: fc.array(fc.integer({ min: 1, max: 2 }), { minLength: 1, maxLength: 3 }),
        answeredBehind: fc.nat(6),
        isKnown: fc.boolean(),
        wasThere: fc.boolean(),
      }),
      ({ commits, answeredBehind, isKnown, wasThere }) => {
        const ledger = new MemoryLedger(store);
        const wide = { ...limits, maxExchanges: 20, maxChars: 1_000 };
        ledger.forgetAll(startMs - 5);
        if (wasThere) ledger.remember([said('phone', 'before', startMs)], wide, startMs);
        const generations = new GenerationReader(store.folder, () => clockMs);
        readers.push(generations);
        const cache = new MemoryCache({ limits: wide, generations, now: () => clockMs });
        const lookUp = () => ledger.lookUp('phone', wide, startMs + 9);
        const learn = ({ exchanges, generation }: ReturnType<typeof lookUp>) =>
          cache.learn('phone', exchanges, generation);
        if (isKnown) learn(lookUp());
        const stored = commits.flatMap((count, commit) => {
          const entries = Array.from({ length: count }, (_, index) => said('phone', `${commit}-${index}`, startMs + 1));
          const places = ledger.remember(entries, wide, startMs + 1);
          return entries.map((entry, index) => ({ entry, place: places[index] ?? null }));
        });
        const answer = lookUp();
        const told = stored.map(({ entry, place }) => () => {
          if (place !== null) cache.add('phone', entry, place);
        });
        told.splice(Math.min(answeredBehind, told.length), 0, () => learn(answer));
        for (const tell of told) tell();
        expect(cache.recall('phone', startMs + 9)).toEqual(answer.exchanges);
      },
    ),
    { numRuns: 60 },
  );
});
