/** The configuration as `recital serve` reads it, for commands that look where a server writes. */
import { resolve } from 'node:path';
import { readSmallFile } from '../../config/small-file.ts';
import { type Config, ConfigFault, type EffectiveSetting, effectiveSettings, loadConfig } from '../../config.ts';
import type { Environment } from './command.ts';
import type { Output } from './output.ts';

type ReadFile = typeof readSmallFile;

/** Reads each file once: what came out of a pipe comes out of it no second time. */
export function readingOnce(): ReadFile {
  const texts = new Map<string, string>();
  return (path, maxBytes) => {
    const text = texts.get(path) ?? readSmallFile(path, maxBytes);
    texts.set(path, text);
    return text;
  };
}

/** null = it is faulty, and `stderr` was told every fault. */
export function configOrNull(env: Environment, stderr: Output, readFile: ReadFile = readSmallFile): Config | null {
  try {
    return loadConfig({ env, readFile });
  } catch (error) {
    if (!(error instanceof ConfigFault)) throw error;
    stderr.line(error.message);
    return null;
  }
}

/** Every setting as it is in effect. */
export function effectiveSettingsOf(env: Environment, readFile: ReadFile): readonly EffectiveSetting[] {
  return effectiveSettings({ env, readFile });
}

/** Why a command finds nothing below `dataDir`, and what may be wrong. */
export function noStoreWords(dataDir: string): string {
  const path = resolve(dataDir);
  const whole = path === dataDir ? '' : ` (${path})`;
  return `there is no store in DATA_DIR ${dataDir}${whole}. Is that the DATA_DIR of your server?`;
}
