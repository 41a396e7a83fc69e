/** A supervisor: slots over time, who holds them at the shown turn, who hears and who waits, who was refused and why. */

import { useEffect, useState } from 'preact/hooks';
import type { QueuedCall, Refusal, SlotHolder, SupervisorView } from '../../debugger/supervisor-view.ts';
import { useAnswer } from '../engine.ts';
import { durationWords } from '../session/session-words.ts';
import { useSlowed } from '../session/timeline-view.tsx';
import { goToTurn, selectLog, store } from '../store.ts';
import './views.css';
import { placeText, refreshMs } from './view-words.ts';

export function SupervisorPanel() {
  const log = store.log.value ?? '';
  const shown = store.turn.value;
  // Each asks for all of the log: a server that is busy has very many turns.
  const slowed = useSlowed(shown, refreshMs(shown));
  const turn = store.isFollowing.value ? slowed : shown;
  const { answer, error } = useAnswer<'supervisor'>({ kind: 'supervisor', log, turn });
  if (error !== null) return <p class="view-words is-bad">{error}</p>;
  if (answer === null) return <p class="view-words">Reading the log…</p>;
  const { admitted, refused, interrupts, peak, maxStreams, queued } = answer;
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached by the keyboard
    <section class="view view-scroll" tabIndex={0} aria-label="Slots">
      <div class="view-bar">
        <b>{maxStreams.toLocaleString('en')} slots</b>
        <span>at most {peak.toLocaleString('en')} held</span>
        <span>{admitted.toLocaleString('en')} admitted</span>
        <span class={refused > 0 ? 'is-bad' : ''}>{refused.toLocaleString('en')} refused</span>
        <span>{interrupts.toLocaleString('en')} interrupted</span>
        {queued > 0 && <span>{queued.toLocaleString('en')} waited for their session id</span>}
        <RefusedBy />
      </div>
      <Slots view={answer} turn={turn} />
      <div class="columns">
        <Refusals refusals={answer.refusals} more={answer.moreRefusals} />
        <div>
          <Holders holders={answer.holders} more={answer.moreHolders} turn={turn} />
          {queued > 0 && <Waiting view={answer} turn={turn} />}
        </div>
      </div>
    </section>
  );
}

/** By error_type, as the running server counts them: its rpc layer refuses, too, before its supervisor is asked. */
function RefusedBy() {
  const totals = store.totals.value;
  if (totals === null || store.log.value !== 'supervisor') return null;
  return Object.entries(totals.refusedBy)
    .filter(([, count]) => count > 0)
    .map(([type, count]) => (
      <span key={type} class="pill is-bad">
        {type} {count.toLocaleString('en')}
      </span>
    ));
}

/** The time of the last change of slots up to a turn: where the shown turn stands. */
function atMsOf({ slots }: SupervisorView, turn: number): number {
  return slots.findLast((point) => point.turn <= turn)?.atMs ?? 0;
}

/** The plot with its scales. While the server runs, nobody came or went since the last turn: what it holds, it holds until now. */
function Slots({ view, turn }: { readonly view: SupervisorView; readonly turn: number }) {
  const endMs = useNowMs(view.endMs);
  return (
    <div class="slots-room">
      <div class="slots-scale">
        <span>{mostOf(view).toLocaleString('en')}</span>
        <span>0</span>
      </div>
      <SlotsPlot view={{ ...view, endMs }} atMs={atMsOf(view, turn)} />
      <p class="slots-axis">
        <span>0 ms</span>
        <span>{store.overview.value?.isLive === true ? `now, ${durationWords(endMs)}` : placeText(endMs)}</span>
      </p>
    </div>
  );
}

const TICK_MS = 1_000;

/** The end of the shown log: of a live one it goes on with the clock, as long as there is a connection. */
function useNowMs(endMs: number): number {
  const [, setTick] = useState(0);
  const row = store.rows.get(store.log.value ?? '');
  const isRunning = store.overview.value?.isLive === true && row?.isLive === true;
  useEffect(() => {
    if (!isRunning) return;
    const timer = setInterval(() => setTick((tick) => tick + 1), TICK_MS);
    return () => clearInterval(timer);
  }, [isRunning]);
  if (!isRunning || row === undefined) return endMs;
  const clockMs = store.connection.value.state === 'live' ? performance.now() : store.lostAtMs.value;
  return Math.max(endMs, row.ageMs + clockMs - row.seenAtMs);
}

/** What the scale ends with: all slots, where half of them were held, else the most that were. */
function mostOf({ maxStreams, peak }: SupervisorView): number {
  return Math.max(1, maxStreams > 0 && peak * 2 >= maxStreams ? maxStreams : peak);
}

const WIDTH = 1_000;
const HEIGHT = 100;

