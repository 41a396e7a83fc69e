/** CONTRACT §1, GenerateWelcomeAudio: metadata, sound, an end; the same rules as every stream. */
import { describe, expect, test } from 'vitest';
import type { WelcomeRequest } from '../../../src/rpc/generated/streaming/WelcomeRequest.ts';
import { watchUntilFree } from '../../support/abort-watch.ts';
import { ask, connect, interrupt, start } from '../../support/client.ts';
import { expectSeen, says } from '../../support/contract/contract-rows.ts';
import { startWelcome, welcome } from '../../support/contract/other-rpcs.ts';
import { served } from '../../support/contract/served.ts';
import { eventually } from '../../support/eventually.ts';
import { startServer } from '../../support/server.ts';
import { startStopwatch } from '../../support/stopwatch.ts';
import { richStatusOf } from '../rpc/rich-status.ts';

const scenario = {
  answers: [
    { when: '^hang', steps: [...says('One is here. Two'), { hang: true }] },
    { when: '', steps: says('Hello there.') },
  ],
  speech: { chunks_per_sentence: 2, chunk_bytes: 3000, fail_when: '^bad', hang_when: '^(hung|привет, не)' },
};
const good = { frames: 'metadata audio×2 end', code: 'OK', errorType: null };
const ABORT_WITHIN_MS = 100;

describe('speaks', () => {
  const its = served({ scenario });

  test.concurrent.each<[sentence: string, request: WelcomeRequest, expected: object]>([
    ['Welcome speaks any text', { text: 'Welcome home.' }, good],
    [
      'Welcome speaks any text [: two sentences]',
      { text: 'Welcome home. Dinner is ready.' },
      { ...good, frames: 'metadata audio×4 end' },
    ],
    ['Welcome speaks any text [: Russian]', { text: 'Добро пожаловать.', language: 'ru' }, good],
    [
      '(default greeting when empty)',
      { text: '' },
      { code: 'OK', frames: expect.stringMatching(/^metadata audio(×\d+)? end$/) },
    ],
    [
      '(default greeting when empty) [: white space]',
      { text: ' \n' },
      { code: 'OK', frames: expect.stringMatching(/^metadata audio(×\d+)? end$/) },
    ],
    [
      'language honoured [: a default greeting in Russian]',
      { text: '', language: 'ru-RU' },
      { code: 'OK', frames: expect.stringMatching(/^metadata audio(×\d+)? end$/) },
    ],
    [
      'A given id is [taken and sent back]',
      { text: 'Hi there.', session_id: 'my-session' },
      { ...good, sessionId: 'my-session' },
    ],
    [
      'a missing … session_id is made here (UUID v4)',
      { text: 'Hi there.' },
      { ...good, sessionId: expect.stringMatching(/^[0-9a-f]{8}-[0-9a-f]{4}-4/) },
    ],
    [
      'anything else is INVALID_ARGUMENT',
      { text: 'Hi there.', session_id: 'a b' },
      { frames: 'error', code: 'INVALID_ARGUMENT', errorType: 'invalid_session_id' },
    ],
    [
      'a voice that the engine does not have is replaced by its default one for the language',
      { text: 'Hi there.', voice: 'en-US-JennyNeural' },
      good,
    ],
  ])('%s', async (_, request, expected) => {
    const outcome = await welcome(its.client, request);
    expect(outcome).toMatchObject(expected);
    if (outcome.code === 'OK') return;
    expect(outcome.responses[0]?.error_message).toBe(outcome.details);
    expect(richStatusOf(outcome.trailers)).toMatchObject({
      reason: outcome.errorType?.toUpperCase(),
      message: outcome.details,
    });
  });

  test('one metadata frame first (duration_sec 0 = not known yet)', async () => {
    const { responses } = await welcome(its.client, { text: 'Welcome home.' });
    expect(responses[0]?.metadata).toEqual({
      method: expect.stringMatching(/./),
      duration_sec: 0,
      sample_rate: 48_000,
      channels: 1,
      dtype: 'int16',
    });
  });

  test('raw PCM, no header, 48000 Hz, mono … 4096 bytes a chunk (… the last may be shorter)', async () => {
    const { responses } = await welcome(its.client, { text: 'Welcome home.' });
    const sound = responses.flatMap(({ audio_chunk }) => audio_chunk ?? []);
    expect(sound.map(({ audio_data, ...format }) => ({ bytes: audio_data.length, ...format }))).toEqual(
      [4096, 1904].map((bytes) => ({ bytes, dtype: 'int16', shape: [], sample_rate: 48_000, channels: 1 })),
    );
  });

  test('cancellable [: the voice stops within 100 ms and the slot is free]', async () => {
    const running = startWelcome(its.client, { text: 'Hung is this one.' });
    await eventually(its.server.status, ({ active_speech }) => active_speech > 0);
    const elapsedMs = startStopwatch();
    running.call.cancel();
    const { lastBusyMs } = await watchUntilFree(its.server, elapsedMs);
    expect(lastBusyMs).toBeLessThan(ABORT_WITHIN_MS);
    await running.outcome;
  });

  test('has no single-flight [: twice at once, and beside a stream of its session]', async () => {
    const session_id = 'shared';
    const stream = start(its.client, { prompt: 'hang', session_id, hardware_id: 'pc' });
    await stream.firstFrame;
    const outcomes = await Promise.all([1, 2].map(() => welcome(its.client, { text: 'Welcome home.', session_id })));
    for (const outcome of outcomes) expect(outcome).toMatchObject(good);
    stream.call.cancel();
    await stream.outcome;
  });

  test('[an interrupt of the device ends the welcome of its session, too]', async () => {
    const session_id = 'in-flight';
    const stream = start(its.client, { prompt: 'hang', session_id, hardware_id: 'pc-2' });
    await stream.firstFrame;
    const spoken = startWelcome(its.client, { text: 'Hung is this one.', session_id });
    await eventually(its.server.status, ({ active_streams }) => active_streams === 2);
    expect((await interrupt(its.client, 'pc-2')).interrupted_sessions).toEqual([session_id]);
    expect(await spoken.outcome).toMatchObject({ code: 'CANCELLED', errorType: 'interrupted' });
    expectSeen(await stream.outcome, { code: 'CANCELLED', errorType: 'interrupted' });
  });
});

