/**
 * What the list draws, made of what the server tells and of the clock: between two of its lines a live row ages here, and the wait that it
 * is in grows. A session is stuck when it waits, and nothing has happened in it for STUCK_MS, whoever looked on meanwhile.
 */
import type { LogOverview, Verdict } from '../../debugger/views.ts';
import type { ListRow, Waits } from '../../feed-format.ts';
import { type WaitName, waitOf } from '../../waits.ts';
import { durationWords, isNoLog } from '../session/session-words.ts';
import type { ListEntry } from './list-order.ts';

/** No answer, voice or reader is that slow by itself; the shortest time limit for them is 15 s. */
export const STUCK_MS = 10_000;

/** A row as the server told it, and when. */
export interface SeenRow extends ListRow {
  /** On the page's clock, in ms. */
  readonly seenAtMs: number;
  /** Since when nothing has happened in it, on the page's clock. */
  readonly quietSinceMs: number;
  readonly wait: WaitName | null;
}

/** `before`: what was known of the same log. */
export function seenRow(row: ListRow, before: SeenRow | undefined, nowMs: number): SeenRow {
  const wait = before?.state === row.state ? before.wait : waitOf(row.state);
  return {
    ...row,
    // What was read of its log meanwhile holds as long as nothing more has come.
    waits: row.waits ?? (before?.turns === row.turns ? before.waits : null),
    seenAtMs: nowMs,
    quietSinceMs: nowMs - row.quietMs,
    wait: row.isLive ? wait : null,
  };
}

export function entryOfRow(row: SeenRow, nowMs: number): ListEntry {
  const sinceMs = row.isLive ? Math.max(0, nowMs - row.seenAtMs) : 0;
  const quietMs = row.isLive ? Math.max(0, nowMs - row.quietSinceMs) : 0;
  return {
    id: row.id,
    machine: row.machine,
    session: row.session,
    device: row.device,
    state: row.state,
    reason: row.reason,
    startedAt: row.startedAt,
    ageMs: row.ageMs + sinceMs,
    turns: row.turns,
    wait: row.wait,
    waits: grown(row.waits, row.wait, sinceMs),
    quietMs,
    isLive: row.isLive,
    // What is no log has not failed.
    isFailed: row.isFailed && row.machine !== '',
    isStuck: row.wait !== null && quietMs >= STUCK_MS,
    isFile: false,
    verdict: '',
    file: row.why === undefined ? (row.file ?? '') : '',
    note: row.why ?? row.file ?? (row.session === '' ? placeOfServer(row) : ''),
  };
}

/** A supervisor has no session and no device: which server's it is tells when that one began. */
function placeOfServer({ isLive, startedAt }: ListRow): string {
  return isLive ? 'this server' : startedAt.slice(0, 19).replace('T', ' ');
}

function grown(waits: Waits | null, wait: WaitName | null, byMs: number): Waits | null {
  return waits === null || wait === null || byMs === 0 ? waits : { ...waits, [wait]: waits[wait] + byMs };
}

/** The row of a log in a segment that was opened: as the segment tells it, until it was opened itself. */
export function entryOfMember(row: ListRow): ListEntry {
  return { ...entryOfRow(seenRow(row, undefined, 0), 0), isFile: true };
}

/** The row of an opened file. */
export function entryOfFile(overview: LogOverview): ListEntry {
  const { id, title, header, reason, state, turns, lastMs, waits = null, verdict, isReading } = overview;
  const input = header?.input;
  const session = textIn(input, 'sessionId');
  const file = id.replace(/^file:\d+:/, '');
  return {
    id,
    machine: header?.machine ?? '',
    session: session || title,
    device: textIn(input, 'hardwareId'),
    file: session === '' ? '' : file,
    state,
    reason,
    startedAt: header?.startedAt ?? '',
    ageMs: lastMs,
    turns,
    wait: null,
    waits,
    quietMs: 0,
    isLive: false,
    isFailed: verdict.kind !== 'identical' && !isNoLog(overview),
    isStuck: false,
    isFile: true,
    verdict:
      isReading && verdict.kind === 'identical' ? 'reading …' : isNoLog(overview) ? NO_LOG : verdictWords(verdict),
  };
}

/** In the place of how it ended. */
export const NO_LOG = 'no event log';

/** A field of what may be anything; '' where it is no text. */
export function textIn(value: unknown, field: string): string {
  if (typeof value !== 'object' || value === null || !Object.hasOwn(value, field)) return '';
  const text: unknown = Reflect.get(value, field);
  return typeof text === 'string' ? text : '';
}

function verdictWords(verdict: Verdict): string {
  switch (verdict.kind) {
    case 'identical':
      return verdict.isWhole ? '✓ identical' : '✓ identical so far';
    case 'diverged':
      return `✗ diverged at turn ${verdict.turn}`;
    case 'bad-log':
      return `✗ bad log, line ${verdict.line}`;
  }
}

/** A random id is told apart by its first two groups; any other is shown whole, as far as there is room. */
export function shortSession(session: string): string {
  return /^[0-9a-f]{8}-[0-9a-f]{4}-/i.test(session) && session.length === 36 ? session.slice(0, 13) : session;
}

/** The leaf that tells most, without what stands around it: `voice.speaking`, `answer.receiving`. */
export function shortState(state: string, wait: WaitName | null): string {
  const leaves = state.split(' | ').map((leaf) => leaf.replace(/^streaming\./, ''));
  const region = wait === 'voice' || wait === 'reader' || wait === 'out' ? /^voice\./ : /^answer\./;
  const leaf = leaves.find((each) => region.test(each)) ?? leaves[0] ?? '';
  const parts = leaf.split('.');
  const last = parts.at(-1) ?? '';
  if (last.length > 14) return last;
  return parts.length < 3 ? leaf : `${parts[0]}.${last}`;
}

const tones: readonly WaitName[] = ['start', 'model', 'voice', 'reader', 'out'];
const waitWords: Readonly<Record<WaitName, string>> = {
  start: 'first word',
  model: 'model',
  voice: 'voice',
  reader: 'reader',
  out: 'end',
};

/** `waited for: first word 0.3 s · model 2.1 s`; '' where nobody knows. */
export function waitsWords(waits: Waits | null): string {
  if (waits === null) return '';
  const told = tones
    .filter((name) => waits[name] >= 50)
    .map((name) => `${waitWords[name]} ${durationWords(waits[name])}`);
  return told.length === 0 ? 'waited for nothing' : `waited for: ${told.join(' · ')}`;
}

/**
 * The strip as a background: a part of the width for each wait, in the order of a stream. '' where nobody knows. A failed one has a red end.
 */
export function stripOf({ waits, ageMs, isFailed }: Pick<ListEntry, 'waits' | 'ageMs' | 'isFailed'>): string {
  const stops: string[] = [];
  let at = 0;
  for (const name of waits === null ? [] : tones) {
    const share = ageMs > 0 ? (100 * (waits?.[name] ?? 0)) / ageMs : 0;
    if (share < 0.2) continue;
    const to = Math.min(100, at + share);
    const tone = name === 'start' ? 'waiting' : name;
    stops.push(`var(--${tone}-fill) ${at.toFixed(1)}% ${to.toFixed(1)}%`);
    at = to;
  }
  stops.push(`transparent ${at.toFixed(1)}% 100%`);
  const red = isFailed ? 'linear-gradient(90deg,transparent calc(100% - 7px),var(--error-fill) 0),' : '';
  return stops.length === 1 && red === '' ? '' : `${red}linear-gradient(90deg,${stops.join(',')})`;
}
