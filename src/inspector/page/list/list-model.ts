/**
 * What the list shows, as signals: the rows of the server and the opened files, filtered and in order. It is made anew at most every TICK_MS,
 * however often the server tells of changes, because nobody reads faster; a filter or a choice shows at once.
 */
import { batch, computed, signal } from '@preact/signals';
import type { EndedRows } from '../../feed-format.ts';
import { callApi } from '../api.ts';
import { isFile, oldestOlder, takeOlder } from '../engine.ts';
import { keptText } from '../kept.ts';
import { selectLog, store } from '../store.ts';
import { isKind, type Kind, quoted, readFilter } from './filter.ts';
import { entryOfFile, entryOfRow } from './list-entries.ts';
import { type ListEntry, shownEntries } from './list-order.ts';

const TICK_MS = 100;

export const filterText = keptText('filter', '');
const kindText = keptText('kind', '');
export const kind = computed((): Kind | null => (isKind(kindText.value) ? kindText.value : null));
export const filter = computed(() => readFilter(filterText.value));
const tick = signal(0);

/** Opened files, and what the server has. */
const ofTick = computed((): readonly ListEntry[] => {
  tick.value;
  const { state } = store.connection.value;
  const nowMs = state === 'live' ? performance.now() : store.lostAtMs.value;
  // Those of watched logs change with every frame of the screen: they wait for the tick.
  const files = [...store.overviews.peek().values()].filter(({ id }) => isFile(id) && !store.members.has(id));
  return [...files.map(entryOfFile), ...[...store.rows.values()].map((row) => entryOfRow(row, nowMs))];
});
/** Logs of opened segments: there may be a hundred thousand, and no tick changes them. */
const ofSegments = computed(() => {
  store.membersAt.value;
  return [...store.members.values()];
});
const shownOfSegments = computed(() => shownEntries(ofSegments.value, kind.value, filter.value));
export const entries = computed((): readonly ListEntry[] => [...ofTick.value, ...ofSegments.value]);
export const shown = computed((): readonly ListEntry[] => {
  const rest = shownEntries(ofTick.value, kind.value, filter.value);
  const files = rest.findIndex(({ isFile: isOne }) => !isOne);
  const at = files < 0 ? rest.length : files;
  return [...rest.slice(0, at), ...shownOfSegments.value, ...rest.slice(at)];
});

/** Makes the list anew while there is something to be seen in it: a change, or a live row's age. */
export function startTicks(): () => void {
  let seenAt = -1;
  let seenOverviews = store.overviews.peek();
  const timer = setInterval(() => {
    const at = store.rowsAt.peek();
    const overviews = store.overviews.peek();
    const isLive = store.connection.peek().state === 'live' && ofTick.peek().some((entry) => entry.isLive);
    if (at === seenAt && overviews === seenOverviews && !isLive) return;
    seenAt = at;
    seenOverviews = overviews;
    tick.value += 1;
  }, TICK_MS);
  return () => clearInterval(timer);
}

/** Narrows the list to a kind; null = to none. */
export function showKind(kind: Kind | null): void {
  kindText.value = kind ?? '';
}

/** Narrows the list to the live ones with `value` in a field; to all, where it is narrowed so already. */
export function showLiveWith(field: 'state' | 'wait' | 'is', value: string): void {
  const text = `${field}:${quoted(value)}`;
  const isShown = filterText.peek() === text;
  batch(() => {
    filterText.value = isShown ? '' : text;
    kindText.value = isShown ? '' : 'live';
  });
}

export function showAll(): void {
  batch(() => {
    filterText.value = '';
    kindText.value = '';
  });
}

/** The running server's own log stands in the list, and is none of its sessions. */
export function isSession({ machine, isLive }: Pick<ListEntry, 'machine' | 'isLive'>): boolean {
  return machine !== 'supervisor' || !isLive;
}

/** Chooses the session that is `by` further down in the list. */
export function stepLog(by: number): void {
  const ids = shown.peek().map(({ id }) => id);
  const at = ids.indexOf(store.log.peek() ?? '');
  const next = ids[at < 0 ? 0 : Math.max(0, Math.min(at + by, ids.length - 1))];
  if (next !== undefined) selectLog(next);
}

const OLDER_ROWS = 200;

/** Asks the server for ended sessions that are not in its list, behind those that were asked for before. */
export async function loadOlder(): Promise<void> {
  const oldest = oldestOlder();
  const before = oldest === null ? '' : `&before=${encodeURIComponent(oldest)}`;
  try {
    const response = await callApi(`ended?unlisted=1&limit=${OLDER_ROWS}${before}`);
    const { rows }: EndedRows = await response.json();
    takeOlder(rows);
  } catch (error) {
    store.notice.value = `Older sessions could not be read: ${error instanceof Error ? error.message : String(error)}.`;
  }
}
