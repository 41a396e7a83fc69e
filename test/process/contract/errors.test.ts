/** CONTRACT §1, "The one error rule" and the table of errors: each row through the wire, with its trailers. */
import { describe, expect, test } from 'vitest';
import { ask } from '../../support/client.ts';
import { answersOf, checkRow, type Step, type StreamRow, says, titled } from '../../support/contract/contract-rows.ts';
import { served } from '../../support/contract/served.ts';
import { eventually } from '../../support/eventually.ts';
import { richStatusOf } from '../rpc/rich-status.ts';

const SAFARI = { command: 'open_app', args: { app_name: 'Safari' } };
/** Long enough that what was said before has left, so that the failure really comes after data. */
const LATER: Step = { wait_ms: 300 };
const DOWN: Step = { fail: { error_code: 'UNAVAILABLE', message: 'model is down' } };
const down = { code: 'UNAVAILABLE', errorType: 'answer_failed', details: 'model is down' };

const rule: readonly StreamRow[] = [
  {
    sentence:
      'Before any frame was sent: exactly one `StreamResponse{error_message}` and then the non-OK status with the same text.',
    given: { model: [DOWN] },
    expect: { frames: 'error', ...down },
  },
  {
    sentence:
      'After a text, audio or action frame was sent: no further frame of any kind, the non-OK status with its details alone. [text and audio]',
    given: { model: [...says('One is here. Two'), LATER, DOWN] },
    expect: { frames: 'text audio×2', ...down },
  },
  {
    sentence: 'After a text … frame was sent: no further frame of any kind [text alone]',
    given: { model: [...says('Mute is this one. Two'), LATER, DOWN] },
    expect: { frames: 'text', ...down },
  },
  {
    sentence: '[a failure after a tool call: the command has not been sent and never will be]',
    given: { model: [{ command: SAFARI }, DOWN] },
    expect: { frames: 'error', action: null, ...down },
  },
  {
    sentence: '[a failure after words and a tool call:] An error ends the stream at once',
    given: { model: [...says('One is here. '), { command: SAFARI }, LATER, DOWN] },
    expect: { frames: 'text audio×2', action: null, ...down },
  },
  {
    sentence:
      'frames that still wait in our own queue when the error comes are dropped [: words without a sentence’s end]',
    given: { model: [...says('Not yet a sen'), DOWN] },
    expect: { ...down },
  },
  {
    sentence: 'an unknown or missing error_code is INTERNAL/processing_error [, unknown]',
    given: { model: [{ fail: { error_code: 'TEAPOT', message: 'I am a teapot' } }] },
    expect: { frames: 'error', code: 'INTERNAL', errorType: 'processing_error', details: 'I am a teapot' },
  },
  {
    sentence: 'an unknown or missing error_code is INTERNAL/processing_error [, missing]',
    given: { model: [{ fail: { message: 'something broke' } }] },
    expect: { frames: 'error', code: 'INTERNAL', errorType: 'processing_error', details: 'something broke' },
  },
  {
    sentence: 'Texts of *unexpected* exceptions stay in the log: the wire says "Internal error" and an id',
    given: { model: [{ throw: 'boom' }] },
    expect: { frames: 'error', code: 'INTERNAL', details: expect.stringMatching(/^Internal error \(\S+\)$/) },
  },
  {
    sentence: 'Texts of *unexpected* exceptions stay in the log [, after data]',
    given: { model: [...says('One is here. Two'), LATER, { throw: 'boom' }] },
    expect: { frames: 'text audio×2', code: 'INTERNAL', details: expect.stringMatching(/^Internal error \(\S+\)$/) },
  },
  {
    sentence: '(no text and no command …) are UNAVAILABLE/empty_answer [: not a word]',
    given: { model: [] },
    expect: { frames: 'error', code: 'UNAVAILABLE', errorType: 'empty_answer' },
  },
  {
    sentence: '(no text and no command …) are UNAVAILABLE/empty_answer [: white space]',
    given: { model: says(' ', '\n\t ') },
    expect: { frames: 'error', code: 'UNAVAILABLE', errorType: 'empty_answer' },
  },
  {
    sentence: '(… or only a command that was dropped) are UNAVAILABLE/empty_answer',
    given: { model: [{ command: { command: 'format_disk', args: {} } }] },
    expect: { frames: 'error', code: 'UNAVAILABLE', errorType: 'empty_answer' },
  },
  {
    sentence:
      'Speech that fails after its retries … does not end the stream: text goes on without that sentence’s audio',
    given: { model: says('One is here. ', 'Mute is this one. ', 'Three is here.') },
    expect: { frames: 'text audio×2 text×2 audio×2 end', code: 'OK' },
  },
];

/** error_code = gRPC status; the error_type of a code that the model declares; whether trying again makes sense. */
const declared: readonly (readonly [string, string, boolean])[] = [
  ['INVALID_ARGUMENT', 'invalid_request', false],
  ['RESOURCE_EXHAUSTED', 'overloaded', true],
  ['DEADLINE_EXCEEDED', 'answer_stalled', true],
  ['UNAVAILABLE', 'answer_failed', true],
  ['CANCELLED', 'client_cancelled', false],
  ['PERMISSION_DENIED', 'access_denied', false],
  ['NOT_FOUND', 'not_found', false],
  ['UNAUTHENTICATED', 'unauthenticated', false],
  ['INTERNAL', 'processing_error', false],
];
const codes: readonly StreamRow[] = declared.flatMap(([code, errorType]) => {
  const fail: Step = { fail: { error_code: code, message: `${code}, says the model` } };
  const expected = { code, errorType, details: `${code}, says the model` };
  const sentence = `A failure that an engine *declares* (code and message) goes out with its message: ${code}`;
  return [
    { sentence: `${sentence} [before data]`, given: { model: [fail] }, expect: { frames: 'error', ...expected } },
    {
      sentence: `${sentence} [after data]`,
      given: { model: [...says('One is here. Two'), LATER, fail] },
      expect: { frames: 'text audio×2', ...expected },
    },
  ];
});

const scenario = {
  answers: [...answersOf({ rule, codes })],
  speech: { chunks_per_sentence: 2, fail_when: 'mute' },
};

describe('The one error rule', () => {
  const its = served({ scenario });

  test.concurrent.each(titled('rule', rule))('%s', async (_, row) => {
    await checkRow(its.client, row);
  });

  test.concurrent.each(titled('codes', codes))('%s', async (_, row) => {
    await checkRow(its.client, row);
  });

  test.each(declared)('RetryInfo where a retry makes sense: %s/%s %s', async (code, _, isRetryable) => {
    const row = codes.findIndex(({ expect: { code: each } }) => each === code);
    const { retryAfterMs } = richStatusOf((await ask(its.client, { prompt: `codes ${row}` })).trailers);
    if (isRetryable) expect(retryAfterMs).toBeGreaterThan(0);
    else expect(retryAfterMs).toBeNull();
  });

  test('an id that finds the log line', async () => {
    const { details } = await ask(its.client, { prompt: 'rule 8' });
    const id = /^Internal error \((\S+)\)$/.exec(details)?.[1] ?? 'no id';
    await eventually(
      () =>
        its.server.logs.filter(
          (line) => JSON.stringify(line.ctx).includes(id) && JSON.stringify(line).includes('boom'),
        ),
      (found) => found.length === 1,
    );
    expect(details).not.toContain('boom');
  });
});
