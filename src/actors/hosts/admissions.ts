/**
 * The owner of admissions: runs the supervisor chart and carries out what that says, whatever number of floors the streams run on. It holds what there is
 * one truth of: the chart with session ids and slots, what was collected, the quota, the calls that wait for it, the counts and lines of
 * refusals. It carries no frame and knows no engine. What it guarantees is said in supervisor-host.ts.
 */
import { type Actor, createActor } from 'xstate';
import { assert, assertNever } from '../../assert.ts';
import { type Call, idsOf } from '../../call/call.ts';
import type { CollectedChunk, StreamRequest } from '../../call/gateway.ts';
import { type Failure, failure, failureOfUnexpected, logLevelOf } from '../../errors.ts';
import { supervisorMachine } from '../../machines/supervisor/supervisor.machine.ts';
import type {
  SupervisorEmitted,
  SupervisorEvent,
  SupervisorInput,
} from '../../machines/supervisor/supervisor.types.ts';
import type { FaultLog } from '../../observe/fault-log.ts';
import type { Logger } from '../../observe/logger.ts';
import type { StreamCounters } from '../figures/stream-counters.ts';
import type { AdmissionPort, AdmissionRequest, Asked, Floor, Grant } from './admission-port.ts';
import { ask, foresee } from './ask.ts';
import type { OutsideEnd } from './live-streams.ts';
import { PendingCall, PendingCalls } from './pending-calls.ts';
import type { UtteranceCollector } from './utterance-collector.ts';

/**
 * The port to whoever says how much a device may ask for. It is asked once for a call that is good and that the supervisor would look
 * at, before it takes a slot. The check and the taking are one step of whoever keeps the counts, and the call waits for it: see docs/MEMORY.md.
 */
export interface QuotaPort {
  /**
   * Takes one request of the device, or says why it may have none; with `requests` 0 it only looks. Answers those of a device in their order,
   * within a bound of its own. Never rejects.
   */
  reserve(call: Call, requests: 0 | 1): Promise<QuotaReservation | Failure>;
}

/** One request that is taken: of calls at the same time only as many have one as are left. */
export interface QuotaReservation {
  /** Called once: whether the call got a stream. If not, the request was never made. */
  settle(isAdmitted: boolean): void;
}

export interface AdmissionsOptions {
  /** The chart to run: the supervisor's, perhaps recorded. */
  readonly machine: typeof supervisorMachine;
  readonly admission: SupervisorInput;
  readonly collector: UtteranceCollector;
  readonly counters: StreamCounters;
  /** Asked before an answer takes a slot; null = everybody may have any number. */
  readonly quota: QuotaPort | null;
  readonly log: Logger;
  readonly faults: FaultLog;
}

/** What the chart said about one stream request. */
type Verdict = Extract<SupervisorEmitted, { readonly type: 'stream.admitted' | 'chunk.admitted' | 'stream.refused' }>;

type Answer = (verdict: Grant | Failure) => void;

/** An answer stream that is asked for, and where. */
interface Application {
  readonly request: StreamRequest;
  readonly floor: Floor;
  readonly answer: Answer;
}

/** A call whose quota is to be asked for. */
interface QuotaQuestion extends Application {
  readonly pending: PendingCall;
  /** The one of its session that came before it and is not decided yet. */
  readonly earlier: PendingCall | undefined;
}

/** What decides a call whose request was asked for. */
interface QuotaVerdict extends Application {
  readonly reserved: QuotaReservation | Failure;
  /** Why it was only looked for: the house was full. */
  readonly full: Failure | null;
}

/** What a full house lets wait may as well be told that it has no words, or that its quota is used up. */
const dueFirst = ['starting', 'draining', 'concurrent_request'] as const;

const nothingToAbandon: Asked = Object.freeze({ abandon: () => {} });

export class Admissions {
  readonly #options: AdmissionsOptions;
  readonly #actor: Actor<typeof supervisorMachine>;
  readonly #pending = new PendingCalls();
  /** Where each stream that holds a slot runs. */
  readonly #floors = new Map<string, Floor>();
  /** Ended, slot not freed yet: the supervisor may be in the middle of another turn. */
  readonly #releasing = new Map<string, (activeStreams: number | null) => void>();
  readonly #drained: Promise<void>;
  #finishDrain: () => void = () => {};

