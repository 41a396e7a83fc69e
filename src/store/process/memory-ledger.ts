/**
 * The ledger of memories: one record a device in the database `memory` of the embedded store, its exchanges with their times. Beside it
 * `memory-times` holds when each device's oldest and newest exchange was, for what must be found by time, and `memory-forgotten`
 * when a device was forgotten: for a day nothing that was asked before that is remembered, so a stream that was still running brings
 * nothing back. Every change is one transaction, so another process (`recital forget`) may make one at any time; each has the next
 * generation, and tells the servers so (memory-generations.ts).
 */

import type { RememberedAt } from '../memory-cache.ts';
import {
  exchangesOfStored,
  type KeptExchange,
  type MemoryEntry,
  type MemoryLimits,
  type RememberedExchange,
  storedTextOfExchanges,
  withinLimits,
} from '../memory-entry.ts';
import { GenerationWriter } from '../memory-generations.ts';
import type { EmbeddedStore, TextDatabase } from './embedded-store.ts';

/** Longer than any stream lives unless SESSION_TIMEOUT is far beyond its default. */
const FORGOTTEN_MARK_MS = 86_400_000;
/** Devices looked at in one transaction: a few ms of work. */
const SWEPT_AT_ONCE = 200;
/** Among the marks, for all devices. */
const EVERYBODY = ['everybody', ''];
const OLDEST = 'oldest';
const NEWEST = 'newest';
const GENERATION = 'generation';

export interface Forgotten {
  readonly devices: number;
  readonly exchanges: number;
}

export class MemoryLedger {
  readonly #memory: TextDatabase;
  readonly #times: TextDatabase;
  readonly #forgotten: TextDatabase;
  readonly #generation: TextDatabase;
  readonly #told: GenerationWriter;
  /** Of the transaction that is under way; null until it changes something. */
  #presentGeneration: number | null = null;

