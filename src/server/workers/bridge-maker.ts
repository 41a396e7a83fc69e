/**
 * Makes the socket between two workers (worker-bridge.ts): the two ends of one connection over a name in a folder of the owner's alone, which is gone
 * before anything is said over it. Each pair has at most one, made when a call at one first hears a stream at the other.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { createConnection, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A worker that may have an end of it. */
export interface BridgeEnd {
  readonly worker: number;
  /** Hands it its end; the socket is no more this process's. */
  bridge(to: number, socket: Socket): void;
  /** There is none to that worker, or no more. */
  unbridge(to: number): void;
}

export class BridgeMaker {
  /** All workers, by their number. */
  readonly #ends = new Map<number, BridgeEnd>();
  /** By the end, those that it has one to. */
  readonly #joined = new Map<BridgeEnd, Set<BridgeEnd>>();
  readonly #onFault: (error: unknown) => void;

  /** `onFault` is told why one could not be made. */
  constructor(onFault: (error: unknown) => void) {
    this.#onFault = onFault;
  }

  joined(end: BridgeEnd): void {
    this.#ends.set(end.worker, end);
  }

  /** Sees to it that there is one to that worker. */
  join(one: BridgeEnd, worker: number): void {
    const other = this.#ends.get(worker);
    if (other === undefined) {
      one.unbridge(worker);
      return;
    }
    if (this.#joined.get(one)?.has(other)) return;
    this.#note(one, other);
    this.#note(other, one);
    void this.#make(one, other);
  }

  /** A worker is gone. */
  left(end: BridgeEnd): void {
    for (const other of this.#joined.get(end) ?? []) {
      this.#joined.get(other)?.delete(end);
      other.unbridge(end.worker);
    }
    this.#joined.delete(end);
    if (this.#ends.get(end.worker) === end) this.#ends.delete(end.worker);
  }

  async #make(one: BridgeEnd, other: BridgeEnd): Promise<void> {
    try {
      const [first, second] = await socketPair();
      if (!this.#joined.get(one)?.has(other)) {
        for (const socket of [first, second]) socket.destroy();
        return;
      }
      one.bridge(other.worker, first);
      other.bridge(one.worker, second);
    } catch (error) {
      this.#onFault(error);
      this.#joined.get(one)?.delete(other);
      this.#joined.get(other)?.delete(one);
      one.unbridge(other.worker);
      other.unbridge(one.worker);
    }
  }

  #note(one: BridgeEnd, other: BridgeEnd): void {
    const its = this.#joined.get(one);
    if (its === undefined) this.#joined.set(one, new Set([other]));
    else its.add(other);
  }
}

/** The two ends of one connection, paused: what comes is read by whom they are handed to. */
async function socketPair(): Promise<readonly [Socket, Socket]> {
  const folder = await mkdtemp(join(tmpdir(), 'recital-bridge-'));
  try {
    const path = join(folder, 's');
    return await new Promise((resolve, reject) => {
      const server = createServer({ pauseOnConnect: true }, (accepted) => {
        server.close();
        accepted.on('error', () => {});
        resolve([connecting, accepted]);
      });
      server.on('error', reject);
      server.listen(path);
      const connecting = createConnection({ path });
      connecting.on('error', reject);
      connecting.pause();
    });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
