/** Workers share one truth: session ids, slots, interrupts, quotas, what was collected and what is remembered, whichever of them a call comes to. */
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ask, connect, interrupt, start, type TestClient } from '../../support/client.ts';
import { eventually } from '../../support/eventually.ts';
import { png } from '../../support/images.ts';
import { type ServerProcess, startServerProcess } from '../../support/server-process.ts';
import { expectErrorBeforeData, expectGoodEnd } from '../rpc/outcomes.ts';

const scenario = {
  answers: [
    { when: '^hang', steps: [{ say: 'One is here. Two' }, { hang: true }] },
    { when: '', steps: [{ echo: true }] },
  ],
  speech: { chunks_per_sentence: 1 },
};

/** Connections go round the workers: two of them are two workers. */
const CONNECTIONS = 4;
/** Session ids that are raced for, by a call over each connection. */
const RACED_IDS = 1_000;
const WAVE_IDS = 50;

interface World {
  readonly server: ServerProcess;
  readonly clients: readonly TestClient[];
  /** The client of this number, from 0; neighbours have another worker. */
  client(index: number): TestClient;
}

/** A server with two workers and a client for each connection, for the tests of a block. */
function withWorkers(env: Readonly<Record<string, string>>, isScripted = true): World {
  let running: { readonly server: ServerProcess; readonly clients: readonly TestClient[] } | null = null;
  const world = () => {
    if (running === null) throw new Error('the server runs while the tests of its block do');
    return running;
  };
  beforeAll(async () => {
    const server = await startServerProcess({ ...(isScripted && { scenario }), env: { WORKERS: '2', ...env } });
    const clients = Array.from({ length: CONNECTIONS }, () => connect(server.grpcPort));
    running = { server, clients };
    // Connections are made one after another, so that they go round in their order.
    for (const client of clients) await interrupt(client, 'nobody');
  });
  afterAll(async () => {
    for (const client of running?.clients ?? []) client.close();
    await running?.server.stop();
  });
  return {
    get server() {
      return world().server;
    },
    get clients() {
      return world().clients;
    },
    client: (index) => {
      const client = world().clients[index % CONNECTIONS];
      if (client === undefined) throw new Error(`there is no client ${index}`);
      return client;
    },
  };
}

interface WorkerStatus {
  readonly worker: number;
  readonly state: string;
  readonly active_streams: number;
}

async function workersOf(server: ServerProcess): Promise<readonly WorkerStatus[]> {
  const { workers } = await server.status();
  return workers as unknown as readonly WorkerStatus[];
}

