/**
 * `recital replay PATH…`: executes recorded sessions again and says of each whether it went the same way. Exit codes: 0 all identical,
 * 1 one diverged, 2 one could not be read (or nothing was found).
 */
import { findLogs } from '../log/log-files.ts';
import { createOutput, printable } from '../terminal/output.ts';
import { replayAll } from './replay-pool.ts';
import { ReplayReport } from './replay-report.ts';

const exitCodes = { identical: 0, diverged: 1, unreadable: 2 } as const;

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

/** Replays what `paths` name; resolves with the exit code. */
export async function replayLogs({ paths: given, json, emit, ...listing }: ReplayOptions): Promise<number> {
  const stdout = createOutput(process.stdout);
  const stderr = createOutput(process.stderr);
  const { paths, missing } = await findLogs(given);
  for (const name of missing) {
    stderr.line(`${stderr.styled('red', 'not found:')} ${printable(name)} names no event log`);
  }
  const report = new ReplayReport(stdout, { ...listing, json, logs: paths.length });
  for await (const result of replayAll(paths, emit)) report.add(result);
  if (paths.length > 0 || json) report.close();
  if (missing.length > 0 || report.badLogs > 0) return exitCodes.unreadable;
  return report.diverged > 0 ? exitCodes.diverged : exitCodes.identical;
}
