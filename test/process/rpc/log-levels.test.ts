/**
 * A call that failed has one line in the log, as loud as it matters (CONTRACT §2): over every rpc, every way to be refused, every way to
 * end a stream, and what gRPC's own library refuses before anything of ours has read it.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { rmSync } from 'node:fs';
import { connect as connectHttp2 } from 'node:http2';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ask, connect, interrupt, start, type TestClient, welcome } from '../../support/client.ts';
import { reportUsage } from '../../support/contract/other-rpcs.ts';
import { eventually } from '../../support/eventually.ts';
import { startServer } from '../../support/server.ts';
import { type LogLine, makePlace, type TestServer } from '../../support/test-server.ts';

const scenario = {
  answers: [
    { when: '^hang', steps: [{ say: 'One is here. Two' }, { hang: true }] },
    { when: '^down', steps: [{ fail: { error_code: 'UNAVAILABLE', message: 'model is down' } }] },
    { when: '^quota', steps: [{ fail: { error_code: 'PERMISSION_DENIED', message: 'no more' } }] },
    { when: '^empty', steps: [] },
    { when: '', steps: [{ say: 'One is here. Two is here. Three is here.' }] },
  ],
  speech: { chunks_per_sentence: 2 },
};
const levels: Readonly<Record<number, string>> = { 30: 'info', 40: 'warn', 50: 'error' };
const MIB = 1024 * 1024;

/** `warn reject empty_prompt`. */
function inShort({ level, decision, ctx }: LogLine): string {
  return `${levels[level]} ${decision} ${ctx?.reason ?? ctx?.error_type}`;
}

/** What the log says of the call beside the life of its stream, once `isOver` has been seen. */
async function said(server: TestServer, since: number, isMine: (line: LogLine) => boolean): Promise<readonly string[]> {
  const life = ['stream_acquired', 'stream_released', 'end', 'ready', 'interrupt'];
  const lines = () => server.logs.slice(since).filter((line) => isMine(line) && !life.includes(String(line.decision)));
  await eventually(lines, (found) => found.length > 0);
  // A second line would be written in the turn of the first.
  await new Promise((resolve) => setImmediate(resolve));
  return lines().map(inShort);
}

