/** GenerateWelcomeAudio over the wire: frames and their order, voices, languages, identity, slots, ends, errors before and after data. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { WelcomeResponse__Output } from '../../../src/rpc/generated/streaming/WelcomeResponse.ts';
import {
  type CallOutcome,
  connect,
  interrupt,
  start,
  startWelcome,
  type TestClient,
  welcome,
} from '../../support/client.ts';
import { eventually } from '../../support/eventually.ts';
import { startServer } from '../../support/server.ts';
import type { TestServer } from '../../support/test-server.ts';
import { expectErrorAfterData, expectErrorBeforeData, expectGoodEnd } from './outcomes.ts';
import { richStatusOf } from './rich-status.ts';

type WelcomeOutcome = CallOutcome<WelcomeResponse__Output>;

const CHUNK_BYTES = 4096;

const scenario = {
  answers: [{ when: '', steps: [{ say: 'One is here. Two' }, { hang: true }] }],
  speech: { chunks_per_sentence: 3, ms_per_chunk: 2, fail_when: 'broken', hang_when: 'hangs' },
};

let server: TestServer;
let client: TestClient;
beforeAll(async () => {
  server = await startServer({ scenario, env: { BACKPRESSURE_MAX_STREAMS: '8', SPEECH_TIMEOUT: '0.3' } });
  client = connect(server.grpcPort);
});
afterAll(() => client.close());

/** One metadata frame, then sound in the one format, then one end frame, then OK. */
function expectSpoken(outcome: WelcomeOutcome, method: string): void {
  expectGoodEnd(outcome);
  const [metadata, ...rest] = outcome.frames;
  expect(metadata?.metadata).toEqual({ method, duration_sec: 0, sample_rate: 48_000, channels: 1, dtype: 'int16' });
  expect(rest.at(-1)?.end_message).toBe('COMPLETED');
  for (const { audio_chunk: chunk } of rest.slice(0, -1)) {
    expect(chunk).toMatchObject({ dtype: 'int16', shape: [], sample_rate: 48_000, channels: 1 });
    const bytes = chunk?.audio_data.length ?? 0;
    expect(bytes).toBeGreaterThan(0);
    expect(bytes).toBeLessThanOrEqual(CHUNK_BYTES);
    expect(bytes % 2).toBe(0);
  }
}

/** Voices at two paces, that of speech and none, whose sentences are longer than what waits before their turn. */
function aheadServer(): Promise<readonly { readonly client: TestClient }[]> {
  return Promise.all(
    [50, 0].map(async (ms_per_chunk) => {
      const speech = { ...scenario.speech, chunks_per_sentence: 10, chunk_bytes: CHUNK_BYTES, ms_per_chunk };
      const its = await startServer({ scenario: { ...scenario, speech }, env: { SPEECH_TIMEOUT: '0.3' } });
      return { client: connect(its.grpcPort) };
    }),
  );
}

function loudestOf(sound: Buffer = Buffer.alloc(0)): number {
  let loudest = 0;
  for (let at = 0; at < sound.length; at += 2) loudest = Math.max(loudest, Math.abs(sound.readInt16LE(at)));
  return loudest;
}

const framesOf = (sentences: number) => ['metadata', ...Array(3 * sentences).fill('audio_chunk'), 'end_message'];

