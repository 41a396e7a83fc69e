// Takes README's picture of the inspector: a server with a crowd of sessions that answer, speak, hang and fail, and one of them opened in the
// middle of its answer.
//
//   node scripts/screenshot.mjs [OUT] [--dark] [--width 1280] [--height 800]        (OUT: docs/images/inspector.png)
//
// Needs a Chromium and `npm run build`. Times and ids are those of this run; what happens is the same in each.
import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { credentials, loadPackageDefinition } from '@grpc/grpc-js';
import { loadSync } from '@grpc/proto-loader';
import { launchChromium } from './chromium.mjs';
import { palettePng } from './palette-png.mjs';

const here = (file) => fileURLToPath(new URL(file, import.meta.url));
const { values: options, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    dark: { type: 'boolean', default: false },
    width: { type: 'string', default: '1280' },
    height: { type: 'string', default: '800' },
  },
});
const [out = here('../docs/images/inspector.png')] = positionals;
const MAX_BYTES = 200 * 1024;
/** The session that is opened, and what happens in the turn that is shown: the model goes on while the first sentence is spoken. */
const SHOWN = '2e0ce7e1-b1dd';
const TOKEN = 'screenshot';

const words = (text, wait_ms) => (text.match(/\S+\s*/g) ?? []).flatMap((say) => [{ say }, { wait_ms }]);
const answer = [
  ...words('It is sunny in Lisbon today, twenty-four degrees, with a light wind from the north. ', 18),
  { wait_ms: 260 },
  ...words('The evening stays mild. Take a jacket for the walk along the river, it cools down after nine. ', 22),
  { wait_ms: 900 },
  ...words('I have opened the map for you. ', 18),
];
const scenario = {
  answers: [
    { when: 'weather', steps: [{ wait_ms: 120 }, ...answer] },
    { when: 'slow', steps: [{ wait_ms: 4000 }, ...words('This one took its time. ', 40), { hang: true }] },
    { when: 'talk', steps: [...words('There is a lot to tell about this, so listen. ', 25), { hang: true }] },
    { when: 'down', steps: [{ wait_ms: 300 }, { fail: { error_code: 'UNAVAILABLE', message: 'the model is down' } }] },
    { when: '', steps: words('Good morning. The meeting begins at ten, in the small room. ', 30) },
  ],
  speech: { chunks_per_sentence: 12, chunk_bytes: 4096, ms_per_chunk: 45, hang_when: 'listen' },
};

const dir = mkdtempSync(join(tmpdir(), 'recital-screenshot-'));
const file = join(dir, 'scenario.json');
writeFileSync(file, JSON.stringify(scenario));
const child = spawn(process.execPath, [here('../dist/cli.js'), 'serve'], {
  stdio: ['ignore', 'pipe', 'inherit'],
  env: {
    PATH: process.env.PATH,
    GRPC_PORT: '0',
    HTTP_PORT: '0',
    DATA_DIR: join(dir, 'data'),
    ANSWER_ENGINE: 'scripted',
    SPEECH_ENGINE: 'scripted',
    SCENARIO_FILE: file,
    BACKPRESSURE_MAX_STREAMS: '60',
    INSPECTOR: 'on',
    INSPECTOR_TOKEN: TOKEN,
    INSPECTOR_TRY: 'on',
  },
});
const browser = await launchChromium();
try {
  const { grpc_port: port, inspector_url: url } = await readyLine();
  const proto = loadSync(here('../proto/streaming.proto'), { keepCase: true, defaults: true, oneofs: true });
  const { streaming } = loadPackageDefinition(proto);
  const client = new streaming.StreamingService(`127.0.0.1:${port}`, credentials.createInsecure());
  await crowd(client);
  await takePicture(url);
  client.close();
} finally {
  await browser.close();
  child.kill('SIGKILL');
  rmSync(dir, { recursive: true, force: true });
}

function readyLine() {
  return new Promise((resolve, reject) => {
    createInterface(child.stdout).on('line', (line) => {
      const { decision, ctx } = JSON.parse(line);
      if (decision === 'ready') resolve(ctx);
    });
    child.once('exit', (code) => reject(new Error(`the server ended with ${code}`)));
  });
}

