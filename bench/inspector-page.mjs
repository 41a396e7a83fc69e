// npm run bench:inspector-page: what the inspector's page costs in a browser, in four figures.
//
// 1. frames, while the list has 1,000 live rows of which 5,000 a second change: how far apart the frames of the screen are, in ms
// 2. opening a log of 20,000 turns that a file brings: from the file's choice to the drawn turn with its verdict
// 3. a step: from the key to the frame with the new turn
// 4. memory of the tab's process, with the list and with that log
//
// Chromium draws without a GPU here: what is drawn costs more than on a screen.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { launchChromium } from '../scripts/chromium.mjs';
import { startFeed } from './inspector-feed.mjs';
import { longLog } from './inspector-log.mjs';
import { median, percentile } from './measure.mjs';

const { values: options } = parseArgs({
  options: {
    sessions: { type: 'string', default: '1000' },
    updates: { type: 'string', default: '5000' },
    seconds: { type: 'string', default: '6' },
    turns: { type: 'string', default: '20000' },
    steps: { type: 'string', default: '60' },
    width: { type: 'string', default: '1280' },
    height: { type: 'string', default: '800' },
    json: { type: 'boolean', default: false },
  },
});
const [sessions, updatesPerSecond, seconds, turns, steps, width, height] = [
  options.sessions,
  options.updates,
  options.seconds,
  options.turns,
  options.steps,
  options.width,
  options.height,
].map(Number);

const dir = mkdtempSync(join(tmpdir(), 'recital-bench-'));
const browser = await launchChromium();
try {
  const figures = { list: await measureList(), log: await measureLog() };
  if (options.json) console.log(JSON.stringify(figures));
  else report(figures);
} finally {
  await browser.close();
  rmSync(dir, { recursive: true, force: true });
}

async function openAt(url) {
  const context = await browser.newContext({ viewport: { width, height } });
  const page = await context.newPage();
  page.on('pageerror', (error) => console.error(error));
  await page.goto(url);
  return page;
}

async function measureList() {
  const feed = await startFeed({ sessions, updatesPerSecond });
  const page = await openAt(feed.url);
  await page.locator('[data-session]').first().waitFor();
  // The code gets warm, the heap its size.
  await framesOf(page, 2000);
  const before = { rows: feed.counts.sentRows, atMs: performance.now() };
  const frames = await framesOf(page, seconds * 1000);
  const rows = feed.counts.sentRows - before.rows;
  const rowsPerSecond = (rows / (performance.now() - before.atMs)) * 1000;
  const figures = { ...summaryOf(frames), rowsPerSecond, residentMiB: await residentMiB() };
  await page.context().close();
  feed.stop();
  return figures;
}

/** How far apart the frames were for so long, in ms. */
function framesOf(page, lastsMs) {
  return page.evaluate(async (duration) => {
    const gaps = [];
    const frame = () => new Promise((drawn) => requestAnimationFrame(drawn));
    let lastMs = await frame();
    const endsAtMs = lastMs + duration;
    while (lastMs < endsAtMs) {
      const nowMs = await frame();
      gaps.push(nowMs - lastMs);
      lastMs = nowMs;
    }
    return gaps;
  }, lastsMs);
}

async function measureLog() {
  const file = join(dir, 'long.jsonl');
  writeFileSync(file, longLog(turns));
  const feed = await startFeed({ sessions: 10, updatesPerSecond: 0 });
  const page = await openAt(feed.url);
  await page.locator('[data-session]').first().waitFor();
  const emptyMiB = await residentMiB();
  const startedAtMs = performance.now();
  await page.locator('input[type="file"]').first().setInputFiles(file);
  await page.locator('[data-verdict="identical"]').first().waitFor();
  await page.locator('[data-turn] [data-state][aria-current="true"]').first().waitFor();
  const openMs = performance.now() - startedAtMs;
  const back = await stepsOf(page, 'ArrowLeft');
  const jumps = [await stepsOf(page, 'Home', 1), await stepsOf(page, 'End', 1)].flatMap(({ shown }) => shown);
  const figures = {
    openMs,
    stepDrawn: summaryOf(back.drawn),
    stepShown: summaryOf(back.shown),
    jump: summaryOf(jumps),
    residentMiB: await residentMiB(),
    emptyMiB,
  };
  await page.context().close();
  feed.stop();
  return figures;
}

/** Presses a key so many times; from each press to the drawing of its turn (`drawn`), and to the frame that shows it (`shown`), in ms. */
function stepsOf(page, key, times = steps) {
  return page.evaluate(
    async ([pressed, count]) => {
      const chart = document.querySelector('[data-turn][data-live]');
      const took = { drawn: [], shown: [] };
      for (let index = 0; index < count; index += 1) {
        const startedAtMs = performance.now();
        const drawnAtMs = new Promise((drawn) => {
          const observer = new MutationObserver(() => {
            observer.disconnect();
            drawn(performance.now());
          });
          observer.observe(chart, { attributeFilter: ['data-turn'] });
        });
        document.body.dispatchEvent(new KeyboardEvent('keydown', { key: pressed, bubbles: true, cancelable: true }));
        took.drawn.push((await drawnAtMs) - startedAtMs);
        await new Promise((drawn) => requestAnimationFrame(() => setTimeout(drawn)));
        took.shown.push(performance.now() - startedAtMs);
      }
      return took;
    },
    [key, times],
  );
}

/** Of all renderers together: the page with its worker is one of them, the others are idle. */
async function residentMiB() {
  const session = await browser.newBrowserCDPSession();
  const { processInfo } = await session.send('SystemInfo.getProcessInfo');
  await session.detach();
  const sizes = processInfo
    .filter(({ type }) => type === 'renderer')
    .map(({ id }) => Number(/^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${id}/status`, 'utf8'))?.[1]) / 1024);
  return Math.max(...sizes);
}

function summaryOf(values) {
  const sorted = values.toSorted((a, b) => a - b);
  return { count: sorted.length, p50: median(sorted), p99: percentile(sorted, 0.99), max: sorted.at(-1) };
}

function report({ list, log }) {
  const ms = (value) => value.toFixed(1);
  console.log(`Node ${process.version}, ${cpus().length} cores (${cpus()[0].model}), ${width} × ${height}\n`);
  console.log(`list: ${sessions} live rows, ${list.rowsPerSecond.toFixed(0)} of them changed a second`);
  console.log(
    `  frames   p50 ${ms(list.p50)} ms, p99 ${ms(list.p99)} ms, longest ${ms(list.max)} ms (${list.count} frames)`,
  );
  console.log(`  memory   ${list.residentMiB.toFixed(0)} MiB`);
  console.log(`log: ${turns} turns`);
  console.log(`  open     ${log.openMs.toFixed(0)} ms`);
  console.log(`  step     drawn p50 ${ms(log.stepDrawn.p50)} ms, p99 ${ms(log.stepDrawn.p99)} ms`);
  console.log(`           on the screen p50 ${ms(log.stepShown.p50)} ms, p99 ${ms(log.stepShown.p99)} ms`);
  console.log(`  jump     ${ms(log.jump.p50)} ms`);
  console.log(`  memory   ${log.residentMiB.toFixed(0)} MiB (${log.emptyMiB.toFixed(0)} MiB before)`);
}
