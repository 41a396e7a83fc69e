// npm run bench:recording: what event logs cost, in segments and in a file for each session. One server, whose recording is changed between
// short rounds, so that all live in the same process; rounds without it come in pairs, and what the two of a pair differ by is the noise.
// CPU is user + system time of the whole process, its writer thread included; the system's share of it comes in ticks, and is given a call.
// --workload short: two sentences a call, 40 at a time, where what a log costs by itself counts most; burst: engines that cost nothing and give all at once, so that recording is the largest share it can be; words: the same, a delta
// a word; embedded: the server as it comes, with embedded rules and voices.
import { mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { cpuSeconds, cpuSecondsOfAllThreads, median, runClient, startServer, systemSeconds } from './measure.mjs';
import { scenario, wordByWord } from './workload.mjs';

const { values: options } = parseArgs({
  options: {
    workload: { type: 'string', default: 'burst' },
    rounds: { type: 'string', default: '30' },
    calls: { type: 'string' },
    concurrency: { type: 'string' },
    redaction: { type: 'string', default: 'shape' },
    json: { type: 'boolean', default: false },
  },
});
const scripted = { ANSWER_ENGINE: 'scripted', SPEECH_ENGINE: 'scripted' };
const short = { ...scenario, answers: [{ when: '', steps: scenario.answers[0].steps.slice(0, 2) }] };
const workloads = {
  short: { calls: 400, concurrency: 40, scenario: short, engines: scripted, prompt: 'What can you do?' },
  burst: { calls: 200, scenario, engines: scripted },
  words: { calls: 80, scenario: wordByWord, engines: scripted },
  embedded: { calls: 8, scenario, engines: {}, prompt: 'What can you do?', cpu: cpuSecondsOfAllThreads },
};
const workload = workloads[options.workload];
if (workload === undefined) throw new Error(`--workload ${options.workload} must be one of ${Object.keys(workloads)}`);
const rounds = Number(options.rounds);
const calls = Number(options.calls ?? workload.calls);
const concurrency = Number(options.concurrency ?? workload.concurrency ?? 8);

const dir = mkdtempSync(join(tmpdir(), 'recital-bench-'));
const scenarioFile = join(dir, 'scenario.json');
writeFileSync(scenarioFile, JSON.stringify(workload.scenario));

const kinds = ['off', 'segment', 'session', 'off again'];
/** In the order in which the server turns to them. */
const ways = ['segment', 'session', 'off'];
const dataDir = join(dir, 'data');
const target = await startServer('server', [fileURLToPath(new URL('./recording-server.mjs', import.meta.url))], {
  GRPC_PORT: '0',
  HTTP_PORT: '0',
  // What is measured is what streams cost, not who is refused.
  OVERLOAD: 'off',
  BACKPRESSURE_MAX_STREAMS_PER_DEVICE: '0',
  ...workload.engines,
  SCENARIO_FILE: scenarioFile,
  DATA_DIR: dataDir,
  EVENT_LOG_REDACTION: options.redaction,
  LOG_LEVEL: 'warn',
});
let way = ways[0];
/** Of all rounds of one kind. */
const written = new Map(kinds.map((kind) => [kind, { calls: 0, files: 0, bytes: 0, systemSeconds: 0 }]));

try {
  // Until V8 has compiled what there is to compile.
  for (const kind of ['segment', 'session', 'off', 'segment', 'session', 'off']) await cpuMicrosPerFrame(kind);
  for (const sums of written.values()) Object.assign(sums, { calls: 0, files: 0, bytes: 0, systemSeconds: 0 });
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
  await switchTo(kind.startsWith('off') ? 'off' : kind);
  // Threads of the embedded voice come and go.
  const { cpu = cpuSeconds } = workload;
  const { pid } = target.child;
  const stored = storedLogs();
  const before = { cpu: cpu(pid), system: systemSeconds(pid) };
  const { frames } = await runClient(target, { calls, concurrency, prompt: workload.prompt });
  await lastLines();
  const after = { cpu: cpu(pid), system: systemSeconds(pid) };
  const now = storedLogs();
  const sums = written.get(kind);
  sums.calls += calls;
  sums.files += now.files - stored.files;
  sums.bytes += now.bytes - stored.bytes;
  sums.systemSeconds += after.system - before.system;
  return ((after.cpu - before.cpu) * 1e6) / frames;
}

async function switchTo(wanted) {
  while (way !== wanted) {
    way = ways[(ways.indexOf(way) + 1) % ways.length];
    target.child.kill('SIGUSR2');
    // The signal has arrived.
    await lastLines();
  }
}

/** A flush and the writer's next look. */
function lastLines() {
  return new Promise((resolve) => setTimeout(resolve, 100));
}

function storedLogs() {
  const entries = readdirSync(join(dataDir, 'event-logs'), { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile());
  const bytes = files.map(({ parentPath, name }) => statSync(join(parentPath, name)).size);
  return { files: files.length, bytes: bytes.reduce((sum, size) => sum + size, 0) };
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
    systemMicrosPerCall: (written.get(name).systemSeconds * 1e6) / written.get(name).calls,
    files: written.get(name).files,
    bytesPerCall: written.get(name).bytes / written.get(name).calls,
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
  console.log('CPU in microseconds a frame; ratio: median of the rounds; system: microseconds of system time a call\n');
  const titles = ['median', 'mean', 'least', 'ratio', 'system', 'files', 'bytes/call'];
  console.log(`${'EVENT_LOG'.padEnd(12)}${titles.map((title) => title.padStart(11)).join('')}`);
  for (const row of rows) {
    const { name, cpuMicrosPerFrame: middle, total, least, ratio, systemMicrosPerCall, files, bytesPerCall } = row;
    const cells = [middle, total, least].map((value) => value.toFixed(2));
    const logged = [systemMicrosPerCall.toFixed(0), files, bytesPerCall.toFixed(0)];
    console.log(
      `${name.padEnd(12)}${[...cells, ratio.toFixed(3), ...logged].map((cell) => `${cell}`.padStart(11)).join('')}`,
    );
  }
  const [without, segment, session] = rows.map(({ systemMicrosPerCall }) => systemMicrosPerCall);
  const saved = 1 - (segment - without) / (session - without);
  console.log(
    `\na log in a segment takes ${(saved * 100).toFixed(0)} % less system time than one in a file of its own`,
  );
}
