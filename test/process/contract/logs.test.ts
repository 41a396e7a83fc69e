/** CONTRACT §2, "Log lines that people and tools rely on": each line's scope, level and fields; each row one line. */
import { describe, expect, test } from 'vitest';
import { ask, interrupt, start, type TestClient } from '../../support/client.ts';
import { type Step, says } from '../../support/contract/contract-rows.ts';
import { type Served, served } from '../../support/contract/served.ts';
import { eventually } from '../../support/eventually.ts';
import { startServer } from '../../support/server.ts';
import type { LogLine, TestServer } from '../../support/test-server.ts';

const LATER: Step = { wait_ms: 200 };
const scenario = {
  answers: [
    {
      when: '^good',
      steps: [...says('One is here.'), { command: { command: 'open_app', args: { app_name: 'Secret' } } }],
    },
    { when: '^down', steps: [{ fail: { error_code: 'UNAVAILABLE', message: 'model is down' } }] },
    { when: '^late', steps: [...says('One is here. Two'), LATER, { fail: { message: 'it broke' } }] },
    { when: '^hang', steps: [...says('One is here. Two'), { hang: true }] },
    { when: '', steps: says('Hello there.') },
  ],
  speech: { chunks_per_sentence: 2 },
};

const levels: Readonly<Record<number, string>> = { 20: 'debug', 30: 'info', 40: 'warn', 50: 'error' };
const number = expect.any(Number);
const ids = { session_id: expect.any(String), hardware_id: 'pc', stream_id: expect.stringMatching(/.+/) };

/** A line as the table of the contract writes it: "scope, level" and its ctx. */
function rowOf({ scope, level, ctx }: LogLine) {
  return { 'scope, level': `${scope}, ${levels[level]}`, ctx };
}

interface LogRow {
  readonly decision: string;
  /** What leads to the line. */
  readonly when: string;
  readonly happens: (client: TestClient, server: TestServer) => Promise<unknown>;
  readonly expect: { readonly 'scope, level': string; readonly ctx: Readonly<Record<string, unknown>> };
}

const request = (prompt: string, session_id: string) => ({ prompt, session_id, hardware_id: 'pc' });

async function besideHanging(client: TestClient, during: () => Promise<unknown>): Promise<void> {
  const running = start(client, request('hang', 'hanging'));
  await running.firstFrame;
  await during();
  running.call.cancel();
  await running.outcome;
}

const rows: readonly LogRow[] = [
  {
    decision: 'stream_acquired',
    when: 'a stream begins',
    happens: (client) => ask(client, request('good', 'acquired')),
    expect: { 'scope, level': 'backpressure, info', ctx: { ...ids, active_streams: 1, max_streams: 1 } },
  },
  {
    decision: 'stream_released',
    when: 'a stream ends',
    happens: (client) => ask(client, request('good', 'released')),
    expect: {
      'scope, level': 'backpressure, info',
      // text, two of sound, action, end.
      ctx: { ...ids, duration_seconds: number, message_count: 5, active_streams: 0 },
    },
  },
  {
    decision: 'reject',
    when: 'the session is running',
    happens: (client) => besideHanging(client, () => ask(client, request('hi', 'hanging'))),
    expect: {
      'scope, level': 'workflow, warn',
      ctx: { ...ids, reason: 'concurrent_request', active_streams: 1, max_streams: 1 },
    },
  },
  {
    decision: 'reject',
    when: 'every slot is taken',
    happens: (client) => besideHanging(client, () => ask(client, request('hi', 'another'))),
    expect: {
      'scope, level': 'backpressure, warn',
      ctx: { ...ids, reason: 'stream_limit_exceeded', active_streams: 1, max_streams: 1 },
    },
  },
  {
    decision: 'reject',
    when: 'the request is bad',
    happens: (client) => ask(client, request(' ', 'bad')),
    expect: {
      'scope, level': 'workflow, warn',
      ctx: { ...ids, reason: 'empty_prompt', active_streams: 0, max_streams: 1 },
    },
  },
  {
    decision: 'stream_idle_timeout',
    when: 'no frame was accepted for the timeout',
    happens: (client) => ask(client, request('hang', 'idle')),
    expect: { 'scope, level': 'backpressure, warn', ctx: { ...ids, idle_time_seconds: number, active_streams: 0 } },
  },
  {
    decision: 'complete',
    when: 'a command went out (never its args)',
    happens: (client) => ask(client, request('good', 'commanding')),
    expect: { 'scope, level': 'command, info', ctx: { ...ids, command: 'open_app' } },
  },
  {
    decision: 'error',
    when: 'a call fails before data',
    happens: (client) => ask(client, request('down', 'failing')),
    expect: {
      'scope, level': 'grpc, error',
      ctx: { ...ids, error_code: 'UNAVAILABLE', error_type: 'answer_failed', grpc_status: 14 },
    },
  },
  {
    decision: 'error',
    when: 'a call fails after data',
    happens: (client) => ask(client, request('late', 'failing-late')),
    expect: {
      'scope, level': 'grpc, error',
      ctx: { ...ids, error_code: 'INTERNAL', error_type: 'processing_error', grpc_status: 13 },
    },
  },
  {
    decision: 'error',
    when: 'a device interrupts',
    happens: (client) => besideHanging(client, () => interrupt(client, 'pc')),
    expect: {
      'scope, level': 'grpc, info',
      ctx: { ...ids, error_code: 'CANCELLED', error_type: 'interrupted', grpc_status: 1 },
    },
  },
  {
    decision: 'end',
    when: 'a good session ends (reason, frames, time to first text and first audio)',
    happens: (client) => ask(client, request('good', 'ending')),
    expect: {
      'scope, level': 'workflow, info',
      ctx: { ...ids, reason: 'completed', frames: 5, first_text_seconds: number, first_audio_seconds: number },
    },
  },
  {
    decision: 'end',
    when: 'a session without a word ends',
    happens: (client) => ask(client, request('down', 'ending-badly')),
    expect: {
      'scope, level': 'workflow, info',
      ctx: { ...ids, reason: 'answer_failed', frames: 0, first_text_seconds: null, first_audio_seconds: null },
    },
  },
];

