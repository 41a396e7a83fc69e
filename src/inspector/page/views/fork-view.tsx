/**
 * What if, from a turn: what is to be different is chosen, and both lanes are drawn from there on. Where the log does not tell how it would
 * have gone on, a line says so, and all below it is hatched.
 */
import { Fragment } from 'preact';
import type { FoldedRow, Fork, ForkChange, ForkOptions } from '../../debugger/fork.ts';
import type { LaneSide } from '../../debugger/fork-walk.ts';
import { useAnswer } from '../engine.ts';
import { useSlowed } from '../session/timeline-view.tsx';
import { goToTurn, store } from '../store.ts';
import { chosen, forked, forkHere } from './fork-place.ts';
import './views.css';
import { durationWords } from '../session/session-words.ts';
import { copyText, placeText, refreshMs } from './view-words.ts';

export function ForkView() {
  const log = store.log.value ?? '';
  if (forked.value.log !== log) forkHere();
  const { turn } = forked.value;
  const grown = store.overview.value?.turns ?? 0;
  const turns = useSlowed(grown, refreshMs(grown));
  const options = useAnswer<'forkOptions'>({ kind: 'forkOptions', log, turn });
  const choices = options.answer === null ? [] : choicesOf(options.answer);
  const choice = choices.find(({ key }) => key === chosen.value.key) ?? null;
  const change = choice?.change(chosen.value.typed.trim()) ?? null;
  const { answer, error } = useAnswer<'fork'>(change === null ? null : { kind: 'fork', log, turn, change }, turns);
  return (
    <div class="view">
      <div class="view-bar">
        <Chooser choices={choices} turn={turn} />
        {choice !== null && choice.placeholder !== '' && <Typed choice={choice} />}
        {store.turn.value !== turn && (
          <button type="button" class="pill" onClick={forkHere}>
            Fork at turn {store.turn.value} instead
          </button>
        )}
      </div>
      {options.error !== null && <p class="view-words is-bad">{options.error}</p>}
      {change === null && options.error === null && (
        <p class="view-words">
          Choose what is to be different. Both courses are played on from there, in this page; nothing on the server
          changes.
        </p>
      )}
      {choice === null && <ChoiceCards choices={choices} />}
      {change !== null && error !== null && <p class="view-words is-bad">{error}</p>}
      {change !== null && error === null && answer !== null && <ForkedLanes fork={answer} />}
    </div>
  );
}

interface Choice {
  readonly key: string;
  readonly group: string;
  readonly label: string;
  /** What is typed to it; '' = nothing is. */
  readonly placeholder: string;
  readonly isLong: boolean;
  /** null = something is to be typed first. */
  readonly change: (typed: string) => ForkChange | null;
}

function choicesOf({ event, timers, segments, facts, settings }: ForkOptions): readonly Choice[] {
  const plain = (key: string, group: string, label: string, change: ForkChange): Choice => {
    return { key, group, label, placeholder: '', isLong: false, change: () => change };
  };
  const ofEvent: readonly Choice[] =
    event === null
      ? []
      : [
          plain('lost', 'This event', 'it is lost', { kind: 'lost' }),
          plain('repeated', 'This event', 'it comes twice', { kind: 'repeated' }),
          {
            key: 'edited',
            group: 'This event',
            label: 'it says something else…',
            placeholder: event,
            isLong: true,
            change: (typed) => ({ kind: 'edited', event: typed || event }),
          },
        ];
  return [
    ...ofEvent,
    ...timers.map(({ id, name, dueInMs }) =>
      plain(id, 'A timer fires now', `${name}, due in ${durationWords(dueInMs)}`, { kind: 'timer', id }),
    ),
    ...segments.flatMap((segment) => [
      plain(`fails ${segment}`, 'The voice', `fails at sentence ${segment}`, {
        kind: 'speech-fails',
        segment,
        isRetryable: false,
      }),
      plain(`retry ${segment}`, 'The voice', `fails at sentence ${segment}, and can be tried again`, {
        kind: 'speech-fails',
        segment,
        isRetryable: true,
      }),
    ]),
    ...facts.map((fact) => plain(fact.event, 'The world', fact.label, { kind: 'heard', event: fact.event })),
    ...Object.entries(settings).map(
      ([name, value]): Choice => ({
        key: name,
        group: 'A setting, from the beginning',
        label: `${name} (${value})`,
        placeholder: value,
        isLong: false,
        change: (typed) => (typed === '' ? null : { kind: 'settings', settings: { [name]: typed } }),
      }),
    ),
  ];
}

function Chooser({ choices, turn }: { readonly choices: readonly Choice[]; readonly turn: number }) {
  const groups = [...new Set(choices.map(({ group }) => group))];
  return (
    <label>
      <b>What if, at turn {turn}: </b>
      <select
        value={chosen.value.key}
        onChange={({ currentTarget }) => {
          chosen.value = { key: currentTarget.value, typed: '' };
        }}
      >
        <option value="">choose…</option>
        {groups.map((group) => (
          <optgroup key={group} label={group}>
            {choices
              .filter((choice) => choice.group === group)
              .map(({ key, label }) => (
                <option key={key} value={key}>
                  {label}
                </option>
              ))}
          </optgroup>
        ))}
      </select>
    </label>
  );
}

