/** The waterfall: what went on in which lane and for what it was waited; a click goes to the turn of that moment. */
import { signal } from '@preact/signals';
import { useEffect, useId, useLayoutEffect, useMemo, useRef, useState } from 'preact/hooks';
import type { LogOverview, Timeline, TimelineBar, TimelineLane } from '../../debugger/views.ts';
import { useAnswer } from '../engine.ts';
import { store } from '../store.ts';
import type { DockTab, DockViewProps } from './dock.tsx';
import { durationWords, largestFirst, momentWords, waitShares } from './session-words.ts';
import { barsToDraw, moved, type Span, type TimeScale, ticksPath, timeScale, zoomed } from './time-scale.ts';
import { seekTurn } from './time-travel.ts';

/** A log that grows is asked for its waterfall this often at most. */
const REFRESH_MS = 250;
/** What is waited for grows in steps of this. */
const LIVE_STEP_MS = 1_000;
const LEFT = 92;
const RIGHT = 14;
const TOP = 18;

/** Of the log that is shown: its sums are drawn beside the tabs. */
const shownTimeline = signal<Timeline | null>(null);

function useTimeline(overview: LogOverview): Timeline | null {
  const version = useSlowed(overview.turns, REFRESH_MS);
  const toMs = useLiveMs(overview);
  const { answer } = useAnswer({ kind: 'timeline', log: overview.id, toMs }, version);
  useLayoutEffect(() => {
    shownTimeline.value = answer;
  }, [answer]);
  return answer;
}

/** The time that a live log has come to on its own clock, in steps; 0 = it is over, or nobody hears of it now. */
function useLiveMs({ id, isLive }: LogOverview): number {
  const isRunning = isLive && store.connection.value.state === 'live';
  const [ms, setMs] = useState(0);
  useEffect(() => {
    const take = () => {
      const row = store.rows.get(id);
      setMs(isRunning && row !== undefined ? Math.round(row.ageMs + performance.now() - row.seenAtMs) : 0);
    };
    take();
    if (!isRunning) return;
    const timer = setInterval(take, LIVE_STEP_MS);
    return () => clearInterval(timer);
  }, [id, isRunning]);
  return ms;
}

/** The value, changed at most every `everyMs`. */
export function useSlowed(value: number, everyMs: number): number {
  const [slow, setSlow] = useState(value);
  const changedAt = useRef(Number.NEGATIVE_INFINITY);
  useEffect(() => {
    const change = () => {
      changedAt.current = performance.now();
      setSlow(value);
    };
    const waitMs = changedAt.current + everyMs - performance.now();
    if (waitMs <= 0) {
      change();
      return;
    }
    const timer = setTimeout(change, waitMs);
    return () => clearTimeout(timer);
  }, [value]);
  return slow;
}

function useSize(): {
  readonly ref: { current: HTMLDivElement | null };
  readonly width: number;
  readonly height: number;
} {
  const ref = useRef<HTMLDivElement>(null);
  const [size, setSize] = useState({ width: 0, height: 0 });
  useLayoutEffect(() => {
    const element = ref.current;
    if (element === null) return;
    const watch = new ResizeObserver(() => setSize({ width: element.clientWidth, height: element.clientHeight }));
    watch.observe(element);
    return () => watch.disconnect();
  }, []);
  return { ref, ...size };
}

function TimelineView({ overview, view }: DockViewProps) {
  const timeline = useTimeline(overview);
  const { ref, width, height } = useSize();
  // A zoom is of one log; without one, all is shown, also of what is still to come.
  const [zoom, setZoom] = useState<(Span & { readonly log: string }) | null>(null);
  const endMs = Math.max(timeline?.endMs ?? 0, 1);
  const shown = zoom?.log === overview.id ? zoom : { fromMs: 0, toMs: endMs };
  const scale = useMemo(
    () => timeScale(shown, timeline?.quiet ?? [], width - LEFT - RIGHT),
    [shown.fromMs, shown.toMs, timeline, width],
  );
  const momentOf = (event: MouseEvent) =>
    scale.ms(event.clientX - (ref.current?.getBoundingClientRect().left ?? 0) - LEFT);
  const go = (event: MouseEvent) => void seekTurn({ kind: 'by', atMs: momentOf(event) }, 'before', overview.turns);
  const onWheel = (event: WheelEvent) => {
    event.preventDefault();
    const isSideways = event.shiftKey || Math.abs(event.deltaX) > Math.abs(event.deltaY);
    const by = event.deltaX === 0 ? event.deltaY : event.deltaX;
    const next = isSideways
      ? moved(shown, (by / Math.max(1, width)) * (shown.toMs - shown.fromMs), endMs)
      : zoomed(shown, Math.exp(event.deltaY / 300), momentOf(event), endMs);
    setZoom(next.toMs - next.fromMs >= endMs ? null : { ...next, log: overview.id });
  };
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: the slider below does the same by keys
    <div
      class="timeline"
      ref={ref}
      onWheel={onWheel}
      onDblClick={() => setZoom(null)}
      onPointerDown={(event) => {
        event.currentTarget.setPointerCapture(event.pointerId);
        go(event);
      }}
      onPointerMove={(event) => event.buttons === 1 && go(event)}
    >
      {timeline !== null && width > 0 && (
        <Waterfall timeline={timeline} scale={scale} width={width} height={height} atMs={view?.atMs ?? null} />
      )}
      {zoom?.log === overview.id && (
        <button
          type="button"
          class="button unzoom"
          onPointerDown={(event) => event.stopPropagation()}
          onClick={() => setZoom(null)}
        >
          all {durationWords(endMs)}
        </button>
      )}
    </div>
  );
}

