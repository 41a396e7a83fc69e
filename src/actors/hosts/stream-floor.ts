/**
 * The floor where streams run: asks the owner of admissions for each, hosts those that it grants, ends their calls. It decides nothing about
 * who may have one. Where the owner is in this process a call is decided before `open` returns; where it is in another one the call waits,
 * asked and neither granted nor refused, and a client that leaves meanwhile abandons it: what is granted then goes straight back.
 */
import { assert } from '../../assert.ts';
import { type Call, idsOf } from '../../call/call.ts';
import type {
  CollectedChunk,
  FrameSink,
  OpenStream,
  StreamGateway,
  StreamRequest,
  WelcomeRequest,
} from '../../call/gateway.ts';
import { type Failure, failure, failureOfUnexpected } from '../../errors.ts';
import type { StreamLimits } from '../../machines/stream/stream.types.ts';
import type { LoadReason } from '../../machines/supervisor/supervisor.types.ts';
import type { StreamCounters } from '../figures/stream-counters.ts';
import type { AdmissionPort, AdmissionRequest, Asked, Floor, Grant } from './admission-port.ts';
import { type HeardStream, Listener, SharedSink } from './listener.ts';
import { LiveStreams, type OutsideEnd } from './live-streams.ts';
import type { LoadMoment } from './load-judge.ts';
import { noteStreamEnd } from './stream-end.ts';
import { type HostedStream, hostStream, type StreamHostOptions, type StreamSummary } from './stream-host.ts';
import type { AnswerKind, WelcomeKind } from './stream-kind.ts';

export interface StreamFloorOptions extends StreamHostOptions {
  readonly admissions: (floor: Floor) => AdmissionPort;
  /** Slots of the server, for the log. */
  readonly maxStreams: number;
  readonly answers: AnswerKind;
  readonly welcomes: WelcomeKind;
  readonly counters: StreamCounters;
  /** Streams may be heard by other calls, too; null = none may. */
  readonly listening: {
    readonly limits: StreamLimits;
    /** A stream of another floor; absent = there is no other. */
    readonly elsewhere?: (worker: number, streamId: string) => HeardStream;
  } | null;
  /** Told before a new stream is asked for, and may report load meanwhile; absent = nobody watches it. */
  readonly onAsked?: (moment: LoadMoment) => void;
}

export class StreamFloor implements StreamGateway, Floor {
  readonly #options: StreamFloorOptions;
  readonly #admissions: AdmissionPort;
  readonly #streams: LiveStreams;
  /** The ways out of answers that others may hear, by their stream id. */
  readonly #shared = new Map<string, SharedSink>();

  constructor(options: StreamFloorOptions) {
    this.#options = options;
    const { now } = options;
    this.#streams = new LiveStreams({ now, report: (error, streamId) => this.#report(error, streamId) });
    this.#admissions = options.admissions(this);
  }

