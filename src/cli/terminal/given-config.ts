/** The configuration as `recital serve` reads it, for commands that look where a server writes. */

import { readSmallFile } from '../../config/small-file.ts';
import { type Config, ConfigFault, loadConfig } from '../../config.ts';
import type { Environment } from './command.ts';
import type { Output } from './output.ts';

/** null = it is faulty, and `stderr` was told every fault. */
export function configOrNull(env: Environment, stderr: Output): Config | null {
  try {
    return loadConfig({ env, readFile: readSmallFile });
  } catch (error) {
    if (!(error instanceof ConfigFault)) throw error;
    stderr.line(error.message);
    return null;
  }
}
