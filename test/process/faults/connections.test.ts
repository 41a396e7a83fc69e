/** What clients may keep open: each bound is told, frees what it closed, and touches no good client beside it. */
import { type ClientHttp2Session, connect as connectHttp2 } from 'node:http2';
import { connect as connectTcp, type Socket } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ask, connect, start, type TestClient } from '../../support/client.ts';
import { eventually } from '../../support/eventually.ts';
import { startServer } from '../../support/server.ts';
import type { TestServer } from '../../support/test-server.ts';
import { createHealthClient, type HealthClient, type HealthState } from '../rpc/health-client.ts';
import { expectGoodEnd } from '../rpc/outcomes.ts';
import { framed, rawCall, requestBytes } from '../rpc/raw-call.ts';

const scenario = {
  answers: [
    { when: '^hang', steps: [{ hang: true }] },
    { when: '', steps: [{ say: 'Good day.' }] },
  ],
};

let server: TestServer;
let good: TestClient;
beforeAll(async () => {
  const env = { MAX_CONNECTIONS: '12', MAX_STREAMS_PER_CONNECTION: '5', BACKPRESSURE_MAX_STREAMS_PER_DEVICE: '0' };
  server = await startServer({ scenario, env });
  good = connect(server.grpcPort);
  expectGoodEnd(await ask(good, { prompt: 'first' }));
});
afterAll(() => good.close());

const closedFor = (reason: string) => server.logsOf('closed').filter(({ ctx }) => ctx?.reason === reason);

/** A socket that sends `bytes` and nothing more; resolves with it once it is connected. */
function socketTo(port: number, bytes: string): Promise<{ readonly socket: Socket; readonly closed: Promise<void> }> {
  const socket = connectTcp(port, '127.0.0.1');
  socket.on('error', () => {});
  const closed = new Promise<void>((resolve) => socket.once('close', () => resolve()));
  socket.resume();
  return new Promise((resolve) => {
    socket.once('connect', () => {
      socket.write(bytes);
      resolve({ socket, closed });
    });
  });
}

