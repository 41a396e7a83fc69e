// npm run bench:workers: what a second worker brings, and what it costs. Server and clients are processes of their own; rounds of one and two workers take turns,
// and medians are told. All processes of a server are counted (its workers and its store), as are the cores: what the clients use is not the
// server's to use, so frames a second are told a core that they leave free. Beside: how long a question to the owner of admissions takes, and how
// soon the slots of a killed worker are free.
import { spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism, loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { credentials, loadPackageDefinition } from '@grpc/grpc-js';
import { loadSync } from '@grpc/proto-loader';
import { median, percentile } from './measure.mjs';

const { values: options } = parseArgs({
  options: {
    rounds: { type: 'string', default: '5' },
    seconds: { type: 'string', default: '3' },
    clients: { type: 'string', default: '2' },
    workers: { type: 'string', default: '2' },
    questions: { type: 'string', default: '2000' },
    client: { type: 'string' },
  },
});
const here = (file) => fileURLToPath(new URL(file, import.meta.url));
const { streaming } = loadPackageDefinition(
  loadSync(here('../proto/streaming.proto'), { keepCase: true, defaults: true, oneofs: true }),
);
const connect = (port) =>
  new streaming.StreamingService(`127.0.0.1:${port}`, credentials.createInsecure(), {
    'grpc.use_local_subchannel_pool': 1,
  });
/** As /proc counts processor time. */
const MS_PER_TICK = 10;
const CONNECTIONS_PER_CLIENT = 4;
const STREAMS_PER_CONNECTION = 4;

if (options.client === undefined) await main();
else await runClient(options.client);

/** Reads as fast as it can; says its frames and its processor time for each line on stdin. */
async function runClient(port) {
  let frames = 0;
  const readOn = (client) => {
    const call = client.StreamAudio({ prompt: 'sound' });
    call.on('data', () => {
      frames += 1;
    });
    call.on('error', () => setTimeout(readOn, 50, client));
    call.on('end', () => readOn(client));
  };
  for (let connection = 0; connection < CONNECTIONS_PER_CLIENT; connection += 1) {
    const client = connect(port);
    for (let stream = 0; stream < STREAMS_PER_CONNECTION; stream += 1) readOn(client);
  }
  for await (const _line of createInterface(process.stdin)) {
    const { user, system } = process.cpuUsage();
    console.log(JSON.stringify({ frames, cpuMs: (user + system) / 1000 }));
  }
  process.exit(0);
}

async function main() {
  const dir = mkdtempSync(join(tmpdir(), 'recital-bench-'));
  const counts = [1, Number(options.workers)];
  const results = new Map(counts.map((count) => [count, []]));
  try {
    console.log(`load of the machine ${loadavg()[0].toFixed(1)}, ${availableParallelism()} cores`);
    for (let round = 0; round < Number(options.rounds); round += 1) {
      for (const count of round % 2 === 0 ? counts : counts.toReversed()) {
        results.get(count).push(await measureRound(dir, count));
      }
    }
    tell(counts, results);
    const freed = [];
    for (let round = 0; round < Number(options.rounds); round += 1) freed.push(await killOne(dir, counts[1]));
    console.log(`slots of a killed worker free after ${median(freed).toFixed(0)} ms (seen by asking /status)`);
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}

function tell(counts, results) {
  const figures = counts.map((count) => {
    const rounds = results.get(count);
    const of = (name) => median(rounds.map((round) => round[name]));
    const told = {
      workers: count,
      framesPerSecond: of('framesPerSecond'),
      serverUsPerFrame: of('serverUsPerFrame'),
      serverCores: of('serverCores'),
      clientCores: of('clientCores'),
      framesPerFreeCore: of('framesPerFreeCore'),
      questionP50Ms: of('questionP50Ms'),
      questionP99Ms: of('questionP99Ms'),
    };
    console.log(
      JSON.stringify(Object.fromEntries(Object.entries(told).map(([name, value]) => [name, Number(value.toFixed(3))]))),
    );
    return told;
  });
  const [one, many] = figures;
  const ratio = (name) => (many[name] / one[name]).toFixed(2);
  console.log(`processor time a frame × ${ratio('serverUsPerFrame')}, frames a second × ${ratio('framesPerSecond')}`);
  const free = availableParallelism() - many.clientCores;
  console.log(
    `of ${availableParallelism()} cores the clients left ${free.toFixed(2)} free, the server used ${many.serverCores.toFixed(2)}`,
  );
}

async function measureRound(dir, count) {
  const server = await startServer(dir, count);
  const clients = Array.from({ length: Number(options.clients) }, () =>
    spawn(process.execPath, [here('./workers.mjs'), '--client', String(server.grpcPort)], {
      stdio: ['pipe', 'pipe', 'inherit'],
    }),
  );
  const lines = clients.map((client) => createInterface(client.stdout)[Symbol.asyncIterator]());
  const look = async () => {
    for (const client of clients) client.stdin.write('\n');
    const told = await Promise.all(lines.map(async (line) => JSON.parse((await line.next()).value)));
    return {
      atMs: performance.now(),
      frames: told.reduce((sum, { frames }) => sum + frames, 0),
      clientMs: told.reduce((sum, { cpuMs }) => sum + cpuMs, 0),
      serverMs: processorMs(server.pid),
    };
  };
  try {
    await sleep(1_500);
    const before = await look();
    await sleep(Number(options.seconds) * 1_000);
    const after = await look();
    for (const client of clients) client.kill('SIGKILL');
    await sleep(300);
    const questions = await askOwner(server.grpcPort);
    const wallMs = after.atMs - before.atMs;
    const frames = after.frames - before.frames;
    const clientCores = (after.clientMs - before.clientMs) / wallMs;
    return {
      framesPerSecond: (frames * 1_000) / wallMs,
      serverUsPerFrame: ((after.serverMs - before.serverMs) * 1_000) / frames,
      serverCores: (after.serverMs - before.serverMs) / wallMs,
      clientCores,
      framesPerFreeCore: (frames * 1_000) / wallMs / (availableParallelism() - clientCores),
      questionP50Ms: percentile(questions, 0.5),
      questionP99Ms: percentile(questions, 0.99),
    };
  } finally {
    for (const client of clients) client.kill('SIGKILL');
    await server.stop();
  }
}

/** InterruptSession of nobody: a round trip of the client, and with workers one to the owner of admissions. */
async function askOwner(port) {
  const client = connect(port);
  const times = [];
  for (let index = 0; index < Number(options.questions); index += 1) {
    const startedAtMs = performance.now();
    await new Promise((resolve, reject) =>
      client.InterruptSession({ hardware_id: 'nobody' }, (error) => (error === null ? resolve() : reject(error))),
    );
    if (index >= 100) times.push(performance.now() - startedAtMs);
  }
  client.close();
  return times.sort((a, b) => a - b);
}

async function killOne(dir, count) {
  const server = await startServer(dir, count);
  const clients = Array.from({ length: 8 }, () => connect(server.grpcPort));
  try {
    const calls = clients.flatMap((client) => Array.from({ length: 50 }, () => client.StreamAudio({ prompt: 'hang' })));
    for (const call of calls) call.on('error', () => {});
    await Promise.all(calls.map((call) => new Promise((resolve) => call.once('data', resolve))));
    const { workers } = await statusOf(server.httpPort);
    const victim = workers.find(({ active_streams: streams }) => streams > 0);
    const left = calls.length - victim.active_streams;
    const startedAtMs = performance.now();
    process.kill(victim.pid, 'SIGKILL');
    while ((await statusOf(server.httpPort)).active_streams > left) await sleep(1);
    return performance.now() - startedAtMs;
  } finally {
    for (const client of clients) client.close();
    await server.stop();
  }
}

async function statusOf(port) {
  return (await fetch(`http://127.0.0.1:${port}/status`)).json();
}

async function startServer(dir, count) {
  const scenarioFile = join(dir, 'scenario.json');
  const answers = [
    { when: 'hang', steps: [{ say: 'One is here. Two' }, { hang: true }] },
    { when: '', steps: [{ say: 'One more sentence. ', repeat: 20 }] },
  ];
  writeFileSync(scenarioFile, JSON.stringify({ answers, speech: { chunks_per_sentence: 50, chunk_bytes: 4096 } }));
  const env = {
    PATH: process.env.PATH,
    WORKERS: String(count),
    GRPC_PORT: '0',
    HTTP_PORT: '0',
    ANSWER_ENGINE: 'scripted',
    SPEECH_ENGINE: 'scripted',
    SCENARIO_FILE: scenarioFile,
    DATA_DIR: mkdtempSync(join(dir, 'data-')),
    BACKPRESSURE_MAX_STREAMS: '1000',
    BACKPRESSURE_MAX_STREAMS_PER_DEVICE: '0',
    BACKPRESSURE_GRACE_PERIOD: '0',
    OVERLOAD: 'off',
    LOG_LEVEL: 'warn',
  };
  const child = spawn(process.execPath, [here('../dist/cli.js'), 'serve'], {
    env,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const exited = new Promise((resolve) => child.once('exit', resolve));
  const ready = new Promise((resolve, reject) => {
    createInterface(child.stdout).on('line', (text) => {
      const { decision, ctx } = JSON.parse(text);
      if (decision === 'ready') resolve(ctx);
    });
    void exited.then((code) => reject(new Error(`the server ended with ${code}`)));
  });
  const { grpc_port: grpcPort, http_port: httpPort } = await ready;
  return {
    pid: child.pid,
    grpcPort,
    httpPort,
    stop: () => {
      child.kill('SIGTERM');
      return exited;
    },
  };
}

/** Processor time of a process and of all that came from it. */
function processorMs(pid) {
  const children = new Map();
  const ticks = new Map();
  for (const name of readdirSync('/proc').filter((each) => /^\d+$/.test(each))) {
    try {
      const stat = readFileSync(`/proc/${name}/stat`, 'utf8');
      const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
      const parent = Number(fields[1]);
      children.set(parent, [...(children.get(parent) ?? []), Number(name)]);
      ticks.set(Number(name), Number(fields[11]) + Number(fields[12]));
    } catch {
      // It has ended.
    }
  }
  const sum = (of) => (ticks.get(of) ?? 0) + (children.get(of) ?? []).reduce((all, child) => all + sum(child), 0);
  return sum(pid) * MS_PER_TICK;
}
