/** How the page looks, as far as a machine can tell: nothing cut off, nothing unreadable, nothing moving that should not. */
import type { Page } from 'playwright-core';
import { beforeAll, describe, expect, test } from 'vitest';
import { axeFindings } from '../support/browser/axe.ts';
import { openPage } from '../support/browser/inspected-page.ts';
import { type InspectedServer, say, startInspected, wholeLogOf } from '../support/browser/inspected-server.ts';
import { chartOf, chooseFiles, openSession, press, turnShown, verdictShown } from '../support/browser/inspector-tab.ts';
import { toldByNode } from '../support/browser/log-states.ts';
import { goodEvents, madeLog } from '../support/replay/made-log.ts';

let server: InspectedServer;
let lastTurn: number;
beforeAll(async () => {
  server = await startInspected();
  await say(server, 'looked-at-1', 'walk').outcome;
  await say(server, 'failed-1', 'refuse').outcome;
  lastTurn = toldByNode(await wholeLogOf(server, 'looked-at-1')).states.length - 1;
});

const sizes = [
  [1280, 800],
  [2560, 1440],
] as const;
const schemes = ['light', 'dark'] as const;
const looks = sizes.flatMap(([width, height]) => schemes.map((colorScheme) => ({ width, height, colorScheme })));

describe.each(looks)('$width × $height, $colorScheme', (look) => {
  test('nothing is wider than the window, the whole map is in sight, no text is cut without a way to read it', async () => {
    const page = await openPage(server.pageUrl, look);
    await openSession(page, 'looked-at-1');
    await turnShown(page, lastTurn);
    await press(page, 'm');
    expect(await overflowOf(page)).toEqual([]);
    const box = await chartOf(page).boundingBox();
    expect(box?.x).toBeGreaterThanOrEqual(0);
    expect(box?.y).toBeGreaterThanOrEqual(0);
    expect((box?.x ?? 0) + (box?.width ?? 0)).toBeLessThanOrEqual(look.width);
    expect((box?.y ?? 0) + (box?.height ?? 0)).toBeLessThanOrEqual(look.height);
    // Every state of the map lies inside of the window, and is large enough to be seen.
    const outside = await page.evaluate(() =>
      [...document.querySelectorAll('[data-turn] [data-state]')]
        .map((state) => ({ path: state.getAttribute('data-state'), box: state.getBoundingClientRect() }))
        .filter(
          ({ box: at }) =>
            at.left < 0 || at.top < 0 || at.right > innerWidth || at.bottom > innerHeight || at.width < 4,
        )
        .map(({ path }) => path),
    );
    expect(outside).toEqual([]);
    expect(await cutTexts(page)).toEqual([]);
  });

  test('axe finds nothing in the list, a session, the keys, and a file that diverges', async () => {
    const page = await openPage(server.pageUrl, look);
    await page.locator('[data-session]').first().waitFor();
    expect(await axeFindings(page)).toEqual([]);
    await openSession(page, 'looked-at-1');
    await turnShown(page, lastTurn);
    await verdictShown(page, 'identical');
    expect(await axeFindings(page)).toEqual([]);
    await press(page, 'f');
    expect(await axeFindings(page)).toEqual([]);
    await press(page, '?');
    await page.getByRole('dialog').waitFor();
    expect(await axeFindings(page)).toEqual([]);
    await press(page, 'Escape');
    const text = madeLog({ events: goodEvents, falseState: { turn: 3, state: 'streaming.answer.failed' } });
    await chooseFiles(page, [{ name: 'diverging.jsonl', text }]);
    await verdictShown(page, 'diverged');
    expect(await axeFindings(page)).toEqual([]);
  });
});

describe.each(looks)('$width × $height, $colorScheme', (look) => {
  test('axe finds nothing in what if, the sequence, a comparison and the slots of a supervisor', async () => {
    const page = await openPage(server.pageUrl, look);
    await openSession(page, 'looked-at-1');
    await turnShown(page, lastTurn);
    await page.getByRole('tab', { name: 'Sequence' }).click();
    await page.locator('.seq-row[aria-current="true"]').first().waitFor();
    expect(await axeFindings(page)).toEqual([]);
    await press(page, 'Home');
    await press(page, 'w');
    await page.getByRole('combobox', { name: /What if, at turn 0/ }).selectOption({ label: 'the client cancels' });
    await page.locator('[data-fork="other_end"]').waitFor();
    expect(await axeFindings(page)).toEqual([]);
    await page.getByRole('button', { name: /compare/i }).click();
    await page.getByRole('combobox', { name: 'The other session' }).selectOption({ index: 1 });
    await page.locator('[data-compare]').waitFor();
    expect(await axeFindings(page)).toEqual([]);
    await page.getByRole('button', { name: 'Close', exact: true }).click();
    await page.locator('.left').getByText('supervisor', { exact: true }).first().click();
    await page.getByRole('tab', { name: 'Slots' }).click();
    await page.getByText('In flight after turn').waitFor();
    expect(await axeFindings(page)).toEqual([]);
  });
});

