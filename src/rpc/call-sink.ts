/**
 * The sink of one streaming call: frames and the one end go through it, whatever happened.
 *
 * Guarantees (CONTRACT §1, "The one error rule"): one status, set once; before any frame, an error is one error frame and then
 * the status with the same text; after a frame it is the status alone; nothing follows an end; a good stream ends OK. It
 * ends a call only by `end()` or by a last write and `emit('error')`: every other way loses frames or hangs clients (docs/decisions/0002).
 */
import type { Metadata, StatusObject } from '@grpc/grpc-js';
import { assert } from '../assert.ts';
import { type Call, idsOf } from '../call/call.ts';
import type { Frame, FrameSink, SinkListener, StreamEnd } from '../call/gateway.ts';
import type { OwnTime } from '../call/own-time.ts';
import { type Failure, logLevelOf } from '../errors.ts';
import type { Logger } from '../observe/logger.ts';
import type { FrameCodec } from './codec.ts';
import { type CallFlow, takeFlowOf } from './flow-control.ts';
import { statusOf } from './status.ts';

/** What a sink needs of the call that it ends. */
export interface WireCall {
  readonly metadata: Metadata;
  readonly cancelled: boolean;
  /** Address and port of the client's end. */
  getPeer(): string;
  end(): void;
  emit(event: 'error', status: StatusObject): boolean;
  once(event: 'cancelled', listener: () => void): unknown;
}

/**
 * How long a failed call may linger with frames that its reader does not take, before its HTTP/2 stream is reset: long enough for
 * a slow reader to fetch 64 KiB and the status, short enough that stalled ones do not pile up.
 */
const LINGER_MS = 10_000;

export interface CallSinkOptions {
  readonly codec: FrameCodec<unknown>;
  readonly log: Logger;
  /** 0 = off. */
  readonly idleTimeoutMs: number;
  readonly ownTime: OwnTime;
}

/** The sink of one call: `call` is whose it is, `wire` is grpc-js's object for it. */
export class CallSink implements FrameSink {
  readonly connection: string;
  readonly #wire: WireCall;
  readonly #call: Call;
  readonly #options: CallSinkOptions;
  readonly #flow: CallFlow;
  #isEnded = false;
  #hasSent = false;

  constructor(wire: WireCall, call: Call, options: CallSinkOptions) {
    const flow = takeFlowOf(wire.metadata);
    assert(flow !== undefined, 'the flow control interceptor is not installed');
    this.connection = wire.getPeer();
    this.#wire = wire;
    this.#call = call;
    this.#options = options;
    this.#flow = flow;
  }

  attach(listener: SinkListener): void {
    this.#flow.attach(listener);
  }

  canWrite(): boolean {
    return !this.#isEnded && !this.#wire.cancelled && this.#flow.canSend();
  }

  write(frame: Frame): void {
    assert(!this.#isEnded, `a ${frame.kind} frame after the end`);
    const message = this.#options.codec.messageOf(frame, this.#call.sessionId);
    this.#hasSent = true;
    this.#flow.send(message);
  }

  finish(end: StreamEnd): void {
    if (this.#isEnded) return;
    this.#isEnded = true;
    // The session is over: nothing of it is kept while the client fetches the rest.
    this.#flow.finish();
    if (!this.#wire.cancelled) this.#resetIfItLingers(end.ok);
    if (end.ok) {
      this.#wire.end();
      return;
    }
    const status = statusOf(end.failure);
    if (end.isRefusal !== true) this.#noteError(end.failure, status.code);
    // Nobody listens any more; a write into a destroyed call would only raise an error.
    if (this.#wire.cancelled) return;
    if (!this.#hasSent) this.#flow.sendLast(this.#options.codec.errorMessageOf(status.details));
    this.#wire.emit('error', status);
  }

  #noteError({ errorCode, errorType }: Failure, grpcStatus: number): void {
    const ctx = { ...idsOf(this.#call), error_code: errorCode, error_type: errorType, grpc_status: grpcStatus };
    const { method } = this.#call;
    const fields = { scope: 'grpc', method, decision: 'error', ctx };
    this.#options.log[logLevelOf(errorType)](fields, 'a call ended with an error');
  }

  /** What a good stream still has to deliver is the client's for as long as an idle stream would be. */
  #resetIfItLingers(isGood: boolean): void {
    const { idleTimeoutMs, ownTime } = this.#options;
    if (isGood && idleTimeoutMs === 0) return;
    const lingerMs = isGood ? Math.max(LINGER_MS, idleTimeoutMs) : LINGER_MS;
    const timer = ownTime.setTimeout(() => this.#flow.reset(), lingerMs);
    timer.handle?.unref();
    this.#wire.once('cancelled', () => ownTime.clearTimeout(timer));
  }
}
