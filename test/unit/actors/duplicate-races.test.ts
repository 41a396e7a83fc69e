/**
 * What holds in any race of calls for two session ids, under each DUPLICATE_POLICY, with the real charts, actors and recording: streams that run
 * here and in another process that may be lost, COLLECT, welcome streams, quotas, load, interrupts, cancels, readers that take nothing, time
 * that runs out, and a drain. Time is the race's own, so that nothing waits for it. `RACES=10000` (`npm run bench:races`) has as many races of
 * each policy; those of one host follow each other, and each finds the house empty.
 */
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { OpenStream } from '../../../src/call/gateway.ts';
import type { Failure } from '../../../src/errors.ts';
import { supervisorMachine } from '../../../src/machines/supervisor/supervisor.machine.ts';
import type { DuplicatePolicy } from '../../../src/machines/supervisor/supervisor.types.ts';
import { ActorLog } from '../../../src/record/actor-log.ts';
import { supervisorRecording } from '../../../src/record/chart-recordings.ts';
import { withRecorder } from '../../../src/record/recorded-logic.ts';
import { replay } from '../../../src/replay/replayer.ts';
import { type HostBench, openHost, requestOf, welcomeOf } from '../../support/actors/hosted-supervisor.ts';
import {
  FarFloor,
  momentsOf,
  NotedSink,
  RacingQuota,
  racingEngines,
  round,
} from '../../support/actors/racing-parts.ts';
import { goodLog, headerOf } from '../../support/replay/hand-recording.ts';
import { runs } from '../../support/runs.ts';

/** Of each policy. */
const races = Number(process.env.RACES ?? runs(300));
const RACES_PER_HOST = 20;
const SECONDS_PER_RACE = 0.5;
/** Of the host's collector. */
const COLLECT_TTL_MS = 120_000;

const name = fc.constantFrom('a', 'b');
const device = fc.constantFrom('x', 'x', 'x', 'y', 'unknown');
const ago = fc.nat(5);
const reasons = fc.constantFrom([], [], ['lag' as const], ['memory' as const], ['starts' as const, 'prompts' as const]);

const step = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({
      do: fc.constant('open' as const),
      sessionId: name,
      hardwareId: device,
      room: fc.constantFrom(Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY, 1, 3),
      hasWords: fc.constantFrom(true, true, true, false),
    }),
  },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('cancel' as const), ago }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('turn' as const) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('room' as const), ago }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('openFar' as const), sessionId: name, hardwareId: device }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('collect' as const), sessionId: name, hardwareId: device }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('endFar' as const), ago }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('welcome' as const), sessionId: name }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('interrupt' as const), hardwareId: fc.constantFrom('x', 'y') }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('load' as const), isFar: fc.boolean(), reasons }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('wait' as const), ms: fc.constantFrom(50, 2_000, 6_000) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('lose' as const) }) },
);
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

const race = fc.array(step, { minLength: 4, maxLength: 14 });

const house = fc.record({
  races: fc.array(race, { minLength: RACES_PER_HOST, maxLength: RACES_PER_HOST }),
  moments: fc.array(fc.nat(7), { minLength: 3, maxLength: 9 }),
  maxStreams: fc.constantFrom(1, 2, 3),
  maxStreamsPerDevice: fc.constantFrom(0, 2),
  hasQuota: fc.boolean(),
});

interface RacingCall {
  readonly streamId: string;
  readonly sessionId: string;
  readonly hardwareId: string;
  readonly hasWords: boolean;
  readonly sink: NotedSink;
  readonly opened: OpenStream | null;
}

/** A host with its log, and the races that it has seen. */
class RacingHouse {
  readonly bench: HostBench;
  readonly far: FarFloor;
  readonly #policy: DuplicatePolicy;
  readonly #maxStreams: number;
  readonly #quota: RacingQuota | null;
  readonly #log: ActorLog;
  readonly #clock = { at: 0 };
  #calls: RacingCall[] = [];
  #opened = 0;

