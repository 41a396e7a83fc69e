/**
 * The streams that hold a slot, or held one and have not told their end: on which floor each runs, and who is told that its slot is free. The
 * supervisor's chart has the books; here is what can't stand in them.
 */
import { assert } from '../../assert.ts';
import type { Floor } from './admission-port.ts';
import type { OutsideEnd } from './live-streams.ts';

export class HeldStreams {
  readonly #floors = new Map<string, Floor>();
  readonly #listeners = new Set<string>();
  /** Ended, slot not freed yet: the supervisor may be in the middle of another turn. */
  readonly #releasing = new Map<string, (activeStreams: number | null) => void>();

  /** Streams that hear another one. */
  get listeners(): number {
    return this.#listeners.size;
  }

  add(streamId: string, floor: Floor, isListener: boolean): void {
    this.#floors.set(streamId, floor);
    if (isListener) this.#listeners.add(streamId);
  }

  floorOf(streamId: string): Floor | null {
    return this.#floors.get(streamId) ?? null;
  }

  /** Ends streams wherever they run; `over` is told the sessions that this has ended, of each floor in their order. */
  end(streamIds: readonly string[], why: OutsideEnd, over: (sessionIds: readonly string[]) => void): void {
    const byFloor = new Map<Floor, string[]>();
    for (const streamId of streamIds) {
      const floor = this.#floors.get(streamId);
      if (floor === undefined) continue;
      const its = byFloor.get(floor);
      if (its === undefined) byFloor.set(floor, [streamId]);
      else its.push(streamId);
    }
    let left = byFloor.size;
    const sessionIds: string[] = [];
    if (left === 0) over(sessionIds);
    for (const [floor, its] of byFloor) {
      floor.end(its, why, (ended) => {
        sessionIds.push(...ended);
        left -= 1;
        if (left === 0) over(sessionIds);
      });
    }
  }

  /** `freed` is told when the chart has given the slot back; null = it had been before. */
  awaitFree(streamId: string, freed: (activeStreams: number | null) => void): void {
    this.#releasing.set(streamId, freed);
  }

  tellFreed(streamId: string, activeStreams: number | null): void {
    const freed = this.#releasing.get(streamId);
    const wasKnown = this.#floors.has(streamId);
    this.#forget(streamId);
    assert(freed !== undefined || !wasKnown, `the slot of stream ${streamId} was freed before its session ended`);
    freed?.(activeStreams);
  }

  /** Their process is gone: nobody is told of their slots. */
  clear(streamIds: readonly string[]): void {
    for (const streamId of streamIds) this.#forget(streamId);
  }

  #forget(streamId: string): void {
    this.#releasing.delete(streamId);
    this.#floors.delete(streamId);
    this.#listeners.delete(streamId);
  }
}