  constructor(options: AdmissionsOptions) {
    this.#options = options;
    this.#drained = new Promise((resolve) => {
      this.#finishDrain = resolve;
    });
    this.#actor = createActor(options.machine, { id: 'supervisor', input: options.admission });
    this.#actor.on('*', (emitted) => {
      try {
        this.#carryOut(emitted);
      } catch (error) {
        // Thrown from here it would end the process, and every other stream with it.
        this.#report(error, 'streamId' in emitted ? emitted.streamId : 'supervisor');
      }
    });
    this.#actor.subscribe({ error: (error) => this.#report(error) });
    this.#actor.start();
  }

  /** From now on calls are admitted. */
  open(): void {
    this.#actor.send({ type: 'service.opened' });
  }

  /** Refuses new calls from now on; resolves when no stream runs any more, at the latest soon after the grace period. */
  drain(): Promise<void> {
    this.#actor.send({ type: 'drain.requested' });
    return this.#drained;
  }

  get activeStreams(): number {
    return this.#actor.getSnapshot().context.streams.size;
  }

  get inFlight(): number {
    return this.#actor.getSnapshot().context.inFlight.size;
  }

  /** The port of one floor. */
  portOf(floor: Floor): AdmissionPort {
    return {
      ask: (request, answer) => this.#askFor(request, floor, answer),
      released: (streamId, freed) => this.#release(streamId, freed),
      collect: (chunk, answer) => answer(this.#collect(chunk)),
      refuse: (call, why) => this.#refuse(call, why),
      loaded: (reasons) => this.#actor.send({ type: 'load.reported', worker: 0, reasons }),
      interrupt: (hardwareId, answer) => this.#interrupt(hardwareId, answer),
    };
  }

  #askFor({ call, utterance }: AdmissionRequest, floor: Floor, answer: Answer): Asked {
    if (utterance === null) {
      answer(this.#admitWelcome(call, floor));
      return nothingToAbandon;
    }
    const { quota } = this.#options;
    const request = { call, ...utterance };
    const whole = this.#wholeOf(request);
    if ('errorCode' in whole) answer(this.#refuse(call, whole));
    else if (quota === null) answer(this.#admit(whole, floor));
    else return this.#admitWithin(quota, { request, floor, answer });
    return nothingToAbandon;
  }

  /** The request with what was collected of its utterance, or why that can't be answered. */
  #wholeOf(request: StreamRequest): StreamRequest | Failure {
    const whole = this.#options.collector.whole(request);
    // Before anything reads the words: what that costs is bounded by this.
    if ('errorCode' in whole) return this.#foreseen(request.call, dueFirst) ?? whole;
    if (whole.prompt.trim() !== '') return whole;
    // The words of a duplicate went into the stream that runs: it is the duplicate that is wrong, not its words.
    const wordless = 'prompt is empty; send the words of the utterance in prompt or chunk_text';
    return this.#foreseen(request.call, dueFirst) ?? failure('empty_prompt', wordless);
  }

  #admit(whole: StreamRequest, floor: Floor): Grant | Failure {
    const { call } = whole;
    const verdict = this.#ask(requestOf(call));
    if (verdict.type === 'stream.refused') return this.#refuse(call, verdict.failure);
    this.#options.collector.use(call);
    return this.#grant(call, verdict, floor, { prompt: whole.prompt, screen: whole.screen });
  }

  #admitWelcome(call: Call, floor: Floor): Grant | Failure {
    const verdict = this.#ask({ type: 'welcome.requested', streamId: call.streamId, sessionId: call.sessionId });
    if (verdict.type === 'stream.refused') return this.#refuse(call, verdict.failure);
    return this.#grant(call, verdict, floor, null);
  }

  #grant({ streamId }: Call, verdict: Verdict, floor: Floor, utterance: Grant['utterance']): Grant {
    assert(verdict.type === 'stream.admitted', 'a stream was admitted as a chunk');
    this.#floors.set(streamId, floor);
    return { activeStreams: verdict.activeStreams, utterance };
  }

  /** The call waits for its request; then it is decided as any other. */
  #admitWithin(quota: QuotaPort, application: Application): Asked {
    const { request, answer } = application;
    const { call } = request;
    // A duplicate is one whatever its device may still ask for; who is overloaded asks nobody.
    const due = this.#foreseen(call, [...dueFirst, 'overloaded']);
    if (due !== null) {
      answer(this.#refuse(call, due));
      return nothingToAbandon;
    }
    const pending = new PendingCall(call, (why) => answer(this.#refuse(call, why)));
    const earlier = this.#pending.add(pending);
    const asked = this.#askQuota(quota, { ...application, pending, earlier }).catch((error: unknown) => {
      this.#report(error, call.streamId);
      pending.end(failureOfUnexpected('session_fault', call.streamId));
    });
    void asked.finally(() => this.#pending.forget(pending));
    return {
      abandon: () => {
        if (pending.leave()) this.#refuse(call, failure('client_cancelled', 'Cancelled by the client'));
      },
    };
  }

  async #askQuota(quota: QuotaPort, { pending, earlier, ...application }: QuotaQuestion): Promise<void> {
    const { call } = application.request;
    // Without an earlier one it is asked in this turn, so that calls of a device stay in their order.
    if (earlier !== undefined) await earlier.decided;
    if (pending.isOver) return;
    const due = this.#foreseen(call, dueFirst);
    if (due !== null) {
      pending.end(due);
      return;
    }
    // A full house lets wait for what would be refused anyway: who has none left is told so, who has keeps it.
    const full = this.#foreseen(call, null);
    const reserved = await quota.reserve(call, full === null ? 1 : 0);
    this.#decide(pending, { ...application, reserved, full });
  }

  #decide(pending: PendingCall, { reserved, full, request, floor, answer }: QuotaVerdict): void {
    const isDenied = 'errorCode' in reserved;
    if (pending.isOver) {
      if (!isDenied) reserved.settle(false);
      return;
    }
    // What was collected may have been used meanwhile.
    const whole = this.#wholeOf(request);
    const refused =
      this.#foreseen(request.call, dueFirst) ??
      (isDenied ? reserved : null) ??
      full ??
      ('errorCode' in whole ? whole : null);
    if (isDenied || refused !== null || 'errorCode' in whole) {
      if (!isDenied) reserved.settle(false);
      if (refused !== null) pending.end(refused);
      return;
    }
    let isAdmitted = false;
    try {
      const verdict = this.#admit(whole, floor);
      isAdmitted = !('errorCode' in verdict);
      pending.leave();
      answer(verdict);
    } finally {
      reserved.settle(isAdmitted);
    }
  }

  #collect(chunk: CollectedChunk): Failure | null {
    const { call } = chunk;
    const verdict = this.#ask({ type: 'chunk.received', streamId: call.streamId, sessionId: call.sessionId });
    const refused = verdict.type === 'stream.refused' ? verdict.failure : this.#options.collector.collect(chunk);
    return refused === null ? null : this.#refuse(call, refused);
  }

  #refuse(call: Call, why: Failure): Failure {
    const { log, counters, admission } = this.#options;
    const { errorType } = why;
    counters.countRejected(errorType);
    const ctx = { ...idsOf(call), reason: errorType, active_streams: this.activeStreams };
    log[logLevelOf(errorType)](
      {
        scope: errorType === 'stream_limit_exceeded' ? 'backpressure' : 'workflow',
        method: call.method,
        decision: 'reject',
        ctx: { ...ctx, max_streams: admission.maxStreams },
        isBounded: true,
      },
      'a call was refused',
    );
    return why;
  }

  #interrupt(hardwareId: string, answer: (sessionIds: readonly string[]) => void): void {
    const pendingIds = this.#pending.interrupt(hardwareId);
    const emitted = ask(this.#actor, { type: 'device.interruptRequested', hardwareId });
    const streamIds = emitted.flatMap((each) => (each.type === 'device.interrupted' ? each.streamIds : []));
    this.#end(streamIds, { type: 'device.interruptRequested' }, (sessionIds) =>
      answer([...new Set([...pendingIds, ...sessionIds])]),
    );
  }

  /** Ends streams wherever they run; `over` is told the sessions that this has ended, of each floor in their order. */
  #end(streamIds: readonly string[], why: OutsideEnd, over: (sessionIds: readonly string[]) => void): void {
    const byFloor = new Map<Floor, string[]>();
    for (const streamId of streamIds) {
      const floor = this.#floors.get(streamId);
      if (floor === undefined) continue;
      const its = byFloor.get(floor);
      if (its === undefined) byFloor.set(floor, [streamId]);
      else its.push(streamId);
    }
    let left = byFloor.size;
    const sessionIds: string[] = [];
    if (left === 0) over(sessionIds);
    for (const [floor, its] of byFloor) {
      floor.end(its, why, (ended) => {
        sessionIds.push(...ended);
        left -= 1;
        if (left === 0) over(sessionIds);
      });
    }
  }

  #ask(
    event: Extract<SupervisorEvent, { readonly type: 'stream.requested' | 'welcome.requested' | 'chunk.received' }>,
  ): Verdict {
    const verdict = ask(this.#actor, event).find(isVerdict);
    assert(verdict !== undefined, `the supervisor said nothing about stream ${event.streamId}`);
    return verdict;
  }

  /** Why the supervisor would refuse the call now, if it is for one of `reasons` (null = any); null = it would not. It stays the only judge. */
  #foreseen(call: Call, reasons: readonly string[] | null): Failure | null {
    const verdict = foresee(supervisorMachine, this.#actor.getSnapshot(), requestOf(call)).find(isVerdict);
    if (verdict?.type !== 'stream.refused') return null;
    return reasons === null || reasons.includes(verdict.failure.errorType) ? verdict.failure : null;
  }

  #release(streamId: string, freed: (activeStreams: number | null) => void): void {
    let isSent = false;
    let isFreed = false;
    let left: number | null = null;
    this.#releasing.set(streamId, (activeStreams) => {
      left = activeStreams;
      isFreed = true;
      // It was in the middle of another turn.
      if (isSent) queueMicrotask(() => freed(left));
    });
    this.#actor.send({ type: 'stream.released', streamId });
    isSent = true;
    // Outside of the chart's turn: who hears of it may ask for the slot at once.
    if (isFreed) freed(left);
  }

  #carryOut(emitted: SupervisorEmitted): void {
    switch (emitted.type) {
      case 'stream.admitted':
      case 'chunk.admitted':
      case 'stream.refused':
      case 'stream.attached':
      case 'stream.queued':
      case 'stream.unqueued':
      case 'stream.superseded':
      case 'stream.left':
      case 'worker.cleared':
      case 'device.interrupted':
        // Who asked hears it at once.
        return;
      case 'slot.freed':
        this.#tellFreed(emitted.streamId, emitted.activeStreams);
        return;
      case 'slot.alreadyFreed':
        this.#tellFreed(emitted.streamId, null);
        return;
      case 'grace.expired':
        // Whoever drains hears of the end from the chart, when the last slot is free.
        this.#end(emitted.streamIds, { type: 'server.graceExpired' }, () => {});
        return;
      case 'drain.finished':
        this.#finishDrain();
        return;
      default:
        assertNever(emitted);
    }
  }

  #tellFreed(streamId: string, activeStreams: number | null): void {
    const freed = this.#releasing.get(streamId);
    this.#releasing.delete(streamId);
    this.#floors.delete(streamId);
    assert(freed !== undefined, `the slot of stream ${streamId} was freed before its session ended`);
    freed(activeStreams);
  }

  #report(error: unknown, faultId = 'supervisor'): void {
    this.#options.faults.bug('supervisor', faultId, error);
  }
}

function requestOf({ streamId, sessionId, hardwareId }: Call) {
  return { type: 'stream.requested', streamId, sessionId, hardwareId } as const;
}

function isVerdict(emitted: SupervisorEmitted): emitted is Verdict {
  const { type } = emitted;
  return type === 'stream.admitted' || type === 'chunk.admitted' || type === 'stream.refused';
}
