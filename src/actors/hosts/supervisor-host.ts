/**
 * Hosts the supervisor chart and all streams: the chart decides, this carries out. Their actors are root actors in
 * a map, not children of the supervisor's actor: spawning and stopping children costs time linear in the live sessions
 * (docs/decisions/0001).
 *
 * Invariants, cited as "Supervisor host N"; rpc/ relies on 1 to 4, the server's stop on 5:
 *  1. Admission. Whether a call gets a stream, or a chunk is kept, is decided before `open`, `openWelcome` or `collect` returns, so calls
 *     are decided in the order in which they came; with a quota `open` is, as soon as that has answered, in the order of its session. A
 *     refusal takes nothing: no slot, no quota, nothing of what was collected.
 *  2. Refusals. Each is counted under its error_type and logged, once, whoever found the reason.
 *  3. Slots. A stream holds one from its admission to the turn in which its chart ends, and no longer: at most `maxStreams` do, and it is
 *     free before the client can see the end.
 *  4. Interrupts. One is over when the last stream of the device is, and the welcome streams of its sessions; it names each session once,
 *     and touches no other stream.
 *  5. Drain. It is through when no stream holds a slot: each had its grace period, and was ended then.
 *  6. Faults. What throws in here is reported under the stream's id, and ends neither the process nor any other stream.
 * Streams begin and end in their turns (live-streams.ts): at once, unless there is a crowd of them.
 */
import { type Actor, createActor } from 'xstate';
import { assert, assertNever } from '../../assert.ts';
import { type Call, idsOf } from '../../call/call.ts';
import type {
  CollectedChunk,
  FrameSink,
  OpenStream,
  StreamGateway,
  StreamRequest,
  WelcomeRequest,
} from '../../call/gateway.ts';
import { type Failure, failure, failureOfUnexpected, logLevelOf } from '../../errors.ts';
import { supervisorMachine } from '../../machines/supervisor/supervisor.machine.ts';
import type {
  SupervisorEmitted,
  SupervisorEvent,
  SupervisorInput,
} from '../../machines/supervisor/supervisor.types.ts';
import type { StreamCounters } from '../figures/stream-counters.ts';
import { ask, foresee } from './ask.ts';
import { LiveStreams } from './live-streams.ts';
import { PendingCall, PendingCalls } from './pending-calls.ts';
import { type EndedStream, noteStreamEnd } from './stream-end.ts';
import { hostStream, type StreamHostOptions, type StreamSummary } from './stream-host.ts';
import type { AnswerKind, WelcomeKind } from './stream-kind.ts';
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

export interface SupervisorHostOptions extends StreamHostOptions {
  /** The chart to run: the supervisor's, perhaps recorded. */
  readonly machine: typeof supervisorMachine;
  readonly admission: SupervisorInput;
  readonly answers: AnswerKind;
  readonly welcomes: WelcomeKind;
  readonly collector: UtteranceCollector;
  readonly counters: StreamCounters;
  /** Asked before an answer takes a slot; null = everybody may have any number. */
  readonly quota: QuotaPort | null;
}

/** What the chart said about one stream request. */
type Verdict = Extract<SupervisorEmitted, { readonly type: 'stream.admitted' | 'chunk.admitted' | 'stream.refused' }>;

/** A call whose quota is to be asked for. */
interface QuotaQuestion {
  readonly pending: PendingCall;
  /** The one of its session that came before it and is not decided yet. */
  readonly earlier: PendingCall | undefined;
  readonly request: StreamRequest;
  readonly sink: FrameSink;
}

/** What decides a call whose request was asked for. */
interface QuotaVerdict {
  readonly reserved: QuotaReservation | Failure;
  /** Why it was only looked for: the house was full. */
  readonly full: Failure | null;
  readonly request: StreamRequest;
  readonly sink: FrameSink;
}

/** What a full house lets wait may as well be told that it has no words, or that its quota is used up. */
const dueFirst = ['starting', 'draining', 'concurrent_request'] as const;

/** The supervisor, running. */
export class SupervisorHost implements StreamGateway {
  readonly #options: SupervisorHostOptions;
  readonly #actor: Actor<typeof supervisorMachine>;
  readonly #streams: LiveStreams;
  readonly #pending = new PendingCalls();
  /** Ended, slot not freed yet: the supervisor may be in the middle of another turn. */
  readonly #ended = new Map<string, EndedStream>();
  readonly #drained: Promise<void>;
  #finishDrain: () => void = () => {};

