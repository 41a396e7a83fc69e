/** The scripted engines as their callers see them: exact streams, prompt ends, nothing left behind, nothing ahead. */

import { getEventListeners } from 'node:events';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import fc from 'fast-check';
import { describe, expect, test, vi } from 'vitest';
import type { AnswerPart, AnswerUsage } from '../../../src/engines/answer-engine.ts';
import { parseScenario } from '../../../src/engines/scripted/scenario.ts';
import {
  createScriptedAnswerEngine,
  createScriptedSpeechEngine,
} from '../../../src/engines/scripted/scripted-engines.ts';
import { EngineFailure } from '../../../src/errors.ts';
import { startStopwatch } from '../../support/stopwatch.ts';

const neverAborted = new AbortController().signal;

function answererOf(...answers: readonly unknown[]) {
  return createScriptedAnswerEngine(parseScenario(JSON.stringify({ answers }), 'test'));
}

function open(answers: readonly unknown[], prompt = 'prompt', signal: AbortSignal = neverAborted) {
  return answererOf(...answers)
    .answer({ prompt, hardwareId: 'device' }, signal)
    [Symbol.asyncIterator]();
}

async function all<Item>(items: AsyncIterable<Item>): Promise<{ items: Item[]; error: unknown }> {
  const got: Item[] = [];
  try {
    for await (const item of items) got.push(item);
  } catch (error) {
    return { items: got, error };
  }
  return { items: got, error: undefined };
}

function answer(answers: readonly unknown[], prompt = 'prompt') {
  return all(answererOf(...answers).answer({ prompt, hardwareId: 'device' }, neverAborted));
}

/** How much garbage lies about is the collector's affair, and that of the other tests of this thread. */
function reachableHeapBytes(): number {
  setFlagsFromString('--expose-gc');
  const collectGarbage: unknown = runInNewContext('gc');
  if (typeof collectGarbage !== 'function') throw new Error('V8 has no gc() under --expose-gc');
  collectGarbage();
  return process.memoryUsage().heapUsed;
}

function timers(): number {
  return process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length;
}