test.each([
  ['nothing', ''],
  ['half of a preface', 'PRI * HTTP/2.0\r\n'],
  ['a preface and no settings', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'],
])('a connection that sends %s is closed after 5 s', async (_, bytes) => {
  const toldBefore = closedFor('no_preface').length;
  const { closed } = await socketTo(server.grpcPort, bytes);
  await closed;
  await eventually(
    () => closedFor('no_preface').length,
    (told) => told > toldBefore,
  );
  expectGoodEnd(await ask(good, { prompt: 'still here' }));
});

test('what is no HTTP/2 is closed at once', async () => {
  const { closed } = await socketTo(server.grpcPort, 'GET / HTTP/1.1\r\nHost: localhost\r\n\r\n');
  await closed;
  expectGoodEnd(await ask(good, { prompt: 'still here' }));
});

test('a connection beyond MAX_CONNECTIONS is closed and told where each has a call; when one has gone there is room again', async () => {
  const others = Array.from({ length: 11 }, () => connect(server.grpcPort));
  const running = [...others, good].map((client) => start(client, { prompt: 'hang' }));
  await eventually(
    () => server.status(),
    ({ active_streams }) => active_streams === running.length,
  );
  const refused = connect(server.grpcPort);
  expect(await ask(refused, { prompt: 'one too many' })).toMatchObject({ code: 'UNAVAILABLE' });
  refused.close();
  expect(closedFor('too_many_connections').length).toBeGreaterThan(0);
  expectGoodEnd(await ask(good, { prompt: 'still here' }));
  for (const { call } of running) call.cancel();
  for (const client of others) client.close();
  const late = connect(server.grpcPort);
  await eventually(
    () => ask(late, { prompt: 'room again' }),
    ({ code }) => code === 'OK',
  );
  late.close();
});

test('connections that only stand there give their places to who calls, the longest first; calls go on, and who was closed calls again', async () => {
  const patient = connect(server.grpcPort);
  expectGoodEnd(await ask(patient, { prompt: 'first' }));
  const running = start(good, { prompt: 'hang' });
  const silent = await Promise.all(Array.from({ length: 20 }, () => silentConnection()));
  const wasShed = closedFor('made_room').length;
  const late = Array.from({ length: 4 }, () => connect(server.grpcPort));
  for (const client of late) {
    await eventually(
      () => ask(client, { prompt: 'one more' }),
      ({ code }) => code === 'OK',
    );
  }
  expect(closedFor('made_room').length).toBeGreaterThanOrEqual(wasShed + 4);
  expectGoodEnd(await ask(patient, { prompt: 'again' }));
  expect((await server.status()).active_streams).toBe(1);
  running.call.cancel();
  for (const session of silent) session.destroy();
  for (const client of [patient, ...late]) client.close();
});

/** In order, and without a call. */
function silentConnection(): Promise<ClientHttp2Session> {
  const session = connectHttp2(`http://127.0.0.1:${server.grpcPort}`);
  session.on('error', () => {});
  return new Promise((resolve) =>
    session.once('remoteSettings', () => resolve(session)).once('close', () => resolve(session)),
  );
}

test('MAX_STREAMS_PER_CONNECTION is told to clients, and one more call waits for its turn', async () => {
  const session = connectHttp2(`http://127.0.0.1:${server.grpcPort}`);
  session.on('error', () => {});
  const settings = await new Promise<{ readonly maxConcurrentStreams?: number }>((resolve) =>
    session.once('remoteSettings', resolve),
  );
  expect(settings.maxConcurrentStreams).toBe(5);
  session.destroy();
  const full = connect(server.grpcPort);
  const hanging = Array.from({ length: 5 }, () => start(full, { prompt: 'hang' }));
  await eventually(
    () => server.status(),
    ({ active_streams }) => active_streams === 5,
  );
  const waiting = start(full, { prompt: 'waits' });
  expectGoodEnd(await ask(good, { prompt: 'another connection' }));
  hanging[0]?.call.cancel();
  expectGoodEnd(await waiting.outcome);
  for (const { call } of hanging) call.cancel();
  await eventually(
    () => server.status(),
    ({ active_streams }) => active_streams === 0,
  );
  full.close();
});

describe('metadata', () => {
  const call = (bytes: number) =>
    rawCall(server.grpcPort, framed(requestBytes({ prompt: 'hello' })), { headers: { 'x-filler': 'x'.repeat(bytes) } });

  test('of 15 KiB is accepted', async () => {
    const { statuses } = await call(15 * 1024).outcome;
    expect(statuses.map((each) => each['grpc-status'])).toEqual(['0']);
  });

  test.each([17, 60, 200])('of %i KiB is refused', async (kibibytes) => {
    const { statuses, resetCode } = await call(kibibytes * 1024).outcome;
    expect(statuses).toEqual([]);
    expect(resetCode).not.toBe(0);
    expectGoodEnd(await ask(good, { prompt: 'still here' }));
  });
});

test.each([
  ['StreamAudio', 100_000],
  ['InterruptSession', 100_000],
])('%s with %i messages ends with one status at the second, and leaves no stream behind', async (rpc, messages) => {
  const body = Buffer.concat(Array.from({ length: messages }, () => framed(requestBytes({ prompt: 'hang' }))));
  const { outcome } = rawCall(server.grpcPort, body, { path: `/streaming.StreamingService/${rpc}` });
  const { statuses } = await outcome;
  expect(statuses.map((each) => each['grpc-status'])).toEqual(['12']);
  await eventually(
    () => server.status(),
    ({ active_streams }) => active_streams === 0,
  );
  expectGoodEnd(await ask(good, { prompt: 'still here' }));
});

describe('health watches', () => {
  let health: HealthClient;
  beforeAll(() => {
    health = createHealthClient(server.grpcPort);
  });
  afterAll(() => health.close());

  /** Opens a watch; resolves with its first state, or with the details of its refusal. */
  function watch(client = health) {
    const call = client.watch('');
    const first = new Promise<string>((resolve) => {
      call.on('data', (state: HealthState) => resolve(state.status));
      call.on('error', ({ message }) => resolve(message));
    });
    return { call, first };
  }

  test('a connection may have four; one more is refused with the bound, and there is room when one has gone', async () => {
    const open = Array.from({ length: 4 }, watch);
    expect(await Promise.all(open.map(({ first }) => first))).toEqual(Array.from({ length: 4 }, () => 'SERVING'));
    const refusal = '8 RESOURCE_EXHAUSTED: 4 health watches of this connection are open; at most 4 may be';
    expect(await watch().first).toBe(refusal);
    open[0]?.call.cancel();
    await eventually(
      () => {
        const next = watch();
        open.push(next);
        return next.first;
      },
      (said) => said === 'SERVING',
    );
    for (const { call } of open) call.cancel();
  });

  test('of all connections together there are as many as connections; the next is refused with the bound', async () => {
    const clients = Array.from({ length: 4 }, () => createHealthClient(server.grpcPort));
    const open: ReturnType<typeof watch>[] = [];
    for (let index = 0; index < 12; index += 1) {
      // Those that were cancelled a moment ago may be counted still.
      await eventually(
        () => {
          open[index] = watch(clients[index % 3]);
          return open[index]?.first;
        },
        (said) => said === 'SERVING',
      );
    }
    const refusal = '8 RESOURCE_EXHAUSTED: 12 health watches are open; at most 12 may be';
    expect(await watch(clients[3]).first).toBe(refusal);
    open[0]?.call.cancel();
    await eventually(
      () => watch(clients[3]).first,
      (said) => said === 'SERVING',
    );
    for (const client of clients) client.close();
  });
});
