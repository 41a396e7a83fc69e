/**
 * What a server knows of memories itself, so that most answers need not wait for the store. An entry says what was remembered of a device when
 * the store stood at some generation; it is told only while that still holds (memory-generations.ts). What another process forgets, adds or
 * sweeps is therefore never told from here, not even once.
 *
 * Bounded in devices and characters: who was not asked for longest goes first, and nobody stays who was not asked for during
 * MAX_UNUSED_MS. An entry that does not hold goes as soon as it is asked for.
 */
import type { KeptExchange, MemoryLimits } from './memory-entry.ts';
import { withinLimits } from './memory-entry.ts';

const MAX_DEVICES = 20_000;
/** Some MB. */
const MAX_CHARS = 4 * 1024 * 1024;
const MAX_UNUSED_MS = 600_000;

/** Where an exchange was put: the generation of its group before, and of the transaction that put it there. */
export interface RememberedAt {
  readonly before: number | null;
  readonly generation: number;
}

interface Known {
  readonly kept: readonly KeptExchange[];
  readonly chars: number;
  readonly generation: number;
  /** At which generation the store itself told it, before what was added since; null = it never did. */
  readonly learntAt: number | null;
  readonly usedAtMs: number;
}

export interface MemoryCacheOptions {
  readonly limits: MemoryLimits;
  /** Generation of a device's group; null = it can't be told. */
  readonly generations: { of(hardwareId: string): number | null };
  /** A monotonic clock in ms. */
  readonly now: () => number;
  readonly maxDevices?: number;
  readonly maxChars?: number;
}

export class MemoryCache {
  readonly #options: MemoryCacheOptions;
  /** Who was asked for last is last. */
  readonly #known = new Map<string, Known>();
  #chars = 0;

  constructor(options: MemoryCacheOptions) {
    this.#options = options;
  }

  /** Devices that it knows something of. */
  get size(): number {
    return this.#known.size;
  }

  /** What is remembered of the device at `timeMs` since the epoch; null = the store must be asked. */
  recall(hardwareId: string, timeMs: number): readonly KeptExchange[] | null {
    const generation = this.#options.generations.of(hardwareId);
    if (generation === 0) return [];
    const known = this.#known.get(hardwareId);
    if (known === undefined) return null;
    this.forget(hardwareId);
    if (generation === null || known.generation < generation) return null;
    this.#put(hardwareId, known);
    return withinLimits(known.kept, this.#options.limits, timeMs);
  }

  /** The store said what it had of the device when it stood at `generation`. */
  learn(hardwareId: string, kept: readonly KeptExchange[], generation: number): void {
    const known = this.#known.get(hardwareId);
    if (known !== undefined && known.generation > generation) return;
    this.#put(hardwareId, { kept, generation, learntAt: generation });
  }

  /**
   * The store put an exchange of this server behind what it had of the device. It may tell that behind the answer to a later question, which has the
   * exchange already.
   */
  add(hardwareId: string, exchange: KeptExchange, { before, generation }: RememberedAt): void {
    const known = this.#known.get(hardwareId);
    const learntAt = known?.learntAt ?? null;
    if (learntAt !== null && learntAt >= generation) return;
    const isKnown = known !== undefined && before !== null && known.generation >= before;
    if (isKnown || before === 0) {
      const { limits } = this.#options;
      const kept = withinLimits([...(isKnown ? known.kept : []), exchange], limits, exchange.timeMs);
      this.#put(hardwareId, { kept, generation, learntAt });
    } else this.forget(hardwareId);
  }

  /** Knows nothing of the device any more. */
  forget(hardwareId: string): void {
    this.#chars -= this.#known.get(hardwareId)?.chars ?? 0;
    this.#known.delete(hardwareId);
  }

  #put(hardwareId: string, { kept, generation, learntAt }: Pick<Known, 'kept' | 'generation' | 'learntAt'>): void {
    this.forget(hardwareId);
    const chars = kept.reduce((sum, { prompt, answer }) => sum + prompt.length + answer.length, hardwareId.length);
    this.#known.set(hardwareId, { kept, chars, generation, learntAt, usedAtMs: this.#options.now() });
    this.#chars += chars;
    this.#forgetBeyond();
  }

  #forgetBeyond(): void {
    const { now, maxDevices = MAX_DEVICES, maxChars = MAX_CHARS } = this.#options;
    const unusedSinceMs = now() - MAX_UNUSED_MS;
    for (const [hardwareId, { usedAtMs }] of this.#known) {
      const isBeyond = this.#known.size > maxDevices || this.#chars > maxChars;
      if (!isBeyond && usedAtMs >= unusedSinceMs) return;
      this.forget(hardwareId);
    }
  }
}
