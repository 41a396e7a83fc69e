/**
 * The memory as streams use it: what is asked, what is waited for, what is remembered and when. Over the real charts, with a memory
 * worked by hand.
 */
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { type ConversationMemory, HeardWords } from '../../../src/actors/answer/conversation-memory.ts';
import { HistoryLookup } from '../../../src/actors/answer/history-lookup.ts';
import type { Exchange } from '../../../src/engines/answer-engine.ts';
import { EngineFailure } from '../../../src/errors.ts';
import type { LogFields, Logger } from '../../../src/observe/logger.ts';
import { HandSink } from '../../support/actors/hand-sink.ts';
import { settle } from '../../support/actors/hand-stream.ts';
import { openHost, requestOf } from '../../support/actors/hosted-supervisor.ts';
import { ownTimeOf } from '../../support/own-time.ts';

type Heard = Parameters<ConversationMemory['remember']>[0];

class HandMemory implements ConversationMemory {
  maxAnswerChars = 1_000;
  readonly remembered: Heard[] = [];
  /** Called when something is remembered. */
  onRemember: () => void = () => {};
  readonly lookups: {
    readonly hardwareId: string;
    resolve(history: readonly Exchange[]): void;
    reject(error: Error): void;
  }[] = [];

  timeMs(): number {
    return 5_000;
  }

  recall(hardwareId: string): Promise<readonly Exchange[]> | null {
    if (hardwareId === 'unknown') return null;
    return new Promise((resolve, reject) => this.lookups.push({ hardwareId, resolve, reject }));
  }

  remember(heard: Heard): void {
    this.remembered.push(heard);
    this.onRemember();
  }
}

const history: readonly Exchange[] = [{ prompt: 'Hello', answer: 'Hi.' }];

describe('the history of an answer', () => {
  test('is asked for in the turn that admits the call, and goes to the engine beside the prompt', async () => {
    const memory = new HandMemory();
    const { host, answers } = openHost({ memory });
    host.open(requestOf('call-1', 'session-1', 'device-1'), new HandSink());
    expect(memory.lookups.map(({ hardwareId }) => hardwareId)).toEqual(['device-1']);
    await settle();
    expect(answers.answers).toEqual([]);
    memory.lookups[0]?.resolve(history);
    await settle();
    expect(answers.answers.map(({ request }) => [request.prompt, request.history])).toEqual([['call-1', history]]);
  });

  test('is nothing for a device without an id, which is asked at once', () => {
    const { host, answers } = openHost({ memory: new HandMemory() });
    host.open(requestOf('call-1', 'session-1', 'unknown'), new HandSink());
    expect(answers.answers.map(({ request }) => 'history' in request)).toEqual([false]);
  });

  test.each(['cancel', 'interrupt'])('does not hold a stream that ends meanwhile: %s', async (how) => {
    const memory = new HandMemory();
    const { host, answers, answerJobs, resources } = openHost({ memory });
    const sink = new HandSink();
    const opened = host.open(requestOf('call-1', 'session-1', 'device-1'), sink);
    if (how === 'interrupt') await host.interrupt('device-1');
    else if ('cancel' in opened) opened.cancel();
    expect({ ends: sink.ends.length, streams: resources.size }).toEqual({ ends: 1, streams: 0 });
    await settle();
    expect(answerJobs.running).toBe(0);
    memory.lookups[0]?.resolve(history);
    await settle();
    expect(answers.answers).toEqual([]);
    expect(memory.remembered).toEqual([]);
  });
});

