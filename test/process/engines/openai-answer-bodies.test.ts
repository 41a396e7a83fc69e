/** Whole answers over HTTP as endpoints of the world send them: under other labels, in other bodies, with noise, thoughts and odd calls. */
import { beforeAll, describe, expect, test } from 'vitest';
import { askEngine, createEngine, keepingLogger, providerAt } from '../../support/providers/asked-engine.ts';
import { type ScriptedEndpoint, startScriptedEndpoint } from '../../support/providers/scripted-endpoint.ts';

let endpoint: ScriptedEndpoint;
beforeAll(async () => {
  endpoint = await startScriptedEndpoint();
});

type Options = Parameters<typeof providerAt>[2];

function answerTo(
  body: unknown,
  { type = 'text/event-stream', ...options }: Options & { readonly type?: string } = {},
) {
  endpoint.reply(() => ({ status: 200, body, type }));
  return askEngine(createEngine([providerAt(endpoint.baseUrl, 'm', options)]));
}

const said = (delta: object, finish_reason: string | null = null) => ({
  choices: [{ index: 0, delta, finish_reason }],
});
const events = (...values: readonly unknown[]) => values.map((value) => `data: ${JSON.stringify(value)}\n\n`).join('');
const one = events(said({ content: 'One is said.' }));
const stop = `${events(said({}, 'stop'))}data: [DONE]\n\n`;

describe('a body', () => {
  test.each([
    'text/event-stream; charset=utf-8',
    'text/plain',
    'application/json',
    'application/octet-stream',
    'text/html',
    '',
  ])('of events is an answer under %j', async (type) => {
    expect(await answerTo(one + stop, { type })).toMatchObject({ text: 'One is said.', failure: null });
  });

  test('of lines of JSON is one, and has not ended without a reason to', async () => {
    const lines = (...values: readonly unknown[]) => values.map((value) => `${JSON.stringify(value)}\n`).join('');
    const type = 'application/x-ndjson';
    const whole = lines(said({ content: 'One is ' }), said({ content: 'said.' }, 'stop'));
    expect(await answerTo(whole, { type })).toMatchObject({ text: 'One is said.', failure: null });
    const cut = lines(said({ content: 'One is ' }), said({ content: 'said.' }));
    expect((await answerTo(cut, { type })).failure?.code).toBe('UNAVAILABLE');
  });

  test('of one document is one, with its call and its tokens', async () => {
    const call = { id: 'c', type: 'function', function: { name: 'open_app', arguments: '{"app_name":"Safari"}' } };
    const message = { role: 'assistant', content: 'Opening Safari.', tool_calls: [call] };
    const usage = { prompt_tokens: 21, completion_tokens: 8 };
    const document = {
      object: 'chat.completion',
      choices: [{ index: 0, message, finish_reason: 'tool_calls' }],
      usage,
    };
    expect(await answerTo(document, { type: 'application/json' })).toMatchObject({
      text: 'Opening Safari.',
      commands: [{ name: 'open_app', args: { app_name: 'Safari' } }],
      usages: [{ inputTokens: 21, outputTokens: 8 }],
      failure: null,
    });
  });

  test.each([
    ['text/html', '<!DOCTYPE html><html></html>'],
    ['text/plain', 'Not here'],
  ])('of %s that says %j is none', async (type, body) => {
    expect((await answerTo(body, { type })).failure).toEqual({
      code: 'UNAVAILABLE',
      message: `the model provider main answered with ${type} where an event stream was expected; is its base URL right?`,
    });
  });
});

test('noise between the words changes nothing', async () => {
  const noise =
    ': OPENROUTER PROCESSING\n\ndata: null\n\ndata:\n\nevent: ping\n\ndata: {"choices":null}\n\ndata: {}\n\ndata: ping\n\n';
  const body = `${noise}${events(said({ content: 'One is ' }))}${noise}${events(said({ content: 'said.' }))}${noise}${stop}data: [DONE]\n\n`;
  expect(await answerTo(body)).toMatchObject({ text: 'One is said.', failure: null });
});

describe('thoughts', () => {
  const thinking = (text: string) => events(...[...text].map((content) => said({ content }))) + stop;

  test.each([
    '<think>Hm.</think>',
    '\u200b<think>Hm.</think>\n',
    '[THINK]Hm.[/THINK]',
    '<|channel|>analysis<|message|>Hm.<|end|><|start|>assistant<|channel|>final<|message|>',
  ])('at the beginning are not handed on: %j', async (thought) => {
    expect(await answerTo(thinking(`${thought}One is said.`))).toMatchObject({
      text: expect.stringMatching(/^\s*One is said\.$/),
      failure: null,
    });
  });

  test('before a lone closing mark are known by the setting', async () => {
    const body = thinking('Hm.\n</think>One is said.');
    expect((await answerTo(body, { thoughts: 'closing-tag' })).text).toBe('One is said.');
    expect((await answerTo(body, { thoughts: 'off' })).text).toBe('Hm.\n</think>One is said.');
    expect((await answerTo(thinking('One is said.'), { thoughts: 'closing-tag' })).text).toBe('One is said.');
  });

  test('that were said because of a closing mark that nothing opened are told in the log, once', async () => {
    const body =
      events(said({ content: 'Hm.\n' }), said({ content: '</think>' }), said({ content: 'One. </think>' })) + stop;
    endpoint.reply(() => ({ status: 200, body, type: 'text/event-stream' }));
    const { log, lines } = keepingLogger();
    await askEngine(createEngine([providerAt(endpoint.baseUrl, 'm')], { log }));
    expect(lines.map(({ level, decision }) => [level, decision])).toEqual([['warn', 'thoughts_said']]);
  });

  test('alone are no answer', async () => {
    const body = events(said({ reasoning_content: 'Hm.' }), said({ content: '<think>Hm.' })) + stop;
    expect(await answerTo(body)).toMatchObject({ parts: [], failure: null });
  });
});

