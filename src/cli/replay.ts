/**
 * `recital replay PATH…`: executes recorded sessions again and says of each whether it went the same way. Exit codes: 0 all identical,
 * 1 one diverged, 2 one could not be read (or nothing was found).
 */

import { isBadLog } from '../replay/log-reader.ts';
import { machineFor } from '../replay/machine-shelf.ts';
import { type ReplayVerdict, replay } from '../replay/replayer.ts';
import { findLogs, openLog } from './log-files.ts';
import { createOutput, type Output } from './output.ts';

const exitCodes = { identical: 0, diverged: 1, unreadable: 2 } as const;

export interface ReplayOptions {
  readonly paths: readonly string[];
  readonly json: boolean;
}

/** What became of one log, as `--json` prints it. */
interface ReplayResult {
  readonly path: string;
  readonly verdict: 'identical' | 'diverged' | 'bad_log';
  readonly machine: string | null;
  /** How the recorded session ended; null where the log does not say. */
  readonly reason: string | null;
  readonly turns: number;
  readonly is_incomplete: boolean;
  readonly definition_changes: readonly string[];
  readonly divergence: ReplayVerdict['divergence'];
  readonly bad: { readonly line: number; readonly turn: number | null; readonly why: string } | null;
}

/** Replays what `paths` name; resolves with the exit code. */
export async function replayLogs({ paths: given, json }: ReplayOptions): Promise<number> {
  const stdout = createOutput(process.stdout);
  const stderr = createOutput(process.stderr);
  const { paths, missing } = await findLogs(given);
  for (const name of missing) stderr.line(`${stderr.styled('red', 'not found:')} ${name} names no event log`);
  const tally = new Tally();
  for (const path of paths) {
    const result = await replayOne(path);
    tally.count(result);
    if (json) stdout.line(JSON.stringify({ kind: 'log', ...result }));
    else report(stdout, result);
  }
  if (json) stdout.line(JSON.stringify({ kind: 'summary', ...tally.summary() }));
  else if (paths.length > 0) tally.report(stdout);
  if (missing.length > 0 || tally.badLogs > 0) return exitCodes.unreadable;
  return tally.diverged > 0 ? exitCodes.diverged : exitCodes.identical;
}

async function replayOne(path: string): Promise<ReplayResult> {
  const log = await openLog(path);
  const none = {
    machine: null,
    reason: null,
    turns: 0,
    is_incomplete: false,
    definition_changes: [],
    divergence: null,
  };
  if (isBadLog(log)) return { path, verdict: 'bad_log', ...none, bad: log };
  const { machine: id, version } = log.header;
  const machine = machineFor(id, version);
  if (machine === undefined) {
    return { path, verdict: 'bad_log', ...none, bad: { line: 1, turn: null, why: `there is no chart named ${id}` } };
  }
  const { divergence, turns, definitionChanges, isIncomplete } = replay(log, machine);
  return {
    path,
    verdict: divergence === null ? 'identical' : 'diverged',
    machine: id,
    reason: log.footer?.reason ?? null,
    turns,
    is_incomplete: isIncomplete,
    definition_changes: definitionChanges,
    divergence,
    bad: null,
  };
}

function report(output: Output, result: ReplayResult): void {
  const { path, verdict, divergence, bad, definition_changes: changes } = result;
  for (const change of changes) output.line(`${path}: ${output.styled('yellow', 'note:')} ${change}`);
  if (bad !== null) {
    const turn = bad.turn === null ? '' : ` (turn ${bad.turn})`;
    output.line(`${path}: ${output.styled('red', 'bad log:')} line ${bad.line}${turn}, ${bad.why}`);
  } else if (divergence !== null) {
    const { turn, field, recorded, now, event } = divergence;
    output.line(`${path}: ${output.styled('red', `diverged at turn ${turn}:`)} ${field}`);
    output.line(`    recorded  ${shown(recorded)}`);
    output.line(`    now       ${shown(now)}`);
    output.line(`    event     ${shown(event)}`);
  } else {
    const reason = result.reason === null || result.reason === '' ? '' : `, ${result.reason}`;
    const rest = result.is_incomplete ? '; the log ends before its session does' : '';
    output.line(`${path}: ${output.styled('green', verdict)} (${result.turns} turns${reason}${rest})`);
  }
}

function shown(value: unknown): string {
  const MAX_SHOWN_CHARS = 400;
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  return text.length > MAX_SHOWN_CHARS ? `${text.slice(0, MAX_SHOWN_CHARS)}…` : text;
}

class Tally {
  readonly #byReason = new Map<string, number>();
  #logs = 0;
  #identical = 0;
  #incomplete = 0;
  diverged = 0;
  badLogs = 0;

  count(result: ReplayResult): void {
    this.#logs += 1;
    if (result.verdict === 'identical') this.#identical += 1;
    if (result.verdict === 'diverged') this.diverged += 1;
    if (result.verdict === 'bad_log') this.badLogs += 1;
    if (result.is_incomplete) this.#incomplete += 1;
    if (result.machine !== 'session') return;
    const reason = result.reason ?? 'unknown: the log ends before its session does';
    this.#byReason.set(reason, (this.#byReason.get(reason) ?? 0) + 1);
  }

  summary() {
    return {
      logs: this.#logs,
      identical: this.#identical,
      diverged: this.diverged,
      bad_logs: this.badLogs,
      incomplete: this.#incomplete,
      by_reason: Object.fromEntries([...this.#byReason].sort(([, a], [, b]) => b - a)),
    };
  }

  report(output: Output): void {
    const { logs, identical, by_reason: reasons } = this.summary();
    const counts = [`${identical} identical`, `${this.diverged} diverged`, `${this.badLogs} unreadable`];
    output.line(`${output.styled('bold', `${logs} ${logs === 1 ? 'log' : 'logs'}:`)} ${counts.join(', ')}`);
    for (const [reason, count] of Object.entries(reasons)) output.line(`  ${String(count).padStart(6)}  ${reason}`);
  }
}
