// npm run bench:inspector-page: what the inspector's page costs in a browser, in four figures.
//
// 1. frames, while the list has 1,000 live rows of which 5,000 a second change: how far apart the frames of the screen are, in ms; in turns
//    with an empty page, which tells what of it is the machine's, while the same rows are read by nobody who draws them
// 2. opening a log of 20,000 turns that a file brings: from the file's choice to the drawn turn with its verdict
// 3. a step: from the key to the frame with the new turn
// 4. memory of the tab's process, with the list and with that log
//
// Chromium draws without a GPU here: what is drawn costs more than on a screen.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { get } from 'node:http';
import { cpus, loadavg, tmpdir } from 'node:os';
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
    seconds: { type: 'string', default: '12' },
    pairs: { type: 'string', default: '4' },
    turns: { type: 'string', default: '20000' },
    steps: { type: 'string', default: '60' },
    width: { type: 'string', default: '1280' },
    height: { type: 'string', default: '800' },
    json: { type: 'boolean', default: false },
  },
});
const [sessions, updatesPerSecond, seconds, pairs, turns, steps, width, height] = [
  options.sessions,
  options.updates,
  options.seconds,
  options.pairs,
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
  const sliceMs = (seconds / pairs) * 1000;
  const frames = { list: [], empty: [] };
  let [rows, lastedMs, memoryMiB] = [0, 0, 0];
  for (let pair = 0; pair < pairs; pair += 1) {
    await page.goto('about:blank');
    await page.goto(feed.url);
    await page.locator('[data-session]').first().waitFor();
    // The code gets warm, the heap its size.
    await framesOf(page, 2000);
    const before = { rows: feed.counts.sentRows, atMs: performance.now() };
    frames.list.push(...(await framesOf(page, sliceMs)));
    rows += feed.counts.sentRows - before.rows;
    lastedMs += performance.now() - before.atMs;
    memoryMiB = Math.max(memoryMiB, await residentMiB());
    await page.goto('about:blank');
    const reader = readAll(feed);
    await framesOf(page, 500);
    frames.empty.push(...(await framesOf(page, sliceMs)));
    reader.destroy();
  }
  const empty = summaryOf(frames.empty);
  const list = summaryOf(frames.list);
  const rowsPerSecond = (rows / lastedMs) * 1000;
  await page.context().close();
  feed.stop();
  return { ...list, empty, p99Ratio: list.p99 / empty.p99, rowsPerSecond, residentMiB: memoryMiB };
}

/** The feed costs what it costs; what comes is let go. */
function readAll({ url }) {
  const request = get(new URL('/inspect/api/feed?list=1', url), (response) => response.resume());
  request.on('error', () => {});
  return request;
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
  console.log(
    `Node ${process.version}, ${cpus().length} cores (${cpus()[0].model}), ${width} × ${height}, load ${loadavg()[0].toFixed(1)}\n`,
  );
  console.log(`list: ${sessions} live rows, ${list.rowsPerSecond.toFixed(0)} of them changed a second`);
  console.log(
    `  frames   p50 ${ms(list.p50)} ms, p99 ${ms(list.p99)} ms, longest ${ms(list.max)} ms (${list.count} frames)`,
  );
  const { empty } = list;
  console.log(
    `  empty    p50 ${ms(empty.p50)} ms, p99 ${ms(empty.p99)} ms, longest ${ms(empty.max)} ms; p99 is ${list.p99Ratio.toFixed(2)} times that`,
  );
  console.log(`  memory   ${list.residentMiB.toFixed(0)} MiB`);
  console.log(`log: ${turns} turns`);
  console.log(`  open     ${log.openMs.toFixed(0)} ms`);
  console.log(`  step     drawn p50 ${ms(log.stepDrawn.p50)} ms, p99 ${ms(log.stepDrawn.p99)} ms`);
  console.log(`           on the screen p50 ${ms(log.stepShown.p50)} ms, p99 ${ms(log.stepShown.p99)} ms`);
  console.log(`  jump     ${ms(log.jump.p50)} ms`);
  console.log(`  memory   ${log.residentMiB.toFixed(0)} MiB (${log.emptyMiB.toFixed(0)} MiB before)`);
}
