/**
 * The list of sessions: only rows in view are in the document. What it shows is made anew at most every TICK_MS, however often the server
 * tells of changes, because nobody reads faster; a filter, a choice or a move of the wheel shows at once.
 */
import './list.css';
import { computed, signal } from '@preact/signals';
import { useEffect, useLayoutEffect, useRef } from 'preact/hooks';
import { keptText } from '../kept.ts';
import { selectLog, store } from '../store.ts';
import { isKind, type Kind, kinds, readFilter } from './filter.ts';
import { entryOfFile, entryOfRow } from './list-entries.ts';
import { heldEntries, type ListEntry, scrollTopAfter, shownEntries, windowOf } from './list-order.ts';
import { SessionRow } from './session-row.tsx';

const TICK_MS = 100;
/** So long after the hand last moved over the rows, none of them moves. */
const HOLD_MS = 1_500;

export const filterText = keptText('filter', '');
const kindText = keptText('kind', '');
const kind = computed((): Kind | null => (isKind(kindText.value) ? kindText.value : null));
const filter = computed(() => readFilter(filterText.value));
const tick = signal(0);

const entries = computed((): readonly ListEntry[] => {
  tick.value;
  const { state } = store.connection.value;
  const nowMs = state === 'live' ? performance.now() : store.lostAtMs.value;
  const files = [...store.overviews.value.values()].filter(({ id }) => id.startsWith('file:')).map(entryOfFile);
  return [...files, ...[...store.rows.values()].map((row) => entryOfRow(row, nowMs))];
});
const shown = computed(() => shownEntries(entries.value, kind.value, filter.value));

export function SessionList() {
  useTicks();
  return (
    <aside class="left" aria-label="Sessions">
      <FilterBox />
      <Chips />
      <Rows />
    </aside>
  );
}

/** Makes the list anew while there is something to be seen in it: a change, or a live row's age. */
function useTicks(): void {
  useEffect(() => {
    let seen = -1;
    const timer = setInterval(() => {
      const at = store.rowsAt.peek();
      const isLive = store.connection.peek().state === 'live' && entries.peek().some((entry) => entry.isLive);
      if (at === seen && !isLive) return;
      seen = at;
      tick.value += 1;
    }, TICK_MS);
    return () => clearInterval(timer);
  }, []);
}

function FilterBox() {
  const { fault } = filter.value;
  return (
    <search class="filter">
      <input
        id="filter"
        type="search"
        spellcheck={false}
        autocomplete="off"
        aria-label="Filter sessions"
        aria-describedby={fault === null ? undefined : 'filter-fault'}
        aria-invalid={fault !== null}
        placeholder="Filter: state:speaking …  /"
        title={'state: device: session: reason: machine: age:>10s turns:>100 wait:model is:stuck -not "as it is"'}
        value={filterText.value}
        onInput={({ currentTarget }) => {
          filterText.value = currentTarget.value;
        }}
        onKeyDown={(event) => {
          if (event.key !== 'Escape') return;
          filterText.value = '';
          event.currentTarget.blur();
        }}
      />
      {fault !== null && (
        <p id="filter-fault" class="is-bad">
          {fault}
        </p>
      )}
    </search>
  );
}

const chipWords: readonly { readonly kind: Kind; readonly words: string; readonly isAlways: boolean }[] = [
  { kind: 'live', words: 'live', isAlways: true },
  { kind: 'ended', words: 'ended', isAlways: true },
  { kind: 'failed', words: 'failed', isAlways: true },
  { kind: 'stuck', words: 'stuck', isAlways: false },
  { kind: 'file', words: 'files', isAlways: false },
];

/** The running server's own log stands in the list, and is none of its sessions. */
function isSession({ machine, isLive }: ListEntry): boolean {
  return machine !== 'supervisor' || !isLive;
}

/** One is pressed, or none: then all are shown. */
function Chips() {
  const all = entries.value;
  const more = store.moreEnded.value;
  return (
    <>
      <div class="chips">
        {chipWords.map(({ kind: each, words, isAlways }) => {
          const isOn = kind.value === each;
          const count = all.filter(kinds[each]).length;
          if (!isAlways && count === 0 && !isOn) return null;
          return (
            <button
              type="button"
              key={each}
              class={`chip ${each}`}
              aria-pressed={isOn}
              onClick={() => {
                kindText.value = isOn ? '' : each;
              }}
            >
              {words} {count}
            </button>
          );
        })}
      </div>
      <p class="counts">
        {shown.value.filter(isSession).length} of {all.filter(isSession).length} shown
        {more > 0 && `, ${more} older on disk`}
      </p>
    </>
  );
}

