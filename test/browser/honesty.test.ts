/** The verdict is the page's own: it notices a chart that was changed, a line that was altered, a file that does not replay. */
import { beforeAll, describe, expect, test } from 'vitest';
import { pageOfFiles } from '../support/browser/file-page.ts';
import { type Front, startFront } from '../support/browser/front.ts';
import { openPage } from '../support/browser/inspected-page.ts';
import { type InspectedServer, logOf, say, startInspected, wholeLogOf } from '../support/browser/inspected-server.ts';
import { chooseFiles, openSession, press, turnShown, verdictShown } from '../support/browser/inspector-tab.ts';
import { toldByNode } from '../support/browser/log-states.ts';
import { buildPlantedPage } from '../support/browser/planted-page.ts';
import { eventually } from '../support/eventually.ts';
import { goodEvents, madeLog } from '../support/replay/made-log.ts';

let server: InspectedServer;
beforeAll(async () => {
  server = await startInspected();
});

/** The page behind a front, with its token. */
function pageBehind(front: Front): string {
  const { pathname, hash } = new URL(server.pageUrl);
  return `${front.origin}${pathname}${hash}`;
}

describe('a page whose chart has another guard', () => {
  test('a live session diverges at the very turn in which the guard is asked, and another session does not', async () => {
    const pageDir = await buildPlantedPage({
      file: 'machines/session/session.setup.ts',
      from: 'context.sentences.length >= BACKLOG_FULL_SENTENCES',
      to: 'context.sentences.length >= 0 * BACKLOG_FULL_SENTENCES',
    });
    const front = await startFront({ port: () => server.httpPort, pageDir });
    const page = await openPage(pageBehind(front));
    const { call, outcome } = say(server, 'planted-1', 'hang');
    await openSession(page, 'planted-1');
    await verdictShown(page, 'diverged');
    const text = await eventually(
      () => logOf(server, 'planted-1'),
      (log) => log.includes('answer.textReceived'),
    );
    const told = toldByNode(text);
    expect(told.divergedAt).toBeNull();
    // The guard is asked whenever there is more text.
    const turn = told.events.indexOf('answer.textReceived');
    const verdict = page.locator('[data-verdict="diverged"]').first();
    expect(await verdict.innerText()).toContain(`diverged at turn ${turn}`);
    // It is live, and leads to the turn.
    await verdict.click();
    await turnShown(page, turn);
    expect((await server.status()).active_streams).toBe(1);
    call.cancel();
    await outcome;

    const silent = say(server, 'planted-2', 'silent');
    await openSession(page, 'planted-2');
    await page.locator('[data-state="streaming.answer"][aria-current="true"]').first().waitFor();
    await verdictShown(page, 'identical');
    silent.call.cancel();
    await silent.outcome;
  });
});

describe('a line that was altered on its way', () => {
  /** Its time is another one, whatever brings it: the feed, or the log's file. */
  const changeLine = (line: string) =>
    line.startsWith('{"kind":"turn","turn":3,') ? line.replace(/"atMs":(\d+)/, '"atMs":1$1') : line;

  test.each([
    ['a log that has ended', 'walk'],
    ['a live session', 'hang'],
  ])('%s is a bad log, and is named by its turn', async (_what, prompt) => {
    const session = `altered-by-${prompt}`;
    const { call, outcome } = say(server, session, prompt);
    if (prompt === 'walk') await outcome;
    const front = await startFront({ port: () => server.httpPort, changeLine });
    const page = await openPage(pageBehind(front));
    await openSession(page, session);
    await verdictShown(page, 'bad-log');
    expect(await page.locator('[data-verdict="bad-log"]').first().innerText()).toMatch(/turn 3|line 5/);
    call.cancel();
    await outcome;
  });

  test('a front that alters nothing makes no difference', async () => {
    await say(server, 'unaltered-1', 'walk').outcome;
    const told = toldByNode(await wholeLogOf(server, 'unaltered-1'));
    const front = await startFront({ port: () => server.httpPort, changeLine: (line) => line });
    const page = await openPage(pageBehind(front));
    await openSession(page, 'unaltered-1');
    await turnShown(page, told.states.length - 1);
    await verdictShown(page, 'identical');
  });
});

describe('a file that diverges', () => {
  const text = madeLog({ events: goodEvents, falseState: { turn: 3, state: 'streaming.answer.failed' } });

  test('opens at its first differing turn, with what was recorded beside what is now', async () => {
    expect(toldByNode(text).divergedAt).toBe(3);
    const page = await pageOfFiles();
    await chooseFiles(page, [{ name: 'diverging.jsonl', text }]);
    await turnShown(page, 3);
    await verdictShown(page, 'diverged');
    expect(await page.locator('[data-verdict="diverged"]').first().innerText()).toContain('turn 3');
    await page.getByText('answer.failed').first().waitFor();
    await page
      .getByText(/recorded/i)
      .first()
      .waitFor();
    await page
      .getByText(/recomputed/i)
      .first()
      .waitFor();
    await page.getByText('answer.answered').first().waitFor();
  });

  test('can be looked at at every turn before, and says the same verdict there', async () => {
    const page = await pageOfFiles();
    await chooseFiles(page, [{ name: 'diverging.jsonl', text }]);
    await turnShown(page, 3);
    await press(page, 'Home');
    await turnShown(page, 0);
    await verdictShown(page, 'diverged');
  });
});

describe('a file that is no log', () => {
  test.each([
    ['an empty one', ''],
    ['words', 'Dear diary,\n'],
    ['another JSON', '{"kind":"package"}\n'],
  ])('%s is told in words, with its name, and harms nothing', async (_what, text) => {
    const page = await pageOfFiles();
    await chooseFiles(page, [{ name: 'no-log.jsonl', text }]);
    await page.getByText('no-log.jsonl').first().waitFor();
    await verdictShown(page, 'bad-log');
    // The next one opens.
    await chooseFiles(page, [{ name: 'good.jsonl', text: madeLog({ events: goodEvents }) }]);
    await verdictShown(page, 'identical');
  });
});