describe('decision | scope, level | ctx', () => {
  const env = { LOG_LEVEL: 'debug', BACKPRESSURE_MAX_STREAMS: '1', BACKPRESSURE_IDLE_TIMEOUT: '0.6' };
  const its = served({ scenario, env });

  test.each(rows.map((row) => [row.decision, row.when, row] as const))('%s: %s', async (decision, _, row) => {
    const since = its.server.logs.length;
    await row.happens(its.client, its.server);
    const lines = () => its.server.logs.slice(since).filter((line) => line.decision === decision);
    await eventually(lines, (found) => found.length > 0);
    expect(lines().map(rowOf)).toContainEqual({
      'scope, level': row.expect['scope, level'],
      ctx: expect.objectContaining(row.expect.ctx),
    });
  });

  test('durations in seconds', () => {
    const [idle] = its.server.logsOf('stream_idle_timeout');
    const seconds = Number(idle?.ctx?.idle_time_seconds);
    expect(seconds).toBeGreaterThan(0.5);
    expect(seconds).toBeLessThan(1.5);
  });

  test('pino JSON; fields scope, method, decision, ctx [on every line]', () => {
    for (const line of its.server.logs) {
      expect(line).toMatchObject({
        level: number,
        time: number,
        msg: expect.any(String),
        scope: expect.any(String),
        method: expect.any(String),
        decision: expect.any(String),
        ctx: expect.any(Object),
      });
    }
  });

  test('never its args [: neither those nor what was said stand in any line]', () => {
    const text = JSON.stringify(its.server.logs);
    expect(text).not.toContain('Secret');
    expect(text).not.toContain('One is here');
    expect(text).not.toContain('model is down');
  });
});

describe('reject of the rate limit: messages_in_last_second, max_rate', () => {
  const its = served({ scenario, env: { BACKPRESSURE_MAX_RATE: '2' } });

  test('backpressure, warn', async () => {
    await ask(its.client, request('good', 'fast'));
    expect(await rejectsOf(its)).toEqual([
      {
        'scope, level': 'backpressure, warn',
        ctx: { ...ids, reason: 'rate_limit_exceeded', messages_in_last_second: 3, max_rate: 2 },
      },
    ]);
  });
});

async function rejectsOf({ server }: Served) {
  const lines = () => server.logsOf('reject');
  return (await eventually(lines, (found) => found.length > 0)).map(rowOf);
}

describe('ready · drain · stopped', () => {
  test('server, info [, with ports and running streams]', async () => {
    const server = await startServer({ scenario });
    await server.stop();
    const lines = server.logs.map((line) => ({ decision: line.decision, ...rowOf(line) }));
    const of = (decision: string, ctx: object) => {
      return { decision, 'scope, level': 'server, info', ctx: expect.objectContaining(ctx) };
    };
    expect(lines).toEqual([
      of('ready', { grpc_port: server.grpcPort, http_port: server.httpPort }),
      of('drain', { active_streams: 0 }),
      of('stopped', { active_streams: 0 }),
    ]);
  });

  test.each(['trace', 'silent'])(
    'Once it serves, the server prints, at every LOG_LEVEL, one line on stdout [: %s]',
    async (LOG_LEVEL) => {
      const server = await startServer({ scenario, env: { LOG_LEVEL } });
      expect(server.logsOf('ready').map(({ ctx }) => ctx)).toEqual([
        expect.objectContaining({ grpc_port: server.grpcPort, http_port: server.httpPort }),
      ]);
      await server.stop();
    },
  );
});
