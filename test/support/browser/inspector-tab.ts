/** The inspector as a test sees it: by the attributes that CONTRACT §5 promises, and by the names that people read. */
import type { Locator, Page } from 'playwright-core';

/** What the chart shows at one moment. */
export interface ChartMoment {
  readonly turn: number;
  readonly isLive: boolean;
  /** `data-state` of those that are `aria-current`, sorted. */
  readonly active: readonly string[];
  readonly verdict: string;
}

/** `data-session` may hold any printable character. */
export function rowOf(page: Page, session: string): Locator {
  return page.locator(`[data-session=${JSON.stringify(session)}]`).first();
}

export function chartOf(page: Page): Locator {
  return page.locator('[data-turn][data-live]').first();
}

/** Opens a session of the list, and waits until its chart shows a turn. */
export async function openSession(page: Page, session: string): Promise<void> {
  await rowOf(page, session).click();
  await page.waitForFunction((name) => decodeURIComponent(location.hash).includes(name), session);
  await chartOf(page).waitFor();
  await page.locator('[data-turn] [data-state][aria-current="true"]').first().waitFor();
}

/** Waits until the chart shows a turn. */
export async function turnShown(page: Page, turn: number): Promise<void> {
  await page.locator(`[data-turn="${turn}"][data-live]`).first().waitFor();
}

export async function verdictShown(page: Page, verdict: 'identical' | 'diverged' | 'bad-log'): Promise<void> {
  await page.locator(`[data-verdict="${verdict}"]`).first().waitFor();
}

/** Every path of a state that the chart draws. */
export async function drawnStates(page: Page): Promise<readonly string[]> {
  return chartOf(page)
    .locator('[data-state]')
    .evaluateAll((drawn) => [...new Set(drawn.map((element) => element.getAttribute('data-state') ?? ''))]);
}

/** Notes from now on what the chart shows, whenever that changes, once everything that belongs together is drawn. */
export async function recordChart(page: Page): Promise<void> {
  await page.evaluate(() => {
    const moments: ChartMoment[] = [];
    Reflect.set(globalThis, 'chartMoments', moments);
    let last = '';
    const look = () => {
      const chart = document.querySelector('[data-turn][data-live]');
      if (chart === null) return;
      const active = [...chart.querySelectorAll('[data-state][aria-current="true"]')];
      const moment = {
        turn: Number(chart.getAttribute('data-turn')),
        isLive: chart.getAttribute('data-live') === 'true',
        active: [...new Set(active.map((state) => state.getAttribute('data-state') ?? ''))].sort(),
        verdict: document.querySelector('[data-verdict]')?.getAttribute('data-verdict') ?? '',
      };
      const words = JSON.stringify(moment);
      if (words !== last) moments.push(moment);
      last = words;
    };
    look();
    // In a task of its own: behind every step of the drawing that the change belongs to.
    const observer = new MutationObserver(() => setTimeout(look));
    observer.observe(document, { subtree: true, childList: true, attributes: true });
  });
}

export function recordedMoments(page: Page): Promise<readonly ChartMoment[]> {
  return page.evaluate(() => Reflect.get(globalThis, 'chartMoments'));
}

/** Presses a key at the page, as its shortcuts expect it: nothing that takes text has the focus. */
export async function press(page: Page, key: string): Promise<void> {
  await page.keyboard.press(key);
}

/** Gives files to the page by its file input. */
export async function chooseFiles(page: Page, files: readonly { name: string; text: string }[]): Promise<void> {
  const payload = files.map(({ name, text }) => ({ name, mimeType: 'application/jsonl', buffer: Buffer.from(text) }));
  await page.locator('input[type="file"]').first().setInputFiles(payload);
}
