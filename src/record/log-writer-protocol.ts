/** What the event logs and their writer thread say to each other. Both ends are ours and of one build: typed, not validated. */

/** Something to do with one file. */
export interface WriteOrder {
  readonly path: string;
  /** Whole lines to append; the first order of a file creates it. */
  readonly lines: string;
  /** Turns in these lines. */
  readonly turns: number;
  /** Nothing follows for this file. */
  readonly isLast: boolean;
}

/** What is kept of the logs in a folder. */
export interface RetentionTerms {
  readonly dir: string;
  readonly maxAgeMs: number;
  readonly maxTotalBytes: number;
}

/** What the thread is started with. */
export interface WriterThreadData {
  readonly retention: RetentionTerms;
  /** What both sides see without a message; the places are named by `sharedPlaces`. */
  readonly shared: Int32Array;
  /** A thread before this one died: the first file that can be written is a recovery. */
  readonly isReplacement: boolean;
}

export const sharedPlaces = Object.freeze({
  /** Characters written, or given up, so far, modulo 2^32. */
  doneChars: 0,
  /** 1 while the thread sleeps until it is woken; else it looks for orders by itself, every POLL_MS. */
  isAsleep: 1,
} as const);

export function createShared(): Int32Array {
  return new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT * Object.keys(sharedPlaces).length));
}

/**
 * How often the thread looks for orders while there are any. Waking a thread for each of them costs the one that wakes it far more than the
 * order itself: 180 us of CPU against 4 on a virtual machine (measured).
 */
export const POLL_MS = 15;

export type ToWriter = { readonly kind: 'write'; readonly orders: readonly WriteOrder[] } | { readonly kind: 'stop' };

export type FromWriter =
  /** A file could not be written and was given up, with `turns` of it. */
  | { readonly kind: 'fileFailed'; readonly path: string; readonly turns: number; readonly why: string }
  /** A file could be written again. */
  | { readonly kind: 'recovered' }
  /** Old logs were looked through. */
  | {
      readonly kind: 'swept';
      readonly deletedFiles: number;
      readonly failures: number;
      /** Of the first failure; '' without one. */
      readonly why: string;
    }
  | { readonly kind: 'stopped' };