describe('a call that fails has one line', () => {
  let server: TestServer;
  let client: TestClient;
  beforeAll(async () => {
    server = await startServer({ scenario, env: { BACKPRESSURE_MAX_STREAMS: '2', COLLECT_MAX_CHARS: '10' } });
    client = connect(server.grpcPort);
  });
  afterAll(() => client.close());

  async function besideHanging(count: number, during: () => Promise<unknown>): Promise<void> {
    const running = Array.from({ length: count }, (_, at) =>
      start(client, { prompt: 'hang', session_id: `busy-${at}` }),
    );
    await Promise.all(running.map(({ firstFrame }) => firstFrame));
    await during();
    for (const { call } of running) call.cancel();
    await Promise.all(running.map(({ outcome }) => outcome));
  }

  const mine = { session_id: 'mine', hardware_id: 'pc' };
  const rows: readonly (readonly [line: string, what: string, happens: () => Promise<unknown>])[] = [
    ['warn reject empty_prompt', 'no words', () => ask(client, { ...mine, prompt: ' ' })],
    ['warn reject invalid_screenshot', 'no image', () => ask(client, { ...mine, prompt: 'hi', screenshot: 'none' })],
    ['warn reject request_too_large', 'a long prompt', () => ask(client, { ...mine, prompt: 'x'.repeat(40_000) })],
    ['warn reject request_too_large', '17 MiB', () => ask(client, { ...mine, prompt: 'x'.repeat(17 * MIB) })],
    ['warn reject overloaded', 'a COLLECT', () => ask(client, { ...mine, phase: 1, chunk_text: 'eleven chars' })],
    ['warn reject invalid_hardware_id', 'an id', () => ask(client, { ...mine, prompt: 'hi', hardware_id: 'a b' })],
    [
      'warn reject concurrent_request',
      'a duplicate',
      () => besideHanging(1, () => ask(client, { prompt: 'hi', hardware_id: 'pc', session_id: 'busy-0' })),
    ],
    [
      'warn reject stream_limit_exceeded',
      'a full house',
      () => besideHanging(2, () => ask(client, { ...mine, prompt: 'hi' })),
    ],
    [
      'warn reject stream_limit_exceeded',
      'a welcome',
      () => besideHanging(2, () => welcome(client, { session_id: 'mine' })),
    ],
    ['warn reject invalid_request', 'the voice of a welcome', () => welcome(client, { ...mine, voice: 'a\tb' })],
    ['warn reject invalid_request', 'a report', () => reportUsage(client, { ...mine, input_tokens: -1 })],
    ['warn error access_denied', 'a quota of the model', () => ask(client, { ...mine, prompt: 'quota' })],
    ['error error answer_failed', 'the model is down', () => ask(client, { ...mine, prompt: 'down' })],
    ['error error empty_answer', 'nothing to say', () => ask(client, { ...mine, prompt: 'empty' })],
    [
      'info error client_cancelled',
      'a cancel',
      async () => {
        const { call, firstFrame, outcome } = start(client, { ...mine, prompt: 'hang' });
        await firstFrame;
        call.cancel();
        await outcome;
      },
    ],
    [
      'info error client_cancelled',
      "the client's deadline",
      () => start(client, { ...mine, prompt: 'hang' }, { deadlineMs: 100 }).outcome,
    ],
    [
      'info error interrupted',
      'an interrupt',
      async () => {
        const { firstFrame, outcome } = start(client, { ...mine, prompt: 'hang' });
        await firstFrame;
        await interrupt(client, 'pc');
        await outcome;
      },
    ],
  ];

  test.each(rows)('%s: %s', async (line, _, happens) => {
    const since = server.logs.length;
    const streams = new Set<unknown>();
    await happens();
    const isMine = ({ ctx, decision }: LogLine) => {
      const isOther = String(ctx?.session_id).startsWith('busy-') && decision !== 'reject';
      if (!isOther) streams.add(ctx?.stream_id);
      return !isOther;
    };
    expect(await said(server, since, isMine)).toEqual([line]);
    expect([...streams].filter((id) => id !== undefined)).toHaveLength(1);
  });

  test('a refused interrupt', async () => {
    const since = server.logs.length;
    await interrupt(client, 'UNKNOWN').catch(() => {});
    expect(await said(server, since, () => true)).toEqual(['warn reject invalid_hardware_id']);
  });

  test('and a hundred that fail have a hundred', async () => {
    const since = server.logs.length;
    await Promise.all(Array.from({ length: 100 }, () => ask(client, { ...mine, prompt: ' ' })));
    const lines = () => server.logs.slice(since);
    await eventually(lines, (found) => found.length >= 100);
    expect(lines().map(inShort)).toEqual(Array(100).fill('warn reject empty_prompt'));
  });

  test('also where gRPC itself refuses it: 21 MiB', async () => {
    const since = server.logs.length;
    expect((await ask(client, { prompt: 'x'.repeat(21 * MIB) })).code).toBe('RESOURCE_EXHAUSTED');
    expect(await said(server, since, () => true)).toEqual(['warn error transport']);
    expect(server.logs.at(-1)).toMatchObject({
      scope: 'grpc',
      method: 'StreamAudio',
      ctx: { error_code: 'RESOURCE_EXHAUSTED', grpc_status: 8, details: expect.stringContaining('larger than max') },
    });
  });

  test.each([
    {
      what: 'what can not be decoded',
      path: 'InterruptSession',
      body: frame(Buffer.from([0xff])),
      code: 'INTERNAL',
    },
    { what: 'an rpc that does not exist', path: 'Nothing', body: frame(Buffer.alloc(0)), code: 'UNIMPLEMENTED' },
    { what: 'an unknown compression', path: 'ReportUsage', body: frame(Buffer.alloc(3), 1), code: 'UNIMPLEMENTED' },
  ])('also where gRPC itself refuses it: $what', async ({ path, body, code }) => {
    const since = server.logs.length;
    await post(server.grpcPort, `/streaming.StreamingService/${path}`, body);
    expect(await said(server, since, () => true)).toEqual(['warn error transport']);
    expect(server.logs.at(-1)).toMatchObject({ method: path, ctx: { error_code: code } });
  });

  test('and nothing of a path that is not ours', async () => {
    const since = server.logs.length;
    await post(server.grpcPort, '/scanner.of.Ports/Look', frame(Buffer.alloc(0)));
    await post(server.grpcPort, '/streaming.StreamingService/Nothing', frame(Buffer.alloc(0)));
    expect(await said(server, since, () => true)).toEqual(['warn error transport']);
  });
});

