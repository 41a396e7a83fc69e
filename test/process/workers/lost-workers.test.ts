/** Workers that are lost: their slots, the streams of the others, their replacement, and what becomes of them when the server goes. */
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { ask, interrupt, start } from '../../support/client.ts';
import { eventually } from '../../support/eventually.ts';
import { createLogFolder, identical, verdictOf } from '../../support/replay/log-folder.ts';
import { type ServerProcess, startServerProcess } from '../../support/server-process.ts';
import { pidOfWorker, serveWithTwo, twoClients, type WorkerStatus, workersOf } from '../../support/workers.ts';
import { expectGoodEnd } from '../rpc/outcomes.ts';

/** Of each worker. */
const STREAMS_EACH = 50;

const scenario = {
  answers: [
    { when: '^hang', steps: [{ say: 'One is here. Two' }, { hang: true }] },
    // Longer than a busy machine takes to begin the drain and to refuse two calls.
    { when: '^slow', steps: [{ say: 'One is here. ' }, { wait_ms: 5_000 }, { say: 'And two.' }] },
    { when: '', steps: [{ echo: true }] },
  ],
  speech: { chunks_per_sentence: 1 },
};

function serve(env: Readonly<Record<string, string>> = {}): Promise<ServerProcess> {
  return serveWithTwo({ scenario, env });
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

function pidsOf(workers: readonly WorkerStatus[]): readonly number[] {
  return workers.flatMap(({ pid }) => pid ?? []);
}

test('a killed worker frees its slots at once and touches no other; it is replaced, and health says what is missing', async () => {
  const server = await serve({ BACKPRESSURE_MAX_STREAMS: '4' });
  const clients = await twoClients(server);
  const calls = clients.flatMap((client, index) =>
    ['a', 'b'].map((name) =>
      start(client, { prompt: 'hang', session_id: `${name}-${index}`, hardware_id: `device-${index}` }),
    ),
  );
  await Promise.all(calls.map(({ firstFrame }) => firstFrame));
  const before = await workersOf(server);
  expect(before.map(({ active_streams: streams }) => streams)).toEqual([2, 2]);
  const [victim] = before;
  if (victim?.pid == null) throw new Error('there is no worker');
  process.kill(victim.pid, 'SIGKILL');
  const { last_error: lastError, health } = await eventually(
    () => server.status(),
    ({ active_streams: active }) => active === 2,
  );
  expect(health).toBe('degraded');
  expect(lastError).toBe('of 2 workers 1 are missing: 1');
  const lost = await Promise.race(calls.map(({ outcome }) => outcome));
  expect(lost.code).toBe('UNAVAILABLE');
  await eventually(
    () => workersOf(server),
    (workers) => workers.every(({ state }) => state === 'up'),
  );
  expect(
    (await workersOf(server)).map(({ worker, restarts, active_streams: streams }) => [worker, restarts, streams]),
  ).toEqual([
    [1, 1, 0],
    [2, 0, 2],
  ]);
  expect(await server.status()).toMatchObject({ health: 'ok', last_error: null, active_streams: 2 });
  const fresh = await twoClients(server);
  for (const client of fresh) expectGoodEnd(await ask(client, { prompt: 'as before' }));
  const named = (await Promise.all([0, 1].map((index) => interrupt(fresh[0], `device-${index}`)))).flatMap(
    ({ interrupted_sessions: sessions }) => sessions,
  );
  expect(named.length).toBe(2);
  const outcomes = await Promise.all(calls.map(({ outcome }) => outcome));
  expect(outcomes.map(({ code }) => code).sort()).toEqual(['CANCELLED', 'CANCELLED', 'UNAVAILABLE', 'UNAVAILABLE']);
  expect(server.logsOf('worker_lost').map(({ ctx }) => [ctx?.worker, ctx?.why, ctx?.streams])).toEqual([
    [1, 'it ended with SIGKILL', 2],
  ]);
  expect(await server.logged('worker_replaced')).toHaveLength(1);
  for (const client of [...clients, ...fresh]) client.close();
  expect(await server.stop()).toBe(0);
});

test(`kill -9 of a worker with ${STREAMS_EACH} of ${2 * STREAMS_EACH} streams is one turn of the supervisor, which frees them and lets in who waited for one of their ids`, async () => {
  const folder = createLogFolder();
  const server = await serve({
    EVENT_LOG_DIR: folder.dir,
    DUPLICATE_POLICY: 'queue',
    DUPLICATE_QUEUE_TIMEOUT: '60',
    BACKPRESSURE_MAX_STREAMS: String(2 * STREAMS_EACH),
  });
  const clients = await twoClients(server);
  const calls = clients.map((client, at) =>
    Array.from({ length: STREAMS_EACH }, (_, index) =>
      start(client, { prompt: 'hang', session_id: `at-${at}-${index}` }),
    ),
  );
  await Promise.all(calls.flat().map(({ firstFrame }) => firstFrame));
  // Each waits for an id of the other worker.
  const waiting = clients.map((client, at) => start(client, { prompt: 'my turn', session_id: `at-${1 - at}-0` }));
  await eventually(
    () => server.status(),
    ({ queued_calls: queued }) => queued === 2,
  );
  process.kill(await pidOfWorker(server, 1), 'SIGKILL');
  const lost = await Promise.race(calls.map(([first], at) => first?.outcome.then(() => at)));
  for (const { outcome } of calls[lost ?? 0] ?? []) expect((await outcome).code).toBe('UNAVAILABLE');
  expect((await waiting[lost ?? 0]?.outcome)?.code).toBe('UNAVAILABLE');
  // Who waited for an id of the lost one has it, and is over.
  const [other = 0] = [0, 1].filter((at) => at !== lost);
  const heir = await waiting[other]?.outcome;
  expect([heir?.code, heir?.text]).toEqual(['OK', 'my turn']);
  expect(await server.status()).toMatchObject({
    active_streams: STREAMS_EACH,
    in_flight: STREAMS_EACH,
    queued_calls: 0,
  });
  // All slots of the lost one can be had at once.
  const client = clients[other];
  if (client === undefined) throw new Error('there is no client');
  const fresh = await Promise.all(
    Array.from({ length: STREAMS_EACH }, (_, index) => ask(client, { prompt: 'fresh', session_id: `fresh-${index}` })),
  );
  expect(fresh.map(({ code }) => code)).toEqual(fresh.map(() => 'OK'));
  for (const { call } of calls.flat()) call.cancel();
  for (const each of clients) each.close();
  expect(await server.stop()).toBe(0);
  const [log, ...others] = folder.logs('supervisor');
  if (log === undefined) throw new Error('the supervisor has no log');
  expect(others).toEqual([]);
  const lostTurns = log.log.turns.filter(({ event }) => event.type === 'worker.lost');
  expect(lostTurns.map(({ event }) => event)).toEqual([{ type: 'worker.lost', worker: 1 }]);
  const released = log.log.turns.flatMap(({ event }) => (event.type === 'stream.released' ? [event.streamId] : []));
  // Of each stream that was not lost.
  expect(released.length).toBe(STREAMS_EACH + fresh.length + 1);
  expect(verdictOf(log)).toMatchObject(identical());
});

test('a server whose workers are lost again and again gives up with exit code 1 and the reason', async () => {
  const server = await serve({ BACKPRESSURE_GRACE_PERIOD: '0' });
  const ended = server.exited;
  let isOver = false;
  void ended.then(() => {
    isOver = true;
  });
  const killed = new Set<number>();
  while (!isOver && killed.size < 20) {
    const workers = await workersOf(server).catch(() => []);
    for (const pid of pidsOf(workers).filter((each) => !killed.has(each))) {
      killed.add(pid);
      process.kill(pid, 'SIGKILL');
    }
    await sleep(20);
  }
  expect(await ended).toBe(1);
  expect(server.logsOf('worker_lost').length).toBeGreaterThan(5);
  expect(server.logsOf('failed').map(({ ctx }) => ctx?.reason)).toEqual([
    expect.stringMatching(/^6 workers were lost within 60s, the last one \(worker \d\): it ended with SIGKILL$/),
  ]);
});

test('SIGTERM lets the streams of all workers end, whoever else it is sent to, and the server ends with 0', async () => {
  const server = await serve();
  const clients = await twoClients(server);
  const calls = clients.map((client) => start(client, { prompt: 'slow' }));
  await Promise.all(calls.map(({ firstFrame }) => firstFrame));
  const pids = pidsOf(await workersOf(server));
  // A service manager signals the whole group, as Ctrl-C does.
  for (const pid of pids) process.kill(pid, 'SIGTERM');
  for (const pid of pids) process.kill(pid, 'SIGINT');
  server.shutDown();
  await eventually(
    () => server.status(),
    ({ state }) => state === 'draining',
  );
  for (const client of clients) {
    expect(await ask(client, { prompt: 'too late' })).toMatchObject({ code: 'UNAVAILABLE', errorType: 'draining' });
  }
  for (const { outcome } of calls) {
    expectGoodEnd(await outcome);
    expect((await outcome).text).toBe('One is here. And two.');
  }
  for (const client of clients) client.close();
  expect(await server.exited).toBe(0);
  expect(pids.filter(isAlive)).toEqual([]);
  // Every line of every worker has come, whole and with its worker.
  expect(
    server
      .logsOf('end')
      .map(({ worker }) => worker)
      .sort(),
  ).toEqual([1, 2]);
  expect(server.logsOf('stopped').length).toBe(1);
});

test('workers end with the server that is killed: nobody holds the port', async () => {
  const server = await serve();
  const pids = pidsOf(await workersOf(server));
  expect(pids.length).toBe(2);
  server.process.kill('SIGKILL');
  await server.exited;
  await eventually(
    async () => pids.filter(isAlive),
    (alive) => alive.length === 0,
  );
  const next = await startServerProcess({ scenario, env: { GRPC_PORT: String(server.grpcPort) } });
  expect(next.grpcPort).toBe(server.grpcPort);
  expect(await next.stop()).toBe(0);
});