describe('a lookup', () => {
  beforeEach(() => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  function bench() {
    const memory = new HandMemory();
    const logged: LogFields[] = [];
    const keep = (fields: LogFields): void => {
      logged.push(fields);
    };
    const log: Logger = { debug: keep, info: keep, warn: keep, error: keep, announce: keep };
    const lookup = new HistoryLookup({ memory, log, ownTime: ownTimeOf() });
    const never = new AbortController().signal;
    const ask = (signal = never) => {
      const outcome: { history: readonly Exchange[] | null } = { history: null };
      void Promise.resolve(lookup.of('device-1', signal)).then((found) => {
        outcome.history = found;
      });
      return outcome;
    };
    return { memory, lookup, logged, ask };
  }

  test('is waited for by three calls at most while the memory hangs; the first answer makes them wait again', async () => {
    const { memory, lookup, ask } = bench();
    for (let call = 0; call < 3; call += 1) {
      const outcome = ask();
      await vi.advanceTimersByTimeAsync(300);
      expect(outcome.history).toBeNull();
      await vi.advanceTimersByTimeAsync(50);
      expect(outcome.history).toEqual([]);
    }
    const further = Array.from({ length: 50 }, () => ask());
    await vi.advanceTimersByTimeAsync(0);
    for (const { history: found } of further) expect(found).toEqual([]);
    expect(memory.lookups).toHaveLength(53);
    expect(lookup.counts).toEqual({ late: 53, failed: 0 });
    memory.lookups[0]?.resolve(history);
    await vi.advanceTimersByTimeAsync(0);
    const waiting = ask();
    await vi.advanceTimersByTimeAsync(0);
    expect(waiting.history).toBeNull();
    memory.lookups[53]?.resolve(history);
    await vi.advanceTimersByTimeAsync(0);
    expect(waiting.history).toEqual(history);
  });

  test('that is late is answered without, within 350 ms; what comes then is not used', async () => {
    const { memory, lookup, logged, ask } = bench();
    const outcome = ask();
    await vi.advanceTimersByTimeAsync(300);
    expect(outcome.history).toBeNull();
    await vi.advanceTimersByTimeAsync(50);
    expect(outcome.history).toEqual([]);
    memory.lookups[0]?.resolve(history);
    await vi.advanceTimersByTimeAsync(0);
    expect(outcome.history).toEqual([]);
    expect(lookup.counts).toEqual({ late: 1, failed: 0 });
    expect(logged).toEqual([
      {
        scope: 'workflow',
        method: 'StreamAudio',
        decision: 'history_missing',
        ctx: { reason: 'it took longer than 350 ms' },
      },
    ]);
    expect(vi.getTimerCount()).toBe(0);
  });

  test('that fails is an empty history at once; a fault is told once, and again after it was over', async () => {
    const { memory, lookup, logged, ask } = bench();
    for (let call = 0; call < 3; call += 1) {
      const outcome = ask();
      memory.lookups[call]?.reject(new Error('no room'));
      await vi.advanceTimersByTimeAsync(0);
      expect(outcome.history).toEqual([]);
    }
    expect(logged.map(({ ctx }) => ctx)).toEqual([{ reason: 'no room' }]);
    const good = ask();
    memory.lookups[3]?.resolve(history);
    await vi.advanceTimersByTimeAsync(0);
    expect(good.history).toEqual(history);
    ask();
    await vi.advanceTimersByTimeAsync(350);
    expect(logged).toHaveLength(2);
    expect(lookup.counts).toEqual({ late: 1, failed: 3 });
  });

  test('ends with an abort, leaves no timer, and counts as no fault', async () => {
    const { memory, lookup, logged, ask } = bench();
    const controller = new AbortController();
    const outcome = ask(controller.signal);
    controller.abort();
    await vi.advanceTimersByTimeAsync(0);
    expect(outcome.history).toEqual([]);
    memory.lookups[0]?.reject(new Error('late'));
    await vi.advanceTimersByTimeAsync(0);
    expect([vi.getTimerCount(), logged.length, lookup.counts]).toEqual([0, 0, { late: 0, failed: 0 }]);
  });
});

describe('what is remembered', () => {
  /** A stream whose history has come. */
  async function opened(memory: HandMemory, room?: number) {
    const bench = openHost({ memory });
    const sink = new HandSink(room);
    const stream = bench.host.open(requestOf('call-1', 'session-1', 'device-1'), sink);
    memory.lookups[0]?.resolve([]);
    await settle();
    return { ...bench, sink, stream };
  }

  const heard = (answer: string): Heard => ({ hardwareId: 'device-1', prompt: 'call-1', answer, askedAtMs: 5_000 });

  test('is the prompt and the words that went out, before the client sees the end', async () => {
    const memory = new HandMemory();
    const { answers, voice, sink } = await opened(memory);
    let endsBefore: number | null = null;
    memory.onRemember = () => {
      endsBefore = sink.ends.length;
    };
    answers.say('It is sunny today, I think. ', 'Have a good time there!');
    answers.last.end();
    await settle();
    for (const index of [0, 1]) {
      voice.at(index).give(new Uint8Array(4));
      voice.at(index).end();
    }
    await settle();
    expect(sink.ends).toEqual([{ ok: true }]);
    expect(memory.remembered).toEqual([heard('It is sunny today, I think. Have a good time there!')]);
    expect(endsBefore).toBe(0);
  });

  type Opened = Awaited<ReturnType<typeof opened>>;
  const half = 'It is sunny today, I think.';
  const ends: readonly (readonly [string, string | null, (bench: Opened) => void])[] = [
    ['is what was heard until an interrupt', half, ({ host }) => host.interrupt('device-1')],
    ...(['UNAVAILABLE', 'DEADLINE_EXCEEDED', 'RESOURCE_EXHAUSTED', 'INTERNAL'] as const).map(
      (errorCode) =>
        [
          `is nothing of an answer that failed: ${errorCode}`,
          null,
          ({ answers }: Opened) => answers.last.fail(new EngineFailure({ errorCode, message: 'down' })),
        ] as const,
    ),
  ];
  test.each(ends)('%s, and not what only waited', async (_how, kept, end) => {
    const memory = new HandMemory();
    const bench = await opened(memory, 1);
    bench.answers.say('It is sunny today, I think. ', 'Nobody hears this sentence. ');
    await settle();
    end(bench);
    await settle();
    expect(bench.sink.ends.map(({ ok }) => ok)).toEqual([false]);
    expect(memory.remembered).toEqual(kept === null ? [] : [heard(kept)]);
  });

  test('is nothing where no word went out: a failure before it, a command alone', async () => {
    const failing = new HandMemory();
    const failed = await opened(failing);
    failed.answers.last.fail(new EngineFailure({ errorCode: 'UNAVAILABLE', message: 'down' }));
    await settle();
    expect([failed.sink.ends.length, failing.remembered]).toEqual([1, []]);

    const wordless = new HandMemory();
    const commanded = await opened(wordless);
    commanded.answers.last.give({ kind: 'command', name: 'open_app', args: { app_name: 'Safari' } });
    commanded.answers.last.end();
    await settle();
    expect(commanded.sink.brief).toEqual(['command open_app', 'end COMPLETED']);
    expect(wordless.remembered).toEqual([]);
  });

  test('is held only as far as it can be kept, whatever the answer says', () => {
    const memory = new HandMemory();
    memory.maxAnswerChars = 10;
    const words = new HeardWords(memory, { hardwareId: 'device-1', prompt: 'call-1' });
    for (let piece = 0; piece < 100_000; piece += 1) words.add('abcd');
    words.remember(null);
    expect(memory.remembered).toEqual([heard('abcdabcdabc')]);
  });
});
