/** Live sessions: what the chart shows while they go on is what their logs say afterwards. */
import { beforeAll, describe, expect, test } from 'vitest';
import { openPage } from '../support/browser/inspected-page.ts';
import { type InspectedServer, logOf, say, startInspected, wholeLogOf } from '../support/browser/inspected-server.ts';
import {
  chartOf,
  drawnStates,
  openSession,
  recordChart,
  recordedMoments,
  rowOf,
  turnShown,
  verdictShown,
} from '../support/browser/inspector-tab.ts';
import { toldByNode } from '../support/browser/log-states.ts';
import { eventually } from '../support/eventually.ts';

let server: InspectedServer;
beforeAll(async () => {
  server = await startInspected();
});

test('a session walks through its chart while somebody watches: every moment is a turn of its log, in order, up to the last', async () => {
  // The address names a session that is still to come: however slow the machine, it is there from the first turn that is fed.
  const page = await openPage(`${server.pageUrl}&session=walks-1`);
  await page.getByText('Looking for session walks-1').waitFor();
  await recordChart(page);
  const { outcome } = say(server, 'walks-1', 'watched, please');
  expect((await outcome).code).toBe('OK');
  const told = toldByNode(await wholeLogOf(server, 'walks-1'));
  await turnShown(page, told.states.length - 1);
  await verdictShown(page, 'identical');

  const drawn = await drawnStates(page);
  const moments = await recordedMoments(page);
  const turns = moments.map(({ turn }) => turn);
  expect(turns).toEqual([...turns].sort((a, b) => a - b));
  // It was watched while it went on, not only at its end.
  expect(new Set(turns).size).toBeGreaterThan(3);
  // Before the first line has come there is no turn, and nothing is lit.
  const litAt = (turn: number) => (told.states[turn] ?? []).filter((state) => drawn.includes(state));
  for (const { turn, active } of moments) expect({ turn, active }).toEqual({ turn, active: litAt(turn) });
  expect(moments.filter(({ turn, verdict }) => turn >= 0 && verdict !== 'identical')).toEqual([]);
  // Every state of the log's end is drawn: the last moment shows that it is over.
  expect(drawn).toEqual(expect.arrayContaining([...(told.states.at(-1) ?? [])]));
  expect(moments.at(-1)?.active).toEqual(told.states.at(-1));
});

test('a session that hangs stays live on its chart; its end is shown when it comes', async () => {
  const page = await openPage(server.pageUrl);
  const { call, outcome } = say(server, 'hangs-1', 'hang');
  await openSession(page, 'hangs-1');
  await expect.poll(() => chartOf(page).getAttribute('data-live')).toBe('true');
  await page.locator('[data-state="streaming.answer"][aria-current="true"]').first().waitFor();
  call.cancel();
  await outcome;
  const told = toldByNode(await wholeLogOf(server, 'hangs-1'));
  await turnShown(page, told.states.length - 1);
  await page.locator('[data-turn][data-live="false"]').first().waitFor();
  await verdictShown(page, 'identical');
});

describe('200 sessions at once', () => {
  test('the list has them all, one of them walks on its chart, and their ends are counted', async () => {
    const page = await openPage(server.pageUrl, { width: 2560, height: 1440 });
    const hanging = Array.from({ length: 199 }, (_, index) => say(server, `crowd-${index}`, 'hang'));
    const walking = say(server, 'crowd-walks', 'walk');
    await eventually(
      async () => (await server.status()).active_streams,
      (active) => active === 200,
    );
    await openSession(page, 'crowd-walks');
    // The list draws those that are in sight; all of them are known.
    await page
      .getByText(/\b200\b/)
      .first()
      .waitFor();
    expect((await walking.outcome).code).toBe('OK');
    const told = toldByNode(await wholeLogOf(server, 'crowd-walks'));
    await turnShown(page, told.states.length - 1);
    await verdictShown(page, 'identical');
    for (const { call } of hanging) call.cancel();
    await Promise.all(hanging.map(({ outcome }) => outcome));
    await rowOf(page, 'crowd-walks').waitFor();
    expect(logOf(server, 'crowd-0')).not.toBe('');
  });
});
