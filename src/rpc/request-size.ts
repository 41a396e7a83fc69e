/** How large a request was on the wire: noted when it is decoded, asked for by its handler; and how large it may be. */
import type { ServiceDefinition } from '@grpc/grpc-js';
import { type Failure, failure } from '../errors.ts';

/** Larger requests are refused by the handler up to MAX_RECEIVED_BYTES, by the transport beyond (CONTRACT §1). */
const MAX_REQUEST_BYTES = 16 * 1024 * 1024;
export const MAX_RECEIVED_BYTES = 20 * 1024 * 1024;

const sizes = new WeakMap<object, number>();

/** The size of a decoded request in bytes, for who asks first; 0 if it was not decoded by a definition of `withRequestSizes`. */
export function requestBytesOf(request: object): number {
  const bytes = sizes.get(request) ?? 0;
  sizes.delete(request);
  return bytes;
}

/** Why a request is refused for its size; null if it is not. */
export function checkRequestSize(request: object): Failure | null {
  const requestBytes = requestBytesOf(request);
  if (requestBytes <= MAX_REQUEST_BYTES) return null;
  return failure(
    'request_too_large',
    `The request has ${requestBytes} bytes; at most ${MAX_REQUEST_BYTES} are accepted`,
  );
}

/** The same service, whose requests have a size. */
export function withRequestSizes<T extends ServiceDefinition>(service: T): T {
  const sized = Object.entries(service).map(([name, method]) => {
    const requestDeserialize = (bytes: Buffer) => {
      const request = method.requestDeserialize(bytes);
      sizes.set(request, bytes.byteLength);
      return request;
    };
    return [name, { ...method, requestDeserialize }];
  });
  return { ...service, ...Object.fromEntries(sized) };
}
