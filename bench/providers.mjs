// npm run bench:providers: what a second of speech costs the server when its model and its voice are outside, as people run it: processor time of
// the server's process and its children. Stand-ins in another process play the model (a word an event) and the voice (raw PCM of 24 and 48
// kHz); the readers, in a third one, take all they can get. A profile of one more run tells the share of each part of the main thread.
import { spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { cpus, loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { cpuSeconds, median, runClient, startServer } from './measure.mjs';

const { values: options } = parseArgs({
  options: {
    rounds: { type: 'string', default: '3' },
    rates: { type: 'string', default: '24000,48000' },
    streams: { type: 'string', default: '6,100' },
    json: { type: 'boolean', default: false },
    'no-profile': { type: 'boolean', default: false },
    // The folder of another build to compare with; both take turns.
    against: { type: 'string' },
  },
});
const rounds = Number(options.rounds);
const rates = options.rates.split(',').map(Number);
const streamCounts = options.streams.split(',').map(Number);

const SENTENCES = 12;
const SECONDS_PER_SENTENCE = 4;
const SPEECH_SECONDS_PER_CALL = SENTENCES * SECONDS_PER_SENTENCE;
/** So that a round has a second of processor time or more at either count. */
const CALLS_PER_ROUND = 24;

/** Of a frame's address in the code: the first that fits. */
const parts = [
  [/^wasm:/, 'resampler'],
  [/node_modules\/@echogarden/, 'resampler'],
  [/node_modules\/xstate/, 'xstate'],
  [/node_modules\/(@grpc|@protobufjs|protobufjs|long)/, 'grpc-js and protobuf'],
  [/node_modules\/openai/, 'openai client'],
  [/node:internal\/http2|node:http2/, 'http2'],
  [/deps\/undici|webstreams/, 'undici and web streams'],
  [/node:_http|node:internal\/http|node:http/, 'http'],
  [/dist\/(record|log)\//, 'recording'],
  [/dist\/engines\/(openai-answer|provider)\//, 'ours: model'],
  [/dist\/engines\//, 'ours: voice'],
  [/dist\/actors\/outbox|dist\/rpc/, 'ours: outbox and rpc'],
  [/dist\/(actors)\//, 'ours: actors'],
  [/dist\/(machines|text)\//, 'ours: charts and text'],
  [/dist\//, 'ours: the rest'],
  [/node:internal\/(timers|process)/, 'timers and promises'],
  [/node:/, 'node: streams, net, events'],
];

const here = (file) => fileURLToPath(new URL(file, import.meta.url));
const dir = mkdtempSync(join(tmpdir(), 'recital-bench-'));
const standins = spawn(
  process.execPath,
  [here('./provider-standins.mjs'), SENTENCES, SECONDS_PER_SENTENCE].map(String),
  {
    stdio: ['ignore', 'pipe', 'inherit'],
  },
);
const [port] = await new Promise((resolve) => createInterface(standins.stdout).once('line', (line) => resolve([line])));

try {
  const builds = {
    ours: here('../dist/cli.js'),
    ...(options.against && { against: join(options.against, 'dist/cli.js') }),
  };
  const rows = [];
  for (const rateHz of rates) {
    for (const streams of streamCounts) rows.push(await measureCase({ rateHz, streams, builds }));
  }
  const shares = options['no-profile'] ? [] : [];
  if (!options['no-profile']) {
    for (const rateHz of rates) shares.push({ rateHz, ...(await profile(rateHz, Math.max(...streamCounts))) });
  }
  report(rows, shares);
} finally {
  standins.kill('SIGTERM');
  rmSync(dir, { recursive: true, force: true });
}

async function measureCase({ rateHz, streams, builds }) {
  const servers = [];
  for (const [name, entry] of Object.entries(builds)) servers.push(await serve(name, [entry], rateHz, streams));
  const samples = Object.fromEntries(servers.map(({ name }) => [name, []]));
  try {
    for (const server of servers) await speak(server, streams);
    for (let round = 0; round < rounds; round += 1) {
      for (const server of round % 2 === 0 ? servers : servers.toReversed()) {
        const before = cpuOfTree(server.child.pid);
        const seconds = await speak(server, streams);
        samples[server.name].push(((cpuOfTree(server.child.pid) - before) * 1000) / seconds);
      }
    }
  } finally {
    for (const { child } of servers) await ended(child);
  }
  return {
    rateHz,
    streams,
    ...Object.fromEntries(Object.entries(samples).map(([name, all]) => [name, median(all)])),
    samples,
  };
}

function serve(name, args, rateHz, streams) {
  return startServer(name, [...args, 'serve'], {
    GRPC_PORT: '0',
    HTTP_PORT: '0',
    OVERLOAD: 'off',
    BACKPRESSURE_MAX_STREAMS_PER_DEVICE: '0',
    ANSWER_ENGINE: 'openai',
    ANSWER_BASE_URL: `http://127.0.0.1:${port}/v1`,
    ANSWER_MODEL: 'standin',
    SPEECH_ENGINE: 'openai',
    SPEECH_BASE_URL: `http://127.0.0.1:${port}/${rateHz}`,
    SPEECH_SAMPLE_RATE: String(rateHz),
    SPEECH_MAX_CONCURRENT: '1000',
    BACKPRESSURE_MAX_STREAMS: String(2 * streams),
    DATA_DIR: mkdtempSync(join(dir, 'data-')),
    LOG_LEVEL: 'warn',
  });
}

/** Seconds of speech that were heard; throws unless it is all of them. */
async function speak(server, streams) {
  const calls = Math.ceil(CALLS_PER_ROUND / streams) * streams;
  const { frames } = await runClient(server, { calls, concurrency: streams, prompt: 'Tell me something long.' });
  // A sentence's text, its chunks of 42.7 ms of sound, the end of the call.
  const expected = calls * (SENTENCES * (1 + Math.ceil((SECONDS_PER_SENTENCE * 96_000) / 4096)) + 1);
  if (frames !== expected) throw new Error(`${frames} frames instead of ${expected}`);
  return calls * SPEECH_SECONDS_PER_CALL;
}

/** Of a process and its children. */
function cpuOfTree(pid) {
  const children = readdirSync(`/proc/${pid}/task`).flatMap((thread) =>
    readFileSync(`/proc/${pid}/task/${thread}/children`, 'utf8').split(' ').filter(Boolean),
  );
  return children.reduce((sum, child) => sum + cpuOfTree(child), cpuSeconds(pid));
}

function ended(child) {
  child.kill('SIGTERM');
  return new Promise((resolve) => child.once('exit', resolve));
}

/** The share of each part in what the main thread did, in percent, by its own time. */
async function profile(rateHz, streams) {
  const folder = mkdtempSync(join(dir, 'profile-'));
  const args = ['--cpu-prof', `--cpu-prof-dir=${folder}`, '--cpu-prof-interval=500', here('../dist/cli.js')];
  const server = await serve('profiled', args, rateHz, streams);
  try {
    await speak(server, streams);
    await speak(server, streams);
  } finally {
    await ended(server.child);
  }
  // Worker threads leave profiles of their own; the main thread's is the largest.
  const files = readdirSync(folder).map((name) => readFileSync(join(folder, name), 'utf8'));
  const { nodes, samples, timeDeltas } = JSON.parse(files.toSorted((a, b) => b.length - a.length)[0]);
  const partOf = new Map(nodes.map((node) => [node.id, partOfFrame(node.callFrame)]));
  const times = new Map();
  for (const [at, id] of samples.entries()) {
    const part = partOf.get(id);
    if (part !== null) times.set(part, (times.get(part) ?? 0) + timeDeltas[at]);
  }
  const all = [...times.values()].reduce((sum, time) => sum + time, 0);
  return { shares: [...times].toSorted((a, b) => b[1] - a[1]).map(([part, time]) => [part, (100 * time) / all]) };
}

function partOfFrame({ functionName, url }) {
  if (functionName === '(idle)' || functionName === '(root)') return null;
  if (functionName === '(garbage collector)') return 'garbage collection';
  if (functionName === '(program)') return 'native code';
  return parts.find(([pattern]) => pattern.test(url))?.[1] ?? 'native code';
}

function report(rows, shares) {
  if (options.json) {
    console.log(JSON.stringify({ rounds, speechSecondsPerCall: SPEECH_SECONDS_PER_CALL, rows, shares }));
    return;
  }
  console.log(
    `${cpus()[0]?.model ?? 'unknown CPU'}, ${cpus().length} cores, Node ${process.version}, load ${loadavg()[0].toFixed(1)}`,
  );
  console.log(
    `processor time of the server and its children in ms for a second of speech, median of ${rounds} rounds\n`,
  );
  for (const { rateHz, streams, ours, against, samples } of rows) {
    const ratio =
      against === undefined
        ? ''
        : `, against ${against.toFixed(3)}: ${median(samples.ours.map((each, at) => each / samples.against[at])).toFixed(2)} of it`;
    console.log(
      `${rateHz / 1000} kHz, ${String(streams).padStart(3)} streams: ${ours.toFixed(3)}${ratio}   (${samples.ours.map((each) => each.toFixed(3)).join(' ')})`,
    );
  }
  for (const { rateHz, shares: all } of shares) {
    console.log(`\n${rateHz / 1000} kHz, main thread:`);
    for (const [part, share] of all) if (share >= 0.5) console.log(`  ${share.toFixed(1).padStart(5)} %  ${part}`);
  }
}
