/** The same promises, to a client of another language and another gRPC library: Python's grpcio over C-core. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { watchUntilFree } from '../../support/abort-watch.ts';
import { eventually } from '../../support/eventually.ts';
import {
  makeStubs,
  type PythonCall,
  type PythonOutcome,
  requirePython,
  startPython,
} from '../../support/python/python-client.ts';
import { startServer } from '../../support/server.ts';
import type { TestServer } from '../../support/test-server.ts';

const lacking = requirePython();

const down = { fail: { error_code: 'UNAVAILABLE', message: 'модель не отвечает: "down"\n100 %' } };
const long = { fail: { error_code: 'UNAVAILABLE', message: 'ж'.repeat(20_000) } };
const scenario = {
  answers: [
    {
      when: '^good$',
      steps: [
        { say: 'Первое предложение здесь. ' },
        { say: 'The second one is he' },
        { say: 're: v2.0.1!' },
        { command: { command: 'open_app', args: { app_name: 'Safari' } } },
      ],
    },
    { when: '^before$', steps: [down] },
    { when: '^after$', steps: [{ say: 'One is here. Two' }, { wait_ms: 60 }, down] },
    { when: '^long$', steps: [long] },
    { when: '^slow$', steps: [{ say: 'One is here. Two' }, { wait_ms: 2_000 }, { say: ' is here.' }] },
    { when: '^hang$', steps: [{ say: 'One is here. Two is here. Three' }, { hang: true }] },
  ],
  speech: { chunks_per_sentence: 3, chunk_bytes: 5000 },
};
const sound = { kind: 'audio_chunk', dtype: 'int16', shape: [], sample_rate: 48_000, channels: 1 };
const ABORT_WITHIN_MS = 100;

describe.skipIf(lacking !== null)('Python grpcio', () => {
  const stubsDir = mkdtempSync(join(tmpdir(), 'recital-stubs-'));
  let server: TestServer;
  beforeAll(async () => {
    makeStubs(stubsDir);
    server = await startServer({ scenario });
  });
  afterAll(() => rmSync(stubsDir, { recursive: true }));

  const run = (...calls: PythonCall[]) => startPython(stubsDir, server.grpcPort, calls);
  const runOne = async (call: PythonCall): Promise<PythonOutcome> => {
    const [outcome] = await run(call).outcomes;
    if (outcome === undefined) throw new Error('no outcome');
    return outcome;
  };

  function expectRichStatus({ trailing, details }: PythonOutcome, errorType: string): void {
    expect(trailing['error-type']).toBe(errorType);
    const rich = Buffer.from(trailing['grpc-status-details-bin'] ?? '', 'hex');
    for (const part of [details, errorType.toUpperCase(), 'recital', 'google.rpc.ErrorInfo']) {
      expect(rich.includes(Buffer.from(part)), part).toBe(true);
    }
  }

  test('a good stream: text, its sound, the next text, the command once, the end, OK', async () => {
    const outcome = await runOne({ request: { prompt: 'good', session_id: 'session-1' } });
    // 3 × 5000 bytes of sound become chunks of 4096 and one rest.
    const audio = [4096, 4096, 4096, 2712].map((bytes) => ({ ...sound, bytes }));
    expect(outcome.frames).toEqual([
      { kind: 'text_chunk', text: 'Первое предложение здесь.' },
      ...audio,
      { kind: 'text_chunk', text: ' The second one is here: v2.0.1!' },
      ...audio,
      {
        kind: 'action_message',
        action: { command: 'open_app', args: { app_name: 'Safari' }, session_id: 'session-1' },
        session_id: 'session-1',
      },
      { kind: 'end_message', text: 'COMPLETED' },
    ]);
    expect({ code: outcome.code, initial: outcome.initial['x-session-id'] }).toEqual({
      code: 'OK',
      initial: 'session-1',
    });
    expect(outcome.trailing).not.toHaveProperty('error-type');
    expect(outcome.trailing).not.toHaveProperty('grpc-status-details-bin');
  });

  test('an error before data: one error frame, then the status with the same text', async () => {
    const outcome = await runOne({ request: { prompt: 'before' } });
    expect(outcome.frames).toEqual([{ kind: 'error_message', text: 'модель не отвечает: "down"\n100 %' }]);
    expect({ code: outcome.code, details: outcome.details }).toEqual({
      code: 'UNAVAILABLE',
      details: 'модель не отвечает: "down"\n100 %',
    });
    expectRichStatus(outcome, 'answer_failed');
  });

  test('an error after data: no error frame, the status alone', async () => {
    const outcome = await runOne({ request: { prompt: 'after' } });
    expect(outcome.frames.map(({ kind }) => kind)).toEqual(['text_chunk', ...Array(4).fill('audio_chunk')]);
    expect({ code: outcome.code, details: outcome.details }).toEqual({
      code: 'UNAVAILABLE',
      details: 'модель не отвечает: "down"\n100 %',
    });
    expectRichStatus(outcome, 'answer_failed');
  });

  test('a text of 20,000 Cyrillic letters arrives as a beginning that C-core does not refuse', async () => {
    const outcome = await runOne({ request: { prompt: 'long' } });
    expect(outcome.code).toBe('UNAVAILABLE');
    expect(outcome.details).toMatch(/^ж{100,}…$/);
    expect(outcome.frames).toEqual([{ kind: 'error_message', text: outcome.details }]);
    expectRichStatus(outcome, 'answer_failed');
  });

  test('a refused request: the error type and the text say why', async () => {
    const outcome = await runOne({ request: { prompt: ' ', session_id: 'session-1' } });
    expect(outcome.code).toBe('INVALID_ARGUMENT');
    expect(outcome.frames).toEqual([{ kind: 'error_message', text: outcome.details }]);
    expectRichStatus(outcome, 'empty_prompt');
  });

  test('a cancel frees the slot and ends the work within 100 ms', async () => {
    const running = run({ request: { prompt: 'hang' }, cancel_after: 3 });
    await running.cancelled(0);
    const { lastBusyMs } = await watchUntilFree(server);
    console.log(`cancel from Python: last seen at work ${lastBusyMs.toFixed(0)} ms after`);
    expect(lastBusyMs).toBeLessThan(ABORT_WITHIN_MS);
    expect((await running.outcomes)[0]?.code).toBe('CANCELLED');
  });

  test('a deadline that passes ends the call there and the work here', async () => {
    const outcome = await runOne({ request: { prompt: 'hang' }, deadline: 0.4 });
    expect(outcome.code).toBe('DEADLINE_EXCEEDED');
    expect(outcome.frames.map(({ kind }) => kind)).not.toContain('error_message');
    expect(outcome.frames.map(({ kind }) => kind)).not.toContain('end_message');
    await eventually(
      () => server.status(),
      (status) => status.active_streams + status.active_answers + status.active_speech === 0,
      5_000,
    );
  });

  test('a duplicate session is refused at once, the first goes on to its good end', async () => {
    const request = { prompt: 'slow', session_id: 'session-2' };
    const [first, second] = await run({ request }, { request, after: 0 }).outcomes;
    expect(second?.code).toBe('RESOURCE_EXHAUSTED');
    expect(second?.details).toBe('Concurrent request for session_id=session-2 is not allowed');
    expect(second?.frames).toEqual([{ kind: 'error_message', text: second?.details }]);
    expect(first?.code).toBe('OK');
    expect(first?.frames.map(({ text }) => text ?? '').join('')).toBe('One is here. Two is here.COMPLETED');
  });
});
