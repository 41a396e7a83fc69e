/**
 * Reads the trailer grpc-status-details-bin as a client would that knows nothing of the server's code: with the published
 * messages of google.rpc, written out here a second time.
 */
import type { Metadata } from '@grpc/grpc-js';
import { fromJSON } from '@grpc/proto-loader';

export interface RichStatus {
  readonly code: number;
  readonly message: string;
  readonly reason: string;
  readonly domain: string;
  /** null = the status has no RetryInfo. */
  readonly retryAfterMs: number | null;
}

const definitions = fromJSON(
  {
    nested: {
      Any: { fields: { type_url: { type: 'string', id: 1 }, value: { type: 'bytes', id: 2 } } },
      Status: {
        fields: {
          code: { type: 'int32', id: 1 },
          message: { type: 'string', id: 2 },
          details: { rule: 'repeated', type: 'Any', id: 3 },
        },
      },
      ErrorInfo: { fields: { reason: { type: 'string', id: 1 }, domain: { type: 'string', id: 2 } } },
      Duration: { fields: { seconds: { type: 'int64', id: 1 }, nanos: { type: 'int32', id: 2 } } },
      RetryInfo: { fields: { retry_delay: { type: 'Duration', id: 1 } } },
    },
  },
  { keepCase: true, defaults: true, longs: Number },
);

/** The rich status of a failed call; throws when the trailer is missing, doubled or malformed. */
export function richStatusOf(trailers: Metadata): RichStatus {
  const values = trailers.get('grpc-status-details-bin');
  const [bytes] = values;
  if (values.length !== 1 || !Buffer.isBuffer(bytes)) throw new Error(`${values.length} rich statuses, not one`);
  const { code, message, details } = record(decode('Status', bytes));
  const anys = Array.isArray(details) ? details.map(record) : [];
  const info = record(unpack(anys, 'ErrorInfo') ?? {});
  const retry = unpack(anys, 'RetryInfo');
  return {
    code: Number(code),
    message: String(message),
    reason: String(info.reason),
    domain: String(info.domain),
    retryAfterMs: retry === null ? null : millisecondsOf(record(record(retry).retry_delay)),
  };
}

function unpack(anys: readonly Record<string, unknown>[], name: string): unknown {
  const found = anys.filter((any) => any.type_url === `type.googleapis.com/google.rpc.${name}`);
  const value = found[0]?.value;
  if (found.length > 1) throw new Error(`${found.length} ${name} in one status`);
  return Buffer.isBuffer(value) ? decode(name, value) : null;
}

function millisecondsOf({ seconds, nanos }: Record<string, unknown>): number {
  return Number(seconds) * 1000 + Number(nanos) / 1e6;
}

function decode(name: string, bytes: Buffer): unknown {
  const deserialize: unknown = Reflect.get(definitions[name] ?? {}, 'deserialize');
  if (typeof deserialize !== 'function') throw new Error(`no message ${name}`);
  return deserialize(bytes);
}

function record(value: unknown): Record<string, unknown> {
  if (typeof value !== 'object' || value === null) throw new Error(`${String(value)} is no message`);
  return Object.fromEntries(Object.entries(value));
}
