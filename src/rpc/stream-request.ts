/** Checks a StreamRequest as it came over the wire; says which field, which value and which bound is wrong. */
import type { Config } from '../config.ts';
import { type Failure, failure } from '../errors.ts';
import type { Screenshot, StreamRequest } from '../machines/stream-port.ts';
import type { StreamRequest__Output } from './generated/streaming/StreamRequest.ts';
import { identify } from './identity.ts';
import { checkScreenshot } from './screenshot.ts';

/** Values of RequestPhase. */
const phases = { unspecified: 0, collect: 1, commit: 2 } as const;
/** Larger requests are refused by the handler up to MAX_RECEIVED_BYTES, by the transport beyond (CONTRACT §1). */
export const MAX_REQUEST_BYTES = 16 * 1024 * 1024;
export const MAX_RECEIVED_BYTES = 20 * 1024 * 1024;

export type CheckedRequest =
  | { readonly kind: 'commit'; readonly request: StreamRequest }
  | { readonly kind: 'collect' };

/** Checks the request and, where the policy allows, makes missing ids. `requestBytes` is its size on the wire. */
export function checkStreamRequest(
  config: Config,
  given: StreamRequest__Output,
  { requestBytes, streamId }: { readonly requestBytes: number; readonly streamId: string },
): CheckedRequest | Failure {
  if (requestBytes > MAX_REQUEST_BYTES) {
    return failure(
      'request_too_large',
      `The request has ${requestBytes} bytes; at most ${MAX_REQUEST_BYTES} are accepted`,
    );
  }
  const identity = identify(config.identity.policy, given);
  if ('errorCode' in identity) return identity;
  const { phase } = given;
  if (phase === phases.collect) return { kind: 'collect' };
  if (phase !== phases.commit && phase !== phases.unspecified) {
    return failure('invalid_phase', `phase ${phase} must be 0 (unspecified), 1 (COLLECT) or 2 (COMMIT)`);
  }
  const prompt = given.prompt !== '' ? given.prompt : (given.chunk_text ?? '');
  if (prompt.trim() === '') {
    return failure('empty_prompt', 'prompt is empty; send the words of the utterance in prompt or chunk_text');
  }
  const { screen_width: screenWidth, screen_height: screenHeight } = given;
  const screenshot = screenshotOf(config, given);
  if (screenshot !== undefined && 'errorCode' in screenshot) return screenshot;
  return {
    kind: 'commit',
    request: {
      streamId,
      ...identity,
      prompt,
      ...(screenshot !== undefined && { screenshot }),
      ...(screenWidth !== undefined && { screenWidth }),
      ...(screenHeight !== undefined && { screenHeight }),
    },
  };
}

/** An empty screenshot counts as absent. */
function screenshotOf(config: Config, { screenshot }: StreamRequest__Output): Screenshot | Failure | undefined {
  if (screenshot === undefined || screenshot === '') return undefined;
  return checkScreenshot(screenshot, config.collect.screenshotMaxBytes);
}
