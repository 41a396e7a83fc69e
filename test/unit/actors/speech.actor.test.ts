/**
 * Guarantees of the speech actor and its jobs: sound in turn and at the reader's pace, bounded work ahead, honest silence, retries that
 * repeat nothing heard, and aborts that reach the engine.
 */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { JobCount } from '../../../src/actors/figures/stream-counters.ts';
import { StreamFigures } from '../../../src/actors/figures/stream-figures.ts';
import type { StreamResourceMap, StreamResources } from '../../../src/actors/hosts/stream-resources.ts';
import { createOutbox } from '../../../src/actors/outbox/outbox.ts';
import { createSpeechActor } from '../../../src/actors/speech/speech.actor.ts';
import { EngineFailure, failure } from '../../../src/errors.ts';
import { HandSpeechEngine } from '../../support/actors/hand-engines.ts';
import { HandSink } from '../../support/actors/hand-sink.ts';
import { settle } from '../../support/actors/hand-stream.ts';
import { callOf, keepingFaults } from '../../support/actors/hosted-supervisor.ts';
import { type HostedActor, hostActor } from '../../support/actors/parent-actor.ts';

interface Bench {
  readonly engine: HandSpeechEngine;
  readonly jobs: JobCount;
  readonly sink: HandSink;
  readonly reports: { id: string; error: unknown }[];
  readonly actor: HostedActor;
  readonly clock: { ms: number };
  due(segment: number): void;
  turn(segment: number): void;
  abandon(segment: number): void;
  silences(): unknown;
}

function start({ room = Number.POSITIVE_INFINITY, hints = {} }: { room?: number; hints?: object } = {}): Bench {
  const engine = new HandSpeechEngine();
  const jobs = new JobCount();
  const reports: { id: string; error: unknown }[] = [];
  const clock = { ms: 1_000 };
  const now = () => clock.ms;
  const sink = new HandSink(room);
  const outbox = createOutbox({
    sink,
    maxFramesPerSecond: 0,
    now,
    notify: () => {},
    commandSent: () => {},
    handoverFailed: () => {},
  });
  const resources: StreamResources = {
    call: callOf('stream-1', 'session-1'),
    screen: {},
    outbox,
    figures: new StreamFigures(now),
    tellSpeech: () => {},
    disposers: [],
  };
  const streams: StreamResourceMap = new Map([['stream-1', resources]]);
  const faults = keepingFaults(reports);
  const logic = createSpeechActor({ engine: () => engine, resources: streams, jobs, faults, now });
  const actor = hostActor(logic, { streamId: 'stream-1', ...hints });
  return {
    engine,
    jobs,
    sink,
    reports,
    actor,
    clock,
    due: (segment) => resources.tellSpeech({ type: 'sentence.due', segment, speech: `Sentence ${segment}.` }),
    turn: (segment) => resources.tellSpeech({ type: 'sentence.turnCame', segment }),
    abandon: (segment) => resources.tellSpeech({ type: 'sentence.abandoned', segment }),
    silences: () => {
      resources.tellSpeech({ type: 'progress.questioned' });
      const last = actor.heard.at(-1);
      return last?.type === 'speech.progressReported' ? last.silences : 'no answer';
    },
  };
}

/** A chunk of sound that tells where it comes from. */
const sound = (bytes: number, tone = 1): Uint8Array => new Uint8Array(bytes).fill(tone);
const tonesOf = (sink: HandSink): readonly (number | undefined)[] =>
  sink.frames.map((frame) => (frame.kind === 'audio' ? frame.bytes[0] : undefined));
const bytesOf = (sink: HandSink): number =>
  sink.frames.reduce((sum, frame) => sum + (frame.kind === 'audio' ? frame.bytes.byteLength : 0), 0);
const finished = (segment: number, audioBytes: number) => ({ type: 'speech.finished', segment, audioBytes });

