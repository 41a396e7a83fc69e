/**
 * `recital replay PATH… --with KEY=VALUE…`: how recorded sessions would have ended under other settings, as far as what was
 * recorded decides it. Printed are the sessions that would have ended otherwise or may have, then the counts.
 */
import { whatIf } from '../../analysis/what-if/what-if.ts';
import { createSettingReader, type SettingReader } from '../../config/setting-reader.ts';
import {
  isSettingName,
  killSwitchNames,
  type SettingName,
  settingNames,
  speechFailurePolicies,
} from '../../config/settings-table.ts';
import { durationText } from '../../log/duration-text.ts';
import { endReasonOf, isBadLog } from '../../log/log-reader.ts';
import type { SessionLimits } from '../../machines/session/session.types.ts';
import { machineFor } from '../../replay/machine-shelf.ts';
import { commandNames } from '../../text/commands.ts';
import { type NamedLog, openLogs } from '../log/log-files.ts';
import { selectLogs } from '../log/log-selection.ts';
import { type CommandContext, exitCodes } from '../terminal/command.ts';
import { type Output, printable } from '../terminal/output.ts';
import { countText } from '../terminal/progress.ts';

/** Settings are looked at for what they do to sessions. */
const SESSION_CHART = 'session';

export interface WhatIfOptions {
  readonly paths: readonly string[];
  /** `KEY=VALUE`, each. */
  readonly settings: readonly string[];
  readonly json: boolean;
  /** Name every log. */
  readonly verbose: boolean;
  /** Print the counts alone. */
  readonly quiet: boolean;
}

/** What a what-if says of one log, as `--json` prints it. */
interface WhatIfResult {
  readonly path: string;
  /** `skipped`: not the log of a session. */
  readonly verdict: 'same_end' | 'other_end' | 'undetermined' | 'skipped' | 'bad_log';
  /** The recorded end. */
  readonly from: string | null;
  readonly to: string | null;
  readonly turn: number | null;
  readonly at_ms: number | null;
  /** When the recorded session ended. */
  readonly recorded_at_ms: number | null;
  readonly is_outlived: boolean;
  readonly why: string | null;
}

/** Plays what `paths` name under other limits: good = every log was looked at, unusable = one could not be read, or bad settings. */
export async function whatIfLogs(
  { paths: given, settings, ...listing }: WhatIfOptions,
  context: CommandContext,
): Promise<number> {
  const limits = changeOfLimits(settings);
  if ('faults' in limits) {
    for (const fault of limits.faults) context.stderr.line(`error: ${printable(fault)}`);
    return exitCodes.unusable;
  }
  const selected = await selectLogs(given, context);
  if (selected === null) return exitCodes.unusable;
  const { paths, faults, progress, stdout } = selected;
  const report = new WhatIfReport(stdout, { ...listing, settings });
  let looked = 0;
  for await (const named of openLogs(paths)) {
    report.add(lookAt(named, limits.change));
    looked += 1;
    progress.tell(() => countText(looked, paths.length, 'log'));
  }
  progress.clear();
  if (paths.length > 0 || listing.json) report.close();
  return faults > 0 || report.badLogs > 0 ? exitCodes.unusable : exitCodes.good;
}

const nothing = { from: null, to: null, turn: null, at_ms: null, recorded_at_ms: null, is_outlived: false };

function lookAt({ path, log }: NamedLog, change: Partial<SessionLimits>): WhatIfResult {
  const bad = { path, verdict: 'bad_log', ...nothing } as const;
  if (isBadLog(log)) return { ...bad, turn: log.turn, why: log.line === 0 ? log.why : `line ${log.line}: ${log.why}` };
  const { machine: id, version } = log.header;
  const machine = machineFor(id, version);
  if (machine === undefined) return { ...bad, why: `there is no chart named ${id}` };
  if (id !== SESSION_CHART) {
    return { path, verdict: 'skipped', ...nothing, why: `only sessions are looked at, this is a ${id}` };
  }
  const { verdict, to, turn, atMs, isOutlived, why } = whatIf(log, machine, (recorded) => ({ ...recorded, ...change }));
  const recordedAtMs = log.turns.at(-1)?.atMs ?? null;
  const ends = { from: endReasonOf(log.footer), to, turn, at_ms: atMs, recorded_at_ms: recordedAtMs };
  return { path, verdict, ...ends, is_outlived: isOutlived, why };
}

