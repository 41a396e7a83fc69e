import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createEmbeddedSpeechEngine } from '../../../src/engines/embedded-speech/embedded-speech.ts';
import type { SpeechEngine, SpeechRequest } from '../../../src/engines/speech-engine.ts';
import { EngineFailure } from '../../../src/errors.ts';
import { faultsOfSpeech, hear } from './hearing.ts';

const english = 'The weather is sunny today, with a light wind from the north.';
const russian = 'Сегодня солнечно, с лёгким северным ветром.';
/** Some ten minutes of sound. */
const endless = `${english} `.repeat(200);

async function speak(
  engine: SpeechEngine,
  request: SpeechRequest,
  signal = new AbortController().signal,
): Promise<Uint8Array[]> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of engine.synthesise(request, signal)) chunks.push(chunk);
  return chunks;
}

function pull(
  engine: SpeechEngine,
  request: SpeechRequest,
  signal = new AbortController().signal,
): AsyncIterator<Uint8Array> {
  return engine.synthesise(request, signal)[Symbol.asyncIterator]();
}

async function failureOf(work: Promise<unknown>): Promise<EngineFailure> {
  const failure = await work.then(
    () => undefined,
    (error: unknown) => error,
  );
  if (!(failure instanceof EngineFailure)) throw new Error(`expected an EngineFailure, got ${failure}`);
  return failure;
}

