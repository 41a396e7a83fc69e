/** Guarantees of the supervisor chart: single-flight before slots, slots by call, idempotent release, an orderly drain. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  type SupervisorEvent,
  type SupervisorInput,
  supervisorMachine,
} from '../../src/machines/supervisor.machine.ts';
import { PureRun } from '../support/machines/pure-run.ts';

type SupervisorRun = PureRun<typeof supervisorMachine>;

const input: SupervisorInput = { maxStreams: 2, oneStreamPerDevice: false, gracePeriodMs: 30_000 };

function closed(overrides: Partial<SupervisorInput> = {}): SupervisorRun {
  return new PureRun(supervisorMachine, { ...input, ...overrides });
}

function open(overrides: Partial<SupervisorInput> = {}): SupervisorRun {
  const run = closed(overrides);
  run.send({ type: 'service.opened' });
  return run;
}

const request = (streamId: string, sessionId: string, hardwareId = 'device-1'): SupervisorEvent => ({
  type: 'stream.requested',
  streamId,
  sessionId,
  hardwareId,
});
const release = (streamId: string): SupervisorEvent => ({ type: 'stream.released', streamId });

const admitted = (streamId: string, activeStreams: number) => ({
  said: { type: 'stream.admitted', streamId, activeStreams },
});
const refused = (streamId: string, errorType: string, message: string, activeStreams: number) => ({
  said: {
    type: 'stream.refused',
    streamId,
    failure: {
      errorCode: errorType.match(/^(starting|draining)$/) ? 'UNAVAILABLE' : 'RESOURCE_EXHAUSTED',
      errorType,
      message,
    },
    activeStreams,
  },
});
const freed = (streamId: string, sessionId: string, activeStreams: number, hardwareId = 'device-1') => ({
  said: { type: 'slot.freed', streamId, sessionId, hardwareId, activeStreams },
});

describe('admission', () => {
  test('takes a slot and the session id in one step', () => {
    const run = open();
    expect(run.send(request('call-1', 'session-1'))).toEqual({
      value: 'open',
      effects: [admitted('call-1', 1)],
      changed: {
        streams: { 'call-1': { sessionId: 'session-1', hardwareId: 'device-1' } },
        inFlight: { 'session-1': 'call-1' },
        activeStreams: 1,
      },
    });
  });

  test('refuses a session id in flight at once, and the running stream is untouched', () => {
    const run = open();
    run.send(request('call-1', 'session-1'));
    for (const streamId of ['call-2', 'call-3']) {
      expect(run.send(request(streamId, 'session-1'))).toEqual({
        value: 'open',
        effects: [
          refused(streamId, 'concurrent_request', 'Concurrent request for session_id=session-1 is not allowed', 1),
        ],
        changed: {},
      });
    }
  });

  test('asks for single-flight first: a duplicate on a full server is a duplicate', () => {
    const run = open({ maxStreams: 1 });
    run.send(request('call-1', 'session-1'));
    expect(run.send(request('call-2', 'session-1')).effects).toEqual([
      refused('call-2', 'concurrent_request', 'Concurrent request for session_id=session-1 is not allowed', 1),
    ]);
    expect(run.send(request('call-3', 'session-3')).effects).toEqual([
      refused(
        'call-3',
        'stream_limit_exceeded',
        'STREAM_LIMIT_EXCEEDED: Maximum concurrent streams (1) reached. Current active: 1',
        1,
      ),
    ]);
  });

  test('refuses the third of two slots and takes it when one is free again', () => {
    const run = open();
    run.send(request('call-1', 'session-1'));
    run.send(request('call-2', 'session-2'));
    expect(run.send(request('call-3', 'session-3')).effects).toEqual([
      refused(
        'call-3',
        'stream_limit_exceeded',
        'STREAM_LIMIT_EXCEEDED: Maximum concurrent streams (2) reached. Current active: 2',
        2,
      ),
    ]);
    run.send(release('call-1'));
    expect(run.send(request('call-4', 'session-3')).effects).toEqual([admitted('call-4', 2)]);
  });

  test('lets one device have many streams unless one per device is switched on', () => {
    const many = open();
    many.send(request('call-1', 'session-1'));
    expect(many.send(request('call-2', 'session-2')).effects).toEqual([admitted('call-2', 2)]);

    const single = open({ oneStreamPerDevice: true });
    single.send(request('call-1', 'session-1'));
    expect(single.send(request('call-2', 'session-2')).effects).toEqual([
      refused(
        'call-2',
        'concurrent_hardware_id',
        'The device already has a running stream; only one per device is allowed',
        1,
      ),
    ]);
    expect(single.send(request('call-3', 'session-3', 'device-2')).effects).toEqual([admitted('call-3', 2)]);
  });

  test.each(['__proto__', 'constructor', 'toString', 'hasOwnProperty', 'valueOf', '0'])(
    'a session, a device and a call may be named %s',
    (name) => {
      const run = open({ oneStreamPerDevice: true });
      expect(run.send(request('call-1', name, name)).effects).toEqual([admitted('call-1', 1)]);
      expect(run.send(request('call-2', name, 'device-2')).effects).toEqual([
        refused('call-2', 'concurrent_request', `Concurrent request for session_id=${name} is not allowed`, 1),
      ]);
      expect(Object.hasOwn(run.context.inFlight, name)).toBe(true);
      expect(run.send(request(name, 'session-3', 'device-3')).effects).toEqual([admitted(name, 2)]);
      expect(run.send({ type: 'device.interruptRequested', hardwareId: name }).effects).toEqual([
        { said: { type: 'device.interrupted', streamIds: ['call-1'] } },
      ]);
      expect(run.send(release(name)).effects).toEqual([freed(name, 'session-3', 1, 'device-3')]);
      expect(run.send(release('call-1')).effects).toEqual([freed('call-1', name, 0, name)]);
      expect(run.context).toMatchObject({ streams: {}, inFlight: {}, activeStreams: 0 });
      expect(Object.keys({ ...run.context.streams, ...run.context.inFlight })).toEqual([]);
    },
  );

  test.each(['__proto__', 'constructor', 'toString'])('the release of a call that was never there: %s', (name) => {
    const run = open();
    run.send(request('call-1', 'session-1'));
    expect(run.send(release(name))).toEqual({
      value: 'open',
      effects: [{ said: { type: 'slot.alreadyFreed', streamId: name } }],
      changed: {},
    });
  });
});

describe('release', () => {
  test('frees the slot and the session id, once; a second one is quiet and changes nothing', () => {
    const run = open();
    run.send(request('call-1', 'session-1'));
    expect(run.send(release('call-1'))).toEqual({
      value: 'open',
      effects: [freed('call-1', 'session-1', 0)],
      changed: { streams: {}, inFlight: {}, activeStreams: 0 },
    });
    expect(run.send(release('call-1'))).toEqual({
      value: 'open',
      effects: [{ said: { type: 'slot.alreadyFreed', streamId: 'call-1' } }],
      changed: {},
    });
  });

  test('of a refused duplicate frees nothing', () => {
    const run = open();
    run.send(request('call-1', 'session-1'));
    run.send(request('call-2', 'session-1'));
    expect(run.send(release('call-2'))).toEqual({
      value: 'open',
      effects: [{ said: { type: 'slot.alreadyFreed', streamId: 'call-2' } }],
      changed: {},
    });
    expect(run.send(request('call-3', 'session-1')).effects).toEqual([
      refused('call-3', 'concurrent_request', 'Concurrent request for session_id=session-1 is not allowed', 1),
    ]);
  });

  test('late and doubled does not free the slot of a newer stream with the same session id', () => {
    const run = open();
    run.send(request('call-1', 'session-1'));
    run.send(release('call-1'));
    run.send(request('call-2', 'session-1'));
    expect(run.send(release('call-1')).changed).toEqual({});
    expect(run.context).toMatchObject({ activeStreams: 1, inFlight: { 'session-1': 'call-2' } });
  });
});

describe('an interrupt', () => {
  test("names the device's streams and nobody else's; their slots stay theirs until they are released", () => {
    const run = open({ maxStreams: 3 });
    run.send(request('call-1', 'session-1', 'device-1'));
    run.send(request('call-2', 'session-2', 'device-2'));
    run.send(request('call-3', 'session-3', 'device-1'));
    expect(run.send({ type: 'device.interruptRequested', hardwareId: 'device-1' })).toEqual({
      value: 'open',
      effects: [{ said: { type: 'device.interrupted', streamIds: ['call-1', 'call-3'] } }],
      changed: {},
    });
    expect(run.send({ type: 'device.interruptRequested', hardwareId: 'device-9' }).effects).toEqual([
      { said: { type: 'device.interrupted', streamIds: [] } },
    ]);
  });

  test.each([
    ['closed', () => closed()],
    ['draining', () => draining()],
  ])('is answered in %s too', (_state, makeRun) => {
    expect(makeRun().send({ type: 'device.interruptRequested', hardwareId: 'device-9' }).effects).toEqual([
      { said: { type: 'device.interrupted', streamIds: [] } },
    ]);
  });
});

/** A supervisor that drains with one running stream, call-1. */
function draining(overrides: Partial<SupervisorInput> = {}): SupervisorRun {
  const run = open(overrides);
  run.send(request('call-1', 'session-1'));
  run.send({ type: 'drain.requested' });
  return run;
}

