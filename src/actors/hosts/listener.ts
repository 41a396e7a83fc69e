/**
 * A second call that hears a stream which runs (DUPLICATE_POLICY=attach): it gets the frames that the first call gets, from the next sentence
 * on, to the same end.
 *
 * What holds, cited as "Listener N":
 *  1. it begins with a text frame, or with the command where no sentence was left to come; where neither was it ends as the duplicate that it
 *     is (`concurrent_request`), and may try again: nobody gets an end alone;
 *  2. it has a flow control of its own: what waits for its client is bounded by MAX_WAITING_BYTES, beyond which it ends with `overloaded`, and
 *     by its own idle timeout. It slows neither the first call nor another listener;
 *  3. it ends alone when its client leaves, its device interrupts, or it is too slow, and with the first call when that fails. Where the
 *     first call's client has left it ends as interrupted: nobody else hears of a cancel that it did not make;
 *  4. one end, and the order of it, as "Stream host 1 and 2" have it. It asks no model, is in no memory, and has no log of its own: what it got is
 *     in that of the stream.
 */
import { type Call, idsOf } from '../../call/call.ts';
import type { Frame, FrameSink, SinkListener, StreamEnd } from '../../call/gateway.ts';
import type { OwnTimer } from '../../call/own-time.ts';
import { duplicateOf, type Failure, failure } from '../../errors.ts';
import { type StreamFailureType, streamFailureOf } from '../../machines/stream/stream.failures.ts';
import type { HeardEvent, StreamEvent, StreamLimits } from '../../machines/stream/stream.types.ts';
import { StreamFigures } from '../figures/stream-figures.ts';
import { createOutbox, type Outbox, type OutboxEvent } from '../outbox/outbox.ts';
import { endOf, type HostedStream, type StreamHostOptions, type StreamWayOut } from './stream-host.ts';

/** 21 s of sound. The sound is shared with the first call, and with all that wait for the same. */
const MAX_WAITING_BYTES = 2 * 1024 * 1024;

/** Hears a stream. */
export interface FrameListener {
  take(frame: Frame): void;
  leaderEnded(end: StreamEnd): void;
}

/** A stream that others may hear, in this process or in another one. */
export interface HeardStream {
  /** From now on the listener gets what is written; at once the end, if that was before. */
  listen(listener: FrameListener): void;
  forget(listener: FrameListener): void;
}

/** The way out of a stream that others may hear, too. */
export class SharedSink implements FrameSink, HeardStream {
  readonly #sink: FrameSink;
  readonly #listeners = new Set<FrameListener>();
  #end: StreamEnd | null = null;

  constructor(sink: FrameSink) {
    this.#sink = sink;
  }

  get connection(): string {
    return this.#sink.connection;
  }

  attach(listener: SinkListener): void {
    this.#sink.attach(listener);
  }

  canWrite(): boolean {
    return this.#sink.canWrite();
  }

