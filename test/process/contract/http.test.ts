/** CONTRACT §2, HTTP: /health, /ready and /status by their fields, in service and while draining. */
import { once } from 'node:events';
import { createServer } from 'node:net';
import { describe, expect, test } from 'vitest';
import { ask, type CallOutcome, connect, interrupt, start } from '../../support/client.ts';
import { expectSeen, says } from '../../support/contract/contract-rows.ts';
import { served } from '../../support/contract/served.ts';
import { eventually } from '../../support/eventually.ts';
import { startServer } from '../../support/server.ts';
import type { TestServer } from '../../support/test-server.ts';

const SENTENCE = 'One more is here. ';
/** So many that their sound does not fit on the way to a client that does not read: its stream lasts until it reads on. */
const SENTENCES = 150;

const scenario = {
  answers: [
    { when: '^hang', steps: [...says('One is here. Two'), { hang: true }] },
    { when: '^whole book', steps: [{ say: SENTENCE, repeat: SENTENCES }] },
    { when: '^open', steps: [{ command: { command: 'open_app', args: { app_name: 'Safari' } } }] },
    { when: '^long', steps: says('Long is this one.') },
    { when: '', steps: says('Hello there.') },
  ],
  speech: { chunks_per_sentence: 2, hang_when: '^long' },
};

async function get({ httpPort }: TestServer, path: string): Promise<{ code: number; body: unknown }> {
  const response = await fetch(`http://127.0.0.1:${httpPort}${path}`);
  return { code: response.status, body: await response.json() };
}

describe('in service', () => {
  const its = served({ scenario, env: { BACKPRESSURE_MAX_STREAMS: '4', BACKPRESSURE_IDLE_TIMEOUT: '1' } });

  test.each([
    ['`/health` 200 while the process works', '/health'],
    ['`/ready` 200 when it admits calls', '/ready'],
  ])('%s', async (_, path) => {
    expect((await get(its.server, path)).code).toBe(200);
  });

  test('`/status` JSON {"state":"ready","health":"ok|degraded|down","last_error":null,"active_streams":0,"max_streams":50,"uptime_seconds":…,"version":"…", …}', async () => {
    expect((await get(its.server, '/status')).body).toMatchObject({
      state: 'ready',
      health: 'ok',
      last_error: null,
      active_streams: 0,
      max_streams: 4,
      uptime_seconds: expect.any(Number),
      version: expect.stringMatching(/^\d+\.\d+\.\d+/),
    });
  });

  test('`/status` also has in_flight, active_answers and active_speech (running model and speech jobs)', async () => {
    const calls = ['hang', 'long'].map((prompt) => start(its.client, { prompt }));
    const status = await eventually(
      its.server.status,
      ({ active_speech, active_streams }) => active_speech === 1 && active_streams === 2,
    );
    expect(status).toMatchObject({ active_streams: 2, in_flight: 2, active_speech: 1 });
    expect(status.active_answers).toBeGreaterThanOrEqual(1);
    for (const { call } of calls) call.cancel();
    await eventually(its.server.status, (now) => now.in_flight + now.active_answers + now.active_speech === 0);
    expect(await its.server.status()).toMatchObject({ active_streams: 0, active_answers: 0, active_speech: 0 });
  });

  test('rejected (a count per error_type)', async () => {
    await Promise.all([' ', '\n'].map((prompt) => ask(its.client, { prompt })));
    await ask(its.client, { prompt: 'hi', session_id: 'a b' });
    expect((await its.server.status()).rejected).toEqual({ empty_prompt: 2, invalid_session_id: 1 });
  });

  test('rejected (a count per error_type) [: a refused InterruptSession, too]', async () => {
    await interrupt(its.client, ' ').catch(() => {});
    expect((await its.server.status()).rejected).toMatchObject({ invalid_hardware_id: 1 });
  });

  test('idle_timeouts', async () => {
    await ask(its.client, { prompt: 'hang' });
    expect(await its.server.status()).toMatchObject({ idle_timeouts: 1 });
  });

  test('commands_sent', async () => {
    await ask(its.client, { prompt: 'open' });
    expect(await its.server.status()).toMatchObject({ commands_sent: 1 });
  });
});

