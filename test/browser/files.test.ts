/** Log files of the person: dropped, chosen, several at once; and a session that is carried away as one page. */
import { readFileSync } from 'node:fs';
import type { Page } from 'playwright-core';
import { describe, expect, test } from 'vitest';
import { pageOfFiles } from '../support/browser/file-page.ts';
import { openPage } from '../support/browser/inspected-page.ts';
import { chooseFiles, openSession, press, rowOf, turnShown, verdictShown } from '../support/browser/inspector-tab.ts';
import { toldByNode } from '../support/browser/log-states.ts';
import { makeFolder } from '../support/end-of-file.ts';
import { failedEvents, goodEvents, madeLog } from '../support/replay/made-log.ts';
import { plainPlan, recordWorld } from '../support/replay/recorded-world.ts';
import { madeWithIndex, SegmentMaker, writeLargeSegment } from '../support/replay/segments.ts';

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

describe('a segment', () => {
  const day = '2026-11-22';
  const logs: Readonly<Record<string, string>> = {
    '100000.000-good': madeLog({ events: goodEvents, sessionId: 'seg-good', startedAt: `${day}T10:00:00.000Z` }),
    '110000.000-failed': madeLog({ events: failedEvents, sessionId: 'seg-failed', startedAt: `${day}T11:00:00.000Z` }),
    '120000.000-altered': madeLog({
      events: goodEvents,
      sessionId: 'seg-altered',
      startedAt: `${day}T12:00:00.000Z`,
    }).replace('"atMs":12', '"atMs":13'),
  };
  const made = () => {
    const segment = new SegmentMaker();
    for (const [name, text] of Object.entries(logs)) segment.block(name, text);
    return segment;
  };
  const whole = () => madeWithIndex(made(), logs);
  const rows = (page: Page) => page.locator('[data-log*="segment.jsonl#"]');

  test('that is dropped is listed like a folder of its logs, beside files; each opens with its verdict, a bad one by its name', async () => {
    const page = await pageOfFiles();
    await dropFiles(page, [
      { name: '100000.000-5f0c9a3e.segment.jsonl', text: whole() },
      { name: 'own.jsonl', text: madeLog({ events: goodEvents, sessionId: 'own-1' }) },
    ]);
    await rowOf(page, 'own-1').waitFor();
    await expect.poll(() => rows(page).count()).toBe(3);
    const segment = page.locator('[data-segment="100000.000-5f0c9a3e.segment.jsonl"]');
    await segment.getByText('3 logs').waitFor();
    expect(await rowOf(page, 'seg-failed').innerText()).toContain('answer_failed');
    await openSession(page, 'seg-good');
    await turnShown(page, goodEvents.length);
    await verdictShown(page, 'identical');
    await rowOf(page, 'seg-good').getByText('✓ identical').waitFor();
    await rowOf(page, 'seg-altered').click();
    await verdictShown(page, 'bad-log');
    await rowOf(page, 'seg-altered').getByText('✗ bad log, line 4').waitFor();
    await openSession(page, 'seg-failed');
    await verdictShown(page, 'identical');

    // A reload has no files: the segment, opened again, leads to the same log and turn.
    await press(page, 'Home');
    await turnShown(page, 0);
    await page.reload();
    await chooseFiles(page, [{ name: '100000.000-5f0c9a3e.segment.jsonl', text: whole() }]);
    await turnShown(page, 0);
    await expect.poll(() => page.title()).toContain('seg-failed');

    await segment.getByRole('button', { name: 'close' }).click();
    await expect.poll(() => rows(page).count()).toBe(0);
    await segment.waitFor({ state: 'detached' });
    await expect.poll(() => page.url()).not.toContain('seg-failed');
  });

  test('of a killed process says so and is readable; the filter looks into its sessions', async () => {
    const page = await pageOfFiles();
    const { text } = made();
    await chooseFiles(page, [{ name: 'killed.segment.jsonl', text: text.slice(0, -40) }]);
    const segment = page.locator('[data-segment="killed.segment.jsonl"]');
    await segment.getByText('It has no end: its process was killed').waitFor();
    await segment.getByText('of log 120000.000-altered').waitFor();
    await expect.poll(() => rows(page).count()).toBe(3);
    await page.locator('#filter').fill('reason:answer_failed');
    await expect.poll(() => rows(page).count()).toBe(1);
    await openSession(page, 'seg-failed');
    await verdictShown(page, 'identical');
  });

  test('with one log opens it; two logs of segments are compared; one is saved as a page that replays itself', async () => {
    const page = await pageOfFiles();
    const [name = ''] = Object.keys(logs);
    const single = new SegmentMaker()
      .block(name, logs[name] ?? '')
      .index({ sessionId: 'seg-good' })
      .end().text;
    await chooseFiles(page, [{ name: 'one.segment.jsonl', text: single }]);
    await verdictShown(page, 'identical');
    const saved = await savedPageOf(page);
    await verdictShown(saved, 'identical');
    const log = saved.waitForEvent('download');
    await saved.getByRole('button', { name: /save the log/ }).click();
    expect(readFileSync(await (await log).path(), 'utf8')).toBe(logs[name]);

    await chooseFiles(page, [{ name: 'more.segment.jsonl', text: whole() }]);
    await expect.poll(() => rows(page).count()).toBe(4);
    await page.getByRole('button', { name: 'compare it' }).click();
    const other = page.getByLabel('The other session');
    const [failed = ''] = await other
      .locator('option', { hasText: 'more.segment.jsonl#110000.000-failed' })
      .evaluateAll((options) => options.map((option) => option.getAttribute('value') ?? ''));
    await other.selectOption(failed);
    await page.getByLabel('Comparison').getByText('answer.failed').first().waitFor();
  });

  test('of twenty thousand logs is listed by its index, and one of them opens', async () => {
    const page = await pageOfFiles();
    const path = `${makeFolder('recital-large-')}/large.segment.jsonl`;
    writeLargeSegment(path, { logs: 20_000, text: logs['100000.000-good'] ?? '' });
    await page.locator('input[type="file"]').first().setInputFiles(path);
    await page.locator('[data-segment]').getByText('20,000 logs').waitFor();
    await expect.poll(() => page.locator('.counts').textContent()).toContain('20000 of 20000');
    await page.locator('#filter').fill('session:large-4711');
    await rowOf(page, 'large-4711').click();
    await turnShown(page, goodEvents.length);
    await verdictShown(page, 'identical');
  });
});

