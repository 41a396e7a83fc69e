// The servers that are compared, as data, and how each is started: a process of its own on a free port, with its clients in another one, both
// made anew for every measurement. What a server prints goes to a file: a pipe that the benchmark reads would measure the pipe.
import { execFileSync, spawn } from 'node:child_process';
import { closeSync, existsSync, mkdirSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

const here = (file) => fileURLToPath(new URL(file, import.meta.url));

const START_MS = 30_000;
const STOP_MS = 10_000;
const ANSWER_MS = 240_000;

/** @typedef {{ id: string, title: string, family: 'recital' | 'node' | 'python', env?: Record<string, string>, isWatched?: boolean }} Variant */

/** What the others are compared with has the id `naive`; what is aimed at has `recital`. @type {readonly Variant[]} */
export const variants = [
  { id: 'recital', title: 'Recital, as it comes', family: 'recital' },
  { id: 'unrecorded', title: 'no event logs', family: 'recital', env: { EVENT_LOG: 'off' } },
  { id: 'watched', title: 'inspector watched', family: 'recital', env: { INSPECTOR: 'on' }, isWatched: true },
  { id: 'info', title: 'log level info', family: 'recital', env: { LOG_LEVEL: 'info' } },
  { id: 'naive', title: 'naive grpc-js', family: 'node' },
  { id: 'tuned', title: 'tuned grpc-js', family: 'node' },
  { id: 'python', title: 'Python grpc.aio', family: 'python' },
];

/** As it comes, but for bounds that a benchmark means to exceed: slots, a device's share, refusals under load, waits. No line a call on stdout. */
const recitalEnv = {
  GRPC_PORT: '0',
  HTTP_PORT: '0',
  ANSWER_ENGINE: 'scripted',
  SPEECH_ENGINE: 'scripted',
  BACKPRESSURE_MAX_STREAMS: '20000',
  BACKPRESSURE_MAX_STREAMS_PER_DEVICE: '0',
  OVERLOAD: 'off',
  FIRST_TOKEN_TIMEOUT: '600',
  ANSWER_STALL_TIMEOUT: '600',
  SPEECH_TIMEOUT: '120',
  LOG_LEVEL: 'warn',
};

const nodePrograms = { naive: here('../bare-server.mjs'), tuned: here('../tuned-server.mjs') };
const probeArgs = ['--expose-gc', '--import', here('./probe.mjs')];

/** The Python that has grpcio, with stubs for it in a folder below `dir`; or why there is none. */
export function findPython(dir) {
  const hasGrpc = (program) => {
    try {
      execFileSync(program, ['-c', 'import grpc.aio, google.protobuf'], { stdio: 'ignore' });
      return true;
    } catch {
      return false;
    }
  };
  const program = ['/usr/bin/python3', 'python3'].find(hasGrpc);
  const packages = 'apt install python3-grpcio protobuf-compiler protobuf-compiler-grpc';
  if (program === undefined) return { missing: `no Python with grpcio: ${packages}` };
  const stubs = join(dir, 'stubs');
  mkdirSync(stubs, { recursive: true });
  try {
    const plugin = '--plugin=protoc-gen-grpc_python=/usr/bin/grpc_python_plugin';
    const out = [`--python_out=${stubs}`, `--grpc_python_out=${stubs}`];
    execFileSync('protoc', [plugin, '-I', here('../../proto'), ...out, 'streaming.proto'], { stdio: 'pipe' });
  } catch (error) {
    return { missing: `protoc made no stubs for Python (${String(error.message).split('\n')[0]}): ${packages}` };
  }
  const version = execFileSync(program, ['-c', 'import grpc,sys; print(sys.version.split()[0], grpc.__version__)']);
  return { program, stubs, version: version.toString().trim().replace(' ', ', grpcio ') };
}

/** What to spawn for a variant. */
function commandOf(variant, { dir, scenario, python }) {
  if (variant.family === 'python')
    return { program: python.program, args: [here('../python-server.py'), python.stubs] };
  if (variant.family === 'node') {
    return { program: process.execPath, args: [...probeArgs, nodePrograms[variant.id]], hasProbe: true };
  }
  const scenarioFile = join(dir, 'scenario.json');
  writeFileSync(scenarioFile, JSON.stringify(scenario));
  return {
    program: process.execPath,
    args: [...probeArgs, here('../../dist/cli.js'), 'serve'],
    hasProbe: true,
    env: { ...recitalEnv, SCENARIO_FILE: scenarioFile, DATA_DIR: join(dir, 'data'), ...variant.env },
  };
}

/**
 * Starts a variant and its clients. `ask(kind, options)` lets the clients do something, `probe(what)` asks the server's process (null where it
 * has none); both reject when a process ends, a call fails or no answer comes. `stop()` ends all of it and removes what it left on the disk.
 */
export async function startVariant(variant, { root, scenario, python }) {
  const dir = mkdtempSync(join(root, `${variant.id}-`));
  const { program, args, env = {}, hasProbe = false } = commandOf(variant, { dir, scenario, python });
  const outFile = join(dir, 'stdout');
  const out = openSync(outFile, 'a');
  const server = spawn(program, args, {
    env: { PATH: process.env.PATH, HOME: process.env.HOME, RECITAL_BENCH_PROBE: String(process.pid), ...env },
    stdio: ['ignore', out, 'inherit', ...(hasProbe ? ['ipc'] : [])],
  });
  closeSync(out);
  const processes = [server];
  const stop = async () => {
    for (const child of processes.toReversed()) await end(child);
    rmSync(dir, { recursive: true, force: true, maxRetries: 5 });
  };
  try {
    const ready = await readyLine(server, outFile);
    if (variant.isWatched) processes.push(await openViewer(ready.inspector_url));
    const client = spawn(process.execPath, [here('./load-client.mjs'), String(ready.grpc_port)], {
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    });
    processes.push(client);
    let asked = 0;
    return {
      variant,
      pid: server.pid,
      clientPid: client.pid,
      ask: (kind, options = {}) => {
        asked += 1;
        const id = asked;
        return answerOf(processes, client, { id, kind, ...options }, (message) => message.id === id);
      },
      probe: (what) =>
        hasProbe
          ? answerOf(processes, server, { probe: what }, (message) => message.probe === what)
          : Promise.resolve(null),
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

async function readyLine(server, outFile) {
  const untilMs = performance.now() + START_MS;
  while (performance.now() < untilMs) {
    if (hasEnded(server)) throw new Error(`the server ended at its start with ${server.exitCode ?? server.signalCode}`);
    const lines = existsSync(outFile) ? readFileSync(outFile, 'utf8').split('\n').slice(0, -1) : [];
    const ready = lines.find((line) => line.includes('"decision":"ready"') || line.includes('"decision": "ready"'));
    if (ready !== undefined) return JSON.parse(ready).ctx;
    await sleep(20);
  }
  throw new Error(`the server is not ready after ${START_MS / 1000} s`);
}

/** A tab of the inspector; resolves when it sees the list. */
async function openViewer(address) {
  const viewer = spawn(process.execPath, [here('../inspector-viewer.mjs'), address, 'reads'], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  await new Promise((resolve, reject) => {
    viewer.stderr.once('data', resolve);
    viewer.once('exit', (code) => reject(new Error(`the tab of the inspector ended with ${code}`)));
  });
  viewer.stderr.resume();
  return viewer;
}

/** Sends a message and waits for its answer, while all processes live. */
function answerOf(processes, child, message, isAnswer) {
  return new Promise((resolve, reject) => {
    const settle = (settled, value) => {
      clearTimeout(timer);
      child.off('message', onMessage);
      for (const one of processes) one.off('exit', onExit);
      settled(value);
    };
    const onMessage = (answer) => {
      if (!isAnswer(answer)) return;
      if (answer.failed === undefined) settle(resolve, answer.value);
      else settle(reject, new Error(answer.failed));
    };
    const onExit = (code, signal) => settle(reject, new Error(`a process ended with ${code ?? signal}`));
    const timer = setTimeout(
      () => settle(reject, new Error(`no answer to ${JSON.stringify(message)} in ${ANSWER_MS / 1000} s`)),
      ANSWER_MS,
    );
    child.on('message', onMessage);
    for (const one of processes) {
      one.on('exit', onExit);
      if (hasEnded(one)) onExit(one.exitCode, one.signalCode);
    }
    child.send(message, (error) => error && settle(reject, error));
  });
}

const hasEnded = (child) => child.exitCode !== null || child.signalCode !== null;

async function end(child) {
  if (hasEnded(child)) return;
  const ended = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGTERM');
  const timer = setTimeout(() => child.kill('SIGKILL'), STOP_MS);
  await ended;
  clearTimeout(timer);
}