describe('the order', () => {
  test('Speech job 2: sentences are synthesised as they are due, their sound comes out in turn', async () => {
    const { engine, sink, actor, due, turn, jobs } = start();
    due(0);
    due(1);
    expect(engine.syntheses.map((each) => each.request.text)).toEqual(['Sentence 0.', 'Sentence 1.']);
    expect(jobs.running).toBe(2);

    engine.at(1).give(sound(4096, 11), sound(100, 11));
    engine.at(1).end();
    await settle();
    expect({ frames: sink.brief, heard: actor.heard }).toEqual({ frames: [], heard: [] });

    turn(0);
    engine.at(0).give(sound(4096, 10));
    engine.at(0).end();
    await settle();
    expect(tonesOf(sink)).toEqual([10]);
    expect(actor.heard).toEqual([finished(0, 4096)]);

    turn(1);
    await settle();
    expect(tonesOf(sink)).toEqual([10, 11, 11]);
    expect(sink.brief).toEqual(['4096 bytes', '4096 bytes', '100 bytes']);
    expect(actor.heard).toEqual([finished(0, 4096), finished(1, 4196)]);
    expect(jobs.running).toBe(0);
  });

  test('sound that comes in its turn goes out at once, not at the end of the sentence', async () => {
    const { engine, sink, due, turn } = start();
    due(0);
    turn(0);
    engine.at(0).give(sound(4096));
    await settle();
    expect(sink.brief).toEqual(['4096 bytes']);
  });

  test('Speech job 4: a sentence without any sound is finished in its turn, not before', async () => {
    const { engine, actor, due, turn } = start();
    due(0);
    engine.at(0).end();
    await settle();
    expect(actor.heard).toEqual([]);
    turn(0);
    await settle();
    expect(actor.heard).toEqual([finished(0, 0)]);
  });

  test('Speech job 1, 2, 4: for any interleaving of engines and turns: every byte once, sentence by sentence, each told once', async () => {
    const plan = fc.record({
      sizes: fc.array(
        fc.array(
          fc.integer({ min: 1, max: 6_000 }).map((half) => half * 2),
          { maxLength: 6 },
        ),
        {
          minLength: 1,
          maxLength: 4,
        },
      ),
      order: fc.array(fc.nat(), { minLength: 1, maxLength: 30 }),
      room: fc.integer({ min: 1, max: 5 }),
    });
    await fc.assert(
      fc.asyncProperty(plan, async ({ sizes, order, room }) => {
        const { engine, sink, actor, due, turn } = start({ room: 0 });
        let turns = 0;
        const given = sizes.map(() => 0);
        for (const segment of sizes.keys()) due(segment);
        const giveNext = (segment: number): void => {
          const size = sizes[segment]?.[given[segment] ?? 0];
          given[segment] = (given[segment] ?? 0) + 1;
          if (size === undefined) engine.at(segment).end();
          else engine.at(segment).give(sound(size, segment + 1));
        };
        const turnIfFree = (): void => {
          const done = actor.heard.filter(({ type }) => type === 'speech.finished').length;
          if (turns === done && turns < sizes.length) turn(turns++);
        };
        for (const step of order) {
          giveNext(step % sizes.length);
          turnIfFree();
          sink.free(room);
          await settle();
        }
        // Now everything to its end.
        sink.free(1_000);
        for (let round = 0; round < 10 * sizes.length; round += 1) {
          for (const segment of sizes.keys()) giveNext(segment);
          turnIfFree();
          await settle();
        }
        const whole = sizes.map((chunks) => chunks.reduce((sum, size) => sum + size, 0));
        expect(actor.heard).toEqual(whole.map((audioBytes, segment) => finished(segment, audioBytes)));
        const tones = tonesOf(sink);
        expect(tones).toEqual(tones.toSorted());
        expect(bytesOf(sink)).toBe(whole.reduce((sum, bytes) => sum + bytes, 0));
      }),
      { numRuns: 25 },
    );
  });
});

describe('Speech job 3: work ahead', () => {
  test('holds 128 KiB of a sentence before its turn and then makes its engine wait', async () => {
    const { engine, sink, due, turn } = start();
    due(0);
    for (let chunk = 0; chunk < 200; chunk += 1) engine.at(0).give(sound(4096));
    await settle();
    // 32 chunks are 128 KiB; the pull after the last of them never comes.
    expect(engine.at(0).pulls).toBe(32);
    expect(sink.brief).toEqual([]);
    turn(0);
    await settle();
    expect(engine.at(0).pulls).toBe(201);
    expect(bytesOf(sink)).toBe(200 * 4096);
  });

  test('cuts a giant chunk of the engine too: what leaves at a turn is what was held', async () => {
    const { engine, sink, due, turn } = start({ room: 0 });
    due(0);
    engine.at(0).give(sound(1024 * 1024));
    await settle();
    turn(0);
    await settle();
    sink.free(1_000);
    await settle();
    expect(sink.frames.every((frame) => frame.kind === 'audio' && frame.bytes.byteLength === 4096)).toBe(true);
    expect(bytesOf(sink)).toBe(1024 * 1024);
  });
});

