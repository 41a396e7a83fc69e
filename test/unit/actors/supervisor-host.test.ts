/**
 * Guarantees of the hosts, with the real charts and actors over engines and sinks worked by hand: one status for every call, slots that
 * come back on every way out, duplicates refused under any race, and faults that stay where they are.
 */
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { OpenStream } from '../../../src/call/gateway.ts';
import type { AnswerEngine, AnswerPart } from '../../../src/engines/answer-engine.ts';
import { EngineFailure, type Failure } from '../../../src/errors.ts';
import { HandSink } from '../../support/actors/hand-sink.ts';
import { settle } from '../../support/actors/hand-stream.ts';
import { type HostBench, openHost, requestOf } from '../../support/actors/hosted-supervisor.ts';
import { runs } from '../../support/runs.ts';

const interrupted: Failure = { errorCode: 'CANCELLED', errorType: 'interrupted', message: 'Interrupted by the device' };
const cancelled: Failure = {
  errorCode: 'CANCELLED',
  errorType: 'client_cancelled',
  message: 'Cancelled by the client',
};
const faultOf = (streamId: string): Failure => ({
  errorCode: 'INTERNAL',
  errorType: 'session_fault',
  message: `Internal error (${streamId})`,
});

function isStream(opened: OpenStream | Failure): opened is OpenStream {
  return 'cancel' in opened;
}

/** Nothing of any stream is left. */
function expectEmpty({ host, resources, answerJobs, speechJobs }: HostBench): void {
  expect({
    activeStreams: host.activeStreams,
    inFlight: host.inFlight,
    streams: resources.size,
    answers: answerJobs.running,
    speech: speechJobs.running,
  }).toEqual({ activeStreams: 0, inFlight: 0, streams: 0, answers: 0, speech: 0 });
}

/** What would have crashed the process: XState throws what an observer throws in a timer. */
const uncaught: unknown[] = [];
const keepUncaught = (error: unknown): void => {
  uncaught.push(error);
};
let listeners: NodeJS.UncaughtExceptionListener[] = [];
beforeEach(() => {
  uncaught.length = 0;
  listeners = process.listeners('uncaughtException');
  process.removeAllListeners('uncaughtException');
  process.on('uncaughtException', keepUncaught);
});
afterEach(async () => {
  await new Promise((wake) => setTimeout(wake, 1));
  process.removeAllListeners('uncaughtException');
  for (const listener of listeners) process.on('uncaughtException', listener);
  expect(uncaught).toEqual([]);
});

