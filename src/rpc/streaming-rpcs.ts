/**
 * What the handlers of all streaming rpcs do: name the call, let its rpc check the request and ask for a stream, and tell that when
 * the client is gone. Whatever goes wrong ends the call through its sink.
 */
import { type handleServerStreamingCall, Metadata, type ServerWritableStream } from '@grpc/grpc-js';
import type { Call, RpcMethod } from '../call/call.ts';
import type { FrameSink, OpenStream, StreamGateway } from '../call/gateway.ts';
import { LONGEST_TIMER_MS } from '../call/time.ts';
import type { Config } from '../config.ts';
import { type Failure, failureOfUnexpected } from '../errors.ts';
import type { Logger } from '../observe/logger.ts';
import { CallSink, type CallSinkOptions } from './call-sink.ts';
import type { FrameCodec } from './codec.ts';
import { type GivenIds, identify } from './identity.ts';
import { checkRequestSize } from './request-size.ts';

/** grpc-js ends a call at its deadline by itself; a vanished client may keep it from noticing, this does not. */
const DEADLINE_MARGIN_MS = 50;

export interface StreamCallOptions {
  readonly config: Config;
  readonly gateway: StreamGateway;
  readonly log: Logger;
}

/** One streaming rpc. */
export interface StreamRpc<TGiven, TResponse> {
  readonly method: RpcMethod;
  readonly codec: FrameCodec<TResponse>;
  /**
   * Checks the fields of a request and asks for its stream; null = the call is over already, and its sink has been told. What is large in
   * the request should be taken out of it: the call object lives on for as long as the client takes to fetch the end.
   */
  open(call: Call, given: TGiven, sink: FrameSink): OpenStream | Failure | null;
}

/** The handler of a streaming rpc. */
export function createStreamHandler<TGiven extends GivenIds, TResponse>(
  { config, gateway, log }: StreamCallOptions,
  rpc: StreamRpc<TGiven, TResponse>,
): handleServerStreamingCall<TGiven, TResponse> {
  const { method, codec } = rpc;
  const sinkOptions: CallSinkOptions = { codec, log, idleTimeoutMs: config.backpressure.idleTimeoutMs };

  return (wire) => {
    const { call, failure } = identify[method](config.identity.policy, wire.request);
    const sink = new CallSink(wire, call, sinkOptions);
    try {
      tellSessionId(wire, call.sessionId);
      const refused = checkRequestSize(wire.request) ?? failure;
      const stream = refused === null ? rpc.open(call, wire.request, sink) : gateway.refuse(call, refused);
      if (stream === null) return;
      if ('errorCode' in stream) sink.finish({ ok: false, failure: stream });
      else cancelWithClient(wire, stream);
    } catch (error) {
      const { streamId } = call;
      const ctx = { stream_id: streamId };
      log.error({ scope: 'grpc', method, decision: 'fault', ctx, err: error }, 'a handler threw');
      sink.finish({ ok: false, failure: failureOfUnexpected('session_fault', streamId) });
    }
  };
}

function tellSessionId<TGiven, TResponse>(wire: ServerWritableStream<TGiven, TResponse>, sessionId: string): void {
  if (sessionId === '') return;
  const initial = new Metadata();
  initial.set('x-session-id', sessionId);
  wire.sendMetadata(initial);
}

function cancelWithClient<TGiven, TResponse>(wire: ServerWritableStream<TGiven, TResponse>, stream: OpenStream): void {
  const deadline = watchDeadline(Number(wire.getDeadline()), () => stream.cancel());
  wire.once('cancelled', () => {
    clearTimeout(deadline);
    stream.cancel();
  });
  // A client that left while the stream was being opened has been told of already.
  if (wire.cancelled) stream.cancel();
}

function watchDeadline(deadlineMs: number, onPassed: () => void): NodeJS.Timeout | undefined {
  const remainingMs = deadlineMs - Date.now() + DEADLINE_MARGIN_MS;
  if (!Number.isFinite(remainingMs) || remainingMs > LONGEST_TIMER_MS) return undefined;
  return setTimeout(onPassed, Math.max(0, remainingMs));
}
