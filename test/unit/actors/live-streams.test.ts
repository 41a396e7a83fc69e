/** Guarantees of streams that come and go in crowds, by the numbers of src/actors/hosts/live-streams.ts; over the real supervisor and charts. */
import { setImmediate as nextRound } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { LiveStreams } from '../../../src/actors/hosts/live-streams.ts';
import type { HostedStream } from '../../../src/actors/hosts/stream-host.ts';
import type { OpenStream } from '../../../src/call/gateway.ts';
import type { Failure } from '../../../src/errors.ts';
import type { StreamEvent } from '../../../src/machines/stream/stream.types.ts';
import { HandSink } from '../../support/actors/hand-sink.ts';
import { settle } from '../../support/actors/hand-stream.ts';
import { callOf, type HostBench, openHost, requestOf, welcomeOf } from '../../support/actors/hosted-supervisor.ts';

/** What one round of the event loop begins or ends, where the clock stands still. */
const SLICE = 50;

const interrupted: Failure = { errorCode: 'CANCELLED', errorType: 'interrupted', message: 'Interrupted by the device' };
const cancelled: Failure = {
  errorCode: 'CANCELLED',
  errorType: 'client_cancelled',
  message: 'Cancelled by the client',
};

interface Opened {
  readonly stream: OpenStream;
  readonly sink: HandSink;
}

function openOne(bench: HostBench, name: string, connection: string, device = 'crowd'): Opened {
  const sink = new HandSink(Number.POSITIVE_INFINITY, connection);
  const stream = bench.host.open(requestOf(`call-${name}`, `session-${name}`, device), sink);
  if (!('cancel' in stream)) expect.fail(`call-${name} was refused: ${stream.message}`);
  return { stream, sink };
}

/** Streams of one device over one connection, all in one round of the loop. */
function openCrowd(bench: HostBench, count: number, connection = 'crowd'): readonly Opened[] {
  return Array.from({ length: count }, (_, index) => openOne(bench, `${connection}-${index}`, connection));
}

const asked = ({ answers }: HostBench) => answers.answers.map(({ request }) => request.prompt);
const endsOf = (opened: readonly Opened[]) => opened.map(({ sink }) => sink.ends);

function crowdedHost(): HostBench {
  return openHost({ admission: { maxStreams: 1_000 } });
}

async function expectEmpty({ host, resources, faults }: HostBench): Promise<void> {
  await settle();
  const left = { active: host.activeStreams, inFlight: host.inFlight, resources: resources.size, faults };
  expect(left).toEqual({ active: 0, inFlight: 0, resources: 0, faults: [] });
}

describe('Live streams 1: a crowd that comes', () => {
  test('is admitted as it comes, and begins in its order, a slice in each round', async () => {
    const bench = crowdedHost();
    const crowd = openCrowd(bench, 130);
    expect([bench.host.activeStreams, bench.answers.answers.length]).toEqual([130, SLICE]);
    await nextRound();
    expect(bench.answers.answers.length).toBe(2 * SLICE);
    await nextRound();
    expect(asked(bench)).toEqual(Array.from({ length: 130 }, (_, index) => `call-crowd-${index}`));
    for (const { stream } of crowd) stream.cancel();
    for (let round = 0; round < 3; round += 1) await nextRound();
    expect(endsOf(crowd)).toEqual(crowd.map(() => [{ ok: false, failure: cancelled }]));
    await expectEmpty(bench);
  });

  test('does not keep a call of another connection waiting: that begins in the next round', async () => {
    const bench = crowdedHost();
    openCrowd(bench, 500, 'one');
    openCrowd(bench, 400, 'two');
    openOne(bench, 'single', 'three', 'other');
    expect(asked(bench)).not.toContain('call-single');
    await nextRound();
    expect(asked(bench).indexOf('call-single')).toBeLessThan(SLICE + 3);
    await bench.host.interrupt('crowd');
    await bench.host.interrupt('other');
    await expectEmpty(bench);
  });

  test('has its duplicates refused at once, whoever of a session id came first, though that one waits to begin', async () => {
    const bench = crowdedHost();
    openCrowd(bench, SLICE);
    const first = openOne(bench, 'twice', 'crowd');
    const again = bench.host.open(requestOf('call-again', 'session-twice'), new HandSink(1, 'quick'));
    expect(again).toMatchObject({ errorType: 'concurrent_request' });
    await nextRound();
    expect(asked(bench)).toContain('call-twice');
    expect(asked(bench)).not.toContain('call-again');
    first.stream.cancel();
    await bench.host.interrupt('crowd');
    await expectEmpty(bench);
  });
});

