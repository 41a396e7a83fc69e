/** A row of the list: which session, how old, on which device, what it does or how it ended, and the strip of what it waited for. */
import { durationWords } from '../session/session-words.ts';
import { selectLog } from '../store.ts';
import { NO_LOG, shortSession, shortState, stripOf, waitsWords } from './list-entries.ts';
import type { ListEntry } from './list-order.ts';

export interface SessionRowProps {
  readonly entry: ListEntry;
  /** The element's. */
  readonly id: string;
  /** In px, in the whole list. */
  readonly top: number;
  /** From 1. */
  readonly place: number;
  readonly count: number;
  readonly isChosen: boolean;
}

export function SessionRow({ entry, id, top, place, count, isChosen }: SessionRowProps) {
  const { session, device, machine, isLive, isFile, file, note = '' } = entry;
  // Where nobody knows what was waited for, an empty one would say that it was nothing.
  const strip = stripOf(entry);
  return (
    // biome-ignore lint/a11y/useKeyWithClickEvents: the list around it takes the keys, as a listbox does
    <div
      id={id}
      class={isLive || isFile ? 'row' : 'row ended'}
      role="option"
      tabIndex={-1}
      aria-selected={isChosen}
      aria-setsize={count}
      aria-posinset={place}
      data-session={session}
      data-log={entry.id}
      style={{ transform: `translateY(${top}px)` }}
      title={titleOf(entry)}
      onClick={() => selectLog(entry.id)}
    >
      <div class="row-line">
        {session !== '' && machine !== 'session' && machine !== '' && <span class="machine">{machine}</span>}
        <b dir="auto">{session === '' ? machine : shortSession(session)}</b>
        <span class="age">{machine !== '' && durationWords(entry.ageMs)}</span>
      </div>
      <div class="row-line">
        <span class="device" dir="auto">
          {(file.includes('#') && device) || file.replace(/^.*\//, '') || device || note}
        </span>
        <RowState entry={entry} />
      </div>
      {(strip !== '' || entry.waits !== null) && <div class="strip" style={{ backgroundImage: strip || 'none' }} />}
    </div>
  );
}

function RowState({ entry }: { readonly entry: ListEntry }) {
  const { machine, isFile, isLive, isFailed, isStuck, wait, state, reason, quietMs, verdict } = entry;
  if (isFile && verdict !== '')
    return <span class={isFailed ? 'is-bad' : machine === '' ? '' : 'is-good'}>{verdict}</span>;
  if (!isLive && machine === '') return <span>{NO_LOG}</span>;
  if (!isLive) return <span class={isFailed ? 'is-bad' : ''}>{isFailed ? `✗ ${reason}` : reason}</span>;
  if (isStuck) return <span class="is-waiting stuck">stuck {Math.floor(quietMs / 1_000)} s</span>;
  return (
    <span class="state">
      {wait !== null && <i class={`wait ${wait}`} />}
      {shortState(state, wait)}
    </span>
  );
}

function titleOf({
  session,
  device,
  machine,
  state,
  reason,
  startedAt,
  turns,
  waits,
  isLive,
  file,
  note = '',
}: ListEntry): string {
  return [
    `${machine} ${session}`,
    `device ${device || 'unknown'} · since ${startedAt} · ${turns} turns`,
    isLive ? state : reason,
    waitsWords(waits),
    file || note,
  ]
    .filter((line) => line !== '')
    .join('\n');
}
