/** The server goes away and comes back; a tab that nobody sees asks for nothing; reload shows the same. */
import { createServer } from 'node:net';
import { beforeAll, describe, expect, test } from 'vitest';
import { axeFindings } from '../support/browser/axe.ts';
import { openBackgroundTab } from '../support/browser/background-tab.ts';
import { type Front, startFront } from '../support/browser/front.ts';
import { openPage } from '../support/browser/inspected-page.ts';
import {
  type InspectedServer,
  inspected,
  inspectedEnv,
  manyKinds,
  say,
  startInspected,
  testToken,
  wholeLogOf,
} from '../support/browser/inspected-server.ts';
import { chartOf, openSession, press, rowOf, turnShown, verdictShown } from '../support/browser/inspector-tab.ts';
import { toldByNode } from '../support/browser/log-states.ts';
import { makeFolder } from '../support/end-of-file.ts';
import { eventually } from '../support/eventually.ts';
import { startServerProcess } from '../support/server-process.ts';

test('the server is killed: the page says so, keeps what it has, and goes on with the next one at the same place', async () => {
  const env = inspectedEnv({ HTTP_PORT: String(await freePort()), DATA_DIR: makeFolder('recital-inspected-') });
  const first = inspected(await startServerProcess({ scenario: manyKinds, env }));
  const page = await openPage(first.pageUrl, { expectedFaults: [/ERR_(CONNECTION|INCOMPLETE|EMPTY|NETWORK)/] });
  const connection = page.getByRole('status').first();
  await say(first, 'before-1', 'walk').outcome;
  const told = toldByNode(await wholeLogOf(first, 'before-1'));
  await openSession(page, 'before-1');
  await turnShown(page, told.states.length - 1);
  await expect.poll(() => connection.innerText()).toMatch(/^live/);

  first.process.kill('SIGKILL');
  await first.exited;
  await expect.poll(() => connection.innerText()).toMatch(/lost/);
  // What it has is there, and can be stepped through without a server.
  await press(page, 'Home');
  await turnShown(page, 0);
  await press(page, 'ArrowRight');
  await turnShown(page, 1);
  await verdictShown(page, 'identical');
  await rowOf(page, 'before-1').waitFor();

  const second = inspected(await startServerProcess({ scenario: manyKinds, env }));
  await expect.poll(() => connection.innerText()).toMatch(/^live/);
  await say(second, 'after-1', 'walk').outcome;
  await openSession(page, 'after-1');
  const toldAfter = toldByNode(await wholeLogOf(second, 'after-1'));
  await turnShown(page, toldAfter.states.length - 1);
  await verdictShown(page, 'identical');
});

describe('a tab', () => {
  let server: InspectedServer;
  let front: Front;
  let url: string;
  beforeAll(async () => {
    server = await startInspected();
    front = await startFront({ port: () => server.httpPort });
    const { pathname, hash } = new URL(server.pageUrl);
    url = `${front.origin}${pathname}${hash}`;
  });

  test('that is hidden closes its stream, and opens one when it is seen again', async () => {
    const before = front.openFeeds();
    const tab = await openBackgroundTab(url);
    await eventually(front.openFeeds, (count) => count === before + 1);
    await tab.hide();
    await eventually(front.openFeeds, (count) => count === before);
    const { call, outcome } = say(server, 'unseen-1', 'hang');
    await tab.show();
    await eventually(front.openFeeds, (count) => count === before + 1);
    await eventually(
      () => tab.evaluate(`document.querySelector('[data-session="unseen-1"]') !== null`),
      (isListed) => isListed === true,
    );
    call.cancel();
    await outcome;
    await tab.close();
    await eventually(front.openFeeds, (count) => count === before);
  });

  test('has one stream, whatever it looks at', async () => {
    const page = await openPage(url);
    const before = front.openFeeds();
    for (const name of ['one-1', 'one-2', 'one-3']) {
      await say(server, name, 'walk').outcome;
      await openSession(page, name);
      await verdictShown(page, 'identical');
      await eventually(front.openFeeds, (count) => count <= Math.max(before, 1));
    }
  });

  test('that is loaded again shows the same session at the same turn; a link does, too', async () => {
    await say(server, 'linked-1', 'walk').outcome;
    const told = toldByNode(await wholeLogOf(server, 'linked-1'));
    const page = await openPage(url);
    await openSession(page, 'linked-1');
    await turnShown(page, told.states.length - 1);
    await press(page, 'Home');
    for (let turn = 1; turn <= 4; turn += 1) {
      await press(page, 'ArrowRight');
      await turnShown(page, turn);
    }
    await expect.poll(() => page.url()).toContain('turn=4');
    await page.reload();
    await turnShown(page, 4);
    await verdictShown(page, 'identical');
    expect(await chartOf(page).getAttribute('data-live')).toBe('false');
    // Another tab needs the token: an address that is copied has none.
    expect(page.url()).not.toContain(testToken);
    const other = await openPage(`${page.url()}&token=${testToken}`);
    await turnShown(other, 4);
    const active = chartOf(other).locator('[data-state][aria-current="true"]');
    expect(told.states[4]).toEqual(
      expect.arrayContaining(await active.evaluateAll((all) => all.map((state) => state.getAttribute('data-state')))),
    );
  });
});