describe('a reader that stops', () => {
  test('Speech job 3: stops the synthesis: nothing is pulled while the outbox is full, and all goes on with it', async () => {
    const { engine, sink, actor, due, turn } = start({ room: 4 });
    due(0);
    turn(0);
    for (let chunk = 0; chunk < 100; chunk += 1) engine.at(0).give(sound(4096));
    engine.at(0).end();
    await settle();
    // 4 frames were taken, 8 wait: 32 KiB.
    expect(sink.brief).toHaveLength(4);
    const { pulls } = engine.at(0);
    expect(pulls).toBe(12);
    await settle();
    expect(engine.at(0).pulls).toBe(pulls);

    sink.free(1);
    await settle();
    expect(engine.at(0).pulls).toBe(pulls + 1);
    sink.free(1_000);
    await settle();
    expect(actor.heard).toEqual([finished(0, 100 * 4096)]);
  });

  test('Speech job 5: is not the fault of the voice: while it is we who wait no silence is counted', async () => {
    const { engine, clock, silences, due, turn } = start({ room: 0 });
    due(0);
    turn(0);
    for (let chunk = 0; chunk < 8; chunk += 1) engine.at(0).give(sound(4096));
    await settle();
    clock.ms += 60_000;
    expect(silences()).toEqual([{ segment: 0, silentMs: 0 }]);
  });

  test('is told as such: how long its sound stood ready stands in the news of the voice', async () => {
    const { engine, sink, clock, actor, silences, due, turn } = start({ room: 0 });
    due(0);
    turn(0);
    for (let chunk = 0; chunk < 8; chunk += 1) engine.at(0).give(sound(4096));
    engine.at(0).end();
    await settle();
    clock.ms += 4_700;
    silences();
    sink.free(1_000);
    await settle();
    expect(actor.heard).toEqual([
      { type: 'speech.progressReported', silences: [{ segment: 0, silentMs: 0 }], fullMs: 4_700 },
      { ...finished(0, 8 * 4096), fullMs: 4_700 },
    ]);
  });

  test('Speech job 4: holds back the news that a sentence is finished until the next may follow', async () => {
    const { engine, sink, actor, due, turn } = start({ room: 0 });
    due(0);
    turn(0);
    for (let chunk = 0; chunk < 8; chunk += 1) engine.at(0).give(sound(4096));
    engine.at(0).end();
    await settle();
    expect(actor.heard).toEqual([]);
    sink.free(1);
    await settle();
    expect(actor.heard).toEqual([finished(0, 8 * 4096)]);
  });
});

describe('Speech job 5: silence', () => {
  test('counts from the question to the sound, for every sentence by itself', async () => {
    const { engine, clock, silences, due } = start();
    due(0);
    clock.ms += 400;
    due(1);
    clock.ms += 600;
    expect(silences()).toEqual([
      { segment: 0, silentMs: 1_000 },
      { segment: 1, silentMs: 600 },
    ]);
    engine.at(0).give(sound(4096));
    await settle();
    clock.ms += 50;
    expect(silences()).toEqual([
      { segment: 0, silentMs: 50 },
      { segment: 1, silentMs: 650 },
    ]);
  });

  test('is nought for a sentence whose sound is complete or whose hold is full', async () => {
    const { engine, clock, silences, due } = start();
    due(0);
    due(1);
    engine.at(0).give(sound(4096));
    engine.at(0).end();
    for (let chunk = 0; chunk < 33; chunk += 1) engine.at(1).give(sound(4096));
    await settle();
    clock.ms += 60_000;
    expect(silences()).toEqual([
      { segment: 0, silentMs: 0 },
      { segment: 1, silentMs: 0 },
    ]);
  });

  test('is asked of nobody when nothing is synthesised', () => {
    expect(start().silences()).toEqual([]);
  });
});

describe('Speech job 6: a failure', () => {
  const broken = new EngineFailure({ errorCode: 'UNAVAILABLE', message: 'the voice broke' });
  const failed = (segment: number, retryable: boolean, why = failure('answer_failed', 'the voice broke')) => ({
    type: 'speech.failed',
    segment,
    retryable,
    failure: why,
  });

  test('before any sound can be retried', async () => {
    const { engine, actor, due, turn } = start();
    due(0);
    turn(0);
    engine.at(0).fail(broken);
    await settle();
    expect(actor.heard).toEqual([failed(0, true)]);
  });

  test('of a sentence whose sound is still held can be retried: nobody heard it, and nobody will', async () => {
    const { engine, sink, actor, due, turn } = start();
    due(0);
    engine.at(0).give(sound(4096, 1));
    engine.at(0).fail(broken);
    await settle();
    expect(actor.heard).toEqual([failed(0, true)]);

    due(0);
    turn(0);
    engine.at(1).give(sound(4096, 2));
    engine.at(1).end();
    await settle();
    expect(tonesOf(sink)).toEqual([2]);
    expect(actor.heard).toEqual([failed(0, true), finished(0, 4096)]);
  });

  test('that its engine calls final can not: it has tried again itself', async () => {
    const { engine, actor, due, turn } = start();
    due(0);
    turn(0);
    engine.at(0).fail(new EngineFailure({ errorCode: 'UNAVAILABLE', message: 'the voice broke' }, { isFinal: true }));
    await settle();
    expect(actor.heard).toEqual([failed(0, false)]);
  });

  test('after sound was handed over can not', async () => {
    const { engine, sink, actor, due, turn } = start();
    due(0);
    turn(0);
    engine.at(0).give(sound(4096));
    engine.at(0).fail(broken);
    await settle();
    expect(actor.heard).toEqual([failed(0, false)]);
    expect(sink.brief).toEqual(['4096 bytes']);
  });

  test('that nobody declared goes to the log; the chart hears the id', async () => {
    const { engine, actor, reports, due } = start();
    const secret = new Error('secret');
    due(0);
    engine.at(0).fail(secret);
    await settle();
    expect(actor.heard).toEqual([failed(0, true, failure('processing_error', 'Internal error (stream-1)'))]);
    expect(reports).toEqual([{ id: 'stream-1', error: secret }]);
  });

  test('of one sentence leaves the others alone', async () => {
    const { engine, sink, actor, due, turn } = start();
    due(0);
    due(1);
    engine.at(1).fail(broken);
    turn(0);
    engine.at(0).give(sound(4096, 10));
    engine.at(0).end();
    await settle();
    expect(tonesOf(sink)).toEqual([10]);
    expect(actor.heard).toEqual([failed(1, true), finished(0, 4096)]);
  });
});