describe('a good call', () => {
  test('Stream host 1, 3: goes out in order, ends once with OK, and leaves nothing behind', async () => {
    const bench = openHost();
    const { host, answers, voice } = bench;
    const sink = new HandSink();
    expect(isStream(host.open(requestOf('call-1', 'session-1'), sink))).toBe(true);
    expect({ active: host.activeStreams, inFlight: host.inFlight }).toEqual({ active: 1, inFlight: 1 });

    answers.say('It is sunny today, I think. ', 'Have a good time there!');
    answers.last.give({ kind: 'command', name: 'open_app', args: { app_name: 'Safari' } });
    answers.last.end();
    await settle();
    voice.at(0).give(new Uint8Array(4096));
    voice.at(0).end();
    await settle();
    voice.at(1).give(new Uint8Array(100));
    voice.at(1).end();
    await settle();
    expect(sink.brief).toEqual([
      'It is sunny today, I think.',
      '4096 bytes',
      ' Have a good time there!',
      '100 bytes',
      'command open_app',
      'end COMPLETED',
    ]);
    expect(sink.ends).toEqual([{ ok: true }]);
    expectEmpty(bench);
    expect(bench.counters.commandsSent).toBe(1);
    // An ended session is nobody's any more.
    expect(await host.interrupt('device-1')).toEqual([]);
  });

  test('Stream host 4: a sentence that is longer than a frame goes out as several, of at most 256 Ki units', async () => {
    const bench = openHost();
    const sink = new HandSink();
    bench.host.open(requestOf('call-1', 'session-1'), sink);
    const answer = `One.${' '.repeat(600_000)}Two.`;
    bench.answers.say(answer);
    bench.answers.last.end();
    await settle();
    for (let sentence = 0; sentence < bench.voice.syntheses.length; sentence += 1) {
      bench.voice.at(sentence).end();
      await settle();
    }
    const texts = sink.frames.flatMap((frame) => (frame.kind === 'text' ? [frame.text] : []));
    expect(texts.join('')).toBe(answer);
    expect(Math.max(...texts.map(({ length }) => length))).toBe(256 * 1024);
    expect(sink.ends).toEqual([{ ok: true }]);
    expectEmpty(bench);
  });

  test('is logged by its four lines, with what the contract names', async () => {
    const bench = openHost();
    const sink = new HandSink();
    bench.host.open(requestOf('call-1', 'session-1'), sink);
    bench.clock.ms += 200;
    bench.answers.say('Some words of an answer.');
    bench.answers.last.end();
    await settle();
    bench.clock.ms += 100;
    // 10 ms of silence first.
    bench.voice.at(0).give(new Uint8Array(4096).fill(1, 960));
    bench.voice.at(0).end();
    await settle();
    const ids = { session_id: 'session-1', hardware_id: 'device-1', stream_id: 'call-1' };
    expect(bench.lines.map(({ level, scope, decision, ctx }) => ({ level, scope, decision, ctx }))).toEqual([
      {
        level: 'info',
        scope: 'backpressure',
        decision: 'stream_acquired',
        ctx: { ...ids, active_streams: 1, max_streams: 50 },
      },
      {
        level: 'info',
        scope: 'backpressure',
        decision: 'stream_released',
        ctx: { ...ids, duration_seconds: 0.3, message_count: 3, active_streams: 0 },
      },
      {
        level: 'info',
        scope: 'workflow',
        decision: 'end',
        ctx: {
          ...ids,
          reason: 'completed',
          frames: 3,
          duration_seconds: 0.3,
          first_token_seconds: 0.2,
          first_sentence_seconds: 0.2,
          first_text_seconds: 0.2,
          first_audio_seconds: 0.3,
          first_sound_seconds: 0.3,
          leading_silence_seconds: 0.01,
          answer_provider: 'hand',
          answer_retries: 0,
          answer_chars: 24,
          input_tokens: null,
          output_tokens: null,
          sentences: 1,
          sentences_spoken: 1,
          sentences_unspoken: 0,
          sentences_wasted: 0,
          text_chars: 24,
          speech_provider: 'hand',
          speech_retries: 0,
          speech_chars: 24,
          audio_bytes: 4096,
          audio_seconds: 0.043,
          wasted_audio_seconds: 0,
        },
      },
    ]);
  });

  test('Supervisor host 3, Stream host 2: its slot is free before its client can see the end', async () => {
    const bench = openHost({ admission: { maxStreams: 1 } });
    const sink = new HandSink();
    const next = new HandSink();
    let admittedNext: boolean | null = null;
    sink.finish = () => {
      admittedNext = isStream(bench.host.open(requestOf('call-2', 'session-1'), next));
    };
    bench.host.open(requestOf('call-1', 'session-1'), sink);
    bench.answers.last.give({ kind: 'command', name: 'open_app', args: { app_name: 'Safari' } });
    bench.answers.last.end();
    await settle();
    expect(admittedNext).toBe(true);
    await bench.host.interrupt('device-1');
    await settle();
    expectEmpty(bench);
  });
});

/** Not a number of examples, but the length of the one that is tried. */
const PAIRS = runs(10_000);

