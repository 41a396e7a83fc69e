/** What a tab gets of a running server: its list, the lines of its logs as they stand in the files, the files, older sessions. */
import { once } from 'node:events';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { get } from 'node:http';
import { connect as connectSocket } from 'node:net';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { EndedRows } from '../../../src/inspector/feed-format.ts';
import { isBadLog, readLog } from '../../../src/log/log-reader.ts';
import { connect, start, type TestClient } from '../../support/client.ts';
import { eventually } from '../../support/eventually.ts';
import { TAB_TOKEN, Tab, tabHeaders } from '../../support/inspector/tab.ts';
import { startServer } from '../../support/server.ts';
import type { TestServer, TestServerOptions } from '../../support/test-server.ts';

const TOKEN = TAB_TOKEN;
const headers = tabHeaders;

let server: TestServer;
let client: TestClient;
const tabs: Tab[] = [];

function inspected(options: TestServerOptions = {}): Promise<TestServer> {
  const env = { INSPECTOR: 'on', INSPECTOR_TOKEN: TOKEN, ...options.env };
  return startServer({ ...options, env });
}

function open(port: number, query: string): Tab {
  const tab = new Tab(port, query);
  tabs.push(tab);
  return tab;
}

/** The file of a log, as the inspector hands it out. */
async function logText(id: string, query = ''): Promise<string> {
  const url = `http://127.0.0.1:${server.httpPort}/inspect/api/logs/${encodeURIComponent(id)}${query}`;
  const response = await fetch(url, { headers });
  expect(response.status).toBe(200);
  return response.text();
}

const scenario = {
  answers: [
    { when: 'long', steps: [{ say: 'A sentence of some words. ', repeat: 40 }, { wait_ms: 300 }, { say: 'The end.' }] },
    { when: 'hang', steps: [{ say: 'One. ' }, { hang: true }] },
    { when: '', steps: [{ say: 'Yes.' }] },
  ],
  speech: { chunks_per_sentence: 2, ms_per_chunk: 5 },
};

beforeAll(async () => {
  server = await inspected({ scenario });
  client = connect(server.grpcPort);
});
afterAll(() => {
  for (const tab of tabs) tab.close();
  client.close();
});

test('says who it is first, and what it can do', async () => {
  const tab = open(server.httpPort, 'list=1');
  await eventually(
    () => tab.said.length,
    (count) => count >= 2,
  );
  expect(tab.said[0]).toMatchObject({
    kind: 'hello',
    server: {
      grpc: `127.0.0.1:${server.grpcPort}`,
      maxStreams: 50,
      redaction: 'shape',
      hasLogs: true,
      canTry: false,
      run: expect.stringMatching(/^[0-9a-f]{16}$/),
      settings: { SESSION_TIMEOUT: '600', SPEECH_FAILURE: 'degrade', ANSWER_ENGINE: 'scripted' },
    },
  });
  expect(tab.rows.get('supervisor')).toMatchObject({ machine: 'supervisor', isLive: true });
});

test('a session comes into the list, its lines as they stand in its file, and both say how it ended', async () => {
  const list = open(server.httpPort, 'list=1');
  const { outcome } = start(client, { prompt: 'long', session_id: 'followed', hardware_id: 'device' });
  const id = await eventually(
    () => list.row(({ session }) => session === 'followed')?.id ?? '',
    (found) => found !== '',
  );
  const tab = open(server.httpPort, `list=1&log=${id}`);
  expect((await outcome).code).toBe('OK');
  const row = await eventually(
    () => tab.rows.get(id),
    (found) => found?.isLive === false,
  );
  expect(row).toMatchObject({ machine: 'session', device: 'device', reason: 'completed', isFailed: false });
  const { start: waited = 0, model = 0, voice = 0, reader = 0, out = 0 } = row?.waits ?? {};
  const sum = waited + model + voice + reader + out;
  expect(sum).toBeGreaterThan(300);
  expect(sum).toBeLessThanOrEqual((row?.ageMs ?? 0) + 5);
  const lines = await eventually(
    () => tab.lines.get(id) ?? [],
    (found) => found.at(-1)?.includes('"kind":"footer"') === true,
  );
  const file = await eventually(
    () => logText(id),
    (found) => found.includes('"kind":"footer"'),
  );
  const [first] = tab.said.filter((line) => line.kind === 'lines');
  expect(first).toMatchObject({ log: id, count: 0 });
  const from = first?.kind === 'lines' ? first.from : -1;
  expect(from).toBeGreaterThan(0);
  // Live lines and those of the file join to the very file.
  expect([...file.split('\n').slice(0, from), ...lines, ''].join('\n')).toBe(file);
  const log = readLog(file);
  expect(isBadLog(log)).toBe(false);
  expect(row?.turns).toBe(isBadLog(log) ? 0 : log.turns.length);
  expect(await logText(id, '?from=3')).toBe(file.split('\n').slice(3).join('\n'));
  expect(await logText(id, '?from=100000')).toBe('');
});

