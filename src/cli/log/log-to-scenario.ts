/**
 * `recital log to-scenario FILE`: a full log as a scenario file, so that a whole server re-runs the session over gRPC. The scenario
 * goes to stdout or --out; how to run it, and what is not as it was, to stderr.
 */
import { writeFileSync } from 'node:fs';
import { exportScenario } from '../../replay/keep/scenario-export.ts';
import { type CommandContext, exitCodes } from '../terminal/command.ts';
import { printable } from '../terminal/output.ts';
import { openGoodLog } from './log-files.ts';

export interface LogToScenarioOptions {
  readonly path: string;
  /** undefined = stdout. */
  readonly out: string | undefined;
}

/** Exports one log: good = written, failed = refused and why, unusable = the log can't be read. */
export async function logToScenario(
  { path, out }: LogToScenarioOptions,
  { stdout, stderr }: CommandContext,
): Promise<number> {
  const log = await openGoodLog(path, stderr);
  if (log === null) return exitCodes.unusable;
  const exported = exportScenario(log);
  if ('refused' in exported) {
    stderr.line(`${stderr.styled('red', 'no scenario:')} ${printable(exported.refused)}`);
    return exitCodes.failed;
  }
  const { scenario, settings, notes } = exported;
  const text = `${JSON.stringify(scenario, null, 2)}\n`;
  if (out === undefined) stdout.write(text);
  else if (!writeNew(out, text)) {
    stderr.line(`${stderr.styled('red', 'not written:')} ${printable(out)} exists`);
    return exitCodes.failed;
  }
  for (const note of notes) stderr.line(`${stderr.styled('yellow', 'note:')} ${printable(note)}`);
  const engines = { ANSWER_ENGINE: 'scripted', SPEECH_ENGINE: 'scripted', SCENARIO_FILE: out ?? 'scenario.json' };
  const env = Object.entries({ ...settings, ...engines }).map(([name, value]) => `${name}=${quoted(value)}`);
  stderr.line(`the session ran under these settings:\n  ${printable(env.join(' '))} recital serve`);
  return exitCodes.good;
}

function writeNew(path: string, text: string): boolean {
  try {
    writeFileSync(path, text, { flag: 'wx' });
    return true;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EEXIST') return false;
    throw error;
  }
}

/** For a shell. */
function quoted(value: string): string {
  return /^[\w./:,-]+$/.test(value) ? value : `'${value.replaceAll("'", "'\\''")}'`;
}
