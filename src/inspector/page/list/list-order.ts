/**
 * Which rows the list shows, in which order, and which of them are drawn. The order is stable: opened files, the supervisor, then what
 * began last. Where the person's hand is over the list nothing moves: rows keep their places, new ones wait.
 */
import type { Waits } from '../../feed-format.ts';
import { type Filter, type FilterSubject, type Kind, kinds } from './filter.ts';

/** What the list draws of a log. */
export interface ListEntry extends FilterSubject {
  /** ISO date and time. */
  readonly startedAt: string;
  readonly waits: Waits | null;
  /** How long nothing has happened in it, in ms; 0 where nobody can tell. */
  readonly quietMs: number;
  /** Of a file: what came out of its re-execution. */
  readonly verdict: string;
  /** Which file it is, or why it can't be read; absent or '' = nothing to say. */
  readonly note?: string;
}

/** `a` before `b`: negative. */
export function compareEntries(a: ListEntry, b: ListEntry): number {
  const rank = rankOf(a) - rankOf(b);
  if (rank !== 0) return rank;
  // Of files, what was opened last; all else, and the logs of a segment, by when it began.
  const areFiles = a.isFile && a.note === undefined;
  if (a.startedAt !== b.startedAt && !areFiles) return a.startedAt < b.startedAt ? 1 : -1;
  return a.id < b.id ? 1 : -1;
}

function rankOf({ isFile, machine, isLive }: ListEntry): number {
  if (isFile) return 0;
  return machine === 'supervisor' && isLive ? 1 : 2;
}

/** Sorted, and narrowed to `kind` (null = all) and to what `filter` lets through. */
export function shownEntries(entries: readonly ListEntry[], kind: Kind | null, filter: Filter): readonly ListEntry[] {
  const isOfKind = kind === null ? () => true : kinds[kind];
  return entries.filter((entry) => isOfKind(entry) && filter.matches(entry)).sort(compareEntries);
}

/**
 * The rows while the order is held: those of `before`, in their places, with what is known of them now. Those that are in `shown` and not in
 * `before` wait; one that no longer is in `all` is gone.
 */
export function heldEntries(before: readonly string[], all: ReadonlyMap<string, ListEntry>): readonly ListEntry[] {
  return before.flatMap((id) => all.get(id) ?? []);
}

export interface Window {
  /** Place of the first drawn row, and of the one behind the last. */
  readonly from: number;
  readonly to: number;
}

/** Rows beyond the edges that are drawn, so that a small move of the wheel shows no empty place. */
const OVERSCAN = 4;

export function windowOf(
  count: number,
  view: { readonly top: number; readonly height: number; readonly rowHeight: number },
): Window {
  const from = Math.max(0, Math.min(Math.floor(view.top / view.rowHeight), count) - OVERSCAN);
  const to = Math.min(count, Math.ceil((view.top + view.height) / view.rowHeight) + OVERSCAN);
  return { from: Math.min(from, to), to };
}

/**
 * Where the list is to be scrolled to, so that what is looked at stays where it is when rows come and go above it. At the very top it stays
 * at the top: who looks there wants to see what is new.
 */
export function scrollTopAfter(
  before: readonly string[],
  after: readonly string[],
  view: { readonly top: number; readonly rowHeight: number },
): number {
  if (view.top < 1) return view.top;
  const places = new Map(after.map((id, place) => [id, place]));
  const first = Math.floor(view.top / view.rowHeight);
  // The first row in view may be gone: then the next one that is still there holds the place.
  for (let place = first; place < before.length; place += 1) {
    const now = places.get(before[place] ?? '');
    if (now !== undefined) return Math.max(0, view.top + (now - place) * view.rowHeight);
  }
  return view.top;
}
