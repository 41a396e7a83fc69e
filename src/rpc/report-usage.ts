/**
 * ReportUsage: a device tells what tokens it used elsewhere. success=true means that the report is on the disk; what could not be stored is
 * told with its reason and status OK. It needs no slot and no engine, so it is served while the server starts and drains, too.
 */
import type { handleUnaryCall } from '@grpc/grpc-js';
import { failure } from '../errors.ts';
import type { UsageRequest__Output } from './generated/streaming/UsageRequest.ts';
import type { UsageResponse } from './generated/streaming/UsageResponse.ts';
import { quote } from './identity.ts';
import { createUnaryHandler, type UnaryCallOptions } from './unary-rpcs.ts';

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
