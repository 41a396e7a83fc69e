/**
 * Whose request was refused: every id that is good is in the log lines and in the initial metadata, whatever else is wrong with the
 * request; one that is not good is in neither (CONTRACT §1, "Identity"; §2, the log table).
 */
import type { ClientUnaryCall, ServiceError } from '@grpc/grpc-js';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { StreamRequest } from '../../../src/rpc/generated/streaming/StreamRequest.ts';
import type { UsageRequest } from '../../../src/rpc/generated/streaming/UsageRequest.ts';
import type { WelcomeRequest } from '../../../src/rpc/generated/streaming/WelcomeRequest.ts';
import { ask, connect, type TestClient, welcome } from '../../support/client.ts';
import { eventually } from '../../support/eventually.ts';
import { startServer } from '../../support/server.ts';
import type { TestServer } from '../../support/test-server.ts';

const TOO_LARGE_BYTES = 16 * 1024 * 1024 + 1;
const tooLong = 'x'.repeat(129);
const scenario = { answers: [{ when: '', steps: [{ say: 'Good day.' }] }], speech: { chunks_per_sentence: 1 } };

let server: TestServer;
let client: TestClient;
beforeAll(async () => {
  server = await startServer({ scenario });
  client = connect(server.grpcPort);
});
afterAll(() => client.close());

/** Makes a refused call; its one log line, as far as this file is about it. */
async function linesOf(refused: () => Promise<unknown>) {
  const since = server.logs.length;
  await refused();
  const lines = () => server.logs.slice(since).filter(({ decision }) => decision === 'reject' || decision === 'error');
  return (await eventually(lines, (found) => found.length > 0)).map(({ decision, method, ctx }) => ({
    decision,
    method,
    ids: [ctx?.session_id, ctx?.hardware_id],
    why: ctx?.reason ?? ctx?.error_type,
  }));
}

function expectedLines(method: string, why: string, ids: readonly [sessionId: string, hardwareId: string]) {
  return [{ decision: 'reject', method, ids: [...ids], why }];
}

// @ts-expect-error no such phase
const unknownPhase: NonNullable<StreamRequest['phase']> = 7;
const words = { prompt: 'hi' };
const mine = { session_id: 'mine', hardware_id: 'device' };

describe('StreamAudio', () => {
  test.each<[errorType: string, wrong: StreamRequest]>([
    ['empty_prompt', { prompt: '' }],
    ['invalid_screenshot', { ...words, screenshot: 'no image' }],
    ['invalid_request', { ...words, screen_width: -1 }],
    ['invalid_phase', { ...words, phase: unknownPhase }],
    ['invalid_screenshot', { phase: 1, screenshot: 'no image' }],
    ['request_too_large', { prompt: 'x'.repeat(TOO_LARGE_BYTES) }],
  ])('a request that is wrong elsewhere (%s) keeps both ids', async (errorType, wrong) => {
    let sessionId: string | null = null;
    const lines = await linesOf(async () => {
      sessionId = (await ask(client, { ...mine, ...wrong })).sessionId;
    });
    expect(lines).toEqual(expectedLines('StreamAudio', errorType, ['mine', 'device']));
    expect(sessionId).toBe('mine');
  });

  test('the ids that were made for it are the ones it is refused under', async () => {
    let sessionId: string | null = null;
    const lines = await linesOf(async () => {
      sessionId = (await ask(client, { prompt: '' })).sessionId;
    });
    expect(sessionId).toMatch(/^[0-9a-f-]{36}$/);
    expect(lines).toEqual(expectedLines('StreamAudio', 'empty_prompt', [String(sessionId), 'unknown']));
  });

  test.each([
    { given: { session_id: tooLong, hardware_id: 'device' }, why: 'invalid_session_id', ids: ['', 'device'] as const },
    { given: { session_id: 'mine', hardware_id: 'a b' }, why: 'invalid_hardware_id', ids: ['mine', ''] as const },
    { given: { session_id: 'a b', hardware_id: tooLong }, why: 'invalid_session_id', ids: ['', ''] as const },
  ])('an id that is not good is nowhere, the other one is kept ($why, $ids)', async ({ given, why, ids }) => {
    let sessionId: string | null = null;
    const lines = await linesOf(async () => {
      sessionId = (await ask(client, { ...words, ...given })).sessionId;
    });
    expect(lines).toEqual(expectedLines('StreamAudio', why, ids));
    expect(sessionId).toBe(ids[0] === '' ? null : ids[0]);
  });
});

test.each<[what: string, errorType: string, wrong: WelcomeRequest]>([
  ['voice', 'invalid_request', { voice: 'a\tb' }],
  ['language', 'invalid_request', { language: tooLong }],
  ['size', 'request_too_large', { text: 'x'.repeat(TOO_LARGE_BYTES) }],
])('GenerateWelcomeAudio whose %s is wrong keeps its session id', async (_, errorType, wrong) => {
  let sessionId: string | null = null;
  const lines = await linesOf(async () => {
    sessionId = (await welcome(client, { session_id: 'mine', ...wrong })).sessionId;
  });
  expect(lines).toEqual(expectedLines('GenerateWelcomeAudio', errorType, ['mine', '']));
  expect(sessionId).toBe('mine');
});

/** The error type of a unary call that is refused. */
function refusalOf(begin: (done: (error: ServiceError | null) => void) => ClientUnaryCall): Promise<unknown> {
  return new Promise((resolve) => begin((error) => resolve(error?.metadata.get('error-type')[0])));
}

test.each<[what: string, errorType: string, ids: readonly [string, string], request: UsageRequest]>([
  ['tokens are', 'invalid_request', ['mine', 'device'], { ...mine, input_tokens: -1 }],
  ['model is', 'invalid_request', ['mine', 'device'], { ...mine, model: tooLong }],
  ['size is', 'request_too_large', ['mine', 'device'], { ...mine, model: 'x'.repeat(TOO_LARGE_BYTES) }],
  ['device is', 'invalid_hardware_id', ['mine', ''], { session_id: 'mine', hardware_id: '' }],
  ['session is', 'invalid_session_id', ['', 'device'], { session_id: 'a b', hardware_id: 'device' }],
  ['ids are', 'invalid_hardware_id', ['', ''], { session_id: 'a b', hardware_id: 'a b' }],
])('ReportUsage whose %s wrong is %s under the ids that are good: %j', async (_, errorType, ids, request) => {
  let told: unknown;
  const lines = await linesOf(async () => {
    told = await refusalOf((done) => client.ReportUsage(request, done));
  });
  expect(lines).toEqual(expectedLines('ReportUsage', errorType, ids));
  expect(told).toBe(errorType);
});

test('InterruptSession of more than 16 MiB is request_too_large, whatever its device', async () => {
  let told: unknown;
  const hardware_id = 'x'.repeat(TOO_LARGE_BYTES);
  const lines = await linesOf(async () => {
    told = await refusalOf((done) => client.InterruptSession({ hardware_id }, done));
  });
  expect(told).toBe('request_too_large');
  expect(lines).toEqual(expectedLines('InterruptSession', 'request_too_large', ['', '']));
});
