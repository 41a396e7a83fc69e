/**
 * A tab that shows the inspector, watched while the test goes on: an error on its console, an exception, a breach of its content security
 * policy or a request to anybody but its own server fails the test, whatever else the test looks at.
 *
 * A test that breaks something on purpose names the faults that belong to it.
 */
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { BrowserContext, Page } from 'playwright-core';
import { onTestFinished } from 'vitest';
import { theBrowser } from './chromium.ts';

export interface PageOptions {
  readonly width?: number;
  readonly height?: number;
  readonly colorScheme?: 'light' | 'dark';
  readonly reducedMotion?: 'reduce' | 'no-preference';
  /** Faults that this test provokes: words of the console, exceptions, URLs. */
  readonly expectedFaults?: readonly RegExp[];
  /** No network at all, from the start. */
  readonly isOffline?: boolean;
  /** What is done to the tab before it loads the page. */
  readonly prepare?: (context: BrowserContext) => Promise<unknown>;
}

/** Opens `url` in a tab of a context of its own; when the test is over, both are closed, and faults of the page fail it. */
export async function openPage(url: string, options: PageOptions = {}): Promise<Page> {
  const { width = 1280, height = 800, colorScheme = 'light', reducedMotion = 'no-preference' } = options;
  const { expectedFaults = [], isOffline = false } = options;
  const browser = await theBrowser();
  const viewport = { width, height };
  const context = await browser.newContext({ viewport, colorScheme, reducedMotion, offline: isOffline });
  const faults = watchFaults(context, new URL(url));
  onTestFinished(async ({ task }) => {
    if (task.result?.state === 'fail') await keepPicture(context, task.id);
    await context.close();
    const unexpected = faults.filter((fault) => !expectedFaults.some((words) => words.test(fault)));
    if (unexpected.length > 0) throw new Error(`faults of the page:\n${unexpected.join('\n')}`);
  });
  // Twice what a busy machine takes; a test waits for a condition, never for a while.
  context.setDefaultTimeout(30_000);
  await context.addInitScript(() => {
    addEventListener('securitypolicyviolation', ({ effectiveDirective, blockedURI, sourceFile, lineNumber }) => {
      console.error(`CSP ${effectiveDirective} forbids ${blockedURI} (${sourceFile}:${lineNumber})`);
    });
  });
  await options.prepare?.(context);
  const page = await context.newPage();
  await page.goto(url);
  return page;
}

/** What the tabs of a test that failed looked like, for whoever has to find out why. */
async function keepPicture(context: BrowserContext, testId: string): Promise<void> {
  for (const [index, page] of context.pages().entries()) {
    const path = join(tmpdir(), `recital-browser-${testId}-${index}.png`);
    await page.screenshot({ path }).then(
      () => process.stderr.write(`The page when the test failed: ${path}\n`),
      () => {},
    );
  }
}

/** What goes wrong in the tabs of a context, in words, as it goes on. */
function watchFaults(context: BrowserContext, { origin, protocol }: URL): readonly string[] {
  const faults: string[] = [];
  context.on('console', (message) => {
    if (message.type() === 'error') faults.push(`console: ${message.text()} (${message.location().url})`);
  });
  context.on('weberror', (error) => faults.push(`exception: ${error.error().stack ?? error.error().message}`));
  context.on('request', (request) => {
    const url = new URL(request.url());
    const isOwn = protocol === 'file:' ? url.protocol === 'file:' : url.origin === origin;
    if (!isOwn && url.protocol !== 'blob:') faults.push(`request to elsewhere: ${request.url().slice(0, 200)}`);
  });
  return faults;
}