test('an address with session and turn alone, typed into an open page, leads there; Back leads where it was', async () => {
  const server = await startInspected();
  await say(server, 'typed-1', 'walk').outcome;
  await say(server, 'typed-2', 'walk').outcome;
  const page = await openPage(server.pageUrl);
  await openSession(page, 'typed-1');
  const goTo = (hash: string) =>
    page.evaluate((given) => {
      location.hash = given;
    }, hash);
  for (const turn of [3, 1]) {
    await goTo(`#session=typed-2&turn=${turn}`);
    await turnShown(page, turn);
    await expect.poll(() => page.url()).toMatch(new RegExp(`session=typed-2&log=[^&]+&turn=${turn}$`));
  }
  await page.goBack();
  await turnShown(page, 3);
  await page.goBack();
  await expect.poll(() => page.url()).toContain('session=typed-1');
  await verdictShown(page, 'identical');
});

test('a server that came back with another token: it is asked for beside what stays, and given in the page', async () => {
  const server = await startInspected();
  await say(server, 'kept-1', 'walk').outcome;
  const page = await openPage(server.pageUrl, { expectedFaults: [/401/] });
  await openSession(page, 'kept-1');
  await press(page, 'Home');
  await turnShown(page, 0);
  await page.evaluate(() => {
    location.hash = `${location.hash}&token=another`;
  });
  await page.getByText('The server refuses this page').waitFor();
  await page.getByText('a new token after each start').waitFor();
  await turnShown(page, 0);
  await page.locator('#token').fill(server.pageUrl);
  await press(page, 'Enter');
  await expect.poll(() => page.getByRole('status').first().innerText()).toMatch(/^live/);
  await page.locator('#token').waitFor({ state: 'detached' });
  await turnShown(page, 0);
  await verdictShown(page, 'identical');
});

test.each([
  ['without a token', ''],
  ['with a wrong one', '&token=another'],
])('a copied address %s asks for it in its place, and goes on to its session and turn', async (_, wrong) => {
  const server = await startInspected();
  await say(server, 'copied-1', 'walk').outcome;
  const first = await openPage(server.pageUrl);
  await openSession(first, 'copied-1');
  await press(first, 'Home');
  await press(first, 'ArrowRight');
  await turnShown(first, 1);
  const page = await openPage(`${first.url()}${wrong}`, { expectedFaults: [/401/] });
  await page.getByText('inspector_url').first().waitFor();
  expect(await page.getByText('no log').count()).toBe(0);
  expect(await axeFindings(page)).toEqual([]);
  await page.locator('#token').fill(testToken);
  await press(page, 'Enter');
  await turnShown(page, 1);
  await verdictShown(page, 'identical');
  expect(page.url()).toContain('turn=1');
});

/** A port that nobody listens on; the server that comes back must have the same one. */
async function freePort(): Promise<number> {
  const probe = createServer();
  await new Promise<void>((listening) => probe.listen(0, '127.0.0.1', listening));
  const address = probe.address();
  await new Promise((closed) => probe.close(closed));
  if (address === null || typeof address === 'string') throw new Error('no port');
  return address.port;
}