  open(request: StreamRequest, sink: FrameSink): OpenStream | Failure {
    const { call, prompt, screen } = request;
    return this.#open({ call, utterance: { prompt, screen } }, sink, ({ utterance, leader, leaderWorker }) =>
      leader === null
        ? this.#hostAnswer({ call, ...(utterance ?? request) }, sink)
        : this.#attach(call, { leader, leaderWorker }, sink),
    );
  }

  #hostAnswer(request: StreamRequest, sink: FrameSink): HostedStream {
    const { listening, answers } = this.#options;
    const { call } = request;
    if (listening === null) return hostStream(this.#options, answers, request, this.#wayOut(call, sink));
    const shared = new SharedSink(sink);
    this.#shared.set(call.streamId, shared);
    return hostStream(this.#options, answers, request, this.#wayOut(call, shared));
  }

  /** A stream that runs here and may be heard; null = it is over. */
  heardStream(streamId: string): HeardStream | null {
    return this.#shared.get(streamId) ?? null;
  }

  #attach(
    call: Call,
    { leader, leaderWorker }: { readonly leader: string; readonly leaderWorker: number | undefined },
    sink: FrameSink,
  ): HostedStream {
    const { listening } = this.#options;
    const shared = leaderWorker === undefined ? this.#shared.get(leader) : listening?.elsewhere?.(leaderWorker, leader);
    assert(listening !== null && shared !== undefined, `stream ${leader} can't be heard`);
    return new Listener({ ...this.#options, limits: listening.limits }, call, shared, this.#wayOut(call, sink));
  }

  openWelcome(request: WelcomeRequest, sink: FrameSink): OpenStream | Failure {
    const { call } = request;
    return this.#open({ call, utterance: null }, sink, () =>
      hostStream(this.#options, this.#options.welcomes, request, this.#wayOut(call, sink)),
    );
  }

  collect(chunk: CollectedChunk, answer: (refused: Failure | null) => void): void {
    this.#admissions.collect(chunk, answer);
  }

  refuse(call: Call, why: Failure): Failure {
    this.#admissions.refuse(call, why);
    return why;
  }

  interrupt(hardwareId: string): Promise<readonly string[]> {
    return new Promise((resolve) => this.#admissions.interrupt(hardwareId, resolve));
  }

  end(streamIds: readonly string[], why: OutsideEnd, over: (sessionIds: readonly string[]) => void): void {
    // Of interrupts that come together, one names a session.
    const sessionIds = this.#streams.sessionsOf(streamIds);
    if (why.type === 'session.superseded') for (const streamId of streamIds) this.#streams.endNow(streamId, why);
    void this.#streams.end(streamIds, why).then(() => over(sessionIds));
  }

  /** Why this floor takes on nothing new from now on; empty = it does. */
  reportLoad(reasons: readonly LoadReason[]): void {
    this.#admissions.loaded(reasons);
  }

  /** Streams that run here. */
  get liveStreams(): number {
    return this.#streams.size;
  }

  /** Of the screenshots that they hold. */
  get screenshotBytes(): number {
    return this.#streams.screenshotBytes;
  }

  #open(request: AdmissionRequest, sink: FrameSink, host: (grant: Grant) => HostedStream): OpenStream | Failure {
    this.#options.onAsked?.({ activeStreams: this.#streams.size, waitingBeginnings: this.#streams.waiting });
    let decided: OpenStream | Failure | null = null;
    let waiting: WaitingCall | null = null;
    const asked = this.#admissions.ask(request, (verdict) => {
      const outcome = 'errorCode' in verdict ? verdict : this.#begin(request.call, sink, () => host(verdict), verdict);
      if (waiting === null) decided = outcome;
      else waiting.hear(outcome);
    });
    if (decided !== null) return decided;
    waiting = new WaitingCall(asked, sink);
    return waiting;
  }

  /** What throws in here gives the slot back: nobody else would. */
  #begin(
    call: Call,
    sink: FrameSink,
    host: () => HostedStream,
    { activeStreams, leader }: Grant,
  ): OpenStream | Failure {
    const { log, maxStreams } = this.#options;
    const { method, streamId } = call;
    try {
      const attached = leader === null ? {} : { attached_to: leader };
      const ctx = { ...idsOf(call), active_streams: activeStreams, max_streams: maxStreams, ...attached };
      log.info({ scope: 'backpressure', method, decision: 'stream_acquired', ctx }, 'a stream took a slot');
      return this.#streams.begin(host(), sink.connection);
    } catch (error) {
      this.#report(error, streamId);
      this.#admissions.released(streamId, () => {});
      return failureOfUnexpected('session_fault', streamId);
    }
  }

  #wayOut(call: Call, sink: FrameSink) {
    return {
      sink,
      onEnded: (summary: StreamSummary, endCall: () => void) => this.#streamEnded(call, summary, endCall),
    };
  }

  #streamEnded(call: Call, summary: StreamSummary, endCall: () => void): void {
    const { streamId } = call;
    this.#streams.forget(streamId);
    this.#shared.delete(streamId);
    const endedAtMs = this.#options.now();
    this.#admissions.released(streamId, (activeStreams) => {
      try {
        if (activeStreams === null) this.#noteFreedTwice(call);
        else noteStreamEnd(this.#options, { call, summary, endedAtMs, activeStreams });
      } catch (error) {
        this.#report(error, streamId);
      }
      endCall();
    });
  }

  #noteFreedTwice(call: Call): void {
    this.#options.log.debug(
      { scope: 'backpressure', method: call.method, decision: 'already_released', ctx: idsOf(call) },
      'a slot was given back twice',
    );
  }

  #report(error: unknown, faultId = 'supervisor'): void {
    this.#options.faults.bug('supervisor', faultId, error);
  }
}

/** A call that was asked for: neither granted nor refused yet. */
class WaitingCall implements OpenStream {
  readonly #asked: Asked;
  readonly #sink: FrameSink;
  /** The stream that it became. */
  #stream: OpenStream | null = null;
  #isOver = false;

  constructor(asked: Asked, sink: FrameSink) {
    this.#asked = asked;
    this.#sink = sink;
  }

  /** It is decided. */
  hear(outcome: OpenStream | Failure): void {
    if ('errorCode' in outcome) this.#refuse(outcome);
    else this.#stream = outcome;
  }

  cancel(): void {
    if (this.#stream !== null) {
      this.#stream.cancel();
      return;
    }
    if (this.#isOver) return;
    this.#asked.abandon();
    this.#refuse(failure('client_cancelled', 'Cancelled by the client'));
  }

  #refuse(why: Failure): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#sink.finish({ ok: false, failure: why, isRefusal: true });
  }
}
