// npm run soak: short sessions of every kind against a real server, many of them: answers, commands, welcomes, cancels, refusals, duplicates,
// interrupts, COLLECT and COMMIT, in an order that a seed makes (--seed N repeats it). Half of them without memories, most of these of devices
// that never come again: nothing may be kept for a session, a device or a connection. Half of them as a server comes, of few devices: the cache
// of memories is full before any session counts, as it forgets by devices and by time. Told of each half is how much what the program
// holds grows over the second half of its sessions (harness/held-heap.mjs), the whole heap beside it, and descriptors, slots and what keeps the
// process going (timers, handles) against their values before. Ends with 1 where a call ended otherwise than its kind should, something
// was left behind, or more was held by over MAX_SLOPE_BYTES a thousand sessions. --sessions 100000; fewer than 20,000 say nothing of the
// slope. --concurrency 40; --only 'no memory'
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { credentials, loadPackageDefinition } from '@grpc/grpc-js';
import { loadSync } from '@grpc/proto-loader';
import { growthOf, heldInFile, totalOf } from './harness/held-heap.mjs';
import { slopeOf } from './harness/statistics.mjs';
import { count, Trial, told } from './harness/trial.mjs';
import { createChance } from './mutations.mjs';

const { values: options } = parseArgs({
  options: {
    sessions: { type: 'string', default: '100000' },
    seed: { type: 'string' },
    concurrency: { type: 'string', default: '40' },
    only: { type: 'string' },
  },
});
const sessions = Number(options.sessions);
const MAX_SLOPE_BYTES = 1_024;
/** Below it the noise of a sample is more than what the slope may be. */
const MIN_SESSIONS_FOR_SLOPE = 20_000;
const isSlopeJudged = sessions >= MIN_SESSIONS_FOR_SLOPE;
const SAMPLES = isSlopeJudged ? 10 : 2;
/** Sessions of every kind before any counts, a share: caches and pools are full behind them. */
const WARM_SHARE = 0.1;
/** Devices that come again and again; elsewhere three calls in four are of a device that comes once. */
const KNOWN_DEVICES = 40;
const INTERRUPTED_DEVICES = 10;
const CONNECTIONS = 4;
/** Of gRPC, by the name of a deed; what is not named ends well. */
const expected = {
  failure: 14,
  cancel: 1,
  refusal: 3,
  badId: 3,
  'duplicate, first': 1,
  'duplicate, second': 8,
  interrupt: 1,
};

const here = (file) => fileURLToPath(new URL(file, import.meta.url));
const scenario = {
  answers: [
    { when: '^hang', steps: [{ say: 'One is here. And' }, { hang: true }] },
    {
      when: '^command',
      steps: [{ say: 'Here it is. ' }, { command: { command: 'open_app', args: { app_name: 'Safari' } } }],
    },
    {
      when: '^fail',
      steps: [{ say: 'One is here. ' }, { fail: { error_code: 'UNAVAILABLE', message: 'model is down' } }],
    },
    { when: '', steps: [{ say: 'The first sentence is here. ' }, { say: 'The second one, too.' }] },
  ],
  speech: { chunks_per_sentence: 2, ms_per_chunk: 0 },
};

const { streaming } = loadPackageDefinition(
  loadSync(here('../proto/streaming.proto'), { keepCase: true, defaults: true, oneofs: true }),
);
const trial = new Trial(options.seed);
console.log(`seed ${trial.seed}, ${sessions} sessions, ${options.concurrency} at once`);
const folder = mkdtempSync(join(tmpdir(), 'recital-soak-'));
const clients = [];
const statuses = new Map();
const chance = createChance(trial.seed);
let made = 0;

/** The call's status, counted. */
function over(name, call, then = () => {}) {
  return new Promise((resolve) => {
    call.on('data', () => then(call));
    call.on('error', () => {});
    call.on('status', ({ code, details }) => {
      count(statuses, `${name} ${code}`);
      if (code !== (expected[name] ?? 0)) unexpected(name, code, details);
      resolve();
    });
  });
}

