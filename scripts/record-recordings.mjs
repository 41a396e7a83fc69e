// Makes the recordings in test/recordings: real servers with scripted engines, real calls over gRPC, and the event logs they leave. Run after
// a change of the charts that is meant, when re-recording (`recital log re-record`) can't know what the world would have said:
//   npm run build && node scripts/record-recordings.mjs [NAME…]
// It replaces the recordings that it makes, and no others: those of production sessions stay.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { credentials } from '@grpc/grpc-js';
import { startServerProcess } from '../dist/cli/demo/server-process.js';
import { StreamingServiceClient } from '../dist/rpc/proto.js';

const root = fileURLToPath(new URL('..', import.meta.url));
const into = join(root, 'test/recordings');

const json = '{"text": "Opening it. It takes a moment.", "command": "open_app", "args": {"app_name": "Safari"}}';
const pieces = (text, length) => text.match(new RegExp(`.{1,${length}}`, 'gsu')).map((say) => ({ say }));
const paced = (text, length, wait_ms) => pieces(text, length).flatMap((step) => [step, { wait_ms }]);
const openApp = (args) => ({ command: { command: 'open_app', args } });
const russian = 'Сегодня, т. е. 5 мая, тепло: +21,5 °C. Завтра в Санкт-Петербурге до 19° и дождь! Возьмите зонт…';

const scenario = {
  answers: [
    { when: 'plain', steps: paced('It is sunny, about 21.5 degrees. Dr. Smith agrees! "Really?" Yes. ', 7, 5) },
    { when: 'command', steps: [{ say: 'Opening Safari for you.' }, openApp({ app_name: 'Safari' })] },
    { when: 'wordless', steps: [openApp({ app_name: 'Notes' })] },
    { when: 'dropped', steps: [{ say: 'That can not be done here.' }, openApp({ wrong: true })] },
    { when: 'json', steps: paced(json, 9, 2) },
    { when: 'fenced', steps: paced(`Sure.\n\`\`\`json\n${json}\n\`\`\`\n`, 11, 2) },
    { when: 'truncated', steps: paced(json.slice(0, -12), 8, 2) },
    { when: 'russian', steps: paced(russian, 6, 5) },
    {
      when: 'markdown',
      steps: paced('# List\n\n1. **Milk**\n2. `bread` 🍞\n\nSee https://example.com/a.b. Done.\n', 5, 2),
    },
    { when: 'quiet', steps: [{ say: 'One.' }, { wait_ms: 400 }, { say: ' Two.' }] },
    { when: 'many', steps: [{ say: 'This is a sentence of some length. ', repeat: 80 }] },
    { when: 'empty', steps: [{ say: ' \n' }] },
    {
      when: 'declared',
      steps: [{ say: 'One moment. ' }, { fail: { error_code: 'UNAVAILABLE', message: 'the model is down' } }],
    },
    { when: 'thrown', steps: [{ throw: 'a defect in the engine' }] },
    { when: 'silent', steps: [{ hang: true }] },
    { when: 'stalls', steps: [{ say: 'The first sentence is here. And then' }, { hang: true }] },
    { when: 'mute', steps: [{ say: 'The first sentence is heard. The mute one is not. The third one is.' }] },
    { when: 'stuck', steps: [{ say: 'The first sentence is heard. The stuck one is not. The third one is.' }] },
    { when: 'long', steps: [{ say: 'A sentence that is heard. ', repeat: 50 }, { hang: true }] },
  ],
  speech: { chunks_per_sentence: 2, ms_per_chunk: 4, fail_when: 'mute', hang_when: 'stuck' },
};

const off = {
  BACKPRESSURE_IDLE_TIMEOUT: '0',
  FIRST_TOKEN_TIMEOUT: '0',
  ANSWER_STALL_TIMEOUT: '0',
  SPEECH_TIMEOUT: '0',
  SESSION_TIMEOUT: '0',
};

