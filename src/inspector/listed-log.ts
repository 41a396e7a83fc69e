/**
 * What a list tells of a log that is over, or goes on elsewhere: made of the index of its segment, or of its first and its last lines. The
 * rest of it was not looked at, so nothing here is proof. Pure: for the server, and for a page that opens segments by itself.
 */
import { endReasonOf, isFailedEnd, readHeader } from '../log/log-reader.ts';
import type { LogSummary } from '../log/segment-format.ts';
import type { ListRow } from './feed-format.ts';

/** The row of a log of which the index of its segment tells. */
export function rowOfSummary(summary: LogSummary, id: string): ListRow {
  const { machine, sessionId: session, hardwareId: device, state, startedAt, durationMs, turns, reason } = summary;
  return {
    ...{ id, machine, session, device, state, startedAt, ageMs: Math.round(durationMs), turns, quietMs: 0 },
    ...{ isLive: false, reason, isFailed: isFailedEnd(reason), waits: null },
  };
}

/** The beginning of a log as a summary, which has no end yet; null = there is no header. */
export function summaryOfHead(head: string): LogSummary | null {
  const header = readHeader(head);
  if (header === null) return null;
  const { machine, startedAt, input } = header;
  const { session: sessionId, device: hardwareId } = idsIn(input);
  return {
    ...{ machine, startedAt, streamId: textIn(input, 'streamId'), sessionId, hardwareId },
    ...{ reason: endReasonOf(null), state: '', durationMs: 0, turns: 0, dropped: 0 },
  };
}

/** A summary with what the last lines of the log tell, whose first may be half a line. */
export function withTail(summary: LogSummary, tail: string): LogSummary {
  const { footer, atMs, turn, state } = lastOf(tail);
  return {
    ...summary,
    ...(state !== '' && { state }),
    ...(turn >= 0 && { durationMs: atMs, turns: turn + 1 }),
    ...(footer !== null && { turns: footer.turns, dropped: footer.dropped, reason: endReasonOf(footer) }),
  };
}

function lastOf(tail: string) {
  const last = { footer: null as Parameters<typeof endReasonOf>[0], atMs: 0, turn: -1, state: '' };
  for (const line of tail.split('\n').reverse()) {
    const value = parsed(line);
    const kind = textIn(value, 'kind');
    if (kind === 'footer' && last.footer === null) last.footer = footerOf(value);
    if (kind !== 'turn') continue;
    if (last.turn < 0) {
      last.turn = numberIn(value, 'turn');
      last.atMs = numberIn(value, 'atMs');
    }
    last.state = textIn(value, 'state');
    if (last.state !== '') return last;
  }
  return last;
}

function footerOf(value: unknown): Parameters<typeof endReasonOf>[0] {
  const status = textIn(value, 'status');
  if (status !== 'done' && status !== 'error' && status !== 'abandoned') return null;
  const [turns, dropped] = [numberIn(value, 'turns'), numberIn(value, 'dropped')];
  return { kind: 'footer', status, reason: textIn(value, 'reason'), turns, dropped };
}

/** The ids in a chart's input; '' = none, both. */
export function idsIn(input: unknown): { readonly session: string; readonly device: string } {
  return { session: textIn(input, 'sessionId'), device: textIn(input, 'hardwareId') };
}

/** A text that stands under this name; '' = none does. */
export function textIn(value: unknown, name: string): string {
  const text: unknown = typeof value === 'object' && value !== null ? Reflect.get(value, name) : undefined;
  return typeof text === 'string' ? text : '';
}

function numberIn(value: unknown, name: string): number {
  const number: unknown = typeof value === 'object' && value !== null ? Reflect.get(value, name) : undefined;
  return typeof number === 'number' ? number : 0;
}

/** The first line of a tail is half a line as a rule. */
function parsed(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return null;
  }
}
