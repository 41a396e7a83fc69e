// The Chromium of this machine, for scripts and benchmarks: CHROMIUM, or one in a usual place (scripts/chromium.json, which the tests use, too).
import { accessSync, constants } from 'node:fs';
import { createRequire } from 'node:module';
import { chromium } from 'playwright-core';

const { places, flags } = createRequire(import.meta.url)('./chromium.json');

function isProgram(path) {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** Starts it, headless; throws with what to install where there is none. */
export function launchChromium() {
  const executablePath = [process.env.CHROMIUM, ...places].find((path) => path && isProgram(path));
  if (executablePath === undefined)
    throw new Error('no Chromium here: `apt install chromium`, or CHROMIUM=/path/to/one');
  return chromium.launch({ executablePath, args: flags });
}
