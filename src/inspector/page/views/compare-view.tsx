/** Two sessions beside each other, in the place of one: where they went apart, what only one of them took, how long each waited. */
import { signal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import type { ChartGeometry } from '../../../analysis/chart/chart-geometry.ts';
import type { ComparedStep, Comparison, Pair } from '../../debugger/session-comparison.ts';
import type { LogOverview } from '../../debugger/views.ts';
import type { ListRow } from '../../feed-format.ts';
import { fileName } from '../address.ts';
import { useAnswer } from '../engine.ts';
import { chooseFiles } from '../files.tsx';
import type { ListEntry } from '../list/list-order.ts';
import { durationWords, shortWords } from '../session/session-words.ts';
import { useSlowed } from '../session/timeline-view.tsx';
import { goToTurn, selectLog, showPanel, store } from '../store.ts';
import { useBeside } from './beside.ts';
import './views.css';
import { placeText, refreshMs } from './view-words.ts';

/** The log that the shown one is compared with; '' = none is chosen yet. */
const other = signal('');
/** What was shown when a file was asked for; '' = none was. */
const shownBefore = signal('');
/** Offered by name; a list may have thousands. */
const MAX_OFFERED = 60;

export function CompareView({ onClose }: { readonly onClose: () => void }) {
  const log = store.log.value ?? '';
  const chosen = other.value === log ? '' : other.value;
  useBeside(chosen === '' ? null : chosen);
  useOpenedFile();
  const [shown, second] = [store.overviews.value.get(log), store.overviews.value.get(chosen)];
  const isReady = (second?.turns ?? 0) > 0;
  const turns = (shown?.turns ?? 0) + (second?.turns ?? 0);
  const version = useSlowed(turns, refreshMs(turns));
  const { answer, error } = useAnswer<'compare'>(isReady ? { kind: 'compare', log, other: chosen } : null, version);
  return (
    <main class="wide view" aria-label="Compare two sessions">
      <div class="view-bar">
        <h1>
          <span class="side-a">{shown?.title ?? log}</span> and{' '}
        </h1>
        <Chooser log={log} chosen={chosen} />
        <button
          type="button"
          class="button"
          onClick={() => {
            shownBefore.value = log;
            chooseFiles();
          }}
        >
          Open a file
        </button>
        <button type="button" class="button" onClick={onClose}>
          Close
        </button>
      </div>
      {error !== null && <p class="view-words is-bad">{error}</p>}
      {error === null && (answer === null || chosen === '') && (
        <p class="view-words">{chosen === '' ? 'Choose the session to compare it with.' : 'Reading the other log…'}</p>
      )}
      {error === null && answer !== null && chosen !== '' && (
        <Compared comparison={answer} logs={{ a: log, b: chosen }} />
      )}
    </main>
  );
}

/** A file that is opened from here is shown by the page: it becomes the second, and what was shown stays the first. */
function useOpenedFile(): void {
  const log = store.log.value;
  useEffect(() => {
    const before = shownBefore.peek();
    if (before === '' || log === null || log === before) return;
    shownBefore.value = '';
    other.value = log;
    selectLog(before, null);
    showPanel('compare');
  }, [log]);
}

function Chooser({ log, chosen }: { readonly log: string; readonly chosen: string }) {
  // Read, so that the offer follows the list.
  void store.rowsAt.value;
  void store.membersAt.value;
  const shownMachine = store.overviews.value.get(log)?.header?.machine ?? '';
  // A supervisor has other states and events than a session: nothing of one is to be found in the other.
  const fits = (id: string, machine = '') => id !== log && (shownMachine === '' || machine === shownMachine);
  const files = [...store.overviews.value.values()].filter(
    ({ id, header }) => id.startsWith('file:') && !store.members.has(id) && fits(id, header?.machine),
  );
  const members = [...store.members.values()].filter(({ id, machine }) => fits(id, machine)).slice(0, MAX_OFFERED);
  const rows = [...store.rows.values()]
    .filter(({ id, machine }) => fits(id, machine))
    .slice(-MAX_OFFERED)
    .reverse();
  return (
    <select
      aria-label="The other session"
      class="side-b"
      value={chosen}
      onChange={({ currentTarget }) => {
        other.value = currentTarget.value;
      }}
    >
      <option value="">choose…</option>
      {files.length > 0 && <optgroup label="Files">{files.map(fileOption)}</optgroup>}
      {members.length > 0 && <optgroup label="Of segments">{members.map(rowOption)}</optgroup>}
      {rows.length > 0 && <optgroup label="Of the server">{rows.map(rowOption)}</optgroup>}
    </select>
  );
}

function fileOption({ id, title, header, reason }: LogOverview) {
  return (
    <option key={id} value={id}>
      {fileName(id)} · {title} · {startWords(header?.startedAt)} · {reason}
    </option>
  );
}

function rowOption(row: ListRow | ListEntry) {
  const { id, session, device, reason, isLive, machine, file = '', startedAt } = row;
  return (
    <option key={id} value={id}>
      {file.replace(/^.*\//, '') || session || machine} · {device} · {startWords(startedAt)} ·{' '}
      {isLive ? 'live' : reason}
    </option>
  );
}

/** `2026-11-30 10:00:00`, UTC. */
function startWords(startedAt = ''): string {
  return startedAt.slice(0, 19).replace('T', ' ');
}

function Compared({ comparison, logs }: { readonly comparison: Comparison; readonly logs: Pair<string> }) {
  const { rows, more, transitions } = comparison;
  const onlyA = new Set(transitions.filter(({ b }) => b === 0).map(({ id }) => id));
  const onlyB = new Set(transitions.filter(({ a }) => a === 0).map(({ id }) => id));
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached by the keyboard
    <section class="view-scroll" tabIndex={0} aria-label="Comparison">
      <div class="compare-top">
        <Difference comparison={comparison} />
        <Facts comparison={comparison} />
        <SmallChart log={logs.a} only={onlyA} side="a" />
        <SmallChart log={logs.b} only={onlyB} side="b" />
        <Counts title="Events" rows={comparison.events.map(({ type, ...pair }) => ({ words: type, ...pair }))} />
        <Counts
          title="Transitions"
          rows={transitions.map(({ words, ...pair }) => ({
            ...pair,
            words: shortWords(words).replaceAll('session.', ''),
          }))}
        />
      </div>
      <table class="lanes">
        <thead>
          <tr>
            <th class="narrow">When</th>
            <th class="side-a">The first</th>
            <th class="narrow">When</th>
            <th class="side-b">The second</th>
          </tr>
        </thead>
        <tbody>
          {rows.map(({ a, b }, place) => (
            <tr key={place} class={a !== null && b !== null ? 'lane-same' : 'lane-different'}>
              <Step step={a} isShown />
              <Step step={b} isShown={false} />
            </tr>
          ))}
        </tbody>
      </table>
      {more > 0 && <p class="view-words">{more.toLocaleString('en')} more steps are not aligned.</p>}
    </section>
  );
}

function Step({ step, isShown }: { readonly step: ComparedStep | null; readonly isShown: boolean }) {
  if (step === null) {
    return (
      <>
        <td />
        <td class="absent">–</td>
      </>
    );
  }
  const { fromTurn, toTurn, atMs, words, led } = step;
  const turns = fromTurn === toTurn ? `turn ${fromTurn}` : `turns ${fromTurn}–${toTurn}`;
  return (
    <>
      <td>{placeText(atMs)}</td>
      <td>
        {isShown ? (
          <button type="button" class="link" onClick={() => goToTurn(toTurn)}>
            {turns}
          </button>
        ) : (
          turns
        )}{' '}
        <span class="mono">{words}</span>
        {led !== '' && <span class="lane-led">→ {led}</span>}
      </td>
    </>
  );
}

function Difference({ comparison: { difference, flowDifference, notes } }: { readonly comparison: Comparison }) {
  return (
    <div class="card" data-compare={difference === null ? 'same' : 'different'}>
      <h2>First difference</h2>
      {difference === null ? (
        <p class="is-good">None: both went the same way. Ids and times are not compared.</p>
      ) : (
        <Found {...difference} title="" />
      )}
      {flowDifference === null && difference !== null && (
        <p class="is-good">The course is the same: only what was said, or how much, is different.</p>
      )}
      {flowDifference !== null && flowDifference.turn !== difference?.turn && (
        <Found {...flowDifference} title="The course goes apart: " />
      )}
      {notes.map((note) => (
        <p key={note} class="is-waiting">
          {note}
        </p>
      ))}
    </div>
  );
}

interface FoundProps {
  readonly title: string;
  readonly turn: number;
  readonly field: string;
  readonly a: unknown;
  readonly b: unknown;
}

function Found({ title, turn, field, a, b }: FoundProps) {
  return (
    <>
      <p>
        {title}
        <button type="button" class="pill" onClick={() => goToTurn(turn)}>
          turn {turn}
        </button>{' '}
        {field}
      </p>
      <p class="mono side-a">{shown(a)}</p>
      <p class="mono side-b">{shown(b)}</p>
    </>
  );
}

const MAX_SHOWN_CHARS = 200;

function shown(value: unknown): string {
  const text = typeof value === 'string' ? value : String(JSON.stringify(value));
  return text.length > MAX_SHOWN_CHARS ? `${text.slice(0, MAX_SHOWN_CHARS)}…` : text;
}

const waitWords = {
  start: 'its start',
  model: 'the model',
  voice: 'the voice',
  reader: 'the reader',
  out: 'the way out',
} as const;
const waitNames = ['start', 'model', 'voice', 'reader', 'out'] as const;

function endWords(end: string): string {
  return end === 'no_end' ? 'not yet' : end;
}

function Facts({ comparison: { ends, durationMs, turns, waits } }: { readonly comparison: Comparison }) {
  const row = (name: string, { a, b }: Pair<string>) => (
    <tr key={name}>
      <th scope="row">{name}</th>
      <td class="side-a">{a}</td>
      <td class="side-b">{b}</td>
    </tr>
  );
  const lengths = ({ a, b }: Pair<number>) => ({ a: durationWords(a), b: durationWords(b) });
  return (
    <div class="card">
      <h2>Ends and waits</h2>
      <table class="facts">
        <tbody>
          {row('ended', { a: endWords(ends.a), b: endWords(ends.b) })}
          {row('took', lengths(durationMs))}
          {row('turns', { a: String(turns.a), b: String(turns.b) })}
          {waitNames.map((name) =>
            row(`waited for ${waitWords[name]}`, lengths({ a: waits.a[name], b: waits.b[name] })),
          )}
        </tbody>
      </table>
    </div>
  );
}

interface CountsProps {
  readonly title: string;
  readonly rows: readonly (Pair<number> & { readonly words: string })[];
}

/** Those that are different; how many are the same is told. */
function Counts({ title, rows }: CountsProps) {
  const different = rows.filter(({ a, b }) => a !== b);
  return (
    <div class="card">
      <h2>{title}</h2>
      <table class="facts">
        <tbody>
          {different.map(({ words, a, b }) => (
            <tr key={words}>
              <th scope="row" class="mono">
                {words}
              </th>
              <td class="side-a">{a}</td>
              <td class="side-b">{b}</td>
            </tr>
          ))}
        </tbody>
      </table>
      <p class="absent">{rows.length - different.length} came as often in both</p>
    </div>
  );
}

interface SmallChartProps {
  readonly log: string;
  /** Transitions that only this session took. */
  readonly only: ReadonlySet<string>;
  readonly side: 'a' | 'b';
}

function SmallChart({ log, only, side }: SmallChartProps) {
  const { answer } = useAnswer<'chart'>({ kind: 'chart', log, level: 'map' });
  return (
    <div class="card">
      <h2 class={`side-${side}`}>Taken by {side === 'a' ? 'the first' : 'the second'} alone</h2>
      {answer === null ? (
        <p class="absent">No drawing of this chart.</p>
      ) : (
        <Drawing chart={answer} only={only} side={side} />
      )}
      {only.size === 0 && <p class="absent">Nothing that the other did not take, too.</p>}
    </div>
  );
}

function Drawing({
  chart,
  only,
  side,
}: {
  readonly chart: ChartGeometry;
  readonly only: ReadonlySet<string>;
  readonly side: 'a' | 'b';
}) {
  const marked = chart.edges.filter(({ ids }) => ids.some((id) => only.has(id)));
  const goals = new Set(marked.map(({ to }) => to));
  return (
    <svg
      class={`small-chart side-${side}`}
      viewBox={`0 0 ${chart.width} ${chart.height}`}
      role="img"
      aria-label={`${marked.length} lines of the chart that only this session went`}
    >
      {chart.edges.map((edge) => (
        <path key={edge.ids.join()} class={marked.includes(edge) ? 'only' : undefined} d={edge.d} />
      ))}
      {chart.boxes.map(({ path, name, x, y, width, height, titleX, titleY }) => (
        <g key={path} class={goals.has(path) ? 'only' : undefined}>
          <rect x={x} y={y} width={width} height={height} rx={4} />
          <text x={titleX} y={titleY}>
            {name}
          </text>
        </g>
      ))}
    </svg>
  );
}
