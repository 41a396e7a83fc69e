/** The log lines that people and tools rely on (CONTRACT §2), field by field; and what must never stand in one. */

import { beforeAll, describe, expect, test } from 'vitest';
import { packageVersion } from '../../../src/server/package-version.ts';
import { ask, connect, interrupt, start } from '../../support/client.ts';
import { eventually } from '../../support/eventually.ts';
import { png } from '../../support/images.ts';
import { startServer } from '../../support/server.ts';
import type { LogLine, TestServer } from '../../support/test-server.ts';

const levels = { debug: 20, info: 30, warn: 40, error: 50 } as const;
const scenario = {
  answers: [
    {
      when: '^good',
      steps: [
        { usage: { input_tokens: 7, output_tokens: 4, model: 'm' } },
        { say: 'Spoken one is here.' },
        { command: { command: 'Open-App', args: { app_name: 'Safari' } } },
      ],
    },
    { when: '^fail', steps: [{ fail: { error_code: 'UNAVAILABLE', message: 'model is down' } }] },
    { when: '^hang', steps: [{ say: 'Spoken one is here. And' }, { hang: true }] },
    { when: '^many', steps: [{ say: 'Spoken one is here. Spoken two is here.' }] },
  ],
  speech: { chunks_per_sentence: 2 },
};

type Fields = Readonly<Record<string, unknown>>;
const seconds = expect.any(Number);

/** The line as the contract describes it: everything but time and the text for people. */
function factsOf({ level, scope, method, decision, ctx }: LogLine): Fields {
  return { level, scope, method, decision, ctx };
}

function lineOf(scope: string, level: keyof typeof levels, decision: string, ctx: Fields): Fields {
  return { level: levels[level], scope, method: 'StreamAudio', decision, ctx };
}

/** The lines of one session, in order. */
async function linesOf(server: TestServer, sessionId: string): Promise<Fields[]> {
  const lines = () => server.logs.filter(({ ctx }) => ctx?.session_id === sessionId);
  await eventually(lines, (found) => found.some(({ decision }) => decision === 'end'));
  return lines().map(factsOf);
}

