/** What streaming answers say, without a network: words, noise, errors, ends and costs, as endpoints of the world send them. */
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { AnswerReader, type AnswerReaderOptions } from '../../../src/engines/openai-answer/answer-reader.ts';
import type { StreamItem } from '../../../src/engines/openai-answer/chunk-stream.ts';
import { ProviderFailure } from '../../../src/engines/provider/failure.ts';

const itemOf = (value: unknown, isError = false): StreamItem => ({ kind: 'value', value, isError });
const done: StreamItem = { kind: 'done' };

function read(values: readonly unknown[], options: AnswerReaderOptions = {}) {
  const reader = new AnswerReader(options);
  const taken = values.map((value) => reader.take(itemOf(value)));
  const text = taken.map((each) => each.text).join('') + reader.rest();
  return {
    text,
    ending: reader.ending,
    usage: reader.usage,
    calls: reader.calls.finish(),
    alive: taken.map((each) => each.isAlive),
  };
}

function failureOf(take: () => unknown): Pick<ProviderFailure, 'code' | 'next' | 'message'> {
  try {
    take();
  } catch (error) {
    if (error instanceof ProviderFailure) return { code: error.code, next: error.next, message: error.message };
    throw error;
  }
  throw new Error('nothing failed');
}

const chunk = (delta: unknown, finish_reason: unknown = null) => ({ choices: [{ index: 0, delta, finish_reason }] });
const whole = (message: object, finish_reason: string | null = null) => ({
  object: 'chat.completion',
  choices: [{ message, finish_reason }],
});

describe('words', () => {
  test('are those of the one answer that was asked for', () => {
    const other = { choices: [{ index: 1, delta: { content: 'of another' } }] };
    expect(read([chunk({ role: 'assistant', content: '' }), chunk({ content: 'One' }), other]).text).toBe('One');
    expect(
      read([{ choices: [{ index: '0', delta: { content: 'One' } }] }, { choices: [{ delta: { content: '.' } }] }]).text,
    ).toBe('One.');
  });

  test.each<readonly [string, unknown]>([
    ['a text', 'One'],
    ['parts', [{ type: 'text', text: 'O' }, null, { type: 'output_text', text: 'n' }, 'e']],
    [
      'parts with thoughts',
      [
        { type: 'thinking', thinking: [{ type: 'text', text: 'hm' }] },
        { type: 'text', text: 'One' },
      ],
    ],
    [
      'parts that are marked',
      [
        { type: 'text', text: 'hm', thought: true },
        { type: 'text', text: 'One' },
      ],
    ],
    ['one part', { type: 'text', text: 'One' }],
    ['a part with a value', [{ type: 'text', text: { value: 'One', annotations: [] } }]],
  ])('may come as %s', (_how, content) => {
    expect(read([chunk({ content })]).text).toBe('One');
  });

  test.each([null, undefined, [], {}, false, true, [null], [{}], { type: 'image_url' }])('%j is none', (content) => {
    expect(read([chunk({ content })])).toMatchObject({ text: '', alive: [false] });
  });

  test('a number says its digits, a refusal its words', () => {
    expect(read([chunk({ content: 42 }), chunk({ content: ' is it' }), chunk({ refusal: ', no' })]).text).toBe(
      '42 is it, no',
    );
  });

  test('come in a whole message, too, unless they came before', () => {
    expect(read([whole({ content: 'All at once.' }, 'stop')])).toMatchObject({
      text: 'All at once.',
      ending: 'inOrder',
    });
    expect(read([chunk({ content: 'All' }), whole({ content: 'All' }, 'stop')]).text).toBe('All');
    expect(read([{ object: 'text_completion', choices: [{ text: 'All' }] }]).text).toBe('All');
  });

  test.each<readonly [string, object]>([
    ['reasoning_content', { reasoning_content: 'hm' }],
    ['reasoning', { reasoning: 'hm' }],
    ['thinking', { thinking: 'hm' }],
    ['reasoning_details', { reasoning_details: [{ type: 'reasoning.text', text: 'hm' }] }],
    ['thinking_blocks', { thinking_blocks: [{ thinking: 'hm' }] }],
    ['marked content', { content: 'hm', extra_content: { google: { thought: true } } }],
  ])('thoughts in %s are none, and a sign of life', (_name, delta) => {
    expect(read([chunk(delta), chunk({ content: 'Yes' })])).toMatchObject({ text: 'Yes', alive: [true, true] });
  });

  test('thoughts in the text are told as the setting says', () => {
    const values = [chunk({ content: 'hm</thi' }), chunk({ content: 'nk>Yes' }, 'stop')];
    expect(read(values, { thoughts: 'closing-tag' }).text).toBe('Yes');
    expect(read(values, { thoughts: 'auto' }).text).toBe('hm</think>Yes');
    expect(read([chunk({ content: 'It may be' }, 'stop')], { thoughts: 'closing-tag' }).text).toBe('It may be');
    expect(read([chunk({ content: 'It may be' }, 'length')], { thoughts: 'closing-tag' }).text).toBe('');
  });
});

