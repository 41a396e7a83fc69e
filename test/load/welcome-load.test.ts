/** Long texts and slow readers of GenerateWelcomeAudio: sound before all is spoken, bounded memory, nobody else held up. */
import { expect, test } from 'vitest';
import { expectErrorAfterData, expectGoodEnd } from '../process/rpc/outcomes.ts';
import { ask, connect, startWelcome, type TestClient, welcome } from '../support/client.ts';
import { eventually } from '../support/eventually.ts';
import { type ServerProcess, startServerProcess } from '../support/server-process.ts';
import { startStopwatch } from '../support/stopwatch.ts';

const MIB = 1024 * 1024;
const CHUNK_BYTES = 4096;

const scenario = (speech: object) => ({ answers: [{ when: '', steps: [{ say: 'Quick.' }] }], speech });

async function serve(speech: object, env: Readonly<Record<string, string>> = {}) {
  const server = await startServerProcess({ scenario: scenario(speech), env });
  return { server, client: connect(server.grpcPort) };
}

/** The longest that the server let a health probe wait while `work` went on, in ms. */
async function longestWaitMs(server: ServerProcess, work: Promise<unknown>): Promise<number> {
  let isDone = false;
  let longestMs = 0;
  void work.finally(() => {
    isDone = true;
  });
  while (!isDone) {
    const elapsedMs = startStopwatch([server.process]);
    await server.status();
    longestMs = Math.max(longestMs, elapsedMs());
  }
  return longestMs;
}

test('hundreds of sentences sound long before the last one is spoken, and in full', async () => {
  const { server, client } = await serve({ chunks_per_sentence: 1, ms_per_chunk: 20 });
  const running = startWelcome(client, { text: 'One more of the sentences. '.repeat(300) });
  await running.firstFrame;
  expect((await server.status()).active_speech).toBeLessThanOrEqual(3);
  const outcome = await running.outcome;
  expectGoodEnd(outcome);
  expect(outcome.audioBytes).toBe(300 * CHUNK_BYTES);
  expect(outcome.frameTimesMs[1]).toBeLessThan(outcome.endedAfterMs / 4);
  client.close();
});

test('the embedded voice starts a text of hundreds of sentences as soon as the first one is spoken', async () => {
  const server = await startServerProcess();
  const client = connect(server.grpcPort);
  const running = startWelcome(client, {
    text: 'This is a sentence of some length, as people write them. '.repeat(400),
  });
  await running.firstFrame;
  await eventually(
    () => server.status(),
    ({ active_speech }) => active_speech > 0 && active_speech <= 3,
  );
  running.call.cancel();
  await running.outcome;
  client.close();
});

const STALLED = 20;

test('twenty stalled readers of sixty megabytes each cost bounded memory and end by the idle timeout', async () => {
  const { server, client } = await serve(
    { chunks_per_sentence: 15_000, chunk_bytes: CHUNK_BYTES },
    { BACKPRESSURE_IDLE_TIMEOUT: '2' },
  );
  for (let round = 0; round < 5; round += 1) expectGoodEnd(await welcome(client, { text: '🙂' }));
  const residentBefore = server.residentBytes();
  const stalled = Array.from({ length: STALLED }, () =>
    startWelcome(client, { text: 'Loud words are here. '.repeat(20) }),
  );
  for (const running of stalled) {
    await running.firstFrame;
    running.call.pause();
  }
  let residentMax = 0;
  await eventually(
    async () => {
      residentMax = Math.max(residentMax, server.residentBytes());
      return server.status();
    },
    ({ idle_timeouts }) => idle_timeouts === STALLED,
    20_000,
  );
  const growth = residentMax - residentBefore;
  console.log(`${(growth / MIB).toFixed(1)} MiB more for ${STALLED} stalled readers`);
  expect(growth).toBeLessThan(40 * MIB);
  for (const running of stalled) {
    running.call.resume();
    expectErrorAfterData(await running.outcome, { code: 'DEADLINE_EXCEEDED', errorType: 'stream_idle_timeout' });
  }
  expect(server.logsOf('stream_idle_timeout').map(({ method }) => method)).toEqual(
    Array(STALLED).fill('GenerateWelcomeAudio'),
  );
  expect(await server.status()).toMatchObject({ active_streams: 0, active_speech: 0 });
  client.close();
});

/** What a status probe may wait, the machine aside; a text that is read in one go holds it up for five seconds and more. */
const MAX_WAIT_MS = 1_000;

test.each([
  { name: 'four megabytes without a word', text: '🙂'.repeat(MIB), speech: {} },
  {
    name: 'a hundred thousand sentences without a sound',
    text: 'So it is. '.repeat(100_000),
    speech: { chunks_per_sentence: 0 },
  },
  { name: 'one word of fifteen megabytes', text: 'x'.repeat(15 * MIB), speech: { chunks_per_sentence: 0 } },
])('$name hold up nobody', async ({ name, text, speech }) => {
  const { server, client } = await serve(speech);
  const running = startWelcome(client, { text });
  const waitedMs = await longestWaitMs(server, Promise.race([running.outcome, rest(4_000)]));
  console.log(`${name}: a probe waited ${waitedMs.toFixed(0)} ms at most`);
  expect(waitedMs).toBeLessThan(MAX_WAIT_MS);
  await expectServing(client);
  running.call.cancel();
  await running.outcome;
  client.close();
});

async function expectServing(client: TestClient): Promise<void> {
  expectGoodEnd(await ask(client, { prompt: 'Still there?' }));
}

function rest(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
