/**
 * A session's chart as it stood at a turn, drawn into the room that there is: laid out once, lit by the turn. What is active, was visited or
 * never was is told by line, weight and dashes, not by colour alone.
 */
import { useId, useLayoutEffect, useMemo, useRef } from 'preact/hooks';
import type { BoxGeometry, ChartGeometry, EdgeGeometry, RowGeometry } from '../../../analysis/chart/chart-geometry.ts';
import type { ArmedTimer, TurnView } from '../../debugger/views.ts';
import { store } from '../store.ts';
import { activeStates, countdownWords, isTimerOff } from './session-words.ts';

export interface ChartProps {
  readonly chart: ChartGeometry;
  /** null = nothing has arrived yet: the chart is drawn unlit. */
  readonly view: TurnView | null;
  readonly isLive: boolean;
  /** On the log's own clock: what timers are counted down to. */
  readonly nowMs: number;
  /** Under the pointer, or the focus, and its drawing; null = none. */
  readonly onLook: (path: string | null, drawn: Element) => void;
  readonly onState: (path: string) => void;
}

/** Around the drawing, so that halos and thick lines are whole. */
const MARGIN = 4;

export function ChartView({ chart, view, isLive, nowMs, onLook, onState }: ChartProps) {
  const id = useId();
  const room = useLastInSight(view?.last, chart);
  const active = useMemo(() => activeStates(view?.leaves ?? []), [view]);
  const last = useMemo(() => new Set(view?.last?.transitions.map((each) => each.id) ?? []), [view]);
  const { width, height, boxes, edges, level } = chart;
  return (
    <div
      class={`chart ${level}`}
      data-turn={view?.turn ?? -1}
      data-live={isLive}
      ref={room}
      // The full chart may be larger than its room: it is scrolled by keys, too.
      tabIndex={level === 'full' ? 0 : undefined}
    >
      {/* biome-ignore lint/a11y/useSemanticElements: a fieldset cannot hold a drawing */}
      <svg
        viewBox={`${-MARGIN} ${-MARGIN} ${width + 2 * MARGIN} ${height + 2 * MARGIN}`}
        preserveAspectRatio="xMidYMin meet"
        style={sizes(chart)}
        role="group"
        aria-label={`Chart ${chart.machine}, version ${chart.version}`}
      >
        <defs>
          <ArrowHead id={`${id}-plain`} class="arrow" />
          <ArrowHead id={`${id}-last`} class="arrow last" />
        </defs>
        {boxes.map((box) => (
          <Box
            key={`${box.kind} ${box.path}`}
            box={box}
            view={view}
            active={active}
            last={last}
            nowMs={nowMs}
            onLook={onLook}
            onState={onState}
          />
        ))}
        {inPaintingOrder(edges, last).map((edge) => (
          <Edge
            key={edge.d}
            edge={edge}
            view={view}
            active={active}
            isLast={edge.ids.some((each) => last.has(each))}
            id={id}
          />
        ))}
      </svg>
    </div>
  );
}

function sizes({ width, height, level }: ChartGeometry) {
  const most = store.isLarge.value ? MAX_LARGE_SCALE : MAX_SCALE;
  const least = level === 'full' ? MIN_FULL_SCALE : 0;
  return {
    maxWidth: `${width * most}px`,
    maxHeight: `${height * most}px`,
    minWidth: `${width * least}px`,
    minHeight: `${height * least}px`,
  };
}

/** What was entered last is kept in sight, where a chart is larger than its room. */
function useLastInSight(last: TurnView['last'] | undefined, chart: ChartGeometry): { current: HTMLDivElement | null } {
  const ref = useRef<HTMLDivElement>(null);
  const target = last?.transitions.at(-1)?.targets[0];
  useLayoutEffect(() => {
    const room = ref.current;
    if (room === null || target === undefined) return;
    if (room.scrollHeight <= room.clientHeight && room.scrollWidth <= room.clientWidth) return;
    // Where a state was entered, it is seen whole, at the leaf: what holds it may be larger than the room.
    const lit = room.querySelector(`.lit[data-state^="${CSS.escape(target)}"] > .frame`);
    const state = lit ?? room.querySelector(`[data-state="${CSS.escape(target)}"] > .title`);
    state?.scrollIntoView({ block: 'nearest', inline: 'nearest' });
  }, [last?.turn, target, chart]);
  return ref;
}