describe('motion', () => {
  test('with prefers-reduced-motion nothing is animated while a session walks', async () => {
    const page = await openPage(server.pageUrl, { reducedMotion: 'reduce' });
    expect(await longestMotion(page, 'still-1')).toBe(0);
  });

  test('without it, no animation lasts longer than 150 ms', async () => {
    const page = await openPage(server.pageUrl);
    expect(await longestMotion(page, 'moving-1')).toBeLessThanOrEqual(150);
  });
});

/** The longest animation or transition that ran while a session went through its chart, in ms. */
async function longestMotion(page: Page, session: string): Promise<number> {
  await page.evaluate(() => {
    Reflect.set(globalThis, 'longestMs', 0);
    const look = () => {
      for (const { effect } of document.getAnimations()) {
        const { endTime } = effect?.getComputedTiming() ?? {};
        Reflect.set(globalThis, 'longestMs', Math.max(Number(endTime ?? 0), Reflect.get(globalThis, 'longestMs')));
      }
      requestAnimationFrame(look);
    };
    look();
  });
  const { outcome } = say(server, session, 'walk');
  await openSession(page, session);
  await outcome;
  await page.locator('[data-turn][data-live="false"]').first().waitFor();
  return page.evaluate(() => Reflect.get(globalThis, 'longestMs'));
}

/** What is wider than the window, the window itself included. */
test.each([
  [640, 400],
  [400, 700],
])(
  'at %i × %i, a narrow window or one enlarged twice, all is reached by scrolling down, and the map has its room',
  async (width, height) => {
    const page = await openPage(server.pageUrl, { width, height });
    await openSession(page, 'looked-at-1');
    await turnShown(page, lastTurn);
    await press(page, 'm');
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(width);
    const box = await chartOf(page).boundingBox();
    expect(box?.width).toBeGreaterThan(width * 0.9);
    expect(box?.height).toBeGreaterThan(200);
    for (const part of [
      page.getByRole('slider', { name: 'Turn' }),
      page.getByRole('button', { name: /^save as a page/ }),
    ]) {
      await part.scrollIntoViewIfNeeded();
      const place = await part.boundingBox();
      expect((place?.x ?? 0) + (place?.width ?? width + 1)).toBeLessThanOrEqual(width);
      expect(place?.y).toBeLessThan(height);
    }
    expect(await axeFindings(page)).toEqual([]);
  },
);

function overflowOf(page: Page): Promise<readonly string[]> {
  return page.evaluate(() => {
    const root = document.documentElement;
    const page = root.scrollWidth > root.clientWidth ? [`the page: ${root.scrollWidth} > ${root.clientWidth}`] : [];
    return root.scrollHeight > root.clientHeight
      ? [...page, `its height: ${root.scrollHeight} > ${root.clientHeight}`]
      : page;
  });
}

/**
 * Texts that are cut off by what they stand in, where nobody can scroll and no ellipsis tells that there is more. What is there for screen
 * readers alone has no place.
 */
function cutTexts(page: Page): Promise<readonly string[]> {
  return page.evaluate(() => {
    const found: string[] = [];
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    for (let node = walker.nextNode(); node !== null; node = walker.nextNode()) {
      if (node.textContent?.trim() === '' || node.parentElement?.closest('svg, .unseen, script, noscript') !== null)
        continue;
      const range = document.createRange();
      range.selectNodeContents(node);
      const { left, right, width } = range.getBoundingClientRect();
      for (
        let box: Element | null = node.parentElement;
        width > 0 && box !== null && box !== document.body;
        box = box.parentElement
      ) {
        const { overflowX, textOverflow } = getComputedStyle(box);
        if (overflowX === 'auto' || overflowX === 'scroll' || textOverflow === 'ellipsis') break;
        if (overflowX === 'visible') continue;
        const place = box.getBoundingClientRect();
        if (left < place.left - 1 || right > place.right + 1)
          found.push(`${box.className}: ${node.textContent?.slice(0, 60)}`);
      }
    }
    return found;
  });
}
