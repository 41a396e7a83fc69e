/** InterruptSession: ends every running stream of a device, at once. */
import type { handleUnaryCall } from '@grpc/grpc-js';
import type { StreamGateway } from '../call/gateway.ts';
import type { Logger } from '../observe/logger.ts';
import type { InterruptRequest__Output } from './generated/streaming/InterruptRequest.ts';
import type { InterruptResponse } from './generated/streaming/InterruptResponse.ts';
import { type Identity, identityFrom, makeStreamId, type RefusedRequest, requireHardwareId } from './identity.ts';
import { checkRequestSize, requestBytesOf } from './request-size.ts';
import { refuseUnary } from './unary-refusal.ts';

const METHOD = 'InterruptSession';

interface InterruptSessionOptions {
  readonly gateway: StreamGateway;
  readonly log: Logger;
}

/** The handler of InterruptSession; success is true also when nothing was running. */
export function createInterruptSessionHandler(
  options: InterruptSessionOptions,
): handleUnaryCall<InterruptRequest__Output, InterruptResponse> {
  return (call, callback) => {
    const checked = checkInterrupt(call.request);
    if ('failure' in checked) {
      refuseUnary(options, { method: METHOD, streamId: makeStreamId(), callback }, checked);
      return;
    }
    const { hardwareId } = checked;
    const interrupted = options.gateway.interrupt(hardwareId);
    const ctx = { hardware_id: hardwareId, interrupted_sessions: interrupted.length };
    options.log.info({ scope: 'workflow', method: METHOD, decision: 'interrupt', ctx }, 'a device asked for silence');
    const message = interrupted.length === 0 ? 'No running stream' : `Interrupted streams: ${interrupted.length}`;
    callback(null, { success: true, interrupted_sessions: [...interrupted], message });
  };
}

function checkInterrupt(given: InterruptRequest__Output): Identity | RefusedRequest {
  const identity = identityFrom('', requireHardwareId(given.hardware_id));
  const tooLarge = checkRequestSize(requestBytesOf(given));
  return tooLarge === null ? identity : { ...identity, failure: tooLarge };
}
