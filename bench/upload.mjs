// npm run bench:upload: how long a screenshot takes from the start of its call until the answer's first frame is there, over a link with a round
// trip (a delaying proxy, a process of its own, no other limit). Beside it the same call without a screenshot, on the same
// connection, and the same upload to a bare grpc-js server with its own 64 KiB window. What the window costs is the difference.
import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { credentials, loadPackageDefinition } from '@grpc/grpc-js';
import { loadSync } from '@grpc/proto-loader';

const { values: options } = parseArgs({
  options: {
    rounds: { type: 'string', default: '9' },
    bytes: { type: 'string', default: '3000000' },
    'round-trip-ms': { type: 'string', default: '50' },
    json: { type: 'boolean', default: false },
  },
});
const rounds = Number(options.rounds);
const imageBytes = Number(options.bytes);
const roundTripMs = Number(options['round-trip-ms']);
/** A PNG to those who look at its header only: a 1920 × 1080 one, and noise. */
const PNG_HEADER = Buffer.from('89504e470d0a1a0a0000000d494844520000078000000438080600000000000000', 'hex');

const here = (file) => fileURLToPath(new URL(file, import.meta.url));
const proto = here('../proto/streaming.proto');
const { streaming } = loadPackageDefinition(loadSync(proto, { keepCase: true, defaults: true, oneofs: true }));
const screenshot = Buffer.concat([PNG_HEADER, randomBytes(imageBytes - PNG_HEADER.length)]).toString('base64');
const dir = mkdtempSync(join(tmpdir(), 'recital-bench-'));
const children = [];

try {
  const links = [];
  for (const [name, start] of [
    ['recital', startRecital],
    ['bare grpc-js', () => startChild([here('./bare-server.mjs')])],
  ]) {
    const { ctx } = await start();
    const proxy = await startChild([here('../test/support/delaying-proxy.mjs'), ctx.grpc_port, roundTripMs]);
    const client = new streaming.StreamingService(`127.0.0.1:${proxy.port}`, credentials.createInsecure());
    links.push({ name, client, base: [], upload: [] });
  }
  // The first calls pay for the connection and for cold code.
  for (const link of links) for (const shown of [{}, { screenshot }]) await firstFrameMs(link.client, shown);
  for (let round = 0; round < rounds; round += 1) {
    for (const link of round % 2 === 0 ? links : links.toReversed()) {
      link.base.push(await firstFrameMs(link.client, {}));
      link.upload.push(await firstFrameMs(link.client, { screenshot }));
    }
  }
  report(links);
  for (const link of links) link.client.close();
} finally {
  for (const child of children) child.kill();
  rmSync(dir, { recursive: true, force: true });
}

function startRecital() {
  const scenario = join(dir, 'scenario.json');
  writeFileSync(scenario, JSON.stringify({ answers: [{ when: '', steps: [{ say: 'Seen.' }] }] }));
  return startChild([here('../dist/cli.js'), 'serve'], {
    GRPC_PORT: '0',
    HTTP_PORT: '0',
    ANSWER_ENGINE: 'scripted',
    SPEECH_ENGINE: 'scripted',
    SCENARIO_FILE: scenario,
    DATA_DIR: join(dir, 'data'),
    SCREENSHOT_MAX_BYTES: '12000000',
    LOG_LEVEL: 'warn',
  });
}

/** Resolves with the first line that a child prints, an object with its port. */
function startChild(args, env = {}) {
  const child = spawn(process.execPath, args.map(String), {
    env: { PATH: process.env.PATH, ...env },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  children.push(child);
  return new Promise((resolve, reject) => {
    createInterface(child.stdout).on('line', (line) => resolve(JSON.parse(line)));
    child.once('exit', (code) => reject(new Error(`${args[0]} ended with ${code}`)));
  });
}

function firstFrameMs(client, request) {
  return new Promise((resolve, reject) => {
    const startedAtMs = performance.now();
    let ms;
    const call = client.StreamAudio({ prompt: 'benchmark', hardware_id: 'bench', ...request });
    call.on('data', (frame) => {
      if (frame.error_message) reject(new Error(frame.error_message));
      ms ??= performance.now() - startedAtMs;
    });
    call.on('error', reject);
    call.on('end', () => resolve(ms));
  });
}

function median(values) {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)];
}

function report(links) {
  const rows = links.map(({ name, base, upload }) => ({
    name,
    baseMs: median(base),
    uploadMs: median(upload),
    // Per round, so that both were measured in the same mood of the machine.
    costMs: median(upload.map((ms, round) => ms - base[round])),
  }));
  if (options.json) {
    console.log(
      JSON.stringify({ rounds, imageBytes, roundTripMs, rows, samples: links.map(({ client, ...rest }) => rest) }),
    );
    return;
  }
  console.log(
    `screenshot of ${imageBytes} bytes, ${roundTripMs} ms round trip, medians of ${rounds} rounds, ms to the first frame`,
  );
  console.log(`${cpus()[0]?.model ?? 'unknown CPU'}, ${cpus().length} cores, Node ${process.version}\n`);
  console.log(`${'server'.padEnd(16)}${'without'.padStart(10)}${'with'.padStart(10)}${'upload'.padStart(10)}`);
  for (const { name, baseMs, uploadMs, costMs } of rows) {
    console.log(name.padEnd(16) + [baseMs, uploadMs, costMs].map((ms) => ms.toFixed(0).padStart(10)).join(''));
  }
}
