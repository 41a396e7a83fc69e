/** How a unary call with a bad request ends: counted, logged and answered, as a stream's sink does it for a streaming one. */
import type { sendUnaryData } from '@grpc/grpc-js';
import type { RpcMethod, StreamGateway } from '../call/gateway.ts';
import type { Logger } from '../observe/logger.ts';
import type { RefusedRequest } from './identity.ts';
import { statusOf } from './status.ts';

export interface RefusedCall<TResponse> {
  readonly method: RpcMethod;
  readonly streamId: string;
  readonly callback: sendUnaryData<TResponse>;
}

/** Ends the call with the status of its failure. */
export function refuseUnary<TResponse>(
  { gateway, log }: { readonly gateway: StreamGateway; readonly log: Logger },
  { method, streamId, callback }: RefusedCall<TResponse>,
  { failure, sessionId, hardwareId }: RefusedRequest,
): void {
  const status = statusOf(failure);
  gateway.noteInvalid({ sessionId, hardwareId, streamId, method }, failure);
  const ids = { session_id: sessionId, hardware_id: hardwareId, stream_id: streamId };
  const ctx = { ...ids, error_code: failure.errorCode, error_type: failure.errorType, grpc_status: status.code };
  log.error({ scope: 'grpc', method, decision: 'error', ctx }, 'a call ended with an error');
  callback(status);
}
