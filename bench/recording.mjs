// npm run bench:recording: what event logs cost. The same server with EVENT_LOG on and off, and a second time off: what the two without logs
// differ by is the noise of the machine. Short rounds in turn; CPU is user + system time of the whole process, its writer thread included.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { cpuSeconds, median, runClient, startServer } from './measure.mjs';
import { FRAMES_PER_CALL, scenario } from './workload.mjs';

const { values: options } = parseArgs({
  options: {
    rounds: { type: 'string', default: '30' },
    calls: { type: 'string', default: '200' },
    concurrency: { type: 'string', default: '8' },
    redaction: { type: 'string', default: 'shape' },
    json: { type: 'boolean', default: false },
  },
});
const rounds = Number(options.rounds);
const calls = Number(options.calls);
const concurrency = Number(options.concurrency);

const dir = mkdtempSync(join(tmpdir(), 'recital-bench-'));
const scenarioFile = join(dir, 'scenario.json');
writeFileSync(scenarioFile, JSON.stringify(scenario));

const targets = [];
for (const name of ['off', 'on', 'off again']) targets.push(await start(name));

try {
  for (const target of targets) await runClient(target, { calls: concurrency * 40, concurrency });
  const samples = new Map(targets.map(({ name }) => [name, []]));
  for (let round = 0; round < rounds; round += 1) {
    const turned = round % targets.length;
    // Each goes first, second and last equally often.
    for (const target of [...targets.slice(turned), ...targets.slice(0, turned)]) {
      samples.get(target.name).push(await cpuMicrosPerFrame(target));
    }
  }
  report(samples);
} finally {
  for (const { child } of targets) child.kill('SIGTERM');
  await Promise.all(targets.map(({ child }) => new Promise((resolve) => child.once('exit', resolve))));
  rmSync(dir, { recursive: true, force: true });
}

function start(name) {
  const cli = fileURLToPath(new URL('../dist/cli.js', import.meta.url));
  return startServer(name, [cli, 'serve'], {
    GRPC_PORT: '0',
    HTTP_PORT: '0',
    ANSWER_ENGINE: 'scripted',
    SPEECH_ENGINE: 'scripted',
    SCENARIO_FILE: scenarioFile,
    DATA_DIR: join(dir, name.replace(' ', '-')),
    EVENT_LOG: name === 'on' ? 'on' : 'off',
    EVENT_LOG_REDACTION: options.redaction,
    LOG_LEVEL: 'warn',
  });
}

async function cpuMicrosPerFrame(target) {
  const before = cpuSeconds(target.child.pid);
  await runClient(target, { calls, concurrency });
  return ((cpuSeconds(target.child.pid) - before) * 1e6) / (calls * FRAMES_PER_CALL);
}

function report(samples) {
  const off = samples.get('off');
  const again = samples.get('off again');
  // Against the mean of the two without logs in the same round: the machine's mood is the same within a round.
  const ratiosOf = (values) => values.map((value, round) => value / ((off[round] + again[round]) / 2));
  const rows = [...samples].map(([name, values]) => ({
    name,
    cpuMicrosPerFrame: median(values),
    least: Math.min(...values),
    total: values.reduce((sum, value) => sum + value, 0) / values.length,
    ratio: median(ratiosOf(values)),
  }));
  if (options.json) {
    console.log(JSON.stringify({ rounds, calls, concurrency, rows, samples: Object.fromEntries(samples) }));
    return;
  }
  console.log(`${rounds} rounds of ${calls} calls, ${concurrency} at a time, ${FRAMES_PER_CALL} frames a call`);
  console.log(`${cpus()[0]?.model ?? 'unknown CPU'}, ${cpus().length} cores, Node ${process.version}`);
  console.log('CPU in microseconds a frame; ratio: median of the rounds\n');
  console.log(
    `${'EVENT_LOG'.padEnd(12)}${'median'.padStart(10)}${'mean'.padStart(10)}${'least'.padStart(10)}${'ratio'.padStart(8)}`,
  );
  for (const { name, cpuMicrosPerFrame: middle, total, least, ratio } of rows) {
    const cells = [middle.toFixed(2).padStart(10), total.toFixed(2).padStart(10), least.toFixed(2).padStart(10)];
    console.log(`${name.padEnd(12)}${cells.join('')}${ratio.toFixed(3).padStart(8)}`);
  }
}