/** Larger than this, a small chart looks like a poster. */
const MAX_SCALE = 1.25;
const MAX_LARGE_SCALE = 1.6;
/** Smaller than this the rows of a full chart cannot be read: it is scrolled instead. */
const MIN_FULL_SCALE = 0.82;

function ArrowHead({ id, class: name }: { readonly id: string; readonly class: string }) {
  return (
    <marker
      id={id}
      viewBox="0 0 8 8"
      refX="7"
      refY="4"
      markerWidth="7"
      markerHeight="7"
      markerUnits="userSpaceOnUse"
      orient="auto"
    >
      <path class={name} d="M0 .8 7.4 4 0 7.2z" />
    </marker>
  );
}

/** Thick lines over thin ones. */
function inPaintingOrder(edges: readonly EdgeGeometry[], last: ReadonlySet<string>): readonly EdgeGeometry[] {
  const isLast = ({ ids }: EdgeGeometry) => ids.some((each) => last.has(each));
  return [...edges.filter((edge) => !isLast(edge)), ...edges.filter(isLast)];
}

interface EdgeProps {
  readonly edge: EdgeGeometry;
  readonly view: TurnView | null;
  readonly active: ReadonlySet<string>;
  readonly isLast: boolean;
  readonly id: string;
}

function Edge({ edge, view, active, isLast, id }: EdgeProps) {
  const wasTaken = edge.ids.some((each) => (view?.taken[each] ?? 0) > 0);
  const kind = isLast ? ' last' : active.has(edge.from) ? ' next' : wasTaken ? ' taken' : '';
  return <path class={`edge${kind}`} d={edge.d} marker-end={`url(#${id}-${isLast ? 'last' : 'plain'})`} />;
}

interface BoxProps {
  readonly box: BoxGeometry;
  readonly view: TurnView | null;
  readonly active: ReadonlySet<string>;
  readonly last: ReadonlySet<string>;
  readonly nowMs: number;
  readonly onLook: ChartProps['onLook'];
  readonly onState: (path: string) => void;
}

function Box({ box, view, active, last, nowMs, onLook, onState }: BoxProps) {
  if (box.kind === 'list') return <ListBox box={box} view={view} last={last} nowMs={nowMs} />;
  const isActive = active.has(box.path);
  const visits = view?.visits[box.path] ?? 0;
  const stands = isActive ? (box.isLeaf ? 'lit' : 'around') : visits > 0 ? 'visited' : 'never';
  const end = box.kind === 'final' ? (box.isGoodEnd ? ' good-end' : ' bad-end') : '';
  const { x, y, width, height, radius } = box;
  return (
    // biome-ignore lint/a11y/useSemanticElements: there are no buttons in a drawing
    <g
      class={`state ${box.kind} ${stands}${end}`}
      data-state={box.path}
      aria-current={isActive ? 'true' : undefined}
      role="button"
      tabIndex={0}
      onPointerEnter={({ currentTarget }) => onLook(box.path, currentTarget)}
      onPointerLeave={({ currentTarget }) => onLook(null, currentTarget)}
      onFocus={({ currentTarget }) => onLook(box.path, currentTarget)}
      onBlur={({ currentTarget }) => onLook(null, currentTarget)}
      onClick={() => onState(box.path)}
      onKeyDown={(event) => {
        if (event.key !== 'Enter' && event.key !== ' ') return;
        event.preventDefault();
        onState(box.path);
      }}
    >
      {stands === 'lit' && (
        <rect class="halo" x={x - 2} y={y - 2} width={width + 4} height={height + 4} rx={radius + 2} />
      )}
      <rect class="frame" x={x} y={y} width={width} height={height} rx={radius} />
      {box.isInitial && <circle class="initial" cx={x} cy={box.titleMidY} r={2.6} />}
      <text class="title" x={box.titleX} y={box.titleY}>
        {box.name}
      </text>
      {visits > 0 && (
        <text class="count" x={box.countX} y={box.titleY}>
          ×{visits}
        </text>
      )}
      <Timers box={box} view={view} nowMs={nowMs} />
      {box.rows.map((row) => (
        <Row key={row.id} row={row} view={view} isLast={last.has(row.id)} />
      ))}
    </g>
  );
}

