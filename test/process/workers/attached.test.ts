/** DUPLICATE_POLICY=attach across workers: a call at one hears the stream at the other, to the same end, and whatever becomes of either process. */
import { afterEach, expect, test } from 'vitest';
import { interrupt, start, type TestClient } from '../../support/client.ts';
import { eventually } from '../../support/eventually.ts';
import type { ServerProcess } from '../../support/server-process.ts';
import { clientsAround, pidOfWorker, serveWithTwo, workersOf } from '../../support/workers.ts';
import { expectGoodEnd } from '../rpc/outcomes.ts';

const ids = { session_id: 'session-1', hardware_id: 'device-1' };
const words = Array.from({ length: 40 }, (_, index) => `Sentence ${index} is said. `);
const scenario = {
  answers: [
    {
      when: '^long',
      steps: [
        ...words.flatMap((say) => [{ say }, { wait_ms: 100 }]),
        { command: { command: 'open_app', args: { app_name: 'Safari' } } },
      ],
    },
    { when: '^endless', steps: Array.from({ length: 2_000 }, () => [{ say: 'Some words. ' }, { wait_ms: 20 }]).flat() },
    { when: '', steps: [{ echo: true }] },
  ],
  speech: { chunks_per_sentence: 2 },
};

let clients: readonly TestClient[] = [];
afterEach(() => {
  for (const client of clients) client.close();
});

/** A server, a stream at one worker, and calls at the other and at its own that hear it. */
async function attached(prompt: string) {
  const server = await serveWithTwo({ scenario, env: { DUPLICATE_POLICY: 'attach' } });
  clients = await clientsAround(server, 4);
  const [one, other, own] = clients;
  if (one === undefined || other === undefined || own === undefined) throw new Error('there are no clients');
  const leader = start(one, { ...ids, prompt });
  await leader.firstFrame;
  const far = start(other, { ...ids, prompt: 'not asked' });
  const near = start(own, { ...ids, prompt: 'not asked' });
  await Promise.all([far.firstFrame, near.firstFrame]);
  expect((await workersOf(server)).map(({ active_streams: streams }) => streams).sort()).toEqual([1, 2]);
  return { server, clients, leader, far, near };
}

function clientAt(all: readonly TestClient[], index: number): TestClient {
  const client = all[index];
  if (client === undefined) throw new Error(`there is no client ${index}`);
  return client;
}

async function expectEmpty(server: ServerProcess): Promise<void> {
  await eventually(
    () => server.status(),
    ({ active_streams: active, attached_streams: listening }) => active === 0 && listening === 0,
  );
}

test('a call at another worker hears the stream from its next sentence on, sound and command, to the same end', async () => {
  const { server, leader, far, near } = await attached('long');
  expect(await server.status()).toMatchObject({ active_streams: 3, attached_streams: 2, in_flight: 1 });
  const [whole, ...heard] = await Promise.all([leader, far, near].map(({ outcome }) => outcome));
  if (whole === undefined) throw new Error('there is no outcome');
  expectGoodEnd(whole);
  for (const each of heard) {
    expectGoodEnd(each);
    expect(each.kinds[0]).toBe('text_chunk');
    // What they have are the last frames of the stream, sound and all.
    expect(each.frames).toEqual(whole.frames.slice(-each.frames.length));
    expect(each.audioBytes).toBeGreaterThan(0);
    expect(each.kinds.slice(-2)).toEqual(['action_message', 'end_message']);
  }
  await expectEmpty(server);
  expect(server.logsOf('bridge_failed')).toEqual([]);
  expect(await server.stop()).toBe(0);
});

test('a listener that leaves is forgotten where the stream is; an interrupt ends the stream and who hears it, and names the session once', async () => {
  const { server, clients: at, leader, far, near } = await attached('endless');
  far.call.cancel();
  await eventually(
    () => server.status(),
    ({ active_streams: active }) => active === 2,
  );
  const again = start(clientAt(at, 1), { ...ids, prompt: 'not asked' });
  await again.firstFrame;
  expect(await interrupt(clientAt(at, 3), 'device-1')).toMatchObject({ interrupted_sessions: ['session-1'] });
  for (const call of [leader, again, near]) expect((await call.outcome).errorType).toBe('interrupted');
  await expectEmpty(server);
  expect(await server.stop()).toBe(0);
});

test('a listener hears of it when the worker of the stream is killed, and its slot is free', async () => {
  const { server, leader, far } = await attached('endless');
  const victim = (await workersOf(server)).find(({ active_streams: streams }) => streams === 2)?.worker ?? 0;
  process.kill(await pidOfWorker(server, victim), 'SIGKILL');
  expect((await leader.outcome).code).toBe('UNAVAILABLE');
  expect(await far.outcome).toMatchObject({ code: 'UNAVAILABLE', errorType: 'answer_failed' });
  await expectEmpty(server);
  expect(await server.stop()).toBe(0);
});

test('a stream goes on when the worker of its listener is killed, and can be heard again from its replacement', async () => {
  const { server, leader, far } = await attached('endless');
  const victim = (await workersOf(server)).find(({ active_streams: streams }) => streams === 1)?.worker ?? 0;
  process.kill(await pidOfWorker(server, victim), 'SIGKILL');
  expect((await far.outcome).code).toBe('UNAVAILABLE');
  await eventually(
    () => workersOf(server),
    (workers) => workers.every(({ state }) => state === 'up'),
  );
  const fresh = await clientsAround(server, 2);
  clients = [...clients, ...fresh];
  const again = fresh.map((client) => start(client, { ...ids, prompt: 'not asked' }));
  await Promise.all(again.map(({ firstFrame }) => firstFrame));
  leader.call.cancel();
  for (const { outcome } of again) expect(await outcome).toMatchObject({ errorType: 'interrupted' });
  await expectEmpty(server);
  expect(await server.stop()).toBe(0);
});