describe('before the service is opened', () => {
  test('every call is answered "starting"', () => {
    const run = closed();
    expect(run.send(request('call-1', 'session-1'))).toEqual({
      value: 'closed',
      effects: [refused('call-1', 'starting', 'The server is starting; try again in a moment', 0)],
      changed: {},
    });
  });
});

describe('a drain', () => {
  test.each([
    ['closed', () => closed()],
    ['open', () => open()],
  ])('of an empty supervisor that is %s is finished at once', (_state, makeRun) => {
    const run = makeRun();
    expect(run.send({ type: 'drain.requested' })).toEqual({
      value: 'drained',
      effects: [{ said: { type: 'drain.finished' } }],
      changed: {},
    });
    expect(run.timers()).toEqual({});
  });

  test('refuses new calls, also those of a session in flight, and waits for the running ones', () => {
    const run = draining();
    expect(run.value).toEqual({ draining: 'waiting' });
    for (const sessionId of ['session-1', 'session-2']) {
      expect(run.send(request('call-2', sessionId)).effects).toEqual([
        refused('call-2', 'draining', 'The server is shutting down', 1),
      ]);
    }
    expect(run.send(release('call-1'))).toEqual({
      value: 'drained',
      effects: [freed('call-1', 'session-1', 0), { said: { type: 'drain.finished' } }],
      changed: { streams: {}, inFlight: {}, activeStreams: 0 },
    });
  });

  test('names the streams that still run when the grace period is over, and finishes with their release', () => {
    const run = draining();
    expect(run.advance(29_999).effects).toEqual([]);
    expect(run.advance(1)).toEqual({
      value: { draining: 'ending' },
      effects: [{ said: { type: 'grace.expired', streamIds: ['call-1'] } }],
      changed: {},
    });
    expect(run.send(release('call-1')).value).toBe('drained');
  });

  test('with a grace period of 0 ends the running streams without waiting', () => {
    const run = draining({ gracePeriodMs: 0 });
    expect(run.advance(0).effects).toEqual([{ said: { type: 'grace.expired', streamIds: ['call-1'] } }]);
  });

  test('does not wait for ever for a slot that nobody frees', () => {
    const run = draining();
    run.advance(30_000);
    expect(run.advance(2_000)).toEqual({
      value: 'drained',
      effects: [{ said: { type: 'drain.finished' } }],
      changed: {},
    });
    expect(run.send(release('call-1')).effects).toEqual([freed('call-1', 'session-1', 0)]);
  });

  test('that is asked for twice goes on as it was', () => {
    const run = draining();
    expect(run.send({ type: 'drain.requested' })).toEqual({ value: { draining: 'waiting' }, effects: [], changed: {} });
    run.send(release('call-1'));
    expect(run.send({ type: 'drain.requested' })).toEqual({ value: 'drained', effects: [], changed: {} });
    expect(run.send(request('call-9', 'session-9')).effects).toEqual([
      refused('call-9', 'draining', 'The server is shutting down', 0),
    ]);
  });

  test('can not be undone by opening the service', () => {
    const run = draining();
    expect(run.send({ type: 'service.opened' })).toEqual({ value: { draining: 'waiting' }, effects: [], changed: {} });
  });
});

