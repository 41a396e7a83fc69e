/**
 * What if, from a turn on: the session of a log, forked. Another limit, an event that is lost, comes twice or says something else, a timer
 * that fires now, speech that fails: both lanes from there on, and a verdict.
 *
 *  Fork 1 (judged). What is certain is judged by analysis/what-if, which names an end only where the same world would have come to it. From
 *    where it says "undetermined", every row is marked as what would follow if the world had gone on as recorded.
 *  Fork 2 (limits). A server has its settings before a session begins, so another limit holds from the first turn on; the answer is the one
 *    of `recital replay --with`.
 *  Fork 3 (alive). A log that still grows can be forked at each of its turns: then "so far" is all that is said.
 *    A log that does not replay is not forked: what differs might be the code.
 *  Fork 4 (bounded). Logs of more than MAX_TURNS turns are not forked; of long lanes, the rows where both did the same are folded.
 */
import type { AnyStateMachine } from 'xstate';
import type { Deviation, WhatIfVerdict } from '../../analysis/what-if/standing.ts';
import { NO_END, NOT_REPLAYING, whatIf, whatIfHeard } from '../../analysis/what-if/what-if.ts';
import { failure, wordsOf } from '../../errors.ts';
import { durationText } from '../../log/duration-text.ts';
import { type LoggedEvent, THREW } from '../../log/log-format.ts';
import { type EventLog, endReasonOf } from '../../log/log-reader.ts';
import { recordedInputOf, settingsOf } from '../../replay/recorded-limits.ts';
import { eventWords, timerOf } from './event-words.ts';
import { changeOfLimits } from './fork-limits.ts';
import { type ForkEnd, type ForkRow, type ForkWalk, SUPPOSED, standBehind, walkFork } from './fork-walk.ts';
import { shellWord } from './shell-word.ts';

/** What is to be different. All but `settings` happen at, or right behind, the turn that is forked. */
export type ForkChange =
  | { readonly kind: 'settings'; readonly settings: Readonly<Record<string, string>> }
  | { readonly kind: 'lost' }
  | { readonly kind: 'repeated' }
  /** The event with other fields, as JSON. */
  | { readonly kind: 'edited'; readonly event: string }
  /** By its id, `xstate.after.stallCheck.session…`. */
  | { readonly kind: 'timer'; readonly id: string }
  | { readonly kind: 'speech-fails'; readonly segment: number; readonly isRetryable: boolean }
  /** Something else comes in: one of `ForkOptions.facts`. */
  | { readonly kind: 'heard'; readonly event: string };

/** What can be changed at a turn. */
export interface ForkOptions {
  readonly turn: number;
  /** The event of the turn as JSON; null = it cannot be changed: the first turn, or one in which the chart threw. */
  readonly event: string | null;
  readonly timers: readonly {
    readonly id: string;
    readonly name: string;
    readonly state: string;
    readonly dueInMs: number;
  }[];
  /** Sentences that the voice is at. */
  readonly segments: readonly number[];
  readonly facts: readonly { readonly label: string; readonly event: string }[];
  /** Settings that the session ran under, by name; empty where the log does not tell. */
  readonly settings: Readonly<Record<string, string>>;
}

export interface Fork {
  readonly turn: number;
  /** What is different, in words. */
  readonly change: string;
  /** `none`: nothing that the world could see is different. */
  readonly verdict: 'none' | 'same_end' | 'other_end' | 'undetermined';
  /** The verdict in a sentence or two. */
  readonly words: string;
  readonly recordedEnd: ForkEnd | null;
  readonly forkedEnd: ForkEnd | null;
  /** False: it would come to this end if the world had gone on as recorded. */
  readonly isEndCertain: boolean;
  /** The place in `rows` at which the two first differ; null = they do not. */
  readonly firstDifference: number | null;
  readonly rows: readonly FoldedRow[];
  /** Rows that are not shown. */
  readonly more: number;
  /** The same question to a whole folder; null = there is no command for it. */
  readonly command: string | null;
}

/** A row, or a run of rows in which both did the same. */
export interface FoldedRow extends ForkRow {
  /** 1, or how many rows this one stands for. */
  readonly count: number;
  readonly toTurn: number | null;
}

export interface ForkFault {
  readonly fault: string;
}

/** An event may have any field, but no fault has a type. */
function isFault(result: LoggedEvent | ForkFault): result is ForkFault {
  return !('type' in result);
}

const MAX_TURNS = 50_000;
const MAX_ROWS = 400;
/** Rows that are shown where a run is folded, on each side of it. */
const KEPT_ROWS = 2;
const MAX_EVENT_CHARS = 64 * 1024;