test("the supervisor's log is watched as any other, and a welcome is a row", async () => {
  const tab = open(server.httpPort, 'list=1&log=supervisor');
  await eventually(
    () => tab.said.length,
    (count) => count >= 2,
  );
  const welcome = client.GenerateWelcomeAudio({ text: 'Hello there.', session_id: 'w1' });
  welcome.on('data', () => {}).on('error', () => {});
  await eventually(
    () => tab.row(({ machine, session }) => machine === 'welcome' && session === 'w1')?.reason,
    (reason) => reason === 'completed',
  );
  await eventually(
    () => tab.lines.get('supervisor')?.join(''),
    (lines) => lines?.includes('"welcome.requested"') === true && lines.includes('"stream.released"'),
  );
});

test('a log that is nowhere is said to be none', async () => {
  const tab = open(server.httpPort, 'log=nobody&log=..%2F..%2Fetc%2Fpasswd');
  await eventually(
    () => tab.said.filter(({ kind }) => kind === 'no-log'),
    (said) => said.length === 2,
  );
});

test('totals tell slots and refusals by their reasons', async () => {
  const tab = open(server.httpPort, 'list=1');
  const running = start(client, { prompt: 'hang', session_id: 'hanging' });
  await running.firstFrame;
  const refused = await start(client, { prompt: 'hang', session_id: 'hanging' }).outcome;
  expect(refused.errorType).toBe('concurrent_request');
  await eventually(
    () => tab.said.filter((line) => line.kind === 'list').at(-1),
    (line) =>
      line?.kind === 'list' &&
      line.totals.slots === 1 &&
      line.totals.refusedBy.concurrent_request === 1 &&
      line.totals.refused === 1,
  );
  running.call.cancel();
  await running.outcome;
});

test('no more than 32 tabs watch at once, and one that left makes room', async () => {
  const many = Array.from({ length: 40 }, () => open(server.httpPort, 'list=1'));
  const url = `http://127.0.0.1:${server.httpPort}/inspect/api/feed`;
  const full = await eventually(
    () => fetch(url, { headers, method: 'GET', signal: AbortSignal.timeout(5_000) }),
    ({ status, body }) => {
      if (status !== 503) void body?.cancel();
      return status === 503;
    },
  );
  expect(await full.json()).toEqual({ error: expect.stringContaining('32 tabs') });
  for (const tab of many) tab.close();
  const next = await eventually(
    () => fetch(url, { headers }),
    ({ status }) => status === 200,
  );
  await next.body?.cancel();
});

test('what waits on a connection behind a feed is let go with it, be it a hundred feeds', async () => {
  const request = (path: string) =>
    `GET /inspect/api/${path} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer ${TOKEN}\r\n\r\n`;
  const socket = connectSocket(server.httpPort, '127.0.0.1');
  socket.write(request('feed') + request('feed').repeat(100) + request('logs/supervisor').repeat(100));
  await once(socket, 'data');
  socket.destroy();
  for (const path of ['feed', 'logs/supervisor']) {
    const answer = await eventually(
      () => fetch(`http://127.0.0.1:${server.httpPort}/inspect/api/${path}`, { headers }),
      ({ status }) => status === 200,
    );
    await answer.body?.cancel();
  }
});

test('an answer behind another on the same connection comes in its turn', async () => {
  const socket = connectSocket(server.httpPort, '127.0.0.1');
  const head = `Host: localhost\r\nAuthorization: Bearer ${TOKEN}\r\n`;
  const one = `GET /inspect/api/logs/supervisor HTTP/1.1\r\n${head}`;
  socket.write(`${one}\r\n${one}\r\n${one}Connection: close\r\n\r\n`);
  const answers = await text(socket);
  expect(answers.match(/HTTP\/1\.1 200 OK/g)).toHaveLength(3);
  expect(answers.match(/"kind":"header"/g)).toHaveLength(3);
});