test('a call under a name with the rest of a header, behind empty arguments, is one command', async () => {
  const call = (more: object) => said({ tool_calls: [{ index: 0, id: '', ...more }] });
  const body = events(
    call({ function: { name: 'functions.open_app', arguments: '{}' } }),
    call({ function: { arguments: '{"app_name":' } }),
    call({ function: { arguments: '"Safari"}' } }),
    call({ function: { name: 'functions.open_app', arguments: '{"app_name":"Safari"}' } }),
    said({}, 'TOOL_CALLS'),
  );
  expect((await answerTo(`${body}data: [DONE]\n\n`)).commands).toEqual([
    { name: 'open_app', args: { app_name: 'Safari' } },
  ]);
});

test('a filter that keeps the rest back is told in the log, and its call is no command', async () => {
  const call = { index: 0, function: { name: 'open_app', arguments: '{"app_name":"Safari"}' } };
  const body = `${one}${events(said({ tool_calls: [call] }), said({}, 'PROHIBITED_CONTENT'))}`;
  endpoint.reply(() => ({ status: 200, body, type: 'text/event-stream' }));
  const { log, lines } = keepingLogger();
  const answer = await askEngine(createEngine([providerAt(endpoint.baseUrl, 'm')], { log }));
  expect(answer.parts).toEqual([{ kind: 'text', text: 'One is said.' }, { kind: 'cutOff' }]);
  expect(lines.map(({ decision }) => decision)).toEqual(['content_filter_stop', 'tool_call_dropped']);
});

describe('an error that hides', () => {
  const call = {
    tool_calls: [{ index: 0, id: 'c', function: { name: 'open_app', arguments: '{"app_name":"Safari"}' } }],
  };

  test.each([
    ['in an extension', events({ ...said({}), x_groq: { id: 'r', error: 'over capacity' } }), 'over capacity'],
    ['in a field of its name', 'error: {"code":500,"message":"slot lost"}\n\n', 'slot lost'],
    ['as JSON over several lines', '{\n  "error": {\n    "message": "gone"\n  }\n}\n\n', 'gone'],
    ['as a word in brackets', 'data: [ERROR] upstream timed out\n\n', 'upstream timed out'],
    ['as a line of a proxy', 'upstream connect error or disconnect\n\n', 'upstream connect error'],
  ])('%s lets no command out', async (_title, error, words) => {
    const body = `${one + events(said(call)) + error + events(said({}, 'tool_calls'))}data: [DONE]\n\n`;
    const { text, commands, failure } = await answerTo(body);
    expect({ text, commands, code: failure?.code }).toEqual({
      text: 'One is said.',
      commands: [],
      code: 'UNAVAILABLE',
    });
    expect(failure?.message).toContain(words);
  });
});

test('the numbers of a call keep their digits, in a text and as they are', async () => {
  const args = '{"contact":12345678901234567890,"message":"hi"}';
  const expected = [{ name: 'send_message', args: { contact: '12345678901234567890', message: 'hi' } }];
  const callWith = (value: string) =>
    `data: {"choices":[{"delta":{"tool_calls":[{"index":0,"function":{"name":"send_message","arguments":${value}}}]}}]}\n\n`;
  expect((await answerTo(callWith(JSON.stringify(args)) + stop)).commands).toEqual(expected);
  expect((await answerTo(callWith(args) + stop)).commands).toEqual(expected);
});

test('a refusal whose words can not be unpacked is told by its status', async () => {
  endpoint.reply(() => ({ status: 401, body: { error: 'no' }, encoding: 'gzip' }));
  expect((await askEngine(createEngine([providerAt(endpoint.baseUrl, 'm')]))).failure?.code).toBe('UNAUTHENTICATED');
});

test('white space before a failure is no beginning of an answer: there is another try', async () => {
  const broken = events(said({ content: '\n\n' }), { error: { message: 'gone' } });
  const good = events(said({ content: '\n' }), said({ content: 'One is said.' })) + stop;
  endpoint.reply((_body, earlier) => ({ status: 200, body: earlier === 0 ? broken : good, type: 'text/event-stream' }));
  const engine = createEngine([providerAt(endpoint.baseUrl, 'm', { thoughts: 'off' })], { retries: 1 });
  expect(await askEngine(engine)).toMatchObject({ text: '\nOne is said.', failure: null });
  expect(endpoint.asked).toHaveLength(2);
});
