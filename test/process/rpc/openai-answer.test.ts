/**
 * A whole server with a language model behind it, over gRPC: good answers, and every way in which a model's provider fails, as a client sees
 * it. The provider is a chat completions server in another process; `behave:NAME` in a prompt says what it does.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { ask, connect, start, type TestClient } from '../../support/client.ts';
import { eventually } from '../../support/eventually.ts';
import { png } from '../../support/images.ts';
import { type ChatServer, startChatServer } from '../../support/providers/chat-server.ts';
import { runCli } from '../../support/run-cli.ts';
import { startServer } from '../../support/server.ts';
import type { TestServer } from '../../support/test-server.ts';
import { expectErrorAfterData, expectErrorBeforeData, expectGoodEnd } from './outcomes.ts';

const key = 'sk-very-secret-key-1234';
const scenario = { answers: [], speech: { chunks_per_sentence: 1 } };

let chat: ChatServer;
let server: TestServer;
let client: TestClient;
let dataDir: string;

function startWith(env: Readonly<Record<string, string>> = {}): Promise<TestServer> {
  const model = { ANSWER_ENGINE: 'openai', ANSWER_MODEL: 'demo', ANSWER_BASE_URL: chat.baseUrl, ANSWER_RETRIES: '0' };
  return startServer({ scenario, env: { ...model, ANSWER_API_KEY: key, ...env } });
}

beforeAll(async () => {
  chat = await startChatServer();
  dataDir = mkdtempSync(join(tmpdir(), 'recital-model-'));
  server = await startWith({ DATA_DIR: dataDir, FIRST_TOKEN_TIMEOUT: '1.5', ANSWER_STALL_TIMEOUT: '4' });
  client = connect(server.grpcPort);
});
afterAll(async () => {
  client.close();
  await server.stop();
  rmSync(dataDir, { recursive: true, force: true });
});
beforeEach(() => chat.forget());

describe('a good answer', () => {
  test('is text, sound, the command of a tool call, an end', async () => {
    const outcome = await ask(client, { prompt: 'Open Safari' });
    expectGoodEnd(outcome);
    expect(outcome.kinds).toEqual(['text_chunk', 'audio_chunk', 'action_message', 'end_message']);
    expect(outcome.text).toBe('Opening Safari.');
    const { command, args } = JSON.parse(outcome.frames[2]?.action_message?.action_json ?? '');
    expect({ command, args }).toEqual({ command: 'open_app', args: { app_name: 'Safari' } });
  });

  test('is as good from an endpoint that takes no tools: the command comes in the object', async () => {
    const outcome = await ask(client, { prompt: 'behave:object' });
    expectGoodEnd(outcome);
    expect(outcome.text).toBe('Opening Mail.');
    expect(JSON.parse(outcome.frames.at(-2)?.action_message?.action_json ?? '')).toMatchObject({
      command: 'open_app',
      args: { app_name: 'Mail' },
    });
  });

  test('that gives a command in both ways gives the one of the tool call, once', async () => {
    const outcome = await ask(client, { prompt: 'behave:tools-and-object' });
    expectGoodEnd(outcome);
    const actions = outcome.frames.flatMap((frame) => frame.action_message?.action_json ?? []);
    expect(actions.map((json) => JSON.parse(json).args)).toEqual([{ app_name: 'Safari' }]);
    expect(outcome.text).toBe('Opening both.');
  });

  test('begins while the model still writes', async () => {
    const running = start(client, { prompt: 'behave:stall' });
    expect((await running.firstFrame).text_chunk).toBe('One is said.');
    running.call.cancel();
    expect((await running.outcome).code).toBe('CANCELLED');
  });

  test('that reached its longest length is a good end, with a log line', async () => {
    const outcome = await ask(client, { prompt: 'behave:length' });
    expectGoodEnd(outcome);
    expect(outcome.text).toBe('One is said. Two is');
    expect(outcome.kinds).not.toContain('action_message');
    expect(server.logsOf('length_stop').map(({ scope, ctx }) => [scope, ctx?.provider])).toEqual([['engine', 'main']]);
  });

  test('goes on behind its finish reason, and ends when the stall timeout ends the wait', async () => {
    const late = await ask(client, { prompt: 'behave:late' });
    expectGoodEnd(late);
    expect(late.text).toBe('One is said. Two is said.');
    const lingering = await ask(client, { prompt: 'behave:lingering-tools' });
    expectGoodEnd(lingering);
    expect(lingering.kinds).toEqual(['text_chunk', 'audio_chunk', 'action_message', 'end_message']);
  });

  test('that was cut off has no command, however whole its object is, and a log line', async () => {
    const outcome = await ask(client, { prompt: 'behave:object-cut' });
    expectGoodEnd(outcome);
    expect(outcome.text).toBe('Opening Mail.');
    expect(outcome.kinds).not.toContain('action_message');
    expect(server.logsOf('dropped').map(({ ctx }) => ctx?.reason)).toContain('cut_off');
  });

  test('is to the screenshot as well: it reaches the model as it came', async () => {
    const screenshot = png({ width: 32, height: 20 }).toString('base64');
    const request = { prompt: 'behave:good', screenshot, screen_width: 1920, screen_height: 1080 };
    expectGoodEnd(await ask(client, request));
    const [asked] = await chat.seen();
    expect(asked?.body.messages.at(-1)?.content).toEqual([
      { type: 'text', text: 'behave:good' },
      { type: 'image_url', image_url: { url: `data:image/png;base64,${screenshot}` } },
    ]);
    expect(String(asked?.body.messages[0]?.content)).toContain('1920 by 1080 pixels');
  });

  test('has its tokens in the store, as recital usage shows them', async () => {
    expectGoodEnd(await ask(client, { prompt: 'behave:good', hardware_id: 'usage-device' }));
    const usage = async () => {
      const args = ['usage', '--hardware', 'usage-device', '--json'];
      const { stdout } = await runCli(args, { env: { DATA_DIR: dataDir } });
      return stdout.split('\n').filter((line) => line.includes('"usage"'));
    };
    const [line = ''] = await eventually(usage, (lines) => lines.length > 0, 10_000);
    expect(JSON.parse(line)).toMatchObject({ model: 'demo', source: 'answer', input_tokens: 21, output_tokens: 8 });
  });
});

describe('a fault before any data is one error frame and the status', () => {
  test.each([
    ['silent', 'DEADLINE_EXCEEDED', 'first_token_timeout'],
    ['silent-stream', 'DEADLINE_EXCEEDED', 'first_token_timeout'],
    ['cut-before', 'UNAVAILABLE', 'answer_failed'],
    ['broken', 'UNAVAILABLE', 'answer_failed'],
    ['huge-refusal', 'UNAVAILABLE', 'answer_failed'],
    ['malformed-first', 'UNAVAILABLE', 'answer_failed'],
    ['error-event-first', 'UNAVAILABLE', 'answer_failed'],
    ['html', 'UNAVAILABLE', 'answer_failed'],
    ['endless-arguments', 'UNAVAILABLE', 'answer_failed'],
    ['no-finish-tools', 'UNAVAILABLE', 'answer_failed'],
    ['empty', 'UNAVAILABLE', 'empty_answer'],
    ['busy-for-long', 'RESOURCE_EXHAUSTED', 'overloaded'],
    ['out-of-credit', 'RESOURCE_EXHAUSTED', 'overloaded'],
    ['wrong-key', 'UNAUTHENTICATED', 'unauthenticated'],
    ['forbidden', 'PERMISSION_DENIED', 'access_denied'],
    ['filtered', 'PERMISSION_DENIED', 'access_denied'],
    ['unknown-model', 'NOT_FOUND', 'not_found'],
    ['bad-request', 'UNAVAILABLE', 'answer_failed'],
  ])('%s: %s, %s', async (behaviour, code, errorType) => {
    expectErrorBeforeData(await ask(client, { prompt: `behave:${behaviour}` }), { code, errorType });
  });
});

describe('a fault after data is the status alone', () => {
  test.each([
    ['stall', 'DEADLINE_EXCEEDED', 'answer_stalled'],
    ['cut', 'UNAVAILABLE', 'answer_failed'],
    ['tools-cut', 'UNAVAILABLE', 'answer_failed'],
    ['malformed', 'UNAVAILABLE', 'answer_failed'],
    ['error-event', 'UNAVAILABLE', 'answer_failed'],
    ['no-finish', 'UNAVAILABLE', 'answer_failed'],
    ['finish-error', 'UNAVAILABLE', 'answer_failed'],
    ['finish-error-tools', 'UNAVAILABLE', 'answer_failed'],
  ])('%s: %s, %s', async (behaviour, code, errorType) => {
    const outcome = await ask(client, { prompt: `behave:${behaviour}` });
    expectErrorAfterData(outcome, { code, errorType });
    expect(outcome.kinds).not.toContain('action_message');
    expect(outcome.kinds[0]).toBe('text_chunk');
    expect((await chat.seen()).length).toBe(1);
  });
});

describe('a response without an end', () => {
  let patient: TestServer;
  let caller: TestClient;
  beforeAll(async () => {
    // Megabytes take their time on a busy machine, and here the bound shall end them and not the clock.
    patient = await startWith({ ANSWER_STALL_TIMEOUT: '0' });
    caller = connect(patient.grpcPort);
  });
  afterAll(() => caller.close());

  test.each([
    ['huge', 'the model provider main sent a response of more than 33554432 bytes'],
    ['endless-line', 'the model provider main sent an event of more than 1048576 bytes'],
    ['endless-event', 'the model provider main sent an event of more than 1048576 bytes'],
  ])('%s: UNAVAILABLE after data, the status alone', async (behaviour, details) => {
    const outcome = await ask(caller, { prompt: `behave:${behaviour}` });
    expectErrorAfterData(outcome, { code: 'UNAVAILABLE', errorType: 'answer_failed', details });
    await eventually(chat.seen, (seen) => seen[0]?.leftAtMs !== null);
  });
});

describe('a client that leaves', () => {
  test.each(['silent', 'silent-stream', 'stall'])('takes the request to the model with it: %s', async (behaviour) => {
    const running = start(client, { prompt: `behave:${behaviour}` });
    await eventually(chat.seen, (seen) => seen.length === 1);
    running.call.cancel();
    await eventually(chat.seen, (seen) => seen[0]?.leftAtMs !== null);
    await eventually(server.status, ({ active_answers, active_streams }) => active_answers + active_streams === 0);
  });
});

describe('further providers', () => {
  test('answer when the first does not, and /status tells who is left alone', async () => {
    const dir = mkdtempSync(join(tmpdir(), 'recital-providers-'));
    const file = join(dir, 'providers.yaml');
    writeFileSync(file, `- name: backup\n  base_url: ${chat.baseUrl}\n  model: good\n`);
    const both = await startWith({ ANSWER_MODEL: 'broken', ANSWER_PROVIDERS_FILE: file });
    rmSync(dir, { recursive: true });
    const caller = connect(both.grpcPort);
    for (let count = 0; count < 6; count += 1) {
      const outcome = await ask(caller, { prompt: 'Hello' });
      expectGoodEnd(outcome);
      expect(outcome.text).toBe('One is said. Two is said.');
    }
    caller.close();
    expect((await both.status()).answer_providers).toEqual([
      { name: 'main', model: 'broken', breaker: 'open' },
      { name: 'backup', model: 'good', breaker: 'closed' },
    ]);
    expect((await chat.seen()).filter(({ model }) => model === 'broken')).toHaveLength(5);
    await both.stop();
  });
});

describe('commands that are switched off', () => {
  test.each([{ KILL_SWITCHES: 'disable_forward_assistant_actions' }, { COMMANDS: 'close_app' }])(
    'are not offered to the model: %j',
    async (env) => {
      const limited = await startWith(env);
      const caller = connect(limited.grpcPort);
      const outcome = await ask(caller, { prompt: 'Open Safari' });
      caller.close();
      expectGoodEnd(outcome);
      expect(outcome.kinds).not.toContain('action_message');
      const [asked] = await chat.seen();
      const names = asked?.body.tools?.map((tool) => tool.function.name) ?? [];
      expect(names).toEqual('COMMANDS' in env ? ['close_app'] : []);
      await limited.stop();
    },
  );
});

test('neither the key nor what was said stands in any log line or on /status', async () => {
  await ask(client, { prompt: 'behave:wrong-key and a very private wish' });
  await ask(client, { prompt: 'behave:echo-key and a very private wish' });
  const shown = JSON.stringify([server.logs, await server.status()]);
  expect(shown).not.toContain('very-secret');
  expect(shown).not.toContain('private wish');
  expect((await chat.seen()).map(({ authorization }) => authorization)).toEqual([`Bearer ${key}`, `Bearer ${key}`]);
});