/** What can be changed at `turn` of a log. */
export function forkOptions(log: EventLog, machine: AnyStateMachine, turn: number): ForkOptions | ForkFault {
  const recorded = log.turns[turn];
  const fault = faultOf(log, turn);
  if (recorded === undefined || fault !== null) return { fault: fault ?? noTurnWords(log, turn) };
  const standing = standingAt(log, machine, turn);
  if ('fault' in standing) return standing;
  const { play, world } = standing;
  const isOver = play.snapshot.status !== 'active';
  const timers = [...play.timers.values()].map(({ id, armedAtMs, delayMs }) => {
    return { id, ...timerOf(id), dueInMs: Math.max(0, armedAtMs + delayMs - recorded.atMs) };
  });
  const isChangeable = turn > 0 && recorded.status !== THREW;
  return {
    turn,
    event: isChangeable ? JSON.stringify(recorded.event) : null,
    timers: isOver ? [] : timers.sort((a, b) => a.dueInMs - b.dueInMs),
    segments: isOver ? [] : [...world.voiceJobs().keys()],
    facts: isOver ? [] : factsFor(log.header.machine, world.isRunning('answer')),
    settings: log.header.machine === 'session' ? settingsOf(log.header.input) : {},
  };
}

/** A log that is not what this chart would have recorded may make it throw. */
function standingAt(log: EventLog, machine: AnyStateMachine, turn: number): ReturnType<typeof standBehind> | ForkFault {
  try {
    return standBehind(log, machine, turn);
  } catch (error) {
    return { fault: `this page's chart cannot play the log up to turn ${turn}, it threw: ${wordsOf(error)}` };
  }
}

/** The log forked at `turn`, or what stands in the way. */
export function fork(log: EventLog, machine: AnyStateMachine, turn: number, change: ForkChange): Fork | ForkFault {
  const fault = faultOf(log, turn);
  if (fault !== null) return { fault };
  try {
    return change.kind === 'settings'
      ? forkedBySettings(log, machine, turn, change.settings)
      : forkedByEvents(log, machine, turn, change);
  } catch (error) {
    return { fault: `the chart threw: ${wordsOf(error)}` };
  }
}

function forkedBySettings(
  log: EventLog,
  machine: AnyStateMachine,
  turn: number,
  settings: Readonly<Record<string, string>>,
): Fork | ForkFault {
  const limits = changeOfLimits(settings);
  if ('fault' in limits) return limits;
  const input = recordedInputOf(log.header.input);
  if (log.header.machine !== 'session' || input === null) {
    return { fault: 'the log does not say under which limits it was recorded: only the logs of sessions do' };
  }
  const verdict = whatIf(log, machine, (recorded) => ({ ...recorded, ...limits.change }));
  const changed = { ...input, limits: { ...input.limits, ...limits.change } };
  const walk = walkFork({ log, machine, input: changed, deviation: null });
  const pairs = Object.entries(settings).map(([name, value]) => `${name}=${value.trim()}`);
  const command = `recital replay PATH --with ${pairs.map((pair) => shellWord(pair)).join(' ')}`;
  return forkOf(log, { turn, from: 0, change: `${pairs.join(' ')} from the beginning`, verdict, walk, command });
}

function forkedByEvents(
  log: EventLog,
  machine: AnyStateMachine,
  turn: number,
  change: Exclude<ForkChange, { kind: 'settings' }>,
): Fork | ForkFault {
  const planned = deviationOf(log, machine, turn, change);
  if ('fault' in planned) return planned;
  const { deviation, words } = planned;
  const verdict = whatIfHeard(log, machine, deviation);
  const walk = walkFork({ log, machine, input: log.header.input, deviation });
  return forkOf(log, { turn, from: turn, change: words, verdict, walk, command: null });
}

interface Planned {
  readonly deviation: Deviation;
  readonly words: string;
}

