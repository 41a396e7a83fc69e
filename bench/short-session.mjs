// npm run bench:sessions: what a short conversation costs (two sentences, CONCURRENCY at once) in CPU of the server and all its child processes,
// and how much heap a stream holds that waits for its model. Variants take turns, call for call, in one run: settings of this build
// (--variant 'no memory:MEMORY=off'), and other builds (--against /path/to/another/checkout). What counts is the ratio of a round.
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { openCalls } from './calls.mjs';
import { cpuSeconds, median, settled, startServer } from './measure.mjs';

const { values: options } = parseArgs({
  options: {
    rounds: { type: 'string', default: '15' },
    calls: { type: 'string', default: '400' },
    concurrency: { type: 'string', default: '40' },
    devices: { type: 'string', default: '400' },
    waiting: { type: 'string', default: '500' },
    variant: { type: 'string', multiple: true, default: [] },
    against: { type: 'string', multiple: true, default: [] },
    json: { type: 'boolean', default: false },
  },
});
const [rounds, calls, concurrency, devices, waiting] = [
  options.rounds,
  options.calls,
  options.concurrency,
  options.devices,
  options.waiting,
].map(Number);

/** Between two looks whether the heap is at rest. */
const HEAP_LOOK_MS = 1_500;
const here = (file) => fileURLToPath(new URL(file, import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'recital-sessions-'));
const scenarioFile = join(folder, 'scenario.json');
writeFileSync(
  scenarioFile,
  JSON.stringify({
    answers: [
      { when: '^wait$', steps: [{ hang: true }] },
      { when: '', steps: [{ say: 'The first sentence is short enough.' }, { say: ' The second one is as short.' }] },
    ],
    speech: { chunks_per_sentence: 3, chunk_bytes: 4096, ms_per_chunk: 0 },
  }),
);

const variants = [
  { name: 'this build', cli: here('../dist/cli.js'), env: {} },
  ...options.against.map((path) => ({ name: path, cli: join(resolve(path), 'dist/cli.js'), env: {} })),
  ...options.variant.map((text) => {
    const [name, settings = ''] = text.split(':');
    const env = Object.fromEntries(settings.split(',').map((setting) => setting.split('=')));
    return { name, cli: here('../dist/cli.js'), env };
  }),
];

const targets = [];
try {
  for (const [index, { name, cli, env }] of variants.entries()) {
    const target = await startServer(
      name,
      ['--expose-gc', '--import', here('./heap-probe.mjs'), cli, 'serve'],
      {
        GRPC_PORT: '0',
        HTTP_PORT: '0',
        ANSWER_ENGINE: 'scripted',
        SPEECH_ENGINE: 'scripted',
        SCENARIO_FILE: scenarioFile,
        DATA_DIR: join(folder, `data-${index}`),
        BACKPRESSURE_MAX_STREAMS: String(waiting + concurrency),
        BACKPRESSURE_MAX_STREAMS_PER_DEVICE: '0',
        // All of them come over one connection.
        MAX_STREAMS_PER_CONNECTION: String(waiting + concurrency),
        OVERLOAD: 'off',
        LOG_LEVEL: 'warn',
        ...env,
      },
      'inherit',
      () => {},
      true,
    );
    targets.push({ ...target, env, clients: openCalls(target.port), samples: [], asked: 0 });
  }
  for (const target of targets) await load(target, calls * 2);
  for (let round = 0; round < rounds; round += 1) {
    for (const target of round % 2 === 0 ? targets : targets.toReversed()) target.samples.push(await measure(target));
  }
  for (const target of targets) if (waiting > 0) target.heapBytes = await heapOfWaiting(target);
  report();
} finally {
  for (const { child, clients } of targets) {
    clients.close();
    child.kill('SIGTERM');
  }
  rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
}

async function load(target, count) {
  let left = count;
  const firstFramesMs = [];
  const worker = async () => {
    while (left > 0) {
      left -= 1;
      target.asked += 1;
      const { firstFrameMs } = await target.clients.call('short', `device-${target.asked % devices}`);
      firstFramesMs.push(firstFrameMs);
    }
  };
  await Promise.all(Array.from({ length: concurrency }, worker));
  // What follows upon the last end: lines on their way to the disk, memories on theirs.
  await new Promise((wake) => setTimeout(wake, 150));
  return firstFramesMs;
}

async function measure(target) {
  const { pid } = target.child;
  const children = childrenOf(pid);
  const before = [cpuSeconds(pid), cpuOf(children)];
  const firstFramesMs = await load(target, calls);
  const server = cpuSeconds(pid) - before[0];
  const child = cpuOf(children) - before[1];
  const [serverMs, childMs] = [server, child].map((seconds) => (seconds * 1000) / calls);
  return { cpuMs: serverMs + childMs, serverMs, childMs, firstFrameMs: median(firstFramesMs) };
}

function cpuOf(pids) {
  return pids.reduce((sum, pid) => sum + cpuSeconds(pid), 0);
}

/** All processes below this one. */
function childrenOf(pid) {
  const below = readdirSync(`/proc/${pid}/task`).flatMap((thread) =>
    readFileSync(`/proc/${pid}/task/${thread}/children`, 'utf8').split(' ').filter(Boolean).map(Number),
  );
  return [...below, ...below.flatMap(childrenOf)];
}

/** Bytes of heap, after collecting its garbage, that each of the waiting streams adds. */
async function heapOfWaiting(target) {
  const before = await heap(target.child);
  const ends = Array.from({ length: waiting }, (_, index) => target.clients.hold('wait', `waiting-${index}`));
  const during = await settled(() => heap(target.child), HEAP_LOOK_MS);
  for (const end of ends) end();
  await new Promise((wake) => setTimeout(wake, 500));
  return (during - before) / waiting;
}

function heap(child) {
  return new Promise((resolve) => {
    child.once('message', ({ heapUsed }) => resolve(heapUsed));
    child.send('heap');
  });
}

function report() {
  const [first] = targets;
  const rows = targets.map(({ name, samples, heapBytes = 0 }) => ({
    name,
    ...Object.fromEntries(Object.keys(samples[0]).map((key) => [key, median(samples.map((sample) => sample[key]))])),
    ratio: median(samples.map(({ cpuMs }, round) => cpuMs / first.samples[round].cpuMs)),
    heapKB: heapBytes / 1024,
  }));
  if (options.json) {
    console.log(JSON.stringify({ rounds, calls, concurrency, rows }));
    return;
  }
  console.log(
    `${rounds} rounds of ${calls} calls, ${concurrency} at once; medians, CPU in ms a call; ratio to the first`,
  );
  const columns = ['cpuMs', 'serverMs', 'childMs', 'ratio', 'firstFrameMs', 'heapKB'];
  console.log(`${''.padEnd(28)}${columns.map((column) => column.padStart(13)).join('')}`);
  for (const row of rows) {
    console.log(row.name.slice(-27).padEnd(28) + columns.map((column) => row[column].toFixed(3).padStart(13)).join(''));
  }
}