/** By server: its settings, and the sessions it has: the name of a recording, and what the client does. */
const servers = [
  {
    settings: {},
    sessions: {
      ...Object.fromEntries(
        [
          'plain',
          'command',
          'wordless',
          'dropped',
          'json',
          'fenced',
          'truncated',
          'russian',
          'markdown',
          'quiet',
          'many',
        ].map((name) => [`completed-${name}`, { prompt: name }]),
      ),
      'empty-answer': { prompt: 'empty' },
      'answer-failed': { prompt: 'declared' },
      'engine-throws': { prompt: 'thrown' },
      'speech-fails': { prompt: 'mute' },
      'client-cancelled': { prompt: 'long', cancelAfterFrames: 4 },
      'client-cancelled-before-words': { prompt: 'silent', cancelAfterMs: 100 },
      interrupted: { prompt: 'long', interruptAfterFrames: 4 },
    },
  },
  { settings: { FIRST_TOKEN_TIMEOUT: '0.3' }, sessions: { 'first-token-timeout': { prompt: 'silent' } } },
  { settings: { ANSWER_STALL_TIMEOUT: '0.3' }, sessions: { 'answer-stalled': { prompt: 'stalls' } } },
  { settings: { SESSION_TIMEOUT: '0.3' }, sessions: { 'session-timeout': { prompt: 'stalls' } } },
  { settings: { BACKPRESSURE_IDLE_TIMEOUT: '0.3' }, sessions: { 'stream-idle-timeout': { prompt: 'stalls' } } },
  { settings: { SPEECH_TIMEOUT: '0.3' }, sessions: { 'speech-timeout-degrades': { prompt: 'stuck' } } },
  {
    settings: { SPEECH_TIMEOUT: '0.3', SPEECH_FAILURE: 'fail' },
    sessions: { 'speech-timeout-fails': { prompt: 'stuck' }, 'speech-failed': { prompt: 'mute' } },
  },
  { settings: { BACKPRESSURE_MAX_RATE: '6' }, sessions: { 'rate-limit-exceeded': { prompt: 'long' } } },
  { settings: { BACKPRESSURE_MAX_STREAMS: '2' }, race: 'race', sessions: {} },
  // What a second call of a session id is, is a setting of the server: each has a race of its own.
  { settings: { DUPLICATE_POLICY: 'supersede', BACKPRESSURE_MAX_STREAMS: '3' }, race: 'supersede', sessions: {} },
  {
    settings: {
      DUPLICATE_POLICY: 'queue',
      DUPLICATE_QUEUE_MAX: '2',
      DUPLICATE_QUEUE_TIMEOUT: '1',
      BACKPRESSURE_MAX_STREAMS: '3',
    },
    race: 'queue',
    sessions: {},
  },
  { settings: { DUPLICATE_POLICY: 'attach', BACKPRESSURE_MAX_STREAMS: '3' }, race: 'attach', sessions: {} },
];

const wanted = process.argv.slice(2);
for (const server of servers) await record(server);