/** The same choices, seen at once. */
function ChoiceCards({ choices }: { readonly choices: readonly Choice[] }) {
  const groups = [...new Set(choices.map(({ group }) => group))];
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached by the keyboard
    <section class="view-scroll choices" tabIndex={0} aria-label="Choices">
      {groups.map((group) => (
        <div key={group} class="card">
          <h2>{group}</h2>
          {choices
            .filter((choice) => choice.group === group)
            .map(({ key, label }) => (
              <button
                type="button"
                key={key}
                onClick={() => {
                  chosen.value = { key, typed: '' };
                }}
              >
                {label}
              </button>
            ))}
        </div>
      ))}
    </section>
  );
}

function Typed({ choice: { key, placeholder, isLong } }: { readonly choice: Choice }) {
  const take = (typed: string) => {
    chosen.value = { key, typed };
  };
  if (isLong) {
    return (
      <textarea
        class="fork-event"
        aria-label="The event, as JSON"
        spellcheck={false}
        onChange={({ currentTarget }) => take(currentTarget.value)}
        value={chosen.value.typed || placeholder}
      />
    );
  }
  return (
    <input
      type="text"
      size={16}
      aria-label={`Value of ${key}`}
      placeholder={`other than ${placeholder}`}
      value={chosen.value.typed}
      onChange={({ currentTarget }) => take(currentTarget.value)}
    />
  );
}

const verdictTitles = {
  none: 'No difference.',
  same_end: 'The same end.',
  other_end: 'Another end.',
  undetermined: 'Undetermined.',
} as const;

function ForkedLanes({ fork }: { readonly fork: Fork }) {
  const { verdict, words, command, rows, more, change } = fork;
  const openFrom = rows.findIndex(({ isCertain }) => !isCertain);
  return (
    <>
      <div class={`verdict-line ${verdict}`} role="status" data-fork={verdict}>
        <b>{verdictTitles[verdict]}</b>
        {words.replace(/^Undetermined from/, 'From').replace(/^(From turn \d+) on:/, '$1 on the log does not tell:')}
        {command !== null && (
          <>
            {' '}
            <button type="button" class="pill" onClick={() => void copyText(command)}>
              Copy the command that asks a folder this
            </button>
          </>
        )}
      </div>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached by the keyboard */}
      <section class="view-scroll" tabIndex={0} aria-label={`Recorded, and what if: ${change}`}>
        <table class="lanes">
          <thead>
            <tr>
              <th class="narrow">Turn</th>
              <th class="narrow">When</th>
              <th>Event</th>
              <th>Recorded</th>
              <th>What if</th>
            </tr>
          </thead>
          <tbody>
            {rows.map((row, place) => (
              <Fragment key={`${row.turn} ${place}`}>
                {place === openFrom && (
                  <tr class="lane-break">
                    <td colSpan={5}>
                      From here on it is open. What follows holds if the world had gone on as it was recorded.
                    </td>
                  </tr>
                )}
                <LaneRow row={row} />
              </Fragment>
            ))}
          </tbody>
        </table>
        {more > 0 && <p class="view-words">{more.toLocaleString('en')} more rows are not shown.</p>}
      </section>
    </>
  );
}

function LaneRow({ row }: { readonly row: FoldedRow }) {
  const { turn, toTurn, atMs, event, recorded, forked: fork, note, isSame, isCertain, count } = row;
  const kind = `lane-row ${isSame ? 'lane-same' : 'lane-different'} ${isCertain ? '' : 'lane-open'}`;
  return (
    <tr class={kind}>
      <td>
        {turn === null ? (
          <span class="absent">–</span>
        ) : (
          <button type="button" class="link" onClick={() => goToTurn(turn)}>
            {count > 1 ? `${turn}–${toTurn}` : turn}
          </button>
        )}
      </td>
      <td>{placeText(atMs)}</td>
      {count > 1 ? (
        <td colSpan={3}>{count} turns in which both did the same</td>
      ) : (
        <>
          <td class="mono">{event}</td>
          <td>
            <Side side={recorded} note="" />
          </td>
          <td>
            <Side side={fork} note={note} />
          </td>
        </>
      )}
    </tr>
  );
}

function Side({ side, note }: { readonly side: LaneSide | null; readonly note: string }) {
  const isQuiet = side !== null && side.led === '' && side.effects.length === 0;
  return (
    <>
      {side === null && note === '' && <span class="absent">–</span>}
      {isQuiet && <span class="absent">stays</span>}
      {side !== null && side.led !== '' && <span class="lane-led">→ {side.led}</span>}
      {side?.effects.join(', ')}
      {note !== '' && <span class="lane-note">{note}</span>}
    </>
  );
}
