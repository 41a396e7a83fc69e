/**
 * `recital replay PATH… --with KEY=VALUE…`: how recorded sessions would have ended under other settings, as far as what was recorded decides it.
 * Exit codes: 0 every log was looked at, 2 one could not be read (or nothing was found), or bad settings.
 */

import { whatIf } from '../../analysis/what-if/what-if.ts';
import { endReasonOf, isBadLog } from '../../log/log-reader.ts';
import type { SessionLimits } from '../../machines/session/session.types.ts';
import { machineFor } from '../../replay/machine-shelf.ts';
import { findLogs, type NamedLog, openLogs } from '../log/log-files.ts';
import { createOutput, printable } from '../terminal/output.ts';
import { changeOfLimits } from './what-if-limits.ts';
import { WhatIfReport } from './what-if-report.ts';

const exitCodes = { told: 0, unreadable: 2, badUsage: 2 } as const;
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
export interface WhatIfResult {
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

/** Plays what `paths` name under other limits; resolves with the exit code. */
export async function whatIfLogs({ paths: given, settings, ...listing }: WhatIfOptions): Promise<number> {
  const stdout = createOutput(process.stdout);
  const stderr = createOutput(process.stderr);
  const limits = changeOfLimits(settings);
  if ('faults' in limits) {
    for (const fault of limits.faults) stderr.line(`error: ${printable(fault)}`);
    return exitCodes.badUsage;
  }
  const { paths, missing } = await findLogs(given);
  for (const name of missing) {
    stderr.line(`${stderr.styled('red', 'not found:')} ${printable(name)} names no event log`);
  }
  const report = new WhatIfReport(stdout, { ...listing, settings });
  for await (const named of openLogs(paths)) report.add(lookAt(named, limits.change));
  if (paths.length > 0 || listing.json) report.close();
  return missing.length > 0 || report.badLogs > 0 ? exitCodes.unreadable : exitCodes.told;
}

const nothing = { from: null, to: null, turn: null, at_ms: null, recorded_at_ms: null, is_outlived: false };

function lookAt({ path, log }: NamedLog, change: Partial<SessionLimits>): WhatIfResult {
  if (isBadLog(log))
    return { path, verdict: 'bad_log', ...nothing, turn: log.turn, why: `line ${log.line}: ${log.why}` };
  const { machine: id, version } = log.header;
  const machine = machineFor(id, version);
  if (machine === undefined) return { path, verdict: 'bad_log', ...nothing, why: `there is no chart named ${id}` };
  if (id !== SESSION_CHART)
    return { path, verdict: 'skipped', ...nothing, why: `only sessions are looked at, this is a ${id}` };
  const { verdict, to, turn, atMs, isOutlived, why } = whatIf(log, machine, (recorded) => ({ ...recorded, ...change }));
  const recordedAtMs = log.turns.at(-1)?.atMs ?? null;
  const ends = { from: endReasonOf(log.footer), to, turn, at_ms: atMs, recorded_at_ms: recordedAtMs };
  return { path, verdict, ...ends, is_outlived: isOutlived, why };
}
