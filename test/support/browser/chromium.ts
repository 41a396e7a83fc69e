/**
 * The browser of the tests: a Chromium that is installed on this machine, driven by playwright-core. None is downloaded.
 *
 * Where there is none, the suite is skipped with one line that says how to get it; in CI (`CI` is set) it fails, since a suite that
 * silently tests nothing is worse than none. A CHROMIUM that names no program fails everywhere: somebody meant it.
 */
import { accessSync, constants } from 'node:fs';
import { type Browser, chromium } from 'playwright-core';
import chromiums from '../../../scripts/chromium.json' with { type: 'json' };
import { atEndOfFile } from '../end-of-file.ts';

/**
 * The usual places, and flags: it must not look for updates, proxies or a profile of its own; a container has no sandbox and no GPU; sound
 * needs no hand on the page.
 */
const { places: usualPlaces, flags } = chromiums;

export const howToGetOne = '`apt install chromium`, or CHROMIUM=/path/to/one';

/** Where a browser is, or null. Throws where CHROMIUM names none, and in CI where there is none. */
export function findChromium(env: NodeJS.ProcessEnv = process.env, places: readonly string[] = usualPlaces) {
  const { CHROMIUM: named, CI: isCi } = env;
  if (named !== undefined && named !== '') {
    if (!isProgram(named)) throw new Error(`CHROMIUM=${named} is no program that can be run`);
    return named;
  }
  const found = places.find(isProgram) ?? null;
  if (found === null && isCi !== undefined && isCi !== '' && isCi !== 'false') {
    throw new Error(`CI runs the browser tests, and there is no Chromium here: ${howToGetOne}`);
  }
  return found;
}

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

let running: Promise<Browser> | null = null;

/** One a test file, started when it is first asked for, closed when the file ends. */
export function theBrowser(): Promise<Browser> {
  if (running !== null) return running;
  const executablePath = findChromium();
  if (executablePath === null) throw new Error(`no Chromium: ${howToGetOne}`);
  const launched = chromium.launch({ executablePath, args: flags, timeout: 60_000 });
  running = launched;
  atEndOfFile(async () => {
    running = null;
    await (await launched).close();
  });
  return launched;
}
