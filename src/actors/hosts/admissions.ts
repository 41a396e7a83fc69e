/**
 * The owner of admissions: runs the supervisor chart and carries out what that says, whatever number of floors the streams run on. It holds what there is
 * one truth of: the chart with session ids and slots, what was collected, the quota, the calls that wait for it, the counts and lines of
 * refusals. It carries no frame and knows no engine. What it guarantees is said in supervisor-host.ts.
 */
import { type Actor, createActor } from 'xstate';
import { assert, assertNever } from '../../assert.ts';
import { type Call, idsOf } from '../../call/call.ts';
import type { CollectedChunk, StreamRequest } from '../../call/gateway.ts';
import { type Failure, failure, logLevelOf } from '../../errors.ts';
import { supervisorMachine } from '../../machines/supervisor/supervisor.machine.ts';
import type {
  SupervisorEmitted,
  SupervisorInput,
  SupervisorRequest,
} from '../../machines/supervisor/supervisor.types.ts';
import type { FaultLog } from '../../observe/fault-log.ts';
import type { Logger } from '../../observe/logger.ts';
import type { StreamCounters } from '../figures/stream-counters.ts';
import type { AdmissionPort, AdmissionRequest, Asked, Floor, Grant } from './admission-port.ts';
import { ask, foresee, isVerdictOn, type Verdict } from './ask.ts';
import { HeldStreams } from './held-streams.ts';
import { type Answer, PendingCalls, type QuotaPort, type Terms } from './pending-calls.ts';
import { QueuedCalls } from './queued-calls.ts';
import type { SetAside, UtteranceCollector } from './utterance-collector.ts';

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

/** What becomes of a call that waited for its session id. */
interface QueueVerdict {
  /** What was collected of its utterance, until it is decided. */
  readonly collected: SetAside | null;
  /** null = its client has gone. */
  readonly decided: Verdict | null;
}

/** What a full house lets wait may as well be told that it has no words, or that its quota is used up. */
const dueFirst = ['starting', 'draining', 'concurrent_request', 'overloaded'] as const;

const nothingToAbandon: Asked = Object.freeze({ abandon: () => {} });

export class Admissions {
  readonly #options: AdmissionsOptions;
  readonly #actor: Actor<typeof supervisorMachine>;
  readonly #pending: PendingCalls;
  readonly #queued: QueuedCalls<Verdict>;
  readonly #held = new HeldStreams();
  readonly #drained: Promise<void>;
  #finishDrain: () => void = () => {};

