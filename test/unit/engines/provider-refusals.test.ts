/**
 * What a provider's refusal means, and the one line of what it says: its shapes, its bound, and what is taken out of it. For models and
 * voices alike, as there is one table and one reader.
 */
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { failureOfError } from '../../../src/engines/openai-answer/chat-provider.ts';
import { ProviderRefusal } from '../../../src/engines/openai-answer/guarded-fetch.ts';
import { errorBodyMaxBytes, readErrorBody, saidMaxChars } from '../../../src/engines/provider/error-words.ts';
import { failureOfVoiceRefusal } from '../../../src/engines/speech-providers/http-sound.ts';

const asked = { provider: 'p', voice: 'Anna' };

function refusal(status: number, body: string) {
  return { status, ...readErrorBody(body, {}), retryAfterMs: undefined };
}

/** What a model's provider that answers so has done. */
function modelFailure(status: number, body: string) {
  return failureOfError(new ProviderRefusal(refusal(status, body)));
}

describe('the line of what a provider says', () => {
  test.each([
    ['{"error": {"message": "no model", "type": "x"}}', 'no model'],
    ['{"error": "no model"}', 'no model'],
    ['{"error": {"code": 5}}', '{"code":5}'],
    ['[{"error": {"code": 400, "message": "not valid", "status": "INVALID"}}]', 'not valid'],
    [
      '{"object": "error", "message": {"detail": [{"loc": ["body", "tools"]}]}}',
      '{"detail":[{"loc":["body","tools"]}]}',
    ],
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
    expect(readErrorBody(body, {}).said).toBe(line);
  });

  test('has no secret, whatever stands around it, and none of which the bound cuts off a part', () => {
    const key = 'secret-1';
    expect(readErrorBody(`{"message": "key=${key}; ${key}${key} said Hello."}`, { key, text: 'Hello.' }).said).toBe(
      'key=[key]; [key][key] said ***',
    );
    const said = readErrorBody(`${'x'.repeat(saidMaxChars - 4)} ${key}`, { key }).said;
    expect(said).not.toContain('sec');
  });

  test('is one bounded line, without control characters, whatever comes', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 600 }), (body) => {
        const line = readErrorBody(body, {}).said;
        // The last one says that there was more.
        expect([...line].length).toBeLessThanOrEqual(saidMaxChars + 1);
        expect(line).not.toMatch(/[\p{Cc}\n]/u);
        expect(line.isWellFormed()).toBe(true);
      }),
    );
  });

  test('looks for signs in code, type and parameter, too, and in no page of HTML', () => {
    const error = { message: 'No', type: 'Bad_Type', code: 'insufficient_quota', param: 'Tools' };
    expect(readErrorBody(JSON.stringify({ error }), {}).signs).toBe('insufficient_quota; bad_type; tools; no');
    expect(readErrorBody('<p>tools are not supported</p>', {}).signs).toBe('');
  });
});

describe('errors of errors', () => {
  const inner = '{"error": {"message": "no tools here", "code": "x_1"}}';
  test.each([
    [{ error: { message: 'Provider returned error', code: 400, metadata: { raw: inner, provider_name: 'P' } } }],
    [{ error: { message: 'Provider returned error', metadata: { raw: JSON.parse(inner) } } }],
    [{ message: 'Provider returned error', code: 400, metadata: { raw: 'no tools here x_1' } }],
    [{ error: { message: inner } }],
    [{ error: inner }],
    [[{ error: { message: inner, status: 'INVALID_ARGUMENT' } }]],
    [{ error: { message: 'filtered', innererror: { code: 'x_1', message: 'no tools here' } } }],
  ])('%j: what is inside counts, too', (body) => {
    const { said, signs } = readErrorBody(JSON.stringify(body), {});
    expect(signs).toMatch(/no tools here/);
    expect(signs).toMatch(/x_1/);
    expect(said).not.toContain('{');
  });

  test('a router that only passes on is quoted with what it passes on', () => {
    const body = { error: { message: 'Provider returned error', metadata: { raw: inner } } };
    expect(readErrorBody(JSON.stringify(body), {}).said).toBe('Provider returned error: no tools here');
  });

  test('what was asked, or answered, is no part of it', () => {
    const body = {
      detail: [{ msg: 'bad', loc: ['body'], input: 'tools' }],
      error: { message: 'm', failed_generation: 'tools' },
    };
    expect(readErrorBody(JSON.stringify(body), {}).signs).not.toContain('tools');
  });

  test('depth and length are bounded', () => {
    const deep = `${'{"error":'.repeat(2_000)}"x"${'}'.repeat(2_000)}`;
    expect(readErrorBody(deep, {}).signs.length).toBeLessThanOrEqual(errorBodyMaxBytes);
    const wide = JSON.stringify({ error: { message: 'x'.repeat(20_000) } });
    expect(readErrorBody(wide, {}).signs.length).toBeLessThanOrEqual(errorBodyMaxBytes);
  });
});