function Rows() {
  const box = useRef<HTMLDivElement>(null);
  const order = useRef<readonly string[]>([]);
  const heldUntilMs = useRef(0);
  const view = useView(box);
  const isHeld = performance.now() < heldUntilMs.current;
  const wanted = shown.value;
  const list = isHeld ? heldEntries(order.current, new Map(entries.value.map((entry) => [entry.id, entry]))) : wanted;
  const ids = list.map(({ id }) => id);
  const top = scrollTopAfter(order.current, ids, { top: view.top, rowHeight: view.rowHeight });
  order.current = ids;
  useLayoutEffect(() => {
    if (box.current !== null && top !== view.top) box.current.scrollTop = top;
  });
  useChosenInView(box, ids, view.rowHeight);
  const { from, to } = windowOf(list.length, { top, height: view.height, rowHeight: view.rowHeight });
  const chosen = store.log.value;
  const drawn = list.slice(from, to);
  const hold = () => {
    heldUntilMs.current = performance.now() + HOLD_MS;
  };
  return (
    <div
      ref={box}
      class="rows"
      role="listbox"
      tabIndex={0}
      aria-label="Sessions"
      aria-activedescendant={drawn.some(({ id }) => id === chosen) ? rowId(chosen ?? '') : undefined}
      onPointerMove={hold}
      onWheel={hold}
      onPointerLeave={() => {
        heldUntilMs.current = 0;
      }}
      onKeyDown={(event) => {
        const by = event.key === 'ArrowDown' ? 1 : event.key === 'ArrowUp' ? -1 : 0;
        if (by === 0) return;
        event.preventDefault();
        stepLog(by);
      }}
    >
      <div class="all-rows" role="presentation" style={{ height: `${list.length * view.rowHeight}px` }}>
        {drawn.map((entry, place) => (
          <SessionRow
            key={entry.id}
            entry={entry}
            id={rowId(entry.id)}
            top={(from + place) * view.rowHeight}
            place={from + place + 1}
            count={list.length}
            isChosen={entry.id === chosen}
          />
        ))}
      </div>
      {list.length === 0 && <NoRows />}
    </div>
  );
}

function NoRows() {
  const count = entries.value.length;
  if (count === 0) {
    const isConnected = store.connection.value.state === 'live';
    return <p class="no-rows">{isConnected ? 'No session yet. They appear here by themselves.' : 'Not connected.'}</p>;
  }
  return (
    <div class="no-rows">
      <p>None of {count} is like that.</p>
      <button type="button" class="button" onClick={showAll}>
        Show all
      </button>
    </div>
  );
}

function showAll(): void {
  filterText.value = '';
  kindText.value = '';
}

/** Chooses the session that is `by` further down in the list. */
export function stepLog(by: number): void {
  const ids = shown.peek().map(({ id }) => id);
  const at = ids.indexOf(store.log.peek() ?? '');
  const next = ids[at < 0 ? 0 : Math.max(0, Math.min(at + by, ids.length - 1))];
  if (next !== undefined) selectLog(next);
}

/** An element's id has no blanks, and what a client calls its session may have any. */
function rowId(id: string): string {
  return `row-${encodeURIComponent(id)}`;
}

/** Where the list is scrolled to, and what of it is seen. */
function useView(box: { readonly current: HTMLDivElement | null }) {
  const view = useRef(signal({ top: 0, height: 800, rowHeight: 61 })).current;
  useLayoutEffect(() => {
    const element = box.current;
    if (element === null) return;
    const measure = () => {
      const rowHeight = Number.parseFloat(getComputedStyle(element).getPropertyValue('--row-height'));
      view.value = { top: element.scrollTop, height: element.clientHeight, rowHeight };
    };
    measure();
    const sizes = new ResizeObserver(measure);
    sizes.observe(element);
    const scrolled = () => {
      view.value = { ...view.peek(), top: element.scrollTop };
    };
    element.addEventListener('scroll', scrolled, { passive: true });
    return () => {
      sizes.disconnect();
      element.removeEventListener('scroll', scrolled);
    };
  }, []);
  return view.value;
}

/** Scrolls to the chosen row when another one is chosen, as far as is needed. */
function useChosenInView(
  box: { readonly current: HTMLDivElement | null },
  ids: readonly string[],
  rowHeight: number,
): void {
  const chosen = store.log.value;
  useLayoutEffect(() => {
    const element = box.current;
    const place = ids.indexOf(chosen ?? '');
    if (element === null || place < 0) return;
    const top = place * rowHeight;
    if (top < element.scrollTop) element.scrollTop = top;
    const bottom = top + rowHeight - element.clientHeight;
    if (bottom > element.scrollTop) element.scrollTop = bottom;
  }, [chosen]);
}