function deviationOf(
  log: EventLog,
  machine: AnyStateMachine,
  turn: number,
  change: Exclude<ForkChange, { kind: 'settings' }>,
): Planned | ForkFault {
  const options = forkOptions(log, machine, turn);
  if ('fault' in options) return options;
  const recorded = log.turns[turn]?.event;
  const behind = (event: LoggedEvent, words: string): Planned => {
    return { deviation: { turn, isHeard: true, others: [event] }, words: `behind turn ${turn}: ${words}` };
  };
  const isOfEvent = change.kind === 'lost' || change.kind === 'repeated' || change.kind === 'edited';
  if (recorded === undefined || (isOfEvent && options.event === null)) {
    return {
      fault: `the event of turn ${turn} cannot be another one: ${turn === 0 ? 'it is the beginning' : 'its chart threw'}`,
    };
  }
  switch (change.kind) {
    case 'lost':
      return {
        deviation: { turn, isHeard: false, others: [] },
        words: `turn ${turn} is lost: ${eventWords(recorded)}`,
      };
    case 'repeated':
      return behind(recorded, `${eventWords(recorded)} once more`);
    case 'edited': {
      const event = readEvent(change.event);
      if (isFault(event)) return event;
      return { deviation: { turn, isHeard: false, others: [event] }, words: `turn ${turn} is ${eventWords(event)}` };
    }
    case 'timer':
      if (!options.timers.some(({ id }) => id === change.id)) {
        return { fault: `${timerOf(change.id).name} is not armed behind turn ${turn}` };
      }
      return behind({ type: change.id }, `${timerOf(change.id).name} fires`);
    case 'speech-fails': {
      const { segment, isRetryable } = change;
      if (!options.segments.includes(segment))
        return { fault: `the voice is not at sentence ${segment} behind turn ${turn}` };
      const event = {
        type: 'speech.failed',
        segment,
        retryable: isRetryable,
        failure: failure('speech_failed', 'What if'),
      };
      return behind(event, `the voice fails at sentence ${segment}`);
    }
    case 'heard': {
      const event = readEvent(change.event);
      return isFault(event) ? event : behind(event, eventWords(event));
    }
  }
}

/** An event as somebody typed it; the chart may never have heard of its type, and then does nothing. */
function readEvent(text: string): LoggedEvent | ForkFault {
  if (text.length > MAX_EVENT_CHARS)
    return { fault: `an event of ${text.length} characters is longer than ${MAX_EVENT_CHARS}` };
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    return { fault: `the event is no JSON: ${wordsOf(error)}` };
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return { fault: 'an event is an object' };
  const type: unknown = Reflect.get(value, 'type');
  if (typeof type !== 'string' || type === '') return { fault: 'an event has a type, such as "client.cancelled"' };
  return { ...value, type };
}

interface Forked {
  readonly turn: number;
  /** From which turn on rows are shown. */
  readonly from: number;
  readonly change: string;
  readonly verdict: WhatIfVerdict;
  readonly walk: ForkWalk;
  readonly command: string | null;
}

function forkOf(log: EventLog, { turn, from, change, verdict, walk, command }: Forked): Fork | ForkFault {
  // A difference would be one of the code, not of what was changed.
  if (verdict.why?.startsWith(NOT_REPLAYING)) return { fault: `${verdict.why}. What if is asked of logs that do.` };
  const isDifferent = walk.rows.some(({ isSame }) => !isSame);
  const start = walk.rows.findIndex((row) => row.turn === from);
  const rows = folded(judgedRows(walk.rows, verdict).slice(Math.max(0, start)));
  const isWhole = log.footer?.status === 'done';
  const isOpen = isDifferent || (isWhole && verdict.verdict !== 'same_end');
  const kind = isOpen && verdict.why !== NO_END ? verdict.verdict : 'none';
  const shown = rows.slice(0, MAX_ROWS);
  const first = shown.findIndex(({ isSame }) => !isSame);
  const last = log.turns.at(-1);
  const recordedEnd = isWhole && last ? { reason: endReasonOf(log.footer), turn: last.turn, atMs: last.atMs } : null;
  const isEndCertain = kind !== 'undetermined';
  return {
    turn,
    change,
    verdict: kind,
    words: wordsOfFork({ kind, verdict, walk, recordedEnd }),
    recordedEnd,
    forkedEnd: walk.end,
    isEndCertain,
    firstDifference: first < 0 ? null : first,
    rows: shown,
    more: rows.length - shown.length,
    command,
  };
}

/** Marks the rows from which on nothing is known for sure (Fork 1). */
function judgedRows(rows: readonly ForkRow[], { verdict, turn, isOrderOpen }: WhatIfVerdict): readonly ForkRow[] {
  if (verdict !== 'undetermined' || turn === null) return rows;
  const at = rows.findIndex((row) => row.turn !== null && row.turn >= turn);
  if (at < 0) return rows;
  // What it does in that very turn is certain, and so is what is supposed: it is what follows that is open.
  const isOpen = (row: ForkRow) => row.note !== SUPPOSED && (row.turn === null || row.turn > turn);
  const next = rows.findIndex((row, place) => place > at && isOpen(row));
  const openFrom = isOrderOpen || rows[at]?.turn !== turn ? at : next < 0 ? rows.length : next;
  return rows.map((row, place) => {
    if (place >= openFrom) return { ...row, isCertain: false };
    return place === at && row.isSame && rows[place + 1]?.note !== SUPPOSED
      ? { ...row, isSame: false, note: 'other words of the same length' }
      : row;
  });
}

