/** Processes of a server that are stopped for a while (SIGSTOP, as a debugger or a pause of the machine does it): what goes on beside them, and what waits for them. */
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { ask, type CallOutcome, interrupt, start } from '../../support/client.ts';
import { eventually } from '../../support/eventually.ts';
import { png } from '../../support/images.ts';
import type { ServerProcess } from '../../support/server-process.ts';
import { pidOfWorker, serveWithTwo, twoClients, workersOf } from '../../support/workers.ts';
import { expectGoodEnd } from '../rpc/outcomes.ts';

const STOP_MS = 3_000;
const scenario = {
  answers: [
    { when: '^hang', steps: [{ say: 'One is here. Two' }, { hang: true }] },
    { when: '^paced', steps: Array.from({ length: 60 }, () => [{ say: 'A sentence. ' }, { wait_ms: 100 }]).flat() },
    { when: '', steps: [{ echo: true }] },
  ],
  speech: { chunks_per_sentence: 1, ms_per_chunk: 40 },
};

async function stopped<T>(pid: number, meanwhile: () => Promise<T>): Promise<T> {
  process.kill(pid, 'SIGSTOP');
  try {
    return await meanwhile();
  } finally {
    process.kill(pid, 'SIGCONT');
  }
}

function pidOf(server: ServerProcess): number {
  const { pid } = server.process;
  if (pid === undefined) throw new Error('the server has no process');
  return pid;
}

/** Resolves with what has come by then, while it is not over. */
async function isOpen(outcome: Promise<unknown>): Promise<boolean> {
  return Promise.race([outcome.then(() => false), sleep(20).then(() => true)]);
}

async function expectNobodyLost(server: ServerProcess): Promise<void> {
  expect(server.logsOf('worker_lost')).toEqual([]);
  expect((await workersOf(server)).map(({ state, restarts }) => [state, restarts])).toEqual([
    ['up', 0],
    ['up', 0],
  ]);
}

test('while the server’s process is stopped streams go on, and what is asked of it waits; behind that all is as it was', async () => {
  const server = await serveWithTwo({ scenario });
  const clients = await twoClients(server);
  const paced = clients.map((client) => start(client, { prompt: 'paced' }));
  const hanging = clients.map((client, at) => start(client, { prompt: 'hang', hardware_id: `device-${at}` }));
  await Promise.all([...paced, ...hanging].map(({ firstFrame }) => firstFrame));
  let frames = 0;
  for (const { call } of paced) call.on('data', () => (frames += 1));
  const [asked, interrupted] = await stopped(pidOf(server), async () => {
    const before = frames;
    const calls = clients.map((client) => ask(client, { prompt: 'whoever is there' }));
    const ended = clients.map((client, at) => interrupt(client, `device-${at}`));
    await sleep(STOP_MS);
    expect(frames - before).toBeGreaterThan(50);
    expect(await Promise.all([...calls, ...ended].map(isOpen))).toEqual([true, true, true, true]);
    return [calls, ended] as const;
  });
  for (const call of asked) expect((await call).text).toBe('whoever is there');
  expect((await Promise.all(interrupted)).map(({ interrupted_sessions: named }) => named.length)).toEqual([1, 1]);
  for (const { outcome } of paced) expectGoodEnd(await outcome);
  await expectNobodyLost(server);
  expect(await server.status()).toMatchObject({ active_streams: 0, rejected: {} });
  for (const client of clients) client.close();
  expect(await server.stop()).toBe(0);
});

test('what comes for a stopped server beyond the bound of the line is refused as overloaded, and told; then it is kept again', async () => {
  const server = await serveWithTwo({ scenario });
  const [client] = await twoClients(server);
  // Nine MB of bytes, twelve as base64.
  const screenshot = png({ width: 3_000, height: 3_000 }, { noise: true }).toString('base64');
  const collected = (index: number): Promise<CallOutcome> =>
    ask(client, {
      session_id: `collected-${index}`,
      phase: 'REQUEST_PHASE_COLLECT',
      chunk_seq: 1,
      prompt: '',
      chunk_text: 'What is this?',
      screenshot,
    });
  const calls = await stopped(pidOf(server), async () => {
    const all = Array.from({ length: 16 }, (_, index) => collected(index));
    const first = await Promise.race(all);
    expect(first).toMatchObject({ code: 'RESOURCE_EXHAUSTED', errorType: 'overloaded' });
    // Small ones are, too: nobody knows when it goes on.
    expect(await ask(client, { prompt: 'hello' })).toMatchObject({
      code: 'RESOURCE_EXHAUSTED',
      errorType: 'overloaded',
    });
    return all;
  });
  const outcomes = await Promise.all(calls);
  const refused = outcomes.filter(({ errorType }) => errorType === 'overloaded').length;
  expect(outcomes.filter(({ code }) => code === 'OK').length).toBe(outcomes.length - refused);
  // 64 MiB of them wait, and one more.
  expect(outcomes.length - refused).toBeGreaterThanOrEqual(7);
  expect(outcomes.length - refused).toBeLessThanOrEqual(10);
  await eventually(
    () => server.logsOf('line_free').length,
    (told) => told > 0,
  );
  expect(await server.logged('line_full')).toMatchObject([{ level: 40, worker: expect.any(Number) }]);
  expectGoodEnd(await ask(client, { prompt: 'hello' }));
  expect(await server.status()).toMatchObject({
    rejected: { overloaded: refused + 1 },
    collect_buffers: outcomes.length - refused,
  });
  await expectNobodyLost(server);
  client.close();
  expect(await server.stop()).toBe(0);
});

test('a worker that is stopped for a while holds up nobody but its own streams, which go on then', async () => {
  const server = await serveWithTwo({ scenario });
  const clients = await twoClients(server);
  const hanging = clients.map((client, at) =>
    start(client, { prompt: 'hang', session_id: `hang-${at}`, hardware_id: 'device-on-both' }),
  );
  const paced = clients.map((client, at) => start(client, { prompt: 'paced', session_id: `paced-${at}` }));
  await Promise.all([...hanging, ...paced].map(({ firstFrame }) => firstFrame));
  const { ended } = await stopped(await pidOfWorker(server, 1), async () => {
    // Whichever is at the other one.
    const fresh = await Promise.race(clients.map((client, at) => ask(client, { prompt: 'hello' }).then(() => at)));
    const client = clients[fresh] ?? clients[0];
    const ended = interrupt(client, 'device-on-both');
    expect(await hanging[fresh]?.outcome).toMatchObject({ errorType: 'interrupted' });
    await sleep(STOP_MS);
    expect(await isOpen(ended)).toBe(true);
    expectGoodEnd(await ask(client, { prompt: 'still here' }));
    return { ended };
  });
  expect([...(await ended).interrupted_sessions].sort()).toEqual(['hang-0', 'hang-1']);
  for (const { outcome } of paced) expectGoodEnd(await outcome);
  await eventually(
    () => server.status(),
    ({ active_streams: active }) => active === 0,
  );
  await expectNobodyLost(server);
  for (const client of clients) client.close();
  expect(await server.stop()).toBe(0);
});
