/**
 * `recital log list PATH…`: one line a session, newest last: what finds yesterday's failed one. A log without an end and one that
 * can't be read are listed as such: they may be the one that is looked for.
 */
import { relative } from 'node:path';
import { durationText } from '../../log/duration-text.ts';
import { badLogReason, endReasonOf, isBadLog, isGoodEnd } from '../../log/log-reader.ts';
import { type CommandContext, exitCodes } from '../terminal/command.ts';
import { type Column, type Output, printTable } from '../terminal/output.ts';
import { findLogs, type NamedLog, openHeader, openLogs, reportMissing } from './log-files.ts';
import { idsOf } from './log-text.ts';

export interface LogListOptions {
  readonly paths: readonly string[];
  /** Only sessions that ended for this reason; the beginning of its name is enough. */
  readonly reason?: string | undefined;
  /** Only sessions whose session_id or stream id begins with this. */
  readonly session?: string | undefined;
  /** Only sessions of devices whose hardware_id begins with this. */
  readonly hardware?: string | undefined;
  /** Only sessions that began then or later, in ms since 1970. */
  readonly sinceMs: number | undefined;
  /** Only sessions that began before. */
  readonly untilMs: number | undefined;
  /** Only sessions that did not end as `completed`. */
  readonly failed: boolean;
  /** Which chart's logs; undefined = of all that are a client's stream, which the supervisor is not. */
  readonly machine?: string | undefined;
  readonly json: boolean;
}

/** One log, as `--json` prints it. */
interface ListedLog {
  readonly path: string;
  readonly started_at: string | null;
  /** A reason code, or what stands for one (log/log-reader.ts). */
  readonly reason: string;
  readonly duration_ms: number | null;
  readonly turns: number | null;
  readonly machine: string | null;
  readonly session_id: string | null;
  readonly hardware_id: string | null;
  readonly stream_id: string | null;
  /** Why it can't be read. */
  readonly bad: { readonly line: number; readonly turn: number | null; readonly why: string } | null;
}

/** Prints what `paths` name: good = something is listed, failed = nothing matches, unusable = a path names no log. */
export async function listLogs(options: LogListOptions, { stdout, stderr }: CommandContext): Promise<number> {
  const { paths, missing } = await findLogs(options.paths);
  reportMissing(stderr, missing);
  const logs: ListedLog[] = [];
  for await (const opened of openLogs(paths)) {
    const listed = await look(opened);
    if (isListed(listed, options)) logs.push(listed);
  }
  logs.sort((a, b) => compareTexts(a.started_at ?? '', b.started_at ?? '') || compareTexts(a.path, b.path));
  if (options.json) for (const each of logs) stdout.line(JSON.stringify({ kind: 'log', ...each }));
  else showTable(stdout, logs);
  if (logs.length === 0 && missing.length === 0) {
    stderr.line(paths.length === 0 ? 'there are no logs' : `none of ${paths.length} logs matches`);
  }
  if (missing.length > 0) return exitCodes.unusable;
  return logs.length > 0 ? exitCodes.good : exitCodes.failed;
}

function compareTexts(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}

async function look({ path, log }: NamedLog): Promise<ListedLog> {
  const header = isBadLog(log) ? await openHeader(path) : log.header;
  const { sessionId, hardwareId, streamId } = idsOf(header?.input);
  const whose = {
    machine: header?.machine ?? null,
    session_id: header === null ? null : sessionId,
    hardware_id: header === null ? null : hardwareId,
    stream_id: header === null ? null : streamId,
  };
  const started = { path, started_at: header?.startedAt ?? null };
  if (isBadLog(log)) {
    const { line, turn, why } = log;
    return { ...started, reason: badLogReason, duration_ms: null, turns: null, ...whose, bad: { line, turn, why } };
  }
  const { footer, turns } = log;
  const took = { duration_ms: turns.at(-1)?.atMs ?? 0, turns: footer?.turns ?? turns.length };
  return { ...started, reason: endReasonOf(footer), ...took, ...whose, bad: null };
}

function isListed(log: ListedLog, { reason, session, hardware, failed, machine, ...times }: LogListOptions): boolean {
  if (failed && isGoodEnd(log.reason)) return false;
  if (reason !== undefined && !log.reason.startsWith(reason.toLowerCase().replaceAll('-', '_'))) return false;
  // Whose log it is can't be told: it may be the one that is looked for.
  if (log.machine === null || log.started_at === null) return true;
  if (machine === undefined ? log.session_id === '-' : log.machine !== machine) return false;
  const ids = [log.session_id ?? '', log.stream_id ?? ''];
  if (session !== undefined && !ids.some((id) => id.startsWith(session))) return false;
  if (hardware !== undefined && !(log.hardware_id ?? '').startsWith(hardware)) return false;
  const startedMs = Date.parse(log.started_at);
  const { sinceMs = Number.NEGATIVE_INFINITY, untilMs = Number.POSITIVE_INFINITY } = times;
  return !(startedMs < sinceMs || startedMs >= untilMs);
}

/** The beginning of an id is enough for --session. */
const SHORT_ID_CHARS = 9;

/** Paths are read by people: those below the working folder without the way to it. */
function nearPath(path: string): string {
  const near = relative(process.cwd(), path);
  return near === '' || near.startsWith('..') ? path : near;
}

function showTable(output: Output, logs: readonly ListedLog[]): void {
  if (logs.length === 0) return;
  const columns: readonly Column[] = [
    { title: 'BEGAN (UTC)' },
    { title: 'REASON', paint: (laidOut, reason) => output.styled(colorOf(reason), laidOut) },
    { title: 'TOOK', isNumber: true },
    { title: 'TURNS', isNumber: true },
    { title: 'CHART' },
    { title: 'SESSION', shrinksTo: SHORT_ID_CHARS },
    { title: 'DEVICE', shrinksTo: SHORT_ID_CHARS },
    { title: 'LOG' },
  ];
  printTable(output, columns, logs.map(rowOf));
}

function rowOf(log: ListedLog): string[] {
  const { started_at, reason, duration_ms, turns, machine, session_id, hardware_id, path, bad } = log;
  const why = bad === null ? '' : `  (line ${bad.line}: ${bad.why})`;
  return [
    started_at?.slice(0, 19).replace('T', ' ') ?? '-',
    reason,
    duration_ms === null ? '-' : durationText(duration_ms),
    String(turns ?? '-'),
    machine ?? '-',
    session_id ?? '-',
    hardware_id ?? '-',
    `${nearPath(path)}${why}`,
  ];
}

function colorOf(reason: string): 'green' | 'yellow' | 'red' {
  if (reason === 'completed') return 'green';
  const isQuiet = ['no_end', 'abandoned', '-', 'client_cancelled', 'interrupted'].includes(reason);
  return isQuiet ? 'yellow' : 'red';
}
