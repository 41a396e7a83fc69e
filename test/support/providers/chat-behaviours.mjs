/**
 * What the local chat completions server can do, well and badly: a behaviour is a generator of steps, chosen by the model's name or by
 * `behave:NAME` in the prompt. Steps: `head` (status, headers), `event` (an object as a server-sent event), `raw` (bytes as they are),
 * `wait` (ms), `hang` (for ever), `cut` (the connection breaks). What is no behaviour's name is the demo model.
 */
import { demoAnswer, tokensOf } from './chat-demo.mjs';

const eventStream = { head: 200, headers: { 'content-type': 'text/event-stream; charset=utf-8' } };
const done = { raw: 'data: [DONE]\n\n' };

export function chunk(delta, finishReason = null, more = {}) {
  return {
    event: { object: 'chat.completion.chunk', choices: [{ index: 0, delta, finish_reason: finishReason }], ...more },
  };
}

const say = (text) => chunk({ content: text });
const call = (fragment) => chunk({ tool_calls: [{ index: 0, ...fragment }] });
const stop = chunk({}, 'stop');
/** So that what was said is on its way before it goes wrong. */
const pause = { wait: 400 };

function* json(status, body, headers = {}) {
  yield { head: status, headers: { 'content-type': 'application/json', ...headers } };
  yield { raw: JSON.stringify(body) };
}

const error = (status, message, more = {}, headers = {}) => json(status, { error: { message, ...more } }, headers);

function* words(...texts) {
  yield eventStream;
  for (const text of texts) yield say(text);
}

function* usageOf({ body }) {
  if (body.stream_options?.include_usage !== true) return;
  yield { event: { choices: [], usage: { prompt_tokens: 21, completion_tokens: 8, total_tokens: 29 } } };
}

function* good(question) {
  yield* words('One is said. ', 'Two is said.');
  yield stop;
  yield* usageOf(question);
  yield done;
}

function* demo(question) {
  yield eventStream;
  const { text, command } = demoAnswer(question);
  const hasTools = question.body.tools?.some((tool) => tool.function?.name === command?.name) ?? false;
  const envelope = JSON.stringify({ text, command: command?.name, args: command?.args });
  for (const token of tokensOf(command !== undefined && !hasTools ? envelope : text)) {
    yield say(token);
    yield { wait: 3 };
  }
  if (command !== undefined && hasTools) {
    const args = JSON.stringify(command.args);
    yield call({ id: 'call_1', type: 'function', function: { name: command.name, arguments: '' } });
    for (let at = 0; at < args.length; at += 5) yield call({ function: { arguments: args.slice(at, at + 5) } });
  }
  yield chunk({}, command !== undefined && hasTools ? 'tool_calls' : 'stop');
  yield* usageOf(question);
  yield done;
}

/** The first `count` questions of a behaviour go wrong, the next goes well. */
const failing = (count, wrong) =>
  function* (question) {
    yield* question.earlier < count ? wrong(question) : good(question);
  };

