/** Slots: never more streams than allowed, and a slot is free again whichever way its stream went. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ask, connect, interrupt, start, type TestClient } from '../../support/client.ts';
import { eventually } from '../../support/eventually.ts';
import { startServer } from '../../support/server.ts';
import type { ServerStatus, TestServer } from '../../support/test-server.ts';
import { startChildClient } from './child-client.ts';
import { callFrames, cancelFrame, opening, sendBytes } from './http2-frames.ts';
import { expectErrorBeforeData, expectGoodEnd } from './outcomes.ts';
import { framed, rawCall, requestBytes } from './raw-call.ts';

const begin = { say: 'One is here. Two' };
const scenario = {
  answers: [
    { when: '^good', steps: [{ say: 'One is here.' }] },
    { when: '^short', steps: [{ say: 'One is here. Two' }, { wait_ms: 15 }, { say: ' is here.' }] },
    { when: '^hang', steps: [begin, { hang: true }] },
    { when: '^mute', steps: [{ hang: true }] },
    { when: '^fail', steps: [begin, { fail: { error_code: 'UNAVAILABLE', message: 'down' } }] },
    { when: '^throw', steps: [begin, { throw: 'a bug' }] },
    { when: '^nothing', steps: [{ wait_ms: 1 }] },
    {
      when: '^forever',
      steps: Array(200)
        .fill([{ say: 'One is here. ' }, { wait_ms: 20 }])
        .flat(),
    },
  ],
  speech: { chunks_per_sentence: 1, fail_when: 'mute' },
};

const MAX_STREAMS = 5;
const CONNECTIONS = 5;
/** Less than the idle timeout of the server with one slot, which would free it in the end. */
const FREE_WITHIN_MS = 1_200;

describe('a burst of ten times the slots', () => {
  let server: TestServer;
  let clients: TestClient[];
  beforeAll(async () => {
    server = await startServer({ scenario, env: { BACKPRESSURE_MAX_STREAMS: String(MAX_STREAMS) } });
    clients = Array.from({ length: CONNECTIONS }, () => connect(server.grpcPort));
  });
  afterAll(() => {
    for (const client of clients) client.close();
  });

  test('fills every slot, never one more; the others are refused at once with the exact text', async () => {
    const calls = Array.from({ length: 10 }, () => clients.map((client) => start(client, { prompt: 'hang' }))).flat();
    const running = new Set(calls);
    for (const call of calls) void call.outcome.then(() => running.delete(call));
    await eventually(
      () => running.size,
      (size) => size === MAX_STREAMS,
    );
    expect(await server.status()).toMatchObject({
      active_streams: MAX_STREAMS,
      in_flight: MAX_STREAMS,
      active_answers: MAX_STREAMS,
      rejected: { stream_limit_exceeded: 9 * MAX_STREAMS },
    });
    for (const { outcome } of calls.filter((call) => !running.has(call))) {
      expectErrorBeforeData(await outcome, {
        code: 'RESOURCE_EXHAUSTED',
        errorType: 'stream_limit_exceeded',
        details: 'STREAM_LIMIT_EXCEEDED: Maximum concurrent streams (5) reached. Current active: 5',
      });
    }
    for (const { call } of running) call.cancel();
    await eventually(
      () => server.status(),
      (status) => status.active_streams === 0 && status.in_flight === 0 && status.active_answers === 0,
    );
  });

  test('that lasts: while slots are taken and freed all the time there is never one stream too many', async () => {
    const samples: ServerStatus[] = [];
    let calling = 0;
    const caller = async (client: TestClient): Promise<void> => {
      calling += 1;
      for (let round = 0; round < 6; round += 1) await ask(client, { prompt: 'short' });
      calling -= 1;
    };
    const callers = Array.from({ length: 10 }, () => clients.map(caller)).flat();
    while (calling > 0) samples.push(await server.status());
    await Promise.all(callers);

    const active = (await server.logged('stream_acquired', MAX_STREAMS)).map(({ ctx }) => Number(ctx?.active_streams));
    expect(Math.max(...active)).toBe(MAX_STREAMS);
    expect(samples.length).toBeGreaterThan(0);
    for (const sample of samples) {
      expect(sample.active_streams).toBeLessThanOrEqual(MAX_STREAMS);
      expect(sample.in_flight).toBe(sample.active_streams);
    }
    expect(await server.status()).toMatchObject({ active_streams: 0, in_flight: 0, active_answers: 0 });
  });
});

