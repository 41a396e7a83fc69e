/**
 * What a test file has started or made and must not leave behind. Files of the process project share their modules, so a hook that a
 * support module registers while it loads would belong to the first file alone; end-of-file.setup.ts cleans up after each file.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

type Stop = () => unknown;

const stops = new Set<Stop>();
const folders = new Set<string>();

/** `stop` is called when the current file ends, unless the returned function is called before. */
export function atEndOfFile(stop: Stop): () => void {
  stops.add(stop);
  return () => {
    stops.delete(stop);
  };
}

/** A new folder; it is deleted when the current file ends and everything that may write to it has stopped. */
export function makeFolder(prefix: string): string {
  const folder = mkdtempSync(join(tmpdir(), prefix));
  folders.add(folder);
  return folder;
}

/** Stops everything at once, waits for it, then deletes the folders. */
export async function cleanUp(): Promise<void> {
  const all = [...stops];
  stops.clear();
  await Promise.all(all.map((stop) => stop()));
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
  folders.clear();
}
