// npm run bench:overload: a server on one core, its clients on another, in real time. First 1 x: the most streams of speech that still have 99 % of
// their frames within 40 ms of their due time, with OVERLOAD=off. Then calls at 2 x and at 10 x the rate that keeps so many running, with OVERLOAD
// on and off: the share of the accepted streams' frames that are in time, how long refusals and interrupts take. Prints a table, and with --json FILE
// writes all figures. --one-x N skips the search; --factors 2,10; --seconds 10 (measured, of each phase).
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism, cpus, loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { cpuSeconds } from './measure.mjs';

const here = (file) => fileURLToPath(new URL(file, import.meta.url));
const { values: options } = parseArgs({
  options: {
    json: { type: 'string' },
    factors: { type: 'string', default: '2,10' },
    seconds: { type: 'string', default: '10' },
    'one-x': { type: 'string' },
    'off-too': { type: 'string', default: 'yes' },
    server: { type: 'string', default: here('..') },
  },
});
if (availableParallelism() < 2) throw new Error('two cores are needed: one for the server, one for its clients');

const SERVER_CORE = '0';
const CLIENT_CORE = '1';
/** A chunk of 4096 bytes is 42.67 ms of sound. */
const PACE_MS = 4096 / 96;
const STREAM_SECONDS = 8;
const FRAMES = Math.round((STREAM_SECONDS * 1000) / PACE_MS);
const LATE_MS = 40;
const IN_TIME_SHARE = 0.99;
/** The search ends when its bounds are as close as this. */
const CLOSE_ENOUGH = 0.06;
const CONNECTIONS = 64;
const measureMs = Number(options.seconds) * 1000;

const dir = mkdtempSync(join(tmpdir(), 'recital-overload-'));
const scenarioFile = join(dir, 'scenario.json');
writeFileSync(
  scenarioFile,
  JSON.stringify({
    answers: [{ when: '', steps: [{ say: 'One sentence that is spoken for a while.' }] }],
    speech: { chunks_per_sentence: FRAMES, chunk_bytes: 4096, ms_per_chunk: PACE_MS },
  }),
);

const results = {
  node: process.version,
  cpus: `${cpus().length} x ${cpus()[0].model.trim()}`,
  load: loadavg()[0],
  streamSeconds: STREAM_SECONDS,
  phases: [],
};
console.log(`${results.cpus}, Node ${results.node}, load ${results.load.toFixed(1)}; server on core ${SERVER_CORE}`);
try {
  const oneX = options['one-x'] === undefined ? await findOneX() : Number(options['one-x']);
  results.oneX = oneX;
  console.log(`1 x = ${oneX} streams`);
  for (const factor of options.factors.split(',').map(Number)) {
    for (const overload of options['off-too'] === 'yes' ? ['on', 'off'] : ['on']) {
      await phase({ name: `${factor} x`, streams: oneX * factor, overload, settleMs: STREAM_SECONDS * 1000 });
    }
  }
} finally {
  rmSync(dir, { recursive: true, force: true });
  if (options.json !== undefined) writeFileSync(options.json, `${JSON.stringify(results, null, 2)}\n`);
}

/** The most that is good, between two bounds that are found by doubling. */
async function findOneX() {
  let [good, bad] = [0, Number.POSITIVE_INFINITY];
  for (let streams = 250; bad - good > good * CLOSE_ENOUGH || good === 0; ) {
    const { inTimeShare, clientLagMs } = await phase({
      name: `search ${streams}`,
      streams,
      overload: 'off',
      settleMs: STREAM_SECONDS * 1000 + 1_000,
    });
    if (inTimeShare >= IN_TIME_SHARE) good = streams;
    else bad = streams;
    if (clientLagMs.p99 > LATE_MS / 2) console.log('the clients were late themselves: the figure is a lower bound');
    if (bad < 20) throw new Error('not even twenty streams are in time: the machine is busy');
    streams = Math.round(bad === Number.POSITIVE_INFINITY ? good * 2 : (good + bad) / 2);
  }
  return good;
}

