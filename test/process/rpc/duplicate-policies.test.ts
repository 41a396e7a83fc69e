/** DUPLICATE_POLICY as clients see it: what becomes of a second call of a session id that runs, and of the first. */
import { afterEach, describe, expect, test } from 'vitest';
import { ask, connect, interrupt, start, type TestClient } from '../../support/client.ts';
import { eventually } from '../../support/eventually.ts';
import { startServer } from '../../support/server.ts';
import { expectErrorAfterData, expectErrorBeforeData, expectGoodEnd } from './outcomes.ts';

const scenario = {
  answers: [
    { when: '^hang', steps: [{ say: 'One sentence is said here. Two' }, { hang: true }] },
    {
      when: '^slow',
      steps: [
        { say: 'One sentence is said at first. ' },
        { wait_ms: 600 },
        { say: 'Two more words are said after that. Three in all, and this is the last. ' },
        { command: { command: 'open_app', args: { app_name: 'Safari' } } },
      ],
    },
    { when: '', steps: [{ echo: true }] },
  ],
  speech: { chunks_per_sentence: 1 },
};

let client: TestClient | null = null;
afterEach(() => client?.close());

async function serverWith(policy: string, env: Readonly<Record<string, string>> = {}) {
  const server = await startServer({ scenario, env: { DUPLICATE_POLICY: policy, ...env } });
  client = connect(server.grpcPort);
  return { server, client };
}

const ids = { session_id: 'session-1', hardware_id: 'device-1' };

describe('supersede', () => {
  test('the newer call goes on in the one slot there is; the older ends as superseded and has no word of it', async () => {
    const { server, client: from } = await serverWith('supersede', { BACKPRESSURE_MAX_STREAMS: '1' });
    const older = start(from, { ...ids, prompt: 'hang' });
    await older.firstFrame;
    const newer = await ask(from, { ...ids, prompt: 'Other words entirely.' });
    expectGoodEnd(newer);
    expect(newer).toMatchObject({ text: 'Other words entirely.', sessionId: 'session-1' });
    const outcome = await older.outcome;
    expectErrorAfterData(outcome, { code: 'CANCELLED', errorType: 'superseded' });
    expect(outcome.text).not.toContain('Other');
    expect(await server.status()).toMatchObject({ active_streams: 0, in_flight: 0, active_answers: 0 });
  });
});

describe('queue', () => {
  test('the second waits without a slot and answers when the first is over; one too many is refused at once', async () => {
    const { server, client: from } = await serverWith('queue', { DUPLICATE_QUEUE_MAX: '1' });
    const first = start(from, { ...ids, prompt: 'hang' });
    await first.firstFrame;
    const second = start(from, { ...ids, prompt: 'The second one is here.' });
    const third = await ask(from, { ...ids, prompt: 'The third.' });
    expectErrorBeforeData(third, {
      code: 'RESOURCE_EXHAUSTED',
      errorType: 'concurrent_request',
      details: 'Concurrent request for session_id=session-1 is not allowed',
    });
    expect(await server.status()).toMatchObject({ active_streams: 1, in_flight: 1, queued_calls: 1 });
    first.call.cancel();
    const outcome = await second.outcome;
    expectGoodEnd(outcome);
    expect(outcome.text).toBe('The second one is here.');
  });

  test('a call that has waited its time is refused, and an interrupt ends those that wait', async () => {
    const { server, client: from } = await serverWith('queue', { DUPLICATE_QUEUE_TIMEOUT: '0.3' });
    const first = start(from, { ...ids, prompt: 'hang' });
    await first.firstFrame;
    const late = await ask(from, { ...ids, prompt: 'Too late.' });
    expectErrorBeforeData(late, { code: 'RESOURCE_EXHAUSTED', errorType: 'concurrent_request' });
    expect(late.endedAfterMs).toBeGreaterThan(250);
    const waiting = start(from, { ...ids, session_id: 'session-1', prompt: 'Never said.' });
    await eventually(
      () => server.logsOf('stream_queued').length,
      (count) => count === 2,
    );
    expect((await interrupt(from, 'device-1')).interrupted_sessions).toEqual(['session-1']);
    expectErrorBeforeData(await waiting.outcome, { code: 'CANCELLED', errorType: 'interrupted' });
    expectErrorAfterData(await first.outcome, { code: 'CANCELLED', errorType: 'interrupted' });
  });
});

describe('attach', () => {
  test('the second hears the stream from its next sentence on, text first, with its command, to the same end', async () => {
    const { server, client: from } = await serverWith('attach');
    const first = start(from, { ...ids, prompt: 'slow' });
    await first.firstFrame;
    const second = start(from, { ...ids, prompt: '' });
    const status = await eventually(server.status, ({ active_streams: active }) => active === 2);
    expect(status).toMatchObject({ in_flight: 1, queued_calls: 0, attached_streams: 1 });
    const [leader, listener] = await Promise.all([first.outcome, second.outcome]);
    expectGoodEnd(leader);
    expectGoodEnd(listener);
    expect(listener.kinds[0]).toBe('text_chunk');
    expect(listener.text).toMatch(/^ ?Two more words/);
    expect(listener.frames).toEqual(leader.frames.slice(-listener.frames.length));
    expect(listener.kinds).toContain('action_message');
    expect(listener.sessionId).toBe('session-1');
    expect(await server.status()).toMatchObject({ active_streams: 0, attached_streams: 0 });
  });

  test('a listener whose first call is cancelled ends as interrupted, by what it had been sent', async () => {
    const { client: from } = await serverWith('attach');
    const first = start(from, { ...ids, prompt: 'hang' });
    await first.firstFrame;
    const second = start(from, { ...ids, prompt: 'hang' });
    await new Promise((wake) => setTimeout(wake, 200));
    first.call.cancel();
    expectErrorBeforeData(await second.outcome, { code: 'CANCELLED', errorType: 'interrupted' });
  });
});

test.each(['supersede', 'queue', 'attach'])(
  'under %s a call of another device is refused at once, with no word of the stream, which goes on',
  async (policy) => {
    const { server, client: from } = await serverWith(policy);
    const first = start(from, { ...ids, prompt: 'slow' });
    await first.firstFrame;
    for (const hardware_id of ['device-2', '']) {
      const stranger = await ask(from, { ...ids, hardware_id, prompt: 'Who is there?' });
      expectErrorBeforeData(stranger, {
        code: 'RESOURCE_EXHAUSTED',
        errorType: 'concurrent_request',
        details: 'Concurrent request for session_id=session-1 is not allowed',
      });
    }
    expectGoodEnd(await first.outcome);
    expect(await server.status()).toMatchObject({ active_streams: 0, in_flight: 0 });
  },
);
