import { expect, onTestFinished, test } from 'vitest';
import {
  createEmbeddedSpeechEngine,
  type EmbeddedSpeechOptions,
} from '../../../src/engines/embedded-speech/embedded-speech.ts';
import type { SpeechEngine } from '../../../src/engines/speech-engine.ts';
import { EngineFailure } from '../../../src/errors.ts';
import { hear } from './hearing.ts';

const workerEntry = new URL('./obedient-worker.mjs', import.meta.url);
const second = 96_000;

async function started(options: EmbeddedSpeechOptions): Promise<SpeechEngine> {
  const engine = createEmbeddedSpeechEngine(options);
  onTestFinished(() => engine.stop());
  await engine.start();
  return engine;
}

async function speak(engine: SpeechEngine, text: string, signal = new AbortController().signal): Promise<Uint8Array[]> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of engine.synthesise({ text }, signal)) chunks.push(chunk);
  return chunks;
}

async function bytesOf(engine: SpeechEngine, text: string): Promise<number> {
  return (await speak(engine, text)).reduce((sum, chunk) => sum + chunk.length, 0);
}

async function rejection(work: Promise<unknown>): Promise<unknown> {
  return work.then(
    () => undefined,
    (error: unknown) => error,
  );
}

const declared = (errorCode: string, message: string) => new EngineFailure({ errorCode, message });

test('a worker that crashes fails its sentence with a declared failure and is replaced', async () => {
  const lost: string[] = [];
  const engine = await started({ workers: 1, workerEntry, onWorkerLost: (reason) => lost.push(reason) });
  for (let round = 1; round <= 3; round++) {
    const failure = await rejection(speak(engine, 'crash'));
    expect(failure).toEqual(declared('UNAVAILABLE', 'a voice worker died'));
    expect(failure).toBeInstanceOf(EngineFailure);
    expect(await bytesOf(engine, 'fine')).toBe(second);
    expect(lost).toEqual(Array.from({ length: round }, () => 'crashed as told'));
  }
});

test('a crash takes only its own sentence along; those that wait are spoken by the replacement', async () => {
  const engine = await started({ workers: 1, workerEntry });
  const crash = rejection(speak(engine, 'crash'));
  const others = [bytesOf(engine, 'one'), bytesOf(engine, 'two')];
  expect(await crash).toEqual(declared('UNAVAILABLE', 'a voice worker died'));
  expect(await Promise.all(others)).toEqual([second, second]);
});

test('a worker that does not heed an abort is replaced within 100 ms, quietly, and its reader is freed at once', async () => {
  const lost: string[] = [];
  const engine = await started({ workers: 1, workerEntry, onWorkerLost: (reason) => lost.push(reason) });
  const abort = new AbortController();
  const hanging = speak(engine, 'hang', abort.signal);
  const next = bytesOf(engine, 'fine');
  const abortedAt = performance.now();
  abort.abort();
  expect(await hanging).toEqual([]);
  expect(performance.now() - abortedAt).toBeLessThan(50);
  expect(await next).toBe(second);
  expect(lost).toEqual([]);
});

test('a failure that the synthesiser declares keeps its code; an unexpected one is not dressed up as declared', async () => {
  const engine = await started({ workers: 1, workerEntry });
  expect(await rejection(speak(engine, 'fail'))).toEqual(declared('UNAVAILABLE', 'failed as told'));
  const bug = await rejection(speak(engine, 'bug'));
  expect(bug).toBeInstanceOf(Error);
  expect(bug).not.toBeInstanceOf(EngineFailure);
});

test('a failure in the middle of a sentence comes after the sound made before it', async () => {
  const engine = await started({ workers: 1, workerEntry });
  const text = `${'All of this is quite fine, '.repeat(4)} but now comes the part that will fail.`;
  const sound = engine.synthesise({ text }, new AbortController().signal)[Symbol.asyncIterator]();
  expect((await sound.next()).value?.length).toBe(second);
  const heard: unknown[] = [];
  for (;;) {
    const outcome = await sound.next().catch((error: unknown) => error);
    heard.push(outcome);
    if (outcome instanceof Error) break;
  }
  expect(heard.at(-1)).toEqual(declared('UNAVAILABLE', 'failed as told'));
  expect(await sound.next()).toEqual({ done: true, value: undefined });
});

test('stop during sentences fails the running and the waiting ones, is idempotent, and later sentences are refused', async () => {
  const engine = await started({ workers: 1, workerEntry });
  const running = rejection(speak(engine, 'hang'));
  const waiting = rejection(speak(engine, 'fine'));
  await Promise.all([engine.stop(), engine.stop()]);
  expect(await running).toEqual(declared('UNAVAILABLE', 'the speech engine was stopped'));
  expect(await waiting).toEqual(declared('UNAVAILABLE', 'the speech engine was stopped'));
  expect(await rejection(speak(engine, 'fine'))).toEqual(declared('UNAVAILABLE', 'the speech engine does not run'));
  await engine.stop();
});

test('start rejects if no worker comes up', async () => {
  const engine = createEmbeddedSpeechEngine({ workers: 2, workerEntry, espeakPackage: 'no-start' });
  await expect(engine.start()).rejects.toThrow('a voice worker died while it started: this worker never starts');
  await engine.stop();
});

test('without the optional package English is spoken and Russian is a declared failure that names the package', async () => {
  const engine = await started({ workers: 1, espeakPackage: 'recital-package-that-is-not-there' });
  expect(hear(await speak(engine, 'What time is it?')).seconds).toBeGreaterThan(0.8);
  expect(await rejection(speak(engine, 'Который час?'))).toEqual(
    declared(
      'UNAVAILABLE',
      "voice espeak-ru can't speak: the package recital-package-that-is-not-there is not installed",
    ),
  );
  expect(hear(await speak(engine, 'Yes.')).seconds).toBeGreaterThan(0.3);
});

test('options out of range are refused with their bounds', () => {
  expect(() => createEmbeddedSpeechEngine({ workers: 0 })).toThrow('workers 0 must be a whole number 1..32');
  expect(() => createEmbeddedSpeechEngine({ maxQueuedSentences: -1 })).toThrow(
    'maxQueuedSentences -1 must be a whole number 0..10000',
  );
});
