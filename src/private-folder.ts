/**
 * Folders that are their owner's alone, whatever the umask: what people said may stand in them. One that is there already is left as it is:
 * its mode is somebody's choice.
 */
import { type BigIntStats, chmodSync, mkdirSync, statSync } from 'node:fs';
import { dirname } from 'node:path';

export const PRIVATE_FOLDER_MODE = 0o700;
export const PRIVATE_FILE_MODE = 0o600;

/**
 * Makes the folder with those above it; throws where that can't be done. Node's own recursive way turns in circles for ever where a folder is
 * there and takes none, as under /proc.
 */
export function makePrivateFolder(path: string): void {
  const make = (): void => {
    try {
      mkdirSync(path, { mode: PRIVATE_FOLDER_MODE });
    } catch (error) {
      if (!hasCode(error, 'EEXIST')) throw error;
      return;
    }
    // A umask takes bits away from the mode, and the owner needs all three.
    chmodSync(path, PRIVATE_FOLDER_MODE);
  };
  try {
    make();
  } catch (error) {
    if (!hasCode(error, 'ENOENT') || dirname(path) === path) throw error;
    makePrivateFolder(dirname(path));
    make();
  }
}

/**
 * What stands at `path`; undefined = nothing. A file in the place of a folder above it is told, as the system tells it: with `throwIfNoEntry`
 * some versions of Node pass over that, and some do not. In bigint, because some file systems number beyond 2^53.
 */
export function statsOf(path: string): BigIntStats | undefined {
  try {
    return statSync(path, { bigint: true });
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return undefined;
    throw error;
  }
}

/** Whether `error` is one of the system with this code. */
export function hasCode(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code;
}
