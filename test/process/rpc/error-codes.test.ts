/** Every failure an engine can have reaches the client as the table says, whatever its text is. */
import { status } from '@grpc/grpc-js';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ask, type CallOutcome, connect, type TestClient } from '../../support/client.ts';
import { startServer } from '../../support/server.ts';
import type { TestServer } from '../../support/test-server.ts';
import { expectErrorAfterData, expectErrorBeforeData } from './outcomes.ts';
import { richStatusOf } from './rich-status.ts';

/** CONTRACT §1: the error_type of a code that an engine declares, and when a retry makes sense. */
const declaredCodes = [
  { code: 'INVALID_ARGUMENT', errorType: 'invalid_request', retryAfterMs: null },
  { code: 'RESOURCE_EXHAUSTED', errorType: 'overloaded', retryAfterMs: 1000 },
  { code: 'DEADLINE_EXCEEDED', errorType: 'answer_stalled', retryAfterMs: 1000 },
  { code: 'UNAVAILABLE', errorType: 'answer_failed', retryAfterMs: 1000 },
  { code: 'CANCELLED', errorType: 'client_cancelled', retryAfterMs: null },
  { code: 'PERMISSION_DENIED', errorType: 'access_denied', retryAfterMs: null },
  { code: 'NOT_FOUND', errorType: 'not_found', retryAfterMs: null },
  { code: 'UNAUTHENTICATED', errorType: 'unauthenticated', retryAfterMs: null },
  { code: 'INTERNAL', errorType: 'processing_error', retryAfterMs: null },
] as const;
const undeclared = [undefined, '', 'TEAPOT', 'unavailable', '14', 'OK', 'UNKNOWN', '__proto__', 'constructor'];

const LONE_SURROGATE = String.fromCharCode(0xd83d);
const messages = {
  'an empty one': '',
  'a space': ' ',
  'one of 100,000 Latin letters': 'x'.repeat(100_000),
  'one of 50,000 Cyrillic letters': 'ж'.repeat(50_000),
  'one of 50,000 emoji': '🙂'.repeat(50_000),
  'a lone surrogate': `broken ${LONE_SURROGATE} half`,
  'a lone surrogate at the end': `broken ${LONE_SURROGATE}`,
  'line ends': 'first\r\nsecond\nthird',
  'control characters': `${String.fromCharCode(...Array(32).keys())}\x7f`,
  'what looks like an escape': '100% %41 %zz %',
  'what looks like a header': 'a\r\ngrpc-status: 0\r\n\r\n',
  'every sort of letter': 'Ошибка: модель не отвечает, 模型 🙂 "é"\u2028\ufeff',
} as const;

const said = { say: 'Mute words come first. Then' };
const after = [said, { wait_ms: 60 }];
const numbered = Object.values(messages).map((message, index) => ({ when: `^message ${index}$`, message }));
const scenario = {
  answers: [
    ...declaredCodes.flatMap(({ code }) => {
      const fail = { fail: { error_code: code, message: `${code}, says the model` } };
      return [
        { when: `^before ${code}$`, steps: [fail] },
        { when: `^after ${code}$`, steps: [...after, fail] },
      ];
    }),
    ...undeclared.map((error_code, index) => ({
      when: `^undeclared ${index}$`,
      steps: [{ fail: { ...(error_code !== undefined && { error_code }), message: `code ${error_code}` } }],
    })),
    ...numbered.map(({ when, message }) => ({ when, steps: [{ fail: { error_code: 'UNAVAILABLE', message } }] })),
    ...numbered.map(({ when, message }) => ({
      when: when.replace('^', '^after '),
      steps: [...after, { fail: { error_code: 'UNAVAILABLE', message } }],
    })),
    { when: '^throw', steps: [{ throw: 'SECRETWORD in the exception' }] },
    { when: '^late throw', steps: [...after, { throw: 'SECRETWORD in the exception' }] },
  ],
  speech: { fail_when: 'mute' },
};