describe('a good stream', () => {
  test('is one metadata frame, the sound of all sentences, and one end frame', async () => {
    const outcome = await welcome(client, { text: 'Here is one sentence. Then comes another one. And a third, too.' });
    expectSpoken(outcome, 'scripted');
    expect(outcome.kinds).toEqual(framesOf(3));
    expect(outcome.audioBytes).toBe(9 * CHUNK_BYTES);
  });

  test('speaks what markdown means and not its signs', async () => {
    const outcome = await welcome(client, {
      text: '# Heading here\n- **bold** words\n🙂🙂🙂🙂🙂🙂🙂🙂\n',
    });
    expect(outcome.kinds).toEqual(framesOf(2));
  });

  test.each(['🙂', '***', '```\ncode\n```'])('of %j, in which nothing can be spoken, has no sound', async (text) => {
    const outcome = await welcome(client, { text });
    expectSpoken(outcome, 'scripted');
    expect(outcome.kinds).toEqual(['metadata', 'end_message']);
  });

  test.each(['', '   \n'])('of the blank text %j is the greeting: three sentences', async (text) => {
    for (const language of ['', 'en', 'ru-RU']) {
      const outcome = await welcome(client, { text, language });
      expectSpoken(outcome, 'scripted');
      expect(outcome.audioBytes).toBeGreaterThanOrEqual(2 * 3 * CHUNK_BYTES);
    }
  });

  test('leaves the lines of any other stream in the log, with its method', async () => {
    const outcome = await welcome(client, { text: 'Words to be logged.', session_id: 'logged-1' });
    const lines = await eventually(
      () => server.logs.filter(({ ctx }) => ctx?.session_id === 'logged-1'),
      ({ length }) => length === 3,
    );
    expect(lines.map(({ scope, method, decision }) => ({ scope, method, decision }))).toEqual(
      [
        ['backpressure', 'stream_acquired'],
        ['backpressure', 'stream_released'],
        ['workflow', 'end'],
      ].map(([scope, decision]) => ({ scope, method: 'GenerateWelcomeAudio', decision })),
    );
    expect(lines[2]?.ctx).toMatchObject({
      reason: 'completed',
      frames: outcome.frames.length,
      first_text_seconds: null,
      first_audio_seconds: expect.any(Number),
    });
    expect(JSON.stringify(server.logs)).not.toContain('Words to be');
  });
});

describe('a voice', () => {
  test.each(['', 'default', 'Default', ' ', 'tone'])('"%s" is welcome', async (voice) => {
    expectSpoken(await welcome(client, { text: 'Hello there.', voice }), 'scripted');
  });

  test('that does not exist is replaced, with the id that clients greet under, and logged once', async () => {
    const shipped = { text: 'Hello there. And more.', voice: 'en-US-JennyNeural', session_id: 'welcome_1796006750.5' };
    for (const request of [shipped, shipped, { ...shipped, voice: 'ru-RU-SvetlanaNeural' }]) {
      expectSpoken(await welcome(client, request), 'scripted');
    }
    const lines = server.logs.filter(({ decision }) => decision === 'voice_replaced');
    expect(lines.map(({ ctx }) => ctx)).toEqual([
      { voice: 'en-US-JennyNeural', spoken_by: 'tone' },
      { voice: 'ru-RU-SvetlanaNeural', spoken_by: 'tone' },
    ]);
  });

  test('that does not exist is NOT_FOUND/not_found where it is refused, before any frame and with its name', async () => {
    const refusing = connect((await startServer({ scenario, env: { VOICE_UNKNOWN: 'refuse' } })).grpcPort);
    const outcome = await welcome(refusing, { text: 'Hello there. And more words are here.', voice: 'nobody' });
    refusing.close();
    expectErrorBeforeData(outcome, {
      code: 'NOT_FOUND',
      errorType: 'not_found',
      details: 'no voice "nobody"; there is tone',
    });
    expect(richStatusOf(outcome.trailers)).toMatchObject({ reason: 'NOT_FOUND', retryAfterMs: null });
  });

  test.each([
    { field: 'voice', value: 'x'.repeat(129) },
    { field: 'voice', value: 'to\nne' },
    { field: 'language', value: 'x'.repeat(129) },
    { field: 'language', value: 'en\u0000' },
  ])('or language of bad form is INVALID_ARGUMENT/invalid_request: $field $value', async ({ field, value }) => {
    const outcome = await welcome(client, { text: 'Hello.', [field]: value });
    expectErrorBeforeData(outcome, { code: 'INVALID_ARGUMENT', errorType: 'invalid_request' });
    expect(outcome.details).toMatch(new RegExp(`^${field} .* must be at most 128 characters`));
  });

  test('a language that the engine does not know is no fault', async () => {
    expectSpoken(await welcome(client, { text: 'Hello there.', language: 'tlh-Latn' }), 'scripted');
  });
});