describe('a stream', () => {
  let server: TestServer;
  beforeAll(async () => {
    const env = { BACKPRESSURE_MAX_STREAMS: '1', BACKPRESSURE_IDLE_TIMEOUT: '0.4', LOG_LEVEL: 'debug' };
    server = await startServer({ scenario, env });
  });
  const request = (prompt: string, session_id: string) => ({ prompt, session_id, hardware_id: 'device-1' });
  const ids = (session_id: string) => ({ session_id, hardware_id: 'device-1', stream_id: expect.any(String) });
  const acquired = (id: string) =>
    lineOf('backpressure', 'info', 'stream_acquired', { ...ids(id), active_streams: 1, max_streams: 1 });
  const released = (id: string, message_count: number) =>
    lineOf('backpressure', 'info', 'stream_released', {
      ...ids(id),
      duration_seconds: seconds,
      message_count,
      active_streams: 0,
    });

  test('that is good: taken, the command by name, given back, ended; all with one stream_id', async () => {
    const client = connect(server.grpcPort);
    await ask(client, request('good', 'good-1'));
    client.close();
    const lines = await linesOf(server, 'good-1');
    expect(lines).toEqual([
      acquired('good-1'),
      lineOf('command', 'info', 'complete', { ...ids('good-1'), command: 'open_app' }),
      released('good-1', 5),
      lineOf('workflow', 'info', 'end', {
        ...ids('good-1'),
        reason: 'completed',
        frames: 5,
        duration_seconds: seconds,
        first_token_seconds: seconds,
        first_sentence_seconds: seconds,
        first_text_seconds: seconds,
        first_audio_seconds: seconds,
        first_sound_seconds: seconds,
        // The scripted tone begins at nought: one sample.
        leading_silence_seconds: 0,
        answer_provider: 'scripted',
        answer_retries: 0,
        answer_chars: 19,
        input_tokens: 7,
        output_tokens: 4,
        sentences: 1,
        sentences_spoken: 1,
        sentences_unspoken: 0,
        sentences_wasted: 0,
        text_chars: 19,
        speech_provider: 'scripted',
        speech_retries: 0,
        speech_chars: 19,
        audio_bytes: 8192,
        audio_seconds: 0.085,
        wasted_audio_seconds: 0,
      }),
    ]);
    expect((await server.status()).totals).toMatchObject({
      streams_ended: 1,
      first_sound_seconds: { count: 1, sum: seconds, max: seconds },
      sentences_spoken: 1,
      output_tokens: 4,
      audio_seconds: 0.085,
    });
    const streamIds = new Set(
      server.logs.filter(({ ctx }) => ctx?.session_id === 'good-1').map(({ ctx }) => ctx?.stream_id),
    );
    expect(streamIds.size).toBe(1);
  });

  test('that fails: the error with code, type and status', async () => {
    const client = connect(server.grpcPort);
    await ask(client, request('fail', 'fail-1'));
    client.close();
    const error = { error_code: 'UNAVAILABLE', error_type: 'answer_failed', grpc_status: 14 };
    await eventually(
      () => server.logsOf('error').length,
      (errors) => errors === 1,
    );
    expect(await linesOf(server, 'fail-1')).toEqual([
      acquired('fail-1'),
      released('fail-1', 0),
      lineOf('workflow', 'info', 'end', {
        ...ids('fail-1'),
        reason: 'answer_failed',
        frames: 0,
        duration_seconds: seconds,
        first_token_seconds: null,
        first_sentence_seconds: null,
        first_text_seconds: null,
        first_audio_seconds: null,
        first_sound_seconds: null,
        leading_silence_seconds: null,
        answer_provider: 'scripted',
        answer_retries: 0,
        answer_chars: 0,
        input_tokens: null,
        output_tokens: null,
        sentences: 0,
        sentences_spoken: 0,
        sentences_unspoken: 0,
        sentences_wasted: 0,
        text_chars: 0,
        speech_provider: null,
        speech_retries: 0,
        speech_chars: 0,
        audio_bytes: 0,
        audio_seconds: 0,
        wasted_audio_seconds: 0,
      }),
      lineOf('grpc', 'error', 'error', { ...ids('fail-1'), ...error }),
    ]);
  });

  test('whose reader is idle: the timeout with its real time', async () => {
    const client = connect(server.grpcPort);
    await ask(client, request('hang', 'idle-1'));
    client.close();
    const [, timeout] = await linesOf(server, 'idle-1');
    expect(timeout).toEqual(
      lineOf('backpressure', 'warn', 'stream_idle_timeout', {
        ...ids('idle-1'),
        idle_time_seconds: seconds,
        active_streams: 0,
      }),
    );
    const idleSeconds = Number(server.logsOf('stream_idle_timeout')[0]?.ctx?.idle_time_seconds);
    expect(idleSeconds).toBeGreaterThanOrEqual(0.39);
    expect(idleSeconds).toBeLessThan(0.8);
  });

  test('that is refused: the reason and the load, from the part that refused it', async () => {
    const client = connect(server.grpcPort);
    const running = start(client, request('hang', 'first-1'));
    await running.firstFrame;
    await ask(client, request('good', 'first-1'));
    await ask(client, request('good', 'second-1'));
    await ask(client, request('', 'silent-1'));
    running.call.cancel();
    await running.outcome;
    client.close();
    await eventually(
      () => server.logsOf('reject').length,
      (rejects) => rejects === 3,
    );
    const load = { active_streams: 1, max_streams: 1 };
    expect(server.logsOf('reject').map(factsOf)).toEqual([
      lineOf('workflow', 'warn', 'reject', { ...ids('first-1'), reason: 'concurrent_request', ...load }),
      lineOf('backpressure', 'warn', 'reject', { ...ids('second-1'), reason: 'stream_limit_exceeded', ...load }),
      lineOf('workflow', 'warn', 'reject', {
        ...ids('silent-1'),
        reason: 'empty_prompt',
        ...load,
      }),
    ]);
  });

  test('that is cancelled ends with that reason', async () => {
    const [end] = (await linesOf(server, 'first-1')).filter(({ decision }) => decision === 'end');
    expect(end).toMatchObject({ ctx: { reason: 'client_cancelled', frames: 3 } });
  });

  test('that is interrupted ends with that reason, and nothing is given back twice', async () => {
    const client = connect(server.grpcPort);
    const running = start(client, request('hang', 'interrupted-1'));
    await running.firstFrame;
    await interrupt(client, 'device-1');
    await running.outcome;
    client.close();
    expect(await linesOf(server, 'interrupted-1')).toContainEqual(
      expect.objectContaining({ decision: 'end', ctx: expect.objectContaining({ reason: 'interrupted' }) }),
    );
    expect(server.logsOf('interrupt').map(factsOf)).toEqual([
      {
        ...lineOf('workflow', 'info', 'interrupt', { hardware_id: 'device-1', interrupted_sessions: 1 }),
        method: 'InterruptSession',
      },
    ]);
    expect(server.logsOf('already_released')).toEqual([]);
  });
});

