/** `recital inspect`: log files in a real browser, without a server of sessions. */
import { appendFileSync, copyFileSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { openPage } from '../support/browser/inspected-page.ts';
import { chartOf, openSession, press, rowOf, turnShown, verdictShown } from '../support/browser/inspector-tab.ts';
import { atEndOfFile, makeFolder } from '../support/end-of-file.ts';
import { eventually } from '../support/eventually.ts';
import { goodEvents, madeLog } from '../support/replay/made-log.ts';
import { startCli } from '../support/run-cli.ts';

/** Starts the command; the page's address. */
async function inspect(...paths: readonly string[]): Promise<string> {
  const cli = startCli(['inspect', ...paths]);
  await cli.printed('Inspector: ');
  await eventually(cli.stdoutSoFar, (text) => text.endsWith('\n'));
  atEndOfFile(async () => {
    cli.interrupt();
    await cli.result;
  });
  return cli.stdoutSoFar().replace('Inspector: ', '').trim();
}

const recordings = ['completed-plain', 'answer-failed', 'speech-timeout-fails'];

function turnsIn(text: string): number {
  return text.match(/^\{"kind":"turn"/gm)?.length ?? 0;
}

test('a folder of logs is a list, each opens at its end and replays identically; a file that is none says why', async () => {
  const folder = makeFolder('recital-opened-');
  for (const name of recordings) {
    copyFileSync(`test/recordings/session/${name}-v1.jsonl`, join(folder, `${name}.jsonl`));
  }
  writeFileSync(join(folder, 'notes.jsonl'), '<b>hello</b>\n');
  const page = await openPage(await inspect(folder));
  await rowOf(page, 'answer-failed').waitFor();
  expect(await page.locator('[data-session]').count()).toBe(recordings.length + 1);
  for (const name of recordings) {
    await openSession(page, name);
    await turnShown(page, turnsIn(readFileSync(join(folder, `${name}.jsonl`), 'utf8')) - 1);
    await verdictShown(page, 'identical');
    expect(await chartOf(page).getAttribute('data-live')).toBe('false');
  }
  // What it waited for is known as soon as its log was read; what it is called was known before.
  const plain = rowOf(page, 'completed-plain');
  expect(await plain.locator('.device').textContent()).toBe('completed-plain.jsonl');
  await plain.locator('.strip').waitFor();
  expect(await page.locator('.chip.failed').textContent()).toBe('failed 2');
  await rowOf(page, 'notes.jsonl').click();
  await verdictShown(page, 'bad-log');
  await page.getByText('the file is no event log').first().waitFor();
});

test('one log alone is opened; what is dropped beside it and is no log is said to be none, and has not failed', async () => {
  const folder = makeFolder('recital-opened-');
  copyFileSync('test/recordings/session/completed-plain-v1.jsonl', join(folder, 'plain.jsonl'));
  const page = await openPage(await inspect(folder));
  await verdictShown(page, 'identical');
  await expect.poll(() => page.title()).toBe('completed-plain · Recital inspector');
  const sound = { name: 'answer.wav', mimeType: 'audio/wav', buffer: Buffer.from('RIFF\n') };
  await page.locator('#files').setInputFiles(sound);
  await page.locator('.row', { hasText: 'answer.wav' }).getByText('no event log').waitFor();
  expect(await page.locator('.chip.failed').textContent()).toBe('failed 0');
  expect(await page.locator('.counts').textContent()).toContain('2 of 2');
});

test('the turn that is shown is shown again after a reload', async () => {
  const folder = makeFolder('recital-opened-');
  copyFileSync('test/recordings/session/completed-plain-v1.jsonl', join(folder, 'plain.jsonl'));
  const page = await openPage(await inspect(folder));
  await openSession(page, 'completed-plain');
  await press(page, 'Home');
  await turnShown(page, 0);
  await press(page, 'ArrowRight');
  await press(page, 'ArrowRight');
  await turnShown(page, 2);
  await page.reload();
  await turnShown(page, 2);
  await verdictShown(page, 'identical');
});

test('a log that is still written is followed to its end', async () => {
  const folder = makeFolder('recital-opened-');
  const lines = madeLog({ events: goodEvents, sessionId: 'growing' }).split(/(?<=\n)/);
  const path = join(folder, 'growing.jsonl');
  writeFileSync(path, lines.slice(0, 3).join(''));
  const page = await openPage(await inspect(folder));
  await openSession(page, 'growing');
  await turnShown(page, 1);
  for (const [index, line] of lines.slice(3, -1).entries()) {
    appendFileSync(path, line);
    await turnShown(page, index + 2);
    await verdictShown(page, 'identical');
  }
  appendFileSync(path, lines.at(-1) ?? '');
  await page.locator('[data-turn][data-live="false"]').first().waitFor();
  await turnShown(page, goodEvents.length);
});
