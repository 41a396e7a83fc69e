/** Guarantees of the supervisor chart: single-flight before slots, slots by call, idempotent release, an orderly drain. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { supervisorMachine } from '../../../src/machines/supervisor/supervisor.machine.ts';
import type {
  AdmittedStream,
  SupervisorEvent,
  SupervisorInput,
} from '../../../src/machines/supervisor/supervisor.types.ts';
import { PureRun } from '../../support/machines/pure-run.ts';
import { plainTables, tablesOf } from '../../support/machines/supervisor-tables.ts';
import { runs } from '../../support/runs.ts';

/** A supervisor whose tables are shown as plain records. */
class SupervisorRun {
  readonly #run: PureRun<typeof supervisorMachine>;

  constructor(given: SupervisorInput) {
    this.#run = new PureRun(supervisorMachine, given);
  }

  send(event: SupervisorEvent) {
    const { changed, ...step } = this.#run.send(event);
    return { ...step, changed: plainTables(changed) };
  }

  advance(ms: number) {
    const { changed, ...step } = this.#run.advance(ms);
    return { ...step, changed: plainTables(changed) };
  }

  get value() {
    return this.#run.value;
  }

  get activeStreams(): number {
    return this.#run.context.streams.size;
  }

  /** What there is of streams. */
  get tables() {
    return tablesOf(this.#run.context);
  }

  timers() {
    return this.#run.timers();
  }
}

const input: SupervisorInput = { maxStreams: 2, oneStreamPerDevice: false, gracePeriodMs: 30_000 };

function closed(overrides: Partial<SupervisorInput> = {}): SupervisorRun {
  return new SupervisorRun({ ...input, ...overrides });
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
const welcome = (streamId: string, sessionId: string): SupervisorEvent => ({
  type: 'welcome.requested',
  streamId,
  sessionId,
});
const chunk = (streamId: string, sessionId = 'session-1'): SupervisorEvent => ({
  type: 'chunk.received',
  streamId,
  sessionId,
});
const release = (streamId: string): SupervisorEvent => ({ type: 'stream.released', streamId });
const interrupt = (hardwareId: string): SupervisorEvent => ({ type: 'device.interruptRequested', hardwareId });

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
const freed = (streamId: string, activeStreams: number) => ({
  said: { type: 'slot.freed', streamId, activeStreams },
});
const interrupted = (...streamIds: readonly string[]) => ({ said: { type: 'device.interrupted', streamIds } });

describe('admission', () => {
  test('takes a slot and the session id in one step', () => {
    const run = open();
    expect(run.send(request('call-1', 'session-1'))).toEqual({
      value: 'open',
      effects: [admitted('call-1', 1)],
      changed: {
        streams: { 'call-1': { kind: 'answer', sessionId: 'session-1', hardwareId: 'device-1', admission: 1 } },
        inFlight: { 'session-1': 'call-1' },
        groups: { 'answers of device-1': { 'call-1': 1 } },
        admissions: 1,
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

  test('Supervisor 1: asks for single-flight first: a duplicate on a full server is a duplicate', () => {
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

  test('Supervisor 3: refuses the third of two slots and takes it when one is free again', () => {
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

  test('calls that name no device are not one device', () => {
    const single = open({ oneStreamPerDevice: true });
    single.send(request('call-1', 'session-1', 'unknown'));
    expect(single.send(request('call-2', 'session-2', 'unknown')).effects).toEqual([admitted('call-2', 2)]);
  });

  test.each(['__proto__', 'constructor', 'toString', 'hasOwnProperty', 'valueOf', '0'])(
    'a session, a device and a call may be named %s',
    (name) => {
      const run = open({ oneStreamPerDevice: true });
      expect(run.send(request('call-1', name, name)).effects).toEqual([admitted('call-1', 1)]);
      expect(run.send(request('call-2', name, 'device-2')).effects).toEqual([
        refused('call-2', 'concurrent_request', `Concurrent request for session_id=${name} is not allowed`, 1),
      ]);
      expect(Object.entries(run.tables.inFlight)).toEqual([[name, 'call-1']]);
      expect(run.send(request(name, 'session-3', 'device-3')).effects).toEqual([admitted(name, 2)]);
      expect(run.send(interrupt(name)).effects).toEqual([interrupted('call-1')]);
      expect(run.send(release(name)).effects).toEqual([freed(name, 1)]);
      expect(run.send(release('call-1')).effects).toEqual([freed('call-1', 0)]);
      expect(Object.values(run.tables).map((table) => Object.entries(table))).toEqual([[], [], []]);
      expect(run.activeStreams).toBe(0);
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

describe('a welcome stream', () => {
  test('takes a slot and no session id: its own may be in flight, and any number of them may have the same', () => {
    const run = open({ maxStreams: 4 });
    run.send(request('call-1', 'session-1'));
    expect(run.send(welcome('welcome-1', 'session-1'))).toEqual({
      value: 'open',
      effects: [admitted('welcome-1', 2)],
      changed: {
        streams: {
          'call-1': { kind: 'answer', sessionId: 'session-1', hardwareId: 'device-1', admission: 1 },
          'welcome-1': { kind: 'welcome', sessionId: 'session-1', hardwareId: 'device-1', admission: 2 },
        },
        groups: {
          'answers of device-1': { 'call-1': 1 },
          'welcomes of session-1': { 'welcome-1': 2 },
          'welcomes beside device-1': { 'welcome-1': 2 },
        },
        admissions: 2,
      },
    });
    expect(run.send(welcome('welcome-2', 'session-1')).effects).toEqual([admitted('welcome-2', 3)]);
    expect(run.send(request('call-2', 'session-1')).effects).toMatchObject([
      { said: { type: 'stream.refused', failure: { errorType: 'concurrent_request' } } },
    ]);
  });

  test('does not keep an answer of its session from coming', () => {
    const run = open();
    run.send(welcome('welcome-1', 'session-1'));
    expect(run.send(request('call-1', 'session-1')).effects).toEqual([admitted('call-1', 2)]);
  });

  test('is refused when no slot is free', () => {
    const run = open({ maxStreams: 1 });
    run.send(welcome('welcome-1', 'session-1'));
    const text = 'STREAM_LIMIT_EXCEEDED: Maximum concurrent streams (1) reached. Current active: 1';
    expect(run.send(welcome('welcome-2', 'session-2'))).toEqual({
      value: 'open',
      effects: [refused('welcome-2', 'stream_limit_exceeded', text, 1)],
      changed: {},
    });
    expect(run.send(request('call-1', 'session-3')).effects).toEqual([
      refused('call-1', 'stream_limit_exceeded', text, 1),
    ]);
  });

  test('does not count where one stream per device is allowed', () => {
    const run = open({ maxStreams: 4, oneStreamPerDevice: true });
    run.send(request('call-1', 'session-1', 'device-1'));
    run.send(welcome('welcome-1', 'session-1'));
    run.send(release('call-1'));
    expect(run.send(request('call-2', 'session-2', 'device-1')).effects).toEqual([admitted('call-2', 2)]);
  });

  test('gives back its slot and leaves the answer of its session in flight', () => {
    const run = open();
    run.send(request('call-1', 'session-1'));
    run.send(welcome('welcome-1', 'session-1'));
    expect(run.send(release('welcome-1'))).toEqual({
      value: 'open',
      effects: [freed('welcome-1', 1)],
      changed: {
        streams: { 'call-1': { kind: 'answer', sessionId: 'session-1', hardwareId: 'device-1', admission: 1 } },
        groups: { 'answers of device-1': { 'call-1': 1 } },
      },
    });
    expect(run.tables.inFlight).toEqual({ 'session-1': 'call-1' });
    expect(run.send(release('welcome-1')).effects).toEqual([
      { said: { type: 'slot.alreadyFreed', streamId: 'welcome-1' } },
    ]);
  });

  test('is waited for by a drain, and ended by it when the grace period is over', () => {
    const run = open();
    run.send(welcome('welcome-1', 'session-1'));
    expect(run.send({ type: 'drain.requested' }).value).toEqual({ draining: 'waiting' });
    expect(run.advance(30_000).effects).toEqual([{ said: { type: 'grace.expired', streamIds: ['welcome-1'] } }]);
    expect(run.send(release('welcome-1')).value).toBe('drained');
  });
});

describe('a collected chunk', () => {
  test('is let in without a slot, also on a full server and while its session is in flight', () => {
    const run = open({ maxStreams: 1 });
    run.send(request('call-1', 'session-1'));
    expect(run.send(chunk('chunk-1'))).toEqual({
      value: 'open',
      effects: [{ said: { type: 'chunk.admitted', streamId: 'chunk-1' } }],
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
      effects: [freed('call-1', 0)],
      changed: { streams: {}, inFlight: {}, groups: {} },
    });
    expect(run.send(release('call-1'))).toEqual({
      value: 'open',
      effects: [{ said: { type: 'slot.alreadyFreed', streamId: 'call-1' } }],
      changed: {},
    });
  });

  test('Supervisor 2: of a refused duplicate frees nothing', () => {
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

  test('Supervisor 2: late and doubled does not free the slot of a newer stream with the same session id', () => {
    const run = open();
    run.send(request('call-1', 'session-1'));
    run.send(release('call-1'));
    run.send(request('call-2', 'session-1'));
    expect(run.send(release('call-1')).changed).toEqual({});
    expect(run.activeStreams).toBe(1);
    expect(run.tables.inFlight).toEqual({ 'session-1': 'call-2' });
  });
});

describe('an interrupt', () => {
  test("names the device's streams and nobody else's; their slots stay theirs until they are released", () => {
    const run = open({ maxStreams: 3 });
    run.send(request('call-1', 'session-1', 'device-1'));
    run.send(request('call-2', 'session-2', 'device-2'));
    run.send(request('call-3', 'session-3', 'device-1'));
    expect(run.send(interrupt('device-1'))).toEqual({
      value: 'open',
      effects: [interrupted('call-1', 'call-3')],
      changed: {},
    });
    expect(run.send(interrupt('device-9')).effects).toEqual([interrupted()]);
  });

  test('reaches the welcome streams of a session that the device has in flight, whichever came first', () => {
    const run = open({ maxStreams: 5 });
    run.send(welcome('welcome-early', 'session-1'));
    run.send(request('call-1', 'session-1', 'device-1'));
    run.send(welcome('welcome-late', 'session-1'));
    run.send(request('call-2', 'session-2', 'device-2'));
    run.send(welcome('welcome-other', 'session-2'));
    expect(run.send(interrupt('device-1')).effects).toEqual([interrupted('welcome-early', 'call-1', 'welcome-late')]);
  });

  test('reaches a welcome stream whose session was in flight when it came and has ended since', () => {
    const run = open();
    run.send(request('call-1', 'session-1', 'device-1'));
    run.send(welcome('welcome-1', 'session-1'));
    run.send(release('call-1'));
    expect(run.send(interrupt('device-1')).effects).toEqual([interrupted('welcome-1')]);
    // The session id is another device's by now: both devices have had it in flight beside this welcome stream.
    run.send(request('call-2', 'session-1', 'device-2'));
    expect(run.send(interrupt('device-2')).effects).toEqual([interrupted('welcome-1', 'call-2')]);
  });

  test('passes by a welcome stream whose session nobody has in flight', () => {
    const run = open();
    run.send(welcome('welcome-1', 'session-1'));
    run.send(request('call-1', 'session-2', 'device-1'));
    expect(run.send(interrupt('device-1')).effects).toEqual([interrupted('call-1')]);
  });

  test.each([
    ['closed', () => closed()],
    ['draining', () => draining()],
  ])('is answered in %s too', (_state, makeRun) => {
    expect(makeRun().send(interrupt('device-9')).effects).toEqual([interrupted()]);
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
  test.each([request('call-1', 'session-1'), welcome('call-1', 'session-1'), chunk('call-1')])(
    '$type is answered "starting"',
    (event) => {
      expect(closed().send(event)).toEqual({
        value: 'closed',
        effects: [refused('call-1', 'starting', 'The server is starting; try again in a moment', 0)],
        changed: {},
      });
    },
  );
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
      effects: [freed('call-1', 0), { said: { type: 'drain.finished' } }],
      changed: { streams: {}, inFlight: {}, groups: {} },
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

  test.each([welcome('call-2', 'session-2'), chunk('call-2')])('refuses $type, from its start to its end', (event) => {
    const run = draining();
    const refusal = (activeStreams: number) =>
      refused('call-2', 'draining', 'The server is shutting down', activeStreams);
    expect(run.send(event)).toEqual({ value: { draining: 'waiting' }, effects: [refusal(1)], changed: {} });
    run.send(release('call-1'));
    expect(run.send(event)).toEqual({ value: 'drained', effects: [refusal(0)], changed: {} });
  });

  test('with a grace period of 0 ends the running streams without waiting', () => {
    const run = draining({ gracePeriodMs: 0 });
    expect(run.advance(0).effects).toEqual([{ said: { type: 'grace.expired', streamIds: ['call-1'] } }]);
  });

  test('does not wait for ever for a slot that nobody frees', () => {
    const run = draining();
    run.advance(30_000);
    expect(run.advance(9_999).effects).toEqual([]);
    expect(run.advance(1)).toEqual({
      value: 'drained',
      effects: [{ said: { type: 'drain.finished' } }],
      changed: {},
    });
    expect(run.send(release('call-1')).effects).toEqual([freed('call-1', 0)]);
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

/** The model: what is live by what the chart has said. */
class Books {
  readonly live = new Map<string, AdmittedStream>();
  #admissions = 0;
  isDraining = false;
  readonly #limits: Pick<SupervisorInput, 'maxStreams' | 'oneStreamPerDevice'>;

  constructor(limits: Pick<SupervisorInput, 'maxStreams' | 'oneStreamPerDevice'>) {
    this.#limits = limits;
  }

  get answers(): readonly (readonly [string, AdmittedStream])[] {
    return [...this.live].filter(([, { kind }]) => kind === 'answer');
  }

  /** Whose session it is now; '' = nobody's. */
  deviceOf(sessionId: string): string {
    return this.answers.find(([, answer]) => answer.sessionId === sessionId)?.[1].hardwareId ?? '';
  }

  /** What the chart should say of this call, which is live from now on if it is admitted. */
  open(streamId: string, stream: Omit<AdmittedStream, 'admission'>) {
    const isInTheWay = ([, other]: readonly [string, AdmittedStream]) =>
      other.sessionId === stream.sessionId ||
      (this.#limits.oneStreamPerDevice && other.hardwareId === stream.hardwareId);
    const isFree = !this.isDraining && this.live.size < this.#limits.maxStreams;
    if (!isFree || (stream.kind === 'answer' && this.answers.some(isInTheWay))) {
      return { said: { type: 'stream.refused', streamId } };
    }
    this.#admissions += 1;
    this.live.set(streamId, { ...stream, admission: this.#admissions });
    return admitted(streamId, this.live.size);
  }

  release(streamId: string) {
    return this.live.delete(streamId)
      ? freed(streamId, this.live.size)
      : { said: { type: 'slot.alreadyFreed', streamId } };
  }

  /** Who is in which group, told from the streams alone. */
  groups() {
    const named = [...this.live].flatMap(([streamId, { kind, sessionId, hardwareId, admission }]) =>
      [
        ...(kind === 'answer' ? [`answers of ${hardwareId}`] : [`welcomes of ${sessionId}`]),
        ...(kind === 'welcome' && hardwareId !== '' ? [`welcomes beside ${hardwareId}`] : []),
      ].map((name) => ({ name, streamId, admission })),
    );
    const groups = new Map<string, Record<string, number>>();
    for (const { name, streamId, admission } of named) {
      groups.set(name, { ...groups.get(name), [streamId]: admission });
    }
    return Object.fromEntries(groups);
  }

  streamsOf(device: string): readonly string[] {
    return [...this.live]
      .filter(([, { kind, hardwareId, sessionId }]) => {
        return hardwareId === device || (kind === 'welcome' && this.deviceOf(sessionId) === device);
      })
      .map(([streamId]) => streamId);
  }
}

describe('any sequence of calls, ends and interrupts', () => {
  const name = fc.constantFrom('a', 'b', '__proto__', 'toString');
  const step = fc.oneof(
    { weight: 6, arbitrary: fc.record({ do: fc.constant('request' as const), sessionId: name, hardwareId: name }) },
    { weight: 4, arbitrary: fc.record({ do: fc.constant('welcome' as const), sessionId: name }) },
    { weight: 1, arbitrary: fc.record({ do: fc.constant('chunk' as const), sessionId: name }) },
    // Releases of live, ended, refused and unknown calls alike.
    { weight: 5, arbitrary: fc.record({ do: fc.constant('release' as const), call: fc.integer({ min: 0, max: 40 }) }) },
    { weight: 1, arbitrary: fc.record({ do: fc.constant('interrupt' as const), hardwareId: name }) },
    {
      weight: 1,
      arbitrary: fc.record({ do: fc.constant('drain' as const), afterMs: fc.integer({ min: 0, max: 40_000 }) }),
    },
  );

  test('Supervisor 1 to 5: keeps its books: never more streams than slots, one stream a session id, back to zero', () => {
    fc.assert(
      fc.property(
        fc.record({ maxStreams: fc.integer({ min: 1, max: 4 }), oneStreamPerDevice: fc.boolean() }),
        fc.array(step, { maxLength: 60 }),
        (limits, steps) => {
          const run = open(limits);
          const books = new Books(limits);
          let calls = 0;

          for (const each of steps) {
            const streamId = `call-${calls++}`;
            switch (each.do) {
              case 'request': {
                const { sessionId, hardwareId } = each;
                const expected = books.open(streamId, { kind: 'answer', sessionId, hardwareId });
                expect(run.send(request(streamId, sessionId, hardwareId)).effects).toMatchObject([expected]);
                break;
              }
              case 'welcome': {
                const { sessionId } = each;
                const hardwareId = books.deviceOf(sessionId);
                const expected = books.open(streamId, { kind: 'welcome', sessionId, hardwareId });
                expect(run.send(welcome(streamId, sessionId)).effects).toMatchObject([expected]);
                break;
              }
              case 'chunk': {
                const type = books.isDraining ? 'stream.refused' : 'chunk.admitted';
                const { effects, changed } = run.send(chunk(streamId, each.sessionId));
                expect({ effects, changed }).toMatchObject({ effects: [{ said: { type, streamId } }], changed: {} });
                break;
              }
              case 'release':
                expect(run.send(release(`call-${each.call}`)).effects[0]).toEqual(books.release(`call-${each.call}`));
                break;
              case 'interrupt':
                expect(run.send(interrupt(each.hardwareId)).effects).toEqual([
                  interrupted(...books.streamsOf(each.hardwareId)),
                ]);
                break;
              case 'drain':
                books.isDraining = true;
                run.send({ type: 'drain.requested' });
                run.advance(each.afterMs);
            }
            const { tables, activeStreams } = run;
            expect(activeStreams).toBeLessThanOrEqual(limits.maxStreams);
            expect(activeStreams).toBe(Object.keys(tables.streams).length);
            expect(new Map(Object.entries(tables.streams))).toEqual(books.live);
            expect(new Map(Object.entries(tables.inFlight))).toEqual(
              new Map(books.answers.map(([id, { sessionId }]) => [sessionId, id])),
            );
            expect(tables.groups).toEqual(books.groups());
          }
          for (const streamId of books.live.keys()) run.send(release(streamId));
          expect({ activeStreams: run.activeStreams, ...run.tables }).toEqual({
            activeStreams: 0,
            streams: {},
            inFlight: {},
            groups: {},
          });
          if (books.isDraining) expect(run.value).toBe('drained');
        },
      ),
      { numRuns: runs(200) },
    );
  });
});