export const behaviours = {
  demo,
  good,
  *slow(question) {
    yield eventStream;
    for (const token of tokensOf('One is said. Two is said.')) yield* [say(token), { wait: 60 }];
    yield stop;
    yield* usageOf(question);
    yield done;
  },
  *silent() {
    yield { hang: true };
  },
  *'silent-stream'() {
    yield eventStream;
    yield { raw: ': still here\n\n' };
    yield { hang: true };
  },
  *thinking(question) {
    yield eventStream;
    for (let count = 0; count < 8; count += 1) yield* [chunk({ reasoning_content: 'Hm. ' }), { wait: 40 }];
    yield say('One is said. Two is said.');
    yield stop;
    yield* usageOf(question);
    yield done;
  },
  *stall() {
    yield* words('One is said. ', 'Two is');
    yield { hang: true };
  },
  *'usage-then-stall'() {
    yield eventStream;
    yield chunk({ content: 'One is said. ' }, null, { usage: { prompt_tokens: 5, completion_tokens: 3 } });
    yield { hang: true };
  },
  *lingering() {
    yield* words('One is said.');
    yield stop;
    yield { hang: true };
  },
  busy: failing(1, () => error(429, 'Rate limit reached', {}, { 'retry-after': '0.15' })),
  'always-busy': () => error(429, 'Rate limit reached', {}, { 'retry-after': '0.05' }),
  'busy-for-long': () => error(429, 'Rate limit reached', {}, { 'retry-after': '120' }),
  'out-of-credit': () => error(429, 'You exceeded your current quota', { code: 'insufficient_quota' }),
  broken: () => error(500, 'The server had an error'),
  'broken-once': failing(1, () => error(500, 'The server had an error')),
  'broken-five-times': failing(5, () => error(500, 'The server had an error')),
  *'cut-before'() {
    yield { cut: true };
  },
  'cut-before-once': failing(1, function* () {
    yield { cut: true };
  }),
  *cut() {
    yield* words('One is said. ', 'Two is');
    yield pause;
    yield { cut: true };
  },
  *malformed() {
    yield* words('One is said. ', 'Two is');
    yield pause;
    yield { raw: 'data: {"choices": [{"delta": {"content": "tw\n\n' };
    yield { hang: true };
  },
  *'malformed-first'() {
    yield eventStream;
    yield { raw: 'data: {"choices": 5}\n\n' };
    yield { hang: true };
  },
  *'error-event'() {
    yield* words('One is said. ', 'Two is');
    yield pause;
    yield { event: { error: { message: 'The model crashed', code: 502 } } };
    yield { hang: true };
  },
  *'error-event-first'() {
    yield eventStream;
    yield { event: { object: 'error', message: 'The engine is dead', code: 500 } };
    yield { hang: true };
  },
  *html() {
    yield { head: 200, headers: { 'content-type': 'text/html' } };
    yield { raw: '<html><body>Please log in</body></html>' };
  },
  whole: () => json(200, { choices: [{ message: { role: 'assistant', content: 'All at once.' } }] }),
  'whole-error': () => json(200, { error: { message: 'The server had an error' } }),
  *huge() {
    yield* words('One is said. ', 'Two is');
    yield pause;
    const raw = `: ${'x'.repeat(65_000)}\n\n`;
    for (;;) yield { raw };
  },
  *'endless-line'() {
    yield* words('One is said. ', 'Two is');
    yield pause;
    yield { raw: 'data: {"choices": [{"delta": {"content": "' };
    for (;;) yield { raw: 'x'.repeat(65_536) };
  },
  *'endless-event'() {
    yield* words('One is said. ', 'Two is');
    yield pause;
    for (;;) yield { raw: 'data: x\n'.repeat(8_192) };
  },
  *'endless-answer'() {
    yield eventStream;
    for (;;) yield say('This goes on and on. '.repeat(2_000));
  },
  *'endless-arguments'() {
    yield eventStream;
    yield call({ id: 'c', function: { name: 'open_app', arguments: '{"app_name": "' } });
    for (;;) yield call({ function: { arguments: 'x'.repeat(8_192) } });
  },
  *'huge-refusal'() {
    yield { head: 500, headers: { 'content-type': 'text/plain' } };
    for (;;) yield { raw: 'x'.repeat(65_536) };
  },
  *'no-finish'() {
    yield* words('One is said. ', 'Two is');
    yield pause;
  },
  *'no-finish-tools'() {
    yield eventStream;
    yield call({ id: 'c', function: { name: 'open_app', arguments: '{"app_name": "Safari"}' } });
  },
  *'done-alone'() {
    yield* words('Opening Safari.');
    yield call({ id: 'c', function: { name: 'open_app', arguments: '{"app_name": "Safari"}' } });
    yield done;
  },
  *'finish-error'() {
    yield* words('Paris is the capital. ', 'It li');
    yield pause;
    yield chunk({}, 'error');
    yield done;
  },
  *'finish-error-tools'() {
    yield* words('Sending it to Anna. ', 'Just');
    yield call({ id: 'c', function: { name: 'send_message', arguments: '{"contact": "Anna", "message": "Hi"}' } });
    yield pause;
    yield chunk({}, 'error');
    yield done;
  },
  'finish-error-once': failing(1, function* () {
    yield eventStream;
    yield call({ id: 'c', function: { name: 'open_app', arguments: '{"app_name": "Safari"}' } });
    yield chunk({}, 'insufficient_system_resource');
    yield done;
  }),
  *'object-cut'() {
    yield* words('{"text": "Opening Mail.", "command": "open_app", "args": {"app_name": "Mail"}}');
    yield chunk({}, 'max_tokens');
    yield done;
  },
  *late(question) {
    yield* words('One is said.');
    yield stop;
    yield { wait: 1_400 };
    yield say(' Two is said.');
    yield* usageOf(question);
    yield done;
  },
  *'lingering-tools'() {
    yield* words('Opening Safari.');
    yield call({ id: 'c', function: { name: 'open_app', arguments: '{"app_name": "Safari"}' } });
    yield chunk({}, 'tool_calls');
    yield { hang: true };
  },
  *'late-error'() {
    yield* words('{"text": "Opening Mail.", "command": "open_app", "args": {"app_name": "Mail"}}');
    yield stop;
    yield { event: { error: { message: 'The usage could not be counted', code: 500 } } };
  },
  *length() {
    yield* words('One is said. ', 'Two is');
    yield call({ id: 'c', function: { name: 'open_app', arguments: '{"app_name": "Saf' } });
    yield chunk({}, 'length');
    yield done;
  },
  *filtered() {
    yield eventStream;
    yield chunk({}, 'content_filter');
    yield done;
  },
  *'filtered-later'() {
    yield* words('One is said.');
    yield chunk({}, 'content_filter');
    yield done;
  },
  *tools() {
    yield* words('Opening Safari.');
    yield call({ id: 'c', type: 'function', function: { name: 'open_app', arguments: '' } });
    for (const part of ['{"app', '_name"', ': "Saf', 'ari"}']) yield call({ function: { arguments: part } });
    yield chunk({}, 'tool_calls');
    yield done;
  },
  *'tools-cut'() {
    yield* words('Opening Safari. ', 'It');
    yield call({ id: 'c', function: { name: 'open_app', arguments: '{"app_name": "Saf' } });
    yield pause;
    yield { cut: true };
  },
  *'tools-malformed'() {
    yield* words('Opening Safari.');
    yield call({ id: 'c', function: { name: 'open_app', arguments: '{"app_name": "Saf' } });
    yield chunk({}, 'tool_calls');
    yield done;
  },
  *'tools-and-object'() {
    yield* words('{"text": "Opening both.", "command": "open_app", "args": {"app_name": "Mail"}}');
    yield call({ id: 'c', function: { name: 'open_app', arguments: '{"app_name": "Safari"}' } });
    yield chunk({}, 'tool_calls');
    yield done;
  },
  object: function* () {
    yield* words('{"text": "Opening ', 'Mail.", "command": "open_app",', ' "args": {"app_name": "Mail"}}');
    yield stop;
    yield done;
  },
  empty: function* () {
    yield eventStream;
    yield stop;
    yield done;
  },
  'wrong-key': () => error(401, 'Incorrect API key provided: sk-very-secret-key-1234', { code: 'invalid_api_key' }),
  'wrong-key-as-gemini': () => json(400, [{ error: { code: 400, message: 'API key not valid.', status: 'INVALID' } }]),
  'echo-key': ({ authorization }) => error(500, `The header ${authorization} broke me`),
  *'echo-key-in-stream'({ authorization }) {
    yield eventStream;
    yield { event: { error: { message: `No more for ${authorization.replace('Bearer ', '')}` } } };
  },
  forbidden: () => error(403, 'Your project sk-very-secret-key-1234 may not use it'),
  'unknown-model': () => error(404, 'The model `x` does not exist', { code: 'model_not_found' }),
  'bad-request': () =>
    error(400, "This model's maximum context length is 8192 tokens", { code: 'context_length_exceeded' }),
  'bad-request-as-fastapi': () => json(422, { detail: [{ type: 'missing', loc: ['body', 'messages'] }] }),
};
