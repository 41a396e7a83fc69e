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
  const told = await server.logged('paused');
  expect(told).toHaveLength(1);
  expect(told[0]?.ctx?.paused_seconds).toBeGreaterThan(PAUSE_MS / 1000 - 1);
});

const HELD = 50;
/** Over two seconds: nobody is idle for long but by the pause. */
const HELD_SENTENCES = 10;
/** Fewer than may begin in one turn of the event loop, more than the load may grow by where it is watched. */
const MEANWHILE = 80;
const BEHIND = 20;
/** Of the idle timeout a busy machine takes its share, too. */
const [LONGER_PAUSE_MS, IDLE_SECONDS] = [8_000, '7.5'];

test(`a pause with ${HELD} streams ends none of them for idleness, and no call that came meanwhile or comes behind it is refused for it`, async () => {
  const own = await startServerProcess({
    scenario: {
      answers: [
        {
          when: '^held$',
          steps: Array.from({ length: HELD_SENTENCES }, () => [{ say: 'One is here. ' }, { wait_ms: 200 }]).flat(),
        },
        { when: '', steps: [{ say: 'Good day.' }] },
      ],
      speech: { chunks_per_sentence: 1 },
    },
    env: {
      OVERLOAD: 'on',
      // Less than the pause: a window with it is late. More than what other processes may take of the machine.
      OVERLOAD_MAX_LAG: '7',
      BACKPRESSURE_IDLE_TIMEOUT: IDLE_SECONDS,
      BACKPRESSURE_MAX_STREAMS: '400',
      MAX_STREAMS_PER_CONNECTION: '400',
    },
  });
  const caller = connect(own.grpcPort);
  expectGoodEnd(await ask(caller, { prompt: 'good day' }));
  const held = Array.from({ length: HELD }, () => start(caller, { prompt: 'held' }));
  await Promise.all(held.map(({ firstFrame }) => firstFrame));
  own.process.kill('SIGSTOP');
  // They wait in its socket, and come all at once.
  const meanwhile = Array.from({ length: MEANWHILE }, () => start(caller, { prompt: 'held' }));
  await new Promise((resolve) => setTimeout(resolve, LONGER_PAUSE_MS));
  own.process.kill('SIGCONT');
  for (const { outcome } of [...held, ...meanwhile]) expectGoodEnd(await outcome);
  for (let call = 0; call < BEHIND; call += 1) expectGoodEnd(await ask(caller, { prompt: 'good day' }));
  expect(await own.status()).toMatchObject({ idle_timeouts: 0, rejected: {}, health: 'ok' });
  expect(own.logsOf('overloaded')).toEqual([]);
  caller.close();
});
