/** One session: its chart in the middle, one of its turns on the right, all of its log below. */
import './session.css';
import { signal } from '@preact/signals';
import type { ComponentChildren } from 'preact';
import { useEffect, useLayoutEffect, useState } from 'preact/hooks';
import type { ChartLevel } from '../../../analysis/chart/chart-geometry.ts';
import type { LogOverview, TurnView } from '../../debugger/views.ts';
import { isOnlyLog, lacksToken } from '../address.ts';
import { closeFile, fileOf, isFile, useAnswer } from '../engine.ts';
import { shortSession } from '../list/list-entries.ts';
import { goToTurn, setLevel, store } from '../store.ts';
import { lazyView } from '../views/lazy-view.tsx';
import { forkTab, sequenceTab, slotsTab } from '../views/view-tabs.ts';
import { ChartView } from './chart-view.tsx';
import { Dock, type DockTab } from './dock.tsx';
import { activeStates, isJudged, isTimerOff, plural, shortWords, verdictWords } from './session-words.ts';
import { seekTurn } from './time-travel.ts';
import { timelineTab } from './timeline-view.tsx';
import { TurnDetails } from './turn-panel.tsx';

const logTab: DockTab = {
  id: 'log',
  title: 'Log',
  count: ({ turns }) => turns,
  View: lazyView(async () => (await import('./log-view.tsx')).LogView),
};

const rawTab: DockTab = {
  id: 'raw',
  title: 'Raw lines',
  View: lazyView(async () => (await import('./raw-view.tsx')).RawView),
};

const StateCard = lazyView(async () => (await import('./state-card.tsx')).StateCard);

/** Views of the whole log, in the order of their tabs. */
const sessionTabs: readonly DockTab[] = [timelineTab, sequenceTab, logTab, forkTab, rawTab];
/** A supervisor waits for nobody: its slots are its timeline. */
const supervisorTabs: readonly DockTab[] = [slotsTab, sequenceTab, logTab, forkTab, rawTab];

/** The turn that is drawn: the last one that was answered for, also while the next one is on its way. */
const shownView = signal<{ readonly log: string; readonly view: TurnView | null }>({ log: '', view: null });

export function SessionView() {
  const log = store.log.value;
  const known = store.overview.value;
  // Why there is nothing of it is told where the token is asked for.
  const overview = lacksToken.value && known?.lines === 0 ? null : known;
  const turn = store.turn.value;
  const hasTurn = log !== null && turn >= 0;
  const { answer: view, error } = useAnswer(hasTurn ? { kind: 'turn', log, turn } : null, versionOf(overview, turn));
  useDivergenceFirst(overview);
  useLayoutEffect(() => {
    shownView.value = { log: log ?? '', view };
  }, [log, view]);
  if (log === null) return null;
  const tabs = overview?.header?.machine === 'supervisor' ? supervisorTabs : sessionTabs;
  const isTall = (tabs.find(({ id }) => id === store.dock.value) ?? tabs[0])?.isTall === true;
  return (
    <section class={isTall ? 'middle session tall' : 'middle session'} aria-label="Session">
      <Crumb overview={overview} />
      <Notes overview={overview} error={error} />
      {overview === null || overview.header === null ? (
        <div class="chart-room" />
      ) : (
        <ChartRoom overview={overview} view={view} />
      )}
      {overview !== null && overview.turns > 0 && (
        <Dock tabs={tabs} overview={overview} turn={turn} view={view} isFollowing={store.isFollowing.value} />
      )}
    </section>
  );
}

/** The text of a log's last turns may still be amended by the lines that come next. */
function versionOf(overview: LogOverview | null, turn: number): number {
  return overview !== null && turn >= overview.turns - AMENDED_TURNS ? overview.lines : 0;
}

const AMENDED_TURNS = 3;

/** `actions`: what can be done from the turn on. */
export function TurnPanel({ actions }: { readonly actions?: ComponentChildren }) {
  const { log, view } = shownView.value;
  return <TurnDetails log={log} view={view} actions={actions} />;
}

