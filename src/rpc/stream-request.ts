/** Checks a StreamRequest as it came over the wire; says which field, which value and which bound is wrong. */

import type { CollectedChunk, CollectedUtterance, Screenshot, StreamGateway, StreamRequest } from '../call/gateway.ts';
import type { Config } from '../config.ts';
import { type Failure, failure } from '../errors.ts';
import { newerHypothesis } from '../text/hypothesis.ts';
import type { StreamRequest__Output } from './generated/streaming/StreamRequest.ts';
import { type Identity, identify, type RefusedRequest } from './identity.ts';
import { checkRequestSize } from './request-size.ts';
import { checkScreenshot } from './screenshot.ts';

/** Values of RequestPhase. */
const phases = { unspecified: 0, collect: 1, commit: 2 } as const;
/** The largest width or height of a screen: beyond any there is, and what fits 16 bits. */
const MAX_SCREEN_PIXELS = 65_535;

export type CheckedRequest =
  | { readonly kind: 'commit'; readonly request: StreamRequest }
  | { readonly kind: 'collect'; readonly chunk: CollectedChunk };

export interface RequestCheck {
  readonly config: Config;
  /** What was collected for the utterance: its COMMIT builds upon it. */
  readonly collected: StreamGateway['collected'];
  /** Why a COMMIT without words would be refused if it had some. */
  readonly refusalOf: StreamGateway['refusalOf'];
  /** On the wire. */
  readonly requestBytes: number;
  readonly streamId: string;
}

/** What the screen showed, as one request tells it; absent = not told. */
interface Screen {
  readonly screenshot?: Screenshot;
  readonly screenWidth?: number;
  readonly screenHeight?: number;
}

/**
 * Checks the request and, where the policy allows, makes missing ids. A COMMIT comes out as the whole utterance: what was
 * collected, with what it brings itself. The buffer is only looked at.
 */
export function checkStreamRequest(check: RequestCheck, given: StreamRequest__Output): CheckedRequest | RefusedRequest {
  const identity = identify(check.config.identity.policy, given);
  const tooLarge = checkRequestSize(check.requestBytes);
  if (tooLarge !== null) return { ...identity, failure: tooLarge };
  if ('failure' in identity) return identity;
  const checked = checkPhase(check, given, identity);
  return 'errorCode' in checked ? { ...identity, failure: checked } : checked;
}

function checkPhase(check: RequestCheck, given: StreamRequest__Output, identity: Identity): CheckedRequest | Failure {
  switch (given.phase) {
    case phases.collect:
      return collectOf(check.config, given, { streamId: check.streamId, ...identity });
    case phases.commit:
    case phases.unspecified:
      return commitOf(check, given, identity);
    default:
      return failure('invalid_phase', `phase ${given.phase} must be 0 (unspecified), 1 (COLLECT) or 2 (COMMIT)`);
  }
}

function collectOf(
  config: Config,
  given: StreamRequest__Output,
  ids: Identity & { readonly streamId: string },
): CheckedRequest | Failure {
  const screen = screenOf(config, given);
  if ('errorCode' in screen) return screen;
  const { chunk_seq: sequence, chunk_text: text } = given;
  return {
    kind: 'collect',
    chunk: { ...ids, sequence, ...(text !== undefined && text !== '' && { text }), ...screen },
  };
}

function commitOf(
  { config, collected, refusalOf, streamId }: RequestCheck,
  given: StreamRequest__Output,
  identity: Identity,
): CheckedRequest | Failure {
  const before: CollectedUtterance = collected(identity) ?? { text: '' };
  const prompt = newerHypothesis(before.text, given.prompt !== '' ? given.prompt : (given.chunk_text ?? ''));
  if (prompt.trim() === '') {
    // The words of a duplicate went into the stream that runs: it is the duplicate that is wrong, not its words.
    const refusal = refusalOf({ streamId, ...identity });
    if (refusal !== null) return refusal;
    return failure('empty_prompt', 'prompt is empty; send the words of the utterance in prompt or chunk_text');
  }
  const screen = screenOf(config, given);
  if ('errorCode' in screen) return screen;
  const { text: _said, ...shown } = before;
  return { kind: 'commit', request: { ...shown, ...screen, ...identity, streamId, prompt } };
}

/** An empty screenshot and a size of 0 count as absent. */
function screenOf(config: Config, given: StreamRequest__Output): Screen | Failure {
  const screenWidth = pixelsOf('screen_width', given.screen_width);
  if (typeof screenWidth === 'object') return screenWidth;
  const screenHeight = pixelsOf('screen_height', given.screen_height);
  if (typeof screenHeight === 'object') return screenHeight;
  const size = {
    ...(screenWidth > 0 && { screenWidth }),
    ...(screenHeight > 0 && { screenHeight }),
  };
  if (given.screenshot === undefined || given.screenshot === '') return size;
  const screenshot = checkScreenshot(given.screenshot, config.collect.screenshotMaxBytes);
  return 'errorCode' in screenshot ? screenshot : { ...size, screenshot };
}

/** 0 = not told. */
function pixelsOf(field: string, given = 0): number | Failure {
  if (given >= 0 && given <= MAX_SCREEN_PIXELS) return given;
  return failure('invalid_request', `${field} ${given} must be 0 (not told) to ${MAX_SCREEN_PIXELS} pixels`);
}
