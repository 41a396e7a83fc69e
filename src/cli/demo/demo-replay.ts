/**
 * The end of the demo: the event logs of the sessions it just had, executed again. They are kept beside the sound, so that whoever saw the
 * demo has logs to look into.
 */
import { copyFileSync } from 'node:fs';
import { join } from 'node:path';
import { type BadLog, type EventLog, isBadLog } from '../../log/log-reader.ts';
import { machineFor } from '../../replay/machine-shelf.ts';
import { replay } from '../../replay/replayer.ts';
import { findLogs, openLog } from '../log/log-files.ts';
import type { Output } from '../terminal/output.ts';

export interface DemoReplayOptions {
  /** Where the demo's server kept its event logs. */
  readonly logFolder: string;
  /** Where the logs are kept. */
  readonly outputFolder: string;
  /** A name for the log of each session, in the order of the sessions. */
  readonly names: readonly string[];
}

/** Replays the demo's sessions and prints the verdicts; throws unless all of them were recorded and are identical. */
export async function replayDemo(stdout: Output, options: DemoReplayOptions): Promise<void> {
  const { logFolder, outputFolder, names } = options;
  const recorded = await sessionLogsIn(logFolder);
  if (recorded.length !== names.length) {
    throw new Error(`${names.length} sessions were held, and ${recorded.length} of them have an event log`);
  }
  stdout.line(`\n${stdout.styled('bold', 'Their event logs, replayed')}`);
  for (const [index, { path, log }] of recorded.entries()) {
    const kept = join(outputFolder, names[index] ?? '');
    copyFileSync(path, kept);
    const { isIdentical, words } = verdictOn(log);
    stdout.line(`  ${stdout.styled(isIdentical ? 'green' : 'red', words)} · ${kept}`);
    if (!isIdentical) throw new Error(`the replay of a session went another way: ${words}`);
  }
}

interface RecordedSession {
  readonly path: string;
  readonly log: EventLog | BadLog;
}

/** In the order of their beginnings: the names of the files begin with it. */
async function sessionLogsIn(folder: string): Promise<readonly RecordedSession[]> {
  const { paths } = await findLogs([folder]);
  const logs = await Promise.all(paths.map(async (path) => ({ path, log: await openLog(path) })));
  return logs.filter(({ log }) => isBadLog(log) || log.header.machine === 'session');
}

function verdictOn(log: EventLog | BadLog): { readonly isIdentical: boolean; readonly words: string } {
  if (isBadLog(log)) return { isIdentical: false, words: `bad log: line ${log.line}, ${log.why}` };
  const machine = machineFor(log.header.machine, log.header.version);
  if (machine === undefined) return { isIdentical: false, words: 'bad log: no such chart' };
  const { divergence, turns } = replay(log, machine);
  if (divergence !== null) {
    return { isIdentical: false, words: `diverged at turn ${divergence.turn}: ${divergence.field}` };
  }
  if (log.footer === null) return { isIdentical: false, words: 'the log ends before its session does' };
  return { isIdentical: true, words: `identical (${turns} turns, ${log.footer.reason})` };
}
