/** What stands around a session: the list and its filter, the crowd on its chart, a question that is tried with sound. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { beforeAll, describe, expect, test } from 'vitest';
import { LineChain } from '../../src/log/log-format.ts';
import { openPage } from '../support/browser/inspected-page.ts';
import { type InspectedServer, say, startInspected, wholeLogOf } from '../support/browser/inspected-server.ts';
import { openSession, press, rowOf, turnShown, verdictShown } from '../support/browser/inspector-tab.ts';
import { toldByNode } from '../support/browser/log-states.ts';
import { makeFolder } from '../support/end-of-file.ts';

let server: InspectedServer;
beforeAll(async () => {
  server = await startInspected({ env: { INSPECTOR_TRY: 'on' } });
});

/** Lets so many sessions hang for as long as `then` takes. */
async function withHanging(names: readonly string[], then: () => Promise<void>): Promise<void> {
  const calls = names.map((name) => say(server, name, 'hang'));
  try {
    await then();
  } finally {
    for (const { call } of calls) call.cancel();
    await Promise.all(calls.map(({ outcome }) => outcome));
  }
}

/** Sessions in the list, as far as it is drawn. */
function listed(page: Page): Promise<readonly string[]> {
  return page
    .locator('[data-session]')
    .evaluateAll((rows) => rows.map((row) => row.getAttribute('data-session') ?? ''));
}

describe('the filter', () => {
  test('/ leads to it; a field, a word and their opposite narrow the list; nothing is left behind when it is emptied', async () => {
    const page = await openPage(server.pageUrl);
    await withHanging(['kitchen-1', 'kitchen-2', 'garage-1'], async () => {
      await rowOf(page, 'garage-1').waitFor();
      await press(page, '/');
      await page.keyboard.type('device:kitchen');
      await expect.poll(async () => (await listed(page)).toSorted()).toEqual(['kitchen-1', 'kitchen-2']);
      await page.keyboard.type(' -session:kitchen-2');
      await expect.poll(() => listed(page)).toEqual(['kitchen-1']);
      await press(page, 'Control+a');
      await press(page, 'Delete');
      await rowOf(page, 'garage-1').waitFor();
    });
  });

  test('a filter that nothing passes leaves an empty list and a sentence, not an error', async () => {
    const page = await openPage(server.pageUrl);
    await page.locator('[data-session]').first().waitFor();
    await press(page, '/');
    await page.keyboard.type('state:(((\\ -" :');
    await expect.poll(() => listed(page)).toEqual([]);
  });
});

test('ended sessions beyond the list come when they are asked for, down to the first, and none is lost when others end', async () => {
  const dir = makeFolder('recital-older-');
  const lines = readFileSync('test/recordings/session/completed-plain-v1.jsonl', 'utf8').trim().split('\n');
  mkdirSync(join(dir, '2026-01-31'));
  for (let index = 0; index < 750; index += 1) {
    const startedAt = new Date(Date.UTC(2026, 0, 31, 12) + index * 1_000).toISOString();
    const name = `${startedAt.slice(11, 23).replaceAll(':', '')}-old-${index}.jsonl`;
    const chain = new LineChain();
    const text = lines.map((line) => {
      const { hash: _, ...rest } = JSON.parse(line);
      return chain.write(rest.kind === 'header' ? { ...rest, startedAt } : rest);
    });
    writeFileSync(join(dir, '2026-01-31', name), text.join(''));
  }
  const full = await startInspected({ env: { EVENT_LOG_DIR: dir, EVENT_LOG_MAX_AGE: '315360000' } });
  const page = await openPage(full.pageUrl);
  const counts = page.locator('.counts');
  const older = page.getByRole('button', { name: /older$/ });
  await expect.poll(() => counts.innerText()).toMatch(/500 of 500 shown\s*250 older/);
  await older.click();
  await expect.poll(() => counts.innerText()).toMatch(/700 of 700 shown\s*50 older/);
  await say(full, 'new-1', 'plain').outcome;
  await expect.poll(() => counts.innerText()).toMatch(/701 of 701 shown\s*50 older/);
  await older.click();
  await expect.poll(() => counts.innerText()).toBe('751 of 751 shown');
  await page.locator('.rows').evaluate((rows) => rows.scrollTo(0, rows.scrollHeight));
  await page.locator('[data-log="2026-01-31.120000.000-old-0"]').waitFor();
  // Its calls to a server that is gone would be faults.
  await page.close();
  await full.stop();
});

