/**
 * Voices from outside through the whole server: their sound reaches the client, their failures end as the contract says, an abort of
 * the client reaches them, and their key is nowhere to be seen.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, test } from 'vitest';
import { ask, connect, start, type TestClient, welcome } from '../../support/client.ts';
import { eventually } from '../../support/eventually.ts';
import { startSpeechServer } from '../../support/providers/speech-server.ts';
import { measure } from '../../support/providers/voices.ts';
import { startServer } from '../../support/server.ts';
import type { TestServer } from '../../support/test-server.ts';

const voices = await startSpeechServer();
const program = fileURLToPath(new URL('../../support/providers/speaking-program.mjs', import.meta.url));
const sentences = ['Good morning to you all.', 'This is the second sentence.', 'And here is the last of them.'];
const scenario = { answers: [{ when: '', steps: sentences.map((sentence) => ({ say: `${sentence} ` })) }] };
/** 10 ms a character, 96 bytes a millisecond. */
const audioBytes = sentences.join('').length * 10 * 96;
const key = 'sk-never-to-be-seen-0123456789';

const clients: TestClient[] = [];
afterAll(() => {
  for (const client of clients) client.close();
});

async function serverWith(env: Readonly<Record<string, string>>): Promise<{ server: TestServer; client: TestClient }> {
  const openai = { SPEECH_ENGINE: 'openai', SPEECH_BASE_URL: voices.url('/v1'), SPEECH_API_KEY: key };
  const server = await startServer({ scenario, env: { ...openai, ...env } });
  const client = connect(server.grpcPort);
  clients.push(client);
  return { server, client };
}

const sessionOf = (name: string) => ({ prompt: 'Go', hardware_id: 'device', session_id: name });

describe('the sound of a voice from outside', () => {
  test.each<[string, Readonly<Record<string, string>>, number]>([
    ['openai', {}, audioBytes],
    ['azure', { SPEECH_ENGINE: 'azure', SPEECH_BASE_URL: voices.url() }, audioBytes],
    ['elevenlabs', { SPEECH_ENGINE: 'elevenlabs', SPEECH_BASE_URL: voices.url() }, audioBytes],
    ['piper', { SPEECH_ENGINE: 'piper', SPEECH_BASE_URL: voices.url('/piper-json') }, audioBytes],
    [
      'command',
      {
        SPEECH_ENGINE: 'command',
        SPEECH_COMMAND: `"${process.execPath}" "${program}" tone`,
        SPEECH_SAMPLE_RATE: '16000',
      },
      3 * 96_000,
    ],
  ])('%s reaches the client, sentence by sentence, in order and whole', async (_, env, bytes) => {
    const { client } = await serverWith(env);
    const outcome = await ask(client, sessionOf('whole'));
    expect(outcome.code).toBe('OK');
    expect(outcome.text).toBe(sentences.join(' '));
    expect(outcome.kinds.filter((kind, at) => kind !== outcome.kinds[at - 1])).toEqual([
      ...sentences.flatMap(() => ['text_chunk', 'audio_chunk']),
      'end_message',
    ]);
    // A sentence's length is rounded to whole samples of the voice's rate.
    expect(Math.abs(outcome.audioBytes - bytes)).toBeLessThanOrEqual(6);
    const first = outcome.kinds.indexOf('text_chunk', 1);
    const sound = outcome.frames.slice(1, first).map((frame) => frame.audio_chunk?.audio_data ?? Buffer.alloc(0));
    // The tone ends in the middle of a wave: its very end is a step.
    const heard = measure(Buffer.concat(sound).subarray(0, -400));
    expect(heard.hz).toBeCloseTo(440, -0.5);
    expect(heard.greatestStep).toBeLessThan(0.025);
  });
});

describe('a voice that fails', () => {
  test('takes the sound and leaves the text, is tried as often as configured and not once more', async () => {
    const { server, client } = await serverWith({
      SPEECH_VOICE: 'status500',
      SPEECH_RETRIES: '2',
      SPEECH_LOOKAHEAD: '0',
    });
    await voices.reset();
    const outcome = await ask(client, sessionOf('degraded'));
    expect(outcome).toMatchObject({ code: 'OK', text: sentences.join(' '), audioBytes: 0 });
    expect((await voices.seen()).requests).toHaveLength(3 * sentences.length);
    expect(server.logsOf('voice_retry')).toHaveLength(2 * sentences.length);
    const [failed] = server.logsOf('voice_failed');
    expect(failed).toMatchObject({
      level: 40,
      scope: 'engine',
      ctx: { provider: 'openai', error_code: 'UNAVAILABLE', tries: 3, detail: 'HTTP 500: this is a 500 for "***"' },
    });
  });

  test('ends the stream as UNAVAILABLE/speech_failed where it must not fail', async () => {
    const { client } = await serverWith({ SPEECH_VOICE: 'status503', SPEECH_FAILURE: 'fail', SPEECH_RETRIES: '0' });
    expect(await ask(client, sessionOf('failed'))).toMatchObject({
      kinds: ['text_chunk'],
      code: 'UNAVAILABLE',
      errorType: 'speech_failed',
      details: expect.stringContaining('the voice openai failed (HTTP 503)'),
    });
  });

  test('in mid-sentence ends the stream where it must not fail, and never passes for a whole one', async () => {
    const { client } = await serverWith({ SPEECH_VOICE: 'cutpolitely', SPEECH_FAILURE: 'fail', SPEECH_LOOKAHEAD: '0' });
    const outcome = await ask(client, sessionOf('cut'));
    expect(outcome).toMatchObject({ code: 'UNAVAILABLE', errorType: 'speech_failed' });
    expect(outcome.details).toContain('the voice openai broke off');
    expect(outcome.kinds).not.toContain('end_message');
    expect(outcome.audioBytes).toBeGreaterThan(0);
  });

  test('by saying nothing is given up after SPEECH_TIMEOUT, and hears of it', async () => {
    const { client } = await serverWith({ SPEECH_VOICE: 'silence', SPEECH_TIMEOUT: '0.3' });
    await voices.reset();
    expect(await ask(client, sessionOf('silent'))).toMatchObject({
      code: 'OK',
      text: sentences.join(' '),
      audioBytes: 0,
    });
    const { requests } = await eventually(voices.seen, ({ active }) => active === 0);
    expect(requests.every(({ abortedAtMs }) => abortedAtMs !== undefined)).toBe(true);
  });
});

