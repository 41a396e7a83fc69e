// npm run bench: this server and a bare grpc-js handler send the same frames to a client in another process, taking turns in one run.
// What counts is the ratio; absolute figures depend on the machine. CPU is user + system time of the server process.
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { percentile, startServer } from './server.mjs';
import { FRAMES_PER_CALL, scenario } from './workload.mjs';

const { values: options } = parseArgs({
  options: {
    rounds: { type: 'string', default: '7' },
    calls: { type: 'string', default: '400' },
    concurrency: { type: 'string', default: '8' },
    json: { type: 'boolean', default: false },
  },
});
const rounds = Number(options.rounds);
const calls = Number(options.calls);
const concurrency = Number(options.concurrency);
/** Clock ticks per second of /proc/<pid>/stat; 100 on every Linux that Node runs on. */
const TICKS_PER_SECOND = 100;

const here = (file) => fileURLToPath(new URL(file, import.meta.url));
const dir = mkdtempSync(join(tmpdir(), 'recital-bench-'));
const scenarioFile = join(dir, 'scenario.json');
writeFileSync(scenarioFile, JSON.stringify(scenario));

const targets = [
  await startServer('recital', [here('../dist/cli.js'), 'serve'], {
    GRPC_PORT: '0',
    HTTP_PORT: '0',
    ANSWER_ENGINE: 'scripted',
    SPEECH_ENGINE: 'scripted',
    SCENARIO_FILE: scenarioFile,
    DATA_DIR: join(dir, 'data'),
    // Logging to a pipe that a benchmark reads would measure the pipe.
    LOG_LEVEL: 'warn',
  }),
  await startServer('bare grpc-js', [here('./bare-server.mjs')], {}),
];

try {
  for (const target of targets) await runClient(target, concurrency * 20);
  const samples = new Map(targets.map((target) => [target.name, []]));
  for (let round = 0; round < rounds; round += 1) {
    // The order alternates, so that neither always runs on a warmer machine.
    for (const target of round % 2 === 0 ? targets : targets.toReversed()) {
      samples.get(target.name).push(await measure(target));
    }
  }
  report(samples);
} finally {
  for (const target of targets) target.child.kill('SIGTERM');
  rmSync(dir, { recursive: true, force: true });
}

async function runClient({ port }, callCount) {
  const child = spawn(process.execPath, [here('./client.mjs'), String(port), String(callCount), String(concurrency)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let output = '';
  for await (const chunk of child.stdout) output += chunk;
  return JSON.parse(output);
}

async function measure(target) {
  const before = cpuSeconds(target.child.pid);
  const { seconds, firstFrameMs } = await runClient(target, calls);
  const cpu = cpuSeconds(target.child.pid) - before;
  const sorted = firstFrameMs.toSorted((a, b) => a - b);
  return {
    callsPerSecond: calls / seconds,
    framesPerSecond: (calls * FRAMES_PER_CALL) / seconds,
    cpuMicrosPerFrame: (cpu * 1e6) / (calls * FRAMES_PER_CALL),
    firstFrameP50Ms: percentile(sorted, 0.5),
    firstFrameP99Ms: percentile(sorted, 0.99),
  };
}

function cpuSeconds(pid) {
  // The name in parentheses may hold spaces; the fields after it do not. utime and stime are the 12th and 13th of them.
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1].split(' ');
  return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND;
}

function median(values) {
  return percentile(
    values.toSorted((a, b) => a - b),
    0.5,
  );
}

function report(samples) {
  const metrics = Object.keys(samples.values().next().value[0]);
  const [ours, bare] = [...samples.values()];
  const rows = metrics.map((metric) => ({
    metric,
    recital: median(ours.map((sample) => sample[metric])),
    bare: median(bare.map((sample) => sample[metric])),
    // The median of the rounds' ratios, not the ratio of the medians: the machine's mood is the same within a round.
    ratio: median(ours.map((sample, round) => sample[metric] / bare[round][metric])),
  }));
  if (options.json) {
    console.log(JSON.stringify({ rounds, calls, concurrency, rows, samples: Object.fromEntries(samples) }));
    return;
  }
  console.log(`${rounds} rounds of ${calls} calls, ${concurrency} at a time, ${FRAMES_PER_CALL} frames a call`);
  console.log(`${cpus()[0]?.model ?? 'unknown CPU'}, ${cpus().length} cores, Node ${process.version}; medians\n`);
  console.log(`${'metric'.padEnd(20)}${'recital'.padStart(12)}${'bare'.padStart(12)}${'ratio'.padStart(8)}`);
  for (const { metric, recital, bare, ratio } of rows) {
    const cells = [recital.toFixed(2).padStart(12), bare.toFixed(2).padStart(12), ratio.toFixed(2).padStart(8)];
    console.log(metric.padEnd(20) + cells.join(''));
  }
}