  constructor(store: EmbeddedStore) {
    this.#memory = store.database('memory');
    this.#times = store.database('memory-times');
    this.#forgotten = store.database('memory-forgotten');
    this.#generation = store.database('memory-generation');
    // Nobody else may change anything while the file is made.
    this.#told = this.#memory.transactionSync(() => {
      const isNew = this.#latestGeneration() === 0 && this.#devices() === 0;
      if (isNew) return new GenerationWriter(store.folder, 0);
      // A store that is older than its generations begins to have some.
      return new GenerationWriter(store.folder, this.#nextGeneration());
    });
    this.#presentGeneration = null;
  }

  /**
   * Remembers entries in their order, all in one commit; on the disk when it returns. For each of them where it was put, null = it is not
   * remembered.
   */
  remember(entries: readonly MemoryEntry[], limits: MemoryLimits, nowMs: number): readonly (RememberedAt | null)[] {
    return this.#change(() => entries.map((entry) => this.#rememberOne(entry, limits, nowMs)));
  }

  /** Whether servers still hear of its changes. */
  isInPlace(): boolean {
    return this.#told.isInPlace();
  }

  /** What is remembered of the device at `nowMs`, the oldest first. */
  recall(hardwareId: string, limits: MemoryLimits, nowMs: number): RememberedExchange[] {
    const { exchanges } = this.lookUp(hardwareId, limits, nowMs);
    return exchanges.map(({ prompt, answer }) => ({ prompt, answer }));
  }

  /** The same with the times, and the generation at which the store stood, or one before. */
  lookUp(hardwareId: string, limits: MemoryLimits, nowMs: number) {
    const generation = this.#latestGeneration();
    return { exchanges: withinLimits(exchangesOfStored(this.#memory.get(hardwareId)), limits, nowMs), generation };
  }

  /** Forgets one device, on the disk when it returns; returns how many exchanges those were. */
  forget(hardwareId: string, nowMs: number): number {
    return this.#change(() => {
      this.#forgotten.putSync(markOf(hardwareId), String(nowMs));
      return this.#remove(hardwareId);
    });
  }

  /** Forgets everybody. */
  forgetAll(nowMs: number): Forgotten {
    return this.#change(() => {
      this.#forgotten.putSync(EVERYBODY, String(nowMs));
      this.#told.setAll(this.#nextGeneration());
      const devices = [...this.#memory.getKeys()].map(String);
      const exchanges = devices.reduce((sum, hardwareId) => sum + this.#remove(hardwareId), 0);
      this.#memory.clearSync();
      this.#times.clearSync();
      return { devices: devices.length, exchanges };
    });
  }

  /** Forgets what has expired at `nowMs`; resolves with how many exchanges those were. Others get their turn in between. */
  async sweep(limits: MemoryLimits, nowMs: number): Promise<number> {
    let swept = 0;
    for (let devices = SWEPT_AT_ONCE; devices === SWEPT_AT_ONCE; await new Promise((wake) => setImmediate(wake))) {
      const some = this.#change(() => this.#sweepSome(limits, nowMs));
      devices = some.devices;
      swept += some.exchanges;
    }
    this.#memory.transactionSync(() => this.#sweepMarks(nowMs));
    return swept;
  }

  #rememberOne(entry: MemoryEntry, limits: MemoryLimits, nowMs: number): RememberedAt | null {
    const { hardwareId, askedAtMs, timeMs, prompt, answer } = entry;
    if (askedAtMs <= Math.max(this.#forgottenAtMs(markOf(hardwareId)), this.#forgottenAtMs(EVERYBODY))) return null;
    const groupBefore = this.#told.of(hardwareId);
    const before = exchangesOfStored(this.#memory.get(hardwareId));
    this.#replace(hardwareId, before, withinLimits([...before, { timeMs, prompt, answer }], limits, nowMs));
    this.#forgetBeyond(limits.maxDevices);
    const isKept = this.#memory.doesExist(hardwareId);
    return isKept ? { before: groupBefore, generation: this.#nextGeneration() } : null;
  }

  /** One transaction. */
  #change<T>(change: () => T): T {
    this.#presentGeneration = null;
    return this.#memory.transactionSync(change);
  }

  /** That of the last transaction that changed something; 0 = there was none. */
  #latestGeneration(): number {
    return Number(this.#generation.get(GENERATION) ?? 0);
  }

  /** That of the transaction that is under way. */
  #nextGeneration(): number {
    if (this.#presentGeneration === null) {
      this.#presentGeneration = this.#latestGeneration() + 1;
      this.#generation.putSync(GENERATION, String(this.#presentGeneration));
    }
    return this.#presentGeneration;
  }

  /** The device that was silent longest is forgotten first. */
  #forgetBeyond(maxDevices: number): void {
    while (this.#devices() > maxDevices) {
      const [key] = [...this.#times.getKeys({ start: [NEWEST], end: [OLDEST], limit: 1 })];
      if (!Array.isArray(key)) return;
      this.#remove(String(key[2]));
      // Also where its record was no memory of ours.
      this.#times.removeSync(key);
    }
  }

  #devices(): number {
    const stats: { readonly entryCount?: number } = this.#memory.getStats();
    return stats.entryCount ?? 0;
  }

  #sweepSome(limits: MemoryLimits, nowMs: number): Forgotten {
    const end = [OLDEST, nowMs - limits.ttlMs + 1];
    const keys = [...this.#times.getKeys({ start: [OLDEST], end, limit: SWEPT_AT_ONCE })];
    let exchanges = 0;
    for (const key of keys) {
      const hardwareId = Array.isArray(key) ? String(key[2]) : '';
      const before = exchangesOfStored(this.#memory.get(hardwareId));
      const after = before.filter(({ timeMs }) => timeMs > nowMs - limits.ttlMs);
      exchanges += before.length - after.length;
      this.#replace(hardwareId, before, after);
      // Also where its record was no memory of ours: it must not be found again.
      this.#times.removeSync(key);
      if (after.length > 0) this.#noteTimes(hardwareId, after);
    }
    return { devices: keys.length, exchanges };
  }

  #sweepMarks(nowMs: number): void {
    for (const { key, value } of [...this.#forgotten.getRange()]) {
      if (Number(value) <= nowMs - FORGOTTEN_MARK_MS) this.#forgotten.removeSync(key);
    }
  }

  #remove(hardwareId: string): number {
    const before = exchangesOfStored(this.#memory.get(hardwareId));
    this.#replace(hardwareId, before, []);
    return before.length;
  }

  /** One device's record with its times; `before` is what stands there. */
  #replace(hardwareId: string, before: readonly KeptExchange[], after: readonly KeptExchange[]): void {
    this.#told.set(hardwareId, this.#nextGeneration());
    for (const key of timeKeysOf(hardwareId, before)) this.#times.removeSync(key);
    if (after.length === 0) {
      this.#memory.removeSync(hardwareId);
      return;
    }
    this.#memory.putSync(hardwareId, storedTextOfExchanges(after));
    this.#noteTimes(hardwareId, after);
  }

  #noteTimes(hardwareId: string, kept: readonly KeptExchange[]): void {
    for (const key of timeKeysOf(hardwareId, kept)) this.#times.putSync(key, '');
  }

  /** 0 = it was not. */
  #forgottenAtMs(mark: string[]): number {
    return Number(this.#forgotten.get(mark) ?? 0);
  }
}

function timeKeysOf(hardwareId: string, kept: readonly KeptExchange[]): readonly [string, number, string][] {
  const times = kept.map(({ timeMs }) => timeMs);
  if (times.length === 0) return [];
  return [
    [OLDEST, Math.min(...times), hardwareId],
    [NEWEST, Math.max(...times), hardwareId],
  ];
}

function markOf(hardwareId: string): string[] {
  return ['device', hardwareId];
}
