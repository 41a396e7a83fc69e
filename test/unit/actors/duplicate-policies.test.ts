/**
 * Guarantees of the hosts about a second call of a session id, with the real charts and actors: who ends before whom, and what is given back.
 * What holds in any race is in duplicate-races.test.ts.
 */
import { describe, expect, test } from 'vitest';
import type { QuotaPort } from '../../../src/actors/hosts/pending-calls.ts';
import type { OpenStream } from '../../../src/call/gateway.ts';
import type { Failure } from '../../../src/errors.ts';
import type { DuplicatePolicy } from '../../../src/machines/supervisor/supervisor.types.ts';
import { HandSink } from '../../support/actors/hand-sink.ts';
import { settle } from '../../support/actors/hand-stream.ts';
import { type HostBench, type HostBenchOptions, openHost, requestOf } from '../../support/actors/hosted-supervisor.ts';

function openWith(duplicatePolicy: DuplicatePolicy, more: HostBenchOptions = {}): HostBench {
  const queue = { queueTimeoutMs: 5_000, queueMax: 2 };
  return openHost({ ...more, admission: { maxStreams: 4, duplicatePolicy, ...queue, ...more.admission } });
}

function expectEmpty({ host, resources, answerJobs, speechJobs, faults }: HostBench): void {
  expect({
    activeStreams: host.activeStreams,
    inFlight: host.inFlight,
    streams: resources.size,
    answers: answerJobs.running,
    speech: speechJobs.running,
    faults,
  }).toEqual({ activeStreams: 0, inFlight: 0, streams: 0, answers: 0, speech: 0, faults: [] });
}

function failureOf(sink: HandSink): string | null {
  const [end] = sink.ends;
  return end === undefined ? null : end.ok ? 'completed' : end.failure.errorType;
}

const cancel = (opened: OpenStream | Failure): void => {
  if ('cancel' in opened) opened.cancel();
};

describe('supersede', () => {
  test('the older call is over before the newer has a frame, its model is aborted, and the full house has room for it', async () => {
    const bench = openWith('supersede', { admission: { maxStreams: 1 } });
    const [older, newer] = [new HandSink(), new HandSink()];
    bench.host.open(requestOf('call-1', 'session-1'), older);
    await settle();
    bench.answers.say('One is here. Two');
    await settle();
    const first = bench.answers.last;
    newer.onWrite = () => expect(older.ends).toHaveLength(1);
    bench.host.open(requestOf('call-2', 'session-1'), newer);
    expect(older.ends).toEqual([
      {
        ok: false,
        failure: {
          errorCode: 'CANCELLED',
          errorType: 'superseded',
          message: 'Superseded by a newer call of session_id=session-1',
        },
      },
    ]);
    expect(first.signal.aborted).toBe(true);
    expect(bench.host.activeStreams).toBe(1);
    await settle();
    bench.answers.say('Other words. ');
    bench.answers.last.end();
    await settle();
    expect(newer.brief[0]).toBe('Other words.');
    expect(older.brief).not.toContain('Other words.');
    bench.voice.at(-1).end();
    await settle();
    expect(failureOf(newer)).toBe('completed');
    expectEmpty(bench);
  });

  test('of a crowd that supersedes itself the last goes on, and each older one has one end', async () => {
    const bench = openWith('supersede', { admission: { maxStreams: 1 } });
    const sinks = Array.from({ length: 200 }, () => new HandSink());
    const calls = sinks.map((sink, index) => bench.host.open(requestOf(`call-${index}`, 'session-1'), sink));
    await settle();
    expect(sinks.slice(0, -1).map(failureOf)).toEqual(Array(199).fill('superseded'));
    expect(sinks.at(-1)?.ends).toEqual([]);
    for (const call of calls) cancel(call);
    await settle();
    expect(sinks.map(({ ends }) => ends.length)).toEqual(Array(200).fill(1));
    expectEmpty(bench);
  });
});

/** Counts what it has given and what was made of it. */
class CountedQuota implements QuotaPort {
  taken = 0;
  returned = 0;
  used = 0;

