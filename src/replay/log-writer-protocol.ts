/** What the event logs and their writer thread say to each other. Both ends are ours and of one build: typed, not validated. */

/** Something to do with one file. */
export interface WriteOrder {
  readonly path: string;
  /** Whole lines to append; the first order of a file creates it. */
  readonly lines: string;
  /** Nothing follows for this file. */
  readonly isLast: boolean;
}

export type ToWriter = { readonly kind: 'write'; readonly orders: readonly WriteOrder[] } | { readonly kind: 'stop' };

export type FromWriter =
  /** A batch was carried out. */
  | { readonly kind: 'written'; readonly chars: number }
  /** A file could not be written and was given up. */
  | { readonly kind: 'failed'; readonly path: string; readonly why: string }
  | { readonly kind: 'stopped' };