describe('identity', () => {
  test('a given session id is sent back, a missing one is made', async () => {
    expect((await welcome(client, { text: 'Hello.', session_id: 'mine-1' })).sessionId).toBe('mine-1');
    for (const session_id of ['', 'unknown']) {
      expect((await welcome(client, { text: 'Hello.', session_id })).sessionId).toMatch(/^[0-9a-f-]{36}$/);
    }
  });

  test('a malformed session id is refused', async () => {
    const outcome = await welcome(client, { text: 'Hello.', session_id: 'a b' });
    expectErrorBeforeData(outcome, { code: 'INVALID_ARGUMENT', errorType: 'invalid_session_id' });
  });

  test('no policy asks more of a session id than that it is well formed', async () => {
    const strict = await startServer({ scenario, env: { IDENTITY_POLICY: 'strict' } });
    const strictClient = connect(strict.grpcPort);
    const outcomeOf = (session_id: string) => welcome(strictClient, { text: 'Hello.', session_id });
    expectErrorBeforeData(await outcomeOf('a b'), { code: 'INVALID_ARGUMENT', errorType: 'invalid_session_id' });
    for (const session_id of ['', 'welcome_1796006750.5', '3f2504e0-4f89-41d3-9a0c-0305e82c3301']) {
      expectSpoken(await outcomeOf(session_id), 'scripted');
    }
    strictClient.close();
  });
});

describe('a failure', () => {
  test('of the first sentence is an error before any frame', async () => {
    const outcome = await welcome(client, { text: 'This is a broken sentence.' });
    expectErrorBeforeData(outcome, { code: 'UNAVAILABLE', errorType: 'speech_failed' });
    expect(outcome.details).toBe('scripted speech failure: the sentence matches fail_when');
  });

  test('after some sound is the status alone', async () => {
    const good = 'One more of the good sentences. ';
    const outcome = await welcome(client, { text: `${good.repeat(6)}This is a broken sentence.` });
    expectErrorAfterData(outcome, { code: 'UNAVAILABLE', errorType: 'speech_failed' });
    expect(outcome.kinds.slice(0, 2)).toEqual(['metadata', 'audio_chunk']);
  });

  test.each([
    { third: 'Third is broken.', details: 'scripted speech failure: the sentence matches fail_when' },
    { third: 'Third one hangs.', details: 'No sound for 0.3s' },
  ])('of a later sentence is the status alone, when all sound before it was sent: $third', async (expected) => {
    const its = await aheadServer();
    for (const { client: ahead } of its) {
      const text = `First sentence is fine. Second sentence is fine. ${expected.third} Fourth is fine.`;
      const outcome = await welcome(ahead, { text });
      expectErrorAfterData(outcome, { code: 'UNAVAILABLE', errorType: 'speech_failed', details: expected.details });
      expect(outcome.kinds).toEqual(['metadata', ...Array(20).fill('audio_chunk')]);
      expect(outcome.audioBytes).toBe(20 * CHUNK_BYTES);
      ahead.close();
    }
  });

  test('a voice without a sound is UNAVAILABLE after SPEECH_TIMEOUT', async () => {
    const outcome = await welcome(client, { text: 'This one hangs for ever.' });
    expectErrorBeforeData(outcome, { code: 'UNAVAILABLE', errorType: 'speech_failed', details: 'No sound for 0.3s' });
  });

  test('a text beyond 16 MiB is request_too_large', async () => {
    const outcome = await welcome(client, { text: 'x'.repeat(16 * 1024 * 1024) });
    expectErrorBeforeData(outcome, { code: 'RESOURCE_EXHAUSTED', errorType: 'request_too_large' });
    expect(server.logsOf('reject').at(-1)).toMatchObject({
      method: 'GenerateWelcomeAudio',
      ctx: { reason: 'request_too_large' },
    });
  });
});

const endless = 'One more of a thousand sentences. '.repeat(1_000);

