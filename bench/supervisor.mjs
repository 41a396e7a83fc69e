// npm run bench:supervisor: what many streams at once cost, and whom. One client, in a process of its own and over several connections, makes
// a crowd: 2,000 streams that vanish, 2,000 that are ended by one InterruptSession, 1,000 calls at once, 4 x 900 calls that are reset as soon as
// they are open. A second client, in a third process, makes a small call every 20 ms: how long those take is what the crowd costs others. A
// probe in the server measures the longest turn of its event loop, by the clock and in processor time, which does not depend on what else
// the machine does. Then, in this process: an admission and a release with their recording, by how many streams are open.
// --only vanish,interrupt,burst,reset,idle,cost; --rounds 3; --server DIR: another build of the server.
import { fork } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { cpus, loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { cpuSeconds, median, percentile, startServer } from './measure.mjs';
import { reportCosts } from './supervisor-cost.mjs';

const here = (file) => fileURLToPath(new URL(file, import.meta.url));
const { values: options } = parseArgs({
  options: {
    only: { type: 'string', default: 'idle,vanish,interrupt,burst,reset,cost' },
    rounds: { type: 'string', default: '3' },
    server: { type: 'string', default: here('..') },
  },
});
const HELD_STREAMS = 2_000;
const BURST_CALLS = 1_000;
const RESET_CONNECTIONS = 4;
const RESETS_PER_CONNECTION = 900;
/** After the crowd has begun; the witness's calls of this time count. */
const WINDOW_MS = 3_000;
const SETTLE_MS = 1_500;

/** Each: what client one does, and the streams it must hold before. */
const crowds = {
  idle: { title: 'nothing happens', held: 0, act: async () => {} },
  vanish: { title: `${HELD_STREAMS} streams vanish`, held: HELD_STREAMS, act: (crowd) => void crowd.kill('SIGKILL') },
  interrupt: {
    title: `${HELD_STREAMS} interrupted by one call`,
    held: HELD_STREAMS,
    act: (crowd) => ask(crowd, { do: 'interrupt' }),
  },
  burst: {
    title: `burst of ${BURST_CALLS} calls`,
    held: 0,
    act: (crowd) => ask(crowd, { do: 'burst', calls: BURST_CALLS }),
  },
  reset: {
    title: `rapid reset ${RESET_CONNECTIONS} x ${RESETS_PER_CONNECTION}`,
    held: 0,
    act: (crowd) => ask(crowd, { do: 'reset', connections: RESET_CONNECTIONS, calls: RESETS_PER_CONNECTION }),
  },
};

const dir = mkdtempSync(join(tmpdir(), 'recital-bench-'));
const wanted = options.only.split(',');
console.log(
  `${cpus().length} x ${cpus()[0].model.trim()}, Node ${process.version}, load ${loadavg()[0].toFixed(1)}, ` +
    `medians of ${options.rounds} rounds`,
);
try {
  for (const name of Object.keys(crowds).filter((each) => wanted.includes(each))) await measureCrowd(name);
  if (wanted.includes('cost')) reportCosts(Number(options.rounds));
} finally {
  rmSync(dir, { recursive: true, force: true });
}

async function measureCrowd(name) {
  const { title, held, act } = crowds[name];
  const server = await startRecital(name);
  const witness = await forked('./supervisor-client.mjs', server.port);
  const rounds = [];
  try {
    // The first is not counted: V8 has to compile what there is to compile.
    for (let round = 0; round <= Number(options.rounds); round += 1) {
      const figures = await measureRound({ server, witness, held, act });
      if (round > 0) rounds.push(figures);
    }
  } finally {
    witness.kill('SIGKILL');
    server.child.kill('SIGKILL');
  }
  const shown = Object.keys(rounds[0]).map((key) => `${key} ${median(rounds.map((each) => each[key])).toFixed(0)}`);
  console.log(`${title.padEnd(32)}${shown.join('  ')}`);
}

async function measureRound({ server, witness, held, act }) {
  const crowd = await forked('./supervisor-client.mjs', server.port);
  if (held > 0) await ask(crowd, { do: 'hold', streams: held });
  await ask(witness, { do: 'witness', ms: SETTLE_MS });
  await askProbe(server);
  const cpuBefore = cpuSeconds(server.child.pid);
  const watched = ask(witness, { do: 'witness', ms: WINDOW_MS });
  const startedAtMs = performance.now();
  await act(crowd);
  const tookMs = performance.now() - startedAtMs;
  const { sorted, failed } = await watched;
  for (const [words, times] of Object.entries(failed)) console.error(`${times} small calls failed: ${words}`);
  const turn = await askProbe(server);
  crowd.kill('SIGKILL');
  await pause(SETTLE_MS);
  return {
    p50: percentile(sorted, 0.5),
    p99: percentile(sorted, 0.99),
    max: sorted.at(-1),
    'turn (CPU)': turn.processorMs,
    'turn (clock)': turn.clockMs,
    took: tookMs,
    CPU: (cpuSeconds(server.child.pid) - cpuBefore) * 1_000,
  };
}

function startRecital(name) {
  const scenarioFile = join(dir, `${name}.json`);
  const answers = [
    { when: 'held', steps: [{ say: 'One sentence. ' }, { hang: true }] },
    { when: 'small', steps: [{ say: 'Yes, that is so.' }] },
  ];
  const speech = { chunks_per_sentence: 1, chunk_bytes: 1024, ms_per_chunk: 0 };
  writeFileSync(scenarioFile, JSON.stringify({ answers, speech }));
  const args = ['--import', here('./loop-probe.mjs'), join(options.server, 'dist/cli.js'), 'serve'];
  const settings = {
    GRPC_PORT: '0',
    HTTP_PORT: '0',
    // What is measured is what streams cost, not who is refused.
    OVERLOAD: 'off',
    BACKPRESSURE_MAX_STREAMS_PER_DEVICE: '0',
    ANSWER_ENGINE: 'scripted',
    SPEECH_ENGINE: 'scripted',
    SCENARIO_FILE: scenarioFile,
    DATA_DIR: join(dir, name),
    BACKPRESSURE_MAX_STREAMS: '10000',
    MAX_STREAMS_PER_CONNECTION: '10000',
    BACKPRESSURE_IDLE_TIMEOUT: '0',
    BACKPRESSURE_MAX_RATE: '0',
    ANSWER_STALL_TIMEOUT: '0',
    SESSION_TIMEOUT: '0',
  };
  return startServer('recital', args, settings, 'pipe');
}

/** The longest turn of the server's event loop since it was last asked. */
async function askProbe({ child }) {
  child.kill('SIGUSR2');
  return JSON.parse(await new Promise((resolve) => createInterface(child.stderr).once('line', resolve)));
}

async function forked(file, port) {
  const child = fork(here(file), [String(port)]);
  await new Promise((resolve) => child.once('message', resolve));
  return child;
}

function ask(child, message) {
  return new Promise((resolve) => {
    child.once('message', resolve);
    child.send(message);
  });
}

function pause(ms) {
  return new Promise((wake) => setTimeout(wake, ms));
}
