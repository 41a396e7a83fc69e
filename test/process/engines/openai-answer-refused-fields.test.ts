/** Endpoints that do not take all that OpenAI takes: asked again without it, once, and remembered; an operator's bound is never dropped. */
import { beforeAll, beforeEach, describe, expect, test } from 'vitest';
import {
  fieldsRefusedAtFirst,
  maxTokensField,
  refusedField,
} from '../../../src/engines/openai-answer/refused-fields.ts';
import { readErrorBody } from '../../../src/engines/provider/error-words.ts';
import { askEngine, createEngine, keepingLogger, providerAt } from '../../support/providers/asked-engine.ts';
import { type ChatServer, startChatServer } from '../../support/providers/chat-server.ts';

let server: ChatServer;
beforeAll(async () => {
  server = await startChatServer();
});
beforeEach(() => server.forget());

const screenshot = { bytes: new Uint8Array(4), mediaType: 'image/webp', widthPixels: 2, heightPixels: 2 } as const;

describe('an endpoint that refuses a field', () => {
  test.each([
    ['no-usage-option', 'stream_options', {}],
    ['no-tools', 'tools', {}],
    ['new-limit', 'max_tokens', { maxTokens: 50 }],
    ['no-temperature', 'temperature', { temperature: 0.7 }],
    ['no-eyes', 'image', {}],
  ])('%s is asked again without %s, and from then on not with it', async (model, field, options) => {
    const { log, lines } = keepingLogger();
    const engine = createEngine([providerAt(server.baseUrl, model, options)], { log });
    const request = field === 'image' ? { screenshot } : {};
    expect(await askEngine(engine, request)).toMatchObject({ text: 'One is said. Two is said.', failure: null });
    expect(await server.seen()).toHaveLength(2);
    expect(await askEngine(engine, request)).toMatchObject({ failure: null, notes: [{ retries: 0 }] });
    expect(await server.seen()).toHaveLength(3);
    expect(lines).toEqual([
      {
        level: 'warn',
        scope: 'engine',
        method: 'answer',
        decision: 'field_refused',
        ctx: { provider: 'main', model, field },
      },
    ]);
  });

  test('that wants the newer name for the longest answer gets the same bound under it', async () => {
    await askEngine(createEngine([providerAt(server.baseUrl, 'new-limit', { maxTokens: 50 })]));
    const [first, second] = await server.seen();
    expect(first?.body).toMatchObject({ max_tokens: 50 });
    expect(second?.body).toMatchObject({ max_completion_tokens: 50 });
    expect(second?.body).not.toHaveProperty('max_tokens');
  });

  test('that takes no bound under either name fails, instead of answering without one', async () => {
    const answer = await askEngine(createEngine([providerAt(server.baseUrl, 'no-limit', { maxTokens: 50 })]));
    expect(answer.failure?.code).toBe('INVALID_ARGUMENT');
    expect(await server.seen()).toHaveLength(2);
  });

  test('without eyes: the model is told that there is a screenshot which it can not see', async () => {
    await askEngine(createEngine([providerAt(server.baseUrl, 'no-eyes')]), { screenshot });
    const asked = (await server.seen())[1];
    expect(asked?.body.messages.at(-1)?.content).toBe('Hello');
    expect(String(asked?.body.messages[0]?.content)).toContain('you cannot see images');
  });

  test('without tools: a command still comes, in the object that the system prompt asks for', async () => {
    await askEngine(createEngine([providerAt(server.baseUrl, 'no-tools')]));
    const system = String((await server.seen())[1]?.body.messages[0]?.content);
    expect(system).toContain('{"text": "Opening Safari.", "command": "open_app", "args": {"app_name": "Safari"}}');
  });
});

describe('the field that a refusal names', () => {
  const allSent = ['max_tokens', 'stream_options', 'temperature', 'tools', 'image'] as const;
  const named = (status: number, body: object) =>
    refusedField({ status, ...readErrorBody(JSON.stringify(body), {}) }, { sent: allSent, refusedBefore: new Set() });

  test.each([
    // Real words of endpoints.
    [400, { error: { message: 'registry.ollama.ai/library/phi does not support tools' } }, 'tools'],
    [500, { error: { message: 'tools param requires --jinja flag' } }, 'tools'],
    [404, { error: { message: 'No endpoints found that support tool use.' } }, 'tools'],
    [404, { error: { message: 'No endpoints found that support image input' } }, 'image'],
    [
      422,
      { object: 'error', message: { detail: [{ type: 'extra_forbidden', loc: ['body', 'stream_options'] }] } },
      'stream_options',
    ],
    [400, { error: { message: 'Unrecognized request argument supplied: stream_options' } }, 'stream_options'],
    // Faults of one value, and of other things.
    [400, { error: { message: 'max_tokens is too large: 99999. This model supports at most 4096.' } }, null],
    [
      400,
      { error: { message: 'You uploaded an unsupported image. Please make sure your image is valid image.' } },
      null,
    ],
    [400, { error: { message: 'Invalid JSON in messages' } }, null],
    [429, { error: { message: 'Unsupported: tools' } }, null],
    [401, { error: { message: 'tools are not allowed for this key' } }, null],
  ])('%d %j: %s', (status, body, field) => {
    expect(named(status, body)).toBe(field);
  });
});

test.each([
  ['https://api.openai.com/v1', 'max_completion_tokens'],
  ['http://localhost:11434/v1', 'max_tokens'],
])('at %s the longest answer is first called %s', (baseUrl, field) => {
  expect(maxTokensField(fieldsRefusedAtFirst(baseUrl))).toBe(field);
});
