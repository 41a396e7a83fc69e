// npm run bench:interrupt: how long InterruptSession takes while many streams run, at the pace of speech and as fast as the reader
// reads. Server, readers and the interrupting client are three processes; the machine's load counts, so it is printed. What an interrupt
// waits for in the server is one turn of the event loop: its processor time is measured beside, for it does not depend on the load.
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { credentials, loadPackageDefinition } from '@grpc/grpc-js';
import { loadSync } from '@grpc/proto-loader';
import { percentile, startServer } from './measure.mjs';

const { values: options } = parseArgs({
  options: { streams: { type: 'string', default: '50' }, calls: { type: 'string', default: '500' } },
});
const streams = Number(options.streams);
const calls = Number(options.calls);
/** Speech is 23.4 frames a second: one every 42.7 ms. */
const paces = { 'at the pace of speech': 43, 'as fast as possible': 0 };
/** Between two interrupts, so that what is measured is the load and not the queue of our own calls. */
const PAUSE_MS = 5;

const here = (file) => fileURLToPath(new URL(file, import.meta.url));
const proto = here('../proto/streaming.proto');
const { streaming } = loadPackageDefinition(loadSync(proto, { keepCase: true, defaults: true, oneofs: true }));
const dir = mkdtempSync(join(tmpdir(), 'recital-bench-'));

try {
  console.log(`${calls} interrupts each, ${streams} streams; load of the machine ${loadavg()[0].toFixed(1)}`);
  for (const [pace, msPerChunk] of Object.entries(paces)) await measurePace(pace, msPerChunk);
} finally {
  rmSync(dir, { recursive: true, force: true });
}

async function measurePace(pace, msPerChunk) {
  const scenarioFile = join(dir, `scenario-${msPerChunk}.json`);
  const answer = { when: '', steps: [{ say: 'One more sentence of an endless answer. ', repeat: 10_000 }] };
  const speech = { chunks_per_sentence: 50, chunk_bytes: 4096, ms_per_chunk: msPerChunk };
  writeFileSync(scenarioFile, JSON.stringify({ answers: [answer], speech }));
  const server = await startServer(
    'recital',
    ['--import', here('./turn-probe.mjs'), here('../dist/cli.js'), 'serve'],
    {
      GRPC_PORT: '0',
      HTTP_PORT: '0',
      // What is measured is what streams cost, not who is refused.
      OVERLOAD: 'off',
      BACKPRESSURE_MAX_STREAMS_PER_DEVICE: '0',
      ANSWER_ENGINE: 'scripted',
      SPEECH_ENGINE: 'scripted',
      SCENARIO_FILE: scenarioFile,
      DATA_DIR: join(dir, `data-${msPerChunk}`),
      BACKPRESSURE_MAX_STREAMS: String(streams),
      MAX_STREAMS_PER_CONNECTION: '10000',
      LOG_LEVEL: 'warn',
    },
    'pipe',
  );
  const load = spawn(process.execPath, [here('./interrupt-load.mjs'), String(server.port), String(streams)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const client = new streaming.StreamingService(`127.0.0.1:${server.port}`, credentials.createInsecure());
  try {
    await new Promise((resolve) => createInterface(load.stdout).once('line', resolve));
    const idle = await sample(client, () => 'nobody');
    const busy = await sample(client, (index) => `device-${index % streams}`);
    report(`${pace}, no stream of the device`, idle);
    report(`${pace}, one stream of the device`, busy);
    server.child.kill('SIGUSR2');
    const turns = JSON.parse(
      await new Promise((resolve) => createInterface(server.child.stderr).once('line', resolve)),
    );
    const shown = Object.entries(turns).map(([name, ms]) => `${name} ${ms.toFixed(1)}`);
    console.log(`${`${pace}, processor time of a turn`.padEnd(52)}${shown.join('  ')} ms`);
  } finally {
    client.close();
    load.kill('SIGKILL');
    server.child.kill('SIGTERM');
  }
}

async function sample(client, deviceOf) {
  const tookMs = [];
  for (let index = 0; index < calls; index += 1) {
    const startedAtMs = performance.now();
    await new Promise((resolve, reject) => {
      client.InterruptSession({ hardware_id: deviceOf(index) }, (error) => (error ? reject(error) : resolve()));
    });
    tookMs.push(performance.now() - startedAtMs);
    await new Promise((wake) => setTimeout(wake, PAUSE_MS));
  }
  return tookMs.toSorted((a, b) => a - b);
}

function report(name, sorted) {
  const shown = [0.5, 0.9, 0.99].map((share) => `p${share * 100} ${percentile(sorted, share).toFixed(1)}`).join('  ');
  console.log(`${name.padEnd(52)}${shown}  max ${sorted.at(-1).toFixed(1)} ms`);
}