let server: TestServer;
let client: TestClient;
beforeAll(async () => {
  server = await startServer({ scenario });
  client = connect(server.grpcPort);
});
afterAll(() => client.close());

function expectRich(outcome: CallOutcome, errorType: string, retryAfterMs: number | null): void {
  expect(richStatusOf(outcome.trailers)).toEqual({
    code: Reflect.get(status, outcome.code),
    message: outcome.details,
    reason: errorType.toUpperCase(),
    domain: 'recital',
    retryAfterMs,
  });
}

describe.each(declaredCodes)('a failure that declares $code', ({ code, errorType, retryAfterMs }) => {
  const expected = { code, errorType, details: `${code}, says the model` };

  test(`is ${code}/${errorType} with its own words before data`, async () => {
    const outcome = await ask(client, { prompt: `before ${code}` });
    expectErrorBeforeData(outcome, expected);
    expectRich(outcome, errorType, retryAfterMs);
  });

  test(`is ${code}/${errorType} with its own words after data`, async () => {
    const outcome = await ask(client, { prompt: `after ${code}` });
    expectErrorAfterData(outcome, expected);
    expectRich(outcome, errorType, retryAfterMs);
  });
});

test.each(undeclared.map((code, index) => ({ code, index })))(
  'the unknown code $code is INTERNAL/processing_error with the words of the engine',
  async ({ code, index }) => {
    const outcome = await ask(client, { prompt: `undeclared ${index}` });
    expectErrorBeforeData(outcome, { code: 'INTERNAL', errorType: 'processing_error', details: `code ${code}` });
    expectRich(outcome, 'processing_error', null);
  },
);

describe('an exception that nobody declared', () => {
  test.each(['throw', 'late throw'])(
    '%s: the wire has an id and no word of it; the id finds the log line',
    async (kind) => {
      const outcome = await ask(client, { prompt: `${kind} PRIVATEWORD` });
      const expected = { code: 'INTERNAL', errorType: 'processing_error' };
      if (kind === 'throw') expectErrorBeforeData(outcome, expected);
      else expectErrorAfterData(outcome, expected);
      expectRich(outcome, 'processing_error', null);

      const faultId = /^Internal error \((\S+)\)$/.exec(outcome.details)?.[1];
      const found = server.logs.filter((line) => line.ctx?.fault_id === faultId);
      expect(found.map(({ level, decision }) => ({ level, decision }))).toEqual([
        { level: 50, decision: 'unexpected_error' },
      ]);
      expect(JSON.stringify(found)).toContain('SECRETWORD');
      expect(JSON.stringify(server.logs)).not.toContain('PRIVATEWORD');
    },
  );
});

describe.each(Object.entries(messages).map(([name, message], index) => ({ name, message, index })))(
  'a message with $name',
  ({ message, index }) => {
    test('ends the call at once, the same text in the frame, the status and the rich status', async () => {
      const outcome = await ask(client, { prompt: `message ${index}` }, { deadlineMs: 5_000 });
      expectErrorBeforeData(outcome, { code: 'UNAVAILABLE', errorType: 'answer_failed' });
      expectRich(outcome, 'answer_failed', 1000);
      expectTextOf(message, outcome.details);
    });

    test('ends the call at once after data', async () => {
      const outcome = await ask(client, { prompt: `after message ${index}` }, { deadlineMs: 5_000 });
      expectErrorAfterData(outcome, { code: 'UNAVAILABLE', errorType: 'answer_failed' });
      expectTextOf(message, outcome.details);
    });
  },
);

/** Short texts arrive as they are, long ones as a beginning of some size; an empty one as the name of the error. */
function expectTextOf(message: string, details: string): void {
  if (message === '') expect(details).toBe('answer_failed');
  else if (message.length < 1000) expect(details).toBe(message.toWellFormed());
  else {
    expect(details.endsWith('…')).toBe(true);
    expect(message.startsWith(details.slice(0, -1))).toBe(true);
    expect(details.length).toBeGreaterThan(100);
  }
}
