/** Single-flight: one session_id has one stream; another one is refused at once and touches nothing. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { ask, connect, interrupt, start, type TestClient } from '../../support/client.ts';
import { eventually } from '../../support/eventually.ts';
import { startServer } from '../../support/server.ts';
import type { TestServer } from '../../support/test-server.ts';
import { expectErrorBeforeData, expectGoodEnd } from './outcomes.ts';
import { richStatusOf } from './rich-status.ts';

/** So many that their sound does not fit on the way to a client that does not read: its stream lasts until it reads on. */
const LONG_SENTENCES = 150;

const scenario = {
  answers: [
    {
      when: '^long$',
      steps: [
        { say: 'One more is here. ', repeat: LONG_SENTENCES },
        { command: { command: 'open_app', args: { app_name: 'Safari' } } },
      ],
    },
    { when: '^hang$', steps: [{ say: 'One is here. Two' }, { hang: true }] },
    { when: '', steps: [{ say: 'At once.' }] },
  ],
  speech: { chunks_per_sentence: 1, ms_per_chunk: 1 },
};

let server: TestServer;
let client: TestClient;
let other: TestClient;
beforeAll(async () => {
  // One slot: a duplicate that took one, or gave one back, would be seen.
  server = await startServer({ scenario, env: { BACKPRESSURE_MAX_STREAMS: '1' } });
  client = connect(server.grpcPort);
  other = connect(server.grpcPort);
});
afterAll(() => {
  client.close();
  other.close();
});

test('the second and the third of the same id are refused at once while the first goes on to its good end', async () => {
  const request = { prompt: 'long', session_id: 'session-1' };
  const alone = await ask(client, request);
  expectGoodEnd(alone);

  const first = start(client, request);
  await first.firstFrame;
  first.call.pause();
  for (const from of [client, other]) {
    const duplicate = await ask(from, { ...request, prompt: 'at once' });
    expectErrorBeforeData(duplicate, {
      code: 'RESOURCE_EXHAUSTED',
      errorType: 'concurrent_request',
      details: 'Concurrent request for session_id=session-1 is not allowed',
    });
    expect(richStatusOf(duplicate.trailers)).toMatchObject({ reason: 'CONCURRENT_REQUEST', retryAfterMs: 1000 });
    expect(await server.status()).toMatchObject({ active_streams: 1, in_flight: 1, active_answers: 1 });
  }
  first.call.resume();
  const untouched = await first.outcome;
  expect(untouched.frames).toEqual(alone.frames);
  expect(untouched.code).toBe('OK');
  expect(await server.status()).toMatchObject({ active_streams: 0, in_flight: 0, rejected: { concurrent_request: 2 } });
});

test('a duplicate COMMIT whose words the first one took is refused as a duplicate, also by a full house', async () => {
  const ids = { session_id: 'session-0', hardware_id: 'device-0' };
  await ask(client, { ...ids, phase: 'REQUEST_PHASE_COLLECT', chunk_text: 'hang' });
  const commit = { ...ids, phase: 'REQUEST_PHASE_COMMIT' } as const;
  const first = start(client, commit);
  await first.firstFrame;
  const before = (await server.status()).rejected;
  for (const words of [{}, { prompt: ' \n' }, { chunk_text: '\t' }]) {
    const duplicate = await ask(other, { ...commit, ...words });
    expectErrorBeforeData(duplicate, {
      code: 'RESOURCE_EXHAUSTED',
      errorType: 'concurrent_request',
      details: 'Concurrent request for session_id=session-0 is not allowed',
    });
    expect(duplicate.sessionId).toBe('session-0');
  }
  // No words are no words, wherever the same id is not running.
  expectErrorBeforeData(await ask(other, { ...commit, session_id: 'session-00' }), {
    code: 'INVALID_ARGUMENT',
    errorType: 'empty_prompt',
  });
  first.call.cancel();
  await first.outcome;
  await eventually(server.status, ({ active_streams }) => active_streams === 0);
  expectErrorBeforeData(await ask(other, commit), { code: 'INVALID_ARGUMENT', errorType: 'empty_prompt' });
  expect((await server.status()).rejected).toEqual({
    ...before,
    concurrent_request: (before.concurrent_request ?? 0) + 3,
    empty_prompt: (before.empty_prompt ?? 0) + 2,
  });
  const refused = server.logsOf('reject').filter(({ ctx }) => ctx?.session_id === 'session-0');
  expect(refused.map(({ ctx }) => ctx?.reason)).toEqual([...Array(3).fill('concurrent_request'), 'empty_prompt']);
});

test('the same id is welcome again as soon as its stream has ended, however that was', async () => {
  const session_id = 'session-2';
  for (let round = 0; round < 20; round += 1) {
    expectGoodEnd(await ask(client, { prompt: 'at once', session_id }));
  }
  const running = start(client, { prompt: 'hang', session_id, hardware_id: 'device-2' });
  await running.firstFrame;
  await new Promise<void>((resolve) => other.InterruptSession({ hardware_id: 'device-2' }, () => resolve()));
  expectGoodEnd(await ask(client, { prompt: 'at once', session_id }));
  await running.outcome;
});

test('of twenty calls of one id at the same moment exactly one runs', async () => {
  const request = { prompt: 'hang', session_id: 'session-3', hardware_id: 'device-3' };
  const ended: string[] = [];
  const calls = Array.from({ length: 20 }, async (_, index) => {
    const { code, errorType } = await ask(index % 2 === 0 ? client : other, request);
    ended.push(`${code} ${errorType}`);
  });
  await eventually(
    () => ended.length,
    (count) => count === 19,
  );
  expect(ended).toEqual(Array(19).fill('RESOURCE_EXHAUSTED concurrent_request'));
  await interrupt(other, 'device-3');
  await Promise.all(calls);
  expect(ended.at(-1)).toBe('CANCELLED interrupted');
});

test('ids that differ only in case are two sessions', async () => {
  const roomy = await startServer({ scenario });
  const from = connect(roomy.grpcPort);
  const outcomes = await Promise.all(['s', 'S'].map((session_id) => ask(from, { prompt: 'long', session_id })));
  from.close();
  for (const outcome of outcomes) expectGoodEnd(outcome);
});

test('with ONE_STREAM_PER_DEVICE a second stream of the device is refused, another device is not', async () => {
  const single = await startServer({ scenario, env: { ONE_STREAM_PER_DEVICE: 'on' } });
  const from = connect(single.grpcPort);
  const first = start(from, { prompt: 'long', hardware_id: 'device-1' });
  await first.firstFrame;
  first.call.pause();
  expectErrorBeforeData(await ask(from, { prompt: 'at once', hardware_id: 'device-1' }), {
    code: 'RESOURCE_EXHAUSTED',
    errorType: 'concurrent_hardware_id',
  });
  expectGoodEnd(await ask(from, { prompt: 'at once', hardware_id: 'device-2' }));
  first.call.resume();
  expectGoodEnd(await first.outcome);
  expectGoodEnd(await ask(from, { prompt: 'at once', hardware_id: 'device-1' }));
  from.close();
});
