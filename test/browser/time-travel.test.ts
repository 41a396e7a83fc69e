/** Any turn of a log, by keys and by links: the page's own replay shows what Node's says. */
import type { Page } from 'playwright-core';
import { describe, expect, test } from 'vitest';
import { pageOfFiles } from '../support/browser/file-page.ts';
import {
  type ChartMoment,
  chartOf,
  chooseFiles,
  drawnStates,
  press,
  recordChart,
  recordedMoments,
  turnShown,
  verdictShown,
} from '../support/browser/inspector-tab.ts';
import { toldByNode } from '../support/browser/log-states.ts';
import { plainPlan, recordWorld } from '../support/replay/recorded-world.ts';

/** A session whose answer came in so many deltas. */
function longLog(deltas: number): string {
  const answer = Array.from({ length: deltas }, (_, index) => ({
    afterMs: 7,
    say: index % 9 === 8 ? 'ends here. ' : 'word ',
  }));
  return recordWorld({
    ...plainPlan,
    answer,
    speech: [{ soundAfterMs: 20, lastsMs: 50, failures: 0, breaksInSound: false, hangs: false }],
  }).text;
}

/** A page that shows a log of some thirty turns, at its last one. */
async function openShortLog(): Promise<{ readonly page: Page; readonly last: number }> {
  const text = longLog(12);
  const last = toldByNode(text).states.length - 1;
  const page = await pageOfFiles();
  await chooseFiles(page, [{ name: 'short.jsonl', text }]);
  await turnShown(page, last);
  return { page, last };
}

test('every turn of a log of 500 turns, by the arrow key: its states are those that Node finds, its verdict is the same at each', async () => {
  const text = longLog(490);
  const told = toldByNode(text);
  expect(told.states.length).toBeGreaterThan(500);
  expect(told.divergedAt).toBeNull();
  const page = await pageOfFiles();
  await chooseFiles(page, [{ name: 'long.jsonl', text }]);
  await turnShown(page, told.states.length - 1);
  await press(page, 'Home');
  await turnShown(page, 0);
  await recordChart(page);
  await stepTo(page, told.states.length - 1);

  const drawn = await drawnStates(page);
  const expected = told.states.map((states, turn) => ({
    turn,
    active: states.filter((state) => drawn.includes(state)),
  }));
  const moments = await recordedMoments(page);
  const shown = new Map(moments.map(({ turn, active }) => [turn, active]));
  expect([...shown].map(([turn, active]) => ({ turn, active }))).toEqual(expected);
  // Never, not for a moment, do a turn and the states of another stand together.
  for (const { turn, active } of moments) expect({ turn, active }).toEqual(expected[turn]);
  expect(moments.every(({ verdict }) => verdict === 'identical')).toBe(true);
});

/** Presses → until the chart shows `last`, each time when the turn before is shown. In the page: 500 keys from outside take minutes. */
async function stepTo(page: Page, last: number): Promise<void> {
  await page.evaluate(async (lastTurn) => {
    const shown = () => Number(document.querySelector('[data-turn][data-live]')?.getAttribute('data-turn'));
    for (let turn = shown(); turn < lastTurn; turn = shown()) {
      const target = document.activeElement ?? document.body;
      target.dispatchEvent(new KeyboardEvent('keydown', { key: 'ArrowRight', bubbles: true, cancelable: true }));
      while (shown() === turn) await new Promise((drawn) => requestAnimationFrame(() => setTimeout(drawn)));
    }
  }, last);
}

test('the turn panel tells the guards that were asked, by the names of the chart, and what they answered', async () => {
  const { page, last } = await openShortLog();
  await press(page, 'Home');
  await turnShown(page, 0);
  const asked = new Set<string>();
  for (let turn = 1; turn <= last; turn += 1) {
    await press(page, 'ArrowRight');
    await turnShown(page, turn);
    const guards = await page
      .locator('[data-guard]')
      .evaluateAll((all) =>
        all.map((guard) => `${guard.getAttribute('data-guard')}: ${guard.getAttribute('data-answer')}`),
      );
    for (const guard of guards) asked.add(guard);
  }
  // In the end the answer is over; it had words, and no command.
  const answers = ['hasSentence: true', 'isAnswered: false', 'isAnswered: true', 'and(isAnswered, hasNoWords): false'];
  expect([...asked]).toEqual(expect.arrayContaining(answers));
  const names = /^(and|or|not)?\(?(is|has)[A-Z]\w+(, (is|has)[A-Z]\w+)*\)?: (true|false)$/;
  expect([...asked].filter((guard) => !names.test(guard))).toEqual([]);
});

