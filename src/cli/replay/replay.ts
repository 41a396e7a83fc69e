/**
 * `recital replay PATH…`: executes recorded sessions again and says of each whether it went the same way. Printed are the logs that
 * matter one by one, the others counted, and a summary by end reason.
 */

import type { DifferingItem } from '../../replay/differing-items.ts';
import type { EmittedFrame } from '../../replay/live-replay.ts';
import type { Divergence } from '../../replay/replayer.ts';
import { selectLogs } from '../log/log-selection.ts';
import { type CommandContext, exitCodes } from '../terminal/command.ts';
import { type Output, printable } from '../terminal/output.ts';
import { countText } from '../terminal/progress.ts';
import type { ReplayResult } from './log-replay.ts';
import { replayAll } from './replay-pool.ts';

/** As many identical logs as fit on a screen are named, more are counted; as many differences are told in full, more in a line each. */
const LISTED_LOGS = 20;
/** What most of the diverged logs have in common. */
const SHOWN_CAUSES = 5;
const MAX_SHOWN_CHARS = 400;

export interface ReplayOptions {
  readonly paths: readonly string[];
  readonly json: boolean;
  /** Name every log. */
  readonly verbose: boolean;
  /** Name no identical log. */
  readonly quiet: boolean;
  /** Say the frames again with a live actor. */
  readonly emit: boolean;
}

/** Replays what `paths` name: good = all identical, failed = one diverged, unusable = one could not be read, or a path names none. */
export async function replayLogs(
  { paths: given, json, emit, ...listing }: ReplayOptions,
  context: CommandContext,
): Promise<number> {
  const selected = await selectLogs(given, context);
  if (selected === null) return exitCodes.unusable;
  const { paths, faults, progress, stdout } = selected;
  const report = new ReplayReport(stdout, { ...listing, json, logs: paths.length });
  let replayed = 0;
  for await (const result of replayAll(paths, emit)) {
    report.add(result);
    replayed += 1;
    progress.tell(() => countText(replayed, paths.length, 'log'));
  }
  progress.clear();
  if (paths.length > 0 || json) report.close();
  if (faults > 0 || report.badLogs > 0) return exitCodes.unusable;
  return report.diverged > 0 ? exitCodes.failed : exitCodes.good;
}

interface ReplayListing {
  /** Logs that will come. */
  readonly logs: number;
  readonly json: boolean;
  readonly verbose: boolean;
  readonly quiet: boolean;
}

class ReplayReport {
  readonly #output: Output;
  readonly #json: boolean;
  readonly #isListingAll: boolean;
  readonly #isVerbose: boolean;
  readonly #byReason = new Map<string, number>();
  readonly #changes = new Map<string, number>();
  readonly #causes = new Map<string, number>();
  #logs = 0;
  #identical = 0;
  #incomplete = 0;
  #diverged = 0;
  #badLogs = 0;
  #supervisors = 0;

  constructor(output: Output, { logs, json, verbose, quiet }: ReplayListing) {
    this.#output = output;
    this.#json = json;
    this.#isVerbose = verbose;
    this.#isListingAll = verbose || (logs <= LISTED_LOGS && !quiet);
  }

  get diverged(): number {
    return this.#diverged;
  }

  get badLogs(): number {
    return this.#badLogs;
  }