describe('Reader 1: noise is nothing, wherever it comes', () => {
  const noise: readonly unknown[] = [
    null,
    0,
    7,
    true,
    '',
    'ping',
    [],
    [null],
    {},
    { choices: null },
    { choices: [] },
    { choices: {} },
    { choices: '' },
    { choices: false },
    { choices: [null] },
    { choices: [{}] },
    { choices: [[]] },
    { choices: [{ delta: null }] },
    { choices: [{ index: 0 }] },
    { choices: [{ delta: {} }] },
    { choices: [{ delta: [] }] },
    { choices: [{ delta: 5 }] },
    { choices: [{ delta: { content: null, tool_calls: null, function_call: null } }] },
    { choices: [{ delta: { tool_calls: [null, {}] } }] },
    { choices: [{ delta: { role: 'assistant' }, finish_reason: '' }] },
    { choices: [{ delta: {}, finish_reason: 'null' }] },
    { choices: [], usage: null },
    { choices: [], prompt_filter_results: [{ content_filter_results: { hate: { filtered: false } } }] },
    { type: 'ping' },
    { type: 'ping', message: 'still here' },
    { event: 'heartbeat', msg: 'x' },
    { status: 'processing', message: 'wait' },
    { object: 'chat.completion.chunk', id: 'x' },
    { error: null, choices: [] },
    { error: '', choices: [] },
    { error: {}, choices: [{ delta: {} }] },
    { error: { message: '', type: '', param: null, code: 0 }, choices: [] },
    { choices: [{ delta: {}, error: { message: null, code: null } }] },
    { code: 0, message: 'success' },
    { code: 'Success', message: 'OK' },
    { code: '', message: '' },
    { choices: [], x_groq: { id: 'req_1' } },
    { base_resp: { status_code: 0, status_msg: '' }, choices: [] },
    { id: 'x', model: 'y', created: 1 },
  ];

  test.each(noise.map((value) => [JSON.stringify(value), value]))('%s', (_shown, value) => {
    expect(read([value, chunk({ content: 'One ' }), value, chunk({ content: 'two.' }, 'stop'), value])).toMatchObject({
      text: 'One two.',
      ending: 'inOrder',
    });
    expect(read([value]).ending).toBeNull();
  });

  test('text between chunks is noise, but for what says that it is an error', () => {
    const reader = new AnswerReader();
    expect(reader.take({ kind: 'words', words: 'OPENROUTER PROCESSING', isError: false })).toEqual({
      text: '',
      isAlive: false,
    });
    expect(failureOf(() => reader.take({ kind: 'words', words: 'Error: out of memory', isError: false })).message).toBe(
      'broke its answer off with an error: Error: out of memory',
    );
    expect(failureOf(() => reader.take({ kind: 'words', words: '', isError: true })).message).toBe(
      'broke its answer off with an error',
    );
  });
});

