/** The one error rule (CONTRACT §1): where an error falls decides what the client sees, and it sees it once. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ask, connect, start, type TestClient } from '../../support/client.ts';
import { eventually } from '../../support/eventually.ts';
import { startServer } from '../../support/server.ts';
import type { TestServer } from '../../support/test-server.ts';
import { endOf, expectErrorBeforeData } from './outcomes.ts';
import { framed, rawCall, requestBytes } from './raw-call.ts';

const down = { fail: { error_code: 'UNAVAILABLE', message: 'model is down' } };
const scenario = {
  answers: [
    { when: '^before$', steps: [down] },
    { when: '^half a word$', steps: [{ say: 'Not a sen' }, down] },
    { when: '^after text$', steps: [{ say: 'Mute words come first. Then' }, { wait_ms: 100 }, down] },
    { when: '^after audio$', steps: [{ say: 'Spoken words come first. Then' }, { wait_ms: 100 }, down] },
    { when: '^two at once$', steps: [{ say: 'One is here. Two is here. And' }, { wait_ms: 100 }, down] },
    {
      when: '^command$',
      steps: [{ say: 'Mute.' }, { command: { command: 'open_app', args: { app_name: 'Safari' } } }],
    },
    { when: '^hang$', steps: [{ say: 'Spoken words come first. Then' }, { hang: true }] },
    { when: '^good$', steps: [{ say: 'One is here. Two is here.' }] },
  ],
  speech: { chunks_per_sentence: 2, fail_when: 'mute' },
};

let server: TestServer;
let client: TestClient;
beforeAll(async () => {
  server = await startServer({ scenario });
  client = connect(server.grpcPort);
});
afterAll(() => client.close());

const declared = { code: 'UNAVAILABLE', details: 'model is down', errorType: 'answer_failed' };

describe('before any frame', () => {
  test('an error is one error frame and then the status with the same text', async () => {
    expectErrorBeforeData(await ask(client, { prompt: 'before' }), declared);
  });

  test('words that were no sentence yet are dropped: still nothing was sent', async () => {
    expectErrorBeforeData(await ask(client, { prompt: 'half a word' }), declared);
  });
});

describe('after a frame', () => {
  test('an error after text is the status alone', async () => {
    const outcome = await ask(client, { prompt: 'after text' });
    expect(endOf(outcome)).toEqual({ kinds: ['text_chunk'], ...declared });
    expect(outcome.text).toBe('Mute words come first.');
  });

  test('an error after audio is the status alone', async () => {
    const outcome = await ask(client, { prompt: 'after audio' });
    expect(endOf(outcome)).toEqual({ kinds: ['text_chunk', 'audio_chunk', 'audio_chunk'], ...declared });
  });

  test('an error after two whole sentences is the status alone', async () => {
    const outcome = await ask(client, { prompt: 'two at once' });
    const sentence = ['text_chunk', 'audio_chunk', 'audio_chunk'];
    expect(endOf(outcome)).toEqual({ kinds: [...sentence, ...sentence], ...declared });
  });

  test('an error after the action is the status alone: the end frame itself hits the rate limit', async () => {
    const limited = await startServer({ scenario, env: { BACKPRESSURE_MAX_RATE: '2' } });
    const limitedClient = connect(limited.grpcPort);
    const outcome = await ask(limitedClient, { prompt: 'command' });
    limitedClient.close();
    expect(endOf(outcome)).toEqual({
      kinds: ['text_chunk', 'action_message'],
      code: 'RESOURCE_EXHAUSTED',
      details: 'Message rate limit exceeded: 3 messages in last second (limit: 2 msg/s)',
      errorType: 'rate_limit_exceeded',
    });
    expect((await limited.status()).commands_sent).toBe(1);
  });

  test('an interrupt in the middle of the sound is the status alone', async () => {
    const running = start(client, { prompt: 'hang', hardware_id: 'device-1' });
    await running.firstFrame;
    await eventually(
      () => server.status(),
      ({ active_speech }) => active_speech === 0,
    );
    await new Promise<void>((resolve) =>
      client.InterruptSession({ hardware_id: 'device-1' }, () => {
        resolve();
      }),
    );
    expect(endOf(await running.outcome)).toEqual({
      kinds: ['text_chunk', 'audio_chunk', 'audio_chunk'],
      code: 'CANCELLED',
      details: 'Interrupted by the device',
      errorType: 'interrupted',
    });
  });
});

describe('on the wire', () => {
  const wire = (prompt: string) => rawCall(server.grpcPort, framed(requestBytes({ prompt }))).outcome;

  test('a failed call carries exactly one status, and it is the last thing', async () => {
    const { messages, statuses, resetCode } = await wire('before');
    expect({ messages: messages.length, statuses: statuses.length, resetCode }).toEqual({
      messages: 1,
      statuses: 1,
      resetCode: 0,
    });
    expect(statuses[0]).toMatchObject({
      'grpc-status': '14',
      'grpc-message': 'model%20is%20down',
      'error-type': 'answer_failed',
    });
  });

  test('a good call carries exactly one status, OK, and no trailer of ours', async () => {
    const { messages, statuses, resetCode } = await wire('good');
    expect({ messages: messages.length, statuses: statuses.length, resetCode }).toEqual({
      messages: 7,
      statuses: 1,
      resetCode: 0,
    });
    expect(statuses[0]).toMatchObject({ 'grpc-status': '0' });
    expect(statuses[0]).not.toHaveProperty('error-type');
    expect(statuses[0]).not.toHaveProperty('grpc-status-details-bin');
  });
});
