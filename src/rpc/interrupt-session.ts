/** InterruptSession: ends every running stream of a device, at once. */
import type { handleUnaryCall } from '@grpc/grpc-js';
import type { InterruptRequest__Output } from './generated/streaming/InterruptRequest.ts';
import type { InterruptResponse } from './generated/streaming/InterruptResponse.ts';
import { createUnaryHandler, type UnaryCallOptions } from './unary-rpcs.ts';

/** The handler of InterruptSession; success is true also when nothing was running. */
export function createInterruptSessionHandler(
  options: UnaryCallOptions,
): handleUnaryCall<InterruptRequest__Output, InterruptResponse> {
  const { gateway, log } = options;
  return createUnaryHandler(options, {
    method: 'InterruptSession',
    answer: async ({ method, hardwareId }) => {
      const interrupted = await gateway.interrupt(hardwareId);
      const ctx = { hardware_id: hardwareId, interrupted_sessions: interrupted.length };
      log.info({ scope: 'workflow', method, decision: 'interrupt', ctx }, 'a device asked for silence');
      const message = interrupted.length === 0 ? 'No running stream' : `Interrupted streams: ${interrupted.length}`;
      return { response: { success: true, interrupted_sessions: [...interrupted], message } };
    },
  });
}