describe('Reader 2: an error is one, in whichever shape', () => {
  const said = 'It crashed';
  const errors: readonly unknown[] = [
    { error: said },
    { error: { message: said } },
    { error: { message: said, code: 500, type: 'server_error' } },
    [{ error: { message: said } }],
    { object: 'error', message: said, code: 500 },
    { type: 'error', error: { type: 'overloaded_error', message: said } },
    { type: 'error', message: said },
    { detail: said },
    { detail: [{ msg: said }] },
    { message: said },
    { message: said, code: 'internal_error' },
    { msg: said, code: 500 },
    { status: 'error', message: said },
    { success: false, errors: [{ code: 7003, message: said }] },
    { error_code: 18, error_msg: said },
    { base_resp: { status_code: 1004, status_msg: said } },
    { error: { message: said }, choices: [] },
    { error: said, choices: null },
    {
      choices: [{ index: 0, delta: { content: '' }, finish_reason: 'error' }],
      error: { code: 'server_error', message: said },
    },
    { choices: [{ index: 0, delta: {}, error: { code: 502, message: said } }] },
    { choices: [{ index: 0, delta: {} }], x_groq: { id: 'req_1', error: said } },
    { code: '', status_code: 500, message: said },
  ];

  test.each(errors.map((value) => [JSON.stringify(value), value]))('%s', (_shown, value) => {
    const reader = new AnswerReader();
    reader.take(itemOf(chunk({ content: 'One' })));
    expect(failureOf(() => reader.take(itemOf(value)))).toEqual({
      code: 'UNAVAILABLE',
      next: 'again',
      message: `broke its answer off with an error: ${said}`,
    });
  });

  test('also one that says nothing, and whatever an event named as one carries', () => {
    expect(failureOf(() => read([{ error: {} }])).message).toBe('broke its answer off with an error');
    expect(failureOf(() => new AnswerReader().take(itemOf({ message: said }, true))).message).toContain(said);
    expect(failureOf(() => new AnswerReader().take(itemOf({}, true))).code).toBe('UNAVAILABLE');
    expect(failureOf(() => new AnswerReader().take(itemOf(said, true))).message).toContain(said);
  });

  test('means what its status would have meant', () => {
    expect(failureOf(() => read([{ error: { message: 'slow down', code: 429 } }])).code).toBe('RESOURCE_EXHAUSTED');
    expect(failureOf(() => read([{ error: { message: 'who?', code: '401' } }])).code).toBe('UNAUTHENTICATED');
    const ours = {
      error: { message: 'bad', type: 'invalid_request_error', code: 'tool_use_failed', status_code: 400 },
    };
    expect(failureOf(() => read([ours])).code).toBe('UNAVAILABLE');
    const filtered = { error: { message: 'The response was filtered', code: 'content_filter', status: 400 } };
    expect(failureOf(() => read([filtered]))).toMatchObject({ code: 'PERMISSION_DENIED', next: 'nobody' });
  });
});

describe('Reader 3: the end', () => {
  test('and words may come in one chunk, and words behind it', () => {
    expect(read([chunk({ content: 'All' }, 'stop'), chunk({ content: ' of it' })])).toMatchObject({
      text: 'All of it',
      ending: 'inOrder',
    });
  });

  test('is the worst reason that was given', () => {
    expect(read([chunk({ content: 'x' }, 'length'), chunk({}, 'stop')]).ending).toBe('length');
    expect(read([chunk({ content: 'x' }, 'STOP'), chunk({ content: 'x' }, 'SAFETY')]).ending).toBe('contentFilter');
    expect(read([{ choices: [{ delta: {}, finish_details: { type: 'max_tokens' } }] }]).ending).toBe('length');
  });

  test.each<readonly [string, unknown, string | null]>([
    ['beside its choices', { finish_reason: 'length', choices: [{ index: 0, delta: {} }] }, 'length'],
    ['as an object', chunk({}, { type: 'content_filter' }), 'contentFilter'],
    ['as an object with details', { choices: [{ delta: {}, finish_details: { type: 'max_tokens' } }] }, 'length'],
    ['as something else', chunk({}, 5), null],
  ])('may be told %s', (_title, value, ending) => {
    expect(read([chunk({ content: 'One' }), value]).ending).toBe(ending);
  });

  test.each(['error', 'abort', 'insufficient_system_resource', 'network_error', 'MALFORMED_FUNCTION_CALL'])(
    'that tells of a failure is one: %s',
    (reason) => {
      expect(failureOf(() => read([chunk({ content: 'It li' }), chunk({}, reason)]))).toEqual({
        code: 'UNAVAILABLE',
        next: 'again',
        message: `broke its answer off with the reason "${reason}"`,
      });
    },
  );

  test('is [DONE] where no reason was given; nothing at all is none', () => {
    const reader = new AnswerReader();
    reader.take(itemOf(chunk({ content: 'All' }, '')));
    expect(reader.ending).toBeNull();
    reader.take(done);
    expect(reader.ending).toBe('inOrder');
  });

  test('of a whole message needs no reason; of a chunk in the place of one it does', () => {
    expect(read([whole({ content: 'All' })]).ending).toBe('inOrder');
    const parts = ['All', ' of it'].map((content) => ({ choices: [{ message: { content } }] }));
    expect(read(parts)).toMatchObject({ text: 'All of it', ending: null });
  });
});

