/**
 * `recital log to-scenario FILE`: a full log as a scenario file, so that a whole server re-runs the session over gRPC. The scenario goes to
 * stdout or --out; how to run it, and what is not as it was, to stderr.
 */
import { writeFileSync } from 'node:fs';
import { exportScenario } from '../../replay/keep/scenario-export.ts';
import { createOutput, printable } from '../terminal/output.ts';
import { openGoodLog } from './bad-log.ts';

const exitCodes = { written: 0, refused: 1, unreadable: 2 } as const;

export interface LogToScenarioOptions {
  readonly path: string;
  /** undefined = stdout. */
  readonly out: string | undefined;
}

/** Exports one log; resolves with the exit code. */
export async function logToScenario({ path, out }: LogToScenarioOptions): Promise<number> {
  const stdout = createOutput(process.stdout);
  const stderr = createOutput(process.stderr);
  const log = await openGoodLog(path, stderr);
  if (log === null) return exitCodes.unreadable;
  const exported = exportScenario(log);
  if ('refused' in exported) {
    stderr.line(`${stderr.styled('red', 'no scenario:')} ${printable(exported.refused)}`);
    return exitCodes.refused;
  }
  const { scenario, settings, notes } = exported;
  const text = `${JSON.stringify(scenario, null, 2)}\n`;
  if (out === undefined) stdout.write(text);
  else if (!writeNew(out, text)) {
    stderr.line(`${stderr.styled('red', 'not written:')} ${printable(out)} exists`);
    return exitCodes.refused;
  }
  for (const note of notes) stderr.line(`${stderr.styled('yellow', 'note:')} ${printable(note)}`);
  const engines = { ANSWER_ENGINE: 'scripted', SPEECH_ENGINE: 'scripted', SCENARIO_FILE: out ?? 'scenario.json' };
  const env = Object.entries({ ...settings, ...engines }).map(([name, value]) => `${name}=${quoted(value)}`);
  stderr.line(`the session ran under these settings:\n  ${printable(env.join(' '))} recital serve`);
  return exitCodes.written;
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
