/**
 * The key of a provider is sent to it and shown to nobody: not in a failure, a log line, a status, or the configuration when it is
 * printed.
 */
import { inspect } from 'node:util';
import * as fc from 'fast-check';
import { beforeAll, describe, expect, test } from 'vitest';
import { Secret } from '../../../src/config/secret.ts';
import { withoutSecrets } from '../../../src/engines/provider/error-words.ts';
import { askEngine, createEngine, keepingLogger, providerAt } from '../../support/providers/asked-engine.ts';
import { type ChatServer, startChatServer } from '../../support/providers/chat-server.ts';

const key = 'sk-very-secret-key-1234';

let server: ChatServer;
beforeAll(async () => {
  server = await startChatServer();
});

test.each(['wrong-key', 'forbidden', 'echo-key', 'echo-key-in-stream', 'broken', 'cut-before'])(
  'a provider that fails shows none, whatever it says itself: %s',
  async (model) => {
    const { log, lines } = keepingLogger();
    const engine = createEngine([providerAt(server.baseUrl, model, { apiKey: new Secret(key) })], { log });
    const { failure } = await askEngine(engine);
    expect(failure?.message).toMatch(/^the model provider main /);
    const shown = [failure, lines, engine.status?.(), engine].map((each) =>
      inspect(each, { depth: 20, showHidden: true }),
    );
    for (const text of shown) expect(text).not.toContain('very-secret');
    expect((await server.seen()).at(-1)?.authorization).toBe(`Bearer ${key}`);
  },
);

describe('words of a provider', () => {
  test('lose the key wherever it stands in them', () => {
    fc.assert(
      fc.property(fc.string(), fc.string(), (before, after) => {
        expect(withoutSecrets(`${before}${key}${after}`, { key })).not.toContain(key);
      }),
    );
  });

  test.each([
    ['Incorrect API key provided: sk-abc***1234.', 'Incorrect API key provided: [key]'],
    ['Authorization: Bearer abcdef was refused', 'Authorization: [key] was refused'],
    ['proxy http://user:password@inside/v1 is down', 'proxy http://[key]inside/v1 is down'],
    ['GET /v1?key=abc123&x=1 failed', 'GET /v1?key=[key]&x=1 failed'],
    ['AIzaSyA-1234567890 is not valid', '[key] is not valid'],
    ['The task-force is busy', 'The task-force is busy'],
  ])('%j lose what looks like one', (said, shown) => {
    expect(withoutSecrets(said, {})).toBe(shown);
  });

  test('keep their words when the key is a placeholder', () => {
    expect(withoutSecrets('no model none here', { key: 'no' })).toBe('no model none here');
  });
});

test('a secret shows nothing of itself, alone or inside of something', () => {
  const secret = new Secret(key);
  for (const holder of [secret, { deep: [{ secret }] }]) {
    for (const shown of [inspect(holder, { showHidden: true }), JSON.stringify(holder), String(secret), `${secret}`]) {
      expect(shown).not.toContain('very-secret');
    }
  }
  expect(secret.reveal()).toBe(key);
  expect(Object.isFrozen(secret)).toBe(true);
});