function wordsOfFork({
  kind,
  verdict: { turn, atMs, to, why, isOutlived },
  walk: { end, isStuck },
  recordedEnd,
}: {
  readonly kind: Fork['verdict'];
  readonly verdict: WhatIfVerdict;
  readonly walk: ForkWalk;
  readonly recordedEnd: ForkEnd | null;
}): string {
  const recorded =
    recordedEnd === null ? 'it still runs, or its log ends before it does' : `it ended with ${recordedEnd.reason}`;
  const place = turn === null || atMs === null ? '' : ` at turn ${turn}, ${durationText(atMs)}`;
  switch (kind) {
    case 'none':
      return recordedEnd === null
        ? 'So far nothing that the world can see would have been different.'
        : `Nothing would have been different: ${recorded} all the same.`;
    case 'same_end':
      return `It would have ended with ${to} all the same${why === null ? '' : ` (${why})`}${place === '' ? '' : `, and went another way${place}`}.`;
    case 'other_end':
      return `It would have ended with ${to}${place}; recorded: ${recorded}.`;
    case 'undetermined': {
      const open = isOutlived ? `It would have lived on: ${why}` : `Undetermined from turn ${turn} on: ${why}`;
      if (end !== null)
        return `${open}. If the world had gone on as recorded, it would have ended with ${end.reason} at ${durationText(end.atMs)}.`;
      if (isStuck) return `${open}. If the world had gone on as recorded, it would wait for ever: no timer is armed.`;
      return `${open}.`;
    }
  }
}

/** Runs of rows in which both did the same become one, but for their first and last rows. */
function folded(rows: readonly ForkRow[]): readonly FoldedRow[] {
  const all: FoldedRow[] = [];
  for (let place = 0; place < rows.length; ) {
    let end = place;
    while (rows[end]?.isSame) end += 1;
    const run = rows.slice(place, Math.max(end, place + 1));
    const hidden = run.slice(KEPT_ROWS, -KEPT_ROWS);
    const [first] = hidden;
    const isFolded = first !== undefined && hidden.length > 1;
    const one = (row: ForkRow): FoldedRow => ({ ...row, count: 1, toTurn: row.turn });
    if (isFolded) {
      all.push(...run.slice(0, KEPT_ROWS).map(one));
      all.push({ ...first, count: hidden.length, toTurn: hidden.at(-1)?.turn ?? null });
      all.push(...run.slice(-KEPT_ROWS).map(one));
    } else all.push(...run.map(one));
    place += run.length;
  }
  return all;
}

function factsFor(machine: string, isAnswering: boolean): ForkOptions['facts'] {
  const fact = (label: string, event: LoggedEvent) => ({ label, event: JSON.stringify(event) });
  if (machine === 'supervisor') return [fact('the server is told to drain', { type: 'drain.requested' })];
  const ofModel = [
    fact('the model ends its answer', { type: 'answer.finished' }),
    fact('the model is cut off', { type: 'answer.finished', isCutOff: true }),
    fact('the model fails', { type: 'answer.failed', failure: failure('answer_failed', 'What if') }),
  ];
  return [
    ...(isAnswering ? ofModel : []),
    fact('the client cancels', { type: 'client.cancelled' }),
    fact('the device interrupts', { type: 'device.interruptRequested' }),
    fact('the reader is faster than its rate', { type: 'outbox.rateExceeded', framesInLastSecond: 1_000 }),
    fact('the grace of a drain is over', { type: 'server.graceExpired' }),
    fact('something of ours throws', { type: 'session.faulted', faultId: 'what-if' }),
  ];
}

function faultOf(log: EventLog, turn: number): string | null {
  if (!Number.isInteger(turn) || turn < 0 || turn >= log.turns.length) return noTurnWords(log, turn);
  if (log.turns.length <= MAX_TURNS) return null;
  return `a log of ${log.turns.length} turns is not forked: at most ${MAX_TURNS}`;
}

function noTurnWords({ turns }: EventLog, turn: number): string {
  return `turn ${turn} must be 0..${turns.length - 1}`;
}
