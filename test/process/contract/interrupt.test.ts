/** CONTRACT §1, InterruptSession, and the usual interrupt: a client that cancels. */
import { type ServiceError, status } from '@grpc/grpc-js';
import { describe, expect, test } from 'vitest';
import { watchUntilFree } from '../../support/abort-watch.ts';
import { ask, interrupt, start } from '../../support/client.ts';
import { expectSeen, says } from '../../support/contract/contract-rows.ts';
import { served } from '../../support/contract/served.ts';
import { eventually } from '../../support/eventually.ts';
import { startStopwatch } from '../../support/stopwatch.ts';
import { richStatusOf } from '../rpc/rich-status.ts';

const its = served({
  scenario: {
    answers: [
      { when: '^hang', steps: [...says('One is here. Two'), { hang: true }] },
      { when: '^silent', steps: [{ hang: true }] },
      { when: '^talking', steps: says('Long is this one. Long is that one. Long is the last one.') },
      { when: '', steps: says('Hello there.') },
    ],
    speech: { chunks_per_sentence: 2, hang_when: '^long' },
  },
});
const ABORT_WITHIN_MS = 100;

describe('InterruptSession', () => {
  test('ends every stream of that hardware_id on the spot (CANCELLED/interrupted) … and answers with their ids', async () => {
    const calls = ['i-1', 'i-2'].map((session_id) =>
      start(its.client, { prompt: 'hang', session_id, hardware_id: 'pc' }),
    );
    await Promise.all(calls.map(({ firstFrame }) => firstFrame));
    const { success, interrupted_sessions } = await interrupt(its.client, 'pc');
    expect({ success, ids: interrupted_sessions.toSorted() }).toEqual({ success: true, ids: ['i-1', 'i-2'] });
    for (const { outcome } of calls) expectSeen(await outcome, { code: 'CANCELLED', errorType: 'interrupted' });
  });

  test('[a stream that has sent nothing ends with the error frame]', async () => {
    const call = start(its.client, { prompt: 'silent', hardware_id: 'pc-2' });
    await eventually(its.server.status, ({ active_answers }) => active_answers === 1);
    await interrupt(its.client, 'pc-2');
    expectSeen(await call.outcome, { frames: 'error', code: 'CANCELLED', errorType: 'interrupted' });
  });

  test('aborts their model and speech work', async () => {
    const call = start(its.client, { prompt: 'talking', hardware_id: 'pc-3' });
    await eventually(its.server.status, ({ active_speech }) => active_speech > 0);
    const elapsedMs = startStopwatch();
    await interrupt(its.client, 'pc-3');
    expect((await watchUntilFree(its.server, elapsedMs)).lastBusyMs).toBeLessThan(ABORT_WITHIN_MS);
    await call.outcome;
  });

  test('success is true also when there were none', async () => {
    expect(await interrupt(its.client, 'nobody')).toMatchObject({ success: true, interrupted_sessions: [] });
  });

  test('new requests of the device are welcome at once [, also with the same id]', async () => {
    const request = { session_id: 'again', hardware_id: 'pc-4' };
    const call = start(its.client, { prompt: 'hang', ...request });
    await call.firstFrame;
    await interrupt(its.client, 'pc-4');
    expectSeen(await ask(its.client, { prompt: 'hi', ...request }), { frames: 'text audio×2 end', code: 'OK' });
    await call.outcome;
  });

  test('[streams of another device go on]', async () => {
    const other = start(its.client, { prompt: 'hang', hardware_id: 'PC-5' });
    await other.firstFrame;
    expect((await interrupt(its.client, 'pc-5')).interrupted_sessions).toEqual([]);
    expect((await its.server.status()).active_streams).toBe(1);
    other.call.cancel();
    await other.outcome;
  });

  test.each(['', ' ', '\t', 'unknown'])(
    'Blank or "unknown" hardware_id: INVALID_ARGUMENT [: "%s"]',
    async (hardwareId) => {
      const { code, details, metadata }: ServiceError = await interrupt(its.client, hardwareId).then(
        () => expect.unreachable('it was accepted'),
        (refusal) => refusal,
      );
      expect({ code, type: metadata.get('error-type') }).toEqual({
        code: status.INVALID_ARGUMENT,
        type: ['invalid_hardware_id'],
      });
      expect(richStatusOf(metadata)).toMatchObject({ reason: 'INVALID_HARDWARE_ID', message: details });
    },
  );
});

describe('A client that cancels or vanishes is the usual interrupt', () => {
  test.each(['hang', 'silent', 'talking'])(
    'its model and speech work is aborted within 100 ms and its slot is free [: %s]',
    async (prompt) => {
      const call = start(its.client, { prompt });
      await eventually(its.server.status, ({ active_answers, active_speech }) => active_answers + active_speech > 0);
      const elapsedMs = startStopwatch();
      call.call.cancel();
      const { lastBusyMs } = await watchUntilFree(its.server, elapsedMs);
      expect(lastBusyMs).toBeLessThan(ABORT_WITHIN_MS);
      await call.outcome;
    },
  );
});