/** Starts a stream; resolves when it is over. */
function ask(client, session, device, prompt) {
  return new Promise((resolve) => {
    const call = client.StreamAudio({ prompt, session_id: session, hardware_id: device });
    call.on('data', () => {}).once('error', () => {});
    call.once('status', resolve);
  });
}

/** A morning of a small office: some have ended, some failed, the rest goes on. */
async function crowd(client) {
  const id = (index) =>
    `${(0x2f6e22e8 + index * 0x0b1d37f5).toString(16).slice(-8)}-${(0x5b9c + index * 0x1f31).toString(16).slice(-4)}`;
  const device = (index) => `laptop-${(index * 7) % 40}`;
  const ended = Array.from({ length: 9 }, (_, index) =>
    ask(client, id(index), device(index), index % 4 === 3 ? 'is it down?' : 'good morning'),
  );
  await Promise.all(ended);
  await ask(client, SHOWN, 'laptop-12', 'What is the weather in Lisbon?');
  for (let index = 9; index < 31; index += 1) {
    void ask(client, id(index), device(index), ['slow, please', 'talk to me', 'the weather'][index % 3]);
    await new Promise((wake) => setTimeout(wake, 60));
  }
  // A second stream of a session that has one is refused, and counted in the head of the page.
  await ask(client, id(9), device(9), 'slow, please');
}

async function takePicture(url) {
  const context = await browser.newContext({
    viewport: { width: Number(options.width), height: Number(options.height) },
    colorScheme: options.dark ? 'dark' : 'light',
    reducedMotion: 'reduce',
  });
  const page = await context.newPage();
  await page.goto(`${url}&session=${SHOWN}`);
  await page.locator('[data-verdict="identical"]').first().waitFor();
  await page.locator('[data-turn] [data-state][aria-current="true"]').first().waitFor();
  const turn = await turnToShow(page);
  await page.locator(`[data-turn="${turn}"]`).first().waitFor();
  // Two frames later everything of this turn is drawn.
  await page.evaluate(() => new Promise((drawn) => requestAnimationFrame(() => requestAnimationFrame(drawn))));
  const png = palettePng(await pixelsOf(await page.screenshot()));
  mkdirSync(dirname(out), { recursive: true });
  writeFileSync(out, png);
  console.log(`${out}: ${png.length} bytes, turn ${turn}`);
  if (png.length > MAX_BYTES)
    throw new Error(`${png.length} bytes are more than the ${MAX_BYTES} of a picture in README`);
}

/** What a PNG shows: the browser reads it. */
async function pixelsOf(png) {
  const page = await browser.newPage();
  const told = await page.evaluate(async (base64) => {
    const bytes = Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
    const bitmap = await createImageBitmap(new Blob([bytes], { type: 'image/png' }));
    const canvas = new OffscreenCanvas(bitmap.width, bitmap.height);
    const context = canvas.getContext('2d');
    context.drawImage(bitmap, 0, 0);
    const { data } = context.getImageData(0, 0, bitmap.width, bitmap.height);
    let text = '';
    for (let from = 0; from < data.length; from += 32768)
      text += String.fromCharCode(...data.subarray(from, from + 32768));
    return { width: bitmap.width, height: bitmap.height, pixels: btoa(text) };
  }, png.toString('base64'));
  await page.close();
  return { width: told.width, height: told.height, rgba: Buffer.from(told.pixels, 'base64') };
}

/** Steps to the turn in which the voice is given its second sentence, while the answer goes on: guards of several steps were asked. */
async function turnToShow(page) {
  await page.keyboard.press('Home');
  let best = { turn: 0, guards: 0 };
  for (let turn = 1; turn < 40; turn += 1) {
    await page.keyboard.press('ArrowRight');
    await page.locator(`[data-turn="${turn}"]`).first().waitFor();
    const guards = await page.locator('[data-guard]').count();
    const active = await page
      .locator('[data-turn] [data-state="streaming.voice.speaking"][aria-current="true"]')
      .count();
    if (active > 0 && guards > best.guards) best = { turn, guards };
  }
  await page.keyboard.press('Home');
  for (let turn = 1; turn <= best.turn; turn += 1) {
    await page.keyboard.press('ArrowRight');
    await page.locator(`[data-turn="${turn}"]`).first().waitFor();
  }
  return best.turn;
}