/** Each once, however often it comes. */
function unexpected(name, code, details) {
  if (statuses.get(`${name} ${code}`) === 1) trial.found(`${name} ended with ${code}: ${details}`);
}

const kinds = {
  answer: (client, ids) => over('answer', client.StreamAudio({ prompt: 'hello', ...ids })),
  command: (client, ids) => over('command', client.StreamAudio({ prompt: 'command', ...ids })),
  failure: (client, ids) => over('failure', client.StreamAudio({ prompt: 'fail', ...ids })),
  welcome: (client, ids) =>
    over('welcome', client.GenerateWelcomeAudio({ text: 'Good day. Here I am.', session_id: ids.session_id })),
  cancel: (client, ids) => over('cancel', client.StreamAudio({ prompt: 'hang', ...ids }), (call) => call.cancel()),
  refusal: (client, ids) => over('refusal', client.StreamAudio({ ...ids, prompt: '' })),
  badId: (client, ids) => over('badId', client.StreamAudio({ ...ids, prompt: 'hello', session_id: 'two words' })),
  duplicate: async (client, ids) => {
    const first = client.StreamAudio({ prompt: 'hang', ...ids });
    const asked = new Promise((resolve) => first.once('data', resolve));
    const ended = over('duplicate, first', first);
    await Promise.race([asked, ended]);
    await over('duplicate, second', client.StreamAudio({ prompt: 'hello', ...ids }));
    first.cancel();
    await ended;
  },
  interrupt: async (client, ids) => {
    const device = { ...ids, hardware_id: `interrupted-${chance.below(INTERRUPTED_DEVICES)}` };
    let isAsked = false;
    await over('interrupt', client.StreamAudio({ prompt: 'hang', ...device }), () => {
      if (isAsked) return;
      isAsked = true;
      client.InterruptSession({ hardware_id: device.hardware_id }, () => {});
    });
  },
  collected: async (client, ids) => {
    await over('collect', client.StreamAudio({ ...ids, phase: 1, chunk_seq: 1, chunk_text: 'hello' }));
    await over('commit', client.StreamAudio({ ...ids, phase: 2, prompt: chance.below(2) === 0 ? '' : 'hello there' }));
  },
};
const names = ['answer', 'answer', 'answer', ...Object.keys(kinds)];
const knownDevice = () => `known-${chance.below(KNOWN_DEVICES)}`;
const halves = [
  {
    name: 'no memory',
    env: { MEMORY: 'off' },
    deviceOf: () => (chance.below(4) === 0 ? knownDevice() : `once-${made}`),
  },
  { name: 'memories', env: {}, deviceOf: knownDevice },
];

/** So many sessions, each of a device that is asked for. */
async function run(left, deviceOf) {
  const worker = async () => {
    while (left > 0) {
      left -= 1;
      made += 1;
      const ids = { session_id: `soak-${made}`, hardware_id: deviceOf() };
      await kinds[chance.of(names)](clients[made % CONNECTIONS], ids);
    }
  };
  await Promise.all(Array.from({ length: Number(options.concurrency) }, worker));
}

/** What the server has while nothing runs; `held` only where the slope is judged, for it takes seconds. */
async function sample(server) {
  const status = await server.settled();
  const path = join(folder, `${made}.heapsnapshot`);
  const probe = await new Promise((resolve) => {
    server.child.once('message', resolve);
    server.child.send(isSlopeJudged ? { snapshot: path } : 'heap');
  });
  const held = isSlopeJudged ? heldInFile(path) : null;
  rmSync(path, { force: true });
  const descriptors = readdirSync(`/proc/${server.child.pid}/fd`).length;
  return { sessions: made, ...probe, held, slots: status.active_streams, descriptors, residentMb: server.residentMb() };
}

