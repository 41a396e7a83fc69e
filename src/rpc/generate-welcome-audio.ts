/** GenerateWelcomeAudio: what is its own of a streaming call. */
import type { handleServerStreamingCall } from '@grpc/grpc-js';
import { welcomeCodec } from './codec.ts';
import type { WelcomeRequest__Output } from './generated/streaming/WelcomeRequest.ts';
import type { WelcomeResponse } from './generated/streaming/WelcomeResponse.ts';
import { createStreamHandler, type StreamCallOptions } from './stream-call.ts';
import { checkWelcomeRequest } from './welcome-request.ts';

/** The handler of GenerateWelcomeAudio. */
export function createGenerateWelcomeAudioHandler(
  options: StreamCallOptions,
): handleServerStreamingCall<WelcomeRequest__Output, WelcomeResponse> {
  const { config, gateway } = options;
  return createStreamHandler(options, {
    method: 'GenerateWelcomeAudio',
    codec: welcomeCodec,
    accept: (given, about) => {
      const request = checkWelcomeRequest(config, given, about);
      if ('failure' in request) return request;
      given.text = '';
      // It names no device: whose session it is, only a running answer can tell.
      return { sessionId: request.sessionId, hardwareId: '', open: (sink) => gateway.openWelcome(request, sink) };
    },
  });
}
