/** A real server writes segments: what is in them, what their index says, what becomes of them when it is stopped or killed. */
import { readFileSync, statSync } from 'node:fs';
import { basename, dirname } from 'node:path';
import { expect, test } from 'vitest';
import { endReasonOf } from '../../../src/log/log-reader.ts';
import { type IndexedLog, segmentLineOf } from '../../../src/log/segment-format.ts';
import { ask, connect, start } from '../../support/client.ts';
import { eventually } from '../../support/eventually.ts';
import {
  createLogFolder,
  type FoundLog,
  identical,
  type LogFolder,
  verdictOf,
} from '../../support/replay/log-folder.ts';
import { startServer } from '../../support/server.ts';
import { startServerProcess } from '../../support/server-process.ts';

const SESSIONS = 40;
const scenario = {
  answers: [
    { when: '^hang', steps: [{ say: 'One thing is said. ' }, { hang: true }] },
    { when: '^slow', steps: Array.from({ length: 400 }, () => [{ say: 'One more word. ' }, { wait_ms: 10 }]).flat() },
    { when: '^down', steps: [{ fail: { error_code: 'UNAVAILABLE', message: 'it fell over' } }] },
    { when: '', steps: [{ echo: true }] },
  ],
  speech: { chunks_per_sentence: 2 },
};

function segmentsIn(folder: LogFolder) {
  return { EVENT_LOG_DIR: folder.dir, EVENT_LOG_FILES: 'segment' };
}

/** The index of a segment that has one. */
function indexOf(path: string): readonly IndexedLog[] {
  const lines = readFileSync(path, 'utf8').split('\n').map(segmentLineOf);
  return lines.flatMap((line) => (typeof line !== 'string' && line.kind === 'indexed' ? [line.entry] : []));
}

function reasons(logs: readonly FoundLog[]): string[] {
  return logs.map(({ log }) => endReasonOf(log.footer)).sort();
}

test('all sessions of a server stand in one segment, the server in a file of its own; all replay identically', async () => {
  const folder = createLogFolder();
  const server = await startServer({ scenario, env: segmentsIn(folder) });
  const client = connect(server.grpcPort);
  const prompts = Array.from({ length: SESSIONS }, (_, call) => (call % 8 === 0 ? 'down' : `Good morning, ${call}.`));
  await Promise.all(prompts.map((prompt) => ask(client, { prompt, hardware_id: 'desk-17' })));
  await new Promise<void>((resolve) => {
    const call = client.GenerateWelcomeAudio({ text: 'Welcome to the house.' });
    call.on('data', () => {});
    call.on('error', () => {});
    call.on('status', () => resolve());
  });
  expect(await server.stop()).toBe(0);

  expect(folder.files()).toHaveLength(2);
  const [segment, ...others] = folder.segments();
  if (segment === undefined) throw new Error('there is no segment');
  expect(others).toEqual([]);
  expect(segment).toMatchObject({ isEnded: true, lost: null, header: { pid: process.pid } });
  expect(basename(segment.path)).toMatch(/^\d{6}\.\d{3}-[0-9a-f]{8}\.segment\.jsonl$/);
  expect(basename(dirname(segment.path))).toBe(segment.header?.startedAt.slice(0, 10));
  expect(statSync(segment.path).mode & 0o777).toBe(0o600);

  const sessions = folder.logs();
  expect(sessions).toHaveLength(SESSIONS);
  expect(reasons(sessions).filter((reason) => reason === 'completed')).toHaveLength((SESSIONS * 7) / 8);
  const all = [...sessions, ...folder.logs('welcome'), ...folder.logs('supervisor')];
  expect(all).toHaveLength(SESSIONS + 2);
  for (const found of all) {
    expect(found.log.footer).toMatchObject({ dropped: 0, turns: found.log.turns.length });
    expect(verdictOf(found)).toMatchObject(identical());
  }
  expect(server.logsOf('event_log_failed')).toEqual([]);
  expect(server.logsOf('event_log_unended')).toEqual([]);
});

