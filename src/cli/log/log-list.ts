/**
 * `recital log list PATH…`: one line a session, newest last: what finds yesterday's failed one. A log without an end and one that
 * can't be read are listed as such: they may be the one that is looked for.
 *
 * The index of a segment is believed, and its logs are not read: a million of a day are listed in seconds. What is wrong with the lines of one
 * is found by `--check`, which reads all, as every log that no index tells of is read.
 */
import { relative } from 'node:path';
import { durationText } from '../../log/duration-text.ts';
import type { LogHeader } from '../../log/log-format.ts';
import { badLogReason, endReasonOf, isBadLog, isFailedEnd } from '../../log/log-reader.ts';
import type { IndexedLog } from '../../log/segment-format.ts';
import { type CommandContext, type Environment, exitCodes } from '../terminal/command.ts';
import { type Column, cutPath, type Output, printable, tableLines } from '../terminal/output.ts';
import { countText } from '../terminal/progress.ts';
import { Indexes, isUnreadable, type NamedLog, openHeader, openLogs, reportBadLog } from './log-files.ts';
import { selectLogs } from './log-selection.ts';
import { idsOf, wrapped } from './log-text.ts';

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
  /** Only sessions whose end nobody can have wanted. */
  readonly failed: boolean;
  /** Which chart's logs; undefined = of all that are a client's stream, which the supervisor is not. */
  readonly machine?: string | undefined;
  /** Reads every log, whatever indexes tell. */
  readonly check: boolean;
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

/** Prints what `paths` name: good = something is listed, failed = nothing matches, unusable = a path or a file can't be read. */
export async function listLogs(options: LogListOptions, context: CommandContext): Promise<number> {
  const selected = await selectLogs(options.paths, context);
  if (selected === null) return exitCodes.unusable;
  const { paths, faults, progress, stdout, stderr } = selected;
  const logs: ListedLog[] = [];
  let looked = 0;
  let unreadable = faults;
  const told = (): void => progress.tell(() => countText(looked, paths.length, 'log'));
  const unread: string[] = [];
  const indexes = new Indexes();
  for (const path of paths) {
    const indexed = options.check ? null : await indexes.of(path);
    if (indexed === null) {
      unread.push(path);
      continue;
    }
    const listed = ofIndex(path, indexed.entry);
    if (isListed(listed, options)) logs.push(listed);
    looked += 1;
    told();
  }
  for await (const opened of openLogs(unread)) {
    const { path, log } = opened;
    if (isBadLog(log) && isUnreadable(log)) {
      unreadable += 1;
      reportBadLog(stderr, path, log);
    }
    const listed = await look(opened);
    if (isListed(listed, options)) logs.push(listed);
    looked += 1;
    told();
  }
  progress.clear();
  logs.sort((a, b) => compareTexts(a.started_at ?? '', b.started_at ?? '') || compareTexts(a.path, b.path));
  if (options.json) for (const each of logs) stdout.line(JSON.stringify({ kind: 'log', ...each }));
  else showTable(stdout, logs, tableWidth(stdout, context.env));
  if (logs.length === 0 && faults === 0) {
    stderr.line(paths.length === 0 ? 'there are no logs' : `none of ${paths.length} logs matches`);
  }
  if (unreadable > 0) return exitCodes.unusable;
  return logs.length > 0 ? exitCodes.good : exitCodes.failed;
}

/** That of the terminal, or what COLUMNS says; without either a table is as wide as its longest path. */
function tableWidth(output: Output, { COLUMNS: columns }: Environment): number {
  const width = output.columns ?? Number(columns);
  return width > 0 ? width : Number.POSITIVE_INFINITY;
}

function compareTexts(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}

function ofIndex(path: string, entry: IndexedLog): ListedLog {
  const { startedAt: started_at, reason, durationMs: duration_ms, turns, machine, ...ids } = entry;
  const [session_id, hardware_id, stream_id] = [ids.sessionId, ids.hardwareId, ids.streamId].map(
    (id) => printable(id) || '-',
  );
  const whose = {
    machine,
    session_id: session_id ?? '-',
    hardware_id: hardware_id ?? '-',
    stream_id: stream_id ?? '-',
  };
  return { path, started_at, reason, duration_ms, turns, ...whose, bad: null };
}

async function look({ path, log }: NamedLog): Promise<ListedLog> {
  const header = await headerOf({ path, log });
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

async function headerOf({ path, log }: NamedLog): Promise<LogHeader | null> {
  if (!isBadLog(log)) return log.header;
  return isUnreadable(log) ? null : openHeader(path);
}

function isListed(log: ListedLog, { reason, session, hardware, failed, machine, ...times }: LogListOptions): boolean {
  if (failed && !isFailedEnd(log.reason)) return false;
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

/** A log whose name is cut to less can't be told from others of its day. */
const SHORT_PATH_CHARS = 20;
const SHORT_REASON_CHARS = 14;

function showTable(output: Output, logs: readonly ListedLog[], width: number): void {
  if (logs.length === 0) return;
  const columns: readonly Column[] = [
    { title: 'BEGAN (UTC)' },
    {
      title: 'REASON',
      shrinksTo: SHORT_REASON_CHARS,
      paint: (laidOut, reason) => output.styled(colorOf(reason), laidOut),
    },
    { title: 'TOOK', isNumber: true, leftOut: 4 },
    { title: 'TURNS', isNumber: true, leftOut: 3 },
    { title: 'CHART', leftOut: 1 },
    { title: 'SESSION', shrinksTo: SHORT_ID_CHARS, leftOut: 5 },
    { title: 'DEVICE', shrinksTo: SHORT_ID_CHARS, leftOut: 2 },
    { title: 'LOG', shrinksTo: SHORT_PATH_CHARS, cut: cutPath },
  ];
  const isWide = width === Number.POSITIVE_INFINITY;
  const rows = logs.map((log) => rowOf(log, isWide));
  const [heading = '', ...lines] = tableLines(columns, rows, width);
  output.line(output.styled('dim', heading));
  let isPathCut = false;
  for (const [index, line] of lines.entries()) {
    output.line(line);
    const { path = '', bad = null } = logs[index] ?? {};
    isPathCut ||= !line.endsWith(printable(nearPath(path)));
    if (bad === null || isWide) continue;
    for (const text of wrapped(printable(whyText(bad)), width - WHY_INDENT.length)) {
      output.line(output.styled('dim', `${WHY_INDENT}${text}`));
    }
  }
  if (!isPathCut || isWide) return;
  for (const text of wrapped('Whole paths: in a wider terminal, in a pipe, or with --json.', width)) {
    output.line(output.styled('dim', text));
  }
}

const WHY_INDENT = '    ';

function whyText({ line, why }: NonNullable<ListedLog['bad']>): string {
  return line === 0 ? why : `line ${line}: ${why}`;
}

function rowOf(log: ListedLog, isWide: boolean): string[] {
  const { started_at, reason, duration_ms, turns, machine, session_id, hardware_id, path, bad } = log;
  const why = bad === null || !isWide ? '' : `  (${whyText(bad)})`;
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
  return isFailedEnd(reason) && reason !== 'no_end' ? 'red' : 'yellow';
}