describe('"Save as a page"', () => {
  test('gives one file that replays itself without a network, at the turn it was saved at, with the same keys', async () => {
    const { text } = recordWorld(plainPlan);
    const last = toldByNode(text).states.length - 1;
    const page = await pageOfFiles();
    await chooseFiles(page, [{ name: 'kept.jsonl', text }]);
    await turnShown(page, last);
    await verdictShown(page, 'identical');
    const saved = await savedPageOf(page);
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

    // Nothing is offered that needs a path, a list or a server; the log comes out as it went in.
    expect(await saved.getByText('makes a test of it').count()).toBe(0);
    await press(saved, 't');
    expect(await saved.getByRole('alert').innerText()).toBe('');
    await press(saved, '?');
    await saved.getByText('what if, from this turn').waitFor();
    expect(await saved.getByText(/try it|the list|filter/).count()).toBe(0);
    await press(saved, 'Escape');
    const log = saved.waitForEvent('download');
    await saved.getByRole('button', { name: /save the log/ }).click();
    expect(readFileSync(await (await log).path(), 'utf8')).toBe(text);
  });
});

test('a failed session says in red, on its last turn, why it is over and what to do; a completed one does not', async () => {
  const page = await pageOfFiles();
  await chooseFiles(page, [{ name: 'failed.jsonl', text: madeLog({ events: failedEvents, sessionId: 'failed-1' }) }]);
  const ending = page.locator('.ending.is-bad');
  await ending.getByText('The chart is over: answer_failed.').waitFor();
  await ending.getByText('xxxxx xx', { exact: true }).waitFor();
  await ending.getByText('What to do: ').waitFor();
  await press(page, 'Home');
  await ending.waitFor({ state: 'detached' });
  await chooseFiles(page, [{ name: 'good.jsonl', text: recordWorld(plainPlan).text }]);
  await page.locator('.ending.is-good').getByText('The chart is over: completed.').waitFor();
});

test('a notice that there is no such turn goes upon Esc, with a step, with another log, and by itself', async () => {
  const page = await pageOfFiles();
  await chooseFiles(page, [{ name: 'noticed.jsonl', text: recordWorld(plainPlan).text }]);
  await verdictShown(page, 'identical');
  const notice = page.locator('.notice');
  // A log that was just chosen may not be read yet, and has no first turn to stand at until then.
  const provoke = async () => {
    const look = async () => {
      await press(page, 'Home');
      await press(page, 'Shift+ArrowLeft');
      return notice.getByText('There is no earlier turn').isVisible();
    };
    await expect.poll(look, { timeout: 30_000, interval: 100 }).toBe(true);
  };
  await provoke();
  await press(page, 'Escape');
  await notice.waitFor({ state: 'detached', timeout: 2_000 });
  await provoke();
  await press(page, 'ArrowRight');
  await notice.waitFor({ state: 'detached', timeout: 2_000 });
  await provoke();
  await chooseFiles(page, [{ name: 'other.jsonl', text: madeLog({ events: goodEvents, sessionId: 'other-1' }) }]);
  await notice.waitFor({ state: 'detached', timeout: 2_000 });
  await provoke();
  await notice.waitFor({ state: 'detached', timeout: 8_000 });
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

/** Saves what is shown as a page, and opens that without a network. */
async function savedPageOf(page: Page): Promise<Page> {
  const download = page.waitForEvent('download');
  await page
    .getByRole('button', { name: /save as a page/i })
    .first()
    .click();
  const file = `${makeFolder('recital-saved-')}/saved.html`;
  await (await download).saveAs(file);
  return openPage(`file://${file}`, { isOffline: true });
}