describe('with one slot, it is free again after', () => {
  let server: TestServer;
  let client: TestClient;
  beforeAll(async () => {
    const env = { BACKPRESSURE_MAX_STREAMS: '1', BACKPRESSURE_IDLE_TIMEOUT: '1.5', SESSION_TIMEOUT: '2.5' };
    server = await startServer({ scenario, env });
    client = connect(server.grpcPort);
  });
  afterAll(() => client.close());

  /** Starts a call and waits until it holds the slot and has said something. */
  async function begun(prompt: string, options: { deadlineMs?: number } = {}) {
    const running = start(client, { prompt, hardware_id: 'device-1', session_id: 'session-1' }, options);
    await running.firstFrame;
    expect(await server.status()).toMatchObject({ active_streams: 1 });
    return running;
  }

  const waysOut: Record<string, () => Promise<unknown>> = {
    'a good end': () => ask(client, { prompt: 'good' }),
    'an engine failure': () => ask(client, { prompt: 'fail' }),
    'an unexpected exception': () => ask(client, { prompt: 'throw' }),
    'an empty answer': () => ask(client, { prompt: 'nothing' }),
    'a refused duplicate and the end of the first': async () => {
      const running = await begun('hang');
      expect((await ask(client, { prompt: 'good', session_id: 'session-1' })).errorType).toBe('concurrent_request');
      expect((await ask(client, { prompt: 'good' })).errorType).toBe('stream_limit_exceeded');
      expect(await server.status()).toMatchObject({ active_streams: 1 });
      running.call.cancel();
      await running.outcome;
    },
    'a cancel': async () => {
      const running = await begun('hang');
      running.call.cancel();
      await running.outcome;
    },
    'a cancel before the first word': async () => {
      const running = start(client, { prompt: 'mute' });
      await eventually(
        () => server.status(),
        ({ active_streams }) => active_streams === 1,
      );
      running.call.cancel();
      await running.outcome;
    },
    'a cancel in the same packet as the call': async () => {
      // By hand: Node's own HTTP/2 client keeps such a cancel back until it has something else to send.
      const bytes = Buffer.concat([opening, callFrames(1, 'hang'), cancelFrame(1)]);
      const socket = await sendBytes(server.grpcPort, bytes);
      await eventually(
        () => server.status(),
        ({ active_streams }) => active_streams === 0,
        FREE_WITHIN_MS,
      );
      socket.destroy();
    },
    'a deadline': async () => {
      const running = await begun('hang', { deadlineMs: 600 });
      expect((await running.outcome).code).toBe('DEADLINE_EXCEEDED');
    },
    'a client process that is killed': async () => {
      const options = { prompt: 'hang', mode: 'read', calls: 1 } as const;
      const child = await startChildClient({ ...options, port: server.grpcPort });
      child.process.kill('SIGKILL');
    },
    'a socket that is torn down': async () => {
      const raw = rawCall(server.grpcPort, framed(requestBytes({ prompt: 'hang' })));
      await new Promise((resolve) => raw.stream.once('data', resolve));
      raw.session.destroy();
    },
    'an idle timeout': async () => {
      const running = await begun('hang');
      expect((await running.outcome).errorType).toBe('stream_idle_timeout');
    },
    'a session timeout': async () => {
      const running = await begun('forever');
      expect((await running.outcome).errorType).toBe('session_timeout');
    },
    'an interrupt': async () => {
      const running = await begun('hang');
      await interrupt(client, 'device-1');
      expect((await running.outcome).errorType).toBe('interrupted');
    },
    'an invalid request': () => ask(client, { prompt: '' }),
  };

  test.each(Object.keys(waysOut))('%s', async (way) => {
    await waysOut[way]?.();
    await eventually(
      () => server.status(),
      (status) =>
        status.active_streams === 0 &&
        status.in_flight === 0 &&
        status.active_answers === 0 &&
        status.active_speech === 0,
      FREE_WITHIN_MS,
    );
    expectGoodEnd(await ask(client, { prompt: 'good' }));
  });

  test('all of them: taken slots and given back slots are the same in number', async () => {
    const taken = server.logsOf('stream_acquired').map(({ ctx }) => ctx?.stream_id);
    const givenBack = (await server.logged('stream_released', taken.length)).map(({ ctx }) => ctx?.stream_id);
    expect(givenBack.toSorted()).toEqual(taken.toSorted());
    expect(new Set(taken).size).toBe(taken.length);
    expect(taken.length).toBeGreaterThan(Object.keys(waysOut).length);
  });
});
