/** InterruptSession: ends every running stream of a device, at once. */
import type { handleUnaryCall } from '@grpc/grpc-js';
import type { Failure } from '../errors.ts';
import type { StreamGateway } from '../machines/stream-port.ts';
import type { Logger } from '../observe/logger.ts';
import type { InterruptRequest__Output } from './generated/streaming/InterruptRequest.ts';
import type { InterruptResponse } from './generated/streaming/InterruptResponse.ts';
import { makeStreamId, requireHardwareId } from './identity.ts';
import { statusOf } from './status.ts';

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
    const hardwareId = requireHardwareId(call.request.hardware_id);
    if (typeof hardwareId !== 'string') {
      const refusal = statusOf(hardwareId);
      noteRefused(options, hardwareId, refusal.code);
      callback(refusal);
      return;
    }
    const interrupted = options.gateway.interrupt(hardwareId);
    const ctx = { hardware_id: hardwareId, interrupted_sessions: interrupted.length };
    options.log.info({ scope: 'workflow', method: METHOD, decision: 'interrupt', ctx }, 'a device asked for silence');
    const message = interrupted.length === 0 ? 'No running stream' : `Interrupted streams: ${interrupted.length}`;
    callback(null, { success: true, interrupted_sessions: [...interrupted], message });
  };
}

/** What was given as the id is as long as the client likes: it stands in no log line. */
function noteRefused({ gateway, log }: InterruptSessionOptions, why: Failure, grpcStatus: number): void {
  const streamId = makeStreamId();
  gateway.noteInvalid({ streamId, method: METHOD }, why);
  const ids = { session_id: '', hardware_id: '', stream_id: streamId };
  const ctx = { ...ids, error_code: why.errorCode, error_type: why.errorType, grpc_status: grpcStatus };
  log.error({ scope: 'grpc', method: METHOD, decision: 'error', ctx }, 'a call ended with an error');
}