interface WhatIfListing {
  readonly settings: readonly string[];
  readonly json: boolean;
  readonly verbose: boolean;
  readonly quiet: boolean;
}

const verdictWords = {
  same_end: 'same end',
  other_end: 'other end',
  undetermined: 'undetermined',
  skipped: 'not of a session',
  bad_log: 'bad log',
} as const;

class WhatIfReport {
  readonly #output: Output;
  readonly #listing: WhatIfListing;
  readonly #counts = { same_end: 0, other_end: 0, undetermined: 0, skipped: 0, bad_log: 0 };
  readonly #moves = new Map<string, { readonly from: string; readonly to: string; count: number }>();
  #outlived = 0;

  constructor(output: Output, listing: WhatIfListing) {
    this.#output = output;
    this.#listing = listing;
  }

  get badLogs(): number {
    return this.#counts.bad_log;
  }

  add(result: WhatIfResult): void {
    this.#count(result);
    const { json, verbose, quiet } = this.#listing;
    if (json) this.#output.line(JSON.stringify({ kind: 'log', ...result }));
    else if (result.verdict === 'bad_log' || verbose || (!quiet && isListed(result))) this.#print(result);
  }

  close(): void {
    const moves = [...this.#moves.values()].sort((a, b) => b.count - a.count);
    const logs = Object.values(this.#counts).reduce((sum, count) => sum + count, 0);
    if (this.#listing.json) {
      const { bad_log: badLogs, ...counts } = this.#counts;
      const summary = { logs, ...counts, bad_logs: badLogs, outlived: this.#outlived, moves };
      this.#output.line(JSON.stringify({ kind: 'summary', with: this.#listing.settings, ...summary }));
      return;
    }
    const { same_end, other_end, undetermined, skipped, bad_log } = this.#counts;
    const counts = [
      `${same_end} with the same end`,
      `${other_end} with another`,
      `${undetermined} undetermined`,
      ...(skipped > 0 ? [`${skipped} not of a session`] : []),
      ...(bad_log > 0 ? [`${bad_log} unreadable`] : []),
    ];
    const title = this.#output.styled('bold', `${logs} ${logs === 1 ? 'log' : 'logs'}`);
    this.#output.line(`${title} with ${printable(this.#listing.settings.join(' '))}: ${counts.join(', ')}`);
    for (const { from, to, count } of moves) {
      this.#output.line(`  ${String(count).padStart(6)}  ${printable(from)} → ${printable(to)}`);
    }
    if (this.#outlived > 0) {
      this.#output.line(
        `  ${String(this.#outlived).padStart(6)}  of the undetermined would not have ended as they did`,
      );
    }
  }

  #count({ verdict, from, to, is_outlived: isOutlived }: WhatIfResult): void {
    this.#counts[verdict] += 1;
    if (isOutlived) this.#outlived += 1;
    if (verdict !== 'other_end' || from === null || to === null) return;
    const key = `${from} ${to}`;
    const move = this.#moves.get(key) ?? { from, to, count: 0 };
    move.count += 1;
    this.#moves.set(key, move);
  }

  #print(result: WhatIfResult): void {
    const { path, verdict, from, to, turn, at_ms: atMs, recorded_at_ms: recordedAtMs, why } = result;
    const color = verdict === 'same_end' || verdict === 'skipped' ? 'green' : 'yellow';
    const word = this.#output.styled(verdict === 'bad_log' ? 'red' : color, `${verdictWords[verdict]}:`);
    const parts: string[] = [];
    if (verdict === 'other_end') parts.push(`${from} → ${to}`);
    if (verdict === 'same_end') parts.push(`${to}`);
    if (verdict === 'undetermined' && from !== null) parts.push(`recorded ${from}`);
    if (verdict !== 'bad_log' && turn !== null && atMs !== null)
      parts.push(`turn ${turn}, ${placeText(atMs, recordedAtMs)}`);
    if (why !== null) parts.push(why);
    this.#output.line(`${printable(path)}: ${word} ${printable(parts.join('; '))}`);
  }
}

