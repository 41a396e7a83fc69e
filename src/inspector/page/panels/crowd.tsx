/**
 * The crowd: how many live sessions are in each state now, on the chart that they all run. A state, or what is waited for, narrows the list
 * to those that are there. It is the page's first view, too, as long as no session is chosen.
 */
import './panels.css';
import type { ComponentChildren } from 'preact';
import { useMemo, useState } from 'preact/hooks';
import type { BoxGeometry, ChartGeometry } from '../../../analysis/chart/chart-geometry.ts';
import type { WaitName } from '../../waits.ts';
import { useAnswer } from '../engine.ts';
import { entries, filterText, showLiveWith } from '../list/list-model.ts';
import type { ListEntry } from '../list/list-order.ts';
import { showPanel, store } from '../store.ts';
import { countsByState, countsByWait } from './crowd-counts.ts';

const machines = ['session', 'welcome'];
const waits: readonly { readonly wait: WaitName; readonly words: string }[] = [
  { wait: 'start', words: 'the first word' },
  { wait: 'model', words: 'the model' },
  { wait: 'voice', words: 'the voice' },
  { wait: 'reader', words: 'the reader' },
  { wait: 'out', words: 'the end' },
];

export function Crowd({ children }: { readonly children?: ComponentChildren }) {
  const [machine, setMachine] = useState('session');
  const live = entries.value.filter((entry) => entry.isLive && entry.machine === machine);
  const { answer: chart, error } = useAnswer({ kind: 'chartOf', machine, level: 'map' });
  return (
    <section class="wide crowd" aria-label="Crowd">
      <div class="crumb">
        <h1>Crowd</h1>
        <span class="soft">
          {live.length} live {live.length === 1 ? machine : `${machine}s`} now. Click a state to list those in it.
        </span>
        <span class="switch">
          {machines.map((each) => (
            <button type="button" key={each} aria-pressed={each === machine} onClick={() => setMachine(each)}>
              {each}
            </button>
          ))}
        </span>
        {store.panel.value === 'crowd' && (
          <button type="button" class="button" onClick={() => showPanel('none')}>
            Close <kbd>C</kbd>
          </button>
        )}
      </div>
      {chart !== null && chart.machine === machine && <CrowdChart chart={chart} live={live} />}
      {error !== null && <p class="is-bad">The chart cannot be drawn: {error}</p>}
      {live.length > 0 && <Waiting live={live} />}
      {children}
    </section>
  );
}

function CrowdChart({ chart, live }: { readonly chart: ChartGeometry; readonly live: readonly ListEntry[] }) {
  const counts = countsByState(live);
  const most = Math.max(1, ...chart.boxes.filter((box) => box.isLeaf).map(({ path }) => counts.get(path) ?? 0));
  const edges = useMemo(() => chart.edges.map(({ d }) => <path key={d} class="crowd-edge" d={d} />), [chart]);
  return (
    // biome-ignore lint/a11y/useSemanticElements: a fieldset cannot hold a drawing
    <svg
      class="crowd-chart"
      viewBox={`-2 -2 ${chart.width + 4} ${chart.height + 4}`}
      preserveAspectRatio="xMidYMin meet"
      style={{ maxWidth: `${2 * chart.width}px` }}
      role="group"
      aria-label={`Live ${chart.machine}s by state`}
    >
      {chart.boxes
        .filter(({ kind }) => kind !== 'list')
        .map((box) => (
          <CrowdBox key={box.path} box={box} count={counts.get(box.path) ?? 0} most={most} />
        ))}
      {edges}
    </svg>
  );
}

function CrowdBox({ box, count, most }: { readonly box: BoxGeometry; readonly count: number; readonly most: number }) {
  const { path, name, kind, isLeaf, x, y, width, height, radius } = box;
  const choose = () => showLiveWith('state', path);
  // By its root, so that one session among a thousand is still seen.
  const heat = isLeaf ? Math.sqrt(count / most) : 0;
  const isChosen = filterText.value === `state:${path}`;
  return (
    // biome-ignore lint/a11y/useSemanticElements: there are no buttons in a drawing
    <g
      class={`crowd-state ${kind} ${count > 0 ? 'some' : 'none'}`}
      data-crowd={path}
      data-count={count}
      role="button"
      tabIndex={0}
      aria-pressed={isChosen}
      style={{ '--heat': `${(42 * heat).toFixed(1)}%` }}
      onClick={choose}
      onKeyDown={(event) => {
        if (event.key !== 'Enter' && event.key !== ' ') return;
        event.preventDefault();
        choose();
      }}
    >
      <title>{`${path}: ${count} now`}</title>
      <rect class="body" x={x} y={y} width={width} height={height} rx={radius} />
      <text x={box.titleX} y={box.titleY}>
        {kind === 'region' ? name.toUpperCase() : name}
      </text>
      {count > 0 && (
        <text class="crowd-count" x={box.countX} y={box.titleY}>
          {count}
        </text>
      )}
    </g>
  );
}

function Waiting({ live }: { readonly live: readonly ListEntry[] }) {
  const counts = countsByWait(live);
  const stuck = live.filter(({ isStuck }) => isStuck).length;
  const most = Math.max(1, ...counts.values());
  return (
    <div class="waiting">
      <h2>They wait for</h2>
      {waits.map(({ wait, words }) => {
        const count = counts.get(wait) ?? 0;
        return (
          <button
            type="button"
            key={wait}
            aria-pressed={filterText.value === `wait:${wait}`}
            onClick={() => showLiveWith('wait', wait)}
          >
            <span>{words}</span>
            <span class={`wait-bar ${wait}`} style={{ '--share': `${((100 * count) / most).toFixed(1)}%` }} />
            <b>{count}</b>
          </button>
        );
      })}
      <button
        type="button"
        aria-pressed={filterText.value === 'is:stuck'}
        title="Waiting, and nothing has happened for ten seconds"
        onClick={() => showLiveWith('is', 'stuck')}
      >
        <span class={stuck > 0 ? 'is-waiting' : ''}>stuck for 10 s</span>
        <span class="wait-bar start" style={{ '--share': `${((100 * stuck) / most).toFixed(1)}%` }} />
        <b>{stuck}</b>
      </button>
    </div>
  );
}
