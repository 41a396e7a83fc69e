// npm run bench:inspector: what the inspector costs those who are inspected. One server, whose inspector is switched off and on between short
// rounds, so that all live in the same process; rounds without it come in pairs, and what the two of a pair differ by is the noise.
//
//   off          as INSPECTOR=off
//   unwatched    on, and nobody looks
//   watched      one tab: the list, and the lines of four sessions of the hundred
//   deaf         the same tab, and it never reads
//
// CPU is user + system time of the whole server, its writer thread included, a frame. RSS is told beside it; a deaf tab must not show in it.
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { cpuSeconds, median, runClient, startServer } from './measure.mjs';
import { wordByWord } from './workload.mjs';

const { values: options } = parseArgs({
  options: {
    rounds: { type: 'string', default: '12' },
    calls: { type: 'string', default: '100' },
    concurrency: { type: 'string', default: '100' },
    json: { type: 'boolean', default: false },
  },
});
const [rounds, calls, concurrency] = [options.rounds, options.calls, options.concurrency].map(Number);
const here = (file) => fileURLToPath(new URL(file, import.meta.url));
const kinds = ['off', 'unwatched', 'watched', 'off again', 'deaf'];

const dir = mkdtempSync(join(tmpdir(), 'recital-bench-'));
const scenarioFile = join(dir, 'scenario.json');
writeFileSync(scenarioFile, JSON.stringify(wordByWord));
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
    LOG_LEVEL: 'warn',
  },
  'ignore',
  ({ decision, ctx }) => {
    if (decision === 'ready') inspectorUrl = ctx.inspector_url;
  },
);
let isOn = true;

try {
  // Until V8 has compiled what there is to compile.
  for (const kind of [...kinds, ...kinds]) await measured(kind);
  const samples = new Map(kinds.map((kind) => [kind, []]));
  for (let round = 0; round < rounds; round += 1) {
    const turned = round % kinds.length;
    // Each goes first, second and last equally often.
    for (const kind of [...kinds.slice(turned), ...kinds.slice(0, turned)])
      samples.get(kind).push(await measured(kind));
  }
  report(samples);
} finally {
  target.child.kill('SIGTERM');
  await new Promise((resolve) => target.child.once('exit', resolve));
  rmSync(dir, { recursive: true, force: true });
}

async function measured(kind) {
  await switchTo(!kind.startsWith('off'));
  const viewer = kind === 'watched' || kind === 'deaf' ? await openViewer(kind === 'deaf' ? 'deaf' : 'reads') : null;
  const before = cpuSeconds(target.child.pid);
  const { frames } = await runClient(target, { calls, concurrency });
  const cpuMicrosPerFrame = ((cpuSeconds(target.child.pid) - before) * 1e6) / frames;
  const rssMiB = rssOf(target.child.pid);
  return { cpuMicrosPerFrame, rssMiB, viewer: (await viewer?.close()) ?? null };
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

async function switchTo(wanted) {
  if (isOn !== wanted) target.child.kill('SIGUSR2');
  isOn = wanted;
  // The signal has arrived, and the last lines of the round before are written.
  await new Promise((resolve) => setTimeout(resolve, 100));
}

function rssOf(pid) {
  return Number(/VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) / 1024;
}

function report(samples) {
  const figure = (kind, name) => samples.get(kind).map((sample) => sample[name]);
  const [off, again] = [figure('off', 'cpuMicrosPerFrame'), figure('off again', 'cpuMicrosPerFrame')];
  const rows = kinds.map((name) => {
    const values = figure(name, 'cpuMicrosPerFrame');
    // Against the mean of the two without it in the same round: the machine's mood is the same within a round.
    const ratio = median(values.map((value, round) => value / ((off[round] + again[round]) / 2)));
    const lines = median(samples.get(name).map(({ viewer }) => viewer?.lines ?? 0));
    return { name, cpuMicrosPerFrame: median(values), ratio, rssMiB: median(figure(name, 'rssMiB')), lines };
  });
  if (options.json) {
    console.log(JSON.stringify({ rounds, calls, concurrency, rows, samples: Object.fromEntries(samples) }));
    return;
  }
  console.log(`${rounds} rounds of ${calls} calls word by word, ${concurrency} at a time`);
  console.log(`${cpus()[0]?.model ?? 'unknown CPU'}, ${cpus().length} cores, Node ${process.version}`);
  console.log('CPU in microseconds a frame; ratio: median of the rounds; lines: that the tab got, a round\n');
  const titles = ['median', 'ratio', 'RSS MiB', 'lines'].map((title) => title.padStart(10));
  console.log(`${'inspector'.padEnd(12)}${titles.join('')}`);
  for (const { name, cpuMicrosPerFrame, ratio, rssMiB, lines } of rows) {
    const cells = [cpuMicrosPerFrame.toFixed(2), ratio.toFixed(3), rssMiB.toFixed(0), String(lines)];
    console.log(`${name.padEnd(12)}${cells.map((cell) => cell.padStart(10)).join('')}`);
  }
}
