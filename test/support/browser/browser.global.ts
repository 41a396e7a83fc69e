/** Global setup of the browser project: without a browser it says so, in one line, or fails in CI. */
import { findChromium, howToGetOne } from './chromium.ts';

export function setup(): void {
  if (findChromium() === null)
    process.stdout.write(`The browser tests are skipped, there is no Chromium: ${howToGetOne}.\n`);
}
