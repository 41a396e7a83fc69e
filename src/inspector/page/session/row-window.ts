/** Which rows of a long list are in sight, and which entries of a log are shown: pure. */
import type { LogEntry } from '../../debugger/messages.ts';

export interface Sight {
  /** How far it is scrolled, and how much is seen, in px. */
  readonly top: number;
  readonly height: number;
}

/** Drawn beyond what is seen, so that scrolling shows no gaps. */
const EXTRA_ROWS = 8;

/** Rows from `from` to before `to`. */
export function rowsInSight({ top, height }: Sight, rowHeight: number, count: number) {
  const from = Math.min(Math.max(0, Math.floor(top / rowHeight) - EXTRA_ROWS), Math.max(0, count - 1));
  const to = Math.min(count, Math.ceil((top + height) / rowHeight) + EXTRA_ROWS);
  return { from: Math.min(from, to), to };
}

export interface ShownEntry {
  readonly entry: LogEntry;
  /** A turn of an open group. */
  readonly isInner: boolean;
  /** Of a group: whether its turns stand below it; null = a single turn. */
  readonly isOpen: boolean | null;
}

/** What is listed: entries that have all of `words`, with the turns of those that are open. */
export function entriesToShow(
  entries: readonly LogEntry[],
  opened: ReadonlyMap<number, readonly LogEntry[]>,
  filter: string,
): readonly ShownEntry[] {
  const words = filter
    .toLowerCase()
    .split(/\s+/)
    .filter((word) => word !== '');
  const fits = ({ words: said, led }: LogEntry): boolean => {
    if (words.length === 0) return true;
    const text = `${said} ${led}`.toLowerCase();
    return words.every((word) =>
      word.startsWith('-') && word.length > 1 ? !text.includes(word.slice(1)) : text.includes(word),
    );
  };
  return entries.filter(fits).flatMap((entry) => {
    if (entry.fromTurn === entry.toTurn) return [{ entry, isInner: false, isOpen: null }];
    const inner = opened.get(entry.fromTurn);
    const group = { entry, isInner: false, isOpen: inner !== undefined };
    return [group, ...(inner ?? []).map((each) => ({ entry: each, isInner: true, isOpen: null }))];
  });
}

/** The place of the entry with this turn: the last that does not begin behind it; -1 = none. Binary: a log may have thousands. */
export function placeOfTurn(shown: readonly ShownEntry[], turn: number): number {
  let [low, high] = [0, shown.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((shown[middle]?.entry.fromTurn ?? 0) <= turn) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}

/** The entries that were known, with `tail` in the place of all from its first turn on. */
export function joinedEntries(
  known: readonly LogEntry[],
  tail: readonly LogEntry[],
  fromTurn: number,
): readonly LogEntry[] {
  const kept = known.findLastIndex((entry) => entry.fromTurn < fromTurn) + 1;
  return [...known.slice(0, kept), ...tail];
}
