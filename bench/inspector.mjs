// npm run bench:inspector: what the inspector costs those who are inspected. One server, whose inspector is switched off and on between rounds
// of some hundred milliseconds, so that all live in the same process and in the same mood of the machine: a round with it is compared with
// the mean of the rounds without it before and behind it, and told is the median of those ratios.
//
//   off          as INSPECTOR=off; a round of it between two others of it: what it differs from them by is the noise
//   unwatched    on, and nobody looks
//   watched      one tab: the list of all streams, and the lines of four of them
//   deaf         the same tab, and it never reads
//
// CPU is user + system time of the whole server, its writer thread included, a frame. RSS is told as it grew against the rounds around it.
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { cpus, loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { openCalls } from './calls.mjs';
import { median, percentile, startServer } from './measure.mjs';
import { CHUNKS_PER_SENTENCE, wordByWord } from './workload.mjs';

const { values: options } = parseArgs({
  options: {
    pairs: { type: 'string', default: '40' },
    streams: { type: 'string', default: '100' },
    sentences: { type: 'string', default: '8' },
    json: { type: 'boolean', default: false },
  },
});
const [pairs, streams, sentences] = [options.pairs, options.streams, options.sentences].map(Number);
const framesPerCall = sentences * (1 + CHUNKS_PER_SENTENCE) + 1;
const here = (file) => fileURLToPath(new URL(file, import.meta.url));
const kinds = ['off', 'unwatched', 'watched', 'deaf'];
/** The last lines of a round are written by then. */
const SETTLE_MS = 80;

const dir = mkdtempSync(join(tmpdir(), 'recital-bench-'));
const scenarioFile = join(dir, 'scenario.json');
writeFileSync(scenarioFile, JSON.stringify(shortened(wordByWord)));
let inspectorUrl = '';
const target = await startServer(
  'server',
  [here('./inspector-server.mjs')],
  {
    GRPC_PORT: '0',
    HTTP_PORT: '0',
    INSPECTOR: 'on',
    ANSWER_ENGINE: 'scripted',
    SPEECH_ENGINE: 'scripted',
    SCENARIO_FILE: scenarioFile,
    DATA_DIR: join(dir, 'data'),
    BACKPRESSURE_MAX_STREAMS: '1000',
    MAX_STREAMS_PER_CONNECTION: '10000',
    BACKPRESSURE_MAX_STREAMS_PER_DEVICE: '0',
    OVERLOAD: 'off',
    LOG_LEVEL: 'warn',
  },
  'ignore',
  ({ decision, ctx }) => {
    if (decision === 'ready') inspectorUrl = ctx.inspector_url;
  },
  true,
);
const { call, close } = openCalls(target.port);

try {
  // Until V8 has compiled what there is to compile, and the heap has its size.
  for (const kind of [...kinds, ...kinds, ...kinds]) await measured(kind);
  const samples = new Map(kinds.map((kind) => [kind, []]));
  let before = await measured('off');
  for (let pair = 0; pair < pairs; pair += 1) {
    for (const kind of kinds) {
      const round = await measured(kind);
      const after = await measured('off');
      samples.get(kind).push(comparedWith(round, before, after));
      before = after;
    }
  }
  report(samples, await turnCosts());
} finally {
  close();
  target.child.kill('SIGTERM');
  await new Promise((resolve) => target.child.once('exit', resolve));
  rmSync(dir, { recursive: true, force: true });
}

/** The first sentences of a scenario's one answer, a word a step. */
function shortened(scenario) {
  const steps = [];
  let said = 0;
  for (const step of scenario.answers[0].steps) {
    if (said === sentences) break;
    steps.push(step);
    if (step.say?.endsWith('.') === true) said += 1;
  }
  return { ...scenario, answers: [{ when: '', steps }] };
}

async function measured(kind) {
  await usage(kind !== 'off');
  const viewer = kind === 'watched' || kind === 'deaf' ? await openViewer(kind === 'deaf' ? 'deaf' : 'reads') : null;
  const before = await usage(kind !== 'off');
  const ended = await Promise.all(Array.from({ length: streams }, () => call('benchmark')));
  await wait(SETTLE_MS);
  const after = await usage(kind !== 'off');
  const wrong = ended.find(({ frames }) => frames !== framesPerCall);
  if (wrong !== undefined) throw new Error(`${wrong.frames} frames instead of ${framesPerCall}`);
  const lines = (await viewer?.close())?.lines ?? 0;
  return {
    cpuMicrosPerFrame: (after.cpuMicros - before.cpuMicros) / (streams * framesPerCall),
    rssMiB: after.rssMiB,
    lines,
  };
}

function comparedWith(round, before, after) {
  const mean = (name) => (before[name] + after[name]) / 2;
  return {
    ...round,
    ratio: round.cpuMicrosPerFrame / mean('cpuMicrosPerFrame'),
    grownMiB: round.rssMiB - mean('rssMiB'),
  };
}

/** Switches the inspector, and resolves with what the server has used so far. */
function usage(isOn) {
  return new Promise((resolve) => {
    target.child.once('message', resolve);
    target.child.send({ isOn });
  });
}

async function openViewer(manner) {
  const child = spawn(process.execPath, [here('./inspector-viewer.mjs'), inspectorUrl, manner], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  child.stdout.on('data', (text) => {
    output += text;
  });
  await new Promise((resolve) => child.stderr.once('data', resolve));
  return {
    close: async () => {
      child.kill('SIGTERM');
      await new Promise((resolve) => child.once('close', resolve));
      return JSON.parse(output);
    },
  };
}

/** What the list costs a turn by itself, in ns of CPU: as XState makes it, with a value of its own, in the same state and in another one. */
async function turnCosts() {
  const { SessionList } = await import('../dist/inspector/server/session-list.js');
  const list = new SessionList({ now: () => performance.now(), date: () => new Date() });
  const { record } = list.recorderFor('bench', { machine: { id: 'session' }, reasonOf: () => '' }, () => null);
  const turnIn = (voice) => {
    const streaming = { answer: { running: 'receiving' }, voice: { speaking: voice }, reader: 'attentive' };
    return { event: { type: 'answer.textReceived' }, after: { value: { streaming }, status: 'active' }, actions: [] };
  };
  const REPEATS = 9;
  const TURNS = 500_000;
  const POOL = 2_048;
  const costOf = (voiceOf) => {
    const turns = Array.from({ length: POOL }, (_, index) => turnIn(voiceOf(index)));
    const costs = Array.from({ length: REPEATS }, () => {
      const before = process.cpuUsage();
      for (let index = 0; index < TURNS; index += 1) record(turns[index % POOL]);
      const { user, system } = process.cpuUsage(before);
      return ((user + system) * 1_000) / TURNS;
    });
    return median(costs);
  };
  return {
    sameNs: costOf(() => 'listening'),
    otherNs: costOf((index) => (index % 2 === 0 ? 'listening' : 'questioned')),
  };
}

function report(samples, { sameNs, otherNs }) {
  const rows = kinds.map((name) => {
    const figures = (of) => samples.get(name).map((sample) => sample[of]);
    const ratios = figures('ratio').toSorted((a, b) => a - b);
    return {
      name,
      cpuMicrosPerFrame: median(figures('cpuMicrosPerFrame')),
      ratio: median(ratios),
      low: percentile(ratios, 0.25),
      high: percentile(ratios, 0.75),
      grownMiB: median(figures('grownMiB')),
      lines: median(figures('lines')),
    };
  });
  if (options.json) {
    console.log(
      JSON.stringify({ pairs, streams, sentences, sameNs, otherNs, rows, samples: Object.fromEntries(samples) }),
    );
    return;
  }
  console.log(`${pairs} pairs of rounds of ${streams} streams at once, word by word, ${framesPerCall} frames each`);
  console.log(`${cpus()[0]?.model ?? 'unknown CPU'}, ${cpus().length} cores, Node ${process.version}`);
  console.log(
    `load ${loadavg()[0].toFixed(1)}; CPU in microseconds a frame; ratio: median of the pairs, and its quartiles`,
  );
  console.log(`a turn by itself: ${sameNs.toFixed(0)} ns in the same state, ${otherNs.toFixed(0)} ns into another one`);
  console.log('lines: that the tab got, a round\n');
  const titles = ['median', 'ratio', 'from', 'to', 'RSS +MiB', 'lines'].map((title) => title.padStart(10));
  console.log(`${'inspector'.padEnd(12)}${titles.join('')}`);
  for (const { name, cpuMicrosPerFrame, ratio, low, high, grownMiB, lines } of rows) {
    const cells = [
      cpuMicrosPerFrame.toFixed(2),
      ...[ratio, low, high].map((value) => value.toFixed(3)),
      grownMiB.toFixed(1),
      String(lines),
    ];
    console.log(`${name.padEnd(12)}${cells.map((cell) => cell.padStart(10)).join('')}`);
  }
}
