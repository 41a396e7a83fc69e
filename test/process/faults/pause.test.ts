/** A server that did not run for a while (SIGSTOP, a suspended machine) blames nobody for it. */
import { beforeAll, expect, test } from 'vitest';
import { ask, connect, start, type TestClient } from '../../support/client.ts';
import { type ServerProcess, startServerProcess } from '../../support/server-process.ts';
import { expectErrorAfterData, expectGoodEnd } from '../rpc/outcomes.ts';

const PAUSE_MS = 6_000;

const scenario = {
  answers: [
    // Each begins before the pause and has something left to say behind it.
    { when: '^a long pause$', steps: [{ say: 'One is here. ' }, { wait_ms: 1_500 }, { say: 'Two is here.' }] },
    { when: '^a late first word$', steps: [{ wait_ms: 1_500 }, { say: 'One is here.' }] },
    { when: '^a slow voice$', steps: [{ say: 'Slow one is here. Slow two is here.' }] },
    { when: '^hangs$', steps: [{ say: 'One is here. ' }, { hang: true }] },
    { when: '', steps: [{ say: 'Good day.' }] },
  ],
  speech: { chunks_per_sentence: 3, ms_per_chunk: 400 },
};

let server: ServerProcess;
let client: TestClient;
beforeAll(async () => {
  server = await startServerProcess({
    scenario,
    env: {
      BACKPRESSURE_MAX_STREAMS: '100',
      BACKPRESSURE_MAX_STREAMS_PER_DEVICE: '0',
      BACKPRESSURE_IDLE_TIMEOUT: '4.5',
      FIRST_TOKEN_TIMEOUT: '4.5',
      ANSWER_STALL_TIMEOUT: '4.5',
      SPEECH_TIMEOUT: '4.5',
      SPEECH_FAILURE: 'fail',
      COLLECT_TTL: '4.5',
      SESSION_TIMEOUT: '30',
    },
  });
  client = connect(server.grpcPort);
  // The first call of a server takes longer than others.
  expectGoodEnd(await ask(client, { prompt: 'good day' }));
  return () => client.close();
});

test('no wait counts the time in which the server stood still; who is really late is late all the same', async () => {
  const collected = await ask(client, {
    prompt: '',
    phase: 1,
    chunk_text: 'a late first word',
    session_id: 'collected',
  });
  expect(collected.code).toBe('OK');
  const prompts = ['a long pause', 'a late first word', 'a slow voice'];
  const running = prompts.flatMap((prompt) => Array.from({ length: 8 }, () => start(client, { prompt })));
  const hanging = start(client, { prompt: 'hangs' });
  await Promise.all(running.filter((_, index) => index < 8).map(({ firstFrame }) => firstFrame));
  await hanging.firstFrame;
  server.process.kill('SIGSTOP');
  await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
  server.process.kill('SIGCONT');
  // What was collected is there still, and is answered.
  const committed = await ask(client, { prompt: '', phase: 2, session_id: 'collected' });
  expectGoodEnd(committed);
  expect(committed.text).toBe('One is here.');
  for (const outcome of await Promise.all(running.map((each) => each.outcome))) expectGoodEnd(outcome);
  const hung = await hanging.outcome;
  expectErrorAfterData(hung, { code: 'DEADLINE_EXCEEDED', errorType: 'answer_stalled' });
  expect(hung.endedAfterMs).toBeGreaterThan(PAUSE_MS + 4_000);
  const told = server.logsOf('paused');
  expect(told).toHaveLength(1);
  expect(told[0]?.ctx?.paused_seconds).toBeGreaterThan(PAUSE_MS / 1000 - 1);
});
