// npm run bench:recording: what event logs cost. One server, whose recording is switched on and off between short rounds, so that both live in
// the same process; rounds without it come in pairs, and what the two of a pair differ by is the noise. CPU is user + system time of the
// whole process, its writer thread included.
// --workload burst: engines that cost nothing and give all at once, so that recording is the largest share it can be; words: the same, a delta
// a word; embedded: the server as it comes, with embedded rules and voices.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { cpuSeconds, cpuSecondsOfAllThreads, median, runClient, startServer } from './measure.mjs';
import { scenario, wordByWord } from './workload.mjs';

const { values: options } = parseArgs({
  options: {
    workload: { type: 'string', default: 'burst' },
    rounds: { type: 'string', default: '30' },
    calls: { type: 'string' },
    concurrency: { type: 'string', default: '8' },
    redaction: { type: 'string', default: 'shape' },
    json: { type: 'boolean', default: false },
  },
});
const scripted = { ANSWER_ENGINE: 'scripted', SPEECH_ENGINE: 'scripted' };
const workloads = {
  burst: { calls: 200, scenario, engines: scripted },
  words: { calls: 80, scenario: wordByWord, engines: scripted },
  embedded: { calls: 8, scenario, engines: {}, prompt: 'What can you do?', cpu: cpuSecondsOfAllThreads },
};
const workload = workloads[options.workload];
if (workload === undefined) throw new Error(`--workload ${options.workload} must be one of ${Object.keys(workloads)}`);
const rounds = Number(options.rounds);
const calls = Number(options.calls ?? workload.calls);
const concurrency = Number(options.concurrency);

const dir = mkdtempSync(join(tmpdir(), 'recital-bench-'));
const scenarioFile = join(dir, 'scenario.json');
writeFileSync(scenarioFile, JSON.stringify(workload.scenario));

const kinds = ['off', 'on', 'off again'];
const target = await startServer('server', [fileURLToPath(new URL('./recording-server.mjs', import.meta.url))], {
  GRPC_PORT: '0',
  HTTP_PORT: '0',
  ...workload.engines,
  SCENARIO_FILE: scenarioFile,
  DATA_DIR: join(dir, 'data'),
  EVENT_LOG_REDACTION: options.redaction,
  LOG_LEVEL: 'warn',
});
let isRecording = true;

try {
  // Until V8 has compiled what there is to compile.
  for (const kind of ['on', 'off', 'on', 'off']) await cpuMicrosPerFrame(kind);
  const samples = new Map(kinds.map((kind) => [kind, []]));
  for (let round = 0; round < rounds; round += 1) {
    const turned = round % kinds.length;
    // Each goes first, second and last equally often.
    for (const kind of [...kinds.slice(turned), ...kinds.slice(0, turned)]) {
      samples.get(kind).push(await cpuMicrosPerFrame(kind));
    }
  }
  report(samples);
} finally {
  target.child.kill('SIGTERM');
  await new Promise((resolve) => target.child.once('exit', resolve));
  rmSync(dir, { recursive: true, force: true });
}

async function cpuMicrosPerFrame(kind) {
  await switchTo(kind === 'on');
  // Threads of the embedded voice come and go.
  const { cpu = cpuSeconds } = workload;
  const before = cpu(target.child.pid);
  const { frames } = await runClient(target, { calls, concurrency, prompt: workload.prompt });
  return ((cpu(target.child.pid) - before) * 1e6) / frames;
}

async function switchTo(wanted) {
  if (isRecording === wanted) return;
  isRecording = wanted;
  target.child.kill('SIGUSR2');
  // The signal has arrived, and the last lines of the round before are written.
  await new Promise((resolve) => setTimeout(resolve, 100));
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
    console.log(
      JSON.stringify({
        workload: options.workload,
        rounds,
        calls,
        concurrency,
        rows,
        samples: Object.fromEntries(samples),
      }),
    );
    return;
  }
  console.log(`${options.workload}: ${rounds} rounds of ${calls} calls, ${concurrency} at a time`);
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
