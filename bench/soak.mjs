// npm run soak: short sessions of every kind against a real server, many of them: answers, commands, welcomes, cancels, refusals, duplicates,
// interrupts, COLLECT and COMMIT, in an order that a seed makes (--seed N repeats it). Told behind it: the slope of the heap after garbage
// collection, and descriptors, slots and what keeps the process going (timers, handles) against their values before. Ends with 1 where something was left behind, or the heap grew by
// more than MAX_SLOPE_BYTES a thousand sessions. --sessions 100000; fewer than 20,000 say nothing of the slope.
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { credentials, loadPackageDefinition } from '@grpc/grpc-js';
import { loadSync } from '@grpc/proto-loader';
import { startServer } from './measure.mjs';
import { createChance } from './mutations.mjs';

const { values: options } = parseArgs({
  options: {
    sessions: { type: 'string', default: '100000' },
    seed: { type: 'string' },
    concurrency: { type: 'string', default: '40' },
  },
});
const sessions = Number(options.sessions);
const seed = Number(options.seed ?? Math.floor(Math.random() * 2 ** 31));
const MAX_SLOPE_BYTES = 1_024;
const SAMPLES = 10;
/** Fills caches, pools and what the compiler keeps; it counts for nothing. */
const WARM_SHARE = 0.2;
/** Below it the noise of a sample is more than what the slope may be. */
const MIN_SESSIONS_FOR_SLOPE = 20_000;
const DEVICES = 200;
const CONNECTIONS = 4;

const here = (file) => fileURLToPath(new URL(file, import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'recital-soak-'));
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
writeFileSync(join(folder, 'scenario.json'), JSON.stringify(scenario));

const { streaming } = loadPackageDefinition(
  loadSync(here('../proto/streaming.proto'), { keepCase: true, defaults: true, oneofs: true }),
);
let httpPort = 0;
const server = await startServer(
  'recital',
  ['--expose-gc', '--import', here('./heap-probe.mjs'), here('../dist/cli.js'), 'serve'],
  {
    GRPC_PORT: '0',
    HTTP_PORT: '0',
    ANSWER_ENGINE: 'scripted',
    SPEECH_ENGINE: 'scripted',
    SCENARIO_FILE: join(folder, 'scenario.json'),
    DATA_DIR: join(folder, 'data'),
    BACKPRESSURE_MAX_STREAMS: '200',
    OVERLOAD: 'off',
    LOG_LEVEL: 'error',
  },
  'inherit',
  ({ decision, ctx }) => {
    if (decision === 'ready') httpPort = ctx.http_port;
    if (decision === 'fault') console.error(`fault: ${JSON.stringify(ctx)}`);
  },
  true,
);
const clients = [];
const statuses = new Map();
const chance = createChance(seed);
let made = 0;
console.log(`seed ${seed}, ${sessions} sessions, ${options.concurrency} at once`);

/** The call's status, counted. */
function over(name, call, then = () => {}) {
  return new Promise((resolve) => {
    call.on('data', () => then(call));
    call.on('error', () => {});
    call.on('status', ({ code }) => {
      const key = `${name} ${code}`;
      statuses.set(key, (statuses.get(key) ?? 0) + 1);
      resolve();
    });
  });
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
    const device = { ...ids, hardware_id: `interrupted-${chance.below(DEVICES)}` };
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

async function run(count) {
  let left = count;
  const worker = async () => {
    while (left > 0) {
      left -= 1;
      made += 1;
      const ids = { session_id: `soak-${made}`, hardware_id: `device-${chance.below(DEVICES)}` };
      await kinds[chance.of(names)](clients[made % CONNECTIONS], ids);
    }
  };
  await Promise.all(Array.from({ length: Number(options.concurrency) }, worker));
}

async function sample() {
  const status = await settled();
  const probe = await new Promise((resolve) => {
    server.child.once('message', resolve);
    server.child.send('heap');
  });
  return {
    sessions: made,
    ...probe,
    slots: status.active_streams,
    descriptors: readdirSync(`/proc/${server.child.pid}/fd`).length,
  };
}

/** The status, once nothing runs any more, or after five seconds. */
async function settled() {
  for (let look = 0; ; look += 1) {
    const status = await (
      await fetch(`http://127.0.0.1:${httpPort}/status`, { headers: { connection: 'close' } })
    ).json();
    const { active_streams, active_answers, active_speech, in_flight } = status;
    if ((active_streams === 0 && active_answers === 0 && active_speech === 0 && in_flight === 0) || look > 50)
      return status;
    await new Promise((wake) => setTimeout(wake, 100));
  }
}

function connectAll() {
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

function slopeOf(points) {
  const mean = (values) => values.reduce((sum, value) => sum + value, 0) / values.length;
  const [x, y] = [mean(points.map(({ sessions: at }) => at)), mean(points.map(({ heapUsed }) => heapUsed))];
  const xy = points.reduce((sum, point) => sum + (point.sessions - x) * (point.heapUsed - y), 0);
  const xx = points.reduce((sum, point) => sum + (point.sessions - x) ** 2, 0);
  return (xy / xx) * 1_000;
}

const faults = [];
try {
  connectAll();
  await run(Math.ceil(sessions * WARM_SHARE));
  await disconnectAll();
  const before = await sample();
  const points = [before];
  connectAll();
  for (let round = 0; round < SAMPLES; round += 1) {
    await run(Math.ceil((sessions * (1 - WARM_SHARE)) / SAMPLES));
    if (round === SAMPLES - 1) await disconnectAll();
    const point = await sample();
    points.push(point);
    const { sessions: at, heapUsed, descriptors, timers } = point;
    console.log(
      `${at} sessions: heap ${(heapUsed / 1024).toFixed(0)} KiB, ${descriptors} descriptors, ${timers} timers`,
    );
  }
  const after = points.at(-1);
  const slope = slopeOf(points);
  console.log(`heap: ${slope.toFixed(0)} bytes a thousand sessions`);
  for (const [key, count] of [...statuses].sort()) console.log(`  ${key.padEnd(24)}${count}`);
  if (after.slots !== 0) faults.push(`${after.slots} slots are taken`);
  for (const kind of ['descriptors', 'timers', 'handles']) {
    console.log(`${kind}: ${before[kind]} before, ${after[kind]} after`);
    if (after[kind] > before[kind]) faults.push(`${after[kind] - before[kind]} ${kind} more than before`);
  }
  if (sessions >= MIN_SESSIONS_FOR_SLOPE && slope > MAX_SLOPE_BYTES) faults.push('the heap grows');
} finally {
  server.child.kill('SIGTERM');
  await new Promise((resolve) => server.child.once('exit', resolve));
  rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
}
for (const fault of faults) console.error(`FAULT (seed ${seed}): ${fault}`);
process.exitCode = faults.length === 0 ? 0 : 1;
