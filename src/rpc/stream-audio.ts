/**
 * StreamAudio: checks the request, asks the gateway for a stream, and tells it when the client is gone. Everything between lies
 * below; every end goes through the call's sink.
 */
import { type handleServerStreamingCall, Metadata } from '@grpc/grpc-js';
import type { Config } from '../config.ts';
import { failureOfUnexpected } from '../errors.ts';
import type { StreamGateway } from '../machines/stream-port.ts';
import type { Logger } from '../observe/logger.ts';
import { type CallSinkOptions, createCallSink, type StreamAudioCall } from './call-sink.ts';
import type { StreamRequest__Output } from './generated/streaming/StreamRequest.ts';
import type { StreamResponse } from './generated/streaming/StreamResponse.ts';
import { makeStreamId } from './identity.ts';
import { requestBytesOf } from './request-size.ts';
import { unimplementedStatusOf } from './status.ts';
import { checkStreamRequest } from './stream-request.ts';

/** grpc-js ends a call at its deadline by itself; a vanished client may keep it from noticing, this does not. */
const DEADLINE_MARGIN_MS = 50;

export interface StreamAudioOptions {
  readonly config: Config;
  readonly gateway: StreamGateway;
  readonly log: Logger;
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
  const checked = checkStreamRequest(config, call.request, { requestBytes: requestBytesOf(call.request), streamId });
  if ('errorCode' in checked) {
    gateway.noteInvalid({ streamId, method: 'StreamAudio' }, checked);
    createCallSink(call, { sessionId: '', hardwareId: '', streamId }, sinkOptionsOf(options)).finish({
      ok: false,
      failure: checked,
    });
    return;
  }
  if (checked.kind === 'collect') {
    call.emit('error', unimplementedStatusOf('REQUEST_PHASE_COLLECT is not served by this version'));
    return;
  }
  const { request } = checked;
  // The session has it now; the call object lives on for as long as the client takes to fetch the end.
  delete call.request.screenshot;
  const initial = new Metadata();
  initial.set('x-session-id', request.sessionId);
  call.sendMetadata(initial);

  const sink = createCallSink(call, request, sinkOptionsOf(options));
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