/** What can be taken in every state: no state, but rows. */
function ListBox({ box, view, last, nowMs }: Omit<BoxProps, 'active' | 'onLook' | 'onState'>) {
  return (
    <g class="list">
      <rect class="frame" x={box.x} y={box.y} width={box.width} height={box.height} rx={box.radius} />
      <text class="title" x={box.titleX} y={box.titleY}>
        {box.name}
      </text>
      <Timers box={box} view={view} nowMs={nowMs} />
      {box.rows.map((row) => (
        <Row key={row.id} row={row} view={view} isLast={last.has(row.id)} />
      ))}
    </g>
  );
}

function Row({
  row,
  view,
  isLast,
}: {
  readonly row: RowGeometry;
  readonly view: TurnView | null;
  readonly isLast: boolean;
}) {
  const taken = view?.taken[row.id] ?? 0;
  const { x, y, width, height, trigger, goal, guard } = row;
  return (
    <g class={`row ${row.tone}${isLast ? ' last' : taken > 0 ? ' taken' : ''}`}>
      {isLast && <rect x={x} y={y} width={width} height={height} rx={4} />}
      <text x={row.textX} y={row.textY}>
        {trigger}
        {goal !== '' && <tspan class="goal"> → {goal}</tspan>}
      </text>
      {taken > 0 && (
        <text class="count" x={row.countX} y={row.textY}>
          ×{taken}
        </text>
      )}
      {guard !== null && (
        <text class="guard" x={row.guardX} y={row.guardY}>
          [{guard}]
        </text>
      )}
    </g>
  );
}

function Timers({ box, view, nowMs }: Pick<BoxProps, 'box' | 'view' | 'nowMs'>) {
  return box.timers.map(({ name, y, clockX, clockY, clockRadius, nameX, leftX }) => {
    const armed = armedIn(view, box.path, name);
    const leftMs = armed === undefined ? 0 : armed.armedAtMs + armed.delayMs - nowMs;
    const share = armed === undefined ? 0 : Math.min(1, Math.max(0, leftMs / armed.delayMs));
    return (
      <g key={name} class={armed === undefined ? 'timer' : 'timer armed'}>
        <circle class="clock" cx={clockX} cy={clockY} r={clockRadius - 0.8} />
        {armed !== undefined && (
          <circle
            class="left"
            cx={clockX}
            cy={clockY}
            r={clockRadius - 0.8}
            pathLength={100}
            stroke-dasharray={`${share * 100} 100`}
            transform={`rotate(-90 ${clockX} ${clockY})`}
          />
        )}
        {nameX !== null && (
          <text x={nameX} y={y}>
            {name}
          </text>
        )}
        {armed !== undefined && (
          <text class="count" x={leftX} y={y}>
            {countdownWords(leftMs)}
          </text>
        )}
      </g>
    );
  });
}

/** One whose limit is off is never over: it is drawn as not armed. */
function armedIn(view: TurnView | null, state: string, name: string): ArmedTimer | undefined {
  return view?.timers.find((each) => each.state === state && each.name === name && !isTimerOff(each.delayMs));
}
