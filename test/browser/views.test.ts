/** Views over whole logs: what if, two compared, messages between lanes, the supervisor's slots; each without a finding of axe. */
import type { Page } from 'playwright-core';
import { beforeAll, describe, expect, test } from 'vitest';
import { axeFindings } from '../support/browser/axe.ts';
import { pageOfFiles } from '../support/browser/file-page.ts';
import { openPage } from '../support/browser/inspected-page.ts';
import { type InspectedServer, say, startInspected, wholeLogOf } from '../support/browser/inspected-server.ts';
import { chooseFiles, openSession, press, rowOf, turnShown, verdictShown } from '../support/browser/inspector-tab.ts';
import { toldByNode } from '../support/browser/log-states.ts';
import { failedEvents, goodEvents, madeLog } from '../support/replay/made-log.ts';
import { plainPlan, recordWorld } from '../support/replay/recorded-world.ts';

const good = madeLog({ events: goodEvents, sessionId: 'good-one' });
const failed = madeLog({ events: failedEvents, sessionId: 'failed-one' });

async function openTab(page: Page, name: string): Promise<void> {
  await page.getByRole('tab', { name, exact: false }).first().click();
}

describe('what if', () => {
  test('the session timer fires at a turn: another end, told beside the recorded one, which stays identical', async () => {
    const { text } = recordWorld(plainPlan);
    const page = await pageOfFiles();
    await chooseFiles(page, [{ name: 'forked.jsonl', text }]);
    await verdictShown(page, 'identical');
    await press(page, 'Home');
    await turnShown(page, 0);
    await press(page, 'ArrowRight');
    await press(page, 'ArrowRight');
    await turnShown(page, 2);
    await page
      .getByRole('button', { name: /what if/i })
      .first()
      .click();
    const choice = page.getByLabel(/what if, at turn 2/i);
    const timer = choice.locator('option', { hasText: 'sessionTimeout' });
    await choice.selectOption((await timer.first().getAttribute('value')) ?? '');
    await page.locator('[data-fork="other_end"]').first().waitFor();
    await page
      .getByText(/session_timeout/)
      .first()
      .waitFor();
    await verdictShown(page, 'identical');
    expect(await axeFindings(page)).toEqual([]);
  });
});

describe('two sessions compared', () => {
  test('say where they part; a log compared with its own copy differs nowhere', async () => {
    const page = await pageOfFiles();
    await chooseFiles(page, [
      { name: 'good.jsonl', text: good },
      { name: 'failed.jsonl', text: failed },
      { name: 'copy.jsonl', text: good },
    ]);
    await rowOf(page, 'failed-one').waitFor();
    await rowOf(page, 'good-one').click();
    await verdictShown(page, 'identical');
    await page
      .getByRole('button', { name: /compare it/i })
      .first()
      .click();
    const other = page.getByLabel('The other session');
    const optionOf = (words: string) => other.locator('option', { hasText: words }).first().getAttribute('value');
    await other.selectOption((await optionOf('failed-one')) ?? '');
    await page.locator('[data-compare="different"]').first().waitFor();
    expect(await axeFindings(page)).toEqual([]);
    await other.selectOption((await optionOf('good-one')) ?? '');
    await page.locator('[data-compare="same"]').first().waitFor();
  });
});

describe('a live server', () => {
  let server: InspectedServer;
  let last: number;
  beforeAll(async () => {
    server = await startInspected({ env: { INSPECTOR_TRY: 'on' } });
    await say(server, 'viewed-1', 'walk').outcome;
    last = toldByNode(await wholeLogOf(server, 'viewed-1')).states.length - 1;
  });

  test('tells a session as messages, as a log in groups, as raw lines', async () => {
    const page = await openPage(server.pageUrl);
    await openSession(page, 'viewed-1');
    await turnShown(page, last);
    await openTab(page, 'Sequence');
    await page.getByLabel('Messages').getByText('outbox.flushed').first().waitFor();
    expect(await axeFindings(page)).toEqual([]);
    await openTab(page, 'Log');
    await page
      .getByText(/answer\.finished/)
      .first()
      .waitFor();
    expect(await axeFindings(page)).toEqual([]);
    await openTab(page, 'Raw lines');
    await page.getByText('"kind":"footer"').first().waitFor();
    expect(await axeFindings(page)).toEqual([]);
  });

  test('tells of its supervisor whom it refused and why', async () => {
    const held = say(server, 'refused-1', 'hang');
    await held.firstFrame;
    expect((await say(server, 'refused-1', 'hang').outcome).errorType).toBe('concurrent_request');
    const page = await openPage(server.pageUrl);
    await page.locator('[data-session]').first().waitFor();
    await page.getByText('supervisor').first().click();
    await openTab(page, 'Slots');
    await page.getByLabel('Slots').getByText('concurrent_request').first().waitFor();
    await verdictShown(page, 'identical');
    expect(await axeFindings(page)).toEqual([]);
    held.call.cancel();
    await held.outcome;
  });

  test('shows the crowd and the question without a finding of axe', async () => {
    const page = await openPage(server.pageUrl, { colorScheme: 'dark' });
    await page.locator('[data-connection="live"]').waitFor();
    await press(page, 'c');
    await page.locator('[data-crowd]').first().waitFor();
    expect(await axeFindings(page)).toEqual([]);
    await press(page, 't');
    await page.getByLabel('What to ask').waitFor();
    expect(await axeFindings(page)).toEqual([]);
  });
});