describe('any sequence of calls, ends and interrupts', () => {
  const name = fc.constantFrom('a', 'b', '__proto__', 'toString');
  const step = fc.oneof(
    { weight: 6, arbitrary: fc.record({ do: fc.constant('request' as const), sessionId: name, hardwareId: name }) },
    // Releases of live, ended, refused and unknown calls alike.
    { weight: 5, arbitrary: fc.record({ do: fc.constant('release' as const), call: fc.integer({ min: 0, max: 40 }) }) },
    { weight: 1, arbitrary: fc.record({ do: fc.constant('interrupt' as const), hardwareId: name }) },
    {
      weight: 1,
      arbitrary: fc.record({ do: fc.constant('drain' as const), afterMs: fc.integer({ min: 0, max: 40_000 }) }),
    },
  );

  test('keeps its books: never more streams than slots, one stream a session id, back to zero', () => {
    fc.assert(
      fc.property(
        fc.record({ maxStreams: fc.integer({ min: 1, max: 4 }), oneStreamPerDevice: fc.boolean() }),
        fc.array(step, { maxLength: 60 }),
        (limits, steps) => {
          const run = open(limits);
          /** The model: what is live by what the chart has said. */
          const live = new Map<string, { sessionId: string; hardwareId: string }>();
          let calls = 0;
          let isDraining = false;

          for (const each of steps) {
            if (each.do === 'request') {
              const streamId = `call-${calls++}`;
              const { sessionId, hardwareId } = each;
              const isFree =
                !isDraining &&
                live.size < limits.maxStreams &&
                ![...live.values()].some(
                  (other) =>
                    other.sessionId === sessionId || (limits.oneStreamPerDevice && other.hardwareId === hardwareId),
                );
              const { effects } = run.send(request(streamId, sessionId, hardwareId));
              if (isFree) live.set(streamId, { sessionId, hardwareId });
              const expected = isFree ? admitted(streamId, live.size) : { said: { type: 'stream.refused', streamId } };
              expect(effects).toMatchObject([expected]);
            } else if (each.do === 'release') {
              const streamId = `call-${each.call}`;
              const wasLive = live.delete(streamId);
              const said = wasLive
                ? { type: 'slot.freed', streamId, activeStreams: live.size }
                : { type: 'slot.alreadyFreed', streamId };
              expect(run.send(release(streamId)).effects[0]).toMatchObject({ said });
            } else if (each.do === 'interrupt') {
              const { hardwareId } = each;
              const streamIds = [...live].filter(([, stream]) => stream.hardwareId === hardwareId).map(([id]) => id);
              const { effects } = run.send({ type: 'device.interruptRequested', hardwareId });
              expect(effects).toEqual([{ said: { type: 'device.interrupted', streamIds } }]);
            } else {
              isDraining = true;
              run.send({ type: 'drain.requested' });
              run.advance(each.afterMs);
            }
            const { context } = run;
            expect(context.activeStreams).toBeLessThanOrEqual(limits.maxStreams);
            expect(context.activeStreams).toBe(Object.keys(context.streams).length);
            expect(new Map(Object.entries(context.streams))).toEqual(live);
            expect(new Map(Object.entries(context.inFlight))).toEqual(
              new Map([...live].map(([streamId, { sessionId }]) => [sessionId, streamId])),
            );
          }
          for (const streamId of live.keys()) run.send(release(streamId));
          expect(run.context).toMatchObject({ activeStreams: 0, streams: {}, inFlight: {} });
          if (isDraining) expect(run.value).toBe('drained');
        },
      ),
      { numRuns: 200 },
    );
  });
});
