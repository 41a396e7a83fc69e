/** Two servers on one DATA_DIR: each request of a quota is admitted once, nothing is lost or doubled, and what is forgotten is so for both. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { forgetMemory, reportUsage } from '../../../src/store/store-errand.ts';
import { ask, connect, type TestClient } from '../../support/client.ts';
import { makeFolder } from '../../support/end-of-file.ts';
import { eventually } from '../../support/eventually.ts';
import { type ServerProcess, startServerProcess } from '../../support/server-process.ts';

const LIMIT = 12;
const dataDir = join(makeFolder('recital-two-'), 'data');
const scenario = { speech: { chunks_per_sentence: 1 } };
// The embedded answerer tells what it remembers.
const env = { DATA_DIR: dataDir, ANSWER_ENGINE: 'embedded', QUOTA_DAILY: String(LIMIT), LOG_LEVEL: 'warn' };

let servers: readonly ServerProcess[];
let clients: readonly TestClient[];

beforeAll(async () => {
  servers = await Promise.all([startServerProcess({ scenario, env }), startServerProcess({ scenario, env })]);
  clients = servers.map(({ grpcPort }) => connect(grpcPort));
});
afterAll(() => {
  for (const client of clients) client.close();
});

function client(index: number): TestClient {
  const found = clients[index % clients.length];
  if (found === undefined) throw new Error('there is no client');
  return found;
}

/**
 * What `make` gives for a new device. A store that takes longer than 350 ms, as on a machine that is busy with other things, lets each server
 * count by itself, and says so (docs/MEMORY.md): then nothing is promised of the sum, and another device is asked for.
 */
async function whileTheStoreAnswers<T>(name: string, make: (device: string) => Promise<T>): Promise<T> {
  const countedHere = () => servers.flatMap((server) => server.logsOf('quota_counted_here')).length;
  const MAX_TRIES = 8;
  for (let index = 0; index < MAX_TRIES; index += 1) {
    const before = countedHere();
    const made = await make(`${name}-${index}`);
    if (countedHere() === before) return made;
  }
  throw new Error(`the store was late in each of ${MAX_TRIES} tries`);
}

test.each([
  ['storm', 40, true],
  ['turns', 20, false],
])(
  'of calls in a %s exactly as many are admitted as the quota has, whichever server is asked',
  async (name, calls, isAtOnce) => {
    const { device, outcomes } = await whileTheStoreAnswers(name, async (device) => {
      const call = (index: number) => ask(client(index), { prompt: 'What time is it?', hardware_id: device });
      const indices = Array.from({ length: calls }, (_, index) => index);
      const outcomes = isAtOnce ? await Promise.all(indices.map(call)) : [];
      if (!isAtOnce) for (const index of indices) outcomes.push(await call(index));
      return { device, outcomes };
    });
    const refused = outcomes.filter(({ code }) => code !== 'OK');
    expect(refused).toHaveLength(calls - LIMIT);
    for (const { code, errorType, details } of refused) {
      expect([code, errorType]).toEqual(['PERMISSION_DENIED', 'access_denied']);
      expect(details).toMatch(new RegExp(`^Daily limit exceeded: ${LIMIT} of ${LIMIT} requests used; resets at `));
    }
    // Each answer that was given has one entry of usage, from whichever server.
    const report = await eventually(
      () => reportUsage({ dataDir, sinceMs: 0, hardwareId: device }),
      (found) => found.kind === 'summary' && found.summary.total.reports >= LIMIT,
    );
    expect(report).toMatchObject({ kind: 'summary', summary: { total: { reports: LIMIT } } });
  },
);

test('requests that get no stream are given back, also where another server counts', async () => {
  const device = 'given-back';
  const cancelled = Array.from({ length: 30 }, (_, index) =>
    ask(client(index), { prompt: 'Tell me about yourself', hardware_id: device, session_id: 'one-session' }),
  );
  const outcomes = await Promise.all(cancelled);
  // Of one session id each server answers one at a time; some may have come after another.
  const admitted = outcomes.filter(({ code }) => code === 'OK').length;
  expect(admitted).toBeGreaterThanOrEqual(2);
  expect(admitted).toBeLessThanOrEqual(LIMIT);
  // A duplicate does not hold a request that another call may need.
  expect(new Set(outcomes.map(({ errorType }) => errorType))).toEqual(new Set([null, 'concurrent_request']));
  let more = 0;
  while ((await ask(client(more), { prompt: 'What time is it?', hardware_id: device })).code === 'OK') more += 1;
  expect(admitted + more).toBe(LIMIT);
});

test('what is said to one is remembered by the other, and forgotten by both', async () => {
  const said = { hardware_id: 'two-homes' };
  await ask(client(0), { ...said, prompt: 'My favourite colour is purple.' });
  const question = { ...said, prompt: 'What is my favourite colour?' };
  // Nobody waits for what is remembered: another server may be asked before it is on the disk.
  await eventually(
    () => ask(client(1), question),
    ({ text }) => text.includes('purple'),
  );
  expect((await ask(client(0), question)).text).toContain('purple');
  const forgotten = await forgetMemory({ dataDir, hardwareId: 'two-homes' });
  expect(forgotten).toMatchObject({ kind: 'forgotten', devices: 1 });
  for (const index of [0, 1]) expect((await ask(client(index), question)).text).not.toContain('purple');
});

test('a server whose store was killed counts on, and the sum is right when it is back', async () => {
  const device = 'hurt';
  const call = (index: number) => ask(client(index), { prompt: 'What time is it?', hardware_id: device });
  for (let index = 0; index < 4; index += 1) expect((await call(index)).code).toBe('OK');
  const [first] = servers;
  if (first === undefined) throw new Error('there is no server');
  const { pid } = first.process;
  // The store is the only process that a server has.
  const [storePid] = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ');
  process.kill(Number(storePid), 'SIGKILL');
  // By itself it knows of what it was told last.
  expect((await call(0)).code).toBe('OK');
  // That it was degraded is told, however soon it has a store again.
  await eventually(
    () => first.logsOf('store_failed').length,
    (lines) => lines === 1,
  );
  await eventually(first.status, ({ health }) => health === 'ok');
  let more = 0;
  while ((await call(more)).code === 'OK') more += 1;
  expect(5 + more).toBe(LIMIT);
});