describe('Live streams 3: a stream that is ended before its turn to begin', () => {
  test('by its client never asks a model, ends once, and gives its slot back in its turn', async () => {
    const bench = crowdedHost();
    const crowd = openCrowd(bench, SLICE + 20);
    const waiting = crowd.slice(SLICE);
    for (const { stream } of waiting) {
      stream.cancel();
      stream.cancel();
    }
    expect(bench.host.activeStreams).toBe(SLICE + 20);
    await nextRound();
    expect(endsOf(waiting)).toEqual(waiting.map(() => [{ ok: false, failure: cancelled }]));
    expect(bench.host.activeStreams).toBe(SLICE);
    expect(bench.answers.answers.length).toBe(SLICE);
    expect(bench.linesOf('end').map(({ ctx }) => [ctx.stream_id, ctx.reason, ctx.frames, ctx.answer_chars])).toEqual(
      waiting.map((_, index) => [`call-crowd-${SLICE + index}`, 'client_cancelled', 0, null]),
    );
    await bench.host.interrupt('crowd');
    await expectEmpty(bench);
  });

  test('by its device or by a shutdown does not either; a welcome stream never speaks', async () => {
    const bench = crowdedHost();
    const crowd = openCrowd(bench, SLICE);
    const answer = openOne(bench, 'late', 'crowd');
    const sink = new HandSink(1, 'crowd');
    bench.host.openWelcome(welcomeOf('welcome', 'session-late', 'Hello there.'), sink);
    const named = bench.host.interrupt('crowd');
    expect(new Set(await named)).toEqual(
      new Set([...crowd.keys()].map((index) => `session-crowd-${index}`)).add('session-late'),
    );
    expect([answer.sink.ends, sink.ends]).toEqual([
      [{ ok: false, failure: interrupted }],
      [{ ok: false, failure: interrupted }],
    ]);
    expect([asked(bench).includes('call-late'), bench.voice.syntheses.length]).toEqual([false, 0]);
    await expectEmpty(bench);
  });
});

describe('Live streams 4: an interrupt of a crowd', () => {
  test('names its sessions in the order of their admission and is answered when the last is over; others go on meanwhile', async () => {
    const bench = crowdedHost();
    const crowd = openCrowd(bench, 230);
    for (let round = 0; round < 5; round += 1) await nextRound();
    let isAnswered = false;
    const named = bench.host.interrupt('crowd').then((sessions) => {
      isAnswered = true;
      return sessions;
    });
    await Promise.resolve();
    expect([bench.host.activeStreams, isAnswered]).toEqual([230 - SLICE, false]);
    const other = openOne(bench, 'other', 'another connection', 'other');
    await nextRound();
    expect(asked(bench)).toContain('call-other');
    expect(isAnswered).toBe(false);
    expect(await named).toEqual(crowd.map((_, index) => `session-crowd-${index}`));
    expect(endsOf(crowd)).toEqual(crowd.map(() => [{ ok: false, failure: interrupted }]));
    // The device is welcome at once, with the same session ids too.
    openOne(bench, 'crowd-0', 'crowd');
    expect([bench.host.activeStreams, other.sink.ends]).toEqual([2, []]);
    await bench.host.interrupt('crowd');
    await bench.host.interrupt('other');
    await expectEmpty(bench);
  });

  test('beside others of the same device: each session is named once in all, and each answer comes behind the last end', async () => {
    const bench = crowdedHost();
    const crowd = openCrowd(bench, 180);
    const answers = await Promise.all(
      Array.from({ length: 5 }, async () => {
        const sessions = await bench.host.interrupt('crowd');
        return { sessions, left: crowd.filter(({ sink }) => sink.ends.length === 0).length };
      }),
    );
    expect(answers.map(({ left }) => left)).toEqual([0, 0, 0, 0, 0]);
    expect(answers.flatMap(({ sessions }) => sessions).length).toBe(180);
    await expectEmpty(bench);
  });
});

test('Live streams 2: the first end counts: who is interrupted and then cancelled was interrupted', async () => {
  const bench = crowdedHost();
  const crowd = openCrowd(bench, 90);
  for (let round = 0; round < 3; round += 1) await nextRound();
  const named = bench.host.interrupt('crowd');
  for (const { stream } of crowd) stream.cancel();
  await named;
  expect(endsOf(crowd)).toEqual(crowd.map(() => [{ ok: false, failure: interrupted }]));
  await expectEmpty(bench);
});

test('Live streams 4: a drain ends a crowd in slices and is over when the last of it is', async () => {
  const bench = openHost({ admission: { maxStreams: 1_000, gracePeriodMs: 1 } });
  const crowd = openCrowd(bench, 210);
  for (let round = 0; round < 5; round += 1) await nextRound();
  await bench.host.drain();
  expect(crowd.map(({ sink }) => sink.ends.map((end) => !end.ok && end.failure.errorType))).toEqual(
    crowd.map(() => ['draining']),
  );
  await expectEmpty(bench);
});

test('a stream whose begin throws is told that it is faulted, and those behind it begin', () => {
  const broken = new Error('a defect');
  const faults: unknown[] = [];
  const told: StreamEvent[] = [];
  const begun: string[] = [];
  const hosted = (streamId: string, begin: () => void): HostedStream => ({
    screenshotBytes: 0,
    call: callOf(streamId, 'session-1', 'device-1'),
    begin,
    send: (event) => told.push(event),
  });
  const streams = new LiveStreams({ now: () => 0, report: (error, streamId) => faults.push({ error, streamId }) });
  streams.begin(
    hosted('call-1', () => {
      throw broken;
    }),
    'crowd',
  );
  streams.begin(
    hosted('call-2', () => begun.push('call-2')),
    'crowd',
  );
  expect({ faults, told, begun }).toEqual({
    faults: [{ error: broken, streamId: 'call-1' }],
    told: [{ type: 'session.faulted', faultId: 'call-1' }],
    begun: ['call-2'],
  });
});