describe('the scripted answer', () => {
  test('notes its usage where it stands, each repetition once, and gives nothing to read for it', async () => {
    const usage = { usage: { input_tokens: 12, output_tokens: 5, model: 'm' }, repeat: 2 };
    const steps = [{ say: 'a' }, usage, { say: 'b' }, { hang: true }, usage];
    const noted: unknown[] = [];
    const noteUsage = (each: AnswerUsage) => noted.push(each);
    const iterator = answererOf({ when: '', steps })
      .answer({ prompt: '', hardwareId: 'd', noteUsage }, neverAborted)
      [Symbol.asyncIterator]();
    expect((await iterator.next()).value).toEqual({ kind: 'text', text: 'a' });
    expect(noted).toEqual([]);
    expect((await iterator.next()).value).toEqual({ kind: 'text', text: 'b' });
    const pull = iterator.next();
    await iterator.return?.();
    await pull;
    const one = { inputTokens: 12, outputTokens: 5, model: 'm' };
    expect(noted).toEqual([one, one]);
  });

  test('says its deltas exactly as given, with the command where it stands', async () => {
    const steps = [
      { say: ' It is ' },
      { wait_ms: 1 },
      { say: '' },
      { say: 'sunny.\n' },
      { command: { command: 'Open-App', args: { app_name: 'Safari', deep: [1] } } },
    ];
    expect(await answer([{ when: '', steps }])).toEqual({
      items: [
        { kind: 'text', text: ' It is ' },
        { kind: 'text', text: '' },
        { kind: 'text', text: 'sunny.\n' },
        { kind: 'command', name: 'Open-App', args: { app_name: 'Safari', deep: [1] } },
      ],
      error: undefined,
    });
  });

  test('the first answer whose expression matches is the one, whatever the case of the letters', async () => {
    const answers = [
      { when: '^погода', steps: [{ say: '1' }] },
      { when: 'погода|sun', steps: [{ say: '2' }] },
      { when: '', steps: [{ say: '3' }] },
    ];
    const texts = async (prompt: string) => (await answer(answers, prompt)).items;
    expect(await texts('ПОГОДА')).toEqual([{ kind: 'text', text: '1' }]);
    expect(await texts('и Погода')).toEqual([{ kind: 'text', text: '2' }]);
    expect(await texts('Sunday')).toEqual([{ kind: 'text', text: '2' }]);
    expect(await texts('')).toEqual([{ kind: 'text', text: '3' }]);
  });

  test('a prompt that nothing matches is a declared failure, UNAVAILABLE', async () => {
    const { items, error } = await answer([{ when: '^x$', steps: [] }]);
    expect(items).toEqual([]);
    expect(error).toBeInstanceOf(EngineFailure);
    expect(error).toMatchObject({ errorCode: 'UNAVAILABLE', message: 'no scripted answer matches the prompt' });
  });

  test('an answer without steps ends with nothing said', async () => {
    expect(await answer([{ when: '', steps: [] }])).toEqual({ items: [], error: undefined });
  });

  test('echo says the prompt back as one delta, unaltered', async () => {
    await fc.assert(
      fc.asyncProperty(fc.string({ unit: 'binary' }), async (prompt) => {
        expect(await answer([{ when: '', steps: [{ echo: true }] }], prompt)).toEqual({
          items: [{ kind: 'text', text: prompt }],
          error: undefined,
        });
      }),
    );
  });

  test.each([['UNAVAILABLE'], ['SOMETHING_ELSE'], [undefined]])(
    'fail with code %s declares it after what was said',
    async (code) => {
      const steps = [{ say: 'One. ' }, { fail: { error_code: code, message: 'model is down' } }, { say: 'never' }];
      const { items, error } = await answer([{ when: '', steps }]);
      expect(items).toEqual([{ kind: 'text', text: 'One. ' }]);
      expect(error).toBeInstanceOf(EngineFailure);
      expect(error).toMatchObject({ errorCode: code, message: 'model is down' });
    },
  );

  test('throw is an ordinary error, not a declared failure', async () => {
    const { items, error } = await answer([{ when: '', steps: [{ say: 'One. ' }, { throw: 'boom' }] }]);
    expect(items).toEqual([{ kind: 'text', text: 'One. ' }]);
    expect(error).toEqual(new Error('boom'));
    expect(error).not.toBeInstanceOf(EngineFailure);
  });

  test('repeat n is that step n times', async () => {
    const { items } = await answer(
      [
        {
          when: '',
          steps: [
            { say: 'a', repeat: 3 },
            { echo: true, repeat: 2 },
          ],
        },
      ],
      'p',
    );
    expect(items.map((part) => (part.kind === 'text' ? part.text : part))).toEqual(['a', 'a', 'a', 'p', 'p']);
  });

  test("one session's arguments are not another's", async () => {
    const engine = answererOf({ when: '', steps: [{ command: { command: 'c', args: { list: [] } }, repeat: 2 }] });
    const { items } = await all(engine.answer({ prompt: '', hardwareId: 'd' }, neverAborted));
    const [first, second] = items;
    expect(first).toEqual(second);
    expect(first?.kind === 'command' && second?.kind === 'command' && first.args !== second.args).toBe(true);
  });

  test('the same scenario always gives the same stream, also side by side', async () => {
    const engine = answererOf({ when: '', steps: [{ say: 'a ', repeat: 100 }, { wait_ms: 1 }, { echo: true }] });
    const runs = await Promise.all(
      Array.from({ length: 5 }, () => all(engine.answer({ prompt: 'p', hardwareId: 'd' }, neverAborted))),
    );
    for (const run of runs) expect(run).toEqual(runs[0]);
  });

  test('nothing is computed before it is pulled, and a failure not before its step', async () => {
    const iterator = open([{ when: '', steps: [{ say: 'a' }, { throw: 'boom' }] }]);
    expect(await iterator.next()).toEqual({ done: false, value: { kind: 'text', text: 'a' } });
    await expect(iterator.next()).rejects.toThrow('boom');
    expect(await iterator.next()).toEqual({ done: true, value: undefined });
  });

  test('pulls that do not wait for each other are answered in order', async () => {
    const steps = [{ say: 'a' }, { wait_ms: 2 }, { say: 'b' }, { wait_ms: 2 }, { say: 'c' }, { throw: 'boom' }];
    const iterator = open([{ when: '', steps }]);
    const pulls = await Promise.allSettled(Array.from({ length: 5 }, () => iterator.next()));
    expect(pulls.map((pull) => (pull.status === 'fulfilled' ? pull.value.value : 'rejected'))).toEqual([
      { kind: 'text', text: 'a' },
      { kind: 'text', text: 'b' },
      { kind: 'text', text: 'c' },
      'rejected',
      undefined,
    ]);
  });

  test('a million deltas to a reader that never waits leave the event loop free', async () => {
    const iterator = open([{ when: '', steps: [{ say: 'word ', repeat: 1_000_000 }] }]);
    let turns = 0;
    const interval = setInterval(() => {
      turns += 1;
    }, 1);
    let count = 0;
    while ((await iterator.next()).done !== true) count += 1;
    clearInterval(interval);
    expect(count).toBe(1_000_000);
    expect(turns).toBeGreaterThan(20);
  });

  test('a hundred thousand waits in a row take no memory', async () => {
    const iterator = open([{ when: '', steps: [{ wait_ms: 0, repeat: 100_000 }, { say: 'done' }] }]);
    const before = reachableHeapBytes();
    let isOver = false;
    const pull = iterator.next().finally(() => {
      isOver = true;
    });
    // While they go on: what a wait leaves behind is let go with the last of them. One promise a wait would be 5 MB, good is under 0.5.
    const grown: number[] = [];
    while (!isOver) {
      grown.push(reachableHeapBytes() - before);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    expect((await pull).value).toEqual({ kind: 'text', text: 'done' });
    expect(grown.length).toBeGreaterThan(2);
    expect(Math.max(...grown)).toBeLessThan(2 * 1024 * 1024);
  });
});

const endings = [
  ['a wait', [{ wait_ms: 2 ** 31 - 1 }]],
  ['a hang', [{ hang: true }]],
  [
    'the last of many waits',
    [
      { wait_ms: 1, repeat: 3 },
      { wait_ms: 60_000, repeat: 1000 },
    ],
  ],
] as const;

describe('the end of a scripted answer', () => {
  test.each(endings)('an abort ends %s within milliseconds and leaves no timer and no listener', async (_, steps) => {
    const controller = new AbortController();
    const before = timers();
    const iterator = open([{ when: '', steps: [{ say: 'One. ' }, ...steps] }], 'p', controller.signal);
    await iterator.next();
    const pull = iterator.next();
    const ended = expect(pull).rejects.toBe('the reason');
    await new Promise((resolve) => setTimeout(resolve, 10));
    expect(getEventListeners(controller.signal, 'abort')).toHaveLength(1);
    const elapsedMs = startStopwatch();
    controller.abort('the reason');
    await ended;
    expect(elapsedMs()).toBeLessThan(50);
    expect(getEventListeners(controller.signal, 'abort')).toHaveLength(0);
    // A timer of somebody else may have passed meanwhile.
    expect(timers()).toBeLessThanOrEqual(before);
    expect(await iterator.next()).toEqual({ done: true, value: undefined });
  });

  test.each(endings)('return() ends %s within milliseconds and leaves no timer and no listener', async (_, steps) => {
    const { signal } = new AbortController();
    const before = timers();
    const iterator = open([{ when: '', steps }], 'p', signal);
    const pull = iterator.next();
    await new Promise((resolve) => setTimeout(resolve, 10));
    const elapsedMs = startStopwatch();
    expect(await iterator.return?.()).toEqual({ done: true, value: undefined });
    expect(await pull).toEqual({ done: true, value: undefined });
    expect(elapsedMs()).toBeLessThan(50);
    expect(getEventListeners(signal, 'abort')).toHaveLength(0);
    expect(timers()).toBeLessThanOrEqual(before);
  });

  test('a signal that is aborted already lets nothing out', async () => {
    const iterator = open([{ when: '', steps: [{ say: 'a' }] }], 'p', AbortSignal.abort('early'));
    await expect(iterator.next()).rejects.toBe('early');
    expect(await iterator.next()).toEqual({ done: true, value: undefined });
  });

  test('an abort between two pulls ends the stream at the next one', async () => {
    const controller = new AbortController();
    const iterator = open([{ when: '', steps: [{ say: 'a', repeat: 9 }] }], 'p', controller.signal);
    await iterator.next();
    controller.abort('now');
    await expect(iterator.next()).rejects.toBe('now');
  });

  test('a stream read to its good end leaves no listener, whatever it waited for', async () => {
    const { signal } = new AbortController();
    const before = timers();
    const engine = answererOf({
      when: '',
      steps: [{ say: 'a', repeat: 200 }, { wait_ms: 1, repeat: 5 }, { wait_ms: 0 }],
    });
    expect((await all(engine.answer({ prompt: '', hardwareId: 'd' }, signal))).items).toHaveLength(200);
    expect(getEventListeners(signal, 'abort')).toHaveLength(0);
    // A timer of somebody else may have passed meanwhile.
    expect(timers()).toBeLessThanOrEqual(before);
  });

  test('a wait that was late makes no later one late, and what was missed comes without waiting', async () => {
    vi.useFakeTimers();
    try {
      const steps = Array.from({ length: 200 }, () => [{ wait_ms: 10 }, { say: 'a' }]).flat();
      const answer = answererOf({ when: '', steps }).answer({ prompt: '', hardwareId: 'd' }, neverAborted);
      expect(await arrivals(answer, { from: 1, untilMs: 1_500 })).toEqual([
        10,
        ...Array.from({ length: 149 }, () => 1_500),
        ...Array.from({ length: 50 }, (_, index) => 1_510 + 10 * index),
      ]);
    } finally {
      vi.useRealTimers();
    }
  });

  test('waits take as long as they say', async () => {
    vi.useFakeTimers();
    try {
      const iterator = open([{ when: '', steps: [{ wait_ms: 40, repeat: 3 }, { say: 'a' }] }]);
      const got = vi.fn();
      iterator.next().then(got);
      await vi.advanceTimersByTimeAsync(119);
      expect(got).not.toHaveBeenCalled();
      await vi.advanceTimersByTimeAsync(1);
      expect(got).toHaveBeenCalledExactlyOnceWith({
        done: false,
        value: { kind: 'text', text: 'a' } satisfies AnswerPart,
      });
    } finally {
      vi.useRealTimers();
    }
  });
});

/** When each item came, in ms since the first pull, to a reader that is held up behind the first `from` of them, until `untilMs`. */
async function arrivals(items: AsyncIterable<unknown>, { from, untilMs }: { from: number; untilMs: number }) {
  const startedAtMs = performance.now();
  const atMs: number[] = [];
  const read = (async () => {
    for await (const _ of items) {
      atMs.push(performance.now() - startedAtMs);
      if (atMs.length === from) await new Promise((go) => setTimeout(go, startedAtMs + untilMs - performance.now()));
    }
  })();
  await vi.runAllTimersAsync();
  await read;
  return atMs;
}

describe('the scripted voice', () => {
  function speak(speech: unknown, text: string, signal: AbortSignal = neverAborted) {
    const engine = createScriptedSpeechEngine(parseScenario(JSON.stringify({ speech }), 'test'));
    return engine.synthesise({ text }, signal);
  }

  test.each([
    [{}, 3, 4096],
    [{ chunks_per_sentence: 1, chunk_bytes: 2 }, 1, 2],
    [{ chunks_per_sentence: 130, chunk_bytes: 4096 }, 130, 4096],
    [{ chunks_per_sentence: 5, chunk_bytes: 2400 }, 5, 2400],
    [{ chunks_per_sentence: 2, chunk_bytes: 1_048_576 }, 2, 1_048_576],
    [{ chunks_per_sentence: 2600, chunk_bytes: 46 }, 2600, 46],
  ])('%j is one continuous 440 Hz tone of that many chunks', async (speech, count, bytes) => {
    const { items, error } = await all(speak(speech, 'Hello.'));
    expect(error).toBeUndefined();
    expect(items.map((chunk) => chunk.byteLength)).toEqual(Array.from({ length: count }, () => bytes));
    const pcm = Buffer.concat(items);
    let worst = 0;
    for (let sample = 0; sample < pcm.length / 2; sample += 1) {
      const ideal = 0.25 * 32_767 * Math.sin((2 * Math.PI * 440 * sample) / 48_000);
      worst = Math.max(worst, Math.abs(pcm.readInt16LE(sample * 2) - ideal));
    }
    expect(worst).toBeLessThan(1);
  });

  test('no chunks at all is a sentence without sound', async () => {
    expect(await all(speak({ chunks_per_sentence: 0 }, 'Hello.'))).toEqual({ items: [], error: undefined });
  });

  test('a sentence that matches fail_when is a declared failure, UNAVAILABLE, and others are spoken', async () => {
    const { items, error } = await all(speak({ fail_when: 'bad' }, 'A BAD one.'));
    expect(items).toEqual([]);
    expect(error).toBeInstanceOf(EngineFailure);
    expect(error).toMatchObject({ errorCode: 'UNAVAILABLE' });
    expect((await all(speak({ fail_when: 'bad' }, 'A good one.'))).items).toHaveLength(3);
  });

  test('a voice other than its one, tone, is a declared failure, NOT_FOUND; a language makes no difference', async () => {
    const engine = createScriptedSpeechEngine(parseScenario('{}', 'test'));
    const spoken = (hints: object) => all(engine.synthesise({ text: 'Hello.', ...hints }, neverAborted));
    const plain = await spoken({});
    expect(plain.error).toBeUndefined();
    expect(await spoken({ voice: 'tone', language: 'ru' })).toEqual(plain);
    const { items, error } = await spoken({ voice: 'nobody' });
    expect(items).toEqual([]);
    expect(error).toMatchObject({ errorCode: 'NOT_FOUND', message: 'no voice "nobody"; there is tone' });
  });

  test('a sentence that matches hang_when gives no sound until the abort', async () => {
    const controller = new AbortController();
    const iterator = speak({ hang_when: 'bad' }, 'A bad one.', controller.signal)[Symbol.asyncIterator]();
    const pull = iterator.next();
    const ended = expect(pull).rejects.toBe('enough');
    expect(await Promise.race([pull, new Promise((resolve) => setTimeout(resolve, 20, 'silent'))])).toBe('silent');
    controller.abort('enough');
    await ended;
    expect(getEventListeners(controller.signal, 'abort')).toHaveLength(0);
  });

  test('chunks come ms_per_chunk apart', async () => {
    vi.useFakeTimers();
    try {
      const got = vi.fn();
      all(speak({ chunks_per_sentence: 3, ms_per_chunk: 85 }, 'Hello.')).then(got);
      await vi.advanceTimersByTimeAsync(3 * 85 - 1);
      expect(got).not.toHaveBeenCalled();
      await vi.advanceTimersByTimeAsync(1);
      expect(got).toHaveBeenCalledOnce();
    } finally {
      vi.useRealTimers();
    }
  });

  test('a chunk that was late makes no later one late: each is due at its own time from the first pull', async () => {
    vi.useFakeTimers();
    try {
      const voice = speak({ chunks_per_sentence: 50, ms_per_chunk: 40 }, 'Hello.');
      expect(await arrivals(voice, { from: 10, untilMs: 1_000 })).toEqual([
        ...Array.from({ length: 10 }, (_, index) => 40 * (index + 1)),
        // Held up until 1,000 ms: what was due meanwhile is there at once, what comes is on time.
        ...Array.from({ length: 15 }, () => 1_000),
        ...Array.from({ length: 25 }, (_, index) => 1_040 + 40 * index),
      ]);
    } finally {
      vi.useRealTimers();
    }
  });

  test('sixty megabytes of sound are made of views into one small table', async () => {
    const tables = new Set<unknown>();
    let bytes = 0;
    for await (const chunk of speak({ chunks_per_sentence: 15_000 }, 'Hello.')) {
      tables.add(chunk.buffer);
      bytes += chunk.byteLength;
    }
    expect(bytes).toBe(15_000 * 4096);
    expect(tables.size).toBe(1);
  });
});