async function phase({ name, streams, overload, settleMs }) {
  const server = await startServer(overload);
  try {
    const before = cpuSeconds(server.child.pid);
    const beganAtMs = performance.now();
    const figures = await runClients({
      port: server.port,
      callsPerSecond: streams / STREAM_SECONDS,
      settleMs,
      measureMs,
      frames: FRAMES,
      paceMs: PACE_MS,
      connections: CONNECTIONS,
      lateMs: LATE_MS,
      interruptEveryMs: 100,
    });
    const serverCpuShare = (cpuSeconds(server.child.pid) - before) / ((performance.now() - beganAtMs) / 1000);
    const result = { name, overload, offeredStreams: streams, ...figures, serverCpuShare };
    results.phases.push(result);
    tell(result);
    return result;
  } finally {
    server.child.kill('SIGKILL');
    await new Promise((resolve) => server.child.once('exit', resolve));
  }
}

function tell(result) {
  const { name, overload, asked, accepted, refused, unanswered, inTimeShare, framesPerSecond } = result;
  const { firstSoundMs: first, refusalMs: refusal, interruptMs: interrupt, clientLagMs: lag } = result;
  const pair = ({ p50, p99 }) => `${p50 ?? '-'} / ${p99 ?? '-'}`;
  console.log(
    [
      `${name} (OVERLOAD=${overload})`.padEnd(26),
      `asked ${asked} accepted ${accepted} refused ${refused} (RetryInfo ${result.retryInfoShare ?? '-'}) unanswered ${unanswered}`,
      `other ${JSON.stringify(result.failed)}`,
      `frames ${framesPerSecond}/s, in time ${inTimeShare === null ? '-' : (inTimeShare * 100).toFixed(1)} %`,
      `ms p50 / p99: first sound ${pair(first)}, refusal ${pair(refusal)}, interrupt ${pair(interrupt)} (${interrupt.count}, ${result.interruptFaults} failed)`,
      `client lag ${pair(lag)}, server CPU ${result.serverCpuShare.toFixed(2)}`,
    ].join('  '),
  );
}

function startServer(overload) {
  const settings = {
    GRPC_PORT: '0',
    HTTP_PORT: '0',
    ANSWER_ENGINE: 'scripted',
    SPEECH_ENGINE: 'scripted',
    SCENARIO_FILE: scenarioFile,
    DATA_DIR: join(dir, `data-${results.phases.length}`),
    LOG_LEVEL: 'error',
    BACKPRESSURE_MAX_STREAMS: '100000',
    BACKPRESSURE_MAX_STREAMS_PER_DEVICE: '0',
    MAX_STREAMS_PER_CONNECTION: '100000',
    OVERLOAD: overload,
  };
  const args = ['-c', SERVER_CORE, process.execPath, join(options.server, 'dist/cli.js'), 'serve'];
  const child = spawn('taskset', args, {
    env: { PATH: process.env.PATH, ...settings },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  return new Promise((resolve, reject) => {
    createInterface(child.stdout).on('line', (line) => {
      const { decision, ctx } = JSON.parse(line);
      if (decision === 'ready') resolve({ child, port: ctx.grpc_port });
    });
    child.once('exit', (code) => reject(new Error(`the server ended with ${code}`)));
  });
}

function runClients(what) {
  const args = ['-c', CLIENT_CORE, process.execPath, here('./overload-client.mjs'), JSON.stringify(what)];
  const child = spawn('taskset', args, { stdio: ['ignore', 'pipe', 'inherit'] });
  let text = '';
  child.stdout.on('data', (chunk) => {
    text += chunk;
  });
  return new Promise((resolve, reject) => {
    child.once('exit', (code) => (code === 0 ? resolve(JSON.parse(text)) : reject(new Error(`the clients: ${code}`))));
  });
}