test('pauses of a voice are played: no chunk is silent, and as much comes as the voice gave', async () => {
  const { client } = await serverWith({ SPEECH_VOICE: 'pauses' });
  const outcome = await ask(client, sessionOf('pauses'));
  expect(outcome).toMatchObject({ code: 'OK', audioBytes });
  const loudest = outcome.frames.flatMap(({ audio_chunk: chunk }) => {
    if (chunk == null) return [];
    const { buffer, byteOffset, length } = Buffer.from(chunk.audio_data);
    return [Math.max(...new Int16Array(buffer.slice(byteOffset, byteOffset + length)).map(Math.abs))];
  });
  expect(Math.min(...loudest)).toBeGreaterThan(24);
  expect(loudest.filter((peak) => peak < 33).length).toBeGreaterThan(2);
});

describe('a welcome', () => {
  test('is spoken by the voice that it names, and one that does not exist is NOT_FOUND where it is refused', async () => {
    const { client } = await serverWith({ VOICE_UNKNOWN: 'refuse' });
    await voices.reset();
    const good = await welcome(client, { text: 'Welcome home, dear.', session_id: 'w1', voice: 'high-nova' });
    expect(good).toMatchObject({ code: 'OK', audioBytes: 19 * 960 });
    expect((await voices.seen()).requests.at(-1)).toMatchObject({ voice: 'high-nova', text: 'Welcome home, dear.' });
    expect(await welcome(client, { text: 'Welcome home.', session_id: 'w2', voice: 'nobody' })).toMatchObject({
      kinds: ['error_message'],
      code: 'NOT_FOUND',
      errorType: 'not_found',
      details: expect.stringContaining('"nobody"'),
    });
  });

  test('in another language gets the voice of that language', async () => {
    const { client } = await serverWith({ SPEECH_VOICES: 'en=alloy, ru=onyx, de=echo' });
    await voices.reset();
    await welcome(client, { text: 'Guten Tag zusammen.', session_id: 'w3', language: 'de-AT' });
    await welcome(client, { text: 'Добрый день.', session_id: 'w4' });
    expect((await voices.seen()).requests.map(({ voice }) => voice)).toEqual(['echo', 'onyx']);
  });
});

describe('a client that cancels', () => {
  test('is heard of by its voice within 100 ms', async () => {
    const { client } = await serverWith({ SPEECH_VOICE: 'stall' });
    const latenciesMs: number[] = [];
    for (let turn = 0; turn < 5; turn++) {
      await voices.reset();
      const { call, outcome } = start(client, sessionOf(`cancelled-${turn}`));
      await eventually(voices.seen, ({ active }) => active === 3);
      const cancelledAtMs = Date.now();
      call.cancel();
      await outcome;
      const { requests } = await eventually(voices.seen, ({ active }) => active === 0);
      latenciesMs.push(Math.max(...requests.map(({ abortedAtMs = 0 }) => abortedAtMs)) - cancelledAtMs);
    }
    console.log(`the voice heard of it after ${latenciesMs.join(', ')} ms`);
    // The machine may hold one of them up; it can't make any faster than it is.
    expect(latenciesMs.toSorted((a, b) => a - b)[2]).toBeLessThan(100);
  });
});

describe('the key', () => {
  test('stands in no log line, no status, no event log and no answer, also where the provider says it back', async () => {
    const { server, client } = await serverWith({
      SPEECH_API_KEY: 'wrong-key',
      SPEECH_FAILURE: 'fail',
      LOG_LEVEL: 'trace',
    });
    const outcome = await ask(client, sessionOf('key'));
    expect(outcome).toMatchObject({ code: 'UNAVAILABLE', errorType: 'speech_failed' });
    expect(outcome.details).toContain('does not accept SPEECH_API_KEY (HTTP 401)');
    await eventually(
      () => server.logsOf('end').length,
      (ends) => ends === 1,
    );
    const status = await server.status();
    const files = readdirSync(join(server.dataDir, 'event-logs'), { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => readFileSync(join(entry.parentPath, entry.name), 'latin1'));
    expect(files.length).toBeGreaterThan(0);
    expect(JSON.stringify([server.logs, status, outcome, files])).not.toContain('wrong-key');
  });
});

describe('a program that is not there', () => {
  test('starts the server in the emergency profile, and /status says which', async () => {
    const { server, client } = await serverWith({ SPEECH_ENGINE: 'command', SPEECH_COMMAND: 'no-such-voice {text}' });
    expect(await server.status()).toMatchObject({
      state: 'ready',
      health: 'degraded',
      last_error: expect.stringContaining('the program "no-such-voice" is not there'),
    });
    expect((await ask(client, { ...sessionOf('emergency'), prompt: 'Hello' })).code).toBe('OK');
  });
});
