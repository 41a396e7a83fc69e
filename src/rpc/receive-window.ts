/**
 * Widens the HTTP/2 receive windows of a grpc-js server. grpc-js leaves them at the protocol's 64 KiB and has no option for it, so an
 * upload is at most 64 KiB a round trip: a 3 MB screenshot over 50 ms takes seconds.
 *
 * It wraps the method with which this one server makes its HTTP/2 servers, and what it changes there is public API of node:http2.
 * Nothing outside that server is touched. A grpc-js without that method works as before, with narrow windows: a test
 * over a delaying proxy notices.
 */

import type { Http2Server } from 'node:http2';
import type { Server } from '@grpc/grpc-js';

/** One stream: base64 of a 3 MB screenshot fits, so it is under way in one flight. */
export const STREAM_WINDOW_BYTES = 4 * 1024 * 1024;
/** All streams of one connection. */
export const CONNECTION_WINDOW_BYTES = 8 * 1024 * 1024;

/** Gives every connection of `server` the wide windows; call it before `bindAsync`. */
export function widenReceiveWindow(server: Server): void {
  const create: unknown = Reflect.get(server, 'createHttp2Server');
  if (typeof create !== 'function') return;
  Reflect.set(server, 'createHttp2Server', (...args: unknown[]): unknown => {
    const made: unknown = Reflect.apply(create, server, args);
    if (isHttp2Server(made)) widen(made);
    return made;
  });
}

function widen(http2Server: Http2Server): void {
  http2Server.updateSettings({ initialWindowSize: STREAM_WINDOW_BYTES });
  // Settings do not reach the connection's window (RFC 9113 §6.9.2): it has to be told of each.
  http2Server.on('session', (session) => {
    if (!session.destroyed) session.setLocalWindowSize(CONNECTION_WINDOW_BYTES);
  });
}

function isHttp2Server(made: unknown): made is Http2Server {
  return typeof made === 'object' && made !== null && 'updateSettings' in made && 'on' in made;
}