describe('a refusal', () => {
  test.each([
    [400, 'Bad request', 'UNAVAILABLE', 'other'],
    [400, 'This model has a context length of 8192 tokens', 'UNAVAILABLE', 'other'],
    [400, 'Content Exists Risk', 'PERMISSION_DENIED', 'nobody'],
    [400, 'tool_use_failed', 'UNAVAILABLE', 'again'],
    [400, 'API key not valid', 'UNAUTHENTICATED', 'other'],
    [400, 'model x does not exist', 'NOT_FOUND', 'other'],
    [400, 'Your credit balance is too low', 'RESOURCE_EXHAUSTED', 'other'],
    [401, 'no', 'UNAUTHENTICATED', 'other'],
    [401, 'quota_exceeded: 5 credits remain', 'RESOURCE_EXHAUSTED', 'other'],
    [402, 'pay', 'RESOURCE_EXHAUSTED', 'other'],
    [403, 'insufficient permissions', 'PERMISSION_DENIED', 'other'],
    [403, 'Your input was flagged. No credits were charged.', 'PERMISSION_DENIED', 'nobody'],
    [404, 'model x does not exist', 'NOT_FOUND', 'other'],
    [405, 'no', 'UNAVAILABLE', 'other'],
    [409, 'conflict', 'UNAVAILABLE', 'again'],
    [413, 'too long', 'UNAVAILABLE', 'other'],
    [422, 'speed is too high', 'UNAVAILABLE', 'other'],
    [425, 'too early', 'UNAVAILABLE', 'again'],
    [429, 'Rate limit reached', 'RESOURCE_EXHAUSTED', 'again'],
    [429, 'Rate limit reached. Upgrade at https://example.org/settings/billing', 'RESOURCE_EXHAUSTED', 'again'],
    [429, 'Request too large: Limit 6000, Requested 10450', 'UNAVAILABLE', 'other'],
    [429, 'You exceeded your current quota', 'RESOURCE_EXHAUSTED', 'other'],
    [307, '', 'UNAVAILABLE', 'other'],
    [500, 'quota service is down', 'UNAVAILABLE', 'again'],
    [501, 'not here', 'UNAVAILABLE', 'other'],
    [505, 'not this HTTP', 'UNAVAILABLE', 'other'],
    [507, 'full', 'UNAVAILABLE', 'again'],
    [529, 'overloaded', 'UNAVAILABLE', 'again'],
  ])('%i "%s" is %s of a model and of a voice, and next comes: %s', (status, said, code, next) => {
    expect(modelFailure(status, said)).toMatchObject({ code, next });
    expect(failureOfVoiceRefusal(refusal(status, said), asked)).toMatchObject({ code, next });
  });

  test('408 is a model that is late, and a voice that is not there', () => {
    expect(modelFailure(408, '')).toMatchObject({ code: 'DEADLINE_EXCEEDED', next: 'again' });
    expect(failureOfVoiceRefusal(refusal(408, ''), asked)).toMatchObject({ code: 'UNAVAILABLE', next: 'again' });
  });

  test.each([400, 413, 422])('%i says nothing against the provider', (status) => {
    expect(modelFailure(status, 'no').isOutage).toBe(false);
    expect(modelFailure(500, 'no').isOutage).toBe(true);
  });

  test.each([401, 403])(
    '%i: its words are not for the client, as they may have a part of the key in them',
    (status) => {
      expect(modelFailure(status, 'part').message).not.toContain('part');
      const failure = failureOfVoiceRefusal(refusal(status, 'part'), asked);
      expect([failure.message.includes('part'), failure.detail]).toEqual([false, `HTTP ${status}: part`]);
    },
  );

  test('of a model tells the client what was said, and the log what it means', () => {
    const { message, detail } = modelFailure(500, 'said');
    expect([message, detail]).toEqual(['is out of order (status 500): said', 'is out of order (status 500)']);
  });
});

describe('a voice that does not exist', () => {
  test.each([
    [400, 'voice: Input should be one of a, b'],
    [404, 'voice_not_found: gone'],
    [422, 'Anna is not a valid choice: not supported'],
  ])('is known by %i "%s", and named', (status, said) => {
    const failure = failureOfVoiceRefusal(refusal(status, said), asked);
    expect(failure).toMatchObject({ code: 'NOT_FOUND', next: 'nobody', detail: `HTTP ${status}: ${said}` });
    expect(failure.told('the voice p')).toBe(`the voice "Anna" does not exist at p: ${said}`);
  });

  test('is not what a setting of a voice is about, nor a request without a voice', () => {
    expect(failureOfVoiceRefusal(refusal(400, 'voice_settings.speed is too high'), asked).code).toBe('UNAVAILABLE');
    const unnamed = failureOfVoiceRefusal(refusal(400, 'voice must be given'), { ...asked, voice: '' });
    expect(unnamed.code).toBe('UNAVAILABLE');
  });
});
