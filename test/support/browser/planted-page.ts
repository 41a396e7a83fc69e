/** The page, built with one change in its sources: for tests of what a debugger must notice. */
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { makeFolder } from '../end-of-file.ts';

const builder = fileURLToPath(new URL('planted-build.mjs', import.meta.url));

export interface PlantedChange {
  /** A path from src/. */
  readonly file: string;
  /** Stands in it exactly once. */
  readonly from: string;
  readonly to: string;
}

/** The folder of the build; it is deleted when the test file ends. */
export async function buildPlantedPage({ file, from, to }: PlantedChange): Promise<string> {
  const folder = makeFolder('recital-planted-');
  await promisify(execFile)(process.execPath, [builder, folder, file, from, to]);
  return folder;
}
