/**
 * What the handlers of all streaming rpcs do: check the request, ask for a stream, tell it when the client is gone. Whatever goes
 * wrong ends the call through its sink.
 */
import { type handleServerStreamingCall, Metadata, type ServerWritableStream } from '@grpc/grpc-js';
import type { FrameSink, OpenStream, RpcMethod, StreamGateway } from '../call/gateway.ts';
import type { Config } from '../config.ts';
import { type Failure, failureOfUnexpected } from '../errors.ts';
import type { Logger } from '../observe/logger.ts';
import { type CallIdentity, type CallSinkOptions, createCallSink } from './call-sink.ts';
import type { FrameCodec } from './codec.ts';
import { makeStreamId, type RefusedRequest } from './identity.ts';
import { requestBytesOf } from './request-size.ts';

/** grpc-js ends a call at its deadline by itself; a vanished client may keep it from noticing, this does not. */
const DEADLINE_MARGIN_MS = 50;

export interface StreamCallOptions {
  readonly config: Config;
  readonly gateway: StreamGateway;
  readonly log: Logger;
}

/** A request that was found good. */
export interface AcceptedCall {
  readonly sessionId: string;
  readonly hardwareId: string;
  /** Asks for the stream; null = the call is over already, and its sink has been told. */
  open(sink: FrameSink): OpenStream | Failure | null;
}

/** One streaming rpc. */
export interface StreamRpc<TRequest, TResponse> {
  readonly method: RpcMethod;
  readonly codec: FrameCodec<TResponse>;
  /**
   * Checks the request, whose size on the wire is `requestBytes`. What is large in it should be taken out: the call object lives on for as
   * long as the client takes to fetch the end.
   */
  accept(
    given: TRequest,
    about: { readonly requestBytes: number; readonly streamId: string },
  ): AcceptedCall | RefusedRequest;
}

/** The handler of a streaming rpc. */
export function createStreamHandler<TRequest extends object, TResponse>(
  options: StreamCallOptions,
  rpc: StreamRpc<TRequest, TResponse>,
): handleServerStreamingCall<TRequest, TResponse> {
  const { config, gateway, log } = options;
  const { method, codec } = rpc;
  const sinkOptions: CallSinkOptions = { method, codec, log, idleTimeoutMs: config.backpressure.idleTimeoutMs };

  function handle(call: ServerWritableStream<TRequest, TResponse>, unknown: CallIdentity): void {
    const { streamId } = unknown;
    const accepted = rpc.accept(call.request, { requestBytes: requestBytesOf(call.request), streamId });
    const { sessionId, hardwareId } = accepted;
    if (sessionId !== '') {
      const initial = new Metadata();
      initial.set('x-session-id', sessionId);
      call.sendMetadata(initial);
    }
    const identity = { sessionId, hardwareId, streamId };
    const sink = createCallSink(call, identity, sinkOptions);
    if ('failure' in accepted) {
      const { failure } = accepted;
      gateway.noteInvalid({ ...identity, method }, failure);
      sink.finish({ ok: false, failure });
      return;
    }
    const stream = accepted.open(sink);
    if (stream === null) return;
    if ('errorCode' in stream) sink.finish({ ok: false, failure: stream });
    else cancelWithClient(call, stream);
  }

  return (call) => {
    const unknown = { sessionId: '', hardwareId: '', streamId: makeStreamId() };
    try {
      handle(call, unknown);
    } catch (error) {
      const { streamId } = unknown;
      log.error(
        { scope: 'grpc', method, decision: 'fault', ctx: { stream_id: streamId }, err: error },
        'a handler threw',
      );
      const failure = failureOfUnexpected('session_fault', streamId);
      createCallSink(call, unknown, sinkOptions).finish({ ok: false, failure });
    }
  };
}

function cancelWithClient<TRequest, TResponse>(
  call: ServerWritableStream<TRequest, TResponse>,
  stream: OpenStream,
): void {
  const deadline = watchDeadline(Number(call.getDeadline()), () => stream.cancel());
  call.once('cancelled', () => {
    clearTimeout(deadline);
    stream.cancel();
  });
  // A client that left while the stream was being opened has been told of already.
  if (call.cancelled) stream.cancel();
}

function watchDeadline(deadlineMs: number, onPassed: () => void): NodeJS.Timeout | undefined {
  const MAX_TIMER_MS = 2 ** 31 - 1;
  const remainingMs = deadlineMs - Date.now() + DEADLINE_MARGIN_MS;
  if (!Number.isFinite(remainingMs) || remainingMs > MAX_TIMER_MS) return undefined;
  return setTimeout(onPassed, Math.max(0, remainingMs));
}