describe('after a restart', () => {
  test('older sessions are in the list, their logs can be had, and the ones before those are asked for', async () => {
    const dir = join(server.dataDir, 'old-logs');
    const recordings = join('test', 'recordings');
    const [name = ''] = readdirSync(recordings, { recursive: true, encoding: 'utf8' }).filter((each) =>
      each.endsWith('.jsonl'),
    );
    const recorded = readFileSync(join(recordings, name), 'utf8');
    const days = ['2026-01-29', '2026-01-30', '2026-01-31'];
    for (const day of days) mkdirSync(join(dir, day), { recursive: true });
    writeFileSync(join(dir, days[2] ?? '', '120000.000-not_a_log.jsonl'), 'hello\n');
    writeFileSync(join(dir, days[2] ?? '', 'notes.txt'), 'hello\n');
    for (const day of days) {
      for (let index = 0; index < 200; index += 1) {
        writeFileSync(
          join(
            dir,
            day,
            `1200${String(index % 60).padStart(2, '0')}.${String(index).padStart(3, '0')}-s${index}.jsonl`,
          ),
          recorded,
        );
      }
    }
    const next = await inspected({ env: { EVENT_LOG_DIR: dir, EVENT_LOG_MAX_AGE: '315360000' } });
    const tab = open(next.httpPort, 'list=1');
    await eventually(
      () => tab.rows.size,
      (size) => size === 500,
    );
    const list = tab.said.filter((line) => line.kind === 'list').at(-1);
    expect(list?.kind === 'list' ? list.more : 0).toBe(101);
    const old = tab.row(({ isLive }) => !isLive);
    expect(old).toMatchObject({ reason: expect.stringMatching(/./), turns: expect.any(Number), waits: null });
    const base = `http://127.0.0.1:${next.httpPort}/inspect/api`;
    const file = await fetch(`${base}/logs/${encodeURIComponent(old?.id ?? '')}`, { headers });
    expect(await file.text()).toBe(recorded);
    // Page by page to the beginning: each row once, none left out.
    const seen = new Set<string>();
    let before = '2026-02-01T00:00:00.000Z';
    for (;;) {
      const response = await fetch(`${base}/ended?before=${before}&limit=90`, { headers });
      const { rows, more }: EndedRows = JSON.parse(await response.text());
      for (const { id } of rows) expect(seen.has(id)).toBe(false);
      for (const { id } of rows) seen.add(id);
      if (more === 0) break;
      before = placeTime(rows.at(-1)?.id ?? '');
    }
    expect(seen.size).toBe(600);
    const response = await fetch(`${base}/ended?unlisted=1&limit=500`, { headers });
    const { rows, more }: EndedRows = JSON.parse(await response.text());
    expect([rows.length, more, rows.filter(({ id }) => tab.rows.has(id))]).toEqual([101, 0, []]);
    await next.stop();
  });
});

/** The recordings all began at one time; the ids tell where these files stand. */
function placeTime(id: string): string {
  const [day = '', time = '', ms = ''] = id.split('.');
  return `${day}T${time.slice(0, 2)}:${time.slice(2, 4)}:${time.slice(4, 6)}.${ms.slice(0, 3)}Z`;
}

test('with EVENT_LOG=off there is the list alone, and a log is told why it can not be had', async () => {
  const bare = await inspected({ scenario, env: { EVENT_LOG: 'off' } });
  const other = connect(bare.grpcPort);
  const tab = open(bare.httpPort, 'list=1&log=supervisor');
  expect((await start(other, { prompt: 'x', session_id: 'bare' }).outcome).code).toBe('OK');
  const row = await eventually(
    () => tab.row(({ session }) => session === 'bare'),
    (found) => found?.isLive === false,
  );
  expect(row).toMatchObject({ reason: 'completed', turns: expect.any(Number) });
  expect(tab.said[0]).toMatchObject({ kind: 'hello', server: { hasLogs: false } });
  expect(tab.said).toContainEqual({ kind: 'no-log', log: 'supervisor', why: 'EVENT_LOG is off: there are no logs' });
  const response = await fetch(`http://127.0.0.1:${bare.httpPort}/inspect/api/logs/supervisor`, { headers });
  expect([response.status, await response.json()]).toEqual([404, { error: 'EVENT_LOG is off: there are no logs' }]);
  other.close();
  await bare.stop();
});

