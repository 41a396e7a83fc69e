/**
 * A client that cancels or vanishes is the usual interrupt: its model and speech work is aborted within 100 ms and its slot is
 * free. The server is asked as fast as it answers; what counts is when it was last seen at work.
 */
import { once } from 'node:events';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { watchUntilFree } from '../../support/abort-watch.ts';
import { connect, start, startWelcome, type TestClient } from '../../support/client.ts';
import { eventually } from '../../support/eventually.ts';
import { startServer } from '../../support/server.ts';
import { startStopwatch } from '../../support/stopwatch.ts';
import type { TestServer } from '../../support/test-server.ts';
import { type ChildClient, startChildClient } from './child-client.ts';
import { framed, rawCall, requestBytes } from './raw-call.ts';

const ABORT_WITHIN_MS = 100;
/** A machine that stops answering for longer has not shown anything. */
const POLLED_WITHIN_MS = 500;

const scenario = {
  answers: [
    { when: '^model', steps: [{ say: 'One is here. Two' }, { hang: true }] },
    { when: '^mute model', steps: [{ hang: true }] },
    { when: '^voice', steps: [{ say: 'One is here. Two is here. Three is here.' }, { hang: true }] },
  ],
  speech: { chunks_per_sentence: 1000, ms_per_chunk: 5 },
};

interface Work {
  readonly answers: number;
  readonly speech: boolean;
}

/** Waits until the server is at work as expected. */
function untilAtWork(server: TestServer, { answers, speech }: Work): Promise<unknown> {
  return eventually(
    () => server.status(),
    (status) => status.active_answers === answers && status.active_speech > 0 === speech,
  );
}

/** Fails if anything was last seen at work later than ABORT_WITHIN_MS after the start of the stopwatch. */
async function expectAborted(server: TestServer, what: string, elapsedMs = startStopwatch()): Promise<void> {
  const { lastBusyMs, freeMs } = await watchUntilFree(server, elapsedMs);
  console.log(`${what}: last seen at work ${lastBusyMs.toFixed(0)} ms after, free at ${freeMs.toFixed(0)} ms`);
  expect(lastBusyMs).toBeLessThan(ABORT_WITHIN_MS);
  expect(freeMs).toBeLessThan(POLLED_WITHIN_MS);
}

/** Its sockets are closed when it has ended. */
async function kill({ process: child }: ChildClient): Promise<void> {
  const ended = once(child, 'exit');
  child.kill('SIGKILL');
  await ended;
}

describe('scripted engines', () => {
  let server: TestServer;
  let client: TestClient;
  beforeAll(async () => {
    server = await startServer({ scenario });
    client = connect(server.grpcPort);
  });
  afterAll(() => client.close());

  test.each([
    { prompt: 'model', work: { answers: 1, speech: true } },
    { prompt: 'mute model', work: { answers: 1, speech: false } },
    { prompt: 'voice', work: { answers: 1, speech: true } },
  ])('a cancelled call in the middle of the $prompt', async ({ prompt, work }) => {
    const running = start(client, { prompt });
    await untilAtWork(server, work);
    running.call.cancel();
    await expectAborted(server, `cancel, ${prompt}`);
    expect((await running.outcome).code).toBe('CANCELLED');
  });

  test('a cancelled call does not disturb the others on its connection', async () => {
    const [cancelled, other] = ['voice', 'voice'].map((prompt) => start(client, { prompt }));
    await untilAtWork(server, { answers: 2, speech: true });
    cancelled?.call.cancel();
    await eventually(
      () => server.status(),
      ({ active_answers, active_streams }) => active_answers === 1 && active_streams === 1,
      5_000,
    );
    other?.call.cancel();
    await expectAborted(server, 'cancel, the other');
  });

  test('a deadline that passes', async () => {
    const running = start(client, { prompt: 'voice' }, { deadlineMs: 300 });
    await untilAtWork(server, { answers: 1, speech: true });
    expect((await running.outcome).code).toBe('DEADLINE_EXCEEDED');
    await expectAborted(server, 'deadline');
  });

  test('a deadline of a client that never takes it back', async () => {
    const elapsedMs = startStopwatch();
    const headers = { 'grpc-timeout': '300m' };
    const raw = rawCall(server.grpcPort, framed(requestBytes({ prompt: 'voice' })), { headers });
    await untilAtWork(server, { answers: 1, speech: true });
    await raw.outcome;
    await expectAborted(server, 'deadline, no cancel', () => elapsedMs() - 300);
  });

  test('a socket that is torn down', async () => {
    const raw = rawCall(server.grpcPort, framed(requestBytes({ prompt: 'voice' })));
    await untilAtWork(server, { answers: 1, speech: true });
    raw.session.destroy();
    await expectAborted(server, 'socket torn down');
  });

  test('a client process that is killed, with ten streams', async () => {
    const options = { port: server.grpcPort, prompt: 'voice', mode: 'read', calls: 10, connections: 2 } as const;
    const child = await startChildClient(options);
    await untilAtWork(server, { answers: 10, speech: true });
    await kill(child);
    await expectAborted(server, 'SIGKILL, 10 streams');
  });

  test('a killed process whose readers had stalled', async () => {
    const options = { port: server.grpcPort, prompt: 'voice', mode: 'stall', calls: 5 } as const;
    const child = await startChildClient(options);
    await untilAtWork(server, { answers: 5, speech: true });
    await kill(child);
    await expectAborted(server, 'SIGKILL, 5 stalled streams');
  });

  test('a cancelled welcome stream in mid-sentence', async () => {
    const running = startWelcome(client, { text: 'One is here. Two is here. Three is here.' });
    await untilAtWork(server, { answers: 0, speech: true });
    running.call.cancel();
    await expectAborted(server, 'cancel, welcome');
    expect((await running.outcome).code).toBe('CANCELLED');
  });

  test('an interrupted device', async () => {
    const running = start(client, { prompt: 'voice', hardware_id: 'device-1' });
    await untilAtWork(server, { answers: 1, speech: true });
    const elapsedMs = startStopwatch();
    await new Promise<void>((resolve) => client.InterruptSession({ hardware_id: 'device-1' }, () => resolve()));
    await expectAborted(server, 'interrupt', elapsedMs);
    expect((await running.outcome).errorType).toBe('interrupted');
  });
});

describe('embedded engines', () => {
  let server: TestServer;
  let client: TestClient;
  beforeAll(async () => {
    server = await startServer();
    client = connect(server.grpcPort);
  });
  afterAll(() => client.close());

  test.each([
    { voice: 'flite', prompt: 'help' },
    { voice: 'eSpeak NG', prompt: 'помощь' },
  ])('a cancelled call in mid-sentence of $voice', async ({ voice, prompt }) => {
    const running = start(client, { prompt });
    await running.firstFrame;
    await eventually(
      () => server.status(),
      ({ active_speech }) => active_speech > 0,
    );
    running.call.cancel();
    await expectAborted(server, `cancel, ${voice}`);
  });

  test.each([
    { voice: 'flite', text: 'These are the words of a rather long sentence, and they go on for a while.' },
    { voice: 'eSpeak NG', text: 'Это слова довольно длинного предложения, и они продолжаются ещё некоторое время.' },
  ])('a cancelled welcome stream in mid-sentence of $voice', async ({ voice, text }) => {
    const running = startWelcome(client, { text: text.repeat(20) });
    await running.firstFrame;
    running.call.cancel();
    await expectAborted(server, `cancel, welcome, ${voice}`);
  });
});
