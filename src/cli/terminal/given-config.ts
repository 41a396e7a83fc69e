/** The configuration as `recital serve` reads it, for commands that look where a server writes. */
import { resolve } from 'node:path';
import { readSmallFile } from '../../config/small-file.ts';
import { type Config, ConfigFault, type EffectiveSetting, effectiveSettings, loadConfig } from '../../config.ts';
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

/** Every setting as it is in effect. */
export function effectiveSettingsOf(env: Environment): readonly EffectiveSetting[] {
  return effectiveSettings({ env, readFile: readSmallFile });
}

/** Why a command finds nothing below `dataDir`, and what may be wrong. */
export function noStoreWords(dataDir: string): string {
  return `there is no store in DATA_DIR ${dataDir} (${resolve(dataDir)}). Is that the DATA_DIR of your server?`;
}
