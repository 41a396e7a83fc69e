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
  /** One number: characters written (or given up) so far, modulo 2^32. Shared, so that a batch needs no answer. */
  readonly doneChars: Int32Array;
}

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