async function record({ settings, sessions, race }) {
  const names = Object.keys(sessions).filter(isWanted);
  const isRace = race !== undefined && isWanted(race);
  if (names.length === 0 && !isRace) return;
  const folder = mkdtempSync(join(tmpdir(), 'recital-recordings-'));
  try {
    const scenarioFile = join(folder, 'scenario.json');
    writeFileSync(scenarioFile, JSON.stringify(scenario));
    const engines = { ANSWER_ENGINE: 'scripted', SPEECH_ENGINE: 'scripted', SCENARIO_FILE: scenarioFile };
    const ports = { GRPC_PORT: '0', HTTP_PORT: '0', LOG_LEVEL: 'error', DATA_DIR: join(folder, 'data') };
    const given = { ...ports, EVENT_LOG_FILES: 'session', ...engines, ...off, ...settings };
    const server = await startServerProcess(given, { env: process.env });
    const client = new StreamingServiceClient(`127.0.0.1:${server.grpcPort}`, credentials.createInsecure());
    for (const name of names) await hold(client, name, sessions[name]);
    if (isRace) await (race === 'race' ? holdRace(client) : holdDuplicates(client));
    client.close();
    await server.stop();
    const logs = logsIn(join(folder, 'data/event-logs'));
    for (const name of names)
      keep(
        name,
        logs.find(({ header }) => header.input.sessionId === name),
      );
    if (isRace)
      keep(
        race,
        logs.find(({ header }) => header.machine === 'supervisor'),
      );
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function isWanted(name) {
  return wanted.length === 0 || wanted.includes(name);
}

/** One session from its start to its end, whatever that is. */
function hold(client, name, { prompt, cancelAfterFrames, cancelAfterMs, interruptAfterFrames, device = name }) {
  const call = client.StreamAudio({ prompt, session_id: name, hardware_id: device });
  let frames = 0;
  if (cancelAfterMs !== undefined) setTimeout(() => call.cancel(), cancelAfterMs);
  return new Promise((resolve) => {
    call.on('data', () => {
      frames += 1;
      if (frames === cancelAfterFrames) call.cancel();
      if (frames === interruptAfterFrames) client.InterruptSession({ hardware_id: name }, () => {});
    });
    call.on('error', () => {});
    call.on('status', resolve);
  });
}

/** Calls that get in each other's way: a session id twice, more than there are slots, an interrupt, a cancel, a welcome beside an answer. */
async function holdRace(client) {
  const at = (name, rest = {}) => hold(client, name, { prompt: 'plain', ...rest });
  await Promise.all([at('twice'), at('twice'), at('other', { prompt: 'long', cancelAfterFrames: 3 }), at('third')]);
  await Promise.all([at('twice', { prompt: 'long', interruptAfterFrames: 2 }), at('again')]);
  await Promise.all([at('greeted', { prompt: 'long', interruptAfterFrames: 4 }), greet(client, 'greeted')]);
}

/** Calls of one session id at once, under whatever policy: their clients stay, leave, or are interrupted; another device has the same id. */
async function holdDuplicates(client) {
  const at = (name, rest = {}) => hold(client, name, { prompt: 'many', ...rest });
  const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
  const behind = async (ms, name, rest) => {
    await pause(ms);
    await at(name, rest);
  };
  // Three of one id and one too many; the first leaves, and who is next comes to its turn.
  await Promise.all([
    at('same', { prompt: 'long', cancelAfterFrames: 8 }),
    behind(40, 'same'),
    behind(60, 'same'),
    behind(80, 'same'),
    behind(90, 'other'),
  ]);
  // A call that waits or listens leaves by itself; another waits in vain, for longer than it may.
  await Promise.all([
    at('left', { prompt: 'long', cancelAfterMs: 2_500 }),
    behind(100, 'left', { prompt: 'many', cancelAfterMs: 200 }),
    behind(150, 'left'),
  ]);
  // An interrupt is one of all of a device: what streams, listens and waits.
  await Promise.all([
    at('stopped', { prompt: 'long' }),
    behind(40, 'stopped', { prompt: 'long' }),
    behind(60, 'stopped', { prompt: 'long' }),
    pause(700).then(() => client.InterruptSession({ hardware_id: 'stopped' }, () => {})),
  ]);
  // A duplicate of another device is refused under each policy.
  await Promise.all([
    at('shared', { prompt: 'long', cancelAfterMs: 400 }),
    behind(60, 'shared', { prompt: 'many', device: 'elsewhere' }),
    behind(100, 'shared', { prompt: 'many', cancelAfterMs: 500 }),
  ]);
}

/** One welcome stream from its start to its end, long enough to be interrupted. */
function greet(client, sessionId) {
  const call = client.GenerateWelcomeAudio({ text: 'Welcome, whoever you are. '.repeat(100), session_id: sessionId });
  return new Promise((resolve) => {
    call.on('data', () => {});
    call.on('error', () => {});
    call.on('status', resolve);
  });
}

function logsIn(folder) {
  const names = readdirSync(folder, { recursive: true }).filter((name) => name.endsWith('.jsonl'));
  return names.map((name) => {
    const path = join(folder, name);
    return { path, header: JSON.parse(readFileSync(path, 'utf8').split('\n', 1)[0]) };
  });
}

function keep(name, log) {
  if (log === undefined) throw new Error(`there is no log of ${name}`);
  const { machine, version } = log.header;
  rmSync(join(into, machine, `${name}-v${version}.jsonl`), { force: true });
  const command = ['dist/cli.js', 'log', 'to-test', log.path, '--name', name, '--into', into, '--pin'];
  const said = execFileSync(process.execPath, command, { cwd: root, encoding: 'utf8' });
  process.stdout.write(`${name}: ${said.split('\n').find((line) => line.includes('today'))}\n`);
}
