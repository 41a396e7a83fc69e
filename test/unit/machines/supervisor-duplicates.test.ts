/** Guarantees of the supervisor chart about a second call of a session id, a device's share, load, and processes that are lost. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { supervisorMachine } from '../../../src/machines/supervisor/supervisor.machine.ts';
import type { SupervisorEvent, SupervisorInput } from '../../../src/machines/supervisor/supervisor.types.ts';
import { replay } from '../../../src/replay/replayer.ts';
import { AdmissionModel, wordOf } from '../../support/machines/admission-model.ts';
import { type Effect, PureRun } from '../../support/machines/pure-run.ts';
import { plainTables } from '../../support/machines/supervisor-tables.ts';
import { goodLog, recordByHand } from '../../support/replay/hand-recording.ts';
import { runs } from '../../support/runs.ts';

const input: SupervisorInput = { maxStreams: 2, oneStreamPerDevice: false, gracePeriodMs: 30_000 };

function open(overrides: Partial<SupervisorInput> = {}) {
  const run = new PureRun(supervisorMachine, { ...input, ...overrides });
  run.send({ type: 'service.opened' });
  const wordsOf = (effects: readonly Effect[]) => effects.map((each) => ('said' in each ? wordOf(each.said) : each));
  return {
    run,
    send: (event: SupervisorEvent) => wordsOf(run.send(event).effects),
    advance: (ms: number) => wordsOf(run.advance(ms).effects),
    failureOf: (event: SupervisorEvent): unknown => {
      const [effect] = run.send(event).effects;
      return effect !== undefined && 'said' in effect ? effect.said.failure : undefined;
    },
    get tables() {
      return plainTables(run.context);
    },
  };
}

const request = (streamId: string, sessionId: string, hardwareId = 'device-1', worker = 0): SupervisorEvent => ({
  type: 'stream.requested',
  streamId,
  sessionId,
  hardwareId,
  worker,
});
const welcome = (streamId: string): SupervisorEvent => ({ type: 'welcome.requested', streamId, sessionId: 'welcome' });
const chunk = (streamId: string): SupervisorEvent => ({ type: 'chunk.received', streamId, sessionId: 'a' });
const release = (streamId: string): SupervisorEvent => ({ type: 'stream.released', streamId });
const interrupt = (hardwareId: string): SupervisorEvent => ({ type: 'device.interruptRequested', hardwareId });

describe('supersede', () => {
  test('Supervisor 6: names the older stream and admits the newer in one turn, also where no slot is free', () => {
    const chart = open({ maxStreams: 1, duplicatePolicy: 'supersede' });
    chart.send(request('call-1', 'a'));
    expect(chart.send(request('call-2', 'a'))).toEqual(['superseded call-1 call-2', 'admitted call-2']);
    expect(chart.tables).toMatchObject({ inFlight: { a: 'call-2' }, admissions: 2 });
    expect(Object.keys(chart.tables.streams ?? {})).toEqual(['call-2']);
    expect(chart.send(request('call-3', 'b'))).toEqual(['refused call-3 stream_limit_exceeded']);
  });

  test('Books 2: the older one frees nothing when it ends, and is known until then', () => {
    const chart = open({ maxStreams: 1, duplicatePolicy: 'supersede' });
    chart.send(request('call-1', 'a'));
    chart.send(request('call-2', 'a'));
    expect(chart.send(release('call-1'))).toEqual(['left call-1']);
    expect(chart.send(release('call-1'))).toEqual(['alreadyFreed call-1']);
    expect(chart.tables).toMatchObject({ inFlight: { a: 'call-2' }, leaving: {} });
  });

  test('does not count the older one in the share of its device', () => {
    const chart = open({ oneStreamPerDevice: true, maxStreamsPerDevice: 1, duplicatePolicy: 'supersede' });
    chart.send(request('call-1', 'a'));
    expect(chart.send(request('call-2', 'b'))).toEqual(['refused call-2 concurrent_hardware_id']);
    expect(chart.send(request('call-3', 'a'))).toEqual(['superseded call-1 call-3', 'admitted call-3']);
  });

  test('is a new stream: an overloaded server refuses it, and the older one goes on', () => {
    const chart = open({ duplicatePolicy: 'supersede' });
    chart.send(request('call-1', 'a'));
    chart.send({ type: 'load.reported', worker: 'all', reasons: ['lag'] });
    expect(chart.send(request('call-2', 'a'))).toEqual(['refused call-2 overloaded']);
    expect(chart.tables).toMatchObject({ inFlight: { a: 'call-1' } });
  });

  test('a drain waits for the older one, too', () => {
    const chart = open({ duplicatePolicy: 'supersede' });
    chart.send(request('call-1', 'a'));
    chart.send(request('call-2', 'a'));
    chart.send({ type: 'drain.requested' });
    expect(chart.send(release('call-2'))).toEqual(['freed call-2']);
    expect(chart.send(release('call-1'))).toEqual(['left call-1', 'drained']);
  });
});

describe('queue', () => {
  const queueing = { duplicatePolicy: 'queue', queueTimeoutMs: 5_000, queueMax: 2 } as const;

  test('Supervisor 7: lets calls wait without a slot, and admits the next in the turn in which the id comes free', () => {
    const chart = open({ ...queueing, maxStreams: 1 });
    chart.send(request('call-1', 'a'));
    expect(chart.send(request('call-2', 'a'))).toEqual(['queued call-2 1']);
    expect(chart.send(request('call-3', 'a'))).toEqual(['queued call-3 2']);
    expect(chart.send(release('call-1'))).toEqual(['freed call-1', 'admitted call-2']);
    expect(chart.run.timers()).toEqual({ 'wait call-3': 5_000 });
    expect(chart.send(release('call-2'))).toEqual(['freed call-2', 'admitted call-3']);
    expect(chart.tables).toMatchObject({ waiting: {}, queues: {}, inFlight: { a: 'call-3' } });
    expect(chart.run.timers()).toEqual({});
  });

  test('refuses the one that is one too many, in the words of the contract', () => {
    const chart = open(queueing);
    for (const streamId of ['call-1', 'call-2', 'call-3']) chart.send(request(streamId, 'a'));
    expect(chart.failureOf(request('call-4', 'a'))).toEqual({
      errorCode: 'RESOURCE_EXHAUSTED',
      errorType: 'concurrent_request',
      message: 'Concurrent request for session_id=a is not allowed',
    });
  });

  test('refuses a call that has waited its time, and the one behind it moves up', () => {
    const chart = open(queueing);
    chart.send(request('call-1', 'a'));
    chart.send(request('call-2', 'a'));
    chart.advance(2_000);
    chart.send(request('call-3', 'a'));
    expect(chart.advance(2_999)).toEqual([]);
    expect(chart.advance(1)).toEqual(['refused call-2 concurrent_request']);
    expect(chart.send(request('call-4', 'a'))).toEqual(['queued call-4 2']);
    expect(chart.send(release('call-1'))).toEqual(['freed call-1', 'admitted call-3']);
  });

  test('forgets a call whose client has left', () => {
    const chart = open(queueing);
    chart.send(request('call-1', 'a'));
    chart.send(request('call-2', 'a'));
    expect(chart.send(release('call-2'))).toEqual(['unqueued call-2']);
    expect(chart.send(release('call-2'))).toEqual(['alreadyFreed call-2']);
    expect(chart.run.timers()).toEqual({});
    expect(chart.send(release('call-1'))).toEqual(['freed call-1']);
  });

  test('tells the due refusal to a call that may not have the id, and gives it to the next', () => {
    const chart = open({ ...queueing, maxStreams: 9, queueMax: 4 });
    chart.send(request('call-1', 'a'));
    chart.send(request('call-2', 'a', 'device-1', 1));
    chart.send(request('call-3', 'a', 'device-1', 2));
    chart.send({ type: 'load.reported', worker: 1, reasons: ['lag'] });
    expect(chart.send(release('call-1'))).toEqual(['freed call-1', 'refused call-2 overloaded', 'admitted call-3']);
  });

  test('an interrupt ends the waiting of its device and of no other', () => {
    const chart = open({ ...queueing, maxStreams: 9 });
    chart.send(request('call-1', 'a', 'device-1'));
    chart.send(request('call-2', 'b', 'device-2'));
    chart.send(request('call-3', 'a', 'device-1'));
    chart.send(request('call-4', 'b', 'device-2'));
    expect(chart.send(interrupt('device-1'))).toEqual(['refused call-3 interrupted', 'interrupted call-1']);
    expect(chart.send(release('call-1'))).toEqual(['freed call-1']);
    expect(chart.send(release('call-2'))).toEqual(['freed call-2', 'admitted call-4']);
  });

  test('a drain ends all waiting', () => {
    const chart = open(queueing);
    for (const streamId of ['call-1', 'call-2', 'call-3']) chart.send(request(streamId, 'a'));
    expect(chart.send({ type: 'drain.requested' })).toEqual(['refused call-2 draining', 'refused call-3 draining']);
    expect(chart.run.timers()).toEqual({ 'gracePeriod@supervisor.draining.waiting': 30_000 });
    expect(chart.send(release('call-1'))).toEqual(['freed call-1', 'drained']);
  });
});

describe('attach', () => {
  test('Supervisor 8: a listener has a slot, is in flight under no id, and ends alone', () => {
    const chart = open({ maxStreams: 2, duplicatePolicy: 'attach' });
    chart.send(request('call-1', 'a'));
    expect(chart.send(request('call-2', 'a'))).toEqual(['attached call-2 call-1']);
    expect(chart.send(request('call-3', 'a'))).toEqual(['refused call-3 stream_limit_exceeded']);
    expect(chart.send(interrupt('device-1'))).toEqual(['interrupted call-1,call-2']);
    expect(chart.send(release('call-2'))).toEqual(['freed call-2']);
    expect(chart.tables).toMatchObject({ inFlight: { a: 'call-1' } });
  });

  test('counts in the share of its device', () => {
    const chart = open({ maxStreams: 9, maxStreamsPerDevice: 2, duplicatePolicy: 'attach' });
    chart.send(request('call-1', 'a'));
    chart.send(request('call-2', 'a'));
    expect(chart.send(request('call-3', 'a'))).toEqual(['refused call-3 device_limit_exceeded']);
  });

  test('a call hears the stream in whichever process that is', () => {
    const chart = open({ maxStreams: 9, duplicatePolicy: 'attach' });
    chart.send(request('call-1', 'a', 'device-1', 1));
    expect(chart.send(request('call-2', 'a', 'device-1', 2))).toEqual(['attached call-2 call-1']);
    expect(chart.send(request('call-3', 'a', 'device-1', 1))).toEqual(['attached call-3 call-1']);
  });
});

describe('a session id of another device', () => {
  test.each(['reject', 'supersede', 'queue', 'attach'] as const)(
    'Supervisor 9: under %s its duplicate is refused, and the stream in flight and its queue do not notice',
    (duplicatePolicy) => {
      const chart = open({ maxStreams: 9, duplicatePolicy, queueTimeoutMs: 5_000, queueMax: 1 });
      chart.send(request('call-1', 'a', 'device-1'));
      const before = chart.tables;
      for (const [index, stranger] of ['device-2', 'Device-1', 'device-1 ', 'unknown', '__proto__'].entries()) {
        const failed = chart.failureOf(request(`stranger-${index}`, 'a', stranger));
        expect(failed).toEqual({
          errorCode: 'RESOURCE_EXHAUSTED',
          errorType: 'concurrent_request',
          message: 'Concurrent request for session_id=a is not allowed',
        });
      }
      expect(chart.tables).toEqual(before);
      const words = {
        reject: ['refused call-2 concurrent_request'],
        supersede: ['superseded call-1 call-2', 'admitted call-2'],
        queue: ['queued call-2 1'],
        attach: ['attached call-2 call-1'],
      };
      expect(chart.send(request('call-2', 'a', 'device-1'))).toEqual(words[duplicatePolicy]);
    },
  );

  test.each([
    ['unknown', 'unknown', 'attached call-2 call-1'],
    ['unknown', 'Unknown', 'attached call-2 call-1'],
    ['unknown', 'device-1', 'refused call-2 concurrent_request'],
    ['device-1', 'unknown', 'refused call-2 concurrent_request'],
  ])('of two calls by %s and by %s the second is: %s', (first, second, word) => {
    const chart = open({ maxStreams: 9, duplicatePolicy: 'attach' });
    chart.send(request('call-1', 'a', first));
    expect(chart.send(request('call-2', 'a', second))).toEqual([word]);
  });
});

describe("a device's share", () => {
  test('is refused with its bound and its count, and does not bind calls that name no device, nor welcome streams', () => {
    const chart = open({ maxStreams: 9, maxStreamsPerDevice: 1 });
    chart.send(request('call-1', 'a'));
    expect(chart.failureOf(request('call-2', 'b'))).toEqual({
      errorCode: 'RESOURCE_EXHAUSTED',
      errorType: 'device_limit_exceeded',
      message: 'DEVICE_LIMIT_EXCEEDED: Maximum concurrent streams of one device (1) reached. Current active: 1',
    });
    expect(chart.send(welcome('call-3'))).toEqual(['admitted call-3']);
    for (const streamId of ['call-4', 'call-5']) {
      expect(chart.send(request(streamId, streamId, 'unknown'))).toEqual([`admitted ${streamId}`]);
    }
    chart.send(release('call-1'));
    expect(chart.send(request('call-6', 'b'))).toEqual(['admitted call-6']);
  });
});

describe('load', () => {
  test('Supervisor 10: refuses new streams of the process that reports it, by the name of the bound, until it reports none', () => {
    const chart = open({ maxStreams: 9 });
    chart.send(request('call-1', 'a', 'device-1', 1));
    expect(chart.send({ type: 'load.reported', worker: 1, reasons: ['lag', 'memory'] })).toEqual([]);
    expect(chart.failureOf(request('call-2', 'b', 'device-1', 1))).toEqual({
      errorCode: 'RESOURCE_EXHAUSTED',
      errorType: 'overloaded',
      message: 'The server is overloaded: its event loop is late (OVERLOAD_MAX_LAG); its memory runs out',
    });
    expect(chart.send(request('call-3', 'c', 'device-1', 2))).toEqual(['admitted call-3']);
    expect(chart.send(interrupt('device-1'))).toEqual(['interrupted call-1,call-3']);
    chart.send({ type: 'load.reported', worker: 1, reasons: [] });
    expect(chart.send(request('call-4', 'b', 'device-1', 1))).toEqual(['admitted call-4']);
    expect(chart.tables.loads).toEqual({});
  });

  test.each([
    ['lag', 'chunk call-1'],
    ['starts', 'chunk call-1'],
    ['memory', 'refused call-1 overloaded'],
    ['prompts', 'refused call-1 overloaded'],
  ] as const)('beyond %s a COLLECT, which holds memory and nothing else, is: %s', (reason, word) => {
    const chart = open();
    chart.send({ type: 'load.reported', worker: 'all', reasons: [reason] });
    expect(chart.send(chunk('call-1'))).toEqual([word]);
    expect(chart.send(welcome('call-2'))).toEqual(['refused call-2 overloaded']);
  });
});

describe('a lost process', () => {
  test('Supervisor 11: frees all that it had in one turn, forgets its calls that wait, and lets the next of others in', () => {
    const chart = open({ maxStreams: 9, duplicatePolicy: 'queue', queueTimeoutMs: 5_000, queueMax: 4 });
    chart.send(request('call-1', 'a', 'device-1', 1));
    chart.send(request('call-2', 'b', 'device-1', 2));
    chart.send(request('call-3', 'a', 'device-1', 1));
    chart.send(request('call-4', 'a', 'device-1', 2));
    chart.send(request('call-5', 'c', 'device-1', 1));
    chart.send({ type: 'load.reported', worker: 1, reasons: ['lag'] });
    expect(chart.send({ type: 'worker.lost', worker: 1 })).toEqual([
      'cleared 1 call-1,call-5 call-3',
      'freed call-1',
      'freed call-5',
      'admitted call-4',
    ]);
    expect(chart.tables).toMatchObject({ inFlight: { a: 'call-4', b: 'call-2' }, waiting: {}, loads: {} });
    expect(chart.run.timers()).toEqual({});
    expect(chart.send(release('call-1'))).toEqual(['alreadyFreed call-1']);
  });

  test('a superseded stream of it is gone with it', () => {
    const chart = open({ duplicatePolicy: 'supersede' });
    chart.send(request('call-1', 'a', 'device-1', 1));
    chart.send(request('call-2', 'a', 'device-1', 2));
    expect(chart.send({ type: 'worker.lost', worker: 1 })).toEqual(['cleared 1 call-1 ']);
    expect(chart.tables).toMatchObject({ leaving: {}, groups: { 'on worker 2': { 'call-2': 2 } } });
  });
});

const sessionId = fc.constantFrom('a', 'b', 'c', '__proto__');
const hardwareId = fc.constantFrom('unknown', 'x', 'y', 'toString');
const worker = fc.constantFrom(0, 0, 1, 2);
const ago = fc.nat(25);

const step = fc.oneof(
  {
    weight: 9,
    arbitrary: fc.record({ type: fc.constant('stream.requested' as const), sessionId, hardwareId, worker }),
  },
  { weight: 2, arbitrary: fc.record({ type: fc.constant('welcome.requested' as const), sessionId, worker }) },
  { weight: 1, arbitrary: fc.record({ type: fc.constant('chunk.received' as const), sessionId, worker }) },
  { weight: 8, arbitrary: fc.record({ type: fc.constant('stream.released' as const), ago }) },
  { weight: 2, arbitrary: fc.record({ type: fc.constant('wait.expired' as const), ago }) },
  { weight: 2, arbitrary: fc.record({ type: fc.constant('device.interruptRequested' as const), hardwareId }) },
  {
    weight: 1,
    arbitrary: fc.record({
      type: fc.constant('load.reported' as const),
      worker: fc.constantFrom('all' as const, 0, 1, 2),
      reasons: fc.constantFrom([], [], ['lag' as const], ['memory' as const], ['starts' as const, 'prompts' as const]),
    }),
  },
  { weight: 1, arbitrary: fc.record({ type: fc.constant('worker.lost' as const), worker: fc.constantFrom(1, 2) }) },
);

const limits = fc.record({
  maxStreams: fc.constantFrom(1, 2, 4, 50),
  maxStreamsPerDevice: fc.constantFrom(0, 1, 2),
  oneStreamPerDevice: fc.constantFrom(false, false, true),
  gracePeriodMs: fc.constant(30_000),
  queueTimeoutMs: fc.constant(5_000),
  queueMax: fc.constantFrom(1, 2, 4),
});

function eventOf(given: typeof step extends fc.Arbitrary<infer T> ? T : never, call: number): SupervisorEvent {
  const streamId = `call-${call}`;
  switch (given.type) {
    case 'stream.requested':
    case 'welcome.requested':
    case 'chunk.received':
      return { ...given, streamId };
    case 'stream.released':
    case 'wait.expired':
      return { type: given.type, streamId: `call-${call - given.ago}` };
    case 'device.interruptRequested':
    case 'load.reported':
    case 'worker.lost':
      return given;
  }
}

describe.each(['reject', 'supersede', 'queue', 'attach'] as const)('any race under %s', (duplicatePolicy) => {
  test('Books 1 to 3: goes as plain lists say, never more streams than slots, one owner an id; all is free at the end; its log replays', () => {
    fc.assert(
      fc.property(limits, fc.array(step, { maxLength: 60 }), fc.array(step, { maxLength: 15 }), (given, busy, late) => {
        const bounds = { ...given, duplicatePolicy };
        const chart = open(bounds);
        const model = new AdmissionModel(bounds);
        const events: SupervisorEvent[] = [{ type: 'service.opened' }];
        const take = (event: SupervisorEvent) => {
          events.push(event);
          expect(chart.send(event)).toEqual(model.take(event));
          expect(model.held.length).toBeLessThanOrEqual(bounds.maxStreams);
          const { streams, waiting, leaving, inFlight, queues } = plainTables(chart.run.context);
          expect(Object.keys(streams ?? {}).sort()).toEqual(model.held.map((each) => each.streamId).sort());
          expect(Object.keys(leaving ?? {}).sort()).toEqual(model.leaving.map((each) => each.streamId).sort());
          expect(Object.keys(waiting ?? {}).sort()).toEqual(model.waiting.map((each) => each.streamId).sort());
          const answers = model.held.filter(({ kind }) => kind === 'answer');
          expect(new Map(Object.entries(inFlight ?? {}))).toEqual(
            new Map(answers.map((each) => [each.sessionId, each.streamId])),
          );
          expect(Object.keys(queues ?? {}).sort()).toEqual(
            [...new Set(model.waiting.map((each) => each.sessionId))].sort(),
          );
          const timers = Object.keys(chart.run.timers()).filter((name) => name.startsWith('wait '));
          expect(timers.sort()).toEqual(model.waiting.map(({ streamId }) => `wait ${streamId}`).sort());
        };
        for (const [call, each] of busy.entries()) take(eventOf(each, call));
        take({ type: 'drain.requested' });
        for (const [call, each] of late.entries()) take(eventOf(each, busy.length + call));
        const left = [...model.held, ...model.leaving];
        for (const { streamId } of left) take(release(streamId));
        expect(chart.tables).toMatchObject({
          streams: {},
          inFlight: {},
          groups: {},
          leaving: {},
          waiting: {},
          queues: {},
        });
        expect(chart.tables.groups).toEqual({});
        expect(chart.run.value).toBe('drained');
        const log = goodLog(recordByHand(supervisorMachine, events, bounds));
        expect(replay(log, supervisorMachine)).toMatchObject({ divergence: null, definitionChanges: [] });
      }),
      { numRuns: runs(300) },
    );
  });
});