describe(`${PAIRS} racing pairs`, () => {
  test('Supervisor host 1, 3: of each pair with one session id exactly one is admitted, whatever ends in between; all ends at zero', async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer(), async (seed) => {
        const bench = openHost({ admission: { maxStreams: 64 } });
        const { host, answers } = bench;
        const random = randomOf(seed);
        const live = new Map<string, { stream: OpenStream; sink: HandSink; sessionId: string; hardwareId: string }>();
        const outcomes = { admitted: 0, refused: 0, other: 0 };
        let endsSeen = 0;

        const endOne = async (): Promise<void> => {
          const [streamId, one] = [...live][Math.floor(random() * live.size)] ?? [];
          if (streamId === undefined || one === undefined) return;
          const how = random();
          const ended =
            how < 0.2
              ? [...live].filter(([, { hardwareId }]) => hardwareId === one.hardwareId)
              : [[streamId, one] as const];
          const isOver = how < 0.2 ? host.interrupt(one.hardwareId) : null;
          if (isOver !== null) await isOver;
          else if (how < 0.6) one.stream.cancel();
          else {
            // It fails by itself, a moment later.
            const answer = answers.answers.find(({ request }) => request.prompt === streamId);
            answer?.stream.fail(new EngineFailure({ errorCode: 'UNAVAILABLE', message: 'down' }));
            return;
          }
          // At once, or in the next round of the loop where this one has had its slice.
          if (ended.some(([, { sink }]) => sink.ends.length === 0)) await new Promise((wake) => setImmediate(wake));
          for (const [id, { sink }] of ended) {
            expect(sink.ends).toHaveLength(1);
            live.delete(id);
          }
          endsSeen += ended.length;
        };
        const sweep = (): void => {
          for (const [id, { sink }] of live) if (sink.ends.length > 0) live.delete(id);
        };

        for (let pair = 0; pair < PAIRS; pair += 1) {
          const sessionId = `session-${pair % 97}`;
          sweep();
          while (live.size >= 48 || [...live.values()].some((each) => each.sessionId === sessionId)) {
            await endOne();
            if (random() < 0.5) await Promise.resolve();
            sweep();
            // Those that fail by themselves need the loop to turn.
            if (live.size >= 48) await new Promise((wake) => setImmediate(wake));
          }
          const hardwareId = `device-${Math.floor(random() * 20)}`;
          const sinks = [new HandSink(), new HandSink()] as const;
          const opened = sinks.map((sink, index) => ({
            sink,
            streamId: `call-${pair}-${index}`,
            stream: host.open(requestOf(`call-${pair}-${index}`, sessionId, hardwareId), sink),
          }));
          for (const { sink, streamId, stream } of opened) {
            if (isStream(stream)) {
              outcomes.admitted += 1;
              live.set(streamId, { stream, sink, sessionId, hardwareId });
            } else if (stream.errorType === 'concurrent_request') outcomes.refused += 1;
            else outcomes.other += 1;
          }
          expect(opened.filter(({ stream }) => isStream(stream)).map(({ streamId }) => streamId)).toEqual([
            `call-${pair}-0`,
          ]);
          if (random() < 0.7) await endOne();
          if (answers.answers.length > 500) answers.answers.splice(0, 250);
        }
        expect(outcomes).toEqual({ admitted: PAIRS, refused: PAIRS, other: 0 });
        expect(endsSeen).toBeGreaterThan(PAIRS / 10);
        for (const { stream } of live.values()) stream.cancel();
        await settle();
        expectEmpty(bench);
        expect(bench.counters.rejected).toEqual({ concurrent_request: PAIRS });
        expect(bench.linesOf('stream_acquired')).toHaveLength(PAIRS);
        expect(bench.linesOf('stream_released')).toHaveLength(PAIRS);
        expect(bench.faults).toEqual([]);
      }),
      { numRuns: 1, endOnFailure: true },
    );
  }, 60_000);
});

describe('a burst of ten times the slots', () => {
  test('Supervisor host 3: fills the slots and not one more, refuses the rest at once, and all come back', async () => {
    const bench = openHost({ admission: { maxStreams: 50 } });
    const { host } = bench;
    let highest = 0;
    const opened = Array.from({ length: 500 }, (_, call) => {
      const stream = host.open(requestOf(`call-${call}`, `session-${call}`), new HandSink());
      highest = Math.max(highest, host.activeStreams);
      return stream;
    });
    expect(highest).toBe(50);
    expect(opened.filter(isStream)).toHaveLength(50);
    expect(bench.counters.rejected).toEqual({ stream_limit_exceeded: 450 });
    for (const stream of opened) if (isStream(stream)) stream.cancel();
    await settle();
    expectEmpty(bench);
  });
});

describe('a refused duplicate', () => {
  test('Supervisor host 1: leaves the first stream untouched to its good end', async () => {
    const bench = openHost();
    const first = new HandSink();
    bench.host.open(requestOf('call-1', 'session-1'), first);
    const stream = bench.answers.last;
    for (const call of ['call-2', 'call-3']) {
      const sink = new HandSink();
      expect(bench.host.open(requestOf(call, 'session-1'), sink)).toEqual({
        errorCode: 'RESOURCE_EXHAUSTED',
        errorType: 'concurrent_request',
        message: 'Concurrent request for session_id=session-1 is not allowed',
      });
      // Its call is ended by whoever asked; the sink was never touched.
      expect({ frames: sink.frames, ends: sink.ends }).toEqual({ frames: [], ends: [] });
    }
    expect(stream.signal.aborted).toBe(false);
    stream.give({ kind: 'command', name: 'open_app', args: { app_name: 'Safari' } });
    stream.end();
    await settle();
    expect(first.brief).toEqual(['command open_app', 'end COMPLETED']);
    expect(first.ends).toEqual([{ ok: true }]);
    expectEmpty(bench);
  });
});

