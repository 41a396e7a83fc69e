/** CONTRACT §1, the table of errors: each error_type that a client can bring about, with its code and fixed text. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { errorTable } from '../../../src/errors.ts';
import { ask, type CallOutcome, interrupt, start, type TestClient } from '../../support/client.ts';
import { expectSeen, type StreamRow, says } from '../../support/contract/contract-rows.ts';
import { type Served, served } from '../../support/contract/served.ts';
import { eventually } from '../../support/eventually.ts';

const scenario = {
  answers: [
    { when: '^hang', steps: [...says('One is here. Two'), { hang: true }] },
    { when: '^silent', steps: [{ hang: true }] },
    { when: '^dribble', steps: [...says('Dribble'), { say: '.a', repeat: 3 }, { hang: true }] },
    { when: '^mute', steps: says('Mute is this one.') },
    { when: '^empty', steps: [] },
    { when: '', steps: says('Hello there.') },
  ],
  speech: { chunks_per_sentence: 2, fail_when: 'mute' },
};

/** What to do so that the call fails in this way, and what the client then sees. */
interface TableRow {
  readonly expect: StreamRow['expect'];
  readonly outcome: (here: Served) => Promise<CallOutcome>;
}

/** A stream that runs until the end of `during`. */
async function beside<T>(on: TestClient, request: Parameters<typeof start>[1], during: () => Promise<T>): Promise<T> {
  const running = start(on, { prompt: 'hang', ...request });
  await running.firstFrame;
  const result = await during();
  running.call.cancel();
  await running.outcome;
  return result;
}

