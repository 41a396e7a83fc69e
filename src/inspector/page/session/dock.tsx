/** Below the chart: views of the whole log in tabs, and the slider through its turns. */
import type { ComponentType } from 'preact';
import { useId, useRef } from 'preact/hooks';
import type { LogOverview, TurnView } from '../../debugger/views.ts';
import { goLive, goToTurn, stepTurn, store } from '../store.ts';
import { durationWords } from './session-words.ts';

export interface DockViewProps {
  readonly overview: LogOverview;
  /** The turn that is to be shown. */
  readonly turn: number;
  /** The turn that is shown: it follows `turn` as fast as answers come; null = none yet. */
  readonly view: TurnView | null;
}

export interface DockTab {
  readonly id: string;
  readonly title: string;
  /** Behind the title: how many there are of what it shows. */
  readonly count?: (overview: LogOverview) => number;
  readonly View: ComponentType<DockViewProps>;
  /** It needs more height than a few lanes do. */
  readonly isTall?: boolean;
  /** Beside the tabs, on the right, while it is open. */
  readonly Aside?: ComponentType<DockViewProps>;
}

interface DockProps extends DockViewProps {
  readonly tabs: readonly DockTab[];
  readonly isFollowing: boolean;
}

export function Dock({ tabs, overview, turn, view, isFollowing }: DockProps) {
  const id = useId();
  const bar = useRef<HTMLDivElement>(null);
  const isByPointer = useRef(false);
  const open = tabs.find((tab) => tab.id === store.dock.value) ?? tabs[0];
  if (open === undefined) return null;
  /** As in any tab list: the arrows go from tab to tab, and open it. Who came by a click goes on stepping through the turns. */
  const onKeyDown = (event: KeyboardEvent) => {
    if (isByPointer.current) return;
    const by = event.key === 'ArrowRight' ? 1 : event.key === 'ArrowLeft' ? -1 : 0;
    if (by === 0) return;
    event.preventDefault();
    const next = tabs[(tabs.indexOf(open) + by + tabs.length) % tabs.length];
    store.dock.value = next?.id ?? '';
    bar.current?.querySelector<HTMLElement>(`[data-tab="${next?.id}"]`)?.focus();
  };
  const { View, Aside } = open;
  return (
    <div class="dock">
      <div class="dock-bar">
        <div
          class="dock-tabs"
          role="tablist"
          aria-label="Views of the log"
          ref={bar}
          onKeyDown={onKeyDown}
          onPointerDown={() => {
            isByPointer.current = true;
          }}
          onFocusOut={({ relatedTarget }) => {
            isByPointer.current &&= relatedTarget instanceof Node && bar.current?.contains(relatedTarget) === true;
          }}
        >
          {tabs.map((tab) => (
            <button
              key={tab.id}
              type="button"
              role="tab"
              id={`${id}-${tab.id}`}
              data-tab={tab.id}
              aria-selected={tab === open}
              aria-controls={`${id}-view`}
              tabIndex={tab === open ? 0 : -1}
              onClick={() => {
                store.dock.value = tab.id;
              }}
            >
              {tab.title}
              {tab.count !== undefined && <span> {tab.count(overview).toLocaleString('en')}</span>}
            </button>
          ))}
        </div>
        {Aside !== undefined && <Aside overview={overview} turn={turn} view={view} />}
      </div>
      <div class="dock-view" role="tabpanel" id={`${id}-view`} aria-labelledby={`${id}-${open.id}`}>
        <View overview={overview} turn={turn} view={view} />
      </div>
      <Scrubber overview={overview} turn={turn} view={view} isFollowing={isFollowing} />
    </div>
  );
}

interface ScrubberProps extends DockViewProps {
  readonly isFollowing: boolean;
}

function Scrubber({ overview, turn, view, isFollowing }: ScrubberProps) {
  const last = Math.max(0, overview.turns - 1);
  return (
    <div class="scrubber">
      <button
        type="button"
        class="button"
        aria-label="Previous turn"
        title="Previous turn"
        disabled={turn <= 0}
        onClick={() => stepTurn(-1)}
      >
        ◀ <kbd>←</kbd>
      </button>
      <button
        type="button"
        class="button"
        aria-label="Next turn"
        title="Next turn"
        disabled={turn >= last}
        onClick={() => stepTurn(1)}
      >
        ▶ <kbd>→</kbd>
      </button>
      <input
        type="range"
        aria-label="Turn"
        aria-valuetext={`turn ${turn} of 0 to ${last}`}
        min={0}
        max={last}
        value={Math.max(0, turn)}
        onInput={(event) => goToTurn(event.currentTarget.valueAsNumber)}
      />
      <output>
        turn {Math.max(0, turn)} of 0–{last} · {durationWords(view?.atMs ?? 0)}
      </output>
      <button
        type="button"
        class={isFollowing ? 'button pressed' : 'button'}
        aria-pressed={isFollowing}
        title={overview.isLive ? 'Follow the session' : 'To the last turn'}
        onClick={goLive}
      >
        {overview.isLive ? 'Live' : 'Last'} <kbd>{overview.isLive ? 'L' : 'End'}</kbd>
      </button>
    </div>
  );
}