describe('keys', () => {
  test('← → step, Home and End jump, L goes to the last turn and stays there', async () => {
    const { page, last } = await openShortLog();
    for (const [key, turn] of [
      ['Home', 0],
      ['ArrowLeft', 0],
      ['ArrowRight', 1],
      ['ArrowRight', 2],
      ['ArrowLeft', 1],
      ['End', last],
      ['ArrowRight', last],
      ['ArrowLeft', last - 1],
      ['l', last],
    ] as const) {
      await press(page, key);
      await turnShown(page, turn);
    }
  });

  test('a key that is typed into the filter is text, and moves nothing', async () => {
    const { page } = await openShortLog();
    await press(page, 'Home');
    await turnShown(page, 0);
    await press(page, '/');
    await page.keyboard.type('lmf?');
    await press(page, 'ArrowLeft');
    expect(
      await page.evaluate(() =>
        document.activeElement instanceof HTMLInputElement ? document.activeElement.value : null,
      ),
    ).toBe('lmf?');
    await turnShown(page, 0);
  });

  test('after a click on a tab the arrows step; among tabs that were reached by key they go from tab to tab', async () => {
    const page = await pageOfFiles();
    await chooseFiles(page, [{ name: 'short.jsonl', text: longLog(12) }]);
    await verdictShown(page, 'identical');
    await press(page, 'Home');
    for (const [turn, name] of ['Sequence', 'Log', 'Timeline'].entries()) {
      await page.getByRole('tab', { name }).click();
      await press(page, 'ArrowRight');
      await turnShown(page, turn + 1);
    }
    await page.getByRole('tab', { name: 'Timeline' }).evaluate((tab) => {
      if (tab instanceof HTMLElement) tab.blur();
    });
    await page.getByRole('tab', { name: 'Timeline' }).focus();
    await press(page, 'ArrowRight');
    await page.locator('[role="tab"][aria-selected="true"]', { hasText: 'Sequence' }).waitFor();
    await turnShown(page, 3);
  });

  test('M and F draw the map and the full chart, with the same states', async () => {
    const text = longLog(12);
    const told = toldByNode(text);
    const page = await pageOfFiles();
    await chooseFiles(page, [{ name: 'short.jsonl', text }]);
    await turnShown(page, told.states.length - 1);
    await verdictShown(page, 'identical');
    await press(page, 'm');
    const map = await chartOf(page).innerText();
    await press(page, 'f');
    // The full chart has the rows of its transitions; the map has titles only.
    await expect.poll(async () => (await chartOf(page).innerText()).length).toBeGreaterThan(map.length * 2);
    const active = await activeStates(page);
    await press(page, 'm');
    await expect.poll(() => chartOf(page).innerText()).toBe(map);
    expect(await activeStates(page)).toEqual(active);
  });

  test('? lists every key, and closes by Escape', async () => {
    const page = await pageOfFiles();
    await press(page, '?');
    const help = page.getByRole('dialog');
    await help.waitFor();
    const words = await help.innerText();
    for (const key of ['←', '→', 'Home', 'End', 'L', 'M', 'F', '/', '?']) expect(words).toContain(key);
    await press(page, 'Escape');
    await help.waitFor({ state: 'detached' });
  });
});

async function activeStates(page: Page): Promise<ChartMoment['active']> {
  const active = chartOf(page).locator('[data-state][aria-current="true"]');
  return active.evaluateAll((all) => [...new Set(all.map((state) => state.getAttribute('data-state') ?? ''))].sort());
}
