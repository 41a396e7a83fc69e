/**
 * Hosts the supervisor chart and all session actors: the chart decides, this carries out. Session actors are root actors in
 * a map, not children of the supervisor's actor: spawning and stopping children costs time linear in the live sessions (DESIGN §2).
 *
 * Guarantees: an admission is decided before `open` returns; a session's end frees its slot in the same turn; an interrupt or
 * the end of the grace period ends its sessions before it returns.
 */
import { type Actor, createActor } from 'xstate';
import { assert, assertNever } from '../assert.ts';
import { type Failure, failure } from '../errors.ts';
import type { SessionEvent } from '../machines/session.types.ts';
import type {
  CollectedChunk,
  CollectedUtterance,
  FrameSink,
  OpenStream,
  RpcMethod,
  StreamGateway,
  StreamRequest,
  UtteranceKey,
  WelcomeRequest,
} from '../machines/stream-port.ts';
import {
  type SupervisorEmitted,
  type SupervisorEvent,
  type SupervisorInput,
  supervisorMachine,
} from '../machines/supervisor.machine.ts';
import type { Logger } from '../observe/logger.ts';
import { noteSessionEnd } from './session-end.ts';
import {
  type CallIdentity,
  type HostedSession,
  hostSession,
  identityOf,
  type SessionHostOptions,
  type SessionSummary,
} from './session-host.ts';
import type { StreamCounters } from './stream-counters.ts';
import type { UtteranceCollector } from './utterance-collector.ts';

export interface SupervisorHostOptions {
  readonly admission: SupervisorInput;
  readonly session: SessionHostOptions;
  readonly collector: UtteranceCollector;
  readonly counters: StreamCounters;
  readonly log: Logger;
}

/** What the chart said about one stream request. */
type Verdict = Extract<SupervisorEmitted, { readonly type: 'stream.admitted' | 'chunk.admitted' | 'stream.refused' }>;

interface EndedStream {
  readonly request: StreamRequest;
  readonly summary: SessionSummary;
  readonly endedAtMs: number;
}

/** The supervisor, running. */
export class SupervisorHost implements StreamGateway {
  readonly #options: SupervisorHostOptions;
  readonly #actor: Actor<typeof supervisorMachine>;
  readonly #sessions = new Map<string, HostedSession>();
  /** Ended, slot not freed yet: the supervisor may be in the middle of another turn. */
  readonly #ended = new Map<string, EndedStream>();
  readonly #drained: Promise<void>;
  #finishDrain: () => void = () => {};
  /** The answer to the admission that is being asked right now. */
  #verdict: Verdict | null = null;

