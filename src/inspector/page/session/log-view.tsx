/** The log as rows: a turn each, or a run of turns that did the same. The row of the shown turn is marked and followed. */
import { useEffect, useMemo, useRef, useState } from 'preact/hooks';
import type { LogEntry } from '../../debugger/messages.ts';
import { ask } from '../engine.ts';
import { goToTurn } from '../store.ts';
import type { DockViewProps } from './dock.tsx';
import { entriesToShow, joinedEntries, placeOfTurn, type ShownEntry } from './row-window.ts';
import { Rows } from './rows.tsx';
import { momentWords, shortWords } from './session-words.ts';

interface KnownEntries {
  readonly log: string;
  /** Turns that they tell of. */
  readonly turns: number;
  readonly entries: readonly LogEntry[];
}

const nothing: KnownEntries = { log: '', turns: 0, entries: [] };

/** All entries; of a log that grows only the end is asked for anew, once at a time. */
function useEntries(log: string, turns: number): readonly LogEntry[] {
  const [known, setKnown] = useState(nothing);
  const isAsking = useRef(false);
  // Under the supervisor's name stands another log when its server was started anew.
  const current = known.log === log && known.turns <= turns ? known : nothing;
  useEffect(() => {
    if (isAsking.current || current.turns >= turns) return;
    isAsking.current = true;
    const fromTurn = current.entries.at(-1)?.fromTurn ?? 0;
    ask({ kind: 'entries', log, isGrouped: true, fromTurn, toTurn: turns - 1 })
      .then((tail) => ({ log, turns, entries: joinedEntries(current.entries, tail, fromTurn) }))
      // What cannot be told is told beside the chart; it is not asked for again and again.
      .catch(() => ({ log, turns, entries: current.entries }))
      .then((next) => {
        isAsking.current = false;
        setKnown(next);
      });
  }, [log, turns, known]);
  return current.entries;
}

export function LogView({ overview, turn }: DockViewProps) {
  const { id, turns } = overview;
  const entries = useEntries(id, turns);
  const [filter, setFilter] = useState('');
  const [opened, setOpened] = useState<ReadonlyMap<number, readonly LogEntry[]>>(new Map());
  useEffect(() => setOpened(new Map()), [id]);
  const shown = useMemo(() => entriesToShow(entries, opened, filter), [entries, opened, filter]);
  const current = placeOfTurn(shown, turn);
  const toggle = async ({ fromTurn, toTurn }: LogEntry) => {
    const next = new Map(opened);
    if (!next.delete(fromTurn))
      next.set(fromTurn, await ask({ kind: 'entries', log: id, isGrouped: false, fromTurn, toTurn }));
    setOpened(next);
  };
  return (
    <div class="log">
      <div class="log-filter">
        <input
          type="search"
          aria-label="Filter the log"
          placeholder="filter: words, -without"
          value={filter}
          onInput={(event) => setFilter(event.currentTarget.value)}
        />
        <span>
          {shown.length.toLocaleString('en')} rows of {turns.toLocaleString('en')} turns
        </span>
      </div>
      <Rows
        label="Turns of the log"
        count={shown.length}
        rowHeight={ROW_HEIGHT}
        current={current}
        row={(index) => <EntryRow shown={shown[index]} isCurrent={index === current} onToggle={toggle} />}
      />
    </div>
  );
}

const ROW_HEIGHT = 24;

interface EntryRowProps {
  readonly shown: ShownEntry | undefined;
  readonly isCurrent: boolean;
  readonly onToggle: (entry: LogEntry) => void;
}

function EntryRow({ shown, isCurrent, onToggle }: EntryRowProps) {
  if (shown === undefined) return null;
  const { entry, isInner, isOpen } = shown;
  const { fromTurn, toTurn, atMs, words, led, tone } = entry;
  return (
    <div class={`entry ${tone}${isCurrent ? ' current' : ''}${isInner ? ' inner' : ''}`}>
      {isOpen === null ? (
        <span />
      ) : (
        <button
          type="button"
          class="link"
          aria-expanded={isOpen}
          aria-label={`Turns ${fromTurn} to ${toTurn}`}
          onClick={() => onToggle(entry)}
        >
          {isOpen ? '▾' : '▸'}
        </button>
      )}
      <button
        type="button"
        class="entry-words"
        aria-current={isCurrent ? 'true' : undefined}
        onClick={() => goToTurn(fromTurn)}
      >
        <span class="number">{fromTurn}</span>
        <span class="number">{momentWords(atMs)}</span>
        <span class="said" dir="auto" title={words}>
          {words}
        </span>
        {led !== '' && <span class="led">→ {shortWords(led)}</span>}
      </button>
    </div>
  );
}
