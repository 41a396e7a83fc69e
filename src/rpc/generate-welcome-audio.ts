/**
 * GenerateWelcomeAudio: a given text, or a greeting, is spoken. Checks the fields as they came over the wire; says which field, which
 * value and which bound is wrong.
 */
import type { handleServerStreamingCall } from '@grpc/grpc-js';
import type { Call } from '../call/call.ts';
import type { WelcomeRequest } from '../call/gateway.ts';
import { type Failure, failure } from '../errors.ts';
import { welcomeCodec } from './codec.ts';
import type { WelcomeRequest__Output } from './generated/streaming/WelcomeRequest.ts';
import type { WelcomeResponse } from './generated/streaming/WelcomeResponse.ts';
import { quote } from './identity.ts';
import { createStreamHandler, type StreamCallOptions } from './streaming-rpcs.ts';

/** Longer than any name of a voice, any language tag. */
const MAX_NAME_CHARS = 128;
/** What clients send when the voice does not matter to them. */
const DEFAULT_VOICE = 'default';

const controlCharacter = /\p{Cc}/u;

/** The handler of GenerateWelcomeAudio. */
export function createGenerateWelcomeAudioHandler(
  options: StreamCallOptions,
): handleServerStreamingCall<WelcomeRequest__Output, WelcomeResponse> {
  const { gateway } = options;
  return createStreamHandler(options, {
    method: 'GenerateWelcomeAudio',
    codec: welcomeCodec,
    open: (call, given, sink) => {
      const request = checkWelcomeRequest(call, given);
      given.text = '';
      return 'errorCode' in request ? gateway.refuse(call, request) : gateway.openWelcome(request, sink);
    },
  });
}

function checkWelcomeRequest(call: Call, given: WelcomeRequest__Output): WelcomeRequest | Failure {
  const voice = nameOf('voice', given.voice);
  if (typeof voice !== 'string') return voice;
  const language = nameOf('language', given.language);
  if (typeof language !== 'string') return language;
  return {
    call,
    text: given.text,
    ...(voice !== '' && voice.toLowerCase() !== DEFAULT_VOICE && { voice }),
    ...(language !== '' && { language }),
  };
}

function nameOf(field: 'voice' | 'language', given: string): string | Failure {
  if (given.length > MAX_NAME_CHARS || controlCharacter.test(given)) {
    const rule = `must be at most ${MAX_NAME_CHARS} characters, none of them a control character`;
    return failure('invalid_request', `${field} ${quote(given)} ${rule}`);
  }
  return given.trim();
}