  add(result: ReplayResult): void {
    this.#count(result);
    if (this.#json) {
      this.#output.line(JSON.stringify({ kind: 'log', ...result }));
      return;
    }
    for (const change of result.definition_changes) this.#noteChange(result, change);
    if (result.verdict === 'identical' && !this.#isListingAll) return;
    const { divergence } = result;
    if (divergence === null || this.#isVerbose || this.#diverged <= LISTED_LOGS) printResult(this.#output, result);
    else this.#output.line(verdictLine(this.#output, result, divergence));
  }

  close(): void {
    const summary = this.#summary();
    if (this.#json) {
      this.#output.line(JSON.stringify({ kind: 'summary', ...summary }));
      return;
    }
    const { logs, identical, diverged, bad_logs: badLogs, incomplete, by_reason: reasons } = summary;
    const counts = [`${identical} identical`, `${diverged} diverged`, `${badLogs} unreadable`];
    this.#output.line(`${this.#output.styled('bold', `${logs} ${logs === 1 ? 'log' : 'logs'}:`)} ${counts.join(', ')}`);
    const causes = [...this.#causes].filter(([, count]) => count > 1).sort(([, a], [, b]) => b - a);
    for (const [cause, count] of causes.slice(0, SHOWN_CAUSES)) {
      this.#output.line(`  ${count} diverged first in ${printable(cause)}`);
    }
    for (const [change, count] of this.#changes) {
      if (count > 1) this.#output.line(`  ${count} of them: ${printable(change)}`);
    }
    if (incomplete > 0) this.#output.line(`  ${incomplete} without the end of their session`);
    for (const [reason, count] of Object.entries(reasons)) {
      this.#output.line(`  ${String(count).padStart(6)}  ${printable(reason)}`);
    }
    if (this.#supervisors > 0) {
      this.#output.line(`  ${String(this.#supervisors).padStart(6)}  (supervisor: as long as its server)`);
    }
  }

  #count(result: ReplayResult): void {
    this.#logs += 1;
    if (result.verdict === 'identical') this.#identical += 1;
    if (result.verdict === 'diverged') this.#diverged += 1;
    if (result.verdict === 'bad_log') this.#badLogs += 1;
    if (result.divergence !== null) {
      const { field, event } = result.divergence;
      const cause = `${field} at ${event.type}`;
      this.#causes.set(cause, (this.#causes.get(cause) ?? 0) + 1);
    }
    if (result.is_incomplete) this.#incomplete += 1;
    // A supervisor runs as long as its server: it has no reason to end.
    if (result.machine === 'supervisor') this.#supervisors += 1;
    if (result.reason === null || result.machine === 'supervisor') return;
    this.#byReason.set(result.reason, (this.#byReason.get(result.reason) ?? 0) + 1);
  }

  #noteChange({ path }: ReplayResult, change: string): void {
    const count = this.#changes.get(change) ?? 0;
    this.#changes.set(change, count + 1);
    if (count > 0 && !this.#isListingAll) return;
    this.#output.line(`${printable(path)}: ${this.#output.styled('yellow', 'note:')} ${printable(change)}`);
  }

  #summary() {
    return {
      logs: this.#logs,
      identical: this.#identical,
      diverged: this.#diverged,
      bad_logs: this.#badLogs,
      incomplete: this.#incomplete,
      by_reason: Object.fromEntries([...this.#byReason].sort(([, a], [, b]) => b - a)),
    };
  }
}

function printResult(output: Output, result: ReplayResult): void {
  const { path, verdict, divergence, bad, frames } = result;
  const name = printable(path);
  if (bad !== null) {
    const place = bad.line === 0 ? '' : `line ${bad.line}${bad.turn === null ? '' : ` (turn ${bad.turn})`}, `;
    output.line(`${name}: ${output.styled('red', 'bad log:')} ${place}${printable(bad.why)}`);
    return;
  }
  if (divergence === null) {
    const reason = result.reason === null || result.reason === '-' ? '' : `, ${printable(result.reason)}`;
    const rest = result.is_incomplete ? '; the log ends before its session does' : '';
    output.line(`${name}: ${output.styled('green', verdict)} (${result.turns} turns${reason}${rest})`);
  } else {
    const { recorded, now, present, items = [], event } = divergence;
    output.line(verdictLine(output, result, divergence));
    output.line(`    recorded  ${shown(recorded)}`);
    output.line(`    now       ${shown(now)}`);
    for (const item of items) output.line(`    item      ${itemText(item)}`);
    if (present !== undefined) output.line(`    present   ${shown(present)}`);
    output.line(`    event     ${shown(event)}`);
  }
  for (const frame of frames ?? []) output.line(`    ${frameText(frame)}`);
}

function itemText({ item, recorded, before, now }: DifferingItem): string {
  const place = item === '' ? '' : `${printable(item)}: `;
  if (recorded !== undefined) return `${place}recorded ${shown(recorded)}, now ${shown(now)}`;
  return `${place}before the turn ${shown(before)}, now ${shown(now)}; the digest does not tell what was recorded`;
}

function verdictLine(output: Output, { path }: ReplayResult, { turn, field }: Divergence): string {
  return `${printable(path)}: ${output.styled('red', `diverged at turn ${turn}:`)} ${printable(field)}`;
}

function frameText(frame: EmittedFrame): string {
  const turn = `turn ${String(frame.turn).padStart(4)} `;
  switch (frame.kind) {
    case 'text_chunk':
      return `${turn} text     ${shown(frame.text)}`;
    case 'audio_chunk':
      return `${turn} sound    ${frame.bytes} bytes`;
    case 'action_message':
      return `${turn} command  ${printable(frame.command)} ${shown(frame.args)}`;
    case 'end_message':
      return `${turn} end`;
  }
}

function shown(value: unknown): string {
  const text = JSON.stringify(value) ?? 'nothing';
  return printable(text.length > MAX_SHOWN_CHARS ? `${text.slice(0, MAX_SHOWN_CHARS)}…` : text);
}
