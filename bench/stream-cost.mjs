// What a stream costs beside the wire and the engines: charts, actors, figures and recording, in one process, without a socket. Builds take turns
// in batches of some ms (BUILD... are paths of checkouts; default: this one), and what counts is the tenth percentile of a batch's
// processor time: whatever else the machine does only makes a batch dearer. `--expose-gc` adds the heap that a waiting stream holds.
import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { percentile, settled } from './measure.mjs';
import { scenario as longAnswer, sessionLimits } from './workload.mjs';

const { values: options, positionals } = parseArgs({
  options: { batches: { type: 'string', default: '150' }, waiting: { type: 'string', default: '1000' } },
  allowPositionals: true,
});
const batches = Number(options.batches);
const waiting = Number(options.waiting);
/** Between two looks whether the heap is at rest. */
const HEAP_LOOK_MS = 1_000;

const shortAnswer = {
  answers: [
    { when: '^wait$', steps: [{ hang: true }] },
    { when: '', steps: [{ say: 'The first sentence is short enough.' }, { say: ' The second one is as short.' }] },
  ],
  speech: { chunks_per_sentence: 3, chunk_bytes: 4096, ms_per_chunk: 0 },
};
/** Name, scenario, calls of a batch, whether turns are recorded. */
const workloads = [
  ['short', shortAnswer, 20, false],
  ['short recorded', shortAnswer, 20, true],
  ['long', longAnswer, 4, false],
  ['long recorded', longAnswer, 4, true],
];

/** The time of a process that never pauses. */
const ownTime = {
  now: () => performance.now(),
  setTimeout: (callback, ms) => ({ callback, dueAtMs: performance.now() + ms, handle: setTimeout(callback, ms) }),
  clearTimeout: (timer) => clearTimeout(timer?.handle),
};

const folder = mkdtempSync(join(tmpdir(), 'recital-stream-cost-'));
const roots = positionals.length === 0 ? ['.'] : positionals;
const builds = await Promise.all(roots.map(load));
try {
  for (const build of builds) for (const workload of build.workloads) await runBatch(workload, 10);
  for (let batch = 0; batch < batches; batch += 1) {
    for (const index of workloads.keys()) {
      for (const build of batch % 2 === 0 ? builds : builds.toReversed()) {
        const workload = build.workloads[index];
        workload.samples.push(await runBatch(workload, workload.calls));
      }
    }
  }
  for (const build of builds) {
    const cells = build.workloads.map(({ name, samples }) => {
      const sorted = samples.toSorted((a, b) => a - b);
      return `${name} ${percentile(sorted, 0.1).toFixed(1)} (median ${percentile(sorted, 0.5).toFixed(1)})`;
    });
    console.log(`${build.root}: µs a call: ${cells.join(', ')}`);
    if (globalThis.gc !== undefined && waiting > 0) {
      const kinds = [1, 0].map((index) => build.workloads[index]);
      // The first one pays for what comes once.
      for (const workload of kinds) await heapOf(workload);
      for (const workload of kinds) console.log(`  a waiting stream, ${workload.name}: ${await heapOf(workload)} KB`);
    }
  }
} finally {
  for (const build of builds) for (const { recording } of build.workloads) await recording?.close();
  rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
}

async function load(root) {
  const from = (path) => import(pathToFileURL(join(resolve(root), 'dist', path)).href);
  const [{ composeStreams }, { Recording }, scripted, { parseScenario }] = await Promise.all([
    from('server/composition.js'),
    from('server/persistence.js'),
    from('engines/scripted/scripted-engines.js'),
    from('engines/scripted/scenario.js'),
  ]);
  const log = { debug() {}, info() {}, warn() {}, error() {}, announce() {} };
  const faults = {
    bug: (_method, _id, error) => console.error(error),
    unexpected: (_method, _id, error) => console.error(error),
  };
  const asIs = { ofSupervisor: (m) => m, ofSessions: (m) => m, ofWelcomes: (m) => m };
  const made = workloads.map(([name, given, calls, isRecorded], index) => {
    const scenario = parseScenario(JSON.stringify(given), 'bench');
    const engines = {
      answer: scripted.createScriptedAnswerEngine(scenario),
      speech: scripted.createScriptedSpeechEngine(scenario),
    };
    const eventLog = {
      isOn: true,
      dir: join(folder, `${roots.indexOf(root)}-${index}`),
      redaction: 'shape',
      files: 'segment',
      maxAgeMs: 1e9,
      maxTotalBytes: 1e12,
    };
    const recording = isRecorded
      ? new Recording({
          config: { eventLog },
          log,
          build: 'bench',
          maxDescriptors: 256,
          onlooker: null,
          exportTap: null,
        })
      : null;
    const { supervisor } = composeStreams({
      settings: {
        admission: { maxStreams: 100_000, maxStreamsPerDevice: 0, oneStreamPerDevice: false, gracePeriodMs: 0 },
        limits: sessionLimits,
        collect: { ttlMs: 1e5, maxBuffers: 10, maxChars: 1e4, promptMaxChars: 1e4, screenshotMaxBytes: 1 },
      },
      engines: { inUse: () => engines, peek: () => engines },
      recording: recording ?? asIs,
      memory: null,
      history: null,
      quota: null,
      noteUsage: () => {},
      log,
      faults,
      now: () => performance.now(),
      ownTime,
    });
    supervisor.openAdmission();
    return { name, calls, supervisor, recording, samples: [] };
  });
  return { root, workloads: made };
}

/** Processor time of this process, in µs a call, until the last of these calls has ended. */
async function runBatch({ supervisor, calls }, count) {
  const before = process.cpuUsage();
  await Promise.all(Array.from({ length: count }, (_, index) => open(supervisor, 'hello', index).ended));
  // What is recorded of the last turns.
  await new Promise((wake) => setImmediate(wake));
  const { user, system } = process.cpuUsage(before);
  return (user + system) / (calls ?? count);
}

function open(supervisor, prompt, index) {
  let end;
  const ended = new Promise((wake) => {
    end = wake;
  });
  const sink = {
    connection: 'bench',
    attach() {},
    canWrite: () => true,
    write() {},
    finish: (how) => end(how),
  };
  const streamId = randomUUID();
  const hardwareId = `device-${index}`;
  const call = { method: 'StreamAudio', streamId, sessionId: streamId, hardwareId };
  const opened = supervisor.open({ call, prompt, screen: {} }, sink);
  return { ended, cancel: () => opened.cancel() };
}

async function heapOf({ supervisor }) {
  const before = await settled(heapUsed, HEAP_LOOK_MS);
  const streams = Array.from({ length: waiting }, (_, index) => open(supervisor, 'wait', index));
  const during = await settled(heapUsed, HEAP_LOOK_MS);
  for (const { cancel } of streams) cancel();
  await Promise.all(streams.map(({ ended }) => ended));
  return ((during - before) / waiting / 1024).toFixed(2);
}

/** After collections. */
async function heapUsed() {
  for (let round = 0; round < 3; round += 1) {
    globalThis.gc();
    await new Promise((wake) => setTimeout(wake, 20));
  }
  return process.memoryUsage().heapUsed;
}