test('the rate limit is a reject with the rate and its bound', async () => {
  const server = await startServer({ scenario, env: { BACKPRESSURE_MAX_RATE: '4' } });
  const client = connect(server.grpcPort);
  await ask(client, { prompt: 'many', session_id: 'rate-1' });
  client.close();
  await linesOf(server, 'rate-1');
  expect(server.logsOf('reject').map(factsOf)).toEqual([
    lineOf('backpressure', 'warn', 'reject', {
      session_id: 'rate-1',
      hardware_id: 'unknown',
      stream_id: expect.any(String),
      reason: 'rate_limit_exceeded',
      messages_in_last_second: 5,
      max_rate: 4,
    }),
  ]);
});

test('the server itself: ready, drain, stopped', async () => {
  const server = await startServer({ scenario });
  await server.stop();
  const serverLine = (decision: string, ctx: Fields) => ({
    ...lineOf('server', 'info', decision, ctx),
    method: 'serve',
  });
  expect(server.logs.map(factsOf)).toEqual([
    serverLine('ready', {
      grpc_port: server.grpcPort,
      http_port: server.httpPort,
      grpc_host: '127.0.0.1',
      http_host: '127.0.0.1',
      version: packageVersion(),
      data_dir: server.dataDir,
      health: 'ok',
      answer_engine: 'scripted',
      speech_engine: 'scripted',
    }),
    serverLine('drain', { active_streams: 0 }),
    serverLine('stopped', { active_streams: 0 }),
  ]);
});

test('what was said, answered, shown or done with which arguments stands in no line, at no level', async () => {
  const secret = (word: string) => `zq${word}zq`;
  const shown = Buffer.concat([png({ width: 2, height: 2 }), Buffer.from('zqscreenzq')]).toString('base64');
  const secretScenario = {
    answers: [
      {
        when: '^good',
        steps: [
          { say: `Here is ${secret('answer')}. And a ${secret('mute')} one. ` },
          { command: { command: 'open_app', args: { app_name: secret('argument') } } },
          { command: { command: 'open_app', args: { app_name: secret('second') } } },
        ],
      },
      {
        when: '^bad',
        steps: [
          { say: `{"text": "Some ${secret('text')}.", "command": "open_app", "args": {"x": "${secret('bad')}"}}` },
        ],
      },
      {
        when: '^cut',
        steps: [
          { say: `{"text": "Some ${secret('cut')}.", "command": "open_app", "args": {"app_name": "${secret('open')}` },
        ],
      },
      { when: '^fail', steps: [{ say: `One ${secret('before')}. Then` }, { fail: { message: secret('failure') } }] },
      { when: '^hang', steps: [{ say: `One ${secret('before')}. Then` }, { hang: true }] },
    ],
    speech: { fail_when: 'mute', chunks_per_sentence: 1 },
  };
  const server = await startServer({ scenario: secretScenario, env: { LOG_LEVEL: 'trace' } });
  const client = connect(server.grpcPort);
  for (const prompt of ['good', 'bad', 'cut', 'fail']) {
    await ask(client, { prompt: `${prompt} ${secret('prompt')}`, screenshot: shown, chunk_text: secret('chunk') });
  }
  await ask(client, { prompt: secret('unmatched') });
  const running = start(client, { prompt: `hang ${secret('hang')}` });
  await running.firstFrame;
  running.call.cancel();
  await running.outcome;
  client.close();
  await eventually(
    () => server.logsOf('end').length,
    (ends) => ends === 6,
  );
  await server.stop();
  expect(server.logsOf('left_unspoken').length).toBeGreaterThan(0);
  expect(server.logsOf('dropped').length).toBeGreaterThan(0);
  const text = JSON.stringify(server.logs);
  expect(text.match(/zq\w+?zq/gi)).toBeNull();
  for (let at = 0; at + 12 <= shown.length; at += 1) expect(text).not.toContain(shown.slice(at, at + 12));
});
