/** The page over a server that has no session: for tests of log files, which need none. One server a test file. */
import type { Page } from 'playwright-core';
import { atEndOfFile } from '../end-of-file.ts';
import { openPage, type PageOptions } from './inspected-page.ts';
import { type InspectedServer, startInspected } from './inspected-server.ts';

let started: Promise<InspectedServer> | null = null;

/** Opens the page in a new tab. */
export async function pageOfFiles(options: PageOptions = {}): Promise<Page> {
  if (started === null) {
    started = startInspected();
    atEndOfFile(() => {
      started = null;
    });
  }
  return openPage((await started).pageUrl, options);
}