describe('Speech job 7: an abort', () => {
  test('of one sentence reaches its engine at once; its sound is forgotten and nothing more is told of it', async () => {
    const { engine, sink, actor, due, turn, abandon, jobs } = start();
    due(0);
    due(1);
    engine.at(0).give(sound(4096, 10));
    await settle();
    abandon(0);
    expect(engine.at(0).signal.aborted).toBe(true);
    expect(engine.at(1).signal.aborted).toBe(false);
    turn(0);
    engine.at(0).give(sound(4096, 10));
    await settle();
    expect({ frames: sink.brief, heard: actor.heard, running: jobs.running }).toEqual({
      frames: [],
      heard: [],
      running: 1,
    });
  });

  test.each([
    ['while its engine works', Number.POSITIVE_INFINITY, 1],
    ['while the reader makes it wait', 0, 20],
  ])('by the end of the session reaches every engine at once, %s', async (_when, room, chunks) => {
    const { engine, sink, actor, due, turn, jobs } = start({ room });
    due(0);
    due(1);
    turn(0);
    for (let chunk = 0; chunk < chunks; chunk += 1) engine.at(0).give(sound(4096));
    await settle();
    const before = sink.brief.length;
    actor.stop();
    expect([engine.at(0).signal.aborted, engine.at(1).signal.aborted]).toEqual([true, true]);
    await settle();
    due(2);
    turn(1);
    sink.free(100);
    await settle();
    expect({ running: jobs.running, heard: actor.heard, syntheses: engine.syntheses.length }).toEqual({
      running: 0,
      heard: [],
      syntheses: 2,
    });
    expect(before).toBe(room === 0 ? 0 : 1);
  });

  test('of a sentence that is not there any more is harmless', () => {
    const { actor, abandon, turn } = start();
    abandon(7);
    turn(7);
    expect({ heard: actor.heard, errors: actor.errors }).toEqual({ heard: [], errors: [] });
  });
});

test('Speech job 8: an engine that never waits leaves the event loop its turns', async () => {
  const { engine, due, turn, actor } = start();
  due(0);
  turn(0);
  for (let chunk = 0; chunk < 2_000; chunk += 1) engine.at(0).give(sound(4096));
  let turns = 0;
  while (engine.at(0).pulls < 2_000 && turns < 1_000) {
    await new Promise((wake) => setImmediate(wake));
    turns += 1;
  }
  expect(turns).toBeGreaterThan(20);
  expect(turns).toBeLessThan(1_000);
  actor.stop();
});

describe('the engine', () => {
  test.each([{}, { voice: 'tone' }, { language: 'de' }, { voice: 'tone', language: 'de' }])(
    'is asked with the hints of the stream for every sentence, and with no others: %j',
    (hints) => {
      const { engine, due } = start({ hints });
      due(0);
      due(1);
      const noteProvider = expect.any(Function);
      expect(engine.syntheses.map(({ request: asked }) => asked)).toEqual([
        { text: 'Sentence 0.', noteProvider, ...hints },
        { text: 'Sentence 1.', noteProvider, ...hints },
      ]);
    },
  );

  test('Speech job 8: that makes no sound at all of many sentences leaves everybody a turn of the event loop', async () => {
    const { engine, due, turn, actor } = start();
    due(0);
    turn(0);
    engine.at(0).end();
    let turns = 0;
    setImmediate(() => {
      turns = actor.heard.length;
    });
    await settle();
    expect(turns).toBe(0);
    expect(actor.heard).toEqual([{ type: 'speech.finished', segment: 0, audioBytes: 0 }]);
  });
});
