/**
 * Endpoints that do not take all that OpenAI takes, and requests that are refused for what is in them: asked again with less, a bounded number
 * of times, before anything was said. What is about the endpoint is remembered; what is about one picture or one history is nobody else's.
 */
import { beforeAll, describe, expect, test } from 'vitest';
import type { AnswerRequest } from '../../../src/engines/answer-engine.ts';
import { mostConcessions } from '../../../src/engines/openai-answer/negotiation.ts';
import { askEngine, createEngine, keepingLogger, providerAt } from '../../support/providers/asked-engine.ts';
import {
  type AskedBody,
  answering,
  type EndpointReply,
  events,
  hasImage,
  refusing,
  type ScriptedEndpoint,
  startScriptedEndpoint,
} from '../../support/providers/scripted-endpoint.ts';

let endpoint: ScriptedEndpoint;
beforeAll(async () => {
  endpoint = await startScriptedEndpoint();
});

const screenshot = { bytes: new Uint8Array(4), mediaType: 'image/webp', widthPixels: 2, heightPixels: 2 } as const;
const history = [1, 2, 3, 4, 5].map((count) => ({ prompt: `question ${count}`, answer: `answer ${count}` }));

function engineWith(options: Parameters<typeof providerAt>[2] = {}, more: Parameters<typeof createEngine>[1] = {}) {
  return createEngine([providerAt(endpoint.baseUrl, 'x', options)], more);
}

/** What an endpoint does that refuses `reply` wherever `isTaken` does not hold. */
const unless = (isTaken: (body: AskedBody) => boolean, reply: EndpointReply) => (body: AskedBody) =>
  isTaken(body) ? answering() : reply;

const contents = ({ messages }: AskedBody) => messages.map(({ content }) => String(content));