test('the index says of each log what the log itself says', async () => {
  const folder = createLogFolder();
  const server = await startServer({ scenario, env: segmentsIn(folder) });
  const client = connect(server.grpcPort);
  for (const prompt of ['down', 'Good morning.']) await ask(client, { prompt, hardware_id: 'desk-17' });
  expect(await server.stop()).toBe(0);
  const [segment] = folder.segments();
  const index = indexOf(segment?.path ?? '');
  expect(index).toEqual(
    folder.logs().map(({ name, text, log }, indexed) => ({
      indexed,
      name,
      machine: 'session',
      startedAt: log.header.startedAt,
      streamId: name?.slice('120000.000-'.length),
      sessionId: Reflect.get(Object(log.header.input), 'sessionId'),
      hardwareId: 'desk-17',
      reason: endReasonOf(log.footer),
      state: log.turns.findLast(({ state }) => state !== undefined)?.state,
      durationMs: log.turns.at(-1)?.atMs,
      turns: log.footer?.turns,
      dropped: 0,
      blocks: segment?.logs[indexed]?.pieces.length,
      lines: text.split('\n').length - 1,
      bytes: Buffer.byteLength(text),
      last: expect.any(Number),
    })),
  );
  expect(index.map(({ reason }) => reason)).toEqual(['answer_failed', 'completed']);
});

test('a session that the grace period ended stands in a segment that has its end', async () => {
  const folder = createLogFolder();
  const server = await startServer({ scenario, env: { ...segmentsIn(folder), BACKPRESSURE_GRACE_PERIOD: '0.2' } });
  const running = Array.from({ length: 3 }, () => start(connect(server.grpcPort), { prompt: 'hang' }));
  await Promise.all(running.map(({ firstFrame }) => firstFrame));
  expect(await server.stop()).toBe(0);
  expect(folder.segments()).toMatchObject([{ isEnded: true, lost: null }]);
  expect(reasons(folder.logs())).toEqual(['draining', 'draining', 'draining']);
});

test('what a killed process left is read up to its last lines, and goes by age at the next start', async () => {
  const folder = createLogFolder();
  const server = await startServerProcess({ scenario, env: segmentsIn(folder) });
  const client = connect(server.grpcPort);
  expect((await ask(client, { prompt: 'Good morning.' })).code).toBe('OK');
  const running = Array.from({ length: 5 }, () => start(client, { prompt: 'slow' }));
  await Promise.all(running.map(({ firstFrame }) => firstFrame));
  await eventually(
    () => folder.logs().filter(({ log }) => log.turns.length > 20).length,
    (logs) => logs === 5,
  );
  server.process.kill('SIGKILL');
  await server.exited;

  const [killed] = folder.segments();
  expect(killed).toMatchObject({ isEnded: false });
  expect(reasons(folder.logs())).toEqual(['completed', ...Array.from({ length: 5 }, () => 'no_end')]);
  for (const found of folder.logs()) {
    const isIncomplete = found.log.footer === null;
    expect(verdictOf(found)).toMatchObject(identical({ isIncomplete, turns: found.log.turns.length }));
  }

  const next = await startServer({ scenario, env: { ...segmentsIn(folder), EVENT_LOG_MAX_AGE: '1' } });
  await eventually(
    () => folder.files().includes(killed?.path ?? ''),
    (isThere) => !isThere,
    10_000,
  );
  expect(await next.stop()).toBe(0);
});

test('a start that finds segments of a killed process says so, once, and names the newest', async () => {
  const folder = createLogFolder();
  const server = await startServerProcess({ scenario, env: segmentsIn(folder) });
  await start(connect(server.grpcPort), { prompt: 'hang' }).firstFrame;
  await eventually(
    () => folder.logs().length,
    (logs) => logs === 1,
  );
  // Beside it, another one starts: nobody was killed.
  const beside = await startServer({ scenario, env: segmentsIn(folder) });
  await ask(connect(beside.grpcPort), { prompt: 'Good morning.' });
  expect(await beside.stop()).toBe(0);
  expect(beside.logsOf('event_log_unended')).toEqual([]);
  server.process.kill('SIGKILL');
  await server.exited;

  const next = await startServer({ scenario, env: segmentsIn(folder) });
  const [told, ...more] = await eventually(
    () => next.logsOf('event_log_unended'),
    (lines) => lines.length > 0,
  );
  const [segment] = folder.segments().filter(({ isEnded }) => !isEnded);
  expect(told).toMatchObject({ level: 40, scope: 'replay', ctx: { segments: 1, newest: segment?.path } });
  expect(more).toEqual([]);
  expect(await next.stop()).toBe(0);
});
