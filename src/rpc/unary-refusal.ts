/** How a unary call with a bad request ends: counted, logged and answered, as a stream's sink does it for a streaming one. */
import type { sendUnaryData } from '@grpc/grpc-js';
import type { Failure } from '../errors.ts';
import type { RpcMethod, StreamGateway } from '../machines/stream-port.ts';
import type { Logger } from '../observe/logger.ts';
import { statusOf } from './status.ts';

export interface RefusedCall<TResponse> {
  readonly method: RpcMethod;
  readonly streamId: string;
  readonly callback: sendUnaryData<TResponse>;
}

/** Ends the call with the status of `why`. What was given as an id is as long as the client likes: it stands in no log line. */
export function refuseUnary<TResponse>(
  { gateway, log }: { readonly gateway: StreamGateway; readonly log: Logger },
  { method, streamId, callback }: RefusedCall<TResponse>,
  why: Failure,
): void {
  const status = statusOf(why);
  gateway.noteInvalid({ streamId, method }, why);
  const ids = { session_id: '', hardware_id: '', stream_id: streamId };
  const ctx = { ...ids, error_code: why.errorCode, error_type: why.errorType, grpc_status: status.code };
  log.error({ scope: 'grpc', method, decision: 'error', ctx }, 'a call ended with an error');
  callback(status);
}
