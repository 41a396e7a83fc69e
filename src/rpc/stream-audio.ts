/**
 * StreamAudio: a COLLECT is kept for the COMMIT to come, a COMMIT is answered. Checks the fields as they came over the wire; says which
 * field, which value and which bound is wrong. What the words come to, with those that were collected, only the gateway can tell.
 */
import type { handleServerStreamingCall } from '@grpc/grpc-js';
import type { Call } from '../call/call.ts';
import type { CollectedChunk, FrameSink, Screen, StreamGateway, StreamRequest } from '../call/gateway.ts';
import { type Failure, failure } from '../errors.ts';
import { answerCodec } from './codec.ts';
import type { StreamRequest__Output } from './generated/streaming/StreamRequest.ts';
import type { StreamResponse } from './generated/streaming/StreamResponse.ts';
import { checkScreenshot } from './screenshot.ts';
import { createStreamHandler, type StreamCallOptions } from './streaming-rpcs.ts';

/** Values of RequestPhase. */
const phases = { unspecified: 0, collect: 1, commit: 2 } as const;
/** The largest width or height of a screen: beyond any there is, and what fits 16 bits. */
const MAX_SCREEN_PIXELS = 65_535;

/** The handler of StreamAudio. */
export function createStreamAudioHandler(
  options: StreamCallOptions,
): handleServerStreamingCall<StreamRequest__Output, StreamResponse> {
  const { config, gateway } = options;
  return createStreamHandler(options, {
    method: 'StreamAudio',
    codec: answerCodec,
    open: (call, given, sink) => {
      const request = checkStreamRequest(call, given, config.collect);
      delete given.screenshot;
      if ('errorCode' in request) return gateway.refuse(call, request);
      return 'sequence' in request ? collect(gateway, request, sink) : gateway.open(request, sink);
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

/** What the request comes out as, or why it is refused. An empty screenshot and a size of 0 count as absent. */
export function checkStreamRequest(
  call: Call,
  given: StreamRequest__Output,
  limits: { readonly screenshotMaxBytes: number },
): StreamRequest | CollectedChunk | Failure {
  const { phase, prompt, chunk_seq: sequence, chunk_text: text = '' } = given;
  const isCollect = phase === phases.collect;
  if (!isCollect && phase !== phases.commit && phase !== phases.unspecified) {
    return failure('invalid_phase', `phase ${phase} must be 0 (unspecified), 1 (COLLECT) or 2 (COMMIT)`);
  }
  const screen = screenOf(given, limits.screenshotMaxBytes);
  if ('errorCode' in screen) return screen;
  if (isCollect) return { call, sequence, ...(text !== '' && { text }), screen };
  return { call, prompt: prompt !== '' ? prompt : text, screen };
}

function screenOf(given: StreamRequest__Output, screenshotMaxBytes: number): Screen | Failure {
  const screenWidth = pixelsOf('screen_width', given.screen_width);
  if (typeof screenWidth === 'object') return screenWidth;
  const screenHeight = pixelsOf('screen_height', given.screen_height);
  if (typeof screenHeight === 'object') return screenHeight;
  const size = {
    ...(screenWidth > 0 && { screenWidth }),
    ...(screenHeight > 0 && { screenHeight }),
  };
  if (given.screenshot === undefined || given.screenshot === '') return size;
  const screenshot = checkScreenshot(given.screenshot, screenshotMaxBytes);
  return 'errorCode' in screenshot ? screenshot : { ...size, screenshot };
}

/** 0 = not told. */
function pixelsOf(field: string, given = 0): number | Failure {
  if (given >= 0 && given <= MAX_SCREEN_PIXELS) return given;
  return failure('invalid_request', `${field} ${given} must be 0 (not told) to ${MAX_SCREEN_PIXELS} pixels`);
}
