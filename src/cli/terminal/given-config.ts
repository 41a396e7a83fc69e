/** The configuration as `recital serve` reads it, for commands that look where a server writes. */
import { readFileSync } from 'node:fs';
import { type Config, ConfigFault, loadConfig } from '../../config.ts';
import type { Output } from './output.ts';

/** What a command with a faulty configuration ends with. */
export const configFaultExitCode = 2;

/** null = it is faulty, and `stderr` was told every fault. */
export function configOrNull(env: Readonly<Record<string, string | undefined>>, stderr: Output): Config | null {
  try {
    return loadConfig({ env, readFile: (path) => readFileSync(path, 'utf8') });
  } catch (error) {
    if (!(error instanceof ConfigFault)) throw error;
    stderr.line(error.message);
    return null;
  }
}
