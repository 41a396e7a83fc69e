/** InterruptSession: ends every running stream of a device, at once. */
import type { handleUnaryCall } from '@grpc/grpc-js';
import type { StreamGateway } from '../machines/stream-port.ts';
import type { Logger } from '../observe/logger.ts';
import type { InterruptRequest__Output } from './generated/streaming/InterruptRequest.ts';
import type { InterruptResponse } from './generated/streaming/InterruptResponse.ts';
import { requireHardwareId } from './identity.ts';
import { statusOf } from './status.ts';

/** The handler of InterruptSession; success is true also when nothing was running. */
export function createInterruptSessionHandler(options: {
  readonly gateway: StreamGateway;
  readonly log: Logger;
}): handleUnaryCall<InterruptRequest__Output, InterruptResponse> {
  return (call, callback) => {
    const hardwareId = requireHardwareId(call.request.hardware_id);
    if (typeof hardwareId !== 'string') {
      callback(statusOf(hardwareId));
      return;
    }
    const interrupted = options.gateway.interrupt(hardwareId);
    const ctx = { hardware_id: hardwareId, interrupted_sessions: interrupted.length };
    options.log.info(
      { scope: 'workflow', method: 'InterruptSession', decision: 'interrupt', ctx },
      'a device asked for silence',
    );
    const message = interrupted.length === 0 ? 'No running stream' : `Interrupted streams: ${interrupted.length}`;
    callback(null, { success: true, interrupted_sessions: [...interrupted], message });
  };
}
