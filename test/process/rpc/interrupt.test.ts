/** InterruptSession: everything a device is being told ends on the spot, nobody else notices. */
import { type ServiceError, status } from '@grpc/grpc-js';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ask, connect, interrupt, start, startWelcome, type TestClient } from '../../support/client.ts';
import { eventually } from '../../support/eventually.ts';
import { startServer } from '../../support/server.ts';
import type { TestServer } from '../../support/test-server.ts';
import { endOf, expectErrorAfterData, expectErrorBeforeData, expectGoodEnd } from './outcomes.ts';
import { richStatusOf } from './rich-status.ts';

/** So many that their sound does not fit on the way to a client that does not read: its stream lasts until it reads on. */
const LONG_SENTENCES = 150;

const scenario = {
  answers: [
    { when: '^hang', steps: [{ say: 'One is here. Two' }, { hang: true }] },
    { when: '^mute', steps: [{ hang: true }] },
    { when: '^slow', steps: [{ say: 'One is here. Two' }, { wait_ms: 400 }, { say: ' is here.' }] },
    { when: '^long', steps: [{ say: 'One more is here. ', repeat: LONG_SENTENCES }] },
    { when: '', steps: [{ say: 'At once.' }] },
  ],
  speech: { chunks_per_sentence: 1, ms_per_chunk: 1 },
};
/** Minutes of speech. */
const endless = 'One more of ten thousand sentences. '.repeat(10_000);

let server: TestServer;
let client: TestClient;
let controller: TestClient;
beforeAll(async () => {
  server = await startServer({ scenario });
  client = connect(server.grpcPort);
  controller = connect(server.grpcPort);
});
afterAll(() => {
  client.close();
  controller.close();
});

test('all streams of the device end, their ids come back, others go on to their good end', async () => {
  const mine = ['a-1', 'a-2', 'a-3'].map((session_id) =>
    start(client, { prompt: 'hang', hardware_id: 'device-a', session_id }),
  );
  const others = ['device-b', 'device-A', ''].map((hardware_id) => start(client, { prompt: 'long', hardware_id }));
  await Promise.all([...mine, ...others].map((running) => running.firstFrame));
  for (const { call } of others) call.pause();

  const response = await interrupt(controller, 'device-a');
  expect({ ...response, interrupted_sessions: response.interrupted_sessions.toSorted() }).toEqual({
    success: true,
    interrupted_sessions: ['a-1', 'a-2', 'a-3'],
    message: 'Interrupted streams: 3',
  });
  const after = await server.status();
  expect({ streams: after.active_streams, answers: after.active_answers }).toEqual({ streams: 3, answers: 3 });
  for (const { outcome } of mine) {
    expect(endOf(await outcome)).toEqual({
      kinds: ['text_chunk', 'audio_chunk'],
      code: 'CANCELLED',
      details: 'Interrupted by the device',
      errorType: 'interrupted',
    });
  }
  for (const { call, outcome } of others) {
    call.resume();
    expectGoodEnd(await outcome);
  }
});

test('a stream that has said nothing yet ends with the error frame', async () => {
  const running = start(client, { prompt: 'mute', hardware_id: 'device-c' });
  await eventually(
    () => server.status(),
    ({ active_streams }) => active_streams === 1,
  );
  await interrupt(controller, 'device-c');
  const outcome = await running.outcome;
  expectErrorBeforeData(outcome, { code: 'CANCELLED', errorType: 'interrupted', details: 'Interrupted by the device' });
  expect(richStatusOf(outcome.trailers)).toMatchObject({ code: status.CANCELLED, reason: 'INTERRUPTED' });
});

test('success is true also when nothing was running', async () => {
  expect(await interrupt(controller, 'device-nobody')).toEqual({
    success: true,
    interrupted_sessions: [],
    message: 'No running stream',
  });
});

test('a new request of the device is welcome right after, also with the same session_id', async () => {
  const request = { hardware_id: 'device-d', session_id: 'session-d' };
  const running = start(client, { prompt: 'hang', ...request });
  await running.firstFrame;
  await interrupt(controller, 'device-d');
  expectGoodEnd(await ask(client, { prompt: 'at once', ...request }));
  expect((await running.outcome).errorType).toBe('interrupted');
});

