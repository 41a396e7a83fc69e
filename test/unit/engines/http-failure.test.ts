/** What a provider's refusal means, and the one line of what it says: its shapes, its bound, and what is taken out of it. */
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { summaryOf } from '../../../src/engines/speech-providers/error-summary.ts';
import { failureOfStatus, retryAfterMsOf } from '../../../src/engines/speech-providers/http-failure.ts';

const refused = { provider: 'p', status: 400, summary: '', retryAfter: undefined, voice: 'Anna', nowMs: 0 };

describe('the line of what a provider says', () => {
  test.each([
    ['{"error": {"message": "no model", "type": "x"}}', 'no model'],
    ['{"error": "no model"}', 'no model'],
    ['{"detail": {"status": "voice_not_found", "message": "gone"}}', 'voice_not_found: gone'],
    ['{"detail": [{"loc": ["body"], "msg": "field required"}]}', 'field required'],
    ['{"message": "", "detail": "second"}', 'second'],
    ['{"nothing": 1}', '{"nothing": 1}'],
    ['[1, 2]', '[1, 2]'],
    ['"just text"', 'just text'],
    ['<html><head><style>p {}</style><title>502</title></head><p>Bad\n  gateway</p></html>', '502 Bad gateway'],
    ['Unsupported voice.\r\n', 'Unsupported voice.'],
    ['', ''],
  ])('%s is "%s"', (body, line) => {
    expect(summaryOf(body, [])).toBe(line);
  });

  test('has no secret, whatever stands around it', () => {
    expect(summaryOf('{"message": "key=sk-1; sk-1sk-1 said Hello."}', ['sk-1', 'Hello.', ''])).toBe(
      'key=***; ****** said ***',
    );
  });

  test('is one line of at most 200 characters, without control characters, whatever comes', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 600 }), (body) => {
        const line = summaryOf(body, []);
        expect([...line].length).toBeLessThanOrEqual(200);
        expect(line).not.toMatch(/[\p{Cc}\n]/u);
        expect(line.isWellFormed()).toBe(true);
      }),
    );
  });
});

describe('a refusal', () => {
  test.each([
    [429, 'Rate limit reached', 'RESOURCE_EXHAUSTED', true],
    [429, 'You exceeded your current quota', 'RESOURCE_EXHAUSTED', false],
    [401, 'quota_exceeded: 5 credits remain', 'RESOURCE_EXHAUSTED', false],
    [500, 'quota service is down', 'UNAVAILABLE', true],
    [400, 'voice: Input should be one of a, b', 'NOT_FOUND', false],
    [422, 'Anna is not a valid choice: not supported', 'NOT_FOUND', false],
    [400, 'voice_settings.speed is too high', 'INVALID_ARGUMENT', false],
    [404, 'model x does not exist', 'NOT_FOUND', false],
    [413, 'too long', 'INVALID_ARGUMENT', false],
    [501, 'not here', 'UNAVAILABLE', false],
    [529, 'overloaded', 'UNAVAILABLE', true],
  ])('%i "%s" is %s, another try helps: %s', (status, summary, errorCode, isRetryable) => {
    expect(failureOfStatus({ ...refused, status, summary })).toMatchObject({ errorCode, isRetryable });
  });

  test('of a request without a voice is never about one', () => {
    const failure = failureOfStatus({ ...refused, voice: '', summary: 'voice must be given' });
    expect(failure.errorCode).toBe('INVALID_ARGUMENT');
  });

  test.each<[string | undefined, number | null]>([
    ['2', 2000],
    [' 0.25 ', 250],
    ['Thu, 01 Jan 1970 00:00:11 GMT', 10_000],
    ['Thu, 01 Jan 1970 00:00:00 GMT', 0],
    ['soon', null],
    ['-1', null],
    ['99999999', 99_999_999_000],
    [undefined, null],
  ])('with Retry-After %j wants to be left alone for %j ms', (header, milliseconds) => {
    expect(retryAfterMsOf(header, 1000)).toBe(milliseconds);
  });
});
