/**
 * What tells a server, without a message to the store, whether what it knows of a device's memory still holds: a file beside the store with a
 * number for each of 65,536 groups of devices (by a hash of the hardware_id), 1 MiB. Every transaction that changes memories has the next
 * generation, which stands in the store; before it commits, it writes its generation at the groups of the devices that it changes.
 *
 * So whoever read a device's memory when the store stood at generation G knows it for as long as the number of its group is at most G: a change
 * behind that, by whatever process, has a higher one and wrote it before anybody could read what it changed. A process that dies between the
 * two leaves a number that is too high for a while, which costs a lookup and no truth. 0 = nothing was ever remembered of any device of the
 * group. A file that was removed counts as not known, and is made anew by the next process that opens the store.
 */
import { closeSync, constants, openSync, readSync, renameSync, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { PRIVATE_FILE_MODE, statsOf } from '../private-folder.ts';

const FILE = 'memory-generations';
const GROUPS = 65_536;
/** The number twice: a read beside a write may get half of either, and then they differ. */
const GROUP_BYTES = 16;
const NUMBER_BYTES = 8;
/** How soon a reader notices that the file is another one: somebody deleted the store, or put another in its place. One stat. */
const PLACE_LOOK_MS = 100;

function offsetOf(hardwareId: string): number {
  let lane = 0x811c9dc5 | 0;
  for (let index = 0; index < hardwareId.length; index += 1) {
    lane = Math.imul(lane ^ hardwareId.charCodeAt(index), 0x01000193);
  }
  return ((lane ^ (lane >>> 16)) & (GROUPS - 1)) * GROUP_BYTES;
}

/** The number at `offset`; null where it can't be told. */
function numberAt(file: number, offset: number, buffer: Buffer): number | null {
  if (readSync(file, buffer, 0, GROUP_BYTES, offset) !== GROUP_BYTES) return null;
  const number = buffer.readDoubleLE(0);
  return number === buffer.readDoubleLE(NUMBER_BYTES) ? number : null;
}

/** The reading side, in servers. */
export class GenerationReader {
  readonly #path: string;
  readonly #now: () => number;
  readonly #buffer = Buffer.alloc(GROUP_BYTES);
  #file: number | null = null;
  /** Of the open file. */
  #inode = 0n;
  #lookedAtMs = Number.NEGATIVE_INFINITY;

  /** `storeFolder`: where the store stands; `now`: a monotonic clock in ms. */
  constructor(storeFolder: string, now: () => number) {
    this.#path = join(storeFolder, FILE);
    this.#now = now;
  }

  /** The generation of the device's group; null where that can't be told. Never throws. */
  of(hardwareId: string): number | null {
    try {
      this.#lookAtPlace();
      return this.#file === null ? null : numberAt(this.#file, offsetOf(hardwareId), this.#buffer);
    } catch {
      this.close();
      return null;
    }
  }

  close(): void {
    if (this.#file !== null) closeSync(this.#file);
    this.#file = null;
    this.#lookedAtMs = Number.NEGATIVE_INFINITY;
  }

  #lookAtPlace(): void {
    const nowMs = this.#now();
    if (nowMs - this.#lookedAtMs < PLACE_LOOK_MS) return;
    const inode = inodeOf(this.#path);
    if (this.#file === null || inode !== this.#inode) {
      this.close();
      if (inode === undefined) return;
      this.#file = openSync(this.#path, constants.O_RDONLY);
      this.#inode = inode;
    }
    this.#lookedAtMs = nowMs;
  }
}

/** The writing side, in the processes of the store; to be made and used inside of write transactions, which exclude each other. */
export class GenerationWriter {
  readonly #path: string;
  readonly #file: number;
  readonly #inode: bigint | undefined;
  readonly #buffer = Buffer.alloc(GROUP_BYTES);

  /** Opens the file; makes it with `initial` for every group if there is none. */
  constructor(storeFolder: string, initial: number) {
    this.#path = join(storeFolder, FILE);
    const size = statsOf(this.#path)?.size;
    if (size !== BigInt(GROUPS * GROUP_BYTES)) writeWhole(this.#path, initial);
    this.#file = openSync(this.#path, constants.O_RDWR);
    this.#inode = inodeOf(this.#path);
  }

  /** False once somebody removed the file or put another in its place. */
  isInPlace(): boolean {
    return this.#inode === inodeOf(this.#path);
  }

  of(hardwareId: string): number | null {
    return numberAt(this.#file, offsetOf(hardwareId), this.#buffer);
  }

  set(hardwareId: string, generation: number): void {
    this.#buffer.writeDoubleLE(generation, 0);
    this.#buffer.writeDoubleLE(generation, NUMBER_BYTES);
    writeSync(this.#file, this.#buffer, 0, GROUP_BYTES, offsetOf(hardwareId));
  }

  setAll(generation: number): void {
    const all = wholeOf(generation);
    for (let written = 0; written < all.length; )
      written += writeSync(this.#file, all, written, all.length - written, written);
  }
}

function writeWhole(path: string, generation: number): void {
  const made = `${path}.${process.pid}`;
  writeFileSync(made, wholeOf(generation), { mode: PRIVATE_FILE_MODE });
  renameSync(made, path);
}

function wholeOf(generation: number): Buffer {
  const one = Buffer.alloc(NUMBER_BYTES);
  one.writeDoubleLE(generation);
  return Buffer.alloc(GROUPS * GROUP_BYTES, one);
}

function inodeOf(path: string): bigint | undefined {
  return statsOf(path)?.ino;
}
