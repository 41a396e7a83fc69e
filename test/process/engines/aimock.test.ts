/**
 * The adapters against a server that is not ours: @copilotkit/aimock, which plays OpenAI, OpenRouter and ElevenLabs from their documentation,
 * well and badly. What our own stand-ins have wrong in the same way as our adapters shows here.
 */
import { type ChaosConfig, LLMock } from '@copilotkit/aimock';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { ask, connect, type TestClient } from '../../support/client.ts';
import { askEngine, createEngine, providerAt } from '../../support/providers/asked-engine.ts';
import { createVoice, failureOf, measure, speak } from '../../support/providers/voices.ts';
import { startServer } from '../../support/server.ts';
import type { TestServer } from '../../support/test-server.ts';
import { expectErrorBeforeData, expectGoodEnd } from '../rpc/outcomes.ts';

const mock = new LLMock({ port: 0, strict: true });
const capital = 'Paris is the capital of France. It lies on the Seine.';
const screenshot = { bytes: new Uint8Array(4), mediaType: 'image/webp', widthPixels: 2, heightPixels: 2 } as const;

/** Half a second of 440 Hz at 24 kHz, signed 16 bit. */
function tone(): Buffer {
  const pcm = Buffer.alloc(24_000);
  for (let at = 0; at < 12_000; at += 1)
    pcm.writeInt16LE(Math.round(12_000 * Math.sin((2 * Math.PI * 440 * at) / 24_000)), at * 2);
  return pcm;
}

/** The same with the header of a WAV. */
function wav(): Buffer {
  const pcm = tone();
  const head = Buffer.alloc(44);
  head.write('RIFF', 0, 'latin1');
  head.writeUInt32LE(36 + pcm.length, 4);
  head.write('WAVEfmt ', 8, 'latin1');
  head.writeUInt32LE(16, 16);
  head.writeUInt16LE(1, 20);
  head.writeUInt16LE(1, 22);
  head.writeUInt32LE(24_000, 24);
  head.writeUInt32LE(48_000, 28);
  head.writeUInt16LE(2, 32);
  head.writeUInt16LE(16, 34);
  head.write('data', 36, 'latin1');
  head.writeUInt32LE(pcm.length, 40);
  return Buffer.concat([head, pcm]);
}

/** Frames of MPEG layer III without a tag, as many servers send them. */
const mp3 = Buffer.concat(
  Array.from({ length: 20 }, () => Buffer.concat([Buffer.from([0xff, 0xfb, 0x90, 0x64]), Buffer.alloc(413)])),
);

function engineAt(path = '/v1', more: Parameters<typeof createEngine>[1] = {}) {
  return createEngine([providerAt(`${mock.url}${path}`, 'gpt-4o-mini')], more);
}

/** Chaos for the requests of `run` alone. */
async function withChaos<T>(chaos: ChaosConfig, run: () => Promise<T>): Promise<T> {
  mock.setChaos(chaos);
  try {
    return await run();
  } finally {
    mock.clearChaos();
  }
}

beforeAll(async () => {
  mock.onMessage(
    'capital',
    { content: capital, usage: { prompt_tokens: 21, completion_tokens: 12 } },
    { chunkSize: 7 },
  );
  mock.onMessage('Safari', {
    content: 'Opening Safari.',
    toolCalls: [{ name: 'open_app', arguments: '{"app_name":"Safari"}' }],
  });
  mock.onMessage(
    'only the tool',
    { toolCalls: [{ name: 'open_app', arguments: '{"app_name":"Mail"}' }] },
    { chunkSize: 4 },
  );
  mock.onMessage(
    'object',
    { content: '{"text": "Opening Mail.", "command": "open_app", "args": {"app_name": "Mail"}}' },
    { chunkSize: 7 },
  );
  mock.onMessage(
    'think',
    { content: 'Forty two.', reasoning: 'Let me think about that for a while.' },
    { chunkSize: 5 },
  );
  mock.onMessage('long', { content: 'One is said. Two is', finishReason: 'length' });
  mock.onMessage('forbidden word', { content: '', finishReason: 'content_filter' });
  mock.onMessage('breaks off', { content: capital }, { chunkSize: 7, latency: 40, truncateAfterChunks: 4 });
  mock.onMessage('goes away', { content: capital }, { chunkSize: 7, latency: 60, disconnectAfterMs: 200 });
  mock.onMessage('wrong key', {
    error: { message: 'Incorrect API key provided', type: 'invalid_request_error', code: 'invalid_api_key' },
    status: 401,
  });
  mock.onMessage('busy', {
    error: { message: 'Rate limit reached', type: 'rate_limit_error' },
    status: 429,
    retryAfter: 60,
  });
  mock.onMessage('moderated', {
    error: { message: 'Your input was flagged', metadata: { reasons: ['violence'] } },
    status: 403,
  });
  mock.onMessage('outgrown', {
    error: {
      message: "This model's maximum context length is 8192 tokens.",
      type: 'invalid_request_error',
      code: 'context_length_exceeded',
    },
    status: 400,
  });
  for (const [text, audio, format] of [
    ['raw', tone(), 'pcm'],
    ['wav', wav(), 'wav'],
    ['mpeg', mp3, 'mp3'],
    ['unlabelled', mp3, 'pcm'],
  ] as const) {
    mock.onSpeech(text, { audio: audio.toString('base64'), format });
    mock.onElevenLabsTTS(text, { audio: audio.toString('base64'), format });
  }
  mock.onSpeech(/./, { audio: tone().toString('base64'), format: 'pcm' });
  await mock.start();
});
afterAll(() => mock.stop());
beforeEach(() => mock.clearRequests());