/** A log that differs and is whole opens at its first differing turn, unless another one was asked for. */
function useDivergenceFirst(overview: LogOverview | null): void {
  const turn = overview !== null && !overview.isLive ? verdictWords(overview).turn : null;
  useEffect(() => {
    if (turn !== null && store.isFollowing.peek()) goToTurn(turn);
  }, [overview?.id, turn]);
}

function Crumb({ overview }: { readonly overview: LogOverview | null }) {
  const header = overview?.header ?? null;
  const device = fieldOf(header?.input, 'hardwareId');
  return (
    <div class="crumb">
      <h1 dir="auto" title={overview?.title}>
        {shortSession(overview?.title ?? store.log.value ?? '')}
      </h1>
      {device !== '' && (
        <span class="pill" dir="auto" title="device">
          {device}
        </span>
      )}
      {overview !== null && overview.reason !== '' && (
        <span class="pill" title="how it ended">
          {overview.reason}
        </span>
      )}
      {overview !== null && isJudged(overview) && <Verdict overview={overview} />}
      {(overview?.missingLines ?? 0) > 0 && (
        <span class="pill" role="status" title="They have not arrived yet: they are being fetched">
          {plural(overview?.missingLines ?? 0, 'line')} missing
        </span>
      )}
      {overview !== null && isFile(overview.id) && !isOnlyLog(overview.id) && (
        <button type="button" class="link" title="Forget this file" onClick={() => closeFile(fileOf(overview.id))}>
          {fileOf(overview.id) === overview.id ? 'close file' : 'close segment'}
        </button>
      )}
      <LevelSwitch />
    </div>
  );
}

function fieldOf(input: unknown, name: string): string {
  const value: unknown = typeof input === 'object' && input !== null ? Reflect.get(input, name) : null;
  return typeof value === 'string' ? value : '';
}

function Verdict({ overview }: { readonly overview: LogOverview }) {
  const { kind, words, why, turn } = verdictWords(overview);
  const tone = kind === 'identical' ? 'is-good' : 'is-bad';
  const how = 'Computed in this page: it executed the log again, with its own copy of the chart.';
  if (turn === null) {
    return (
      <span class={`verdict ${tone}`} data-verdict={kind} title={how}>
        {words}
      </span>
    );
  }
  return (
    <button
      type="button"
      class={`verdict link ${tone}`}
      data-verdict={kind}
      title={`${words} ${why}\n${how}`}
      onClick={() => goToTurn(turn)}
    >
      {words}
    </button>
  );
}

const levels: readonly { readonly level: ChartLevel; readonly title: string; readonly key: string }[] = [
  { level: 'map', title: 'Map', key: 'M' },
  { level: 'full', title: 'Full', key: 'F' },
];

function LevelSwitch() {
  return (
    <fieldset class="switch">
      <legend class="unseen">How much of the chart is drawn</legend>
      {levels.map(({ level, title, key }) => (
        <button
          key={level}
          type="button"
          aria-pressed={store.level.value === level}
          title={`${title} (${key})`}
          onClick={() => setLevel(level)}
        >
          {title}
        </button>
      ))}
    </fieldset>
  );
}

/** What is to be known before anything that is drawn is believed. */
function Notes({ overview, error }: { readonly overview: LogOverview | null; readonly error: string | null }) {
  const notes: string[] = [];
  const server = store.connection.value.server;
  if (overview === null && server?.hasLogs === false) {
    notes.push('This server keeps no event logs (EVENT_LOG=off): there is the list, and nothing to step through.');
  }
  if (overview !== null) {
    for (const change of overview.definitionChanges) notes.push(`Recorded by other code: ${change}.`);
    const { words, why } = verdictWords(overview);
    if (why !== '') notes.push(`${words}: ${why}`);
  }
  if (error !== null) notes.push(error);
  if (notes.length === 0) return <div class="notes" />;
  return (
    <div class="notes" role="status">
      {notes.map((note) => (
        <p key={note}>{note}</p>
      ))}
    </div>
  );
}

