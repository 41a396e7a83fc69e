/** StreamAudio: what is its own of a streaming call. */
import type { handleServerStreamingCall } from '@grpc/grpc-js';
import type { CollectedChunk, FrameSink, StreamGateway } from '../call/gateway.ts';
import type { Failure } from '../errors.ts';
import { answerCodec } from './codec.ts';
import type { StreamRequest__Output } from './generated/streaming/StreamRequest.ts';
import type { StreamResponse } from './generated/streaming/StreamResponse.ts';
import { createStreamHandler, type StreamCallOptions } from './stream-call.ts';
import { checkStreamRequest } from './stream-request.ts';

/** The handler of StreamAudio. */
export function createStreamAudioHandler(
  options: StreamCallOptions,
): handleServerStreamingCall<StreamRequest__Output, StreamResponse> {
  const { config, gateway } = options;
  const collected: StreamGateway['collected'] = (key) => gateway.collected(key);
  const refusalOf: StreamGateway['refusalOf'] = (call) => gateway.refusalOf(call);
  return createStreamHandler(options, {
    method: 'StreamAudio',
    codec: answerCodec,
    accept: (given, about) => {
      const checked = checkStreamRequest({ config, collected, refusalOf, ...about }, given);
      if ('failure' in checked) return checked;
      delete given.screenshot;
      if (checked.kind === 'collect') {
        const { chunk } = checked;
        return { ...chunk, open: (sink) => collect(gateway, chunk, sink) };
      }
      const { request } = checked;
      return { ...request, open: (sink) => gateway.open(request, sink) };
    },
  });
}

/** Over at once: a chunk takes no slot and nothing waits for it. */
function collect(gateway: StreamGateway, chunk: CollectedChunk, sink: FrameSink): Failure | null {
  const refused = gateway.collect(chunk);
  if (refused !== null) return refused;
  if (sink.canWrite()) sink.write({ kind: 'end', message: 'COLLECT_ACCEPTED' });
  sink.finish({ ok: true });
  return null;
}