describe('with room for all', () => {
  const world = withWorkers({ BACKPRESSURE_MAX_STREAMS: '2000', BACKPRESSURE_MAX_STREAMS_PER_DEVICE: '0' });

  test('connections go round the workers, and an interrupt ends the streams of a device on all of them, and names each', async () => {
    const { server, clients } = world;
    const calls = clients.map((client, index) =>
      start(client, { prompt: 'hang', session_id: `everywhere-${index}`, hardware_id: 'device-everywhere' }),
    );
    await Promise.all(calls.map(({ firstFrame }) => firstFrame));
    expect((await workersOf(server)).map(({ active_streams: streams }) => streams)).toEqual([2, 2]);
    expect(await server.status()).toMatchObject({ active_streams: 4, in_flight: 4, active_answers: 4 });
    const other = start(world.client(1), { prompt: 'hang', session_id: 'of-another', hardware_id: 'device-another' });
    await other.firstFrame;
    const answer = await interrupt(world.client(0), 'device-everywhere');
    expect(answer.success).toBe(true);
    expect([...answer.interrupted_sessions].sort()).toEqual([0, 1, 2, 3].map((index) => `everywhere-${index}`));
    for (const call of calls) expect(await call.outcome).toMatchObject({ code: 'CANCELLED', errorType: 'interrupted' });
    expect(await server.status()).toMatchObject({ active_streams: 1 });
    expect((await interrupt(world.client(2), 'device-another')).interrupted_sessions).toEqual(['of-another']);
    await other.outcome;
  });

  test(`of ${RACED_IDS} session ids, each asked for over ${CONNECTIONS} connections at once, each is admitted once`, async () => {
    const { server, clients } = world;
    // In waves: what is tested is the race, not how much a busy machine takes at once.
    for (let wave = 0; wave < RACED_IDS; wave += WAVE_IDS) {
      const ids = Array.from({ length: WAVE_IDS }, (_, index) => `raced-${wave + index}`);
      const calls = ids.flatMap((id) =>
        clients.map((client) => start(client, { prompt: 'hang', session_id: id, hardware_id: 'device-racing' })),
      );
      // Every call has its first frame: of the answer, or the refusal.
      await Promise.all(calls.map(({ firstFrame }) => firstFrame));
      expect(await server.status()).toMatchObject({ active_streams: WAVE_IDS, in_flight: WAVE_IDS });
      const { interrupted_sessions: named } = await interrupt(world.client(wave), 'device-racing');
      expect([...named].sort()).toEqual([...ids].sort());
      const types = (await Promise.all(calls.map(({ outcome }) => outcome))).map(({ errorType }) => errorType);
      expect(types.filter((type) => type === 'interrupted').length).toBe(WAVE_IDS);
      expect(types.filter((type) => type === 'concurrent_request').length).toBe(WAVE_IDS * (CONNECTIONS - 1));
    }
    expect(await server.status()).toMatchObject({ active_streams: 0, in_flight: 0 });
    expect(server.logsOf('worker_lost')).toEqual([]);
  });

  test('what is collected on one worker is answered on another, with its screenshot, and used up there', async () => {
    const ids = { session_id: 'collected', hardware_id: 'device-collecting' };
    const screenshot = png({ width: 64, height: 48 }).toString('base64');
    const first = {
      ...ids,
      phase: 'REQUEST_PHASE_COLLECT' as const,
      chunk_seq: 1,
      prompt: '',
      chunk_text: 'What is',
      screenshot,
    };
    expect((await ask(world.client(0), first)).frames.map((frame) => frame.end_message)).toEqual(['COLLECT_ACCEPTED']);
    const second = {
      ...ids,
      phase: 'REQUEST_PHASE_COLLECT' as const,
      chunk_seq: 2,
      prompt: '',
      chunk_text: ' on my screen?',
    };
    expect((await ask(world.client(1), second)).frames.map((frame) => frame.end_message)).toEqual(['COLLECT_ACCEPTED']);
    expect(await world.server.status()).toMatchObject({ collect_buffers: 1 });
    const outcome = await ask(world.client(2), { ...ids, phase: 'REQUEST_PHASE_COMMIT' as const, prompt: '' });
    expectGoodEnd(outcome);
    expect(outcome.text).toBe('What is on my screen?');
    expect(await world.server.status()).toMatchObject({ collect_buffers: 0 });
    expectErrorBeforeData(await ask(world.client(3), { ...ids, phase: 'REQUEST_PHASE_COMMIT' as const, prompt: '' }), {
      code: 'INVALID_ARGUMENT',
      errorType: 'empty_prompt',
    });
  });

  test('an id whose client has seen the end is free on every worker', async () => {
    for (let turn = 0; turn < 40; turn += 1) {
      expectGoodEnd(
        await ask(world.client(turn), { prompt: `turn ${turn}`, session_id: 'again and again'.replaceAll(' ', '-') }),
      );
    }
  });

  test('a client that leaves while its call is asked for takes no slot', async () => {
    const calls = Array.from({ length: 200 }, (_, index) =>
      start(world.client(index), { prompt: 'hang', session_id: `left-${index}`, hardware_id: 'device-leaving' }),
    );
    // They are on their way by then.
    await sleep(1);
    for (const { call } of calls) call.cancel();
    await Promise.all(calls.map(({ outcome }) => outcome));
    await eventually(
      () => world.server.status(),
      ({ active_streams: active, in_flight: inFlight }) => active === 0 && inFlight === 0,
    );
  });
});

describe('with seven slots', () => {
  const world = withWorkers({ BACKPRESSURE_MAX_STREAMS: '7', BACKPRESSURE_MAX_STREAMS_PER_DEVICE: '0' });

  test('never more streams run than there are slots, and one that comes free is anybody’s', async () => {
    const calls = Array.from({ length: 24 }, (_, index) =>
      start(world.client(index), { prompt: 'hang', session_id: `slot-${index}`, hardware_id: 'device-1' }),
    );
    await eventually(
      () => world.server.status(),
      ({ active_streams: active, rejected }) => active === 7 && rejected.stream_limit_exceeded === 17,
    );
    const { interrupted_sessions: named } = await interrupt(world.client(1), 'device-1');
    expect(named.length).toBe(7);
    const outcomes = await Promise.all(calls.map(({ outcome }) => outcome));
    expect(outcomes.filter(({ errorType }) => errorType === 'stream_limit_exceeded').length).toBe(17);
    expectGoodEnd(await ask(world.client(2), { prompt: 'free again' }));
  });
});

describe('with a quota of five', () => {
  const world = withWorkers({ QUOTA_DAILY: '5' });

  test('exactly as many calls are admitted as are left', async () => {
    const outcomes = await Promise.all(
      Array.from({ length: 20 }, (_, index) =>
        ask(world.client(index), { prompt: 'one of five', hardware_id: 'device-with-quota' }),
      ),
    );
    expect(outcomes.filter(({ code }) => code === 'OK').length).toBe(5);
    expect(outcomes.filter(({ errorType }) => errorType === 'access_denied').length).toBe(15);
  });
});