describe('a model at aimock', () => {
  test('answers with text in small pieces, and tells what it took', async () => {
    const answer = await askEngine(engineAt(), { prompt: 'What is the capital of France?' });
    expect(answer).toMatchObject({ text: capital, failure: null });
    expect(answer.parts.length).toBeGreaterThan(5);
    expect(answer.usages).toEqual([{ inputTokens: 21, outputTokens: 12, model: 'gpt-4o-mini' }]);
  });

  test.each([
    ['Open Safari', 'Opening Safari.', 'Safari'],
    ['only the tool', '', 'Mail'],
  ])('calls a tool: %s', async (prompt, text, name) => {
    const answer = await askEngine(engineAt(), { prompt });
    expect(answer).toMatchObject({ text, failure: null, commands: [{ name: 'open_app', args: { app_name: name } }] });
  });

  test('thinks, and does not say its thoughts', async () => {
    expect(await askEngine(engineAt(), { prompt: 'think' })).toMatchObject({ text: 'Forty two.', failure: null });
  });

  test('is understood through a router, too', async () => {
    expect(await askEngine(engineAt('/api/v1'), { prompt: 'the capital' })).toMatchObject({
      text: capital,
      failure: null,
    });
    const moderated = await askEngine(engineAt('/api/v1'), { prompt: 'moderated' });
    expect(moderated.failure).toEqual({
      code: 'PERMISSION_DENIED',
      message:
        'the model provider main gave no answer: its content filter kept it back (status 403): Your input was flagged',
    });
  });

  test('sees a screenshot', async () => {
    expect(await askEngine(engineAt(), { prompt: 'the capital', screenshot })).toMatchObject({
      text: capital,
      failure: null,
    });
    expect(JSON.stringify(mock.getLastRequest()?.body)).toContain('data:image/webp;base64,');
  });

  test('ends where its longest length is reached, and where its filter keeps it back', async () => {
    expect(await askEngine(engineAt(), { prompt: 'long' })).toMatchObject({
      text: 'One is said. Two is',
      failure: null,
    });
    expect((await askEngine(engineAt(), { prompt: 'forbidden word' })).failure?.code).toBe('PERMISSION_DENIED');
  });

  test.each([
    ['wrong key', 'UNAUTHENTICATED'],
    ['busy', 'RESOURCE_EXHAUSTED'],
    ['outgrown', 'UNAVAILABLE'],
  ])('refuses: %s is %s', async (prompt, code) => {
    expect((await askEngine(engineAt(), { prompt })).failure?.code).toBe(code);
  });

  test('is asked with less of what was said before when that has outgrown it', async () => {
    const history = [1, 2, 3, 4].map((count) => ({ prompt: `question ${count}`, answer: `answer ${count}` }));
    mock.nextRequestError(400, {
      message: 'prompt is too long: 209353 tokens > 199999 maximum',
      type: 'invalid_request_error',
    });
    expect(await askEngine(engineAt(), { prompt: 'the capital', history })).toMatchObject({
      text: capital,
      failure: null,
    });
    const asked = mock.getRequests().map(({ body }) => JSON.stringify(body));
    expect(asked.map((body) => [body.includes('question 1'), body.includes('question 4')])).toEqual([
      [true, true],
      [false, true],
    ]);
  });

  test.each(['breaks off', 'goes away'])('that %s in the middle has failed, and is not asked again', async (prompt) => {
    const answer = await askEngine(engineAt('/v1', { retries: 3 }), { prompt });
    expect(answer.failure?.code).toBe('UNAVAILABLE');
    expect(capital.startsWith(answer.text) && answer.text.length > 0).toBe(true);
    expect(mock.getRequests()).toHaveLength(1);
  });

  test.each<[string, ChaosConfig, string]>([
    ['drops', { dropRate: 1 }, 'UNAVAILABLE'],
    ['is malformed', { malformedRate: 1 }, 'UNAVAILABLE'],
    ['disconnects', { disconnectRate: 1 }, 'UNAVAILABLE'],
    ['limits', { rateLimitRate: 1 }, 'RESOURCE_EXHAUSTED'],
  ])('that %s is what it is, and the next one answers', async (_, chaos, code) => {
    expect((await withChaos(chaos, () => askEngine(engineAt(), { prompt: 'the capital' }))).failure?.code).toBe(code);
    mock.prependFixture({ match: { model: `always-${code}` }, response: { content: 'never' }, chaos });
    const providers = [`always-${code}`, 'gpt-4o-mini'].map((model) =>
      providerAt(`${mock.url}/v1`, model, { name: model }),
    );
    expect(await askEngine(createEngine(providers), { prompt: 'the capital' })).toMatchObject({
      text: capital,
      failure: null,
    });
  });

  test('that is late is left for the next one', async () => {
    const providers = [
      providerAt(`${mock.url}/v1`, 'late'),
      providerAt(`${mock.url}/v1`, 'gpt-4o-mini', { name: 'backup' }),
    ];
    mock.prependFixture({ match: { model: 'late' }, response: { content: 'never' }, chaos: { latencyMs: 2_000 } });
    const answer = await askEngine(createEngine(providers, { attemptTimeoutMs: 100 }), { prompt: 'the capital' });
    expect(answer).toMatchObject({
      text: capital,
      failure: null,
      notes: [{ provider: 'main' }, { provider: 'backup' }],
    });
  });
});

