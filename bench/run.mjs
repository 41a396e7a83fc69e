// npm run bench: this server, a naive grpc-js handler and a tuned one send the same frames to a client in another process, taking turns in one
// run. What counts is the ratio; absolute figures depend on the machine. CPU is user + system time of all processes of a server.
import { mkdtempSync, rmSync } from 'node:fs';
import { cpus, loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { cpuSecondsOfTree, median, percentile, runClient } from './measure.mjs';
import { startNaive, startRecital, startTuned } from './servers.mjs';
import { FRAMES_PER_CALL } from './workload.mjs';

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

const dir = mkdtempSync(join(tmpdir(), 'recital-bench-'));
const targets = [await startRecital(dir), await startNaive(), await startTuned()];

try {
  for (const target of targets) await runClient(target, { calls: concurrency * 20, concurrency });
  const samples = new Map(targets.map((target) => [target.name, []]));
  for (let round = 0; round < rounds; round += 1) {
    // Each goes first, second and last equally often.
    const turned = round % targets.length;
    for (const target of [...targets.slice(turned), ...targets.slice(0, turned)]) {
      samples.get(target.name).push(await measure(target));
    }
  }
  report(samples);
} finally {
  for (const target of targets) target.child.kill('SIGTERM');
  rmSync(dir, { recursive: true, force: true });
}

async function measure(target) {
  const before = cpuSecondsOfTree(target.child.pid);
  const { seconds, firstFrameMs } = await runClient(target, { calls, concurrency });
  const cpu = cpuSecondsOfTree(target.child.pid) - before;
  const sorted = firstFrameMs.toSorted((a, b) => a - b);
  return {
    callsPerSecond: calls / seconds,
    framesPerSecond: (calls * FRAMES_PER_CALL) / seconds,
    cpuMicrosPerFrame: (cpu * 1e6) / (calls * FRAMES_PER_CALL),
    firstFrameP50Ms: percentile(sorted, 0.5),
    firstFrameP99Ms: percentile(sorted, 0.99),
  };
}

function report(samples) {
  const metrics = Object.keys(samples.values().next().value[0]);
  const [ours, naive, tuned] = [...samples.values()];
  // The median of the rounds' ratios, not the ratio of the medians: the machine's mood is the same within a round.
  const ratioTo = (others, metric) => median(ours.map((sample, round) => sample[metric] / others[round][metric]));
  const rows = metrics.map((metric) => ({
    metric,
    ...Object.fromEntries([...samples].map(([name, values]) => [name, median(values.map((sample) => sample[metric]))])),
    toNaive: ratioTo(naive, metric),
    toTuned: ratioTo(tuned, metric),
  }));
  if (options.json) {
    console.log(JSON.stringify({ rounds, calls, concurrency, rows, samples: Object.fromEntries(samples) }));
    return;
  }
  console.log(`${rounds} rounds of ${calls} calls, ${concurrency} at a time, ${FRAMES_PER_CALL} frames a call`);
  console.log(`${cpus()[0]?.model ?? 'unknown CPU'}, ${cpus().length} cores, Node ${process.version}; medians`);
  console.log(`load of the machine ${loadavg()[0].toFixed(1)}\n`);
  const names = ['recital', 'naive', 'tuned', 'toNaive', 'toTuned'];
  console.log('metric'.padEnd(20) + names.map((name) => name.padStart(12)).join(''));
  for (const row of rows) {
    console.log(row.metric.padEnd(20) + names.map((name) => row[name].toFixed(2).padStart(12)).join(''));
  }
}