  constructor(options: SupervisorHostOptions) {
    this.#options = options;
    const { now } = options;
    this.#streams = new LiveStreams({ now, report: (error, streamId) => this.#report(error, streamId) });
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
  openAdmission(): void {
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

  open(request: StreamRequest, sink: FrameSink): OpenStream | Failure {
    const { quota } = this.#options;
    const whole = this.#wholeOf(request);
    if ('errorCode' in whole) return this.refuse(request.call, whole);
    return quota === null ? this.#admit(whole, sink) : this.#openWithin(quota, request, sink);
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

  #admit(whole: StreamRequest, sink: FrameSink): OpenStream | Failure {
    const { collector, answers } = this.#options;
    const { call } = whole;
    const verdict = this.#ask(requestOf(call));
    if (verdict.type === 'stream.refused') return this.refuse(call, verdict.failure);
    this.#noteAdmitted(call, verdict);
    collector.use(call);
    return this.#streams.begin(hostStream(this.#options, answers, whole, this.#wayOut(call, sink)), sink.connection);
  }

  /** The call waits for its request; then it is decided as any other, and its sink is told if it is refused. */
  #openWithin(quota: QuotaPort, request: StreamRequest, sink: FrameSink): OpenStream | Failure {
    const { call } = request;
    // A duplicate is one whatever its device may still ask for.
    const due = this.#foreseen(call, dueFirst);
    if (due !== null) return this.refuse(call, due);
    const end = (why: Failure): void => sink.finish({ ok: false, failure: this.refuse(call, why), isRefusal: true });
    const pending = new PendingCall(call, end);
    const earlier = this.#pending.add(pending);
    const asked = this.#askQuota(quota, { pending, earlier, request, sink }).catch((error: unknown) => {
      this.#report(error, call.streamId);
      pending.end(failureOfUnexpected('session_fault', call.streamId));
    });
    void asked.finally(() => this.#pending.forget(pending));
    return pending;
  }

  async #askQuota(quota: QuotaPort, { pending, earlier, request, sink }: QuotaQuestion): Promise<void> {
    const { call } = request;
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
    this.#decide(pending, { reserved, full, request, sink });
  }

  #decide(pending: PendingCall, { reserved, full, request, sink }: QuotaVerdict): void {
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
      const opened = this.#admit(whole, sink);
      isAdmitted = 'cancel' in opened;
      if ('cancel' in opened) {
        pending.become(opened);
        return;
      }
      // It is counted and told already.
      pending.leave();
      sink.finish({ ok: false, failure: opened, isRefusal: true });
    } finally {
      reserved.settle(isAdmitted);
    }
  }

  openWelcome(request: WelcomeRequest, sink: FrameSink): OpenStream | Failure {
    const { call } = request;
    const verdict = this.#ask({ type: 'welcome.requested', streamId: call.streamId, sessionId: call.sessionId });
    if (verdict.type === 'stream.refused') return this.refuse(call, verdict.failure);
    this.#noteAdmitted(call, verdict);
    const hosted = hostStream(this.#options, this.#options.welcomes, request, this.#wayOut(call, sink));
    return this.#streams.begin(hosted, sink.connection);
  }

  collect(chunk: CollectedChunk): Failure | null {
    const { call } = chunk;
    const verdict = this.#ask({ type: 'chunk.received', streamId: call.streamId, sessionId: call.sessionId });
    const refused = verdict.type === 'stream.refused' ? verdict.failure : this.#options.collector.collect(chunk);
    return refused === null ? null : this.refuse(call, refused);
  }

  refuse(call: Call, why: Failure): Failure {
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
      },
      'a call was refused',
    );
    return why;
  }

  async interrupt(hardwareId: string): Promise<readonly string[]> {
    const pendingIds = this.#pending.interrupt(hardwareId);
    const emitted = ask(this.#actor, { type: 'device.interruptRequested', hardwareId });
    const streamIds = emitted.flatMap((each) => (each.type === 'device.interrupted' ? each.streamIds : []));
    // Of interrupts that come together, one names a session.
    const sessionIds = this.#streams.sessionsOf(streamIds);
    await this.#streams.end(streamIds, { type: 'device.interruptRequested' });
    return [...new Set([...pendingIds, ...sessionIds])];
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

  #wayOut(call: Call, sink: FrameSink) {
    return { sink, onEnded: (summary: StreamSummary) => this.#streamEnded(call, summary) };
  }

  #streamEnded(call: Call, summary: StreamSummary): void {
    this.#streams.forget(call.streamId);
    this.#ended.set(call.streamId, { call, summary, endedAtMs: this.#options.now() });
    this.#actor.send({ type: 'stream.released', streamId: call.streamId });
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
        this.#noteEnded(emitted.streamId, emitted.activeStreams);
        return;
      case 'slot.alreadyFreed':
        this.#noteFreedTwice(emitted.streamId);
        return;
      case 'grace.expired':
        // Whoever drains hears of the end from the chart, when the last slot is free.
        void this.#streams.end(emitted.streamIds, { type: 'server.graceExpired' });
        return;
      case 'drain.finished':
        this.#finishDrain();
        return;
      default:
        assertNever(emitted);
    }
  }

  #noteAdmitted(call: Call, verdict: Verdict): void {
    assert(verdict.type === 'stream.admitted', 'a stream was admitted as a chunk');
    const { log, admission } = this.#options;
    const ctx = { ...idsOf(call), active_streams: verdict.activeStreams, max_streams: admission.maxStreams };
    const fields = { scope: 'backpressure', method: call.method, decision: 'stream_acquired', ctx };
    log.info(fields, 'a stream took a slot');
  }

  #noteFreedTwice(streamId: string): void {
    const call = this.#ended.get(streamId)?.call;
    this.#ended.delete(streamId);
    const ctx = call === undefined ? { session_id: '', hardware_id: '', stream_id: streamId } : idsOf(call);
    this.#options.log.debug(
      { scope: 'backpressure', method: call?.method ?? 'supervisor', decision: 'already_released', ctx },
      'a slot was given back twice',
    );
  }

  #noteEnded(streamId: string, activeStreams: number): void {
    const ended = this.#ended.get(streamId);
    this.#ended.delete(streamId);
    assert(ended !== undefined, `the slot of stream ${streamId} was freed before its session ended`);
    noteStreamEnd(this.#options, { ...ended, activeStreams });
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