  async reserve(_call: unknown, requests: 0 | 1) {
    this.taken += requests;
    return {
      settle: (isAdmitted: boolean) => {
        if (isAdmitted) this.used += 1;
        else this.returned += requests;
      },
    };
  }
}

describe('queue', () => {
  test('a call that waits begins when the one before it is over, with the words that were collected for it', async () => {
    const bench = openWith('queue', { admission: { maxStreams: 1 } });
    const sinks = [new HandSink(), new HandSink()] as const;
    const first = bench.host.open(requestOf('call-1', 'session-1'), sinks[0]);
    await settle();
    const { call } = requestOf('call-2', 'session-1');
    const chunkOf = (sequence: number, text: string) => ({ call, sequence, text, screen: {} });
    bench.host.collect(chunkOf(1, 'mine'), () => {});
    bench.host.open({ call, prompt: '', screen: {} }, sinks[1]);
    // What comes while it waits is for the next one.
    bench.host.collect(chunkOf(2, 'of the next'), () => {});
    expect(bench.collector.buffers).toBe(2);
    cancel(first);
    await settle();
    expect(bench.answers.answers.map(({ request }) => request.prompt)).toEqual(['call-1', 'mine']);
    expect(bench.collector.buffers).toBe(1);
    expect(bench.linesOf('stream_queued')).toMatchObject([{ ctx: { stream_id: 'call-2', place: 1 } }]);
    expect(await bench.host.interrupt('device-1')).toEqual(['session-1']);
    await settle();
    expectEmpty(bench);
  });

  test('a call that waits and leaves keeps its place from nobody, and what was collected for it', async () => {
    const bench = openWith('queue');
    const sinks = [new HandSink(), new HandSink(), new HandSink()] as const;
    bench.host.open(requestOf('call-1', 'session-1'), sinks[0]);
    const { call } = requestOf('call-2', 'session-1');
    bench.host.collect({ call, sequence: 1, text: 'kept', screen: {} }, () => {});
    const second = bench.host.open({ call, prompt: '', screen: {} }, sinks[1]);
    bench.host.open(requestOf('call-3', 'session-1'), sinks[2]);
    cancel(second);
    expect(failureOf(sinks[1])).toBe('client_cancelled');
    expect(bench.collector.buffers).toBe(1);
    await bench.host.interrupt('device-1');
    await settle();
    expect(sinks.map(failureOf)).toEqual(['interrupted', 'client_cancelled', 'interrupted']);
    expectEmpty(bench);
  });

  test('a quota counts a call that waited once, and none that got no stream', async () => {
    const quota = new CountedQuota();
    const bench = openWith('queue', { quota });
    const sinks = Array.from({ length: 4 }, () => new HandSink());
    const calls = sinks.map((sink, index) => bench.host.open(requestOf(`call-${index}`, 'session-1'), sink));
    await settle();
    expect(failureOf(sinks[3] ?? new HandSink())).toBe('concurrent_request');
    cancel(calls[2] ?? { cancel: () => {} });
    cancel(calls[0] ?? { cancel: () => {} });
    await settle();
    expect(quota.used).toBe(2);
    await bench.host.interrupt('device-1');
    await settle();
    expect(quota).toMatchObject({ used: 2, returned: quota.taken - 2 });
    expectEmpty(bench);
  });
});