describe('what an endpoint does not take', () => {
  const habits: readonly (readonly [
    string,
    object,
    Partial<AnswerRequest>,
    (body: AskedBody) => boolean,
    EndpointReply,
  ])[] = [
    [
      'stream_options',
      {},
      {},
      (body) => body.stream_options === undefined,
      refusing(400, "Unsupported parameter: 'stream_options'"),
    ],
    [
      'tools',
      {},
      {},
      (body) => body.tools === undefined,
      refusing(400, 'registry.ollama.ai/library/phi does not support tools'),
    ],
    [
      'temperature',
      { temperature: 0.7 },
      {},
      (body) => body.temperature === undefined,
      refusing(400, '`temperature` is deprecated for this model.'),
    ],
    [
      'max_tokens',
      { maxTokens: 50 },
      {},
      (body) => body.max_tokens === undefined,
      refusing(
        400,
        "Unsupported parameter: 'max_tokens' is not supported with this model. Use 'max_completion_tokens' instead.",
      ),
    ],
    [
      'limit',
      { maxTokens: 99_999 },
      {},
      (body) => body.max_tokens === undefined,
      refusing(400, 'max_tokens is too large: 99999. This model supports at most 4096 completion tokens'),
    ],
    [
      'system',
      {},
      {},
      (body) => body.messages[0]?.role === 'user',
      { status: 400, body: { object: 'error', message: 'System role not supported' } },
    ],
    [
      'image',
      {},
      { screenshot },
      (body) => !hasImage(body),
      { status: 400, body: { object: 'error', message: 'x is not a multimodal model', code: 400 } },
    ],
  ];

  test.each(habits)(
    '%s: it is asked again, and from then on not with it',
    async (field, options, request, isTaken, reply) => {
      const { log, lines } = keepingLogger();
      const engine = engineWith(options, { log });
      endpoint.reply(unless(isTaken, reply));
      expect(await askEngine(engine, request)).toMatchObject({ text: 'One is said.', failure: null });
      expect(endpoint.asked).toHaveLength(2);
      expect(await askEngine(engine, request)).toMatchObject({ failure: null, notes: [{ retries: 0 }] });
      expect(endpoint.asked).toHaveLength(3);
      const ctx = { provider: 'main', model: 'x', field };
      expect(lines).toEqual([{ level: 'warn', scope: 'engine', method: 'answer', decision: 'field_refused', ctx }]);
    },
  );

  test('several things: one after the other, and all of them are remembered', async () => {
    const engine = engineWith({ temperature: 1, maxTokens: 50 });
    endpoint.reply((body) => {
      if (body.messages[0]?.role === 'system')
        return refusing(400, "'messages[0].role' does not support 'system' with this model.");
      if (body.temperature !== undefined) return refusing(400, "'temperature' is not supported with this model.");
      if (body.max_tokens !== undefined) return refusing(400, "Use 'max_completion_tokens' instead of 'max_tokens'.");
      return body.tools === undefined ? answering() : refusing(400, "'tools' is not supported with this model.");
    });
    expect(await askEngine(engine)).toMatchObject({ text: 'One is said.', failure: null });
    expect(endpoint.asked).toHaveLength(5);
    expect(endpoint.asked[4]).toMatchObject({ max_completion_tokens: 50 });
    expect(await askEngine(engine)).toMatchObject({ failure: null });
    expect(endpoint.asked).toHaveLength(6);
  });

  test('the newer name for the longest answer has the same bound', async () => {
    endpoint.reply(
      unless(
        (body) => body.max_tokens === undefined,
        refusing(400, "'max_tokens' is not supported. Use 'max_completion_tokens' instead."),
      ),
    );
    await askEngine(engineWith({ maxTokens: 50 }));
    expect(endpoint.asked[1]).toMatchObject({ max_completion_tokens: 50 });
    expect(endpoint.asked[1]).not.toHaveProperty('max_tokens');
  });

  test('no bound under either name: the answer fails, instead of being without one', async () => {
    endpoint.reply(() => refusing(400, "Unknown parameters: 'max_tokens' and 'max_completion_tokens'"));
    expect((await askEngine(engineWith({ maxTokens: 50 }))).failure?.code).toBe('UNAVAILABLE');
    expect(endpoint.asked).toHaveLength(2);
  });

  test('no system role: its words come before the first words of the user, and a picture stays a picture', async () => {
    endpoint.reply(unless((body) => body.messages[0]?.role === 'user', refusing(400, 'System role not supported')));
    await askEngine(engineWith(), { history: history.slice(0, 1) });
    const [asked, again] = endpoint.asked.map(contents);
    expect(again).toEqual([`${asked?.[0]}\n\nquestion 1`, 'answer 1', 'Hello']);
    endpoint.reply(unless((body) => body.messages[0]?.role === 'user', refusing(400, 'System role not supported')));
    await askEngine(engineWith(), { screenshot });
    expect(endpoint.asked[1]?.messages).toMatchObject([
      {
        role: 'user',
        content: [
          { type: 'text', text: expect.stringMatching(/^You are a voice assistant[\s\S]*\n\nHello$/) },
          { type: 'image_url' },
        ],
      },
    ]);
  });

  test('no eyes: the model is told that there is a screenshot which it can not see', async () => {
    endpoint.reply(
      unless((body) => !hasImage(body), refusing(500, 'image input is not supported - hint: provide the mmproj')),
    );
    await askEngine(engineWith(), { screenshot });
    expect(contents({ ...endpoint.asked[1], messages: endpoint.asked[1]?.messages ?? [], model: 'x' })).toEqual([
      expect.stringContaining('you cannot see images'),
      'Hello',
    ]);
  });

  test('no tools: a command still comes, in the object that the system prompt asks for', async () => {
    endpoint.reply(
      unless((body) => body.tools === undefined, refusing(404, 'No endpoints found that support tool use.')),
    );
    await askEngine(engineWith());
    expect(String(endpoint.asked[1]?.messages[0]?.content)).toContain(
      '"command": "open_app", "args": {"app_name": "Safari"}}',
    );
  });
});

