/** Further tries, further providers, and breakers: who is asked next, how often, and after how long. */
import { beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { longestRetryWaitMs } from '../../../src/engines/provider/retry.ts';
import { askEngine, createEngine, keepingLogger, providerAt } from '../../support/providers/asked-engine.ts';
import { type ChatServer, startChatServer } from '../../support/providers/chat-server.ts';
import { startStopwatch } from '../../support/stopwatch.ts';

let server: ChatServer;
beforeAll(async () => {
  server = await startChatServer();
});
beforeEach(() => server.forget());

/** Two providers at the local server: what the first does wrong, the second does well. */
function withBackup(model: string) {
  return [providerAt(server.baseUrl, model), providerAt(server.baseUrl, 'good', { name: 'backup' })];
}

async function askedModels(): Promise<readonly string[]> {
  return (await server.seen()).map(({ model }) => model);
}

describe('the same provider', () => {
  test.each(['broken-once', 'cut-before-once', 'busy'])('is asked again: %s', async (model) => {
    const answer = await askEngine(createEngine([providerAt(server.baseUrl, model)], { retries: 1 }));
    expect(answer).toMatchObject({
      text: 'One is said. Two is said.',
      failure: null,
      notes: [
        { provider: 'main', retries: 0 },
        { provider: 'main', retries: 1 },
      ],
    });
  });

  test('is asked ANSWER_RETRIES times more, and not once more than that', async () => {
    const engine = createEngine([providerAt(server.baseUrl, 'always-busy')], { retries: 3 });
    expect((await askEngine(engine)).failure?.code).toBe('RESOURCE_EXHAUSTED');
    expect(await askedModels()).toHaveLength(4);
  });

  test('is left alone for as long as it asks for', async () => {
    await askEngine(createEngine([providerAt(server.baseUrl, 'busy')], { retries: 1 }));
    const [first, second] = await server.seen();
    expect((second?.startedAtMs ?? 0) - (first?.startedAtMs ?? 0)).toBeGreaterThanOrEqual(145);
  });

  test('is not waited for longer than somebody listens to silence', async () => {
    const elapsedMs = startStopwatch();
    const engine = createEngine([providerAt(server.baseUrl, 'busy-for-long')], { retries: 3 });
    expect((await askEngine(engine)).failure?.code).toBe('RESOURCE_EXHAUSTED');
    expect(elapsedMs()).toBeLessThan(longestRetryWaitMs);
    expect(await askedModels()).toHaveLength(1);
  });

  test.each(['wrong-key', 'forbidden', 'unknown-model', 'bad-request', 'out-of-credit', 'html'])(
    'is not asked again for what would not change: %s',
    async (model) => {
      await askEngine(createEngine([providerAt(server.baseUrl, model)], { retries: 3 }));
      expect(await askedModels()).toHaveLength(1);
    },
  );

  test('is asked again when it is silent for ANSWER_ATTEMPT_TIMEOUT, but the last try may take longer', async () => {
    const engine = createEngine([providerAt(server.baseUrl, 'silent-stream')], { retries: 1, attemptTimeoutMs: 80 });
    const left = new AbortController();
    const asked = askEngine(engine, {}, left.signal);
    asked.catch(() => {});
    await expect.poll(async () => (await server.seen()).length).toBe(2);
    const [first, second] = await server.seen();
    expect((second?.startedAtMs ?? 0) - (first?.startedAtMs ?? 0)).toBeGreaterThanOrEqual(75);
    // Much later the last one is still waited for.
    await new Promise((wake) => setTimeout(wake, 300));
    expect((await server.seen()).map(({ leftAtMs }) => leftAtMs !== null)).toEqual([true, false]);
    left.abort();
    await expect(asked).rejects.toBe(left.signal.reason);
  });
});

describe('the next provider', () => {
  test.each([
    'broken',
    'cut-before',
    'malformed-first',
    'html',
    'busy-for-long',
    'out-of-credit',
    'wrong-key',
    'forbidden',
    'unknown-model',
    'bad-request',
    'no-finish-tools',
  ])('answers when the first does not: %s', async (model) => {
    const answer = await askEngine(createEngine(withBackup(model)));
    expect(answer).toMatchObject({
      text: 'One is said. Two is said.',
      failure: null,
      notes: [
        { provider: 'main', retries: 0 },
        { provider: 'backup', retries: 1 },
      ],
    });
    expect(answer.usages).toEqual([{ inputTokens: 21, outputTokens: 8, model: 'good' }]);
  });

  test.each(['silent', 'silent-stream'])('answers when the first is silent too long: %s', async (model) => {
    const answer = await askEngine(createEngine(withBackup(model), { attemptTimeoutMs: 80 }));
    expect(answer).toMatchObject({ text: 'One is said. Two is said.', failure: null });
    await expect.poll(async () => (await server.seen())[0]?.leftAtMs).not.toBeNull();
  });

  test('is not asked while the first one is seen to think, and no thought is said', async () => {
    const answer = await askEngine(createEngine(withBackup('thinking'), { attemptTimeoutMs: 150 }));
    expect(answer).toMatchObject({ text: 'One is said. Two is said.', notes: [{ provider: 'main', retries: 0 }] });
    expect(await askedModels()).toEqual(['thinking']);
  });

  test('is asked after the tries at the first', async () => {
    await askEngine(createEngine(withBackup('always-busy'), { retries: 2 }));
    expect(await askedModels()).toEqual(['always-busy', 'always-busy', 'always-busy', 'good']);
  });

  test('does not hide why all of them failed: the first trouble that may pass gives the code', async () => {
    const models = ['wrong-key', 'always-busy', 'broken'] as const;
    const providers = models.map((model) => providerAt(server.baseUrl, model, { name: `the-${model}` }));
    const { failure } = await askEngine(createEngine(providers));
    expect(failure).toEqual({
      code: 'RESOURCE_EXHAUSTED',
      message: [
        'the model provider the-wrong-key does not accept the key of this server (status 401)',
        'the model provider the-always-busy has too much to do (status 429): Rate limit reached',
        'the model provider the-broken is out of order (status 500): The server had an error',
      ].join('; '),
    });
  });
});

describe('a breaker', () => {
  const breaker = { failuresToOpen: 3, openMs: 60_000 };

  test('opens after failures in a row: the provider is passed over without a try, and /status says so', async () => {
    const { log, lines } = keepingLogger();
    const engine = createEngine(withBackup('broken'), { breaker, log });
    for (let count = 0; count < 5; count += 1) {
      expect(await askEngine(engine)).toMatchObject({ text: 'One is said. Two is said.', failure: null });
    }
    expect((await askedModels()).filter((model) => model === 'broken')).toHaveLength(3);
    expect(engine.status?.()).toEqual({
      answer_providers: [
        { name: 'main', model: 'broken', breaker: 'open' },
        { name: 'backup', model: 'good', breaker: 'closed' },
      ],
    });
    expect(lines.filter(({ decision }) => decision === 'breaker_open').map(({ level }) => level)).toEqual(['error']);
  });

  test('opens for providers that break off in the middle, too', async () => {
    const engine = createEngine(withBackup('cut'), { breaker });
    for (let count = 0; count < 3; count += 1) expect((await askEngine(engine)).failure?.code).toBe('UNAVAILABLE');
    expect(await askEngine(engine)).toMatchObject({ failure: null, notes: [{ provider: 'backup', retries: 0 }] });
  });

  test('lets one request try when its time is over, and all of them when that goes well', async () => {
    const engine = createEngine(withBackup('broken-five-times'), { breaker: { failuresToOpen: 5, openMs: 2_000 } });
    for (let count = 0; count < 6; count += 1) await askEngine(engine);
    expect((await askedModels()).filter((model) => model !== 'good')).toHaveLength(5);
    await new Promise((wake) => setTimeout(wake, 2_050));
    const answers = await Promise.all([askEngine(engine), askEngine(engine), askEngine(engine)]);
    expect(answers.map(({ notes }) => notes[0]?.provider).toSorted()).toEqual(['backup', 'backup', 'main']);
    expect((await askEngine(engine)).notes).toEqual([{ provider: 'main', retries: 0 }]);
  });

  test('that is open everywhere does not refuse: the provider that opened first is asked once', async () => {
    const providers = [
      providerAt(server.baseUrl, 'broken-five-times'),
      providerAt(server.baseUrl, 'broken', { name: 'backup' }),
    ];
    const engine = createEngine(providers, { breaker: { failuresToOpen: 1, openMs: 60_000 }, retries: 4 });
    await askEngine(engine);
    await server.forget();
    for (let count = 0; count < 5; count += 1) {
      const { failure, notes } = await askEngine(engine);
      expect([failure?.code, notes]).toEqual(['UNAVAILABLE', [{ provider: 'main', retries: 0 }]]);
    }
    expect(await askEngine(engine)).toMatchObject({ text: 'One is said. Two is said.', failure: null });
    expect(engine.status?.()).toMatchObject({ answer_providers: [{ breaker: 'closed' }, { breaker: 'open' }] });
  });

  test('does not count what is no fault of the provider: bad requests, aborts, filters', async () => {
    const engine = createEngine([providerAt(server.baseUrl, 'behaves')], {
      breaker: { failuresToOpen: 1, openMs: 60_000 },
    });
    await askEngine(engine, { prompt: 'behave:bad-request' });
    await askEngine(engine, { prompt: 'behave:filtered' });
    const left = new AbortController();
    const asked = askEngine(engine, { prompt: 'behave:silent' }, left.signal);
    asked.catch(() => {});
    await expect.poll(async () => (await server.seen()).length).toBe(3);
    left.abort();
    await expect(asked).rejects.toBe(left.signal.reason);
    expect(engine.status?.()).toMatchObject({ answer_providers: [{ breaker: 'closed' }] });
  });
});
