/** Single-flight: one session_id has one stream; another one is refused at once and touches nothing. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { ask, connect, start, type TestClient } from '../../support/client.ts';
import { eventually } from '../../support/eventually.ts';
import { startServer } from '../../support/server.ts';
import type { TestServer } from '../../support/test-server.ts';
import { expectErrorBeforeData, expectGoodEnd } from './outcomes.ts';
import { richStatusOf } from './rich-status.ts';

const scenario = {
  answers: [
    {
      when: '^slow$',
      steps: [
        { say: 'One is here. Two' },
        { wait_ms: 500 },
        { say: ' is here.' },
        { command: { command: 'open_app', args: { app_name: 'Safari' } } },
      ],
    },
    { when: '^hang$', steps: [{ say: 'One is here. Two' }, { hang: true }] },
    { when: '', steps: [{ say: 'At once.' }] },
  ],
  speech: { chunks_per_sentence: 2 },
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
  const request = { prompt: 'slow', session_id: 'session-1' };
  const alone = await ask(client, request);
  expectGoodEnd(alone);

  const first = start(client, request);
  await first.firstFrame;
  for (const from of [client, other]) {
    const duplicate = await ask(from, { ...request, prompt: 'at once' });
    expectErrorBeforeData(duplicate, {
      code: 'RESOURCE_EXHAUSTED',
      errorType: 'concurrent_request',
      details: 'Concurrent request for session_id=session-1 is not allowed',
    });
    expect(richStatusOf(duplicate.trailers)).toMatchObject({ reason: 'CONCURRENT_REQUEST', retryAfterMs: 1000 });
    // At once: long before the first could end.
    expect(duplicate.endedAfterMs).toBeLessThan(250);
    expect(await server.status()).toMatchObject({ active_streams: 1, in_flight: 1, active_answers: 1 });
  }
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
  const calls = Array.from({ length: 20 }, (_, index) =>
    ask(index % 2 === 0 ? client : other, { prompt: 'slow', session_id: 'session-3' }),
  );
  const codes = (await Promise.all(calls)).map(({ code, errorType }) => `${code} ${errorType}`);
  expect(codes.filter((code) => code === 'OK null')).toHaveLength(1);
  expect(codes.filter((code) => code === 'RESOURCE_EXHAUSTED concurrent_request')).toHaveLength(19);
});

test('ids that differ only in case are two sessions', async () => {
  const roomy = await startServer({ scenario });
  const from = connect(roomy.grpcPort);
  const outcomes = await Promise.all(['s', 'S'].map((session_id) => ask(from, { prompt: 'slow', session_id })));
  from.close();
  for (const outcome of outcomes) expectGoodEnd(outcome);
});

test('with ONE_STREAM_PER_DEVICE a second stream of the device is refused, another device is not', async () => {
  const single = await startServer({ scenario, env: { ONE_STREAM_PER_DEVICE: 'on' } });
  const from = connect(single.grpcPort);
  const first = start(from, { prompt: 'slow', hardware_id: 'device-1' });
  await first.firstFrame;
  expectErrorBeforeData(await ask(from, { prompt: 'at once', hardware_id: 'device-1' }), {
    code: 'RESOURCE_EXHAUSTED',
    errorType: 'concurrent_hardware_id',
  });
  expectGoodEnd(await ask(from, { prompt: 'at once', hardware_id: 'device-2' }));
  expectGoodEnd(await first.outcome);
  expectGoodEnd(await ask(from, { prompt: 'at once', hardware_id: 'device-1' }));
  from.close();
});