  constructor(options: SupervisorHostOptions) {
    this.#options = options;
    this.#drained = new Promise((resolve) => {
      this.#finishDrain = resolve;
    });
    this.#actor = createActor(supervisorMachine, { id: 'supervisor', input: options.admission });
    this.#actor.on('*', (emitted) => {
      try {
        this.#carryOut(emitted);
      } catch (error) {
        // Thrown from here it would end the process, and every other stream with it.
        options.session.reportFault('streamId' in emitted ? emitted.streamId : 'supervisor', error);
      }
    });
    this.#actor.subscribe({ error: (error) => options.session.reportFault('supervisor', error) });
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
    return this.#actor.getSnapshot().context.activeStreams;
  }

  get inFlight(): number {
    return Object.keys(this.#actor.getSnapshot().context.inFlight).length;
  }

  open(request: StreamRequest, sink: FrameSink): OpenStream | Failure {
    const { streamId, sessionId, hardwareId } = request;
    const verdict = this.#ask({ type: 'stream.requested', streamId, sessionId, hardwareId });
    if (verdict.type === 'stream.refused') {
      this.#noteRefused(request, verdict);
      return verdict.failure;
    }
    assert(verdict.type === 'stream.admitted', 'a stream was admitted as a chunk');
    const { log, admission, session, collector } = this.#options;
    collector.use(request);
    log.info(
      {
        scope: 'backpressure',
        method: 'StreamAudio',
        decision: 'stream_acquired',
        ctx: { ...identityOf(request), active_streams: verdict.activeStreams, max_streams: admission.maxStreams },
      },
      'a stream took a slot',
    );
    const hosted = hostSession(session, request, sink, (summary) => this.#sessionEnded(request, summary));
    // Known before it begins, so that an interrupt finds it whenever it comes.
    this.#sessions.set(streamId, hosted);
    hosted.begin();
    return openStreamOf(this.#sessions, streamId);
  }

  openWelcome(_request: WelcomeRequest, _sink: FrameSink): OpenStream | Failure {
    return failure('not_initialized', 'GenerateWelcomeAudio is not served by this version');
  }

  collect(chunk: CollectedChunk): Failure | null {
    const { streamId, sessionId } = chunk;
    const verdict = this.#ask({ type: 'chunk.received', streamId, sessionId });
    const refused = verdict.type === 'stream.refused' ? verdict.failure : this.#options.collector.collect(chunk);
    if (refused !== null) this.#noteRefused(chunk, { failure: refused, activeStreams: this.activeStreams });
    return refused;
  }

  collected(key: UtteranceKey): CollectedUtterance | null {
    return this.#options.collector.collected(key);
  }

  noteInvalid({ streamId }: { readonly streamId: string; readonly method: RpcMethod }, why: Failure): void {
    // What the request gave as its ids is what may be wrong with it, and as long as the client likes.
    const unchecked = { sessionId: '', hardwareId: '', streamId };
    this.#noteRefused(unchecked, { failure: why, activeStreams: this.activeStreams });
  }

  interrupt(hardwareId: string): readonly string[] {
    const sessionIds = [...this.#sessions.values()]
      .filter(({ request }) => request.hardwareId === hardwareId)
      .map(({ request }) => request.sessionId);
    this.#actor.send({ type: 'device.interruptRequested', hardwareId });
    return sessionIds;
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

  #sessionEnded(request: StreamRequest, summary: SessionSummary): void {
    this.#sessions.delete(request.streamId);
    this.#ended.set(request.streamId, { request, summary, endedAtMs: this.#options.session.now() });
    this.#actor.send({ type: 'stream.released', streamId: request.streamId });
  }

  #tellSessions(streamIds: readonly string[], event: SessionEvent): void {
    for (const streamId of streamIds) this.#sessions.get(streamId)?.send(event);
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
        this.#options.log.debug(
          {
            scope: 'backpressure',
            method: 'StreamAudio',
            decision: 'already_released',
            ctx: { stream_id: emitted.streamId },
          },
          'a slot was given back twice',
        );
        return;
      case 'device.interrupted':
        this.#tellSessions(emitted.streamIds, { type: 'device.interruptRequested' });
        return;
      case 'grace.expired':
        this.#tellSessions(emitted.streamIds, { type: 'server.graceExpired' });
        return;
      case 'drain.finished':
        this.#finishDrain();
        return;
      default:
        assertNever(emitted);
    }
  }

  #noteRefused(call: CallIdentity, refusal: { readonly failure: Failure; readonly activeStreams: number }): void {
    const { log, counters, admission } = this.#options;
    const { errorType } = refusal.failure;
    counters.countRejected(errorType);
    const ctx = { ...identityOf(call), reason: errorType, active_streams: refusal.activeStreams };
    log.warn(
      {
        scope: errorType === 'stream_limit_exceeded' ? 'backpressure' : 'workflow',
        method: 'StreamAudio',
        decision: 'reject',
        ctx: { ...ctx, max_streams: admission.maxStreams },
      },
      'a call was refused',
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
function openStreamOf(sessions: ReadonlyMap<string, HostedSession>, streamId: string): OpenStream {
  return { cancel: () => sessions.get(streamId)?.send({ type: 'client.cancelled' }) };
}