describe('a call without words', () => {
  const open = ({ host }: HostBench) => {
    const opened = host.open({ ...requestOf('call-2', 'session-1'), prompt: ' \n' }, new HandSink());
    return isStream(opened) ? 'admitted' : opened.errorType;
  };

  test('Supervisor host 1, 2: is told first what would refuse it anyway; it takes nothing and is counted as that', async () => {
    const closed = openHost({ isClosed: true });
    const bench = openHost({ admission: { maxStreams: 1, oneStreamPerDevice: true } });
    expect([open(closed), open(bench)]).toEqual(['starting', 'empty_prompt']);
    expectEmpty(bench);
    bench.host.open(requestOf('call-1', 'session-1'), new HandSink());
    expect(open(bench)).toBe('concurrent_request');
    expect([bench.host.activeStreams, bench.host.inFlight]).toEqual([1, 1]);
    const drained = bench.host.drain();
    expect(open(bench)).toBe('draining');
    bench.answers.last.end();
    await drained;
    expect(open(bench)).toBe('draining');
    expect(bench.counters.rejected).toEqual({ empty_prompt: 1, concurrent_request: 1, draining: 2 });
    expect(bench.linesOf('reject').map(({ ctx }) => [ctx.stream_id, ctx.reason])).toEqual([
      ['call-2', 'empty_prompt'],
      ['call-2', 'concurrent_request'],
      ['call-2', 'draining'],
      ['call-2', 'draining'],
    ]);
    expectEmpty(bench);
  });

  test('is told of its words before a full house and a busy device', async () => {
    const bench = openHost({ admission: { maxStreams: 1, oneStreamPerDevice: true } });
    const opened = bench.host.open(requestOf('call-1', 'another'), new HandSink());
    expect(open(bench)).toBe('empty_prompt');
    if (isStream(opened)) opened.cancel();
    await settle();
    expectEmpty(bench);
  });
});

describe('a call with too many words', () => {
  const open = ({ host }: HostBench) => {
    const opened = host.open({ ...requestOf('call-2', 'session-1'), prompt: 'x'.repeat(12_000_000) }, new HandSink());
    return isStream(opened) ? 'admitted' : opened.errorType;
  };

  test('is told first what would refuse it anyway; it takes neither a slot nor a request of its quota', async () => {
    const asked: string[] = [];
    const quota = {
      reserve: async ({ streamId }: { readonly streamId: string }) => {
        asked.push(streamId);
        return { settle: () => {} };
      },
    };
    expect(open(openHost({ isClosed: true, quota }))).toBe('starting');
    const bench = openHost({ quota });
    expect(open(bench)).toBe('request_too_large');
    expectEmpty(bench);
    bench.host.open(requestOf('call-1', 'session-1'), new HandSink());
    await settle();
    expect(open(bench)).toBe('concurrent_request');
    expect(asked).toEqual(['call-1']);
    expect(bench.counters.rejected).toEqual({ request_too_large: 1, concurrent_request: 1 });
    bench.answers.last.end();
    await settle();
    expectEmpty(bench);
  });
});

describe('a cancel', () => {
  test('ends the call, its model and its voice in the same turn; a second one is harmless', async () => {
    const bench = openHost();
    const sink = new HandSink();
    const stream = bench.host.open(requestOf('call-1', 'session-1'), sink);
    bench.answers.say('It is sunny today, I think.\n');
    await settle();
    expect(isStream(stream)).toBe(true);
    if (isStream(stream)) {
      stream.cancel();
      stream.cancel();
    }
    expect(sink.ends).toEqual([{ ok: false, failure: cancelled }]);
    expect([bench.answers.last.signal.aborted, bench.voice.at(0).signal.aborted]).toEqual([true, true]);
    await settle();
    expectEmpty(bench);
  });
});

describe('frames that still wait when a call is cancelled', () => {
  test('are dropped, even if the transport asks for more', async () => {
    const bench = openHost();
    const sink = new HandSink(0);
    const stream = bench.host.open(requestOf('call-1', 'session-1'), sink);
    bench.answers.say('It is sunny today, I think.\n');
    await settle();
    sink.canWrite = () => true;
    if (isStream(stream)) stream.cancel();
    sink.free(5);
    expect({ frames: sink.brief, ends: sink.ends }).toEqual({ frames: [], ends: [{ ok: false, failure: cancelled }] });
    await settle();
    expectEmpty(bench);
  });
});

