/** The list of sessions, on the left: only rows in view are in the document. */
import './list.css';
import { signal, useSignal } from '@preact/signals';
import { useEffect, useLayoutEffect, useRef } from 'preact/hooks';
import { store } from '../store.ts';
import { lazyView } from '../views/lazy-view.tsx';
import { type Kind, kinds } from './filter.ts';
import {
  entries,
  filter,
  filterText,
  isSession,
  kind,
  loadOlder,
  showAll,
  showKind,
  shown,
  startTicks,
  stepLog,
} from './list-model.ts';
import { heldEntries, scrollTopAfter, windowOf } from './list-order.ts';
import { SessionRow } from './session-row.tsx';

/** So long after the hand last moved over the rows, none of them moves. */
const HOLD_MS = 1_500;

const OpenedSegments = lazyView(async () => (await import('../views/opened-segments.tsx')).OpenedSegments);

export function SessionList() {
  useEffect(startTicks, []);
  return (
    <aside class="left" aria-label="Sessions">
      <FilterBox />
      <Chips />
      {store.segments.value.size > 0 && <OpenedSegments />}
      <Rows />
    </aside>
  );
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
                showKind(isOn ? null : each);
              }}
            >
              {words} {count}
            </button>
          );
        })}
      </div>
      <p class="counts">
        {shown.value.filter(isSession).length} of {all.filter(isSession).length} shown
        {more > 0 && (
          <button type="button" class="link" onClick={loadOlder}>
            {more} older
          </button>
        )}
      </p>
    </>
  );
}

function Rows() {
  const box = useRef<HTMLDivElement>(null);
  const order = useRef<readonly string[]>([]);
  const view = useView(box);
  const isHeld = useHold(box);
  // Nothing is not held: there is no row in it that could move.
  const list =
    isHeld && order.current.length > 0
      ? heldEntries(order.current, new Map(entries.value.map((entry) => [entry.id, entry])))
      : shown.value;
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
  return (
    <div ref={box} class="rows">
      {list.length === 0 ? (
        <NoRows />
      ) : (
        <div
          class="all-rows"
          style={{ height: `${list.length * view.rowHeight}px` }}
          role="listbox"
          tabIndex={0}
          aria-label="Sessions"
          aria-activedescendant={drawn.some(({ id }) => id === chosen) ? rowId(chosen ?? '') : undefined}
          // A row leaves the document when it is scrolled away: the focus stays with the list.
          onMouseDown={(event) => {
            event.preventDefault();
            event.currentTarget.focus({ preventScroll: true });
          }}
          onKeyDown={stepByKey}
        >
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
      )}
    </div>
  );
}

function stepByKey(event: KeyboardEvent): void {
  const by = event.key === 'ArrowDown' ? 1 : event.key === 'ArrowUp' ? -1 : 0;
  if (by === 0) return;
  event.preventDefault();
  stepLog(by);
}

/** True while the hand is over the rows and moves. Another filter ends it: its rows are wanted now. */
function useHold(box: { readonly current: HTMLDivElement | null }): boolean {
  const isHeld = useSignal(false);
  const wanted = `${kind.value} ${filterText.value}`;
  useLayoutEffect(() => {
    isHeld.value = false;
  }, [wanted]);
  useEffect(() => {
    const element = box.current;
    if (element === null) return;
    let timer: ReturnType<typeof setTimeout> | undefined;
    const release = () => {
      clearTimeout(timer);
      isHeld.value = false;
    };
    const hold = () => {
      clearTimeout(timer);
      timer = setTimeout(release, HOLD_MS);
      isHeld.value = true;
    };
    element.addEventListener('pointermove', hold, { passive: true });
    element.addEventListener('wheel', hold, { passive: true });
    element.addEventListener('pointerleave', release);
    return release;
  }, []);
  return isHeld.value;
}

function NoRows() {
  const count = entries.value.filter(isSession).length;
  if (count === 0) {
    const isConnected = store.connection.value.state === 'live';
    return <p class="no-rows">{isConnected ? 'No session yet. They appear here by themselves.' : 'Not connected.'}</p>;
  }
  return (
    <div class="no-rows">
      <p>None of {count} fits the filter.</p>
      <button type="button" class="button" onClick={showAll}>
        {filterText.value === '' ? 'Show all' : 'Clear the filter'}
      </button>
    </div>
  );
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