/** Each table: the settings of its server, then error_type → row. */
const tables: readonly {
  readonly env: Readonly<Record<string, string>>;
  readonly rows: Readonly<Record<string, TableRow>>;
}[] = [
  {
    env: {},
    rows: {
      empty_prompt: {
        outcome: ({ client: on }) => ask(on, { prompt: ' \n' }),
        expect: { frames: 'error', code: 'INVALID_ARGUMENT' },
      },
      empty_answer: {
        outcome: ({ client: on }) => ask(on, { prompt: 'empty' }),
        expect: { frames: 'error', code: 'UNAVAILABLE' },
      },
      invalid_phase: {
        outcome: ({ client: on }) => ask(on, JSON.parse('{"prompt": "hi", "phase": 3}')),
        expect: { frames: 'error', code: 'INVALID_ARGUMENT' },
      },
      invalid_screenshot: {
        outcome: ({ client: on }) => ask(on, { prompt: 'hi', screenshot: Buffer.from('no image').toString('base64') }),
        expect: { frames: 'error', code: 'INVALID_ARGUMENT' },
      },
      invalid_session_id: {
        outcome: ({ client: on }) => ask(on, { prompt: 'hi', session_id: 'a b' }),
        expect: { frames: 'error', code: 'INVALID_ARGUMENT' },
      },
      invalid_hardware_id: {
        outcome: ({ client: on }) => ask(on, { prompt: 'hi', hardware_id: 'x'.repeat(129) }),
        expect: { frames: 'error', code: 'INVALID_ARGUMENT' },
      },
      invalid_request: {
        outcome: ({ client: on }) => ask(on, { prompt: 'hi', screen_width: -1 }),
        expect: { frames: 'error', code: 'INVALID_ARGUMENT' },
      },
      request_too_large: {
        outcome: ({ client: on }) => ask(on, { prompt: 'x'.repeat(32_769) }),
        expect: { frames: 'error', code: 'RESOURCE_EXHAUSTED', details: expect.stringContaining('32768') },
      },
      missing_session_id: {
        outcome: ({ client: on }) => ask(on, { phase: 1, chunk_text: 'hi', session_id: 'UNKNOWN' }),
        expect: {
          frames: 'error',
          code: 'INVALID_ARGUMENT',
          details: expect.stringMatching(/^session_id is required/),
        },
      },
      concurrent_request: {
        outcome: ({ client: on }) =>
          beside(on, { session_id: 'twin' }, () => ask(on, { prompt: 'hi', session_id: 'twin' })),
        expect: {
          frames: 'error',
          code: 'RESOURCE_EXHAUSTED',
          details: 'Concurrent request for session_id=twin is not allowed',
        },
      },
      interrupted: {
        outcome: async ({ client: on }) => {
          const running = start(on, { prompt: 'hang', hardware_id: 'device-i' });
          await running.firstFrame;
          await interrupt(on, 'device-i');
          return running.outcome;
        },
        expect: { code: 'CANCELLED', frames: expect.stringMatching(/^text/) },
      },
    },
  },
  {
    env: { IDENTITY_POLICY: 'strict' },
    rows: {
      missing_session_id: {
        outcome: ({ client: on }) => ask(on, { prompt: 'hi', hardware_id: 'device' }),
        expect: {
          frames: 'error',
          code: 'INVALID_ARGUMENT',
          details: expect.stringMatching(/^session_id is required/),
        },
      },
      invalid_session_id: {
        outcome: ({ client: on }) => ask(on, { prompt: 'hi', hardware_id: 'device', session_id: 'no-uuid' }),
        expect: { frames: 'error', code: 'INVALID_ARGUMENT' },
      },
      invalid_hardware_id: {
        outcome: ({ client: on }) => ask(on, { prompt: 'hi', session_id: '7f0c3a52-4f4e-4c1e-9d2c-0b7b8f1f8a11' }),
        expect: {
          frames: 'error',
          code: 'INVALID_ARGUMENT',
          details: expect.stringMatching(/^hardware_id is required/),
        },
      },
    },
  },
  {
    env: { ONE_STREAM_PER_DEVICE: 'on', BACKPRESSURE_MAX_STREAMS: '1' },
    rows: {
      concurrent_hardware_id: {
        outcome: ({ client: on }) =>
          beside(on, { hardware_id: 'device' }, () => ask(on, { prompt: 'hi', hardware_id: 'device' })),
        expect: { frames: 'error', code: 'RESOURCE_EXHAUSTED' },
      },
      stream_limit_exceeded: {
        outcome: ({ client: on }) =>
          beside(on, { hardware_id: 'device' }, () => ask(on, { prompt: 'hi', hardware_id: 'other' })),
        expect: {
          frames: 'error',
          code: 'RESOURCE_EXHAUSTED',
          details: 'STREAM_LIMIT_EXCEEDED: Maximum concurrent streams (1) reached. Current active: 1',
        },
      },
    },
  },
  {
    env: { DUPLICATE_POLICY: 'supersede', BACKPRESSURE_MAX_STREAMS_PER_DEVICE: '1' },
    rows: {
      superseded: {
        outcome: async ({ client: on }) => {
          const older = start(on, { prompt: 'hang', session_id: 'twin', hardware_id: 'device-s' });
          await older.firstFrame;
          const newer = start(on, { prompt: 'hi', session_id: 'twin', hardware_id: 'device-s' });
          expect((await newer.outcome).code).toBe('OK');
          return older.outcome;
        },
        expect: { code: 'CANCELLED', frames: expect.stringMatching(/^text/) },
      },
      device_limit_exceeded: {
        outcome: ({ client: on }) =>
          beside(on, { hardware_id: 'device-l' }, () => ask(on, { prompt: 'hi', hardware_id: 'device-l' })),
        expect: { frames: 'error', code: 'RESOURCE_EXHAUSTED' },
      },
    },
  },
  {
    env: { BACKPRESSURE_MAX_RATE: '2', SESSION_TIMEOUT: '1' },
    rows: {
      rate_limit_exceeded: {
        outcome: ({ client: on }) => ask(on, { prompt: 'hi' }),
        expect: {
          frames: 'text audio',
          code: 'RESOURCE_EXHAUSTED',
          details: 'Message rate limit exceeded: 3 messages in last second (limit: 2 msg/s)',
        },
      },
      session_timeout: {
        outcome: ({ client: on }) => ask(on, { prompt: 'silent' }),
        expect: { frames: 'error', code: 'DEADLINE_EXCEEDED' },
      },
    },
  },
  {
    env: {
      BACKPRESSURE_IDLE_TIMEOUT: '1',
      FIRST_TOKEN_TIMEOUT: '0.5',
      ANSWER_STALL_TIMEOUT: '0.6',
      SPEECH_FAILURE: 'fail',
    },
    rows: {
      first_token_timeout: {
        outcome: ({ client: on }) => ask(on, { prompt: 'silent' }),
        expect: { frames: 'error', code: 'DEADLINE_EXCEEDED' },
      },
      answer_stalled: {
        outcome: ({ client: on }) => ask(on, { prompt: 'dribble' }),
        expect: { frames: 'error', code: 'DEADLINE_EXCEEDED' },
      },
      speech_failed: {
        outcome: ({ client: on }) => ask(on, { prompt: 'mute' }),
        expect: { code: 'UNAVAILABLE' },
      },
    },
  },
  {
    env: { BACKPRESSURE_IDLE_TIMEOUT: '1', FIRST_TOKEN_TIMEOUT: '0', ANSWER_STALL_TIMEOUT: '0' },
    rows: {
      stream_idle_timeout: {
        outcome: ({ client: on }) => ask(on, { prompt: 'hang', session_id: 'sleepy' }),
        expect: {
          frames: 'text audio×2',
          code: 'DEADLINE_EXCEEDED',
          details: expect.stringMatching(/^Stream closed due to idle timeout: sleepy \(idle: \d+(\.\d+)?s\)$/),
        },
      },
    },
  },
  {
    env: { BACKPRESSURE_GRACE_PERIOD: '0.5' },
    rows: {
      draining: {
        outcome: async ({ client: on, server: drained }) => {
          const running = start(on, { prompt: 'hang' });
          await running.firstFrame;
          drained.shutDown();
          await eventually(
            () => drained.logsOf('drain').length,
            (drains) => drains === 1,
          );
          const refused = await ask(on, { prompt: 'hi' });
          expectSeen(await running.outcome, { code: 'UNAVAILABLE', errorType: 'draining' });
          return refused;
        },
        expect: { frames: 'error', code: 'UNAVAILABLE' },
      },
    },
  },
];