describe('a picture that is refused', () => {
  test.each([
    [
      'Your input image may contain content that is not allowed by our safety system.',
      { code: 'content_policy_violation' },
    ],
    ['Could not process image', { type: 'invalid_request_error' }],
    ['image exceeds 5 MB maximum: 6291456 bytes > 5242880 bytes', {}],
    ['You uploaded an unsupported image. Please make sure your image is valid.', { code: 'invalid_image_format' }],
    ['Failed to download image', {}],
    ['Bad Request', {}],
  ])('"%s": that question is answered without it, and everybody keeps theirs', async (message, more) => {
    const { log, lines } = keepingLogger();
    const engine = engineWith({}, { log });
    endpoint.reply((body, earlier) => (hasImage(body) && earlier < 2 ? refusing(400, message, more) : answering()));
    expect(await askEngine(engine, { screenshot })).toMatchObject({ text: 'One is said.', failure: null });
    expect(endpoint.asked.map(hasImage)).toEqual([true, false]);
    expect(String(endpoint.asked[1]?.messages[0]?.content)).toContain('it could not be shown to you');
    await askEngine(engine, { screenshot, hardwareId: 'another' });
    expect(endpoint.asked.map(hasImage)).toEqual([true, false, true]);
    expect(lines.map(({ decision, ctx }) => [decision, ctx])).toEqual([
      ['request_reduced', { hardware_id: 'device-1', provider: 'main', model: 'x', without: 'picture' }],
    ]);
  });
});

describe('a history that outgrew the model', () => {
  const exceeded = {
    status: 400,
    body: {
      error: {
        code: 400,
        message: 'the request exceeds the available context size',
        type: 'exceed_context_size_error',
        n_ctx: 4096,
      },
    },
  };
  /** Of the exchanges that were sent. */
  const exchanges = ({ messages }: AskedBody) => (messages.length - 2) / 2;

  test('is asked again with its newer half, and the next question begins with all of it', async () => {
    const engine = engineWith();
    endpoint.reply(unless((body) => exchanges(body) <= 2, exceeded));
    expect(await askEngine(engine, { history })).toMatchObject({ text: 'One is said.', failure: null });
    expect(endpoint.asked.map(exchanges)).toEqual([5, 2]);
    expect(contents(endpoint.asked[1] ?? { model: '', messages: [] }).slice(1)).toEqual([
      'question 4',
      'answer 4',
      'question 5',
      'answer 5',
      'Hello',
    ]);
    await askEngine(engine, { history });
    expect(endpoint.asked.map(exchanges)).toEqual([5, 2, 5, 2]);
  });

  test('is then asked without it', async () => {
    endpoint.reply(unless((body) => exchanges(body) === 0, exceeded));
    expect(await askEngine(engineWith(), { history })).toMatchObject({ text: 'One is said.', failure: null });
    expect(endpoint.asked.map(exchanges)).toEqual([5, 2, 0]);
  });

  test('and fails then, in a bounded number of requests: not as the mistake of who asked a short question', async () => {
    endpoint.reply(() => exceeded);
    const { failure } = await askEngine(engineWith({}, { retries: 3 }), { history });
    expect(failure).toEqual({
      code: 'UNAVAILABLE',
      message:
        'the model provider main finds the request too long (status 400): the request exceeds the available context size',
    });
    expect(endpoint.asked.map(exchanges)).toEqual([5, 2, 0]);
  });

  test('but as that of who says more than the model takes', async () => {
    endpoint.reply(() => exceeded);
    const { failure } = await askEngine(engineWith(), { prompt: 'word '.repeat(4_000) });
    expect(failure?.code).toBe('INVALID_ARGUMENT');
    expect(endpoint.asked).toHaveLength(1);
  });

  test('is asked of the next provider, which may take more', async () => {
    endpoint.reply((body) => (body.model === 'x' ? exceeded : answering()));
    const providers = ['x', 'larger'].map((model) => providerAt(endpoint.baseUrl, model, { name: model }));
    expect(await askEngine(createEngine(providers))).toMatchObject({ text: 'One is said.', failure: null });
  });
});