describe.each(['openai', 'elevenlabs'] as const)('a voice at aimock: %s', (provider) => {
  const voice = () =>
    createVoice({ provider, baseUrl: provider === 'openai' ? `${mock.url}/v1` : mock.url, apiKey: 'k' }).engine;

  test.each(['raw', 'wav'])('speaks, as %s', async (text) => {
    const engine = voice();
    for (let count = 0; count < 2; count += 1) {
      const heard = measure(await speak(engine, text));
      expect(heard.seconds).toBeCloseTo(0.5, 2);
      expect(heard.hz).toBeCloseTo(440, 0);
    }
  });

  test.each(['mpeg', 'unlabelled'])(
    'that sends compressed sound has failed, whatever it calls it: %s',
    async (text) => {
      const { code, message } = await failureOf(voice(), text);
      expect([code, /MP3|mpeg/i.test(message)]).toEqual(['UNAVAILABLE', true]);
    },
  );

  test('that drops a request has failed, with the words of the server', async () => {
    const { code, message } = await withChaos({ dropRate: 1 }, () => failureOf(voice(), 'raw'));
    expect([code, message]).toEqual(['UNAVAILABLE', `the voice ${provider} failed (HTTP 500): Chaos: request dropped`]);
  });

  test.each<[string, ChaosConfig, string]>([
    ['is malformed', { malformedRate: 1 }, 'UNAVAILABLE'],
    ['disconnects', { disconnectRate: 1 }, 'UNAVAILABLE'],
    ['limits', { rateLimitRate: 1 }, 'RESOURCE_EXHAUSTED'],
  ])('that %s has failed', async (_, chaos, code) => {
    expect((await withChaos(chaos, () => failureOf(voice(), 'raw'))).code).toBe(code);
  });
});

describe('a whole server with model and voice at aimock', () => {
  let server: TestServer;
  let client: TestClient;
  beforeAll(async () => {
    const answer = {
      ANSWER_ENGINE: 'openai',
      ANSWER_BASE_URL: `${mock.url}/v1`,
      ANSWER_MODEL: 'gpt-4o',
      ANSWER_RETRIES: '0',
    };
    const speech = { SPEECH_ENGINE: 'openai', SPEECH_BASE_URL: `${mock.url}/v1`, SPEECH_MODEL: 'tts-1' };
    server = await startServer({ env: { ...answer, ...speech } });
    client = connect(server.grpcPort);
  });
  afterAll(async () => {
    client.close();
    await server.stop();
  });

  test('says and does what the model wants', async () => {
    const outcome = await ask(client, { prompt: 'Open Safari' });
    expectGoodEnd(outcome);
    expect(outcome.text).toBe('Opening Safari.');
    expect(new Set(outcome.kinds)).toEqual(new Set(['text_chunk', 'audio_chunk', 'action_message', 'end_message']));
    const audio = Buffer.concat(outcome.frames.map(({ audio_chunk }) => audio_chunk?.audio_data ?? Buffer.alloc(0)));
    expect(measure(audio).hz).toBeCloseTo(440, 0);
    const action =
      outcome.frames.find(({ action_message }) => action_message !== undefined)?.action_message?.action_json ?? '';
    expect(JSON.parse(action)).toMatchObject({ command: 'open_app', args: { app_name: 'Safari' } });
  });

  test('takes a command out of an object, too', async () => {
    const outcome = await ask(client, { prompt: 'object' });
    expectGoodEnd(outcome);
    expect([outcome.text, outcome.kinds.includes('action_message')]).toEqual(['Opening Mail.', true]);
  });

  test('tells one error for what the model does wrong', async () => {
    const dropped = await withChaos({ dropRate: 1 }, () => ask(client, { prompt: 'the capital' }));
    expectErrorBeforeData(dropped, { code: 'UNAVAILABLE', errorType: 'answer_failed' });
  });
});
