/** Who said what to whom: a lane for each of them, time downwards. Only the rows that can be seen are in the document. */
import { useLayoutEffect, useRef, useState } from 'preact/hooks';
import type { Lane, Sequence, SequenceMessage } from '../../debugger/sequence.ts';
import { STRETCH_TURNS } from '../../debugger/view-questions.ts';
import { isFile, useAnswer } from '../engine.ts';
import { useSlowed } from '../session/timeline-view.tsx';
import { goToTurn, store } from '../store.ts';
import { useBeside } from './beside.ts';
import './views.css';
import { placeText, refreshMs } from './view-words.ts';

const ROW_PX = 24;
/** Drawn above and below what can be seen. */
const SPARE_ROWS = 12;

export function SequenceView() {
  const log = store.log.value ?? '';
  const [isJoined, setJoined] = useState(false);
  useBeside(isJoined ? 'supervisor' : null);
  const supervisor = supervisorAtHand(log);
  const turns = store.overview.value?.turns ?? 0;
  const supervisorTurns = supervisor === null ? 0 : (store.overviews.value.get(supervisor)?.turns ?? 0);
  // The same question for all turns of a stretch.
  const around = Math.floor(Math.max(0, store.turn.value) / STRETCH_TURNS) * STRETCH_TURNS;
  const { answer, error } = useAnswer<'sequence'>(
    { kind: 'sequence', log, supervisor, around },
    useSlowed(turns + supervisorTurns, refreshMs(turns + supervisorTurns)),
  );
  if (error !== null) return <p class="view-words is-bad">{error}</p>;
  if (answer === null) return <p class="view-words">Reading the log…</p>;
  return (
    <div class="view">
      {!answer.hasSupervisor && answer.lanes.some(({ lane }) => lane === 'session') && (
        <SupervisorOffer log={log} onJoin={() => setJoined(true)} />
      )}
      <Rows sequence={answer} turn={store.turn.value} />
    </div>
  );
}

/** The log of the server's supervisor, if this session is one of its, or of an opened file. */
function supervisorAtHand(log: string): string | null {
  const found = [...store.overviews.value.values()].find(
    ({ id, header }) =>
      id !== log && header?.machine === 'supervisor' && (isFile(id) || store.besides.value.includes(id)),
  );
  return found?.id ?? null;
}

/** The lane of the supervisor needs its log. */
function SupervisorOffer({ log, onJoin }: { readonly log: string; readonly onJoin: () => void }) {
  const isOfServer = store.rows.has(log) && store.rows.has('supervisor');
  if (!isOfServer) return null;
  return (
    <div class="view-bar">
      <button type="button" class="button" onClick={onJoin}>
        Read the supervisor's log, too
      </button>
    </div>
  );
}

function Rows({ sequence, turn }: { readonly sequence: Sequence; readonly turn: number }) {
  const { lanes, messages, fromTurn, toTurn } = sequence;
  const scroller = useRef<HTMLDivElement>(null);
  const [seen, setSeen] = useState({ from: 0, rows: 40 });
  const current = placeOfTurn(messages, turn);
  const look = () => {
    const { current: element } = scroller;
    if (element === null) return;
    const from = Math.floor(element.scrollTop / ROW_PX);
    setSeen({ from, rows: Math.ceil(element.clientHeight / ROW_PX) });
  };
  useLayoutEffect(() => {
    const { current: element } = scroller;
    if (element === null) return;
    const top = current * ROW_PX;
    const isSeen = top >= element.scrollTop && top + ROW_PX * 2 <= element.scrollTop + element.clientHeight;
    if (!isSeen) element.scrollTop = Math.max(0, top - element.clientHeight / 2);
    look();
  }, [current, messages]);
  const from = Math.max(0, seen.from - SPARE_ROWS);
  const shown = messages.slice(from, seen.from + seen.rows + SPARE_ROWS);
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached by the keyboard
    <section class="view-scroll" ref={scroller} onScroll={look} tabIndex={0} aria-label="Messages">
      <div class="seq">
        <div class="seq-head">
          {lanes.map(({ lane, label }) => (
            <span key={lane}>{label}</span>
          ))}
        </div>
        <div class="seq-rows" style={{ height: `${messages.length * ROW_PX}px` }}>
          <div class="seq-lanes">
            {lanes.map(({ lane }, place) => (
              <div key={lane} class="seq-line" style={{ left: `${centre(place, lanes.length)}%` }} />
            ))}
          </div>
          {shown.map((message, place) => (
            <Row
              key={from + place}
              message={message}
              top={(from + place) * ROW_PX}
              lanes={lanes.map(({ lane }) => lane)}
              isCurrent={isOfTurn(message, turn)}
            />
          ))}
        </div>
        {fromTurn > 0 || toTurn < (store.overview.value?.turns ?? 0) - 1 ? (
          <p class="view-words">
            Turns {fromTurn.toLocaleString('en')} to {toTurn.toLocaleString('en')}: others are told where they are
            shown.
          </p>
        ) : null}
      </div>
    </section>
  );
}

interface RowProps {
  readonly message: SequenceMessage;
  readonly top: number;
  readonly lanes: readonly Lane[];
  readonly isCurrent: boolean;
}

function Row({ message, top, lanes, isCurrent }: RowProps) {
  const { from, to, label, atMs, fromTurn, toTurn, tone } = message;
  const [left, right] = [lanes.indexOf(from), lanes.indexOf(to)].sort((a, b) => a - b);
  const start = centre(left ?? 0, lanes.length);
  const width = centre(right ?? 0, lanes.length) - start;
  const direction = lanes.indexOf(from) < lanes.indexOf(to) ? 'to-right' : 'to-left';
  const place =
    fromTurn === null ? 'supervisor' : fromTurn === toTurn ? `turn ${fromTurn}` : `turns ${fromTurn}–${toTurn}`;
  return (
    <button
      type="button"
      class={`seq-row tone-${tone}`}
      style={{ top: `${top}px` }}
      aria-current={isCurrent ? 'true' : undefined}
      title={`${place}: ${label}`}
      disabled={fromTurn === null}
      onClick={() => toTurn !== null && goToTurn(toTurn)}
    >
      <span class="seq-time">{placeText(atMs)}</span>
      <span class="unseen">
        {place}, {from} to {to}:
      </span>
      <span class="seq-lanes">
        {from === to ? (
          <span class="seq-self" style={{ left: `${start}%` }}>
            {label}
          </span>
        ) : (
          <span class={`seq-arrow ${direction}`} style={{ left: `${start}%`, width: `${width}%` }}>
            <span class="seq-label">{label}</span>
          </span>
        )}
      </span>
    </button>
  );
}

function centre(place: number, lanes: number): number {
  return ((place + 0.5) / lanes) * 100;
}

function isOfTurn({ fromTurn, toTurn }: SequenceMessage, turn: number): boolean {
  return fromTurn !== null && toTurn !== null && fromTurn <= turn && turn <= toTurn;
}

/** The first message of the turn; of a turn without one, the last before it. */
function placeOfTurn(messages: readonly SequenceMessage[], turn: number): number {
  const of = messages.findIndex((message) => isOfTurn(message, turn));
  return of >= 0
    ? of
    : Math.max(
        0,
        messages.findLastIndex(({ toTurn }) => toTurn !== null && toTurn < turn),
      );
}
