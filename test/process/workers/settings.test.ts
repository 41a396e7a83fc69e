/** What settings promise of a server holds of one with workers: how many there are, duplicates, usage, logs and their retention, exports, hangups. */
import { mkdirSync, utimesSync, writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { basename, join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { reportUsage } from '../../../src/store/store-errand.ts';
import { ask, start, type TestClient } from '../../support/client.ts';
import { eventually } from '../../support/eventually.ts';
import { createLogFolder, identical, verdictOf } from '../../support/replay/log-folder.ts';
import { type ServerProcess, startServerProcess } from '../../support/server-process.ts';
import { clientsAround, pidOfWorker, serveWithTwo, workersOf } from '../../support/workers.ts';
import { receiveFrom, startRelay } from '../inspector/stately-relay.ts';
import { expectErrorAfterData, expectErrorBeforeData, expectGoodEnd } from '../rpc/outcomes.ts';

const scenario = {
  answers: [
    { when: '^hang', steps: [{ say: 'One is here. Two' }, { hang: true }] },
    { when: '^long', steps: [{ say: 'One more sentence of words. ', repeat: 300 }] },
    { when: '', steps: [{ echo: true }] },
  ],
  speech: { chunks_per_sentence: 1 },
};

const clients: TestClient[] = [];
afterEach(() => {
  for (const client of clients.splice(0)) client.close();
});

async function around(server: ServerProcess, count = 2): Promise<(index: number) => TestClient> {
  const made = await clientsAround(server, count);
  clients.push(...made);
  return (index) => {
    const client = made[index % count];
    if (client === undefined) throw new Error(`there is no client ${index}`);
    return client;
  };
}

test('WORKERS=auto is one worker a processor, and one process where there is one', async () => {
  const server = await startServerProcess({ scenario, env: { WORKERS: 'auto' } });
  const { workers } = await server.status();
  expect(Array.isArray(workers) ? workers.length : 1).toBe(availableParallelism());
  const client = await around(server);
  expectGoodEnd(await ask(client(0), { prompt: 'hello' }));
  expect(await server.stop()).toBe(0);
});

test('SIGHUP ends neither the server nor a worker', async () => {
  const server = await serveWithTwo({ scenario });
  const client = await around(server);
  const calls = [0, 1].map((at) => start(client(at), { prompt: 'hang' }));
  await Promise.all(calls.map(({ firstFrame }) => firstFrame));
  const before = await workersOf(server);
  for (const { worker } of before) process.kill(await pidOfWorker(server, worker), 'SIGHUP');
  server.process.kill('SIGHUP');
  await eventually(
    () => server.logsOf('hangup').length,
    (lines) => lines === 1,
  );
  for (const at of [0, 1]) expectGoodEnd(await ask(client(at), { prompt: 'still here' }));
  expect(await workersOf(server)).toEqual(before);
  for (const { call } of calls) call.cancel();
  expect(await server.stop()).toBe(0);
});

describe('a second call of a session id at another worker', () => {
  const ids = { session_id: 'session-1', hardware_id: 'device-1' };

  async function running(policy: string, env: Readonly<Record<string, string>> = {}) {
    const server = await serveWithTwo({ scenario, env: { DUPLICATE_POLICY: policy, ...env } });
    const client = await around(server);
    const first = start(client(0), { ...ids, prompt: 'hang' });
    await first.firstFrame;
    return { server, client, first };
  }

  test('reject: is refused, and the first is not touched', async () => {
    const { server, client, first } = await running('reject');
    const second = await ask(client(1), { ...ids, prompt: 'second' });
    expectErrorBeforeData(second, { code: 'RESOURCE_EXHAUSTED', errorType: 'concurrent_request' });
    expect(await server.status()).toMatchObject({ active_streams: 1 });
    first.call.cancel();
    await server.stop();
  });

  test('supersede: goes on in the one slot there is, and the first ends as superseded', async () => {
    const { server, client, first } = await running('supersede', { BACKPRESSURE_MAX_STREAMS: '1' });
    const second = await ask(client(1), { ...ids, prompt: 'Other words entirely.' });
    expectGoodEnd(second);
    expect(second.text).toBe('Other words entirely.');
    const outcome = await first.outcome;
    expectErrorAfterData(outcome, { code: 'CANCELLED', errorType: 'superseded' });
    expect(outcome.text).not.toContain('Other');
    // Another device is refused.
    const third = start(client(0), { ...ids, prompt: 'hang' });
    await third.firstFrame;
    const foreign = await ask(client(1), { ...ids, hardware_id: 'device-2', prompt: 'mine now' });
    expect(foreign).toMatchObject({ errorType: 'concurrent_request' });
    third.call.cancel();
    await server.stop();
  });

  test('queue: waits without a slot, in its place, and answers when the first is over', async () => {
    const { server, client, first } = await running('queue', {
      DUPLICATE_QUEUE_MAX: '2',
      DUPLICATE_QUEUE_TIMEOUT: '30',
    });
    const second = start(client(1), { ...ids, prompt: 'hang on' });
    await eventually(
      () => server.status(),
      ({ queued_calls: queued }) => queued === 1,
    );
    const third = ask(client(0), { ...ids, prompt: 'The third.' });
    await eventually(
      () => server.status(),
      ({ queued_calls: queued }) => queued === 2,
    );
    const fourth = await ask(client(1), { ...ids, prompt: 'The fourth.' });
    expectErrorBeforeData(fourth, { code: 'RESOURCE_EXHAUSTED', errorType: 'concurrent_request' });
    expect(await server.status()).toMatchObject({ active_streams: 1, queued_calls: 2 });
    first.call.cancel();
    await second.firstFrame;
    second.call.cancel();
    expect((await third).text).toBe('The third.');
    await server.stop();
  });
});

test('what is used on all workers is counted once each', async () => {
  const server = await serveWithTwo({ scenario });
  const client = await around(server, 4);
  const reports = await Promise.all(
    Array.from(
      { length: 40 },
      (_, index) =>
        new Promise<boolean>((resolve) => {
          const usage = {
            hardware_id: 'device-1',
            session_id: `s${index}`,
            source: 'test',
            input_tokens: 3,
            output_tokens: 2,
          };
          client(index).ReportUsage(
            { ...usage, model: 'm' },
            (_error: unknown, answer?: { readonly success: boolean }) => resolve(answer?.success === true),
          );
        }),
    ),
  );
  expect(reports).toEqual(Array(40).fill(true));
  const report = await reportUsage({ dataDir: server.dataDir, sinceMs: 0, hardwareId: 'device-1' });
  expect(report).toMatchObject({
    kind: 'summary',
    summary: { total: { reports: 40, inputTokens: 120, outputTokens: 80 } },
  });
  await server.stop();
});

test('workers write a segment each; one sweep deletes what is old and nothing that they write, and all replays identical', async () => {
  const folder = createLogFolder();
  const old = join(folder.dir, '2020-01-02', '000000.000-0123abcd.segment.jsonl');
  mkdirSync(join(old, '..'), { recursive: true });
  writeFileSync(old, `${'x'.repeat(1000)}\n`);
  utimesSync(old, 1_577_923_200, 1_577_923_200);
  const server = await serveWithTwo({
    scenario,
    // Less than what is written.
    env: { EVENT_LOG_DIR: folder.dir, EVENT_LOG_MAX_BYTES: String(1024 * 1024), EVENT_LOG_MAX_AGE: '100000' },
  });
  const client = await around(server);
  await eventually(
    () => folder.files(),
    (files) => !files.includes(old),
  );
  const outcomes = await Promise.all(Array.from({ length: 12 }, (_, index) => ask(client(index), { prompt: 'long' })));
  for (const outcome of outcomes) expectGoodEnd(outcome);
  const { event_log: told } = await server.status();
  expect(told).toMatchObject({ files_failed: 0, turns_dropped: 0, files_deleted: 1, deletions_failed: 0 });
  expect(await server.stop()).toBe(0);
  expect(server.logsOf('event_log_sweep_failed')).toEqual([]);
  expect(folder.segments()).toHaveLength(2);
  expect(new Set(folder.files().map((path) => basename(path))).size).toBe(folder.files().length);
  const logs = folder.logs();
  expect(logs).toHaveLength(12);
  for (const log of [...logs, ...folder.logs('supervisor')]) expect(verdictOf(log)).toMatchObject(identical());
});

test('a killed worker leaves a segment without an end, and its replacement writes another one', async () => {
  const folder = createLogFolder();
  const server = await serveWithTwo({ scenario, env: { EVENT_LOG_DIR: folder.dir } });
  const client = await around(server);
  const calls = [0, 1].map((at) => start(client(at), { prompt: 'hang' }));
  await Promise.all(calls.map(({ firstFrame }) => firstFrame));
  await eventually(
    () => folder.segments().length,
    (segments) => segments === 2,
  );
  process.kill(await pidOfWorker(server, 1), 'SIGKILL');
  await eventually(
    () => workersOf(server),
    (workers) => workers.every(({ state, restarts }) => state === 'up' && restarts <= 1),
  );
  const next = await around(server);
  for (const at of [0, 1]) expectGoodEnd(await ask(next(at), { prompt: 'as before' }));
  for (const { call } of calls) call.cancel();
  expect(await server.stop()).toBe(0);
  const logs = folder.logs();
  expect(folder.segments()).toHaveLength(3);
  expect(logs.filter(({ log }) => log.footer === null)).toHaveLength(1);
  expect(logs.filter(({ log }) => log.footer !== null)).toHaveLength(3);
});

test('Stately’s tools are told the sessions of all workers as those of one server', async () => {
  const relay = await startRelay();
  const received = receiveFrom(relay);
  const server = await serveWithTwo({ scenario, env: { INSPECTOR_EXPORT: relay.url } });
  // The server, its workers, and who receives.
  await eventually(
    () => relay.clients,
    (connected) => connected === 4,
  );
  const client = await around(server);
  for (const at of [0, 1]) expectGoodEnd(await ask(client(at), { prompt: 'hello', session_id: `told-${at}` }));
  const actorsOf = () => received.flatMap((each) => (each.type === '@xstate.actor' ? [each] : []));
  const sessions = await eventually(
    () => actorsOf().filter(({ name }) => name?.startsWith('session ')),
    (found) => found.length === 2,
  );
  const supervisors = actorsOf().filter(({ name }) => name === 'supervisor');
  expect(supervisors).toHaveLength(1);
  expect(sessions.map(({ parentId, rootId }) => [parentId, rootId])).toEqual(
    sessions.map(() => [supervisors[0]?.sessionId, supervisors[0]?.sessionId]),
  );
  expect((await server.status()).inspector_export).toMatchObject({ connected: true, dropped: 0 });
  expect(await server.stop()).toBe(0);
});