interface WaterfallProps {
  readonly timeline: Timeline;
  readonly scale: TimeScale;
  readonly width: number;
  readonly height: number;
  readonly atMs: number | null;
}

function Waterfall({ timeline, scale, width, height, atMs }: WaterfallProps) {
  const clip = useId();
  const laneHeight = (height - TOP) / Math.max(1, timeline.lanes.length);
  const room = width - LEFT - RIGHT;
  const inner = useMemo(
    () => (
      <>
        {scale.lines.map((ms) => (
          <g key={ms} class="time">
            <path d={`M${scale.x(ms)} ${TOP - 4}V${height}`} />
            {scale.x(ms) < room - 20 && (
              <text x={scale.x(ms) + 4} y={TOP - 7}>
                {momentWords(ms)}
              </text>
            )}
          </g>
        ))}
        {timeline.lanes.map((lane, index) => (
          <Lane
            key={lane.name}
            lane={lane}
            scale={scale}
            room={room}
            top={TOP + laneHeight * index}
            height={laneHeight}
          />
        ))}
        {scale.breaks.map(({ fromMs, toMs, middle }) => (
          <g key={fromMs} class="break">
            <rect x={middle - 9} y={TOP} width={18} height={height - TOP} />
            <path d={`M${middle - 3} ${TOP}v${height}M${middle + 3} ${TOP}v${height}`} />
            <text x={middle} y={(height + TOP) / 2} transform={`rotate(-90 ${middle} ${(height + TOP) / 2})`}>
              {durationWords(toMs - fromMs)} idle
            </text>
          </g>
        ))}
      </>
    ),
    [timeline, scale, width, height],
  );
  const x = atMs === null ? -1 : scale.x(atMs);
  return (
    <svg width={width} height={height} role="img" aria-label={`Waterfall of ${durationWords(timeline.endMs)}`}>
      {timeline.lanes.map(({ name }, index) => (
        <text key={name} class="lane-name" x={14} y={TOP + laneHeight * (index + 0.5) + 4}>
          {name}
        </text>
      ))}
      <clipPath id={clip}>
        <rect x={-1} y={0} width={Math.max(0, room + RIGHT)} height={height} />
      </clipPath>
      <g transform={`translate(${LEFT} 0)`} clip-path={`url(#${clip})`}>
        {inner}
        {x >= 0 && <path class="cursor" d={`M${x} 0V${height}`} />}
      </g>
    </svg>
  );
}

interface LaneProps {
  readonly lane: TimelineLane;
  readonly scale: TimeScale;
  readonly room: number;
  readonly top: number;
  readonly height: number;
}

const LABEL_CHAR = 6.6;

function Lane({ lane, scale, room, top, height }: LaneProps) {
  const thick = Math.min(height - 7, 26);
  const y = top + (height - thick) / 2;
  return (
    <g class={`lane ${lane.name.replaceAll(' ', '-')}`}>
      {barsToDraw(lane.bars, scale, room).map(({ bar, x, width, labelWidth }) => (
        <g key={`${bar.turn} ${bar.label} ${bar.fromMs}`} class={`bar ${bar.tone}${bar.isWaiting ? ' waiting' : ''}`}>
          <title>{titleOf(bar)}</title>
          <rect x={x} y={y} width={width} height={thick} rx={3} />
          {labelWidth >= LABEL_CHAR * 2 && lane.ticks.length === 0 && (
            <text x={x + 5} y={y + thick / 2 + 4}>
              {cut(bar.label, Math.floor((labelWidth - 8) / LABEL_CHAR))}
            </text>
          )}
        </g>
      ))}
      <path class="ticks" d={ticksPath(lane.ticks, { scale, width: room, top: y, height: thick })} />
    </g>
  );
}

/** A label whose beginning says nothing is left out. */
function cut(label: string, chars: number): string {
  if (label.length <= chars) return label;
  // Half a number is another number.
  return chars < 3 || /^\d/.test(label) ? '' : `${label.slice(0, chars - 1)}…`;
}

function titleOf({ label, fromMs, toMs, turn, isWaiting }: TimelineBar): string {
  return `${label}\n${momentWords(fromMs)} to ${momentWords(toMs)}: ${durationWords(toMs - fromMs)}${isWaiting ? ', waiting' : ''}\nsince turn ${turn}`;
}

/** How long each was waited for, as shares, in the colours of the strips in the list. Where room is short the smallest are left out whole. */
function Waited() {
  const shares = waitShares(shownTimeline.value?.waits ?? null);
  if (shares.length === 0) return null;
  const all = shares.map(({ name, percent }) => `${name} ${percent} %`).join(' · ');
  return (
    <div class="waited" title={`waited for: ${all}`}>
      <span>waited for</span>
      {largestFirst(shares).map(({ name, percent }) => (
        <span key={name}>
          <i class={name} />
          {name} {percent} %
        </span>
      ))}
    </div>
  );
}

export const timelineTab: DockTab = { id: 'timeline', title: 'Timeline', View: TimelineView, Aside: Waited };