describe('attach', () => {
  test('Listener 1: hears the stream from its next sentence on, text first, to the same end', async () => {
    const bench = openWith('attach');
    const [leader, listener] = [new HandSink(), new HandSink()];
    bench.host.open(requestOf('call-1', 'session-1'), leader);
    await settle();
    bench.answers.say('One sentence is said first. Two more words are said here. ');
    bench.answers.last.end();
    await settle();
    bench.voice.at(0).give(new Uint8Array(4096).fill(9));
    await settle();
    bench.host.open(requestOf('call-2', 'session-1'), listener);
    bench.voice.at(0).give(new Uint8Array(4096).fill(9));
    bench.voice.at(0).end();
    await settle();
    bench.voice.at(1).give(new Uint8Array(4096).fill(9));
    bench.voice.at(1).end();
    await settle();
    expect(listener.brief[0]).toBe(leader.brief.filter((word) => /Two/.test(word))[0]);
    expect(listener.brief).toEqual(leader.brief.slice(leader.brief.indexOf(listener.brief[0] ?? '')));
    expect([leader, listener].map(failureOf)).toEqual(['completed', 'completed']);
    expect(bench.answers.answers).toHaveLength(1);
    expectEmpty(bench);
  });

  test('Listener 2: one that takes nothing ends when it is too far behind, and the stream goes on', async () => {
    const bench = openWith('attach');
    const [leader, listener] = [new HandSink(), new HandSink(0)];
    bench.host.open(requestOf('call-1', 'session-1'), leader);
    bench.host.open(requestOf('call-2', 'session-1'), listener);
    await settle();
    bench.answers.say('One is here. ', 'Two');
    await settle();
    for (let chunk = 0; chunk < 520 && listener.ends.length === 0; chunk += 1) {
      bench.voice.at(0).give(new Uint8Array(4096).fill(9));
      await settle();
    }
    expect(failureOf(listener)).toBe('overloaded');
    expect(listener.frames).toEqual([]);
    expect(leader.ends).toEqual([]);
    expect(leader.frames.length).toBeGreaterThan(500);
    await bench.host.interrupt('device-1');
    await settle();
    expect(failureOf(leader)).toBe('interrupted');
    expectEmpty(bench);
  });

  test.each([
    ['cancelled', 'call-1', ['client_cancelled', 'interrupted']],
    ['cancelled', 'call-2', [null, 'client_cancelled']],
    ['interrupted', 'device-1', ['interrupted', 'interrupted']],
  ])('Listener 3: %s is %s', async (what, whom, ends) => {
    const bench = openWith('attach');
    const sinks = [new HandSink(), new HandSink()] as const;
    const calls = [
      bench.host.open(requestOf('call-1', 'session-1'), sinks[0]),
      bench.host.open(requestOf('call-2', 'session-1'), sinks[1]),
    ] as const;
    await settle();
    if (what === 'interrupted') await bench.host.interrupt(whom);
    else cancel(whom === 'call-1' ? calls[0] : calls[1]);
    await settle();
    expect(sinks.map(failureOf)).toEqual(ends);
    cancel(calls[0]);
    await settle();
    expectEmpty(bench);
  });
});

describe('a listener that comes late', () => {
  /** It comes while the last sentence is spoken, which has the number `place`. */
  async function lateListener(last: readonly string[], place: number) {
    const bench = openWith('attach');
    const [leader, listener] = [new HandSink(), new HandSink()];
    bench.host.open(requestOf('call-1', 'session-1'), leader);
    await settle();
    bench.answers.say(...last);
    bench.answers.last.end();
    await settle();
    bench.host.open(requestOf('call-2', 'session-1'), listener);
    for (let speech = 0; speech < place; speech += 1) bench.voice.at(speech).end();
    await settle();
    expect(failureOf(leader)).toBe('completed');
    expectEmpty(bench);
    return { bench, listener };
  }

  test('Listener 1: gets no end alone: nothing was left for it, and it may try again', async () => {
    const { bench, listener } = await lateListener(['Only one sentence is here.'], 1);
    expect(listener.frames).toEqual([]);
    expect(listener.ends).toMatchObject([
      { ok: false, failure: { errorCode: 'RESOURCE_EXHAUSTED', errorType: 'concurrent_request' } },
    ]);
    const again = new HandSink();
    bench.host.open(requestOf('call-3', 'session-1'), again);
    await settle();
    bench.answers.say('Said again. Twice.');
    bench.answers.last.end();
    await settle();
    expect(again.brief).toEqual(['Said again.']);
    await bench.host.interrupt('device-1');
    await settle();
    expectEmpty(bench);
  });

  test('Listener 1: gets the command, as one without words', async () => {
    const envelope = '{"text": "Opening Mail.", "command": "open_app", "args": {"app_name": "Mail"}}';
    const { listener } = await lateListener([envelope], 1);
    expect(listener.frames.map(({ kind }) => kind)).toEqual(['action', 'end']);
    expect(failureOf(listener)).toBe('completed');
  });
});