describe('a call that the model wrote badly', () => {
  const botched = refusing(400, "Failed to call a function. See 'failed_generation' for more details.", {
    code: 'tool_use_failed',
    failed_generation: '<function=open_app>',
  });

  test('is another try', async () => {
    endpoint.reply((_body, earlier) => (earlier === 0 ? botched : answering()));
    expect(await askEngine(engineWith({}, { retries: 1 }))).toMatchObject({
      failure: null,
      notes: [{ retries: 0 }, { retries: 1 }],
    });
  });

  test('is asked without tools when it is written badly again, and nothing is learned', async () => {
    const engine = engineWith({}, { retries: 1 });
    endpoint.reply(unless((body) => body.tools === undefined, botched));
    expect(await askEngine(engine)).toMatchObject({ text: 'One is said.', failure: null });
    expect(endpoint.asked.map(({ tools }) => tools !== undefined)).toEqual([true, true, false]);
    endpoint.reply(() => answering());
    await askEngine(engine);
    expect(endpoint.asked[0]?.tools).toBeDefined();
  });

  test('is UNAVAILABLE where nothing helps', async () => {
    endpoint.reply(() => botched);
    expect((await askEngine(engineWith())).failure?.code).toBe('UNAVAILABLE');
    expect(endpoint.asked).toHaveLength(1);
  });
});

describe('a refusal that comes with a good status', () => {
  const error = { message: 'x is not a multimodal model', type: 'BadRequestError', code: 400 };
  const replies: readonly (readonly [string, EndpointReply])[] = [
    ['as a body', { status: 200, body: { error } }],
    [
      'as a body without a code',
      { status: 200, body: { error: { message: 'This model does not support image input' } } },
    ],
    ['as the first event', events(`data: ${JSON.stringify({ error })}\n\n`)],
    ['as the first event, without its envelope', events(`data: ${JSON.stringify({ object: 'error', ...error })}\n\n`)],
    ['as an event called error', events(`event: error\ndata: ${JSON.stringify({ error })}\n\n`)],
    [
      'behind a beginning without words',
      events(
        `data: {"choices":[{"index":0,"delta":{"role":"assistant","content":""}}]}\n\ndata: ${JSON.stringify({ error })}\n\n`,
      ),
    ],
    ['in a list', { status: 400, body: [{ error: { ...error, status: 'INVALID_ARGUMENT' } }] }],
    ['as plain text', { status: 500, body: 'Error: x is not a multimodal model', type: 'text/plain' }],
  ];

  test.each(replies)('%s: asked again, and learned from', async (_how, reply) => {
    const engine = engineWith();
    endpoint.reply(unless((body) => !hasImage(body), reply));
    expect(await askEngine(engine, { screenshot })).toMatchObject({ text: 'One is said.', failure: null });
    await askEngine(engine, { screenshot });
    expect(endpoint.asked.map(hasImage)).toEqual([true, false, false]);
  });

  test('but not after the first words', async () => {
    const words = 'data: {"choices":[{"index":0,"delta":{"content":"One is said. "}}]}\n\n';
    endpoint.reply(() => events(`${words}data: ${JSON.stringify({ error })}\n\n`));
    const answer = await askEngine(engineWith({}, { retries: 3 }), { screenshot });
    expect(answer).toMatchObject({ text: 'One is said. ', failure: { code: 'UNAVAILABLE' } });
    expect(endpoint.asked).toHaveLength(1);
  });
});

describe('a refusal that nothing explains', () => {
  test('is never the mistake of the client, is an error of the log, and the next provider is asked', async () => {
    const { log, lines } = keepingLogger();
    endpoint.reply((body) => (body.model === 'x' ? refusing(422, 'Unprocessable') : answering()));
    const providers = ['x', 'good'].map((model) => providerAt(endpoint.baseUrl, model, { name: model }));
    expect(await askEngine(createEngine(providers, { log }))).toMatchObject({ text: 'One is said.', failure: null });
    expect(lines.map(({ level, decision }) => [level, decision])).toEqual([
      ['info', 'request_reduced'],
      ['error', 'provider_failed'],
    ]);
    endpoint.reply(() => refusing(400, 'Bad Request'));
    expect((await askEngine(engineWith())).failure?.code).toBe('UNAVAILABLE');
  });

  test('gets a last question with nothing in it but what is asked', async () => {
    endpoint.reply((_body, earlier) => (earlier < 2 ? refusing(400, 'Bad Request') : answering()));
    const engine = engineWith({ temperature: 1, maxTokens: 50 });
    expect(await askEngine(engine, { screenshot, history })).toMatchObject({ text: 'One is said.', failure: null });
    expect(Object.keys(endpoint.asked[2] ?? {}).toSorted()).toEqual(['max_tokens', 'messages', 'model', 'stream']);
    expect(endpoint.asked[2]?.messages.map(({ role }) => role)).toEqual(['user']);
    // And what it gave up was for this question alone.
    await askEngine(engine);
    expect(endpoint.asked[3]).toMatchObject({ temperature: 1, stream_options: {}, messages: [{ role: 'system' }, {}] });
  });

  test('ends, whatever the endpoint says: a request has so many parts, and an answer so many concessions', async () => {
    const words = [
      'stream_options',
      'temperature',
      'image',
      'system role',
      'tools',
      'max_tokens',
      'prompt is too long',
      'flagged',
    ];
    endpoint.reply((_body, earlier) => refusing(400, `${words[earlier % words.length]} is not supported`));
    const engine = engineWith({ temperature: 1, maxTokens: 50 }, { retries: 3 });
    expect((await askEngine(engine, { screenshot, history })).failure?.code).toBe('UNAVAILABLE');
    expect(endpoint.asked).toHaveLength(mostConcessions + 1);
  });
});