describe('In the emergency profile', () => {
  const its = served({ scenario, env: { KILL_SWITCHES: 'disable_module_coordinator' } });

  test('state is ready and health degraded', async () => {
    expect(await its.server.status()).toMatchObject({ state: 'ready', health: 'degraded' });
    expect((await get(its.server, '/ready')).code).toBe(200);
  });
});

/** A port that was free a moment ago. */
async function freePort(): Promise<number> {
  const holder = createServer().listen(0, '127.0.0.1');
  await once(holder, 'listening');
  const address = holder.address();
  holder.close();
  await once(holder, 'close');
  return typeof address === 'object' && address !== null ? address.port : 0;
}

describe('starting', () => {
  test('`/ready` … 503 starting; a call is UNAVAILABLE/starting; then it is admitted', async () => {
    const [grpcPort, httpPort] = [await freePort(), await freePort()];
    // The embedded voice takes its time to come up: hundreds of milliseconds, a call one.
    const env = { GRPC_PORT: String(grpcPort), HTTP_PORT: String(httpPort) };
    const starting = startServer({ env });
    const codeOf = (path: string) =>
      fetch(`http://127.0.0.1:${httpPort}${path}`).then(
        ({ status }) => status,
        () => null,
      );
    await eventually(
      () => codeOf('/health'),
      (code) => code === 200,
      20_000,
    );
    const ready = await codeOf('/ready');
    const refused = await askAnew(grpcPort);
    expect(ready).toBe(503);
    expectSeen(refused, { frames: 'error', code: 'UNAVAILABLE', errorType: 'starting' });
    await starting;
    expect(await codeOf('/ready')).toBe(200);
    expect((await askAnew(grpcPort)).code).toBe('OK');
  });
});

/** Asks over new connections until one stands: one that was refused waits for a second before it tries again. */
function askAnew(port: number): Promise<CallOutcome> {
  return eventually(
    async () => {
      const client = connect(port);
      const outcome = await ask(client, { prompt: 'hi' });
      client.close();
      return outcome;
    },
    ({ code, errorType }) => code === 'OK' || errorType !== null,
  );
}

describe('draining', () => {
  test('While draining the server keeps listening, so that a new call is answered UNAVAILABLE/draining, until the last stream ends; /ready 503', async () => {
    const server = await startServer({ scenario });
    const client = connect(server.grpcPort);
    const running = start(client, { prompt: 'whole book' });
    await running.firstFrame;
    running.call.pause();
    server.shutDown();
    await eventually(server.status, ({ state }) => state === 'draining');
    expect((await get(server, '/ready')).code).toBe(503);
    expect((await get(server, '/health')).code).toBe(200);
    const newcomer = connect(server.grpcPort);
    expectSeen(await ask(newcomer, { prompt: 'hi' }), { frames: 'error', code: 'UNAVAILABLE', errorType: 'draining' });
    running.call.resume();
    expectSeen(await running.outcome, { code: 'OK', text: SENTENCE.repeat(SENTENCES).trim() });
    expect(await server.exited).toBe(0);
    newcomer.close();
    client.close();
  });

  test('… or the grace period is over [: running streams end, too]', async () => {
    const server = await startServer({ scenario, env: { BACKPRESSURE_GRACE_PERIOD: '0.3' } });
    const client = connect(server.grpcPort);
    const running = start(client, { prompt: 'hang' });
    await running.firstFrame;
    server.shutDown();
    expectSeen(await running.outcome, { frames: 'text audio×2', code: 'UNAVAILABLE', errorType: 'draining' });
    expect(await server.exited).toBe(0);
    client.close();
  });
});
