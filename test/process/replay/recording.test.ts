/** A real server writes its event logs: which files, with what rights, whole or told to be cut, and with which of people's words. */
import { readFileSync, statSync } from 'node:fs';
import { basename, dirname } from 'node:path';
import { expect, test } from 'vitest';
import { ask, connect, interrupt, start } from '../../support/client.ts';
import { eventually } from '../../support/eventually.ts';
import { createLogFolder, identical, verdictOf } from '../../support/replay/log-folder.ts';
import { startServer } from '../../support/server.ts';
import { startServerProcess } from '../../support/server-process.ts';

const HARDWARE_ID = 'desk-17';
const scenario = {
  answers: [
    { when: '^hang', steps: [{ say: 'One thing is said. ' }, { hang: true }] },
    { when: '^slow', steps: Array.from({ length: 400 }, () => [{ say: 'One more word. ' }, { wait_ms: 10 }]).flat() },
    { when: '^down', steps: [{ fail: { error_code: 'UNAVAILABLE', message: 'the plumber Zygmunt fell over' } }] },
    {
      when: 'Petrograd',
      steps: [
        { say: '{"text": "Certainly, Barnaby. The zeppelin lands at noon.", "command": "send_message", "args": ' },
        { say: '{"contact": "Quentin", "message": "Bring the marmalade"}}' },
      ],
    },
    { when: '', steps: [{ echo: true }] },
  ],
  speech: { chunks_per_sentence: 2 },
};

/** A flush and the way to the disk: what a killed process may lose. */
const MAX_LOST_MS = 50;
/** The middle of a session: it would have 800 turns. */
const MIN_LINES = 60;

test('with EVENT_LOG_FILES=session each session has one file, the server has one; all replay identically', async () => {
  const folder = createLogFolder();
  const server = await startServer({ scenario, env: { EVENT_LOG_DIR: folder.dir, EVENT_LOG_FILES: 'session' } });
  const client = connect(server.grpcPort);
  for (let call = 0; call < 5; call += 1) await ask(client, { prompt: 'Good morning.', hardware_id: HARDWARE_ID });
  await ask(client, { prompt: 'down' });
  const hanging = start(client, { prompt: 'hang', hardware_id: HARDWARE_ID });
  await hanging.firstFrame;
  await interrupt(client, HARDWARE_ID);
  const left = start(client, { prompt: 'hang' });
  await left.firstFrame;
  left.call.cancel();
  await left.outcome;
  expect(await server.stop()).toBe(0);

  const sessions = folder.logs();
  expect(sessions.map(({ log }) => log.footer?.reason).sort()).toEqual([
    'answer_failed',
    'client_cancelled',
    ...Array.from({ length: 5 }, () => 'completed'),
    'interrupted',
  ]);
  const [supervisor, ...others] = folder.logs('supervisor');
  expect(others).toEqual([]);
  expect(basename(supervisor?.path ?? '')).toMatch(/^\d{6}\.\d{3}-\d+-supervisor\.jsonl$/);
  const types = supervisor?.log.turns.map(({ event }) => event.type) ?? [];
  expect(types.filter((type) => type === 'stream.requested')).toHaveLength(8);
  expect(types.filter((type) => type === 'stream.released')).toHaveLength(8);
  expect(folder.files()).toHaveLength(9);
  for (const found of [...sessions, ...folder.logs('supervisor')]) {
    expect(found.log.footer).toMatchObject({ dropped: 0, turns: found.log.turns.length });
    expect(verdictOf(found)).toMatchObject(identical());
  }
  expect(server.logsOf('event_log_failed')).toEqual([]);
});

test('a log is found by its day, its stream and its ids, and nobody else may read it', async () => {
  const folder = createLogFolder();
  const server = await startServer({ scenario, env: { EVENT_LOG_DIR: folder.dir, EVENT_LOG_FILES: 'session' } });
  await ask(connect(server.grpcPort), { prompt: 'Good morning.', session_id: '../../etc', hardware_id: HARDWARE_ID });
  await server.stop();

  const [found] = folder.logs();
  const path = found?.path ?? '';
  const day = dirname(path);
  expect(dirname(day)).toBe(folder.dir);
  const startedAt = found?.log.header.startedAt ?? '';
  expect(basename(day)).toBe(startedAt.slice(0, 10));
  const input: unknown = found?.log.header.input;
  expect(input).toMatchObject({ sessionId: '../../etc', hardwareId: HARDWARE_ID });
  expect(basename(path)).toMatch(/^\d{6}\.\d{3}-[0-9a-f-]{36}\.jsonl$/);
  expect(input).toMatchObject({ streamId: basename(path, '.jsonl').slice(11) });
  expect([statSync(path), statSync(day), statSync(folder.dir)].map(({ mode }) => mode & 0o777)).toEqual([
    0o600, 0o700, 0o700,
  ]);
});

