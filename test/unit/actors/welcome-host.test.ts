/** Guarantees of hosted welcome streams, over an engine and sinks worked by hand: who speaks goes first, ends come once, nothing stays. */
import { describe, expect, test } from 'vitest';
import { EngineFailure, type ErrorType, failure } from '../../../src/errors.ts';
import { HandSink } from '../../support/actors/hand-sink.ts';
import { settle } from '../../support/actors/hand-stream.ts';
import { type HostBench, openHost, requestOf, welcomeOf } from '../../support/actors/hosted-supervisor.ts';

const text = 'This is the first one. Here is the second one.';
const metadata = 'metadata hand';

function expectEmpty({ host, resources, speechJobs }: HostBench): void {
  expect([host.activeStreams, resources.size, speechJobs.running]).toEqual([0, 0, 0]);
}

function opened(bench: HostBench, given = text, sink = new HandSink()) {
  const stream = bench.host.openWelcome(welcomeOf('welcome-1', 'session-1', given), sink);
  if ('errorCode' in stream) throw new Error(stream.message);
  return { sink, stream };
}

const failedWith = (errorType: ErrorType, message: string) => [{ ok: false, failure: failure(errorType, message) }];

describe('who speaks', () => {
  test('is said with the first sound and not before, once, and then all sound in its order', async () => {
    const bench = openHost();
    const { sink } = opened(bench);
    await settle();
    expect(sink.brief).toEqual([]);
    bench.voice.at(1).give(new Uint8Array(100));
    bench.voice.at(1).end();
    await settle();
    expect(sink.brief).toEqual([]);
    bench.voice.at(0).give(new Uint8Array(4096));
    await settle();
    expect(sink.brief).toEqual([metadata, '4096 bytes']);
    bench.voice.at(0).end();
    await settle();
    expect(sink.brief).toEqual([metadata, '4096 bytes', '100 bytes', 'end COMPLETED']);
    expect(sink.ends).toEqual([{ ok: true }]);
    expectEmpty(bench);
  });

  test('is said right before the end where nothing could be spoken', async () => {
    const bench = openHost();
    const { sink } = opened(bench, '🙂');
    await settle();
    expect(sink.brief).toEqual([metadata, 'end COMPLETED']);
    expect(sink.ends).toEqual([{ ok: true }]);
    expectEmpty(bench);
  });
});

describe('an end', () => {
  test('by a voice that refuses the request comes without a frame, and is not tried again', async () => {
    const bench = openHost();
    const { sink } = opened(bench);
    bench.voice.at(0).fail(new EngineFailure({ errorCode: 'NOT_FOUND', message: 'no such voice' }));
    await settle();
    expect({ brief: sink.brief, ends: sink.ends }).toEqual({
      brief: [],
      ends: failedWith('not_found', 'no such voice'),
    });
    expect(bench.voice.syntheses).toHaveLength(2);
    expectEmpty(bench);
  });

  test('by what a voice throws unexpectedly tells the id and nothing else', async () => {
    const bench = openHost();
    const { sink } = opened(bench, 'Only one sentence.');
    for (const attempt of [0, 1]) {
      bench.voice.at(attempt).fail(new Error('a secret'));
      await settle();
    }
    expect(sink.ends).toEqual(failedWith('speech_failed', 'Internal error (welcome-1)'));
    expect(bench.faults.map(({ id }) => id)).toEqual(['welcome-1', 'welcome-1']);
    expectEmpty(bench);
  });

  test('by its client aborts the voice in the same turn; a second one is harmless', async () => {
    const bench = openHost();
    const { sink, stream } = opened(bench);
    stream.cancel();
    stream.cancel();
    expect(sink.ends).toEqual(failedWith('client_cancelled', 'Cancelled by the client'));
    expect(bench.host.activeStreams).toBe(0);
    await settle();
    expect(bench.voice.syntheses).toHaveLength(2);
    expectEmpty(bench);
  });

  test('Stream host 5: by a sink that throws is a fault of that stream alone', async () => {
    const bench = openHost();
    const other = new HandSink();
    bench.host.openWelcome(welcomeOf('welcome-2', 'session-1', '🙂 '), other);
    const sink = new HandSink();
    sink.writeError = new Error('broken sink');
    opened(bench, '🙂', sink);
    await settle();
    expect(sink.ends).toEqual(failedWith('session_fault', 'Internal error (welcome-1)'));
    expect(other.ends).toEqual([{ ok: true }]);
    expectEmpty(bench);
  });
});

test('Supervisor host 4: an interrupt ends answers and welcome streams before it returns, and names each session once', async () => {
  const bench = openHost();
  const { host } = bench;
  const sinks = Array.from({ length: 4 }, () => new HandSink());
  const [answer, early, late, other] = sinks;
  if (answer === undefined || early === undefined || late === undefined || other === undefined) expect.unreachable();
  host.openWelcome(welcomeOf('early', 'session-1', text), early);
  host.open(requestOf('call-1', 'session-1', 'device-1'), answer);
  host.openWelcome(welcomeOf('late', 'session-1', text), late);
  host.openWelcome(welcomeOf('other', 'session-9', text), other);
  const named = host.interrupt('device-1');
  expect(sinks.map(({ ends }) => ends.length)).toEqual([1, 1, 1, 0]);
  expect(await named).toEqual(['session-1']);
  expect(await host.interrupt('device-1')).toEqual([]);
  expect(host.activeStreams).toBe(1);
});

test('Supervisor host 2: a slot that is taken is refused with the failure of the contract, logged with its method', () => {
  const bench = openHost({ admission: { maxStreams: 1 } });
  opened(bench);
  const refused = bench.host.openWelcome(welcomeOf('welcome-2', 'session-2', text), new HandSink());
  expect(refused).toMatchObject({ errorType: 'stream_limit_exceeded' });
  expect(bench.linesOf('reject')).toMatchObject([
    { scope: 'backpressure', method: 'GenerateWelcomeAudio', ctx: { reason: 'stream_limit_exceeded', max_streams: 1 } },
  ]);
  expect(bench.counters.rejected).toEqual({ stream_limit_exceeded: 1 });
});