interface ChartRoomProps {
  readonly overview: LogOverview;
  readonly view: TurnView | null;
}

interface Look {
  readonly path: string;
  readonly place: DOMRect;
}

function ChartRoom({ overview, view }: ChartRoomProps) {
  const level = store.level.value;
  const { answer: chart, error } = useAnswer({ kind: 'chart', log: overview.id, level });
  const [look, setLook] = useState<Look | null>(null);
  const isAtEnd = store.isFollowing.value || view?.turn === overview.turns - 1;
  const nowMs = useLogNow(overview, view, overview.isLive && isAtEnd);
  return (
    <>
      <div class="chart-room">
        {error !== null && <p class="is-bad">{error}</p>}
        {chart !== null && (
          <ChartView
            chart={chart}
            view={view}
            isLive={overview.isLive && store.isFollowing.value}
            nowMs={nowMs}
            onLook={(path, drawn) => setLook(path === null ? null : { path, place: drawn.getBoundingClientRect() })}
            onState={(path) =>
              void seekTurn({ kind: 'entered', state: path }, 'before', (view?.turn ?? 0) + (isIn(view, path) ? 1 : 0))
            }
          />
        )}
      </div>
      {look !== null && <StateCard log={overview.id} path={look.path} place={look.place} view={view} />}
      <Caption view={view} />
      {chart !== null && level === 'map' && chart.everywhere.length > 0 && (
        <ul class="everywhere" aria-label="From every state">
          {chart.everywhere.map(({ id, trigger, guard, goal, tone }) => {
            const taken = view?.taken[id] ?? 0;
            return (
              <li
                key={id}
                class={`${tone}${taken > 0 ? ' was-taken' : ''}`}
                title={`${trigger}${guard === null ? '' : ` [${guard}]`} → ${goal || 'stays'}`}
              >
                {taken > 0 && <span aria-hidden="true">✓ </span>}
                {trigger}
                {guard !== null && ` [${guard}]`}
                {taken > 0 && <span class="unseen"> taken</span>}
              </li>
            );
          })}
        </ul>
      )}
    </>
  );
}

/** Where a state is active, the turn that is looked for may be the shown one. */
function isIn(view: TurnView | null, path: string): boolean {
  return view !== null && activeStates(view.leaves).has(path);
}

function Caption({ view }: { readonly view: TurnView | null }) {
  const last = view?.last ?? null;
  return (
    <p class={last !== null && last.turn === view?.turn ? 'caption' : 'caption earlier'}>
      {last === null
        ? ' '
        : `${last.turn === view?.turn ? '' : 'last change of state, '}turn ${last.turn}: ${last.transitions.map(({ words }) => shortWords(words)).join('   then   ')}`}
    </p>
  );
}

const TICK_MS = 250;

/**
 * The moment on the log's own clock that timers are counted down to: at the end of a live log it goes on with the page's clock, as long as
 * something runs out; of any other turn it is that turn's.
 */
function useLogNow(overview: LogOverview, view: TurnView | null, isRunning: boolean): number {
  const [, setTick] = useState(0);
  const isTicking = isRunning && (view?.timers ?? []).some(({ delayMs }) => !isTimerOff(delayMs));
  useEffect(() => {
    if (!isTicking) return;
    const timer = setInterval(() => setTick((tick) => tick + 1), TICK_MS);
    return () => clearInterval(timer);
  }, [isTicking]);
  const atMs = view?.atMs ?? 0;
  if (!isRunning) return atMs;
  const row = store.rows.get(overview.id);
  const { state } = store.connection.value;
  const clockMs = state === 'live' ? performance.now() : store.lostAtMs.value;
  return row === undefined ? atMs : Math.max(atMs, row.ageMs + clockMs - row.seenAtMs);
}