function connectAll(server) {
  for (let index = 0; index < CONNECTIONS; index += 1) {
    clients.push(
      new streaming.StreamingService(`127.0.0.1:${server.port}`, credentials.createInsecure(), {
        'grpc.use_local_subchannel_pool': 1,
      }),
    );
  }
}

async function disconnectAll() {
  for (const client of clients.splice(0)) client.close();
  await new Promise((wake) => setTimeout(wake, 500));
}

const kibibytes = (bytes) => `${(bytes / 1024).toFixed(0)} KiB`;

/** Samples lie between runs without a connection open, so that those are in none of them. */
async function sampleAlone(server) {
  await disconnectAll();
  const point = await sample(server);
  const { sessions: at, heapUsed, held, descriptors, timers, residentMb } = point;
  console.log(
    `${at} sessions: ${held === null ? '' : `held ${kibibytes(totalOf(held))}, `}heap ${kibibytes(heapUsed)}, ${residentMb.toFixed(0)} MB resident, ${descriptors} descriptors, ${timers} timers`,
  );
  connectAll(server);
  return point;
}

/** Of the second half: what comes before may be caches still. */
function judgeSlope(points) {
  const half = points.slice(Math.floor(points.length / 2));
  const slope = (bytesOf) => slopeOf(half.map((point) => ({ x: point.sessions / 1_000, y: bytesOf(point) })));
  const held = slope((point) => totalOf(point.held));
  const heap = slope(({ heapUsed }) => heapUsed);
  const from = `over the last ${half.at(-1).sessions - half[0].sessions} sessions`;
  console.log(`growth a thousand sessions, ${from}: held ${held.toFixed(0)} bytes, heap ${heap.toFixed(0)} bytes`);
  for (const line of growthOf(half[0].held, half.at(-1).held)) console.log(`  ${line}`);
  if (held > MAX_SLOPE_BYTES) trial.found(`what it holds grows by ${held.toFixed(0)} bytes a thousand sessions`);
}

async function soak({ name, env, deviceOf }, count) {
  console.log(`${name}:`);
  const server = await trial.startServer(scenario, {
    nodeArgs: ['--expose-gc', '--import', here('./heap-probe.mjs')],
    env: {
      BACKPRESSURE_MAX_STREAMS: '200',
      BACKPRESSURE_MAX_STREAMS_PER_DEVICE: '0',
      OVERLOAD: 'off',
      LOG_LEVEL: 'error',
      ...env,
    },
    hasChannel: true,
  });
  try {
    connectAll(server);
    await run(Math.ceil(count * WARM_SHARE), deviceOf);
    statuses.clear();
    const points = [await sampleAlone(server)];
    for (let round = 0; round < SAMPLES; round += 1) {
      await run(Math.ceil(count / SAMPLES), deviceOf);
      points.push(await sampleAlone(server));
    }
    await disconnectAll();
    if (isSlopeJudged) judgeSlope(points);
    judgeRest(points[0], points.at(-1), await server.status());
  } finally {
    await server.stop();
  }
}

function judgeRest(before, after, { event_log, health }) {
  console.log(`  ${told(statuses).join(', ')}`);
  if (after.slots !== 0) trial.found(`${after.slots} slots are taken`);
  for (const kind of ['descriptors', 'timers', 'handles']) {
    console.log(`${kind}: ${before[kind]} before, ${after[kind]} after`);
    if (after[kind] > before[kind]) trial.found(`${after[kind] - before[kind]} ${kind} more than before`);
  }
  if (health !== 'ok') trial.found(`health is ${health}`);
  if (event_log.files_failed + event_log.turns_dropped > 0)
    trial.found(`event logs were lost: ${JSON.stringify(event_log)}`);
}

try {
  const chosen = halves.filter(({ name }) => options.only === undefined || options.only === name);
  for (const half of chosen) await soak(half, Math.ceil(sessions / chosen.length));
} finally {
  rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
}
trial.end();