describe('the one error rule holds, metadata counting as data', () => {
  const its = served({
    scenario,
    env: { SPEECH_FAILURE: 'fail', BACKPRESSURE_MAX_STREAMS: '1', SPEECH_TIMEOUT: '0.5' },
  });

  test.each(['Bad is this one.', 'Hung is this one.', 'Good is this one. Bad is that one.'])(
    '[a voice that fails:] no further frame of any kind, the non-OK status with its details alone [: %s]',
    async (text) => {
      const { frames, responses, ...ended } = await welcome(its.client, { text });
      if (frames !== 'error') expect(frames).toMatch(/^metadata( audio(×\d+)?)?$/);
      else expect(responses[0]?.error_message).toBe(ended.details);
      expect(ended).toMatchObject({ code: 'UNAVAILABLE', errorType: 'speech_failed' });
      expect(richStatusOf(ended.trailers)).toMatchObject({ reason: 'SPEECH_FAILED', message: ended.details });
    },
  );

  test('takes a stream slot [: the second is refused, and so is a stream beside it]', async () => {
    const running = startWelcome(its.client, { text: 'Hung is this one.' });
    await eventually(its.server.status, ({ active_streams }) => active_streams === 1);
    const refused = await welcome(its.client, { text: 'Welcome home.' });
    expect(refused).toMatchObject({
      frames: 'error',
      code: 'RESOURCE_EXHAUSTED',
      errorType: 'stream_limit_exceeded',
      details: 'STREAM_LIMIT_EXCEEDED: Maximum concurrent streams (1) reached. Current active: 1',
    });
    expect(refused.responses[0]?.error_message).toBe(refused.details);
    expectSeen(await ask(its.client, { prompt: 'hi' }), { frames: 'error', errorType: 'stream_limit_exceeded' });
    running.call.cancel();
    await running.outcome;
    await eventually(its.server.status, ({ active_streams }) => active_streams === 0);
  });
});

describe('log lines', () => {
  test('stream_acquired, stream_released, end [: of a welcome, with its method, and not a word of its text]', async () => {
    const server = await startServer({ scenario });
    const client = connect(server.grpcPort);
    await welcome(client, { text: 'Secret is this one.', session_id: 'logged' });
    const lines = () => server.logs.filter(({ ctx }) => ctx?.session_id === 'logged');
    await eventually(lines, (found) => found.some(({ decision }) => decision === 'end'));
    expect(lines().map(({ decision, method }) => `${method} ${decision}`)).toEqual(
      ['stream_acquired', 'stream_released', 'end'].map((decision) => `GenerateWelcomeAudio ${decision}`),
    );
    expect(JSON.stringify(server.logs)).not.toContain('Secret');
    client.close();
  });
});
