/** Providers without measure: each bound of a response is hit, ends the answer with words that name it, and costs bounded memory. */
import { beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { answerMaxChars } from '../../../src/engines/openai-answer/answer-reader.ts';
import { askEngine, createEngine, providerAt } from '../../support/providers/asked-engine.ts';
import { type ChatServer, startChatServer } from '../../support/providers/chat-server.ts';

let server: ChatServer;
beforeAll(async () => {
  server = await startChatServer();
});
beforeEach(() => server.forget());

describe('a response', () => {
  test.each([
    ['endless-line', 'sent an event of more than 1048576 bytes'],
    ['endless-event', 'sent an event of more than 1048576 bytes'],
    ['huge', 'sent a response of more than 33554432 bytes'],
    ['endless-answer', `answered more than ${answerMaxChars} characters`],
    ['endless-arguments', 'answered more tool calls than any command needs'],
  ])('without an end is cut off, and its provider sees that: %s', async (model, words) => {
    const before = process.memoryUsage().arrayBuffers;
    const answer = await askEngine(createEngine([providerAt(server.baseUrl, model)]));
    expect(answer.failure).toEqual({ code: 'UNAVAILABLE', message: `the model provider main ${words}` });
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(64 * 1024 * 1024);
    await expect.poll(async () => (await server.seen())[0]?.leftAtMs).not.toBeNull();
  });

  test('is read as it is pulled: a reader that waits makes the provider wait', async () => {
    const engine = createEngine([providerAt(server.baseUrl, 'endless-answer')]);
    const left = new AbortController();
    const parts = engine.answer({ prompt: 'Hello', hardwareId: 'd' }, left.signal)[Symbol.asyncIterator]();
    await parts.next();
    const before = process.memoryUsage().arrayBuffers;
    await new Promise((wake) => setTimeout(wake, 500));
    // A provider that is not held back writes hundreds of megabytes meanwhile.
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(16 * 1024 * 1024);
    left.abort();
    await expect(parts.next()).rejects.toBe(left.signal.reason);
  });

  test('in small bounds is cut off at exactly those', async () => {
    const bounds = { eventMaxBytes: 200, responseMaxBytes: 20_000 };
    const good = await askEngine(createEngine([providerAt(server.baseUrl, 'good')], { bounds }));
    expect(good.failure).toBeNull();
    const less = { ...bounds, eventMaxBytes: 60 };
    const cut = await askEngine(createEngine([providerAt(server.baseUrl, 'good')], { bounds: less }));
    expect(cut.failure?.message).toContain('sent an event of more than 60 bytes');
    const shorter = { ...bounds, responseMaxBytes: 100 };
    const short = await askEngine(createEngine([providerAt(server.baseUrl, 'good')], { bounds: shorter }));
    expect(short.failure?.message).toContain('sent a response of more than 100 bytes');
  });
});