  constructor(policy: DuplicatePolicy, given: typeof house extends fc.Arbitrary<infer T> ? T : never) {
    const { maxStreams, maxStreamsPerDevice } = given;
    const moment = momentsOf(given.moments);
    const engines = racingEngines(moment);
    this.#policy = policy;
    this.#maxStreams = maxStreams;
    this.#quota = given.hasQuota ? new RacingQuota(moment) : null;
    const { createRedactor, reasonOf } = supervisorRecording;
    const redactor = createRedactor('shape');
    const header = headerOf(supervisorMachine);
    const log = new ActorLog({ header, redactor, maxBytes: Number.POSITIVE_INFINITY, reasonOf });
    this.#log = log;
    let atMs = 0;
    const record = (turn: Parameters<ActorLog['add']>[0]): void => {
      atMs += 1;
      log.add(turn, atMs);
    };
    const bench = openHost({
      admission: { maxStreams, maxStreamsPerDevice, duplicatePolicy: policy, queueTimeoutMs: 5_000, queueMax: 2 },
      answerEngine: engines.answer,
      speechEngine: engines.speech,
      ...(this.#quota !== null && { quota: this.#quota }),
      recording: {
        ofSessions: (machine) => machine,
        ofSupervisor: (machine) => withRecorder(machine, () => ({ record, noteThrow: () => {} })),
      },
    });
    this.bench = bench;
    this.far = new FarFloor((floor) => bench.admissions.portOf(floor));
  }

  /** One race, from an empty house to an empty house. */
  async run(steps: readonly Step[]): Promise<void> {
    this.#calls = [];
    for (const each of steps) {
      await this.#take(each);
      const { activeStreams } = this.bench.host;
      if (activeStreams > this.#maxStreams) throw new Error(`${activeStreams} streams in ${this.#maxStreams} slots`);
    }
    await this.#settle();
    this.#check();
  }

  async #take(each: Step): Promise<void> {
    const { host } = this.bench;
    const chosen = 'ago' in each ? this.#calls.at(-1 - each.ago) : undefined;
    switch (each.do) {
      case 'open':
        this.#open(each);
        return;
      case 'openFar':
        this.#opened += 1;
        this.far.open(requestOf(`call-${this.#opened}`, each.sessionId, each.hardwareId));
        return;
      case 'endFar':
        this.far.over([...this.far.granted.keys()].at(-1 - each.ago) ?? '');
        return;
      case 'collect': {
        this.#opened += 1;
        const { call } = requestOf(`call-${this.#opened}`, each.sessionId, each.hardwareId);
        host.collect({ call, sequence: this.#opened, text: `collected-${this.#opened}`, screen: {} }, () => {});
        return;
      }
      case 'welcome':
        this.#opened += 1;
        this.#keep(`call-${this.#opened}`, { ...each, hardwareId: '', room: 99, hasWords: true }, (streamId, sink) =>
          host.openWelcome(welcomeOf(streamId, each.sessionId, `${streamId} is welcome.`), sink),
        );
        return;
      case 'cancel':
        chosen?.opened?.cancel();
        return;
      case 'room':
        chosen?.sink.free(2);
        return;
      case 'interrupt':
        await host.interrupt(each.hardwareId);
        return;
      case 'load':
        if (each.isFar) this.far.load(each.reasons);
        else host.reportLoad(each.reasons);
        return;
      case 'wait':
        this.#wait(each.ms);
        return;
      case 'lose':
        this.far.lose();
        return;
      case 'turn':
        await round();
    }
  }

  #open(given: Extract<Step, { readonly do: 'open' }>): void {
    this.#opened += 1;
    this.#keep(`call-${this.#opened}`, given, (streamId, sink) => {
      const request = requestOf(streamId, given.sessionId, given.hardwareId);
      return this.bench.host.open(given.hasWords ? request : { ...request, prompt: '' }, sink);
    });
  }

  #keep(
    streamId: string,
    { sessionId, hardwareId, room, hasWords }: Omit<RacingCall, 'sink' | 'opened' | 'streamId'> & { room: number },
    open: (streamId: string, sink: NotedSink) => OpenStream | Failure,
  ): void {
    const sink = new NotedSink(this.#clock, room);
    const opened = open(streamId, sink);
    if ('errorCode' in opened) sink.finish({ ok: false, failure: opened });
    this.#calls.push({ streamId, sessionId, hardwareId, hasWords, sink, opened: 'cancel' in opened ? opened : null });
  }

  #wait(ms: number): void {
    this.bench.clock.ms += ms;
    vi.advanceTimersByTime(ms);
  }

  /** All readers read and nobody is late any more, until nothing runs. */
  async #settle(): Promise<void> {
    const { host, answerJobs, speechJobs } = this.bench;
    this.far.lose();
    host.reportLoad([]);
    const isBusy = () =>
      this.#calls.some(({ sink }) => sink.ends.length === 0) ||
      answerJobs.running + speechJobs.running + host.activeStreams + (this.#quota?.open ?? 0) > 0;
    for (let turn = 0; turn < 400 && isBusy(); turn += 1) {
      for (const { sink } of this.#calls) sink.free(1_000);
      await round();
      if (turn % 20 === 19) this.#wait(1_000);
    }
    // What nobody waits for is over, too.
    await round();
    this.far.lose();
  }

  #check(): void {
    const { host, resources, answerJobs, speechJobs, faults } = this.bench;
    expect({
      activeStreams: host.activeStreams,
      inFlight: host.inFlight,
      queued: host.queuedCalls,
      attached: host.attachedStreams,
      streams: resources.size,
      answers: answerJobs.running,
      speech: speechJobs.running,
      reserved: this.#quota?.open ?? 0,
      waiting: this.far.asked.size,
      faults,
      wrong: this.#calls.flatMap((call) => this.#wrongsOf(call)),
    }).toEqual({
      activeStreams: 0,
      inFlight: 0,
      queued: 0,
      attached: 0,
      streams: 0,
      answers: 0,
      speech: 0,
      reserved: 0,
      waiting: 0,
      faults: [],
      wrong: [],
    });
  }

  /** What is wrong with a call that is over. */
  #wrongsOf(call: RacingCall): readonly string[] {
    const { streamId, sessionId, hardwareId, sink } = call;
    const wrongs: string[] = [];
    const wrong = (isWrong: boolean, what: string): void => {
      if (isWrong) wrongs.push(`${streamId} ${what}`);
    };
    wrong(sink.ends.length !== 1, `has ${sink.ends.length} ends`);
    wrong(sink.framesAfterEnd > 0, 'has frames behind its end');
    wrong(sink.endedAs === 'completed' && sink.frames.every(({ kind }) => kind === 'end'), 'is an empty success');
    const speakers = new Set(sink.brief.flatMap((word) => /^(call-\d+) is /.exec(word)?.[1] ?? []));
    wrong(speakers.size > 1, 'hears two');
    for (const speaker of speakers) {
      const leader = this.#calls.find((each) => each.streamId === speaker);
      const isIts = speaker === streamId && call.hasWords;
      const isHeard = leader?.sessionId === sessionId && leader.hardwareId === hardwareId;
      wrong(!isIts && !(this.#policy === 'attach' && isHeard), `hears ${speaker}`);
    }
    // One owner an id: who is superseded is over before the newer has a frame.
    if (sink.endedAs === 'superseded') {
      wrong(this.#policy !== 'supersede', 'was superseded');
      const newer = this.#calls.slice(this.#calls.indexOf(call) + 1).filter((each) => each.sessionId === sessionId);
      const isSpoken = ({ hardwareId: its, sink: { firstAt } }: RacingCall) => its !== '' && firstAt > 0;
      wrong(
        newer.filter(isSpoken).some((each) => each.sink.firstAt < sink.overAt),
        'ends behind the newer',
      );
    }
    return wrongs;
  }

  /** The last race is over: the server stops, and its log is what happened. */
  async close(): Promise<void> {
    this.#calls = [];
    for (const sessionId of ['a', 'a', 'b'] as const) {
      this.#open({ do: 'open', sessionId, hardwareId: 'x', room: 1_000, hasWords: true });
    }
    const drained = this.bench.host.drain();
    await this.#settle();
    await drained;
    this.#check();
    const text = this.#log.takeLines() + this.#log.close();
    expect(replay(goodLog(text), supervisorMachine)).toMatchObject({ divergence: null, definitionChanges: [] });
  }
}

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
});
afterEach(() => {
  vi.useRealTimers();
});

describe.each(['reject', 'supersede', 'queue', 'attach'] as const)('in any race under %s', (duplicatePolicy) => {
  test('slots are kept, each call has one end, no word is foreign, none comes late, all is given back, the log replays', {
    timeout: 30_000 + races * SECONDS_PER_RACE * 1_000,
  }, async () => {
    await fc.assert(
      fc.asyncProperty(house, async (given) => {
        const racing = new RacingHouse(duplicatePolicy, given);
        for (const each of given.races) await racing.run(each);
        await racing.close();
        // What was collected and never committed is kept for its time, and nothing else is.
        vi.advanceTimersByTime(COLLECT_TTL_MS);
        const { buffers } = racing.bench.collector;
        expect({ buffers, timers: vi.getTimerCount() }).toEqual({ buffers: 0, timers: 0 });
      }),
      { numRuns: Math.ceil(races / RACES_PER_HOST), endOnFailure: true },
    );
  });
});
