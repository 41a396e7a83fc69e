/**
 * What voices over HTTP do when their provider fails, against a real server in another process: each fault ends the sentence with a
 * declared failure that says what it was, is tried again only where that helps and nothing was heard, and an abort
 * reaches the server.
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer as createSecureServer } from 'node:https';
import { createServer as createPlainServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import type { ProviderNote } from '../../../src/engines/provider-note.ts';
import { HttpClient } from '../../../src/engines/speech-providers/http-client.ts';
import { eventually } from '../../support/eventually.ts';
import { startSpeechServer } from '../../support/providers/speech-server.ts';
import { createVoice, failureOf, speak } from '../../support/providers/voices.ts';

const server = await startSpeechServer();
const baseUrl = server.url('/v1');
const sentence = 'A secret sentence that nobody else may read, as long as a second of a tone; it has a hundred signs..';

describe('a refusal', () => {
  test.each([
    ['status400', 'UNAVAILABLE', 'refuses the request (HTTP 400): this is a 400'],
    ['status401', 'UNAUTHENTICATED', 'does not accept SPEECH_API_KEY (HTTP 401)'],
    ['status402', 'RESOURCE_EXHAUSTED', 'has no quota left (HTTP 402): this is a 402'],
    ['status403', 'PERMISSION_DENIED', 'does not allow the request (HTTP 403)'],
    ['status408', 'UNAVAILABLE', 'took too long (HTTP 408): this is a 408'],
    ['status429', 'RESOURCE_EXHAUSTED', 'has too many requests (HTTP 429): this is a 429'],
    ['status500', 'UNAVAILABLE', 'failed (HTTP 500): this is a 500'],
    ['status503', 'UNAVAILABLE', 'failed (HTTP 503): this is a 503'],
    ['redirect', 'UNAVAILABLE', 'moved: SPEECH_BASE_URL must name where it is now (HTTP 307)'],
  ])('%s is %s, final, in words that help', async (model, code, words) => {
    const { engine } = createVoice({ baseUrl, model });
    const failure = await failureOf(engine, sentence);
    expect(failure).toMatchObject({ code, isFinal: true });
    expect(failure.message).toContain(`the voice openai ${words}`);
    expect(failure.message).not.toContain('secret');
  });

  test.each<['openai' | 'azure' | 'elevenlabs' | 'piper', string]>([
    ['openai', '/v1'],
    ['azure', ''],
    ['elevenlabs', ''],
    ['piper', '/piper-json'],
    ['piper', '/piper-old'],
  ])('of an unknown voice by %s (%s) is NOT_FOUND and names it', async (provider, path) => {
    const { engine } = createVoice({ provider, baseUrl: server.url(path), apiKey: 'k', retries: 3 });
    expect(await failureOf(engine, { text: 'Hello.', voice: 'nobody' })).toMatchObject({
      code: 'NOT_FOUND',
      message: expect.stringContaining(`the voice "nobody" does not exist at ${provider}`),
    });
  });

  test('never shows a key or words of the sentence, whatever the provider puts into its text', async () => {
    const { engine, failedTries } = createVoice({ baseUrl, apiKey: 'wrong-key', retries: 2 });
    const { code, message } = await failureOf(engine, sentence);
    expect(code).toBe('UNAUTHENTICATED');
    const shown = message + JSON.stringify(failedTries);
    expect(shown).not.toContain('wrong-key');
    expect(shown).toContain('Incorrect API key provided: [key]');
    const other = createVoice({ baseUrl, model: 'status500' });
    await failureOf(other.engine, sentence);
    expect(JSON.stringify(other.failedTries)).toContain('this is a 500 for \\"***\\"');
  });

  test('of a path that is not there says that the address may be wrong', async () => {
    const { engine } = createVoice({ baseUrl: server.url('/nowhere') });
    expect(await failureOf(engine, 'Hello.')).toMatchObject({
      code: 'NOT_FOUND',
      message: expect.stringContaining('SPEECH_BASE_URL is wrong'),
    });
  });
});

describe('a sentence that breaks off', () => {
  test.each(['cut', 'cutpolitely', 'short'])(
    '%s: fails, and is not tried again after its first sound',
    async (voice) => {
      const { engine, failedTries } = createVoice({ baseUrl, voice, retries: 5 });
      await server.reset();
      const heard: number[] = [];
      const all = (async () => {
        for await (const chunk of engine.synthesise({ text: sentence }, new AbortController().signal))
          heard.push(chunk.length);
      })();
      await expect(all).rejects.toMatchObject({ errorCode: 'UNAVAILABLE', isFinal: true });
      await expect(all).rejects.toThrow('the voice openai broke off');
      expect(heard.reduce((sum, bytes) => sum + bytes, 0)).toBeGreaterThan(30_000);
      expect(failedTries).toMatchObject([{ tries: 1, isLast: true }]);
      expect((await server.seen()).requests).toHaveLength(1);
    },
  );

  test('before its first sound is tried again', async () => {
    const { engine } = createVoice({ baseUrl, voice: 'once-cutearly', retries: 1 });
    await server.reset();
    expect((await speak(engine, sentence)).length).toBe(96_000);
  });
});

describe('a body that is no sound', () => {
  test.each([
    [
      'mp3',
      'sent audio/mpeg, which is not decoded here; SPEECH_BASE_URL must lead to a server that has response_format "pcm" or "wav"',
    ],
    [
      'id3',
      'sent MP3 instead of PCM or WAV; SPEECH_BASE_URL must lead to a server that has response_format "pcm" or "wav"',
    ],
    [
      'frames',
      'sent MP3 instead of PCM or WAV; SPEECH_BASE_URL must lead to a server that has response_format "pcm" or "wav"',
    ],
    ['jsonok', 'sent JSON instead of sound: out of memory for [key]'],
    ['packed', 'sent sound that is packed as gzip, which was not asked for'],
    ['zeros', 'sent nothing but silence'],
    ['html', 'sent text/html instead of sound: Log in Please log in'],
    ['empty', 'sent no sound at all'],
  ])('%s: is a failure that says so', async (voice, words) => {
    const { engine } = createVoice({ baseUrl, voice, apiKey: 'an-open-secret' });
    expect(await failureOf(engine, sentence)).toMatchObject({
      code: 'UNAVAILABLE',
      message: `the voice openai ${words}`,
    });
  });

  test('without an end is stopped at the bound of a sentence, and the server sees it', async () => {
    const { engine } = createVoice({ baseUrl, voice: 'huge' }, { maxSoundBytes: 3_000_000 });
    await server.reset();
    expect(await failureOf(engine, sentence)).toMatchObject({
      code: 'UNAVAILABLE',
      message: 'the voice openai sent more than 3000000 bytes of sound for one sentence',
    });
    await eventually(server.seen, ({ active }) => active === 0);
  });

  test('of an unreadable rate is refused', async () => {
    const { engine } = createVoice({ baseUrl, sampleRateHz: 3999 });
    expect((await failureOf(engine, sentence)).message).toBe(
      'the voice openai sent a sample rate of 3999 Hz; it must be 4000..192000',
    );
  });
});

describe('tries', () => {
  test('a failure that may pass is tried again, and the note says how often', async () => {
    const notes: ProviderNote[] = [];
    const { engine, failedTries } = createVoice({ baseUrl, voice: 'once-status500', retries: 2 });
    await server.reset();
    const request = { text: sentence, noteProvider: (note: ProviderNote) => notes.push(note) };
    expect((await speak(engine, request)).length).toBe(96_000);
    expect(notes).toEqual([{ provider: 'openai', retries: 1 }]);
    expect(failedTries).toMatchObject([{ errorCode: 'UNAVAILABLE', tries: 1, isLast: false }]);
  });

  test.each([0, 1, 2])('%i retries are that many and no more', async (retries) => {
    const { engine, failedTries } = createVoice({ baseUrl, model: 'status503', retries });
    await server.reset();
    await failureOf(engine, sentence);
    expect((await server.seen()).requests).toHaveLength(1 + retries);
    expect(failedTries).toHaveLength(1 + retries);
  });

  test.each(['status400', 'status401', 'status403', 'status404', 'html', 'redirect'])(
    '%s is not tried again',
    async (model) => {
      const { engine } = createVoice({ baseUrl, voice: model, retries: 3 });
      await server.reset();
      await failureOf(engine, sentence);
      expect((await server.seen()).requests).toHaveLength(1);
    },
  );

  test('a retry-after is waited for, one beyond 5 s is not', async () => {
    const soon = createVoice({ baseUrl, voice: 'once-busy0.7', retries: 1 });
    await server.reset();
    await speak(soon.engine, sentence);
    const [first, second] = (await server.seen()).requests;
    expect((second?.startedAtMs ?? 0) - (first?.startedAtMs ?? 0)).toBeGreaterThanOrEqual(699);
    const late = createVoice({ baseUrl, voice: 'busy6', retries: 3 });
    await server.reset();
    expect((await failureOf(late.engine, sentence)).code).toBe('RESOURCE_EXHAUSTED');
    expect((await server.seen()).requests).toHaveLength(1);
  });

  test('nobody who listens at the address is UNAVAILABLE, without the address for the client', async () => {
    const { engine, failedTries } = createVoice({ baseUrl: 'http://127.0.0.1:1/v1', retries: 1 });
    expect(await failureOf(engine, sentence)).toMatchObject({
      code: 'UNAVAILABLE',
      message: "the voice openai can't be reached (ECONNREFUSED)",
    });
    expect(failedTries.map(({ detail }) => detail)).toEqual(
      Array(2).fill("can't be reached: connect ECONNREFUSED 127.0.0.1:1"),
    );
  });
});

describe('a Piper server', () => {
  test('that is only starting is not taken for the older kind, which would read JSON aloud', async () => {
    const { engine } = createVoice({ provider: 'piper', baseUrl: server.url('/piper-starting'), retries: 1 });
    await server.reset();
    expect((await speak(engine, sentence)).length).toBe(96_000);
    expect((await server.seen()).requests).toMatchObject([{ protocol: 'piper-json', text: sentence }]);
  });
});

describe('an abort', () => {
  test.each(['silence', 'stall', 'drip', 'huge', 'busy3'])(
    'while the server does "%s" ends the sentence at once, and the server sees it within 100 ms',
    async (voice) => {
      const { engine } = createVoice({ baseUrl, voice, retries: 5 });
      const endedMs: number[] = [];
      const seenMs: number[] = [];
      for (let turn = 0; turn < 5; turn++) {
        await server.reset();
        const abort = new AbortController();
        const end = speak(engine, sentence, abort.signal).catch((error: unknown) => error);
        await eventually(server.seen, ({ requests }) => requests.length === 1);
        const abortedAtMs = Date.now();
        abort.abort(new Error('enough'));
        expect(await end).toBe(abort.signal.reason);
        endedMs.push(Date.now() - abortedAtMs);
        const { requests } = await eventually(server.seen, ({ active }) => active === 0);
        expect(requests).toHaveLength(1);
        // One that waits for its next try has nothing to abort.
        if (voice !== 'busy3') seenMs.push((requests[0]?.abortedAtMs ?? Number.POSITIVE_INFINITY) - abortedAtMs);
      }
      // The machine may hold one of them up; it can't make any faster than it is.
      for (const all of [endedMs, seenMs]) expect(all.toSorted((a, b) => a - b)[2] ?? 0).toBeLessThan(100);
    },
  );

  test('by leaving the iteration does the same, also while a pull waits', async () => {
    const { engine } = createVoice({ baseUrl, voice: 'silence' });
    await server.reset();
    const iterator = engine.synthesise({ text: sentence }, new AbortController().signal)[Symbol.asyncIterator]();
    const pull = iterator.next();
    await eventually(server.seen, ({ active }) => active === 1);
    await iterator.return?.();
    expect(await pull).toEqual({ done: true, value: undefined });
    await eventually(server.seen, ({ active }) => active === 0);
  });

  test('by stopping the engine ends every sentence', async () => {
    const { engine } = createVoice({ baseUrl, voice: 'stall' });
    await server.reset();
    const ends = [1, 2].map(() => speak(engine, sentence).catch((error: unknown) => error));
    await eventually(server.seen, ({ active }) => active === 2);
    await engine.stop();
    const stopped = { message: 'the speech engine was stopped', isFinal: true };
    for (const end of ends) expect(await end).toMatchObject(stopped);
    expect(await failureOf(engine, sentence)).toMatchObject(stopped);
    await eventually(server.seen, ({ active }) => active === 0);
  });

  test('before the start asks nobody', async () => {
    const { engine } = createVoice({ baseUrl });
    await server.reset();
    await expect(speak(engine, sentence, AbortSignal.abort(new Error('no')))).rejects.toThrow('no');
    expect((await server.seen()).requests).toEqual([]);
  });
});

describe('bounds', () => {
  test('no more sentences are with the provider at once than allowed, the others wait in order', async () => {
    const { engine } = createVoice({ baseUrl, voice: 'drip', maxConcurrent: 2 });
    await server.reset();
    const texts = Array.from({ length: 6 }, (_, at) => `Sentence ${at}, ten ms a sign.`);
    await Promise.all(texts.map((text) => speak(engine, text)));
    const { peak, requests } = await server.seen();
    expect(peak).toBe(2);
    expect(requests.map(({ text }) => text)).toEqual(texts);
  });

  test('one more than may wait is refused, and the others are not touched', async () => {
    const { engine } = createVoice({ baseUrl, voice: 'drip', maxConcurrent: 1 }, { maxWaiting: 2 });
    const accepted = [1, 2, 3].map(() => speak(engine, 'Hello.'));
    expect(await failureOf(engine, 'Hello.')).toEqual({
      code: 'RESOURCE_EXHAUSTED',
      message: 'the speech queue is full: 1 sentences are being spoken (SPEECH_MAX_CONCURRENT) and 2 wait',
      isFinal: true,
    });
    for (const sound of await Promise.all(accepted)) expect(sound.length).toBe(5760);
  });

  test('a reader who does not read keeps the provider waiting only beyond 1 MiB of sound', async () => {
    const { engine } = createVoice({ baseUrl, maxConcurrent: 1 });
    await server.reset();
    const iterator = engine
      .synthesise({ text: 'x'.repeat(1000) }, new AbortController().signal)
      [Symbol.asyncIterator]();
    await iterator.next();
    // 960,000 bytes fit: the provider is done and the next sentence gets its turn, though nobody reads the first one on.
    await speak(engine, 'Hello.');
    const heard: number[] = [];
    for (let step = await iterator.next(); step.done !== true; step = await iterator.next())
      heard.push(step.value.length);
    expect(heard.length).toBeGreaterThan(1);
  });

  test('a silent server, and one that never makes a connection, have a bound in time', async () => {
    const mute: Server = createPlainServer((socket) => socket.on('error', () => {}));
    await new Promise<void>((listening) => mute.listen(0, '127.0.0.1', listening));
    const address = mute.address();
    const port = typeof address === 'object' ? address?.port : 0;
    const client = new HttpClient({ maxSockets: 2, connectLimitMs: 50, silenceLimitMs: 80 });
    afterAll(() => {
      client.close();
      mute.close();
    });
    const { signal } = new AbortController();
    const send = (url: string) => client.send({ method: 'GET', url, headers: {} }, signal);
    // It takes the connection, but TLS never comes about.
    await expect(send(`https://127.0.0.1:${port}/`)).rejects.toMatchObject({
      detail: "can't be reached: no connection within 50 ms",
    });
    await expect(send(`http://127.0.0.1:${port}/`)).rejects.toMatchObject({
      detail: "can't be reached: no answer within 80 ms",
    });
    const response = await client.send(
      {
        method: 'POST',
        url: `${baseUrl}/audio/speech`,
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ input: sentence, voice: 'stall', model: '', response_format: 'pcm' }),
      },
      signal,
    );
    const read = async () => {
      for await (const piece of client.read(response, signal)) expect(piece.length).toBeGreaterThan(0);
    };
    await expect(read()).rejects.toMatchObject({ detail: 'broke off: no byte for 80 ms', next: 'again' });
  });
});

describe('over TLS', () => {
  const dir = mkdtempSync(join(tmpdir(), 'recital-tls-'));
  afterAll(() => rmSync(dir, { recursive: true }));
  const [key, certificate] = [join(dir, 'key.pem'), join(dir, 'certificate.pem')];
  const options = ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '1', '-subj', '/CN=localhost'];
  let lacks = false;
  try {
    execFileSync('openssl', [...options, '-keyout', key, '-out', certificate], { stdio: 'ignore' });
  } catch {
    lacks = true;
    console.log('TLS is not tested; apt-get install openssl brings what makes the certificate');
  }

  test.skipIf(lacks)('a sentence is spoken, and a certificate that nobody vouches for is refused', async () => {
    const secure = createSecureServer(
      { key: readFileSync(key), cert: readFileSync(certificate) },
      (request, response) => {
        request.resume();
        response.setHeader('content-type', 'audio/pcm');
        response.end(Buffer.alloc(24_000, 7));
      },
    );
    await new Promise<void>((listening) => secure.listen(0, '127.0.0.1', listening));
    const address = secure.address();
    const port = typeof address === 'object' ? address?.port : 0;
    const strict = createVoice({ baseUrl: `https://127.0.0.1:${port}/v1` });
    expect((await failureOf(strict.engine, sentence)).message).toBe(
      "the voice openai can't be reached (DEPTH_ZERO_SELF_SIGNED_CERT)",
    );
    process.env.NODE_TLS_REJECT_UNAUTHORIZED = '0';
    try {
      const { engine } = createVoice({ baseUrl: `https://127.0.0.1:${port}/v1` });
      for (const _ of [1, 2]) expect((await speak(engine, sentence)).length).toBe(48_000);
    } finally {
      delete process.env.NODE_TLS_REJECT_UNAUTHORIZED;
      secure.close();
    }
  });
});
