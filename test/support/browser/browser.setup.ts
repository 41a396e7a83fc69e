/** Setup of every file of the browser project: without a browser its tests are skipped (browser.global.ts says why). */
import { beforeEach } from 'vitest';
import { findChromium } from './chromium.ts';

const hasBrowser = findChromium() !== null;

beforeEach(({ skip }) => {
  if (!hasBrowser) skip('there is no Chromium');
});
