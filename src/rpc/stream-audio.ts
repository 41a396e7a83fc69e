/**
 * StreamAudio: checks the request, asks the gateway for a stream, and tells it when the client is gone. Everything between lies
 * below; every end goes through the call's sink.
 */
import { type handleServerStreamingCall, Metadata } from '@grpc/grpc-js';
import type { Config } from '../config.ts';
import { failureOfUnexpected } from '../errors.ts';
import type { CollectedChunk, FrameSink, StreamGateway, StreamRequest } from '../machines/stream-port.ts';
import type { Logger } from '../observe/logger.ts';
import { type CallSinkOptions, createCallSink, type StreamAudioCall } from './call-sink.ts';
import type { StreamRequest__Output } from './generated/streaming/StreamRequest.ts';
import type { StreamResponse } from './generated/streaming/StreamResponse.ts';
import { makeStreamId } from './identity.ts';
import { requestBytesOf } from './request-size.ts';
import { checkStreamRequest } from './stream-request.ts';

/** grpc-js ends a call at its deadline by itself; a vanished client may keep it from noticing, this does not. */
const DEADLINE_MARGIN_MS = 50;

export interface StreamAudioOptions {
  readonly config: Config;
  readonly gateway: StreamGateway;
  readonly log: Logger;
}

interface OpenCall {
  readonly call: StreamAudioCall;
  readonly sink: FrameSink;
}

/** The handler of StreamAudio. */
export function createStreamAudioHandler(
  options: StreamAudioOptions,
): handleServerStreamingCall<StreamRequest__Output, StreamResponse> {
  return (call) => {
    const streamId = makeStreamId();
    try {
      handle(options, call, streamId);
    } catch (error) {
      const ctx = { stream_id: streamId };
      options.log.error(
        { scope: 'grpc', method: 'StreamAudio', decision: 'fault', ctx, err: error },
        'a handler threw',
      );
      const unknown = { sessionId: '', hardwareId: '', streamId };
      const failure = failureOfUnexpected('session_fault', streamId);
      createCallSink(call, unknown, sinkOptionsOf(options)).finish({ ok: false, failure });
    }
  };
}

function handle(options: StreamAudioOptions, call: StreamAudioCall, streamId: string): void {
  const { config, gateway } = options;
  const collected: StreamGateway['collected'] = (key) => gateway.collected(key);
  const requestBytes = requestBytesOf(call.request);
  const checked = checkStreamRequest({ config, collected, requestBytes, streamId }, call.request);
  if ('errorCode' in checked) {
    gateway.noteInvalid({ streamId, method: 'StreamAudio' }, checked);
    createCallSink(call, { sessionId: '', hardwareId: '', streamId }, sinkOptionsOf(options)).finish({
      ok: false,
      failure: checked,
    });
    return;
  }
  const { sessionId, hardwareId } = checked.kind === 'collect' ? checked.chunk : checked.request;
  // Whoever gets it now has it; the call object lives on for as long as the client takes to fetch the end.
  delete call.request.screenshot;
  const initial = new Metadata();
  initial.set('x-session-id', sessionId);
  call.sendMetadata(initial);

  const sink = createCallSink(call, { sessionId, hardwareId, streamId }, sinkOptionsOf(options));
  if (checked.kind === 'collect') collect(gateway, checked.chunk, { call, sink });
  else answer(gateway, checked.request, { call, sink });
}

/** Over at once: a chunk takes no slot and nothing waits for it. */
function collect(gateway: StreamGateway, chunk: CollectedChunk, { call, sink }: OpenCall): void {
  const refused = gateway.collect(chunk);
  if (refused !== null) {
    sink.finish({ ok: false, failure: refused });
    return;
  }
  if (!call.cancelled) sink.write({ kind: 'end', message: 'COLLECT_ACCEPTED' });
  sink.finish({ ok: true });
}

function answer(gateway: StreamGateway, request: StreamRequest, { call, sink }: OpenCall): void {
  const stream = gateway.open(request, sink);
  if ('errorCode' in stream) {
    sink.finish({ ok: false, failure: stream });
    return;
  }
  const deadline = watchDeadline(call, () => stream.cancel());
  call.once('cancelled', () => {
    clearTimeout(deadline);
    stream.cancel();
  });
  // A client that left while the stream was being opened has been told of already.
  if (call.cancelled) stream.cancel();
}

function sinkOptionsOf({ config, log }: StreamAudioOptions): CallSinkOptions {
  return { log, idleTimeoutMs: config.backpressure.idleTimeoutMs };
}

function watchDeadline(call: StreamAudioCall, onPassed: () => void): NodeJS.Timeout | undefined {
  const MAX_TIMER_MS = 2 ** 31 - 1;
  const remainingMs = Number(call.getDeadline()) - Date.now() + DEADLINE_MARGIN_MS;
  if (!Number.isFinite(remainingMs) || remainingMs > MAX_TIMER_MS) return undefined;
  return setTimeout(onPassed, Math.max(0, remainingMs));
}