describe('an endpoint that does not stream', () => {
  const whole = (message: object, finish_reason = 'stop') => ({
    status: 200,
    body: {
      object: 'chat.completion',
      choices: [{ index: 0, message: { role: 'assistant', ...message }, finish_reason }],
    },
  });
  const refused = refusing(400, 'Your organization must be verified to stream this model.', {
    param: 'stream',
    code: 'unsupported_value',
  });

  test('gives its answer in one piece, and is asked so from then on', async () => {
    const engine = engineWith();
    endpoint.reply(({ stream }) => (stream === true ? refused : whole({ content: 'One is said. Two is said.' })));
    expect(await askEngine(engine)).toMatchObject({ text: 'One is said. Two is said.', failure: null });
    await askEngine(engine);
    expect(endpoint.asked.map(({ stream }) => stream)).toEqual([true, false, false]);
    expect(endpoint.asked[1]).not.toHaveProperty('stream_options');
  });

  test('and its command', async () => {
    const tool_calls = [
      { id: 'c', type: 'function', function: { name: 'open_app', arguments: '{"app_name":"Mail"}' } },
    ];
    endpoint.reply(({ stream }) =>
      stream === true ? refused : whole({ content: 'Opening Mail.', tool_calls }, 'tool_calls'),
    );
    expect(await askEngine(engineWith())).toMatchObject({
      text: 'Opening Mail.',
      commands: [{ name: 'open_app', args: { app_name: 'Mail' } }],
    });
  });
});

test('a picture of which a filter leaves no answer is left out, and the filter has the last word', async () => {
  const filtered = events(
    'data: {"choices":[{"index":0,"delta":{},"finish_reason":"content_filter"}]}\n\ndata: [DONE]\n\n',
  );
  endpoint.reply((body) => (hasImage(body) ? filtered : answering()));
  expect(await askEngine(engineWith(), { screenshot })).toMatchObject({ text: 'One is said.', failure: null });
  endpoint.reply(() => filtered);
  expect((await askEngine(engineWith(), { screenshot })).failure?.code).toBe('PERMISSION_DENIED');
  expect(endpoint.asked.map(hasImage)).toEqual([true, false]);
});

test('a second try does not ask for what was refused at the first', async () => {
  endpoint.reply((body, earlier) => {
    if (hasImage(body)) return refusing(400, 'Could not process image');
    return earlier === 1 ? refusing(503, 'overloaded') : answering();
  });
  expect(await askEngine(engineWith({}, { retries: 1 }), { screenshot })).toMatchObject({ failure: null });
  expect(endpoint.asked.map(hasImage)).toEqual([true, false, false]);
});

test('what a filter keeps back with what was said before is asked without it, and is no mistake of a client', async () => {
  const filtered = refusing(400, 'Content Exists Risk');
  endpoint.reply(unless((body) => body.messages.length === 2, filtered));
  expect(await askEngine(engineWith(), { history })).toMatchObject({ text: 'One is said.', failure: null });
  endpoint.reply(() => filtered);
  expect((await askEngine(engineWith())).failure?.code).toBe('PERMISSION_DENIED');
});
