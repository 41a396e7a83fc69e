/** How large a request was on the wire: noted when it is decoded, asked for by its handler. */
import type { ServiceDefinition } from '@grpc/grpc-js';

const sizes = new WeakMap<object, number>();

/** The size of a decoded request in bytes; 0 if it was not decoded by a definition of `withRequestSizes`. */
export function requestBytesOf(request: object): number {
  return sizes.get(request) ?? 0;
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