  write(frame: Frame): void {
    this.#sink.write(frame);
    for (const listener of [...this.#listeners]) listener.take(frame);
  }

  finish(end: StreamEnd): void {
    if (this.#end !== null) return;
    this.#end = end;
    this.#sink.finish(end);
    for (const listener of [...this.#listeners]) listener.leaderEnded(end);
  }

  listen(listener: FrameListener): void {
    if (this.#end === null) this.#listeners.add(listener);
    else listener.leaderEnded(this.#end);
  }

  forget(listener: FrameListener): void {
    this.#listeners.delete(listener);
  }
}

export interface ListenerOptions extends StreamHostOptions {
  readonly limits: StreamLimits;
}

/** What ends a listener, by what it is told. */
const endings: Partial<Readonly<Record<HeardEvent['type'], StreamFailureType>>> = {
  'client.cancelled': 'client_cancelled',
  'device.interruptRequested': 'interrupted',
  'server.graceExpired': 'draining',
  'session.faulted': 'session_fault',
  'outbox.rateExceeded': 'rate_limit_exceeded',
};

export class Listener implements HostedStream, FrameListener {
  readonly call: Call;
  readonly screenshotBytes = 0;
  readonly #options: ListenerOptions;
  readonly #leader: HeardStream;
  readonly #wayOut: StreamWayOut;
  readonly #outbox: Outbox;
  #idleCheck: OwnTimer | undefined;
  #totalTime: OwnTimer | undefined;
  #takenBytes = 0;
  #hasSentence = false;
  #hasCommand = false;
  #hasEndFrame = false;
  #commandsSent = 0;
  #isEnded = false;

  constructor(options: ListenerOptions, call: Call, leader: HeardStream, wayOut: StreamWayOut) {
    this.call = call;
    this.#options = options;
    this.#leader = leader;
    this.#wayOut = wayOut;
    const { maxFramesPerSecond, now, ownTime } = options;
    this.#outbox = createOutbox({
      sink: wayOut.sink,
      maxFramesPerSecond,
      now,
      ownNow: () => ownTime.now(),
      notify: (event) => this.#hear(event),
      meter: options.counters.meter,
      commandSent: (command) => this.#commandSent(command),
      handoverFailed: (error) => this.#fault(error),
    });
  }

  begin(): void {
    if (this.#isEnded) return;
    const { limits, ownTime } = this.#options;
    if (limits.idleTimeoutMs > 0) this.#checkIdleIn(limits.idleTimeoutMs);
    if (limits.sessionTimeoutMs > 0) {
      this.#totalTime = ownTime.setTimeout(() => this.#endAs('session_timeout'), limits.sessionTimeoutMs);
    }
    this.#leader.listen(this);
  }

  send(event: StreamEvent): void {
    const errorType = endings[event.type];
    if (errorType !== undefined) this.#endAs(errorType, event);
  }

  /** The first call got this frame. */
  take(frame: Frame): void {
    this.#hasSentence ||= frame.kind === 'text';
    this.#hasCommand ||= frame.kind === 'action';
    if (frame.kind === 'audio' && !this.#hasSentence) return;
    // Its failure comes with the end of the first call.
    if (frame.kind === 'end' && this.#hasNothing) return;
    this.#hasEndFrame ||= frame.kind === 'end';
    this.#takenBytes += bytesOf(frame);
    try {
      this.#outbox.push(frame);
      this.#checkBound();
    } catch (error) {
      this.#fault(error);
    }
  }

  /** The first call is over. */
  leaderEnded(end: StreamEnd): void {
    if (end.ok) {
      // What waits still goes out, and the end behind it.
      if (!this.#hasEndFrame) this.#end(this.#hasNothing ? duplicateOf(this.call.sessionId) : null);
      return;
    }
    const { errorType } = end.failure;
    const gone = 'The stream that this call listened to was cancelled by its client';
    this.#end(errorType === 'client_cancelled' ? failure('interrupted', gone) : end.failure);
  }

  get #hasNothing(): boolean {
    return !this.#hasSentence && !this.#hasCommand;
  }

  #hear(event: OutboxEvent): void {
    if (event.type === 'outbox.rateExceeded') this.#endAs('rate_limit_exceeded', event);
    if (event.type === 'outbox.flushed' && this.#hasEndFrame) this.#end(null);
  }

  #checkBound(): void {
    const { textChars, audioBytes } = this.#outbox.stats();
    const waitingBytes = this.#takenBytes - audioBytes - 2 * textChars;
    if (waitingBytes <= MAX_WAITING_BYTES) return;
    const words = `This call is ${waitingBytes} bytes behind the stream that it listens to; at most ${MAX_WAITING_BYTES} are kept for it`;
    this.#end(failure('overloaded', words));
  }

  #checkIdleIn(ms: number): void {
    const { limits, ownTime } = this.#options;
    this.#idleCheck = ownTime.setTimeout(() => {
      const idleMs = this.#outbox.idleMs();
      if (idleMs < limits.idleTimeoutMs) this.#checkIdleIn(Math.max(1, limits.idleTimeoutMs - idleMs));
      else this.#endAs('stream_idle_timeout', { type: 'outbox.activityReported', idleMs });
    }, ms);
  }

  #commandSent(command: string): void {
    this.#commandsSent += 1;
    const ctx = { ...idsOf(this.call), command };
    const fields = { scope: 'command', method: this.call.method, decision: 'complete', ctx };
    this.#options.log.info(fields, 'the command went to the desktop');
  }

  #fault(error: unknown): void {
    this.#options.faults.bug(this.call.method, this.call.streamId, error);
    this.#endAs('session_fault');
  }

  #endAs(errorType: StreamFailureType, event: StreamEvent | { readonly type: 'none' } = { type: 'none' }): void {
    this.#end(streamFailureOf(errorType, { limits: this.#options.limits, request: this.call }, event));
  }

  #end(why: Failure | null): void {
    if (this.#isEnded) return;
    this.#isEnded = true;
    const { now, ownTime, maxFramesPerSecond } = this.#options;
    ownTime.clearTimeout(this.#idleCheck);
    ownTime.clearTimeout(this.#totalTime);
    this.#leader.forget(this);
    this.#outbox.discard();
    const output = { reason: why?.errorType ?? 'completed', failure: why } as const;
    const stats = this.#outbox.stats();
    const figures = new StreamFigures(now).tally(stats.audioBytes);
    const endCall = (): void => this.#wayOut.sink.finish(endOf(output));
    const summary = { output, stats, figures, sentences: 0, commandsSent: this.#commandsSent, maxFramesPerSecond };
    try {
      this.#wayOut.onEnded(summary, endCall);
    } catch (error) {
      this.#options.faults.bug(this.call.method, this.call.streamId, error);
      endCall();
    }
  }
}

function bytesOf(frame: Frame): number {
  if (frame.kind === 'text') return 2 * frame.text.length;
  return frame.kind === 'audio' ? frame.bytes.byteLength : 0;
}