describe('slots', () => {
  test('a welcome stream takes one, beside a running stream of the same session id, which is no fault', async () => {
    const answer = start(client, { prompt: 'x', session_id: 'shared-1', hardware_id: 'device-1' });
    await answer.firstFrame;
    const spoken = await welcome(client, { text: 'Hello there.', session_id: 'shared-1' });
    expectSpoken(spoken, 'scripted');
    const running = startWelcome(client, { text: endless, session_id: 'shared-1' });
    await running.firstFrame;
    expect(await server.status()).toMatchObject({ active_streams: 2, in_flight: 1 });
    running.call.cancel();
    answer.call.cancel();
    await Promise.all([running.outcome, answer.outcome]);
  });

  test('the ninth of eight is refused at once, and every slot comes back', async () => {
    await eventually(
      () => server.status(),
      ({ active_streams }) => active_streams === 0,
    );
    const running = Array.from({ length: 8 }, () => startWelcome(client, { text: endless }));
    await Promise.all(running.map(({ firstFrame }) => firstFrame));
    const refused = await welcome(client, { text: 'Hello.' });
    expectErrorBeforeData(refused, {
      code: 'RESOURCE_EXHAUSTED',
      errorType: 'stream_limit_exceeded',
      details: 'STREAM_LIMIT_EXCEEDED: Maximum concurrent streams (8) reached. Current active: 8',
    });
    for (const { call } of running) call.cancel();
    await eventually(
      () => server.status(),
      ({ active_streams, active_speech }) => active_streams + active_speech === 0,
    );
  });
});

describe('an end from outside', () => {
  test('a deadline that passes', async () => {
    const outcome = await startWelcome(client, { text: endless }, { deadlineMs: 200 }).outcome;
    expect(outcome.code).toBe('DEADLINE_EXCEEDED');
    await eventually(
      () => server.status(),
      ({ active_streams, active_speech }) => active_streams + active_speech === 0,
    );
  });

  test('an interrupt of the device whose session it speaks for: the session is named once', async () => {
    const answer = start(client, { prompt: 'x', session_id: 'shared-2', hardware_id: 'device-2' });
    await answer.firstFrame;
    const spoken = [1, 2].map(() => startWelcome(client, { text: endless, session_id: 'shared-2' }));
    const other = startWelcome(client, { text: endless, session_id: 'other' });
    await Promise.all([...spoken, other].map(({ firstFrame }) => firstFrame));
    expect((await interrupt(client, 'device-2')).interrupted_sessions).toEqual(['shared-2']);
    for (const { outcome } of spoken) {
      expectErrorAfterData(await outcome, { code: 'CANCELLED', errorType: 'interrupted' });
    }
    expect(await server.status()).toMatchObject({ active_streams: 1 });
    other.call.cancel();
  });

  test('the rate limit counts its frames, metadata included', async () => {
    const limited = await startServer({ scenario, env: { BACKPRESSURE_MAX_RATE: '5' } });
    const limitedClient = connect(limited.grpcPort);
    const outcome = await welcome(limitedClient, { text: endless });
    limitedClient.close();
    expectErrorAfterData(outcome, { code: 'RESOURCE_EXHAUSTED', errorType: 'rate_limit_exceeded' });
    expect(outcome.kinds).toEqual(['metadata', ...Array(4).fill('audio_chunk')]);
  });

  test('the total time', async () => {
    const limited = await startServer({ scenario, env: { SESSION_TIMEOUT: '0.3' } });
    const limitedClient = connect(limited.grpcPort);
    const outcome = await welcome(limitedClient, { text: endless });
    limitedClient.close();
    expectErrorAfterData(outcome, { code: 'DEADLINE_EXCEEDED', errorType: 'session_timeout' });
  });

  test('a drain lets it end, ends it after the grace period, and refuses the next', async () => {
    const draining = await startServer({ scenario, env: { BACKPRESSURE_GRACE_PERIOD: '0.5' } });
    const drainingClient = connect(draining.grpcPort);
    const [short, long] = ['Hello there.', endless].map((text) => startWelcome(drainingClient, { text }));
    await long?.firstFrame;
    draining.shutDown();
    await eventually(
      () => draining.logsOf('drain'),
      ({ length }) => length === 1,
    );
    expectErrorBeforeData(await welcome(drainingClient, { text: 'Hello.' }), {
      code: 'UNAVAILABLE',
      errorType: 'draining',
    });
    expectGoodEnd((await short?.outcome) ?? expect.unreachable());
    expectErrorAfterData((await long?.outcome) ?? expect.unreachable(), { code: 'UNAVAILABLE', errorType: 'draining' });
    expect(await draining.exited).toBe(0);
    drainingClient.close();
  });
});