describe('Supervisor host 4: an interrupt', () => {
  test("ends every stream of the device before it returns, and nobody else's", async () => {
    const bench = openHost();
    const sinks = [new HandSink(), new HandSink(), new HandSink()] as const;
    bench.host.open(requestOf('call-1', 'session-1', 'device-1'), sinks[0]);
    bench.host.open(requestOf('call-2', 'session-2', 'device-2'), sinks[1]);
    bench.host.open(requestOf('call-3', 'session-3', 'device-1'), sinks[2]);
    const named = bench.host.interrupt('device-1');
    expect(sinks.map(({ ends }) => ends)).toEqual([
      [{ ok: false, failure: interrupted }],
      [],
      [{ ok: false, failure: interrupted }],
    ]);
    expect(bench.host.activeStreams).toBe(1);
    // The device is welcome at once, also with the same session id.
    expect(isStream(bench.host.open(requestOf('call-4', 'session-1', 'device-1'), new HandSink()))).toBe(true);
    expect(await named).toEqual(['session-1', 'session-3']);
    expect(await bench.host.interrupt('device-9')).toEqual([]);
    await bench.host.interrupt('device-1');
    await bench.host.interrupt('device-2');
    await settle();
    expectEmpty(bench);
  });

  test('that comes in the middle of an open ends that stream as well', async () => {
    const bench = openHost();
    const sink = new HandSink();
    let named: Promise<readonly string[]> | null = null;
    bench.answers.onAnswer = () => {
      named = bench.host.interrupt('device-1');
    };
    bench.host.open(requestOf('call-1', 'session-1'), sink);
    await settle();
    expect(await named).toEqual(['session-1']);
    expect(sink.ends).toEqual([{ ok: false, failure: interrupted }]);
    expectEmpty(bench);
  });
});

describe('an engine that fails at once', () => {
  test('within the open: the call is ended once and the slot is free', async () => {
    const engine: AnswerEngine = {
      name: 'broken',
      start: async () => {},
      stop: async () => {},
      answer: (): AsyncIterable<AnswerPart> => {
        throw new EngineFailure({ errorCode: 'UNAVAILABLE', message: 'model is down' });
      },
    };
    const bench = openHost({ answerEngine: engine });
    const sink = new HandSink();
    bench.host.open(requestOf('call-1', 'session-1'), sink);
    await settle();
    expect(sink.ends).toEqual([
      { ok: false, failure: { errorCode: 'UNAVAILABLE', errorType: 'answer_failed', message: 'model is down' } },
    ]);
    expectEmpty(bench);
  });
});

describe('a sink that throws', () => {
  const broken = new Error('the transport is gone');

  test('Stream host 5: on a write ends its own session with session_fault, reported once, and no other', async () => {
    const bench = openHost();
    const [sink, other] = [new HandSink(), new HandSink()];
    sink.writeError = broken;
    bench.host.open(requestOf('call-2', 'session-2', 'device-2'), other);
    bench.host.open(requestOf('call-1', 'session-1'), sink);
    bench.answers.say('It is sunny today, I think.\n');
    await settle();
    expect(sink.ends).toEqual([{ ok: false, failure: faultOf('call-1') }]);
    expect(bench.faults).toEqual([{ id: 'call-1', error: broken }]);
    expect({ active: bench.host.activeStreams, ends: other.ends }).toEqual({ active: 1, ends: [] });
    await bench.host.interrupt('device-2');
    await settle();
    expectEmpty(bench);
  });

  test('Stream host 2, 5: when it is finished has given its slot back all the same', async () => {
    const bench = openHost();
    const sink = new HandSink();
    sink.finishError = broken;
    const stream = bench.host.open(requestOf('call-1', 'session-1'), sink);
    if (isStream(stream)) stream.cancel();
    await settle();
    expect(bench.faults).toEqual([{ id: 'call-1', error: broken }]);
    expectEmpty(bench);
  });

  test('Stream host 5: when the transport asks for the next frame does not harm the transport', async () => {
    const bench = openHost();
    const sink = new HandSink(0);
    bench.host.open(requestOf('call-1', 'session-1'), sink);
    bench.answers.say('It is sunny today, I think.\n');
    await settle();
    sink.writeError = broken;
    expect(() => sink.free(1)).not.toThrow();
    expect(sink.ends).toEqual([{ ok: false, failure: faultOf('call-1') }]);
    expect(bench.faults).toEqual([{ id: 'call-1', error: broken }]);
    await settle();
    expectEmpty(bench);
  });

  test('Stream host 5: on a frame of sound is no failure of the voice', async () => {
    const bench = openHost();
    const sink = new HandSink();
    bench.host.open(requestOf('call-1', 'session-1'), sink);
    bench.answers.say('It is sunny today, I think.\n');
    await settle();
    sink.writeError = broken;
    bench.voice.at(0).give(new Uint8Array(4096));
    await settle();
    expect(sink.ends).toEqual([{ ok: false, failure: faultOf('call-1') }]);
    expect(bench.faults).toEqual([{ id: 'call-1', error: broken }]);
    expectEmpty(bench);
  });
});

