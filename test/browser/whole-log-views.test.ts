/** Views over a whole log, and over two: what if from a turn, sequence, comparison, a supervisor's slots; and what a saved page lets out. */
import { readFileSync } from 'node:fs';
import type { Page } from 'playwright-core';
import { expect, test } from 'vitest';
import { pageOfFiles } from '../support/browser/file-page.ts';
import { openPage } from '../support/browser/inspected-page.ts';
import { chooseFiles, press, rowOf, turnShown, verdictShown } from '../support/browser/inspector-tab.ts';
import { makeFolder } from '../support/end-of-file.ts';
import { goodEvents, madeLog } from '../support/replay/made-log.ts';
import { plainPlan, recordWorld } from '../support/replay/recorded-world.ts';

function recording(path: string): string {
  return readFileSync(new URL(`../recordings/${path}.jsonl`, import.meta.url), 'utf8');
}

async function pageOf(files: readonly { name: string; text: string }[], turn: number): Promise<Page> {
  const page = await pageOfFiles();
  await chooseFiles(page, files);
  await turnShown(page, turn);
  return page;
}

async function goToTurn(page: Page, turn: number): Promise<void> {
  await press(page, 'Home');
  for (let at = 0; at < turn; at += 1) await press(page, 'ArrowRight');
  await turnShown(page, turn);
}

async function whatIf(page: Page, choice: string): Promise<string> {
  await page.getByRole('button', { name: /what if/i }).click();
  await page.getByRole('combobox', { name: /What if, at turn/ }).selectOption({ label: choice });
  return (await page.locator('[data-fork]').first().getAttribute('data-fork')) ?? '';
}

test('what if a delta had been lost: both lanes from there on, and from where the log does not tell', async () => {
  const page = await pageOf([{ name: 'plain.jsonl', text: recording('session/completed-plain-v1') }], 16);
  await goToTurn(page, 4);
  expect(await whatIf(page, 'it is lost')).toBe('undetermined');
  await page.getByText('From here on it is open.').waitFor();
  await page.getByRole('cell', { name: 'lost', exact: true }).waitFor();
  // Looking at another turn leaves the fork where it is.
  await page.getByRole('button', { name: '6', exact: true }).click();
  await turnShown(page, 6);
  await page.getByRole('button', { name: 'Fork at turn 6 instead' }).waitFor();
});

test('what if: what is certain is told as certain, and another limit names the command for it', async () => {
  const { text } = recordWorld(plainPlan);
  const page = await pageOf([{ name: 'plain.jsonl', text }], text.trim().split('\n').length - 3);
  await goToTurn(page, 2);
  expect(await whatIf(page, 'the client cancels')).toBe('other_end');
  await page.getByText(/It would have ended with client_cancelled at turn 2/).waitFor();
  const chooser = page.getByRole('combobox', { name: /What if, at turn/ });
  await chooser.selectOption('SESSION_TIMEOUT');
  await page.getByRole('textbox', { name: 'Value of SESSION_TIMEOUT' }).fill('1');
  await page.keyboard.press('Enter');
  await page.getByText(/It would have ended with session_timeout/).waitFor();
  await page.getByRole('textbox', { name: 'Value of SESSION_TIMEOUT' }).fill('-1');
  await page.keyboard.press('Enter');
  await page.getByText('SESSION_TIMEOUT "-1" must be a number of seconds from 0 to 2147483').waitFor();
});

test('the sequence marks the shown turn, and leads to a turn', async () => {
  const text = recording('session/completed-plain-v1');
  const finished = text.split('\n').findIndex((line) => line.includes('"answer.finished"')) - 1;
  const page = await pageOf([{ name: 'plain.jsonl', text }], 16);
  await page.getByRole('tab', { name: 'Sequence' }).click();
  await page.locator('.seq-row[aria-current="true"]').getByText('outbox.flushed').waitFor();
  await page.getByRole('button', { name: /answer\.finished/ }).click();
  await turnShown(page, finished);
  await page.locator('.seq-row[aria-current="true"]').getByText('answer.finished').waitFor();
});

test('two sessions beside each other: where they go apart, and that one and itself do not', async () => {
  const page = await pageOf(
    [
      { name: 'plain.jsonl', text: recording('session/completed-plain-v1') },
      { name: 'command.jsonl', text: recording('session/completed-command-v1') },
      { name: 'again.jsonl', text: recording('session/completed-plain-v1') },
    ],
    16,
  );
  await page.getByRole('button', { name: /compare/i }).click();
  const other = page.getByRole('combobox', { name: 'The other session' });
  await other.selectOption(await other.locator('option', { hasText: 'completed-command' }).getAttribute('value'));
  await page.locator('[data-compare="different"]').waitFor();
  await page.getByText('The course goes apart:').waitFor();
  await other.selectOption(await other.locator('option', { hasText: 'completed-plain' }).first().getAttribute('value'));
  await page.locator('[data-compare="same"]').waitFor();
});

test('a supervisor shows its slots, who was refused and why, and who is in flight at a turn', async () => {
  const page = await pageOf([{ name: 'race.jsonl', text: recording('supervisor/race-v2') }], 18);
  await page.getByRole('tab', { name: 'Slots' }).click();
  await page.getByText('stream_limit_exceeded', { exact: true }).waitFor();
  await page.getByText('Concurrent request for session_id=twice is not allowed').waitFor();
  await page.getByText('nobody holds a slot').waitFor();
  await page.getByRole('button', { name: '5', exact: true }).click();
  await turnShown(page, 5);
  await page.getByRole('cell', { name: /^other/ }).waitFor();
});

test('a saved page shows hostile ids and words as text, and asks nobody for anything', async () => {
  const sessionId = '</script><script>document.title="owned"</script><img src=x onerror=alert(1)>\u2028<!--<script>';
  const page = await pageOfFiles();
  await chooseFiles(page, [{ name: 'hostile.jsonl', text: madeLog({ events: goodEvents, sessionId }) }]);
  await rowOf(page, sessionId).click();
  await verdictShown(page, 'identical');
  const download = page.waitForEvent('download');
  await page.getByRole('button', { name: /save as a page/i }).click();
  const file = `${makeFolder('recital-saved-')}/saved.html`;
  await (await download).saveAs(file);
  const saved = await openPage(`file://${file}`, { isOffline: true });
  await verdictShown(saved, 'identical');
  expect(await saved.title()).toMatch(/^<\/script><script>.*· Recital session$/s);
  expect(await saved.locator('img').count()).toBe(0);
  await saved.getByRole('tab', { name: 'What if' }).click();
  await saved.getByRole('combobox', { name: /What if, at turn/ }).selectOption({ label: 'it comes twice' });
  await saved.locator('[data-fork]').waitFor();
});
