/**
 * The only place that knows gRPC statuses: a Failure in, the status with its trailers out. Trailers carry `error-type` and
 * `grpc-status-details-bin`, a google.rpc.Status with ErrorInfo and, where a retry makes sense, RetryInfo (AIP-193).
 */
import { Metadata, type StatusObject, status } from '@grpc/grpc-js';
import { type ErrorCode, type Failure, retryAfterMsOf } from '../errors.ts';
import { errorModel } from './proto.ts';

const ERROR_DOMAIN = 'recital';
const TYPE_PREFIX = 'type.googleapis.com/';
/**
 * Status details travel percent-encoded in a header and once more inside the binary trailer; grpc C-core clients refuse more than
 * 8 KiB of headers in all. A longer text is cut here, for the error frame and the status alike.
 */
const MAX_ENCODED_DETAILS_BYTES = 2400;

const statusOfCode: Readonly<Record<ErrorCode, status>> = {
  INVALID_ARGUMENT: status.INVALID_ARGUMENT,
  RESOURCE_EXHAUSTED: status.RESOURCE_EXHAUSTED,
  DEADLINE_EXCEEDED: status.DEADLINE_EXCEEDED,
  UNAVAILABLE: status.UNAVAILABLE,
  CANCELLED: status.CANCELLED,
  PERMISSION_DENIED: status.PERMISSION_DENIED,
  NOT_FOUND: status.NOT_FOUND,
  UNAUTHENTICATED: status.UNAUTHENTICATED,
  INTERNAL: status.INTERNAL,
};

/** The status of a failed call: code, details that fit a header, trailers. */
export function statusOf(failed: Failure): StatusObject {
  const code = statusOfCode[failed.errorCode];
  const details = detailsOf(failed.message);
  const metadata = new Metadata();
  metadata.set('error-type', failed.errorType);
  metadata.set('grpc-status-details-bin', richStatusOf(code, details, failed));
  return { code, details, metadata };
}

/** How grpc-js is told that a message of a call can't be had; it ends the call with it, before any handler has seen it. */
export interface MessageRefusal {
  readonly code: status;
  readonly details: string;
}

const statusOfMessage = {
  broken: status.INTERNAL,
  cancelled: status.CANCELLED,
  tooLarge: status.RESOURCE_EXHAUSTED,
  unimplemented: status.UNIMPLEMENTED,
} as const;

/** The transport's own status for a message, the codes that grpc-js gives for the same. */
export function refusedMessage(why: keyof typeof statusOfMessage, details: string): MessageRefusal {
  return { code: statusOfMessage[why], details };
}

/** `RESOURCE_EXHAUSTED` of 8; '' where there is no such status. */
export function statusNameOf(code: number): string {
  return status[code] ?? '';
}

/** The text as both the error frame and the status carry it: well-formed (a lone surrogate would hang the call), bounded. */
export function detailsOf(message: string): string {
  const text = message.toWellFormed();
  if (encodedBytesOf(text) <= MAX_ENCODED_DETAILS_BYTES) return text;
  let kept = '';
  let bytes = 0;
  for (const character of text) {
    bytes += encodedBytesOf(character);
    if (bytes > MAX_ENCODED_DETAILS_BYTES) break;
    kept += character;
  }
  return `${kept}…`;
}

function encodedBytesOf(text: string): number {
  return encodeURIComponent(text).length;
}

function richStatusOf(code: number, message: string, failed: Failure): Buffer {
  const info = { reason: failed.errorType.toUpperCase(), domain: ERROR_DOMAIN };
  const details = [{ type_url: `${TYPE_PREFIX}google.rpc.ErrorInfo`, value: errorModel.ErrorInfo.serialize(info) }];
  const retryAfterMs = retryAfterMsOf(failed.errorType);
  if (retryAfterMs !== undefined) {
    const retry_delay = { seconds: Math.floor(retryAfterMs / 1000), nanos: (retryAfterMs % 1000) * 1_000_000 };
    const value = errorModel.RetryInfo.serialize({ retry_delay });
    details.push({ type_url: `${TYPE_PREFIX}google.rpc.RetryInfo`, value });
  }
  return errorModel.Status.serialize({ code, message, details });
}