describe('usage', () => {
  const usage = { prompt_tokens: 7, completion_tokens: 2 };
  test.each<readonly [string, object]>([
    ['in the last chunk', { choices: [], usage }],
    ['without choices', { usage }],
    ['in a chunk with words', { ...chunk({ content: 'x' }), usage }],
    ['in the choice', { choices: [{ index: 0, delta: {}, finish_reason: 'stop', usage }] }],
    ['in an extension', { choices: [], x_groq: { id: 'x', usage: { ...usage, total_time: 0.1 } } }],
    ['under other names', { choices: [], usage: { input_tokens: 7, output_tokens: 2 } }],
    ['as texts', { choices: [], usage: { prompt_tokens: '7', completion_tokens: '2' } }],
  ])('is found %s', (_where, value) => {
    expect(read([value]).usage).toEqual({ inputTokens: 7, outputTokens: 2 });
  });

  test('is what was told last, and never added up; zeros behind it are a placeholder', () => {
    const growing = [1, 2].map((tokens) => ({
      ...chunk({ content: 'x' }),
      usage: { prompt_tokens: 7, completion_tokens: tokens },
    }));
    const zeros = { choices: [], usage: { prompt_tokens: 0, completion_tokens: 0 } };
    expect(read([...growing, zeros]).usage).toEqual({ inputTokens: 7, outputTokens: 2 });
    expect(read([zeros]).usage).toEqual({ inputTokens: 0, outputTokens: 0 });
    expect(read([{ ...chunk({ content: 'x' }), usage: null }]).usage).toBeNull();
  });

  test('is told also of an answer that failed', () => {
    const reader = new AnswerReader();
    expect(() => reader.take(itemOf({ ...chunk({}, 'error'), usage }))).toThrow('error');
    expect(reader.usage).toEqual({ inputTokens: 7, outputTokens: 2 });
  });

  test.each([{ prompt_tokens: -1, completion_tokens: 2 }, { prompt_tokens: 1.5 }, { prompt_tokens: 1e12 }, 'many', []])(
    'that is none is not told, and breaks nothing: %j',
    (given) => {
      expect(read([{ ...chunk({ content: 'x' }), usage: given }])).toMatchObject({ text: 'x', usage: null });
    },
  );
});

describe('tool calls', () => {
  const call = { name: 'open_app', arguments: '{"app_name":"Mail"}' };
  const mail = [{ name: 'open_app', args: { app_name: 'Mail' } }];
  test.each<readonly [string, object]>([
    ['in a list', chunk({ tool_calls: [{ index: 0, id: 'a', type: 'function', function: call }] })],
    ['alone', chunk({ tool_calls: { index: 0, function: call } })],
    ['as it was before tools', chunk({ function_call: call })],
    ['in a message', whole({ content: null, tool_calls: [{ id: 'a', function: call }] }, 'tool_calls')],
    ['in a message, as it was before tools', whole({ content: '', function_call: call }, 'function_call')],
  ])('come %s', (_how, value) => {
    expect(read([value])).toMatchObject({ calls: mail, alive: [true] });
  });

  test('in a message at the end are those that came before', () => {
    const end = {
      choices: [{ delta: {}, message: { content: 'Opening.', tool_calls: [{ id: 'a', function: call }] } }],
    };
    expect(read([chunk({ content: 'Opening.' }), end])).toMatchObject({ text: 'Opening.', calls: mail });
    const legacy = chunk({ function_call: call, tool_calls: [{ index: 0, function: call }] });
    expect(read([legacy, end]).calls).toEqual(mail);
  });

  test('a thought behind one is none of the words', () => {
    const fragment = chunk({ tool_calls: [{ index: 0, function: call }] });
    expect(read([chunk({ content: 'Opening. ' }), fragment, chunk({ content: '<think>hm</think>Done.' })]).text).toBe(
      'Opening. Done.',
    );
  });
});

test('whatever else is sent as a chunk is noise or a fault with words, never another exception', () => {
  const anything = fc.oneof(
    fc.jsonValue(),
    fc.object({ maxDepth: 4 }),
    fc.record({
      choices: fc.array(fc.object({ key: fc.constantFrom('delta', 'message', 'index', 'finish_reason'), maxDepth: 3 })),
    }),
  );
  fc.assert(
    fc.property(anything, (sent) => {
      try {
        new AnswerReader().take(itemOf(sent));
      } catch (error) {
        if (!(error instanceof ProviderFailure)) throw error;
      }
    }),
  );
  expect(() => read([{ choices: 5 }])).toThrow('none of a chat completion');
  expect(() => read([{ choices: { 0: { delta: { content: 'One' } } } }])).toThrow('none of a chat completion');
});

test('what an error says is without the key', () => {
  const reader = new AnswerReader({ secrets: { key: 'very-secret' } });
  expect(failureOf(() => reader.take(itemOf({ error: 'no very-secret' }))).message).toContain('no [key]');
});
