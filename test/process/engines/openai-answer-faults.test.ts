/** Providers that fail: with which words and code, and that nothing is tried again once something was said. */
import { beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { askEngine, createEngine, keepingLogger, providerAt } from '../../support/providers/asked-engine.ts';
import { type ChatServer, startChatServer } from '../../support/providers/chat-server.ts';

let server: ChatServer;
beforeAll(async () => {
  server = await startChatServer();
});
beforeEach(() => server.forget());

describe('before anything was said', () => {
  test.each([
    ['broken', 'UNAVAILABLE', 'is out of order (status 500): The server had an error'],
    ['cut-before', 'UNAVAILABLE', "can't be reached (UND_ERR_SOCKET)"],
    ['malformed-first', 'UNAVAILABLE', 'sent a chunk that is none of a chat completion'],
    ['error-event-first', 'UNAVAILABLE', 'broke its answer off with an error: The engine is dead'],
    ['html', 'UNAVAILABLE', 'answered with text/html where an event stream was expected; is its base URL right?'],
    ['whole-error', 'UNAVAILABLE', 'broke its answer off with an error: The server had an error'],
    ['busy-for-long', 'RESOURCE_EXHAUSTED', 'has too much to do (status 429): Rate limit reached'],
    ['out-of-credit', 'RESOURCE_EXHAUSTED', 'has no credit left (status 429): You exceeded your current quota'],
    ['wrong-key', 'UNAUTHENTICATED', 'does not accept the key of this server (status 401)'],
    ['wrong-key-as-gemini', 'UNAUTHENTICATED', 'does not accept the key of this server (status 400)'],
    ['forbidden', 'PERMISSION_DENIED', 'forbids it (status 403)'],
    [
      'unknown-model',
      'NOT_FOUND',
      'does not know this model, or has nothing at this address (status 404): The model `x` does not exist',
    ],
    [
      'bad-request',
      'UNAVAILABLE',
      "finds the request too long (status 400): This model's maximum context length is 8192 tokens",
    ],
    [
      'bad-request-as-fastapi',
      'UNAVAILABLE',
      'refuses the request (status 422): [{"type":"missing","loc":["body","messages"]}]',
    ],
    ['huge-refusal', 'UNAVAILABLE', `is out of order (status 500): ${'x'.repeat(300)}…`],
  ])('%s is %s and says so', async (model, code, words) => {
    const answer = await askEngine(createEngine([providerAt(server.baseUrl, model)]));
    expect(answer).toMatchObject({ parts: [], failure: { code, message: `the model provider main ${words}` } });
  });

  test('a provider that nobody listens for is UNAVAILABLE, and named by its name alone', async () => {
    const answer = await askEngine(createEngine([providerAt('http://127.0.0.1:9/v1', 'x')]));
    expect(answer.failure?.code).toBe('UNAVAILABLE');
    expect(answer.failure?.message).toMatch(/^the model provider main can't be reached/);
    expect(answer.failure?.message).not.toContain('127.0.0.1');
  });
});

describe('after the first words', () => {
  test.each([
    ['cut', 'One is said. Two is', 'broke the connection off (UND_ERR_SOCKET)'],
    ['malformed', 'One is said. Two is', 'sent a chunk that is no JSON'],
    ['error-event', 'One is said. Two is', 'broke its answer off with an error: The model crashed'],
    ['no-finish', 'One is said. Two is', 'ended its answer without a reason to finish'],
    ['finish-error', 'Paris is the capital. It li', 'broke its answer off with the reason "error"'],
    ['finish-error-tools', 'Sending it to Anna. Just', 'broke its answer off with the reason "error"'],
  ])('%s fails at once, with neither a retry nor another provider', async (model, text, words) => {
    const providers = [providerAt(server.baseUrl, model), providerAt(server.baseUrl, 'good', { name: 'backup' })];
    const answer = await askEngine(createEngine(providers, { retries: 3 }));
    expect(answer).toMatchObject({
      text,
      failure: { code: 'UNAVAILABLE', message: `the model provider main ${words}` },
      notes: [{ provider: 'main', retries: 0 }],
    });
    expect((await server.seen()).map((asked) => asked.model)).toEqual([model]);
  });
});

describe('the log', () => {
  test('says what failed, without the words of provider and user', async () => {
    const { log, lines } = keepingLogger();
    const engine = createEngine([providerAt(server.baseUrl, 'broken')], { log });
    await askEngine(engine, { prompt: 'a secret wish' });
    expect(lines).toEqual([
      {
        level: 'warn',
        scope: 'engine',
        method: 'answer',
        decision: 'provider_failed',
        ctx: {
          hardware_id: 'device-1',
          provider: 'main',
          model: 'broken',
          reason: 'is out of order (status 500)',
          error_code: 'UNAVAILABLE',
          tries: 1,
        },
      },
    ]);
  });

  test.each(['wrong-key', 'forbidden', 'unknown-model', 'bad-request'])(
    'calls what the operator must mend an error: %s',
    async (model) => {
      const { log, lines } = keepingLogger();
      await askEngine(createEngine([providerAt(server.baseUrl, model)], { log }));
      expect(lines.map(({ level, decision }) => [level, decision])).toEqual([['error', 'provider_failed']]);
    },
  );
});
