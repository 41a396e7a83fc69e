/** SIGTERM: no new calls, running streams may end, then the process does; it never stays because of a client. */
import { type ClientReadableStream, type ServiceError, status } from '@grpc/grpc-js';
import { expect, test } from 'vitest';
import { ask, connect, start } from '../../support/client.ts';
import { eventually } from '../../support/eventually.ts';
import { startServer } from '../../support/server.ts';
import { startServerProcess } from '../../support/server-process.ts';
import { startStopwatch } from '../../support/stopwatch.ts';
import type { TestServer } from '../../support/test-server.ts';
import { startChildClient } from './child-client.ts';
import { checkHealth, createHealthClient } from './health-client.ts';
import { expectErrorAfterData, expectErrorBeforeData, expectGoodEnd } from './outcomes.ts';
import { richStatusOf } from './rich-status.ts';

/** Four megabytes of sound: more than all windows and buffers between the server and a reader that waits. */
const CHUNKS = 1_000;

const scenario = {
  answers: [
    { when: '^long', steps: [{ say: 'Loud one is here. And loud two is here.' }] },
    { when: '^hang', steps: [{ say: 'Mute one is here. And' }, { hang: true }] },
    { when: '^loud', steps: [{ say: 'Loud one is here. And' }, { hang: true }] },
    { when: '', steps: [{ say: 'Mute but quick.' }] },
  ],
  speech: { chunks_per_sentence: CHUNKS, fail_when: 'mute' },
};

/** The process must be gone this long after everything it waits for: it closes within a second by force. */
const EXIT_WITHIN_MS = 2_000;

async function httpStatus(server: TestServer, path: string): Promise<number> {
  return (await fetch(`http://127.0.0.1:${server.httpPort}${path}`)).status;
}

function startDrain(server: TestServer): Promise<unknown> {
  server.shutDown();
  return eventually(
    () => server.logsOf('drain').length,
    (drains) => drains === 1,
  );
}

test('a running stream ends well, a new call is refused, probes see it, the exit code is 0', async () => {
  const server = await startServerProcess({ scenario, env: { BACKPRESSURE_GRACE_PERIOD: '10' } });
  const client = connect(server.grpcPort);
  const health = createHealthClient(server.grpcPort);
  const running = start(client, { prompt: 'long' });
  await running.firstFrame;
  // Holds the stream open until everything has been looked at.
  running.call.pause();
  await startDrain(server);

  const late = await ask(client, { prompt: 'quick' });
  expectErrorBeforeData(late, { code: 'UNAVAILABLE', errorType: 'draining' });
  expect(richStatusOf(late.trailers)).toMatchObject({ reason: 'DRAINING', retryAfterMs: 2000 });
  const newcomer = connect(server.grpcPort);
  expectErrorBeforeData(await ask(newcomer, { prompt: 'quick' }), { code: 'UNAVAILABLE', errorType: 'draining' });
  expect(await httpStatus(server, '/ready')).toBe(503);
  expect(await httpStatus(server, '/health')).toBe(200);
  expect(await server.status()).toMatchObject({ state: 'draining', active_streams: 1, rejected: { draining: 2 } });
  expect(await checkHealth(health, '')).toBe('NOT_SERVING');
  expect(await checkHealth(health, 'streaming.StreamingService')).toBe('NOT_SERVING');

  running.call.resume();
  const outcome = await running.outcome;
  expectGoodEnd(outcome);
  expect(outcome.text).toBe('Loud one is here. And loud two is here.');
  expect(outcome.audioBytes).toBe(2 * CHUNKS * 4096);
  expect(await server.exited).toBe(0);
  expect(server.logsOf('stopped')).toHaveLength(1);
  for (const each of [client, newcomer, health]) each.close();
});

test('a stream that outlasts the grace period ends with UNAVAILABLE/draining, the exit code is 0', async () => {
  const server = await startServer({ scenario, env: { BACKPRESSURE_GRACE_PERIOD: '0.5' } });
  const client = connect(server.grpcPort);
  const running = start(client, { prompt: 'hang' });
  await running.firstFrame;
  await startDrain(server);
  const sinceMs = performance.now();
  const elapsedMs = startStopwatch();
  expectErrorAfterData(await running.outcome, {
    code: 'UNAVAILABLE',
    errorType: 'draining',
    details: 'The server is shutting down; the grace period is over',
  });
  expect(performance.now() - sinceMs).toBeGreaterThan(350);
  expect(elapsedMs()).toBeLessThan(1_000);
  expect(await server.exited).toBe(0);
  client.close();
});

test('an open health watch and a reader that has stalled do not keep the process', async () => {
  const server = await startServerProcess({ scenario, env: { BACKPRESSURE_GRACE_PERIOD: '0.3' } });
  const health = createHealthClient(server.grpcPort);
  const watch: ClientReadableStream<unknown> = health.watch('');
  const seen: unknown[] = [];
  watch.on('data', (state) => seen.push(state));
  const watchEnd = new Promise<ServiceError>((resolve) => watch.once('error', resolve));
  await eventually(
    () => seen.length,
    (count) => count === 1,
  );
  await startChildClient({ port: server.grpcPort, prompt: 'loud', mode: 'stall', calls: 3 });
  await startDrain(server);
  const elapsedMs = startStopwatch([server.process]);
  expect(await server.exited).toBe(0);
  expect(elapsedMs()).toBeLessThan(300 + EXIT_WITHIN_MS);
  expect(seen).toEqual([{ status: 'SERVING' }, { status: 'NOT_SERVING' }]);
  // Cut, but not as if it had cancelled.
  expect(status[(await watchEnd).code]).toBe('UNAVAILABLE');
  health.close();
});

test.each(['SIGTERM', 'SIGINT'] as const)('with nothing running %s ends it at once', async (signal) => {
  const server = await startServerProcess({ scenario });
  const elapsedMs = startStopwatch([server.process]);
  server.process.kill(signal);
  expect(await server.exited).toBe(0);
  expect(elapsedMs()).toBeLessThan(EXIT_WITHIN_MS);
  expect(server.logsOf('drain').map(({ ctx }) => ctx)).toEqual([{ active_streams: 0 }]);
  expect(server.logsOf('stopped').map(({ ctx }) => ctx)).toEqual([{ active_streams: 0 }]);
});

test('a second signal does not wait', async () => {
  const server = await startServerProcess({ scenario });
  const client = connect(server.grpcPort);
  const running = start(client, { prompt: 'hang' });
  await running.firstFrame;
  await startDrain(server);
  const elapsedMs = startStopwatch([server.process]);
  server.process.kill('SIGTERM');
  expect(await server.exited).toBe(143);
  expect(elapsedMs()).toBeLessThan(EXIT_WITHIN_MS);
  expect((await running.outcome).code).toBe('UNAVAILABLE');
  client.close();
});

test('a drained server leaves its port to the next one', async () => {
  const first = await startServer({ scenario });
  await first.stop();
  const second = await startServer({ scenario, env: { GRPC_PORT: String(first.grpcPort) } });
  expect(second.grpcPort).toBe(first.grpcPort);
  const client = connect(second.grpcPort);
  expectGoodEnd(await ask(client, { prompt: 'quick' }));
  client.close();
});