function SlotsPlot({ view, atMs }: { readonly view: SupervisorView; readonly atMs: number }) {
  const { slots, endMs, maxStreams, peak } = view;
  const isLimitNear = mostOf(view) === maxStreams;
  const top = mostOf(view) * 1.1;
  const x = (ms: number) => (endMs === 0 ? 0 : (ms / endMs) * WIDTH);
  const y = (held: number) => HEIGHT - (held / top) * HEIGHT;
  const steps = slots.map(({ atMs: at, held }) => `H${x(at).toFixed(1)}V${y(held).toFixed(1)}`).join('');
  const goTo = (event: MouseEvent) => {
    if (!(event.currentTarget instanceof Element)) return;
    const { left, width } = event.currentTarget.getBoundingClientRect();
    const ms = ((event.clientX - left) / width) * endMs;
    const point = slots.findLast((each) => each.atMs <= ms);
    if (point !== undefined) goToTurn(point.turn);
  };
  return (
    // biome-ignore lint/a11y/useKeyWithClickEvents: the scrubber does the same by keys
    <svg
      class="slots"
      viewBox={`0 0 ${WIDTH} ${HEIGHT}`}
      preserveAspectRatio="none"
      role="img"
      aria-label={`Slots over ${placeText(endMs)}: at most ${peak} of ${maxStreams}`}
      onClick={goTo}
    >
      <path class="held" d={`M0 ${HEIGHT}${steps}H${WIDTH}V${HEIGHT}`} />
      {isLimitNear && <line class="limit" x1={0} x2={WIDTH} y1={y(maxStreams)} y2={y(maxStreams)} />}
      <line class="now" x1={x(atMs)} x2={x(atMs)} y1={0} y2={HEIGHT} />
    </svg>
  );
}

function Refusals({ refusals, more }: { readonly refusals: readonly Refusal[]; readonly more: number }) {
  return (
    <div>
      <h2>Refused, newest first</h2>
      {refusals.length === 0 && <p class="absent">nobody</p>}
      <table class="lanes">
        <tbody>
          {refusals.map(({ turn, atMs, sessionId, hardwareId, errorType, message }) => (
            <tr key={`${turn} ${sessionId} ${hardwareId}`}>
              <td class="narrow-turn">
                <button type="button" class="link" onClick={() => goToTurn(turn)}>
                  {turn}
                </button>{' '}
                {placeText(atMs)}
              </td>
              <td>
                <b class="is-bad">{errorType}</b> {sessionId} {hardwareId !== '' && `· ${hardwareId}`}
                <span class="absent refusal">{message}</span>
              </td>
            </tr>
          ))}
        </tbody>
      </table>
      {more > 0 && <p class="absent">and {more.toLocaleString('en')} before</p>}
    </div>
  );
}

interface HoldersProps {
  readonly holders: readonly SlotHolder[];
  readonly more: number;
  readonly turn: number;
}

function Holders({ holders, more, turn }: HoldersProps) {
  return (
    <>
      <h2>In flight after turn {turn}</h2>
      {holders.length === 0 && <p class="absent">nobody holds a slot</p>}
      <table class="lanes">
        <tbody>
          {holders.map(({ streamId, sessionId, hardwareId, kind, hears }) => (
            <tr key={streamId} data-hears={hears}>
              <td>
                {hears !== null && <span title={`It hears the stream ${hears}`}>↳ hears it: </span>}
                {store.rows.has(streamId) ? (
                  <button type="button" class="link" onClick={() => selectLog(streamId)}>
                    {sessionId}
                  </button>
                ) : (
                  sessionId
                )}{' '}
                <span class="absent">
                  {kind} {hardwareId}
                </span>
              </td>
            </tr>
          ))}
        </tbody>
      </table>
      {more > 0 && <p class="absent">and {more.toLocaleString('en')} more</p>}
    </>
  );
}

/** Calls that wait until their session id is free (DUPLICATE_POLICY=queue). */
function Waiting({ view, turn }: { readonly view: SupervisorView; readonly turn: number }) {
  const { waiting, moreWaiting, queueTimeoutMs } = view;
  return (
    <>
      <h2>Waiting for their session id, at most {durationWords(queueTimeoutMs)}</h2>
      {waiting.length === 0 && <p class="absent">nobody after turn {turn}</p>}
      <table class="lanes">
        <tbody>{waiting.map(waitingRow)}</tbody>
      </table>
      {moreWaiting > 0 && <p class="absent">and {moreWaiting.toLocaleString('en')} more</p>}
    </>
  );
}

function waitingRow({ streamId, sessionId, hardwareId, place, turn, waitedMs }: QueuedCall) {
  return (
    <tr key={streamId} data-place={place}>
      <td>
        {sessionId} <b>#{place}</b> for {durationWords(waitedMs)},{' '}
        <button type="button" class="link" onClick={() => goToTurn(turn)}>
          since turn {turn}
        </button>{' '}
        <span class="absent">{hardwareId}</span>
      </td>
    </tr>
  );
}
