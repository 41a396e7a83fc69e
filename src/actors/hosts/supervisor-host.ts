/**
 * Hosts the supervisor chart and all streams: the chart decides, this carries out. Their actors are root actors in
 * a map, not children of the supervisor's actor: spawning and stopping children costs time linear in the live sessions (DESIGN §2).
 *
 * Guarantees: an admission is decided before `open` returns; a session's end frees its slot in the same turn; an interrupt or
 * the end of the grace period ends its sessions before it returns.
 */
import { type Actor, createActor } from 'xstate';
import { assert, assertNever } from '../../assert.ts';
import type {
  CollectedChunk,
  CollectedUtterance,
  FrameSink,
  IdentifiedCall,
  OpenStream,
  StreamGateway,
  StreamRequest,
  UtteranceKey,
  WelcomeRequest,
} from '../../call/gateway.ts';
import type { Failure } from '../../errors.ts';
import type { StreamEvent } from '../../machines/stream/stream.types.ts';
import {
  type SupervisorEmitted,
  type SupervisorEvent,
  type SupervisorInput,
  supervisorMachine,
} from '../../machines/supervisor/supervisor.machine.ts';
import type { Logger } from '../../observe/logger.ts';
import type { StreamCounters } from '../figures/stream-counters.ts';
import { foreseenRefusal } from './foreseen-refusal.ts';
import type { QuotaPort } from './quota-port.ts';
import { noteSessionEnd } from './session-end.ts';
import { hostSession, type SessionHostOptions } from './session-host.ts';
import { type HostedCall, type HostedStream, identityOf, type StreamSummary } from './stream-host.ts';
import type { UtteranceCollector } from './utterance-collector.ts';
import { hostWelcome, type WelcomeHostOptions } from './welcome-host.ts';

export interface SupervisorHostOptions {
  /** The chart to run; absent = the supervisor chart as it is. */
  readonly machine?: typeof supervisorMachine;
  readonly admission: SupervisorInput;
  readonly session: SessionHostOptions;
  readonly welcome: WelcomeHostOptions;
  readonly collector: UtteranceCollector;
  readonly counters: StreamCounters;
  /** Asked before an answer takes a slot; absent = everybody may have any number. */
  readonly quota?: QuotaPort;
  readonly log: Logger;
  /** Reports a bug of the supervisor itself, under a stream's id or its own. */
  readonly reportFault: (faultId: string, error: unknown) => void;
}

/** What the chart said about one stream request. */
type Verdict = Extract<SupervisorEmitted, { readonly type: 'stream.admitted' | 'chunk.admitted' | 'stream.refused' }>;

interface EndedStream {
  readonly call: HostedCall;
  readonly summary: StreamSummary;
  readonly endedAtMs: number;
}

/** The supervisor, running. */
export class SupervisorHost implements StreamGateway {
  readonly #options: SupervisorHostOptions;
  readonly #actor: Actor<typeof supervisorMachine>;
  readonly #streams = new Map<string, HostedStream>();
  /** Ended, slot not freed yet: the supervisor may be in the middle of another turn. */
  readonly #ended = new Map<string, EndedStream>();
  readonly #drained: Promise<void>;
  #finishDrain: () => void = () => {};
  /** The answer to the admission that is being asked right now. */
  #verdict: Verdict | null = null;
  /** The sessions that the interrupt which is being asked for right now reaches. */
  #interrupted: readonly string[] = [];

