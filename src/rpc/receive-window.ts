/**
 * The HTTP/2 receive windows: how much a client may send before it hears that it was read. The protocol's 64 KiB, where grpc-js leaves
 * them, are at most 64 KiB a round trip: a 3 MB screenshot over 50 ms takes seconds.
 */
import type { Http2Server } from 'node:http2';

/** One stream: base64 of a 3 MB screenshot fits, so it is under way in one flight. */
export const STREAM_WINDOW_BYTES = 4 * 1024 * 1024;
/** All streams of one connection. */
export const CONNECTION_WINDOW_BYTES = 8 * 1024 * 1024;

/** Gives every connection of a server that does not listen yet the wide windows. */
export function widenReceiveWindow(http2Server: Http2Server): void {
  http2Server.updateSettings({ initialWindowSize: STREAM_WINDOW_BYTES });
  // Settings do not reach the connection's window (RFC 9113 §6.9.2): it has to be told of each.
  http2Server.on('session', (session) => {
    if (!session.destroyed) session.setLocalWindowSize(CONNECTION_WINDOW_BYTES);
  });
}