describe('the embedded voice', () => {
  const engine = createEmbeddedSpeechEngine({ workers: 1, maxQueuedSentences: 2 });
  beforeAll(() => engine.start());
  afterAll(() => engine.stop());

  test.each([
    ['English', { text: english }],
    ['English, a question', { text: 'What time is it?' }],
    ['English with numbers, a price and a time', { text: 'At 10:45 it costs $5.99, that is 3.14 euros & 20% off.' }],
    ['English, four lines long', { text: `${english} And then, after a while, ${english} So ${english}` }],
    ['Russian', { text: russian }],
    ['Russian with a Latin word', { text: 'Открываю приложение Safari.' }],
    ['German by its language', { text: 'Guten Morgen, wie geht es Ihnen heute?', language: 'de-DE' }],
    ['English by a male voice', { text: english, voice: 'flite-rms' }],
  ])('%s sounds like speech: length, level, rhythm, vowels and consonants', async (_, request) => {
    expect(faultsOfSpeech(hear(await speak(engine, request)), request.text.length)).toEqual([]);
  });

  test('a tone, noise, silence and a click do not pass for speech', () => {
    const made = (sample: (at: number) => number) =>
      hear([Buffer.from(Int16Array.from({ length: 48_000 * 3 }, (_, at) => sample(at) * 32_767).buffer)]);
    expect(
      faultsOfSpeech(
        made((at) => 0.3 * Math.sin((at * Math.PI) / 50)),
        english.length,
      ),
    ).not.toEqual([]);
    expect(
      faultsOfSpeech(
        made((at) => 0.2 * ((Math.sin(at) * 10_000) % 1)),
        english.length,
      ),
    ).not.toEqual([]);
    expect(
      faultsOfSpeech(
        made(() => 0),
        english.length,
      ),
    ).not.toEqual([]);
    expect(
      faultsOfSpeech(
        made((at) => (at === 5000 ? 0.9 : 0)),
        english.length,
      ),
    ).not.toEqual([]);
  });

  test.each(['Yes.', 'Yes', 'OK', 'Да.', 'Нет'])('one word, "%s", is heard', async (text) => {
    const heard = hear(await speak(engine, { text }));
    expect(heard.seconds).toBeGreaterThan(0.3);
    expect(heard.seconds).toBeLessThan(1.5);
    expect(heard.levelDb).toBeGreaterThan(-30);
  });

  test('every chunk is whole samples and not empty', async () => {
    for (const text of [english, russian]) {
      const lengths = (await speak(engine, { text })).map((chunk) => chunk.length);
      expect(lengths.filter((length) => length === 0 || length % 2 === 1)).toEqual([]);
    }
  });

  test('twice the text is about twice the sound, and the same text is the same sound', async () => {
    const [once, twice] = [
      hear(await speak(engine, { text: english })),
      hear(await speak(engine, { text: `${english} ${english}` })),
    ];
    expect(twice.seconds / once.seconds).toBeGreaterThan(1.8);
    expect(twice.seconds / once.seconds).toBeLessThan(2.2);
    expect(Buffer.concat(await speak(engine, { text: english }))).toEqual(
      Buffer.concat(await speak(engine, { text: english })),
    );
  });

  test('an emoji alone is no sound and no failure', async () => {
    expect(await speak(engine, { text: '👍' })).toEqual([]);
  });

  test('an abort while the reader waits ends the reader within 100 ms, and the worker speaks for the next one', async () => {
    for (const text of [endless, russian.repeat(300)]) {
      const abort = new AbortController();
      const sound = pull(engine, { text }, abort.signal);
      await sound.next();
      // Read on until nothing is ready, so that the abort meets a job that runs.
      let waiting = sound.next();
      while ((await Promise.race([waiting, Promise.resolve('waiting')])) !== 'waiting') waiting = sound.next();
      const abortedAt = performance.now();
      abort.abort();
      while (!(await waiting).done) waiting = sound.next();
      expect(performance.now() - abortedAt).toBeLessThan(100);
      expect(hear(await speak(engine, { text: 'Yes.' })).seconds).toBeGreaterThan(0.3);
      // The rest of the endless text would have taken many seconds.
      expect(performance.now() - abortedAt).toBeLessThan(3000);
    }
  });

  test('return() ends a sentence at once, also while next() is pending', async () => {
    const sound = pull(engine, { text: endless });
    const pending = sound.next();
    expect(await sound.return?.()).toEqual({ done: true, value: undefined });
    expect(await pending).toEqual({ done: true, value: undefined });
  });

  test('an aborted signal makes no sound', async () => {
    expect(await speak(engine, { text: english }, AbortSignal.abort())).toEqual([]);
  });

  test('a reader that stalls keeps no worker from others', async () => {
    const stalled = pull(engine, { text: endless });
    await stalled.next();
    expect(hear(await speak(engine, { text: english })).seconds).toBeGreaterThan(2);
    await stalled.return?.();
  });

  test('one sentence above the bound is refused as RESOURCE_EXHAUSTED, and welcome when another has ended', async () => {
    const open = [1, 2, 3].map(() => pull(engine, { text: endless }));
    for (const sound of open) await sound.next();
    const failure = await failureOf(speak(engine, { text: english }));
    expect(failure.errorCode).toBe('RESOURCE_EXHAUSTED');
    expect(failure.message).toBe('the speech queue is full: 3 sentences are open (1 workers + 2 queued)');
    await open[0]?.return?.();
    expect(hear(await speak(engine, { text: 'Yes.' })).seconds).toBeGreaterThan(0.3);
    for (const sound of open) await sound.return?.();
  });

  test('an unknown voice is NOT_FOUND and the message names those that exist', async () => {
    const failure = await failureOf(speak(engine, { text: english, voice: 'nobody' }));
    expect(failure.errorCode).toBe('NOT_FOUND');
    expect(failure.message).toContain('no voice "nobody"; there are flite-slt, flite-rms, flite-awb, flite-kal16');
    expect(failure.message).toContain(' ru ');
  });

  test('an English voice refuses a script it can not read, and a text without end is refused', async () => {
    expect((await failureOf(speak(engine, { text: 'καλημέρα', voice: 'flite-slt' }))).errorCode).toBe(
      'INVALID_ARGUMENT',
    );
    expect((await failureOf(speak(engine, { text: 'a '.repeat(10_001) }))).errorCode).toBe('INVALID_ARGUMENT');
  });
});

test('callers in parallel each hear their own sentence', async () => {
  const engine = createEmbeddedSpeechEngine({ workers: 2 });
  await engine.start();
  const texts = ['What time is it?', 'It is ten forty five.', english];
  const alone = new Map<string, Buffer>();
  for (const text of texts) alone.set(text, Buffer.concat(await speak(engine, { text })));
  await Promise.all(
    Array.from({ length: 12 }, async (_, at) => {
      const text = texts[at % texts.length] ?? '';
      expect(Buffer.concat(await speak(engine, { text })).equals(alone.get(text) ?? Buffer.alloc(0))).toBe(true);
    }),
  );
  await engine.stop();
});

test('a process that stopped the engine ends by itself', async () => {
  const script = `
    import { createEmbeddedSpeechEngine } from '${new URL('../../../dist/engines/embedded-speech/embedded-speech.js', import.meta.url)}';
    const engine = createEmbeddedSpeechEngine();
    await engine.start();
    let bytes = 0;
    for await (const pcm of engine.synthesise({ text: 'Yes.' }, new AbortController().signal)) bytes += pcm.length;
    await engine.stop();
    await engine.stop();
    console.log(bytes > 30000);`;
  const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '-e', script], {
    timeout: 15_000,
  });
  expect(stdout.trim()).toBe('true');
});