describe('[on the good side of a bound]', () => {
  const its = served({ scenario, env: { BACKPRESSURE_MAX_RATE: '4', ONE_STREAM_PER_DEVICE: 'on' } });

  test('the (max+1)th frame within one second is refused, the first max arrive [: exactly max, the end among them]', async () => {
    expectSeen(await ask(its.client, { prompt: 'hi' }), { frames: 'text audio×2 end', code: 'OK' });
  });

  test('a missing hardware_id becomes "unknown" [, which is not one device: both run]', async () => {
    const outcome = await beside(its.client, {}, () => ask(its.client, { prompt: 'hi' }));
    expectSeen(outcome, { frames: 'text audio×2 end', code: 'OK' });
  });
});

/** Rows that no client can bring about here, and the test that shows each. */
const shownElsewhere = {
  overloaded: 'test/process/contract/collect.test.ts',
  answer_failed: 'test/process/rpc/error-codes.test.ts',
  starting: 'test/process/contract/http.test.ts',
  client_cancelled: 'test/process/contract/errors.test.ts',
  access_denied: 'test/process/rpc/error-codes.test.ts',
  not_found: 'test/process/rpc/welcome.test.ts',
  unauthenticated: 'test/process/rpc/error-codes.test.ts',
  session_fault: 'test/unit/actors/fault-barrier.test.ts',
  processing_error: 'test/process/contract/errors.test.ts',
} as const;

/** In the contract, and raised by no part of this server: one that does not come up is replaced, or the server does not start. */
const raisedByNothing = ['not_initialized'];

describe('the table of errors', () => {
  test('has no row that is shown nowhere', () => {
    const shown = [
      ...tables.flatMap(({ rows }) => Object.keys(rows)),
      ...Object.keys(shownElsewhere),
      ...raisedByNothing,
    ];
    expect([...new Set(shown)].toSorted()).toEqual(Object.keys(errorTable).toSorted());
  });

  test.each(Object.entries(shownElsewhere))('%s is shown in %s', (errorType, path) => {
    expect(readFileSync(path, 'utf8')).toContain(errorType);
  });

  test.each(raisedByNothing)('%s is raised by nothing', (errorType) => {
    const sources = readdirSync('src', { recursive: true, encoding: 'utf8' }).filter((path) => path.endsWith('.ts'));
    const naming = sources.filter((path) => readFileSync(join('src', path), 'utf8').includes(`'${errorType}'`));
    expect(naming).toEqual(['errors.ts']);
  });
});

describe.each(tables)('the table of errors, with $env', ({ env, rows }) => {
  const its = served({ scenario, env });

  test.each(Object.entries(rows))('%s', async (errorType, { outcome, expect: expected }) => {
    expectSeen(await outcome(its), { ...expected, errorType });
  });
});
