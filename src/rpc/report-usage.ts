/**
 * ReportUsage: a device tells what tokens it used elsewhere. success=true means that the report is on the disk; what could not be stored is
 * told with its reason and status OK. It needs no slot and no engine, so it is served while the server starts and drains, too.
 */
import type { handleUnaryCall } from '@grpc/grpc-js';
import type { StreamGateway } from '../call/gateway.ts';
import type { Config } from '../config.ts';
import { failure, failureOfUnexpected } from '../errors.ts';
import type { Logger } from '../observe/logger.ts';
import type { UsageRequest__Output } from './generated/streaming/UsageRequest.ts';
import type { UsageResponse } from './generated/streaming/UsageResponse.ts';
import { identifyReport, makeStreamId, quote, type RefusedRequest } from './identity.ts';
import { checkRequestSize, requestBytesOf } from './request-size.ts';
import { statusOf } from './status.ts';
import { refuseUnary } from './unary-refusal.ts';

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

export interface ReportUsageOptions {
  readonly config: Config;
  readonly gateway: StreamGateway;
  readonly usage: UsageLedger;
  readonly log: Logger;
  /** The wall clock, in ms since the epoch. */
  readonly wallClockMs: () => number;
}

/** The handler of ReportUsage. */
export function createReportUsageHandler({
  config,
  gateway,
  usage,
  log,
  wallClockMs,
}: ReportUsageOptions): handleUnaryCall<UsageRequest__Output, UsageResponse> {
  return async (call, callback) => {
    const streamId = makeStreamId();
    try {
      const checked = checkReport(config, call.request, requestBytesOf(call.request));
      if ('failure' in checked) {
        refuseUnary({ gateway, log }, { method: 'ReportUsage', streamId, callback }, checked);
        return;
      }
      const outcome = await usage.record({ ...checked, timeMs: wallClockMs() });
      const message = outcome.stored ? 'Stored' : `Not stored: ${outcome.reason}`;
      callback(null, { success: outcome.stored, message });
    } catch (error) {
      const ctx = { stream_id: streamId };
      log.error({ scope: 'grpc', method: 'ReportUsage', decision: 'fault', ctx, err: error }, 'a handler threw');
      callback(statusOf(failureOfUnexpected('processing_error', streamId)));
    }
  };
}

function checkReport(
  { identity }: Config,
  given: UsageRequest__Output,
  requestBytes: number,
): Omit<ReportedUsage, 'timeMs'> | RefusedRequest {
  const ids = identifyReport(identity.policy, given);
  const tooLarge = checkRequestSize(requestBytes);
  if (tooLarge !== null) return { ...ids, failure: tooLarge };
  if ('failure' in ids) return ids;
  const fault = labelFault('source', given.source) ?? labelFault('model', given.model) ?? tokenFault(given);
  if (fault !== null) return { ...ids, failure: failure('invalid_request', fault) };
  const { source, model, input_tokens: inputTokens, output_tokens: outputTokens } = given;
  return { ...ids, reporter: 'client', source, model, inputTokens, outputTokens };
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
