/** Checks a WelcomeRequest as it came over the wire; says which field, which value and which bound is wrong. */

import type { WelcomeRequest } from '../call/gateway.ts';
import type { Config } from '../config.ts';
import { type Failure, failure } from '../errors.ts';
import type { WelcomeRequest__Output } from './generated/streaming/WelcomeRequest.ts';
import { identifySession, identityFrom, quote, type RefusedRequest } from './identity.ts';
import { checkRequestSize } from './request-size.ts';

/** Longer than any name of a voice, any language tag. */
const MAX_NAME_CHARS = 128;
/** What clients send when the voice does not matter to them. */
const DEFAULT_VOICE = 'default';

const controlCharacter = /\p{Cc}/u;

/** Checks the request and, where the policy allows, makes a missing session id. `requestBytes` is its size on the wire. */
export function checkWelcomeRequest(
  config: Config,
  given: WelcomeRequest__Output,
  { requestBytes, streamId }: { readonly requestBytes: number; readonly streamId: string },
): WelcomeRequest | RefusedRequest {
  const identity = identityFrom(identifySession(config.identity.policy, given.session_id), '');
  const tooLarge = checkRequestSize(requestBytes);
  if (tooLarge !== null) return { ...identity, failure: tooLarge };
  if ('failure' in identity) return identity;
  const voice = nameOf('voice', given.voice);
  if (typeof voice !== 'string') return { ...identity, failure: voice };
  const language = nameOf('language', given.language);
  if (typeof language !== 'string') return { ...identity, failure: language };
  return {
    streamId,
    sessionId: identity.sessionId,
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