describe('a stream that breaks a bound while it runs has one line', () => {
  test('of the rate limit: its reject', async () => {
    const server = await startServer({ scenario, env: { BACKPRESSURE_MAX_RATE: '4' } });
    const client = connect(server.grpcPort);
    expect((await ask(client, { prompt: 'many' })).errorType).toBe('rate_limit_exceeded');
    expect(await said(server, 0, () => true)).toEqual(['warn reject rate_limit_exceeded']);
    client.close();
  });

  test('of the idle timeout: a warning beside that of its measured time', async () => {
    const server = await startServer({ scenario, env: { BACKPRESSURE_IDLE_TIMEOUT: '0.3' } });
    const client = connect(server.grpcPort);
    expect((await ask(client, { prompt: 'hang' })).errorType).toBe('stream_idle_timeout');
    expect(await said(server, 0, ({ decision }) => decision === 'error')).toEqual(['warn error stream_idle_timeout']);
    client.close();
  });
});

test("a drain is nobody's fault: what it refuses and what it ends are told at info", async () => {
  const server = await startServer({ scenario, env: { BACKPRESSURE_GRACE_PERIOD: '0.5' } });
  const client = connect(server.grpcPort);
  const running = start(client, { prompt: 'hang', session_id: 'ended' });
  await running.firstFrame;
  server.shutDown();
  const refused = await ask(client, { prompt: 'hi', session_id: 'late' });
  expect([refused.errorType, (await running.outcome).errorType]).toEqual(['draining', 'draining']);
  await server.exited;
  const lines = server.logs.filter(({ decision }) => decision === 'reject' || decision === 'error');
  expect(lines.map((line) => `${line.ctx?.session_id}: ${inShort(line)}`)).toEqual([
    'late: info reject draining',
    'ended: info error draining',
  ]);
  client.close();
});

/** A gRPC message. */
function frame(message: Buffer, compressed = 0): Buffer {
  const head = Buffer.alloc(5);
  head.writeUInt8(compressed, 0);
  head.writeUInt32BE(message.length, 1);
  return Buffer.concat([head, message]);
}

/** A call by hand; resolves when it is over. */
async function post(port: number, path: string, body: Buffer): Promise<void> {
  const session = connectHttp2(`http://127.0.0.1:${port}`);
  const headers = { ':method': 'POST', ':path': path, 'content-type': 'application/grpc', te: 'trailers' };
  const stream = session.request({ ...headers, 'grpc-encoding': 'no-such' });
  stream.end(body);
  stream.resume();
  await once(stream, 'close');
  session.close();
}

/** The lines of a server that was started so, from the first to the ready line, with those of its workers. */
async function linesUntilReady(env: Readonly<Record<string, string>>): Promise<readonly string[]> {
  const place = makePlace({ scenario, env });
  const cli = fileURLToPath(new URL('../../../dist/cli.js', import.meta.url));
  const child = spawn(process.execPath, [cli, 'serve'], {
    env: { PATH: process.env.PATH, ...place.env },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const ended = once(child, 'exit');
  const lines: string[] = [];
  for await (const line of createInterface(child.stdout)) {
    lines.push(line);
    if (line.includes('is ready') || line.includes('"ready"') || line.includes(' ready ')) child.kill('SIGTERM');
  }
  expect((await ended)[0]).toBe(0);
  rmSync(place.dir, { recursive: true, force: true });
  return lines;
}

test('LOG_FORMAT=pretty writes lines for people, without colours where no terminal is', async () => {
  const lines = await linesUntilReady({ LOG_FORMAT: 'pretty', LOG_LEVEL_NAMES: 'on' });
  expect(lines.some((line) => /^\d\d:\d\d:\d\d\.\d{3} info {2}server\.serve ready {2}/.test(line))).toBe(true);
  for (const line of lines) expect(line).toMatch(/^\d\d:\d\d:\d\d\.\d{3} (debug|info|warn|error) +\w+\.\w+ \w+ {2}\S/);
});

test('LOG_LEVEL_NAMES=on: words and ISO 8601, also in the lines of workers', async () => {
  const lines = await linesUntilReady({ LOG_LEVEL_NAMES: 'on', LOG_LEVEL: 'debug', WORKERS: '2' });
  const entries = lines.map((line) => JSON.parse(line));
  expect(entries.some(({ decision }) => decision === 'ready')).toBe(true);
  for (const { level, time } of entries) {
    expect(level).toMatch(/^(debug|info|warn|error)$/);
    expect(new Date(time).toISOString()).toBe(time);
  }
});
