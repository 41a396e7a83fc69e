/**
 * What the page knows and shows, in one place. Everything is a signal: read `store.x.value` in a component and it is drawn again when that
 * changes. Only the engine (engine.ts) writes what comes from the worker; views change the rest through the functions below.
 *
 *   log            the id of the log that is shown (`ListRow.id`, `file:…`), null = none
 *   besides        ids of other logs that views need, of the server: they are watched as long as they are named here
 *   isFollowing    true: the last turn is shown, whatever comes; false: `pinnedTurn` is
 *   turn           the turn that is shown, from 0; -1 while the log has none
 *   overview       of the shown log; null until its first lines have arrived
 *   overviews      of all logs that the worker holds, by id: watched ones and opened files
 *   rows           the list by id. It is changed IN PLACE, up to thousands of times a second; `rowsAt` counts up, at most once a
 *                  frame of the screen, when something in it has changed
 *   members        logs of segments that were opened in the page, by id, as the list draws them; changed IN PLACE, `membersAt` counts up
 *   segments       those segments, by id: what is to be said of each
 *   connection     to the server; its `server` stays when the connection is lost
 *   level          of the drawn chart: 'map' or 'full'
 *   panel          what is shown over the session or in its place: 'none', 'help', 'try', 'crowd'
 */
import { batch, computed, type ReadonlySignal, type Signal, signal } from '@preact/signals';
import type { ChartLevel } from '../../analysis/chart/chart-geometry.ts';
import type { ConnectionState, Report } from '../debugger/messages.ts';
import type { LogOverview } from '../debugger/views.ts';
import type { ServerFacts, Totals } from '../feed-format.ts';
import type { SeenRow } from './list/list-entries.ts';
import type { ListEntry } from './list/list-order.ts';

export interface Connection {
  readonly state: ConnectionState;
  /** For people: why it is so, and what happens next. */
  readonly words: string;
  readonly server: ServerFacts | null;
}

export type Panel = 'none' | 'help' | 'try' | 'crowd' | 'compare';

interface Store {
  readonly connection: Signal<Connection>;
  readonly totals: Signal<Totals | null>;
  readonly rows: Map<string, SeenRow>;
  readonly rowsAt: Signal<number>;
  readonly members: Map<string, ListEntry>;
  readonly membersAt: Signal<number>;
  readonly segments: Signal<ReadonlyMap<string, Extract<Report, { readonly kind: 'segment' }>>>;
  /** Ended logs that the server has beside those in `rows`. */
  readonly moreEnded: Signal<number>;
  readonly overviews: Signal<ReadonlyMap<string, LogOverview>>;
  readonly log: Signal<string | null>;
  readonly besides: Signal<readonly string[]>;
  readonly isFollowing: Signal<boolean>;
  readonly pinnedTurn: Signal<number>;
  readonly level: ReadonlySignal<ChartLevel>;
  /** By the width of the page, unless the person chose. */
  readonly isLarge: Signal<boolean>;
  readonly chosenLevel: Signal<ChartLevel | null>;
  readonly panel: Signal<Panel>;
  /** The id of the open tab below the chart. */
  readonly dock: Signal<string>;
  /** On the page's clock: while the connection is away, nothing ages. */
  readonly lostAtMs: Signal<number>;
  /** A sentence for the person, shown until the next one, Esc or its button, unless it was said briefly; '' = none. */
  readonly notice: Signal<string>;
  readonly overview: ReadonlySignal<LogOverview | null>;
  readonly turn: ReadonlySignal<number>;
}

const log = signal<string | null>(null);
const overviews = signal<ReadonlyMap<string, LogOverview>>(new Map());
const isFollowing = signal(true);
const pinnedTurn = signal(0);
const isLarge = signal(false);
const chosenLevel = signal<ChartLevel | null>(null);
const overview = computed(() => (log.value === null ? null : (overviews.value.get(log.value) ?? null)));

export const store: Store = {
  connection: signal<Connection>({ state: 'none', words: '', server: null }),
  totals: signal<Totals | null>(null),
  rows: new Map(),
  rowsAt: signal(0),
  members: new Map(),
  membersAt: signal(0),
  segments: signal(new Map()),
  moreEnded: signal(0),
  overviews,
  log,
  besides: signal<readonly string[]>([]),
  isFollowing,
  pinnedTurn,
  level: computed(() => chosenLevel.value ?? (isLarge.value ? 'full' : 'map')),
  isLarge,
  chosenLevel,
  panel: signal<Panel>('none'),
  dock: signal('timeline'),
  lostAtMs: signal(0),
  notice: signal(''),
  overview,
  turn: computed(() => {
    const last = (overview.value?.turns ?? 0) - 1;
    return isFollowing.value ? last : Math.min(pinnedTurn.value, last);
  }),
};

let brief = '';
let endBrief: ReturnType<typeof setTimeout> | undefined;
const BRIEF_MS = 6_000;

/** A notice about what is shown at this moment: it goes by itself, and with what it is about. */
export function sayBriefly(words: string): void {
  clearTimeout(endBrief);
  brief = words;
  store.notice.value = words;
  endBrief = setTimeout(dropBrief, BRIEF_MS);
}

function dropBrief(): void {
  if (store.notice.peek() === brief) store.notice.value = '';
}

/** Shows a log, at `turn` or, without one, at its last turn. */
export function selectLog(id: string, turn: number | null = null): void {
  batch(() => {
    dropBrief();
    log.value = id;
    isFollowing.value = turn === null;
    pinnedTurn.value = turn ?? 0;
    // What would hide the log that was just chosen.
    if (store.panel.peek() === 'help' || store.panel.peek() === 'crowd') store.panel.value = 'none';
  });
}

/** Shows a turn of the shown log, within its bounds, and stops following. */
export function goToTurn(turn: number): void {
  const last = (overview.peek()?.turns ?? 0) - 1;
  if (last < 0) return;
  batch(() => {
    dropBrief();
    pinnedTurn.value = Math.max(0, Math.min(turn, last));
    isFollowing.value = false;
  });
}

/** Shows the turn that is `by` further, or earlier. */
export function stepTurn(by: number): void {
  goToTurn(store.turn.peek() + by);
}

/** Shows the last turn, and goes on with the log. */
export function goLive(): void {
  dropBrief();
  isFollowing.value = true;
}

/** Shows no log any more. */
export function closeLog(): void {
  log.value = null;
}

export function setLevel(level: ChartLevel): void {
  chosenLevel.value = level;
}

export function showPanel(panel: Panel): void {
  store.panel.value = panel;
}
