// npm run bench:first-sound: how long a sentence waits here, from the delta of the model that completes it to the call of the voice, while many
// streams run at the pace of speech. Server and readers are two processes. Beside it, to tell a slow server from a busy machine: the
// processor time of the same stretch, and how late this process wakes up, which does nothing meanwhile. And what it is worth to
// synthesise ahead.
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { cpus, loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { median, percentile, startServer } from './measure.mjs';

const { values: options } = parseArgs({
  options: {
    streams: { type: 'string', default: '100' },
    'token-ms': { type: 'string', default: '30' },
    rounds: { type: 'string', default: '3' },
    json: { type: 'boolean', default: false },
  },
});
const streams = Number(options.streams);
const rounds = Number(options.rounds);
/** Cold code, and all streams starting at once, are not what is measured. */
const WARM_UP_MS = 5_000;
const LATENESS_RESOLUTION_MS = 10;
/** How many streams show what the look-ahead is worth, and how long their voice takes to its first sound. */
const AHEAD_STREAMS = 10;
const AHEAD_VOICE_MS = 300;

const here = (file) => fileURLToPath(new URL(file, import.meta.url));
const dir = mkdtempSync(join(tmpdir(), 'recital-bench-'));
// The scripted engines are asked for and never used: they come up at once.
const scenarioFile = join(dir, 'scenario.json');
writeFileSync(scenarioFile, JSON.stringify({ answers: [{ when: '', steps: [{ echo: true }] }] }));

try {
  const measured = [];
  for (let round = 0; round < rounds; round += 1) measured.push(await measureGaps());
  const ahead = {};
  for (const sentences of [0, 2]) ahead[sentences] = await measureDuration(sentences);
  report(measured, ahead);
} finally {
  rmSync(dir, { recursive: true, force: true });
}

async function measureGaps() {
  const { server, load, line } = await serveStreams({ count: streams, tokenMs: options['token-ms'], voiceMs: '40' });
  try {
    await new Promise((wake) => setTimeout(wake, WARM_UP_MS));
    const lateness = monitorEventLoopDelay({ resolution: LATENESS_RESOLUTION_MS });
    lateness.enable();
    server.child.kill('SIGHUP');
    return { ...JSON.parse(await line()), lateMs: latenessOf(lateness) };
  } finally {
    load.kill('SIGKILL');
    await ended(server.child);
  }
}

/** Median time that a whole answer takes, from the server's own end lines. */
async function measureDuration(lookahead) {
  const ends = [];
  const settings = { count: AHEAD_STREAMS, tokenMs: '5', voiceMs: String(AHEAD_VOICE_MS), lookahead };
  const { server, load } = await serveStreams(settings, (ctx) => ends.push(ctx.duration_seconds));
  try {
    while (ends.length < AHEAD_STREAMS * 2) await new Promise((wake) => setTimeout(wake, 100));
    return median(ends);
  } finally {
    load.kill('SIGKILL');
    await ended(server.child);
  }
}

async function serveStreams({ count, tokenMs, voiceMs, lookahead = 2 }, onEnd = () => {}) {
  const env = {
    GRPC_PORT: '0',
    HTTP_PORT: '0',
    // What is measured is what streams cost, not who is refused.
    OVERLOAD: 'off',
    BACKPRESSURE_MAX_STREAMS_PER_DEVICE: '0',
    ANSWER_ENGINE: 'scripted',
    SPEECH_ENGINE: 'scripted',
    SCENARIO_FILE: scenarioFile,
    DATA_DIR: join(dir, 'data'),
    BACKPRESSURE_MAX_STREAMS: String(count * 2),
    MAX_STREAMS_PER_CONNECTION: '10000',
    SPEECH_LOOKAHEAD: String(lookahead),
    TOKEN_MS: tokenMs,
    VOICE_MS: voiceMs,
  };
  const server = await startServer('recital', [here('./first-sound-server.mjs')], env, 'pipe', ({ decision, ctx }) => {
    if (decision === 'end') onEnd(ctx);
  });
  const lines = createInterface(server.child.stderr)[Symbol.asyncIterator]();
  const load = spawn(process.execPath, [here('./interrupt-load.mjs'), String(server.port), String(count)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  await new Promise((resolve) => createInterface(load.stdout).once('line', resolve));
  return { server, load, line: async () => (await lines.next()).value };
}

function ended(child) {
  child.kill('SIGTERM');
  setTimeout(() => child.kill('SIGKILL'), 2_000).unref();
  return new Promise((resolve) => child.once('exit', resolve));
}

function report(measured, ahead) {
  const rows = measured.map(({ gapsMs, processorMs, lateMs, waited, load }) => ({
    sentences: gapsMs.length,
    waited,
    load,
    clock: percentilesOf(gapsMs),
    processor: percentilesOf(processorMs),
    late: lateMs,
  }));
  if (options.json) {
    console.log(JSON.stringify({ streams, rows, ahead }));
    return;
  }
  console.log(
    `${streams} streams, a token every ${options['token-ms']} ms; load of the machine ${loadavg()[0].toFixed(1)}`,
  );
  console.log(`${cpus()[0]?.model ?? 'unknown CPU'}, ${cpus().length} cores, Node ${process.version}\n`);
  for (const { sentences, waited, load, clock, processor, late } of rows) {
    const busy = `${(load * 100).toFixed(0)} % of a core`;
    console.log(`${sentences} sentences, ${waited} more waited for the look-ahead; the server took ${busy}`);
    console.log(`  complete to synthesise(), on the clock  ${shown(clock)}`);
    console.log(`  the same, time on the processor         ${shown(processor)}`);
    console.log(`  an idle process beside it woke up late  ${shown(late)}`);
  }
  const ratio = (ahead[0] / ahead[2]).toFixed(2);
  console.log(
    `\nan answer with a voice that takes ${AHEAD_VOICE_MS} ms to its first sound: ${ahead[2].toFixed(2)} s; `,
  );
  console.log(`with SPEECH_LOOKAHEAD=0 ${ahead[0].toFixed(2)} s, ${ratio} times that`);
}

function latenessOf(histogram) {
  const at = (percent) => Math.max(0, histogram.percentile(percent) / 1e6 - LATENESS_RESOLUTION_MS);
  return { p50: at(50), p95: at(95), p99: at(99), max: at(100) };
}

function percentilesOf(values) {
  const sorted = values.toSorted((a, b) => a - b);
  return {
    p50: percentile(sorted, 0.5),
    p95: percentile(sorted, 0.95),
    p99: percentile(sorted, 0.99),
    max: sorted.at(-1),
  };
}

function shown(row) {
  const cells = Object.entries(row).map(([name, ms]) => `${name} ${ms.toFixed(2)}`);
  return `${cells.join('  ')} ms`;
}