test('a server that stops ends its feeds, waits for none of them, not even for one that never reads', async () => {
  const leaving = await inspected({ scenario });
  const tab = open(leaving.httpPort, 'list=1&log=supervisor');
  const deaf = get({
    host: '127.0.0.1',
    port: leaving.httpPort,
    path: '/inspect/api/feed?list=1',
    headers,
    agent: false,
  });
  deaf.on('error', () => {});
  await new Promise((resolve) => deaf.once('response', resolve));
  await eventually(
    () => tab.said.length,
    (count) => count >= 2,
  );
  const startedAt = performance.now();
  expect(await leaving.stop()).toBe(0);
  expect(performance.now() - startedAt).toBeLessThan(5_000);
  await tab.closed;
});

describe('POST try', () => {
  let ready: TestServer;
  beforeAll(async () => {
    ready = await inspected({ scenario, env: { INSPECTOR_TRY: 'on' } });
  });
  const ask = (body: string, more: Readonly<Record<string, string>> = {}, signal?: AbortSignal): Promise<Response> =>
    fetch(`http://127.0.0.1:${ready.httpPort}/inspect/api/try`, {
      method: 'POST',
      headers: { ...headers, 'content-type': 'application/json', ...more },
      body,
      ...(signal !== undefined && { signal }),
    });
  const linesOf = async (response: Response): Promise<readonly Readonly<Record<string, unknown>>[]> =>
    (await response.text())
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));

  test('asks the server as a client does, and tells its answer as it came', async () => {
    const lines = await linesOf(await ask(JSON.stringify({ prompt: 'x', hardware_id: 'page' })));
    const session = lines[0]?.session;
    expect(lines.map(({ kind }) => kind)).toEqual([
      'started',
      'text_chunk',
      'audio_chunk',
      'audio_chunk',
      'end_message',
      'status',
    ]);
    expect(lines[1]).toEqual({ kind: 'text_chunk', text: 'Yes.' });
    expect(Buffer.from(String(lines[2]?.pcm), 'base64')).toHaveLength(4096);
    expect(lines.at(-1)).toEqual({ kind: 'status', code: 'OK', details: 'OK', errorType: null });
    expect(ready.logsOf('stream_acquired').map(({ ctx }) => [ctx?.session_id, ctx?.hardware_id])).toContainEqual([
      session,
      'page',
    ]);
  });

  test('tells a refusal as a client gets it', async () => {
    const lines = await linesOf(await ask('{"prompt":""}'));
    expect(lines.at(-1)).toMatchObject({ kind: 'status', code: 'INVALID_ARGUMENT', errorType: 'empty_prompt' });
  });

  test('is one at a time, and a page that goes away takes its question back', async () => {
    const leave = new AbortController();
    await ask('{"prompt":"hang"}', {}, leave.signal);
    const second = await ask('{"prompt":"x"}');
    expect([second.status, await second.json()]).toEqual([409, { error: expect.stringContaining('one at a time') }]);
    leave.abort();
    // It may ask another one at once.
    const third = await ask('{"prompt":"x"}');
    expect(await third.text()).toContain('"code":"OK"');
    await eventually(
      () => ready.status(),
      ({ active_streams }) => active_streams === 0,
    );
  });

  test('a question that is taken back while it waits for its turn holds up nobody', async () => {
    const [leave, leaveSecond] = [new AbortController(), new AbortController()];
    await ask('{"prompt":"hang"}', {}, leave.signal);
    const second = ask('{"prompt":"x"}', {}, leaveSecond.signal).catch(() => null);
    await delay(50);
    leaveSecond.abort();
    expect(await second).toBeNull();
    await delay(50);
    leave.abort();
    const third = await ask('{"prompt":"x"}');
    expect(await third.text()).toContain('"code":"OK"');
  });

  test.each([
    ['no JSON', 'x', {}, 400],
    ['a list', '[]', {}, 400],
    ['no prompt', '{}', {}, 400],
    ['a prompt that is no text', '{"prompt":1}', {}, 400],
    ['a screenshot that is no text', '{"prompt":"x","screenshot":{}}', {}, 400],
    ['a form', 'prompt=x', { 'content-type': 'text/plain' }, 415],
    ['another origin', '{"prompt":"x"}', { origin: 'http://evil.example' }, 403],
    ['too much', `{"prompt":"${'x'.repeat(16 * 1024 * 1024)}"}`, {}, 413],
  ])('%s is refused in words', async (_, body, more, status) => {
    const response = await ask(body, more).catch(() => null);
    // A body that is too large may be cut off before its sender looks for the answer.
    if (response === null) expect(status).toBe(413);
    else expect([response.status, Object.keys(JSON.parse(await response.text()))]).toEqual([status, ['error']]);
  });
});
