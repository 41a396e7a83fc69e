/** What the handlers of all unary rpcs do: name the call, let its rpc answer, and end it with the one status of whatever goes wrong. */
import type { handleUnaryCall, sendUnaryData } from '@grpc/grpc-js';
import { type Call, idsOf, type RpcMethod } from '../call/call.ts';
import type { StreamGateway } from '../call/gateway.ts';
import type { Config } from '../config.ts';
import { type Failure, failureOfUnexpected } from '../errors.ts';
import type { Logger } from '../observe/logger.ts';
import { type GivenIds, identify } from './identity.ts';
import { checkRequestSize } from './request-size.ts';
import { statusOf } from './status.ts';

export interface UnaryCallOptions {
  readonly config: Config;
  readonly gateway: StreamGateway;
  readonly log: Logger;
}

/** What a unary rpc comes to. */
export type UnaryOutcome<TResponse> = { readonly response: TResponse } | { readonly failure: Failure };

/** One unary rpc. */
export interface UnaryRpc<TGiven, TResponse> {
  readonly method: RpcMethod;
  answer(call: Call, given: TGiven): UnaryOutcome<TResponse> | Promise<UnaryOutcome<TResponse>>;
}

/** The handler of a unary rpc. */
export function createUnaryHandler<TGiven extends GivenIds, TResponse>(
  options: UnaryCallOptions,
  rpc: UnaryRpc<TGiven, TResponse>,
): handleUnaryCall<TGiven, TResponse> {
  const { config, log } = options;
  const { method } = rpc;
  return async ({ request }, callback) => {
    const { call, failure } = identify[method](config.identity.policy, request);
    try {
      const refused = checkRequestSize(request) ?? failure;
      const outcome = refused === null ? await rpc.answer(call, request) : { failure: refused };
      if ('failure' in outcome) refuse(options, call, outcome.failure, callback);
      else callback(null, outcome.response);
    } catch (error) {
      const { streamId } = call;
      log.error(
        { scope: 'grpc', method, decision: 'fault', ctx: { stream_id: streamId }, err: error },
        'a handler threw',
      );
      callback(statusOf(failureOfUnexpected('processing_error', streamId)));
    }
  };
}

/** Counted, logged and answered as a stream's sink does it for a streaming call. */
function refuse<TResponse>(
  { gateway, log }: UnaryCallOptions,
  call: Call,
  failure: Failure,
  callback: sendUnaryData<TResponse>,
): void {
  const status = statusOf(gateway.refuse(call, failure));
  const { errorCode, errorType } = failure;
  const ctx = { ...idsOf(call), error_code: errorCode, error_type: errorType, grpc_status: status.code };
  log.error({ scope: 'grpc', method: call.method, decision: 'error', ctx }, 'a call ended with an error');
  callback(status);
}