  constructor(options: SupervisorHostOptions) {
    this.#options = options;
    this.#drained = new Promise((resolve) => {
      this.#finishDrain = resolve;
    });
    this.#actor = createActor(options.machine ?? supervisorMachine, { id: 'supervisor', input: options.admission });
    this.#actor.on('*', (emitted) => {
      try {
        this.#carryOut(emitted);
      } catch (error) {
        // Thrown from here it would end the process, and every other stream with it.
        options.reportFault('streamId' in emitted ? emitted.streamId : 'supervisor', error);
      }
    });
    this.#actor.subscribe({ error: (error) => options.reportFault('supervisor', error) });
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
    const { streamId, sessionId, hardwareId } = request;
    const call: HostedCall = { streamId, sessionId, hardwareId, method: 'StreamAudio' };
    const reserved = this.#options.quota?.reserve(call) ?? null;
    const isDenied = reserved !== null && 'errorCode' in reserved;
    // A duplicate is one whatever its device may still ask for; a full house, though, lets wait for what would be refused anyway.
    if (isDenied && this.refusalOf(request) === null) {
      return this.#refuse(call, { failure: reserved, activeStreams: this.activeStreams });
    }
    const verdict = this.#ask({ type: 'stream.requested', streamId, sessionId, hardwareId });
    if (reserved !== null && !isDenied) reserved.settle(verdict.type === 'stream.admitted');
    if (verdict.type === 'stream.refused') return this.#refuse(call, verdict);
    this.#noteAdmitted(call, verdict);
    this.#options.collector.use(request);
    return this.#begin(
      hostSession(this.#options.session, request, sink, (summary) => this.#streamEnded(call, summary)),
    );
  }

  openWelcome(request: WelcomeRequest, sink: FrameSink): OpenStream | Failure {
    const { streamId, sessionId } = request;
    const call: HostedCall = { streamId, sessionId, hardwareId: '', method: 'GenerateWelcomeAudio' };
    const verdict = this.#ask({ type: 'welcome.requested', streamId, sessionId });
    if (verdict.type === 'stream.refused') return this.#refuse(call, verdict);
    this.#noteAdmitted(call, verdict);
    return this.#begin(
      hostWelcome(this.#options.welcome, request, sink, (summary) => this.#streamEnded(call, summary)),
    );
  }

  collect(chunk: CollectedChunk): Failure | null {
    const { streamId, sessionId } = chunk;
    const verdict = this.#ask({ type: 'chunk.received', streamId, sessionId });
    const refused = verdict.type === 'stream.refused' ? verdict.failure : this.#options.collector.collect(chunk);
    if (refused === null) return null;
    return this.#refuse({ ...chunk, method: 'StreamAudio' }, { failure: refused, activeStreams: this.activeStreams });
  }

  collected(key: UtteranceKey): CollectedUtterance | null {
    return this.#options.collector.collected(key);
  }

  refusalOf({ streamId, sessionId, hardwareId }: IdentifiedCall): Failure | null {
    return foreseenRefusal(this.#actor.getSnapshot(), { type: 'stream.requested', streamId, sessionId, hardwareId });
  }

  noteInvalid(call: HostedCall, why: Failure): void {
    this.#refuse(call, { failure: why, activeStreams: this.activeStreams });
  }

  interrupt(hardwareId: string): readonly string[] {
    this.#interrupted = [];
    this.#actor.send({ type: 'device.interruptRequested', hardwareId });
    return this.#interrupted;
  }

  #ask(
    event: Extract<SupervisorEvent, { readonly type: 'stream.requested' | 'welcome.requested' | 'chunk.received' }>,
  ): Verdict {
    this.#verdict = null;
    this.#actor.send(event);
    const verdict: Verdict | null = this.#verdict;
    assert(verdict !== null, `the supervisor said nothing about stream ${event.streamId}`);
    return verdict;
  }

  #begin(hosted: HostedStream): OpenStream {
    const { streamId } = hosted.call;
    // Known before it begins, so that an interrupt finds it whenever it comes.
    this.#streams.set(streamId, hosted);
    hosted.begin();
    return openStreamOf(this.#streams, streamId);
  }

  #streamEnded(call: HostedCall, summary: StreamSummary): void {
    this.#streams.delete(call.streamId);
    this.#ended.set(call.streamId, { call, summary, endedAtMs: this.#options.session.now() });
    this.#actor.send({ type: 'stream.released', streamId: call.streamId });
  }

  #tellStreams(streamIds: readonly string[], event: StreamEvent): void {
    for (const streamId of streamIds) this.#streams.get(streamId)?.send(event);
  }

  #sessionsOf(streamIds: readonly string[]): readonly string[] {
    const sessionIds = streamIds.flatMap((streamId) => this.#streams.get(streamId)?.call.sessionId ?? []);
    return [...new Set(sessionIds)];
  }

  #carryOut(emitted: SupervisorEmitted): void {
    switch (emitted.type) {
      case 'stream.admitted':
      case 'chunk.admitted':
      case 'stream.refused':
        this.#verdict = emitted;
        return;
      case 'slot.freed':
        this.#noteEnded(emitted.streamId, emitted.activeStreams);
        return;
      case 'slot.alreadyFreed':
        this.#noteFreedTwice(emitted.streamId);
        return;
      case 'device.interrupted':
        this.#interrupted = this.#sessionsOf(emitted.streamIds);
        this.#tellStreams(emitted.streamIds, { type: 'device.interruptRequested' });
        return;
      case 'grace.expired':
        this.#tellStreams(emitted.streamIds, { type: 'server.graceExpired' });
        return;
      case 'drain.finished':
        this.#finishDrain();
        return;
      default:
        assertNever(emitted);
    }
  }

  #noteAdmitted(call: HostedCall, verdict: Verdict): void {
    assert(verdict.type === 'stream.admitted', 'a stream was admitted as a chunk');
    const { log, admission } = this.#options;
    const ctx = { active_streams: verdict.activeStreams, max_streams: admission.maxStreams };
    log.info(
      {
        scope: 'backpressure',
        method: call.method,
        decision: 'stream_acquired',
        ctx: { ...identityOf(call), ...ctx },
      },
      'a stream took a slot',
    );
  }

  /** Counts and logs it; the failure for the caller to hand on. */
  #refuse(call: HostedCall, refusal: { readonly failure: Failure; readonly activeStreams: number }): Failure {
    const { log, counters, admission } = this.#options;
    const { errorType } = refusal.failure;
    counters.countRejected(errorType);
    const ctx = { ...identityOf(call), reason: errorType, active_streams: refusal.activeStreams };
    log.warn(
      {
        scope: errorType === 'stream_limit_exceeded' ? 'backpressure' : 'workflow',
        method: call.method,
        decision: 'reject',
        ctx: { ...ctx, max_streams: admission.maxStreams },
      },
      'a call was refused',
    );
    return refusal.failure;
  }

  #noteFreedTwice(streamId: string): void {
    const call = this.#ended.get(streamId)?.call ?? { streamId, sessionId: '', hardwareId: '', method: 'supervisor' };
    this.#ended.delete(streamId);
    this.#options.log.debug(
      { scope: 'backpressure', method: call.method, decision: 'already_released', ctx: identityOf(call) },
      'a slot was given back twice',
    );
  }

  #noteEnded(streamId: string, activeStreams: number): void {
    const ended = this.#ended.get(streamId);
    this.#ended.delete(streamId);
    assert(ended !== undefined, `the slot of stream ${streamId} was freed before its session ended`);
    noteSessionEnd(this.#options, { ...ended, activeStreams });
  }
}

/** Made out here so that it holds nothing but the id: the call keeps it for as long as its client takes to fetch the end. */
function openStreamOf(streams: ReadonlyMap<string, HostedStream>, streamId: string): OpenStream {
  return { cancel: () => streams.get(streamId)?.send({ type: 'client.cancelled' }) };
}
