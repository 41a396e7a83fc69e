/**
 * The two unary rpcs. InterruptSession ends every running stream of a device, at once. ReportUsage: a device tells what tokens it used
 * elsewhere; success=true means that the report is on the disk, and what could not be stored is told with its reason and status OK. It
 * needs no slot and no engine, so it is served while the server starts and drains, too.
 *
 * What both share: the call is named, its rpc answers, and whatever goes wrong ends it with one status.
 */
import type { handleUnaryCall } from '@grpc/grpc-js';
import type { Call, RpcMethod } from '../call/call.ts';
import type { StreamGateway } from '../call/gateway.ts';
import type { Config } from '../config.ts';
import { type Failure, failure, failureOfUnexpected } from '../errors.ts';
import type { Logger } from '../observe/logger.ts';
import type { InterruptRequest__Output } from './generated/streaming/InterruptRequest.ts';
import type { InterruptResponse } from './generated/streaming/InterruptResponse.ts';
import type { UsageRequest__Output } from './generated/streaming/UsageRequest.ts';
import type { UsageResponse } from './generated/streaming/UsageResponse.ts';
import { type GivenIds, identify, quote } from './identity.ts';
import { checkRequestSize } from './request-size.ts';
import { statusOf } from './status.ts';

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
      const fields = { scope: 'workflow', method, decision: 'interrupt', ctx, isBounded: true } as const;
      log.info(fields, 'a device asked for silence');
      const message = interrupted.length === 0 ? 'No running stream' : `Interrupted streams: ${interrupted.length}`;
      return { response: { success: true, interrupted_sessions: [...interrupted], message } };
    },
  });
}

const MAX_LABEL_CHARS = 128;
/** An int32 on the wire. */
const MAX_TOKENS = 2_147_483_647;
/** Control characters, and what breaks lines: labels are printed in tables. */
const unprintable = /[\p{Cc}\p{Zl}\p{Zp}]/u;

/** One report, checked. */
export interface ReportedUsage {
  /** Since the epoch. */
  readonly timeMs: number;
  readonly hardwareId: string;
  /** '' = none was given. */
  readonly sessionId: string;
  readonly reporter: 'client';
  readonly source: string;
  readonly model: string;
  readonly inputTokens: number;
  readonly outputTokens: number;
}

/** Where reports are kept. */
export interface UsageLedger {
  /** Resolves once the report is on the disk, or with the reason why it is not; the reason may be shown to clients. */
  record(
    usage: ReportedUsage,
  ): Promise<{ readonly stored: true } | { readonly stored: false; readonly reason: string }>;
}

export interface ReportUsageOptions extends UnaryCallOptions {
  readonly usage: UsageLedger;
  /** The wall clock, in ms since the epoch. */
  readonly wallClockMs: () => number;
}

/** The handler of ReportUsage. */
export function createReportUsageHandler(
  options: ReportUsageOptions,
): handleUnaryCall<UsageRequest__Output, UsageResponse> {
  const { usage, wallClockMs } = options;
  return createUnaryHandler(options, {
    method: 'ReportUsage',
    answer: async ({ hardwareId, sessionId }, given) => {
      const { source, model, input_tokens: inputTokens, output_tokens: outputTokens } = given;
      const fault = labelFault('source', source) ?? labelFault('model', model) ?? tokenFault(given);
      if (fault !== null) return { failure: failure('invalid_request', fault) };
      const reported = { timeMs: wallClockMs(), hardwareId, sessionId, source, model, inputTokens, outputTokens };
      const outcome = await usage.record({ ...reported, reporter: 'client' });
      const message = outcome.stored ? 'Stored' : `Not stored: ${outcome.reason}`;
      return { response: { success: outcome.stored, message } };
    },
  });
}

function labelFault(field: string, label: string): string | null {
  // UTF-16 first: nobody counts the characters of a megabyte.
  if (label.length > 2 * MAX_LABEL_CHARS || [...label].length > MAX_LABEL_CHARS) {
    return `${field} ${quote(label)} must have at most ${MAX_LABEL_CHARS} characters`;
  }
  return unprintable.test(label) ? `${field} ${quote(label)} must have no control characters` : null;
}

function tokenFault(given: UsageRequest__Output): string | null {
  for (const field of ['input_tokens', 'output_tokens'] as const) {
    if (given[field] < 0) return `${field} ${given[field]} must be 0..${MAX_TOKENS}`;
  }
  return null;
}

interface UnaryCallOptions {
  readonly config: Config;
  readonly gateway: StreamGateway;
  readonly log: Logger;
}

/** What a unary rpc comes to. */
type UnaryOutcome<TResponse> = { readonly response: TResponse } | { readonly failure: Failure };

/** One unary rpc. */
interface UnaryRpc<TGiven, TResponse> {
  readonly method: RpcMethod;
  answer(call: Call, given: TGiven): UnaryOutcome<TResponse> | Promise<UnaryOutcome<TResponse>>;
}

/** The handler of a unary rpc. */
function createUnaryHandler<TGiven extends GivenIds, TResponse>(
  options: UnaryCallOptions,
  rpc: UnaryRpc<TGiven, TResponse>,
): handleUnaryCall<TGiven, TResponse> {
  const { config, gateway, log } = options;
  const { method } = rpc;
  return async ({ request }, callback) => {
    const { call, failure: misnamed } = identify[method](config.identity.policy, request);
    try {
      const refused = checkRequestSize(request) ?? misnamed;
      const outcome = refused === null ? await rpc.answer(call, request) : { failure: refused };
      // Counted and logged by the gateway, as every refusal is.
      if ('failure' in outcome) callback(statusOf(gateway.refuse(call, outcome.failure)));
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
