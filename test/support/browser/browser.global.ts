/** Global setup of the browser project: without a browser it says so, in one line, or fails in CI. */
import { findChromium, howToGetOne } from './chromium.ts';

export function setup(): void {
  try {
    const isThere = findChromium() !== null;
    if (!isThere) process.stdout.write(`The browser tests are skipped, there is no Chromium: ${howToGetOne}.\n`);
  } catch (error) {
    // vitest may fail to print what a global setup throws, and tells of that instead.
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
    throw error;
  }
}