test('a welcome stream has a log of its own', async () => {
  const folder = createLogFolder();
  const server = await startServer({ scenario, env: { EVENT_LOG_DIR: folder.dir } });
  const client = connect(server.grpcPort);
  await new Promise<void>((resolve) => {
    const call = client.GenerateWelcomeAudio({ text: 'Welcome to the house. Come in, please.' });
    call.on('data', () => {});
    call.on('error', () => {});
    call.on('status', () => resolve());
  });
  await server.stop();
  const [found] = folder.logs('welcome');
  expect(found?.log.footer).toMatchObject({ status: 'done', reason: 'completed' });
  if (found === undefined) throw new Error('there is no log');
  expect(verdictOf(found)).toMatchObject(identical());
});

test('a session that the grace period ended has its footer, too', async () => {
  const folder = createLogFolder();
  const env = { EVENT_LOG_DIR: folder.dir, BACKPRESSURE_GRACE_PERIOD: '0.2' };
  const server = await startServer({ scenario, env });
  const running = Array.from({ length: 3 }, () => start(connect(server.grpcPort), { prompt: 'hang' }));
  await Promise.all(running.map(({ firstFrame }) => firstFrame));
  expect(await server.stop()).toBe(0);
  const logs = folder.logs();
  expect(logs.map(({ log }) => log.footer)).toMatchObject(
    Array.from({ length: 3 }, () => ({ status: 'done', reason: 'draining' })),
  );
  for (const found of logs) expect(verdictOf(found)).toMatchObject(identical());
});

test.each(['segment', 'session'])(
  'a killed process loses at most its last flush, and the log says that it is cut: a %s',
  async (files) => {
    const folder = createLogFolder();
    const server = await startServerProcess({ scenario, env: { EVENT_LOG_DIR: folder.dir, EVENT_LOG_FILES: files } });
    const running = start(connect(server.grpcPort), { prompt: 'slow' });
    await running.firstFrame;
    await eventually(
      () => longestOf(folder.files()),
      (lines) => lines > MIN_LINES,
    );
    server.process.kill('SIGKILL');
    const killedAtMs = Date.now();
    await server.exited;

    const [session] = folder.logs();
    const [supervisor] = folder.logs('supervisor');
    if (session === undefined || supervisor === undefined) throw new Error('a log is missing');
    expect(session.log.footer).toBeNull();
    expect(supervisor.log.footer).toBeNull();
    expect(verdictOf(session)).toMatchObject(identical({ isIncomplete: true, turns: session.log.turns.length }));
    expect(verdictOf(supervisor)).toMatchObject(identical({ isIncomplete: true }));
    const lastAtMs = Date.parse(session.log.header.startedAt) + (session.log.turns.at(-1)?.atMs ?? 0);
    // A turn comes every 10 ms or so; the rest of the bound is for a busy machine, where the flush waits for the processor, too.
    expect(killedAtMs - lastAtMs).toBeLessThan(MAX_LOST_MS * 5);
  },
);

/** Lines of the longest file. */
function longestOf(paths: readonly string[]): number {
  return Math.max(...paths.map((path) => readFileSync(path, 'utf8').split('\n').length));
}

test('switched off, nothing is written', async () => {
  const folder = createLogFolder();
  const server = await startServer({ scenario, env: { EVENT_LOG: 'off', EVENT_LOG_DIR: folder.dir } });
  await ask(connect(server.grpcPort), { prompt: 'Good morning.' });
  expect((await server.status()).event_log).toBeNull();
  await server.stop();
  expect(() => folder.files()).toThrow('ENOENT');
});

const PROMPT = 'Tell Quentin of Petrograd';
/** What was said, heard, ordered or told in a failure. */
const words = ['Petrograd', 'Barnaby', 'zeppelin', 'noon', 'Quentin', 'marmalade', 'plumber', 'Zygmunt'];

async function recordWords(redaction: 'shape' | 'full'): Promise<string> {
  const folder = createLogFolder();
  const env = { EVENT_LOG_DIR: folder.dir, EVENT_LOG_REDACTION: redaction };
  const server = await startServer({ scenario, env });
  const client = connect(server.grpcPort);
  await ask(client, { prompt: PROMPT });
  await ask(client, { prompt: 'down' });
  await ask(client, { prompt: `Again ${words.join(' ')}` });
  await server.stop();
  for (const found of folder.logs()) expect(verdictOf(found)).toMatchObject(identical());
  expect(folder.logs()).toHaveLength(3);
  return folder
    .files()
    .map((path) => readFileSync(path, 'utf8'))
    .join('');
}

test('by shape, no word that anyone said or heard stands in any file', async () => {
  const text = (await recordWords('shape')).toLowerCase();
  expect(words.filter((word) => text.includes(word.toLowerCase()))).toEqual([]);
});

test('in full, the words are there', async () => {
  const text = await recordWords('full');
  expect(words.filter((word) => !text.includes(word))).toEqual([]);
});