describe('embedded engines', () => {
  let embedded: TestServer;
  let embeddedClient: TestClient;
  beforeAll(async () => {
    embedded = await startServer();
    embeddedClient = connect(embedded.grpcPort);
  });
  afterAll(() => embeddedClient.close());

  test.each([
    { text: 'Good morning. It is a sunny day.' },
    { text: 'Доброе утро. Сегодня солнечно.' },
    { text: '', language: 'en' },
    { text: '', language: 'ru' },
    { text: 'Guten Morgen, liebe Leute.', language: 'de-DE' },
    { text: 'Good morning.', voice: 'flite-rms' },
    { text: 'Good morning.', voice: 'espeak-en' },
  ])('speak $text $language $voice', async (request) => {
    const outcome = await welcome(embeddedClient, request);
    expectSpoken(outcome, 'embedded');
    // A second of sound at least, and no silence.
    expect(outcome.audioBytes).toBeGreaterThan(48_000);
    const loudest = Math.max(...outcome.frames.map(({ audio_chunk: chunk }) => loudestOf(chunk?.audio_data)));
    expect(loudest).toBeGreaterThan(2_000);
  });

  test('a voice is another one than the default, a language than that of the script', async () => {
    const bytesOf = async (request: object) => (await welcome(embeddedClient, request)).audioBytes;
    const text = 'Good morning to all of you.';
    const [plain, voice, language] = [
      await bytesOf({ text }),
      await bytesOf({ text, voice: 'flite-rms' }),
      await bytesOf({ text, language: 'de' }),
    ];
    expect(new Set([plain, voice, language]).size).toBe(3);
  });

  test('an unknown voice tells the language, also of the greeting, where none is given', async () => {
    const secondsOf = async (request: object) => (await welcome(embeddedClient, request)).audioBytes / 96_000;
    const text = 'Guten Morgen, liebe Leute.';
    const [german, plain] = [await secondsOf({ text, language: 'de' }), await secondsOf({ text })];
    expect(Math.abs(german - plain)).toBeGreaterThan(0.05);
    expect(await secondsOf({ text, voice: 'de-DE-KatjaNeural' })).toBeCloseTo(german, 2);
    expect(await secondsOf({ text, voice: 'ru-RU-SvetlanaNeural', language: 'de' })).toBeCloseTo(german, 2);
    const greeting = await secondsOf({ language: 'ru' });
    expect(await secondsOf({ voice: 'ru-RU-SvetlanaNeural' })).toBeCloseTo(greeting, 2);
  });

  test('no chunk of it is one that clients leave out, and its pauses are there', async () => {
    const text = 'Good morning, everybody. It is a sunny day; the birds sing, and so on... What shall we do today?';
    const { frames } = await welcome(embeddedClient, { text });
    const chunks = frames.flatMap(({ audio_chunk: chunk }) => (chunk == null ? [] : [chunk.audio_data]));
    expect(chunks.length).toBeGreaterThan(100);
    expect(Math.min(...chunks.map(loudestOf))).toBeGreaterThan(24);
    expect(chunks.filter((chunk) => loudestOf(chunk) < 33).length).toBeGreaterThan(3);
  });

  test('many at once all speak to their end', async () => {
    const outcomes = await Promise.all(
      Array.from({ length: 12 }, (_, index) =>
        welcome(embeddedClient, { text: index % 2 === 0 ? 'Good morning.' : 'Доброе утро.' }),
      ),
    );
    for (const outcome of outcomes) expectSpoken(outcome, 'embedded');
  });
});