describe('a log that throws', () => {
  test('Supervisor host 6: at the end of a session keeps nobody from the end', async () => {
    const full = new Error('no space left');
    const bench = openHost({
      onLine: ({ decision }) => {
        if (decision === 'stream_released') throw full;
      },
    });
    const sink = new HandSink();
    bench.host.open(requestOf('call-1', 'session-1'), sink);
    await bench.host.interrupt('device-1');
    await settle();
    expect(sink.ends).toEqual([{ ok: false, failure: interrupted }]);
    expect(bench.faults).toEqual([{ id: 'call-1', error: full }]);
    expectEmpty(bench);
  });
});

describe('a chart that can not even end', () => {
  test('Stream host 1, 3: ends its call all the same, stops its model and its voice and gives its slot back', async () => {
    const bug = new Error('a bug in the end');
    const bench = openHost({ endThrows: bug });
    const sink = new HandSink();
    bench.host.open(requestOf('call-1', 'session-1'), sink);
    bench.answers.say('It is sunny today, I think.\n');
    await settle();
    expect(bench.speechJobs.running).toBe(1);
    await bench.host.interrupt('device-1');
    await settle();
    expect(sink.ends).toEqual([{ ok: false, failure: faultOf('call-1') }]);
    expect([bench.answers.last.signal.aborted, bench.voice.at(0).signal.aborted]).toEqual([true, true]);
    expectEmpty(bench);
  });
});

describe('Supervisor host 5: a drain', () => {
  test('refuses new calls, lets running ones end and is then through', async () => {
    const bench = openHost();
    const sink = new HandSink();
    bench.host.open(requestOf('call-1', 'session-1'), sink);
    let isThrough = false;
    const drained = bench.host.drain().then(() => {
      isThrough = true;
    });
    expect(bench.host.open(requestOf('call-2', 'session-2'), new HandSink())).toEqual({
      errorCode: 'UNAVAILABLE',
      errorType: 'draining',
      message: 'The server is shutting down',
    });
    await settle();
    expect(isThrough).toBe(false);
    bench.answers.last.give({ kind: 'command', name: 'open_app', args: { app_name: 'Safari' } });
    bench.answers.last.end();
    await drained;
    expect(sink.ends).toEqual([{ ok: true }]);
    expectEmpty(bench);
  });

  test('without grace ends the running streams with draining', async () => {
    const bench = openHost({ admission: { gracePeriodMs: 0 } });
    const sink = new HandSink();
    bench.host.open(requestOf('call-1', 'session-1'), sink);
    await bench.host.drain();
    expect(sink.ends).toEqual([
      {
        ok: false,
        failure: {
          errorCode: 'UNAVAILABLE',
          errorType: 'draining',
          message: 'The server is shutting down; the grace period is over',
        },
      },
    ]);
    await settle();
    expectEmpty(bench);
  });
});

describe('the rate limit', () => {
  test('lets max frames out and ends the stream with the next, counted and logged', async () => {
    const bench = openHost({ limits: { maxFramesPerSecond: 5 } });
    const sink = new HandSink();
    bench.host.open(requestOf('call-1', 'session-1'), sink);
    bench.answers.say('It is sunny today, I think.\n');
    await settle();
    for (let chunk = 0; chunk < 10; chunk += 1) bench.voice.at(0).give(new Uint8Array(4096));
    await settle();
    expect(sink.frames).toHaveLength(5);
    expect(sink.ends).toEqual([
      {
        ok: false,
        failure: {
          errorCode: 'RESOURCE_EXHAUSTED',
          errorType: 'rate_limit_exceeded',
          message: 'Message rate limit exceeded: 6 messages in last second (limit: 5 msg/s)',
        },
        isRefusal: true,
      },
    ]);
    expect(bench.linesOf('reject')[0]?.ctx).toMatchObject({ messages_in_last_second: 6, max_rate: 5 });
    expectEmpty(bench);
  });
});

/** mulberry32: small, and the same numbers for the same seed. */
function randomOf(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}
