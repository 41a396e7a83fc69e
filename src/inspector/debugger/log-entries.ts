/** The log for people: one row a turn, or one for a run of turns that did the same (`69 × answer.textReceived, 812 characters`). */
import { type LoggedEvent, type LogTurn, THREW } from '../../log/log-format.ts';
import { shortJson } from './context-view.ts';
import type { LogEntry } from './messages.ts';

/** What turns say to the outside ends a run; what they tell the voice, and timers that are set anew, does not. */
const quietEffect = /^(arm |cancel |say speech\.informed)/;

export interface EntryOptions {
  readonly isGrouped: boolean;
  /** The turn that a re-execution differs at, or null. */
  readonly diverged: number | null;
  /** Active leaves before the first of the turns. */
  readonly before: readonly string[];
}

/** The rows for some turns of a log. */
export function logEntries(
  turns: readonly LogTurn[],
  { isGrouped, diverged, before }: EntryOptions,
): readonly LogEntry[] {
  const entries: LogEntry[] = [];
  let run: LogTurn[] = [];
  let leaves = before;
  const closeRun = () => {
    if (run.length > 0) entries.push(entryOf(run, '', 'plain'));
    run = [];
  };
  for (const turn of turns) {
    const isPlain = turn.turn !== diverged && isQuiet(turn);
    if (!isPlain || !isGrouped || run[0]?.event.type !== turn.event.type) closeRun();
    if (isPlain) {
      run.push(turn);
      continue;
    }
    const now = turn.state === undefined ? leaves : turn.state.split(' | ');
    const led = now.filter((leaf) => !leaves.includes(leaf)).join(' | ');
    entries.push(entryOf([turn], led, turn.turn === diverged ? 'bad' : toneOf(turn)));
    leaves = now;
  }
  closeRun();
  return entries;
}

/** It stayed where it was, and nobody outside heard of it. */
function isQuiet({ state, status, effects = [] }: LogTurn): boolean {
  return state === undefined && status === undefined && effects.every((effect) => quietEffect.test(effect));
}

function toneOf({ state, status }: LogTurn): LogEntry['tone'] {
  if (status === undefined) return 'plain';
  return status === THREW || status === 'error' || state === 'error' ? 'bad' : 'good';
}

function entryOf(run: readonly LogTurn[], led: string, tone: LogEntry['tone']): LogEntry {
  const [first] = run;
  const last = run.at(-1);
  const { turn = 0, atMs = 0, event = { type: '' } } = first ?? {};
  const words = run.length === 1 ? wordsOf(event) : wordsOfRun(run);
  return { fromTurn: turn, toTurn: last?.turn ?? turn, atMs, words, led, tone };
}

function wordsOfRun(run: readonly LogTurn[]): string {
  const type = run[0]?.event.type ?? '';
  let chars = 0;
  for (const { event } of run) if (typeof event.text === 'string') chars += event.text.length;
  return `${run.length} × ${type}${chars === 0 ? '' : `, ${chars.toLocaleString('en-US')} characters`}`;
}

/** The event and what it carries; when it was stands beside it. */
function wordsOf(event: LoggedEvent): string {
  const fields = Object.entries(event).filter(([name]) => name !== 'type' && name !== 'atMs');
  return [event.type, ...fields.map(([name, value]) => `${name} ${shortJson(value)}`)].join(' ');
}