test('a hundred in a row leave nothing behind', async () => {
  for (let round = 0; round < 100; round += 1) {
    const running = start(client, { prompt: 'hang', hardware_id: 'device-e', session_id: 'session-e' });
    await running.firstFrame;
    expect((await interrupt(controller, 'device-e')).interrupted_sessions).toEqual(['session-e']);
    expect((await running.outcome).errorType).toBe('interrupted');
  }
  expect(await server.status()).toMatchObject({
    active_streams: 0,
    in_flight: 0,
    active_answers: 0,
    active_speech: 0,
  });
});

test('many at once for one device are all answered, and each stream is named by one of them', async () => {
  const running = start(client, { prompt: 'hang', hardware_id: 'device-f', session_id: 'session-f' });
  await running.firstFrame;
  const responses = await Promise.all(Array.from({ length: 20 }, () => interrupt(controller, 'device-f')));
  expect(responses.flatMap((response) => response.interrupted_sessions)).toEqual(['session-f']);
  await running.outcome;
});

test('a hundred in a row, one by one and all at once, are harmless where nothing runs', async () => {
  const nothing = { success: true, interrupted_sessions: [], message: 'No running stream' };
  for (let round = 0; round < 100; round += 1) expect(await interrupt(controller, 'device-g')).toEqual(nothing);
  const responses = await Promise.all(Array.from({ length: 100 }, () => interrupt(controller, 'device-g')));
  expect(responses).toEqual(Array(100).fill(nothing));
});

test('a hundred at once, among answers and welcome streams, end each stream once and harm no other device', async () => {
  const sessions = Array.from({ length: 10 }, (_, index) => `session-h${index}`);
  const answers = sessions.map((session_id) => start(client, { prompt: 'hang', hardware_id: 'device-h', session_id }));
  await Promise.all(answers.map(({ firstFrame }) => firstFrame));
  const welcomes = sessions.map((session_id) => startWelcome(client, { text: endless, session_id }));
  const other = start(client, { prompt: 'slow', hardware_id: 'device-i' });
  await Promise.all([...welcomes, other].map(({ firstFrame }) => firstFrame));
  const responses = await Promise.all(Array.from({ length: 100 }, () => interrupt(controller, 'device-h')));
  expect(responses.flatMap((response) => response.interrupted_sessions).toSorted()).toEqual(sessions);
  expect(responses.every(({ success }) => success)).toBe(true);
  for (const { outcome } of [...answers, ...welcomes]) {
    expect(await outcome).toMatchObject({ code: 'CANCELLED', errorType: 'interrupted' });
  }
  expectGoodEnd(await other.outcome);
  expect(await server.status()).toMatchObject({ active_streams: 0, in_flight: 0, active_answers: 0, active_speech: 0 });
});

test('a welcome stream is reached also when the answer of its session has ended meanwhile', async () => {
  const request = { hardware_id: 'device-j', session_id: 'session-j' };
  const answer = start(client, { prompt: 'long', ...request });
  await answer.firstFrame;
  answer.call.pause();
  const spoken = startWelcome(client, { text: endless, session_id: 'session-j' });
  await spoken.firstFrame;
  answer.call.resume();
  expectGoodEnd(await answer.outcome);
  expect((await interrupt(controller, 'device-j')).interrupted_sessions).toEqual(['session-j']);
  expectErrorAfterData(await spoken.outcome, { code: 'CANCELLED', errorType: 'interrupted' });
});

test('a welcome stream of a session that nobody has in flight is left alone', async () => {
  const spoken = startWelcome(client, { text: 'Only a few words. And a few more of them.', session_id: 'session-k' });
  expect((await interrupt(controller, 'device-k')).interrupted_sessions).toEqual([]);
  expectGoodEnd(await spoken.outcome);
});

describe('a hardware_id that names no device is INVALID_ARGUMENT/invalid_hardware_id', () => {
  test.each(['', '  ', 'unknown', 'a b', 'x'.repeat(129), 'устройство'])('"%s"', async (hardwareId) => {
    const error: ServiceError = await interrupt(controller, hardwareId).then(
      () => expect.unreachable('it was accepted'),
      (refusal) => refusal,
    );
    expect({ code: error.code, type: error.metadata.get('error-type') }).toEqual({
      code: status.INVALID_ARGUMENT,
      type: ['invalid_hardware_id'],
    });
    expect(error.details).toContain('hardware_id');
    expect(richStatusOf(error.metadata)).toEqual({
      code: status.INVALID_ARGUMENT,
      message: error.details,
      reason: 'INVALID_HARDWARE_ID',
      domain: 'recital',
      retryAfterMs: null,
    });
  });
});
