/** CONTRACT §1, ReportUsage: a device's tokens are stored, or it is told that they are not. */
import { describe, expect, test } from 'vitest';
import type { UsageRequest } from '../../../src/rpc/generated/streaming/UsageRequest.ts';
import { says } from '../../support/contract/contract-rows.ts';
import { reportUsage } from '../../support/contract/other-rpcs.ts';
import { served } from '../../support/contract/served.ts';
import { eventually } from '../../support/eventually.ts';
import { richStatusOf } from '../rpc/rich-status.ts';

const its = served({ scenario: { answers: [{ when: '', steps: says('Hello there.') }] } });
const report: UsageRequest = {
  hardware_id: 'pc',
  session_id: 'session-1',
  source: 'desktop',
  input_tokens: 120,
  output_tokens: 30,
  model: 'some-model',
};
const stored = { code: 'OK', success: true, message: expect.stringMatching(/./) };
const refused = (errorType: string) => ({ code: 'INVALID_ARGUMENT', errorType, success: null });

describe('ReportUsage', () => {
  test.concurrent.each<[sentence: string, changed: UsageRequest, expected: object]>([
    ['success=true only if it was stored', {}, stored],
    ['[the same report twice is two reports]', {}, stored],
    ['[no tokens at all are a report]', { input_tokens: 0, output_tokens: 0 }, stored],
    ['[as many as fit]', { input_tokens: 2 ** 31 - 1, output_tokens: 2 ** 31 - 1 }, stored],
    ['[without session, source and model]', { session_id: '', source: '', model: '' }, stored],
    ['a blank hardware_id … INVALID_ARGUMENT', { hardware_id: '' }, refused('invalid_hardware_id')],
    ['a blank hardware_id … INVALID_ARGUMENT [: spaces]', { hardware_id: '  ' }, refused('invalid_hardware_id')],
    ['negative tokens are INVALID_ARGUMENT [: input]', { input_tokens: -1 }, refused('invalid_request')],
    ['negative tokens are INVALID_ARGUMENT [: output]', { output_tokens: -1 }, refused('invalid_request')],
    ['negative tokens are INVALID_ARGUMENT [: the least]', { output_tokens: -(2 ** 31) }, refused('invalid_request')],
    ['A given id is 1–128 characters of 0x21–0x7E', { hardware_id: 'a b' }, refused('invalid_hardware_id')],
    ['A given id is 1–128 characters of 0x21–0x7E', { session_id: 'a b' }, refused('invalid_session_id')],
  ])('%s', async (_, changed, expected) => {
    const outcome = await reportUsage(its.client, { ...report, ...changed });
    expect(outcome).toMatchObject(expected);
    if (outcome.code === 'OK') return;
    expect(richStatusOf(outcome.trailers)).toMatchObject({
      reason: outcome.errorType?.toUpperCase(),
      domain: 'recital',
      message: outcome.details,
      retryAfterMs: null,
    });
  });

  test('rejected (a count per error_type); reject | workflow, warn | reason [: a refused report, too]', async () => {
    const before = (await its.server.status()).rejected.invalid_request ?? 0;
    await reportUsage(its.client, { ...report, input_tokens: -1 });
    expect((await its.server.status()).rejected.invalid_request).toBe(before + 1);
    const rejects = () => its.server.logsOf('reject').filter(({ method }) => method === 'ReportUsage');
    const [line] = await eventually(rejects, (found) => found.length > 0);
    expect(line).toMatchObject({ scope: 'workflow', level: 40, ctx: { reason: expect.any(String) } });
  });

  test('one line a refused call in all [: a refused report, too]', async () => {
    const lines = () =>
      its.server.logs.filter(({ method, ctx }) => method === 'ReportUsage' && ctx?.session_id === 'once');
    await reportUsage(its.client, { ...report, session_id: 'once', input_tokens: -1 });
    await eventually(lines, (found) => found.length > 0);
    await reportUsage(its.client, report);
    expect(lines()).toHaveLength(1);
  });
});
