/** Log files of the person: dropped, chosen, several at once; and a session that is carried away as one page. */

import type { Page } from 'playwright-core';
import { describe, expect, test } from 'vitest';
import { pageOfFiles } from '../support/browser/file-page.ts';
import { openPage } from '../support/browser/inspected-page.ts';
import { chooseFiles, press, turnShown, verdictShown } from '../support/browser/inspector-tab.ts';
import { toldByNode } from '../support/browser/log-states.ts';
import { makeFolder } from '../support/end-of-file.ts';
import { failedEvents, goodEvents, madeLog } from '../support/replay/made-log.ts';
import { plainPlan, recordWorld } from '../support/replay/recorded-world.ts';

test('a file that is dropped anywhere on the page opens at its last turn', async () => {
  const { text } = recordWorld(plainPlan);
  const page = await pageOfFiles();
  await dropFiles(page, [{ name: 'dropped.jsonl', text }]);
  await turnShown(page, toldByNode(text).states.length - 1);
  await verdictShown(page, 'identical');
});

test('what is dragged over the page and is no file is left alone', async () => {
  const page = await pageOfFiles();
  const wasTaken = await page.evaluate(() => {
    const dataTransfer = new DataTransfer();
    dataTransfer.setData('text/plain', 'words');
    const over = new DragEvent('dragover', { dataTransfer, bubbles: true, cancelable: true });
    document.body.dispatchEvent(over);
    return over.defaultPrevented;
  });
  expect(wasTaken).toBe(false);
});

test('several files at once are all listed, and the bad one among them spoils none', async () => {
  const page = await pageOfFiles();
  await chooseFiles(page, [
    { name: 'first.jsonl', text: madeLog({ events: goodEvents, sessionId: 'file-one' }) },
    { name: 'broken.jsonl', text: 'no log\n' },
    { name: 'second.jsonl', text: madeLog({ events: failedEvents, sessionId: 'file-two' }) },
  ]);
  await page.locator('[data-session="file-one"]').first().waitFor();
  await page.locator('[data-session="file-two"]').first().waitFor();
  await page.getByText('broken.jsonl').first().waitFor();
  await page.locator('[data-session="file-one"]').first().click();
  await verdictShown(page, 'identical');
});

test('a file that is closed is forgotten; one of the same name can be opened again', async () => {
  const { text } = recordWorld(plainPlan);
  const page = await pageOfFiles();
  const rows = page.locator('[data-log^="file:"]');
  for (const name of ['shut.jsonl', 'shut.jsonl']) {
    await chooseFiles(page, [{ name, text }]);
    await verdictShown(page, 'identical');
    await expect.poll(() => rows.count()).toBe(1);
    await page.getByRole('button', { name: 'close file' }).click();
    await expect.poll(() => rows.count()).toBe(0);
    await expect.poll(() => page.url()).not.toContain('shut');
  }
});

describe('"Save as a page"', () => {
  test('gives one file that replays itself without a network, at the turn it was saved at, with the same keys', async () => {
    const { text } = recordWorld(plainPlan);
    const last = toldByNode(text).states.length - 1;
    const page = await pageOfFiles();
    await chooseFiles(page, [{ name: 'kept.jsonl', text }]);
    await turnShown(page, last);
    await verdictShown(page, 'identical');
    const download = page.waitForEvent('download');
    await page
      .getByRole('button', { name: /save as a page/i })
      .first()
      .click();
    const file = `${makeFolder('recital-saved-')}/saved.html`;
    await (await download).saveAs(file);

    const saved = await openPage(`file://${file}`, { isOffline: true });
    await verdictShown(saved, 'identical');
    await press(saved, 'End');
    await turnShown(saved, last);
    await press(saved, 'Home');
    await turnShown(saved, 0);
    await press(saved, 'ArrowRight');
    await turnShown(saved, 1);
    expect(await saved.locator('script[src], link[rel="stylesheet"]').count()).toBe(0);
    // Whatever its address says, it leads into the one log.
    for (const [hash, turn] of [
      ['#turn=2', 2],
      ['#session=session-1&turn=3', 3],
      ['#session=another&log=x&turn=4', 4],
    ] as const) {
      await saved.evaluate((given) => {
        location.hash = given;
      }, hash);
      await turnShown(saved, turn);
    }
    await saved.reload();
    await turnShown(saved, 4);
  });
});

/** Drags files over the page and lets them go. */
async function dropFiles(page: Page, files: readonly { name: string; text: string }[]): Promise<void> {
  await page.evaluate((given) => {
    const dataTransfer = new DataTransfer();
    for (const { name, text } of given) dataTransfer.items.add(new File([text], name));
    for (const type of ['dragenter', 'dragover', 'drop']) {
      document.body.dispatchEvent(new DragEvent(type, { dataTransfer, bubbles: true, cancelable: true }));
    }
  }, files);
}