  constructor(options: AdmissionsOptions) {
    this.#options = options;
    this.#queued = new QueuedCalls(options.log);
    this.#pending = new PendingCalls({
      due: (call, floor) => this.#foreseen(call, floor, dueFirst),
      full: (call, floor) => this.#foreseen(call, floor, null),
      whole: (request, floor) => this.#wholeOf(request, floor),
      admit: (whole, terms) => this.#admit(whole, terms),
      refuse: (call, why) => this.#refuse(call, why),
      report: (error, call) => this.#report(error, call.streamId),
    });
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

  /** Calls that wait for their session id. */
  get queuedCalls(): number {
    return this.#actor.getSnapshot().context.waiting?.size ?? 0;
  }

  /** Streams that hear another one; they are among the active ones. */
  get attachedStreams(): number {
    return this.#held.listeners;
  }

  /** The port of one floor. */
  portOf(floor: Floor): AdmissionPort {
    return {
      ask: (request, answer) => this.#askFor(request, floor, answer),
      released: (streamId, freed) => this.#release(streamId, freed),
      collect: (chunk, answer) => answer(this.#collect(chunk)),
      refuse: (call, why) => this.#refuse(call, why),
      loaded: (reasons) => this.#actor.send({ type: 'load.reported', worker: floor.worker ?? 0, reasons }),
      interrupt: (hardwareId, answer) => this.#interrupt(hardwareId, answer),
    };
  }

  /**
   * The process of a floor is gone with all that it had: its slots and session ids are free, its calls that wait are forgotten and its load counts no
   * more, in one turn of the chart. What it had asked for beside that is to be abandoned by who asked.
   */
  workerLost(worker: number): void {
    this.#actor.send({ type: 'worker.lost', worker });
    this.#queued.tell();
  }

  #askFor({ call, utterance, fault }: AdmissionRequest, floor: Floor, answer: Answer): Asked {
    if (utterance === null) {
      answer(this.#admitWelcome(call, floor));
      return nothingToAbandon;
    }
    const { quota, admission } = this.#options;
    const request = { call, ...utterance };
    // A listener asks nothing of a model: it needs no words and no quota, and leaves what is collected to the next utterance.
    if (admission.duplicatePolicy === 'attach' && this.#foreseenVerdict(call, floor)?.type === 'stream.attached') {
      answer(this.#attach(call, floor));
      return nothingToAbandon;
    }
    const whole =
      fault === undefined ? this.#wholeOf(request, floor) : (this.#foreseen(call, floor, dueFirst) ?? fault);
    if ('errorCode' in whole) answer(this.#refuse(call, whole));
    else if (quota === null) return this.#admit(whole, { floor, answer, reserved: null });
    else return this.#pending.admit(quota, { request, floor, answer });
    return nothingToAbandon;
  }

  /** The request with what was collected of its utterance, or why that can't be answered. */
  #wholeOf(request: StreamRequest, floor: Floor): StreamRequest | Failure {
    const whole = this.#options.collector.whole(request);
    // Before anything reads the words: what that costs is bounded by this.
    if ('errorCode' in whole) return this.#foreseen(request.call, floor, dueFirst) ?? whole;
    if (whole.prompt.trim() !== '') return whole;
    // The words of a duplicate went into the stream that runs: it is the duplicate that is wrong, not its words.
    const wordless = 'prompt is empty; send the words of the utterance in prompt or chunk_text';
    return this.#foreseen(request.call, floor, dueFirst) ?? failure('empty_prompt', wordless);
  }

  /** Answers now, or when the call has waited for its session id. */
  #admit(whole: StreamRequest, { floor, answer, reserved }: Terms): Asked {
    const { call } = whole;
    const { collector } = this.#options;
    const said = ask(this.#actor, requestOf(call, floor));
    const verdict = said.find((each) => isVerdictOn(each, call.streamId));
    if (verdict === undefined) reserved?.settle(false);
    assert(verdict !== undefined, `the supervisor said nothing about stream ${call.streamId}`);
    if (verdict.type === 'stream.queued') {
      const collected = collector.setAside(call);
      return this.#queued.add(call, verdict.place, {
        decide: (decided) => this.#decideQueued(whole, { floor, answer, reserved }, { collected, decided }),
        leave: () => this.#actor.send({ type: 'stream.released', streamId: call.streamId }),
      });
    }
    const isAdmitted = verdict.type === 'stream.admitted';
    reserved?.settle(isAdmitted);
    if (verdict.type === 'stream.refused') {
      answer(this.#refuse(call, verdict.failure));
      return nothingToAbandon;
    }
    if (isAdmitted) collector.use(call);
    const grant = this.#grant(call, verdict, floor, { prompt: whole.prompt, screen: whole.screen });
    const superseded = said.find((each) => each.type === 'stream.superseded');
    // Its end is out before the newer begins, where both run on one floor.
    if (superseded !== undefined && 'streamId' in superseded) {
      this.#held.end([superseded.streamId], { type: 'session.superseded' }, () => {});
    }
    answer(grant);
    return nothingToAbandon;
  }

  /** A call that waited: nothing of it was used up if it gets nothing. */
  #decideQueued(
    whole: StreamRequest,
    { floor, answer, reserved }: Terms,
    { collected, decided }: QueueVerdict,
  ): () => void {
    const { collector } = this.#options;
    const { call, prompt, screen } = whole;
    if (decided?.type === 'stream.admitted') {
      reserved?.settle(true);
      collector.useUp(collected);
      const grant = this.#grant(call, decided, floor, { prompt, screen });
      return () => answer(grant);
    }
    reserved?.settle(false);
    collector.putBack(collected);
    if (decided?.type !== 'stream.refused') {
      this.#refuse(call, failure('client_cancelled', 'Cancelled by the client'));
      return () => {};
    }
    const refused = this.#refuse(call, decided.failure);
    return () => answer(refused);
  }

  #attach(call: Call, floor: Floor): Grant | Failure {
    const verdict = this.#ask(requestOf(call, floor));
    if (verdict.type === 'stream.refused') return this.#refuse(call, verdict.failure);
    return this.#grant(call, verdict, floor, null);
  }

  #admitWelcome(call: Call, floor: Floor): Grant | Failure {
    const verdict = this.#ask({
      type: 'welcome.requested',
      streamId: call.streamId,
      sessionId: call.sessionId,
      ...placeOf(floor),
    });
    if (verdict.type === 'stream.refused') return this.#refuse(call, verdict.failure);
    return this.#grant(call, verdict, floor, null);
  }

  #grant({ streamId }: Call, verdict: Verdict, floor: Floor, utterance: Grant['utterance']): Grant {
    assert('activeStreams' in verdict, 'a stream was admitted without a slot');
    const leader = verdict.type === 'stream.attached' ? verdict.leader : null;
    this.#held.add(streamId, floor, leader !== null);
    this.#options.counters.meter.admitted(leader === null ? 'admitted' : 'attached');
    const { worker } = (leader === null ? null : this.#held.floorOf(leader)) ?? floor;
    const elsewhere = worker === floor.worker || worker === undefined ? {} : { leaderWorker: worker };
    return { activeStreams: verdict.activeStreams, utterance, leader, ...elsewhere };
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
    const queuedIds = this.#queued.takeInterrupted();
    this.#held.end(streamIds, { type: 'device.interruptRequested' }, (sessionIds) =>
      answer([...new Set([...pendingIds, ...queuedIds, ...sessionIds])]),
    );
  }

  #ask(event: SupervisorRequest): Verdict {
    const verdict = ask(this.#actor, event).find((each) => isVerdictOn(each, event.streamId));
    assert(verdict !== undefined, `the supervisor said nothing about stream ${event.streamId}`);
    return verdict;
  }

  /** Why the supervisor would refuse the call now, if it is for one of `reasons` (null = any); null = it would not. It stays the only judge. */
  #foreseen(call: Call, floor: Floor, reasons: readonly string[] | null): Failure | null {
    const verdict = this.#foreseenVerdict(call, floor);
    if (verdict?.type !== 'stream.refused') return null;
    return reasons === null || reasons.includes(verdict.failure.errorType) ? verdict.failure : null;
  }

  #foreseenVerdict(call: Call, floor: Floor): Verdict | undefined {
    const said = foresee(supervisorMachine, this.#actor.getSnapshot(), requestOf(call, floor));
    return said.find((each) => isVerdictOn(each, call.streamId));
  }

  #release(streamId: string, freed: (activeStreams: number | null) => void): void {
    let isSent = false;
    let isFreed = false;
    let left: number | null = null;
    this.#held.awaitFree(streamId, (activeStreams) => {
      left = activeStreams;
      isFreed = true;
      // It was in the middle of another turn.
      if (isSent) queueMicrotask(() => freed(left));
    });
    this.#actor.send({ type: 'stream.released', streamId });
    isSent = true;
    // Outside of the chart's turn: who hears of it may ask for the slot at once.
    if (isFreed) freed(left);
    this.#queued.tell();
  }

  #carryOut(emitted: SupervisorEmitted): void {
    switch (emitted.type) {
      case 'stream.admitted':
      case 'stream.refused':
        // Who asked just now hears it at once.
        this.#queued.decide(emitted.streamId, emitted);
        return;
      case 'chunk.admitted':
      case 'stream.attached':
      case 'stream.queued':
      case 'stream.unqueued':
      case 'stream.superseded':
      case 'device.interrupted':
        return;
      case 'worker.cleared':
        this.#held.clear(emitted.streamIds);
        for (const streamId of emitted.forgotten) this.#queued.forget(streamId);
        return;
      case 'stream.left':
      case 'slot.freed':
        this.#held.tellFreed(emitted.streamId, emitted.activeStreams);
        return;
      case 'slot.alreadyFreed':
        this.#held.tellFreed(emitted.streamId, null);
        return;
      case 'grace.expired':
        // Whoever drains hears of the end from the chart, when the last slot is free.
        this.#held.end(emitted.streamIds, { type: 'server.graceExpired' }, () => {});
        return;
      case 'drain.finished':
        this.#finishDrain();
        return;
      default:
        assertNever(emitted);
    }
  }

  #report(error: unknown, faultId = 'supervisor'): void {
    this.#options.faults.bug('supervisor', faultId, error);
  }
}

function requestOf({ streamId, sessionId, hardwareId }: Call, floor: Floor) {
  return { type: 'stream.requested', streamId, sessionId, hardwareId, ...placeOf(floor) } as const;
}

function placeOf({ worker }: Floor) {
  return worker === undefined ? {} : { worker };
}