/** A session that ends as and when it did is only counted. */
function isListed({ verdict, turn }: WhatIfResult): boolean {
  return verdict === 'other_end' || verdict === 'undetermined' || (verdict === 'same_end' && turn !== null);
}

function placeText(atMs: number, recordedAtMs: number | null): string {
  const end = recordedAtMs === null ? '' : ` of ${durationText(recordedAtMs)}`;
  return `after ${durationText(atMs)}${end}`;
}

/**
 * What each setting that `--with` takes makes of a session's limits: those of the configuration that bound a session, read by the
 * reader of the configuration.
 */
const limitChanges: { readonly [Name in SettingName]?: (values: SettingReader) => Partial<SessionLimits> } = {
  BACKPRESSURE_IDLE_TIMEOUT: (values) => ({ idleTimeoutMs: values.milliseconds('BACKPRESSURE_IDLE_TIMEOUT') }),
  BACKPRESSURE_MAX_RATE: (values) => ({ maxFramesPerSecond: values.integer('BACKPRESSURE_MAX_RATE') }),
  FIRST_TOKEN_TIMEOUT: (values) => ({ firstTokenTimeoutMs: values.milliseconds('FIRST_TOKEN_TIMEOUT') }),
  ANSWER_STALL_TIMEOUT: (values) => ({ answerStallTimeoutMs: values.milliseconds('ANSWER_STALL_TIMEOUT') }),
  SPEECH_TIMEOUT: (values) => ({ speechTimeoutMs: values.milliseconds('SPEECH_TIMEOUT') }),
  SESSION_TIMEOUT: (values) => ({ sessionTimeoutMs: values.milliseconds('SESSION_TIMEOUT') }),
  SPEECH_LOOKAHEAD: (values) => ({ speechLookahead: values.integer('SPEECH_LOOKAHEAD') }),
  SPEECH_FAILURE: (values) => ({ speechFailure: values.choice('SPEECH_FAILURE', speechFailurePolicies) }),
  COMMANDS: (values) => ({ allowedCommands: values.list('COMMANDS', commandNames) }),
  // Behind COMMANDS: with both, no command is allowed, as in the configuration.
  KILL_SWITCHES: (values) => ({ allowedCommands: allowedUnder(values) }),
};

const ORIGIN = '--with';

/** The change that `given` (`KEY=VALUE` each) makes to a session's limits, or every fault in it. */
function changeOfLimits(
  given: readonly string[],
): { readonly change: Partial<SessionLimits> } | { readonly faults: readonly string[] } {
  const settings = new Map<SettingName, { text: string; origin: string }>();
  const faults: string[] = [];
  for (const pair of given) {
    const at = pair.indexOf('=');
    const name = pair.slice(0, at);
    const text = pair.slice(at + 1).trim();
    const fault = faultOf(name, text, settings);
    if (fault !== null) faults.push(fault);
    else if (isSettingName(name)) settings.set(name, { text, origin: ORIGIN });
  }
  if (given.length === 0) faults.push('--with needs a setting, such as SESSION_TIMEOUT=20');
  const values = createSettingReader(settings);
  const known = settingNames.filter((name) => settings.has(name));
  const parts = known.map((name) => limitChanges[name]?.(values) ?? {});
  faults.push(...values.faults);
  if (known.includes('KILL_SWITCHES') && allowedUnder(values).length > 0) {
    faults.push(`KILL_SWITCHES (${ORIGIN}): only disable_forward_assistant_actions changes a session`);
  }
  return faults.length > 0 ? { faults } : { change: Object.assign({}, ...parts) };
}

function faultOf(name: string, text: string, known: ReadonlyMap<SettingName, unknown>): string | null {
  if (!isSettingName(name)) return `${JSON.stringify(name)} (${ORIGIN}) is not a setting`;
  if (limitChanges[name] === undefined) {
    return `${name} (${ORIGIN}) changes nothing in a session; it takes ${Object.keys(limitChanges).join(', ')}`;
  }
  if (text === '') return `${name} (${ORIGIN}) needs a value`;
  return known.has(name) ? `${name} (${ORIGIN}) is given twice` : null;
}

function allowedUnder(values: SettingReader): SessionLimits['allowedCommands'] {
  const switches = values.list('KILL_SWITCHES', killSwitchNames);
  return switches.includes('disable_forward_assistant_actions') ? [] : commandNames;
}