describe('the crowd', () => {
  test('makes room for a session that is chosen while it is open', async () => {
    const page = await openPage(server.pageUrl);
    await withHanging(['chosen-1', 'chosen-2'], async () => {
      await openSession(page, 'chosen-1');
      await press(page, 'c');
      await page.locator('[data-crowd]').first().waitFor();
      await openSession(page, 'chosen-2');
      await expect.poll(() => page.locator('[data-crowd]').count()).toBe(0);
    });
  });

  test('counts the live sessions in each state; a state lists those that are in it', async () => {
    const page = await openPage(server.pageUrl);
    const names = Array.from({ length: 12 }, (_, index) => `many-${index}`);
    await withHanging(names, async () => {
      await press(page, 'c');
      const state = page.locator('[data-crowd="streaming.answer"]').first();
      await expect.poll(() => state.getAttribute('data-count')).toBe('12');
      await page.locator('[data-crowd="streaming.answer.running.receiving"]').first().click();
      await expect.poll(async () => new Set(await listed(page))).toEqual(new Set(names));
    });
    await expect
      .poll(() => page.locator('[data-crowd="streaming.answer"]').first().getAttribute('data-count'))
      .toBe('0');
  });
});

describe('try it', () => {
  test('a question is answered, its session walks on the chart, and its sound is heard', async () => {
    const page = await openPage(server.pageUrl, { prepare: (context) => context.addInitScript(listenToSound) });
    await page.locator('[data-connection="live"]').waitFor();
    await press(page, 't');
    await page.getByLabel('What to ask').fill('walk, please');
    await press(page, 'Enter');
    await page.getByLabel('Answer', { exact: true }).getByText('This is the first sentence of the answer.').waitFor();
    // What reaches the loudspeaker, measured by a node of the test's own.
    await expect.poll(() => page.evaluate(() => Reflect.get(globalThis, 'loudest'))).toBeGreaterThan(0.01);
    await page.getByText('This is the fourth sentence of the answer.').waitFor();
    const turns = page.locator('[data-turn][data-live="false"]').first();
    await turns.waitFor();
    const session = new URLSearchParams(new URL(page.url()).hash.slice(1)).get('session') ?? '';
    const told = toldByNode(await wholeLogOf(server, session));
    await turnShown(page, told.states.length - 1);
    await verdictShown(page, 'identical');
  });

  test('it is not offered where the server does not allow it', async () => {
    const closed = await startInspected();
    const page = await openPage(closed.pageUrl);
    await page.locator('[data-connection="live"]').waitFor();
    await press(page, 't');
    expect(await page.getByLabel('What to ask').count()).toBe(0);
    await closed.stop();
  });
});

/** Runs in the page, before its own program: whatever is connected to the loudspeaker is connected to an analyser, too. */
function listenToSound(): void {
  Reflect.set(globalThis, 'loudest', 0);
  const { connect } = AudioNode.prototype;
  Reflect.set(
    AudioNode.prototype,
    'connect',
    function (this: AudioNode, to: AudioNode | AudioParam, ...rest: number[]) {
      if (to instanceof AudioDestinationNode) {
        const analyser = new AnalyserNode(this.context, { fftSize: 2048 });
        Reflect.apply(connect, this, [analyser]);
        const samples = new Float32Array(analyser.fftSize);
        setInterval(() => {
          analyser.getFloatTimeDomainData(samples);
          const peak = samples.reduce((loudest, sample) => Math.max(loudest, Math.abs(sample)), 0);
          Reflect.set(globalThis, 'loudest', Math.max(peak, Reflect.get(globalThis, 'loudest')));
        }, 20);
      }
      return Reflect.apply(connect, this, [to, ...rest]);
    },
  );
}
