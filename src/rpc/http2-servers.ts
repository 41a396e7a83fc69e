/**
 * The HTTP/2 servers that a grpc-js server makes, and what is set on them: receive windows that fit a screenshot, a cut that no client
 * takes for its own cancel, and an ear for what grpc-js refuses by itself; the bounds of request-budget.ts are put on them here as well.
 * grpc-js has no option for any of them, so the method with which this one server makes them is wrapped; nothing outside that server is
 * touched. A grpc-js without that method works as before, only that nobody is told.
 */
import {
  constants,
  type Http2Server,
  type IncomingHttpHeaders,
  type ServerHttp2Session,
  type ServerHttp2Stream,
} from 'node:http2';
import type { Server } from '@grpc/grpc-js';

/** Calls `configure` with each HTTP/2 server of `server`, before it listens; to be asked for before `bindAsync`. */
export function configureHttp2Servers(server: Server, configure: (http2Server: Http2Server) => void): void {
  const create: unknown = Reflect.get(server, 'createHttp2Server');
  if (typeof create !== 'function') return;
  Reflect.set(server, 'createHttp2Server', (...args: unknown[]): unknown => {
    const made: unknown = Reflect.apply(create, server, args);
    if (isHttp2Server(made)) configure(made);
    return made;
  });
}

function isHttp2Server(made: unknown): made is Http2Server {
  return typeof made === 'object' && made !== null && 'updateSettings' in made && 'on' in made;
}

/** One stream: base64 of a 3 MB screenshot fits, so it is under way in one flight. */
export const STREAM_WINDOW_BYTES = 4 * 1024 * 1024;
/** All streams of one connection. */
export const CONNECTION_WINDOW_BYTES = 8 * 1024 * 1024;

/**
 * Gives every connection of a server that does not listen yet the wide windows. The protocol's 64 KiB, where grpc-js leaves them, are
 * at most 64 KiB a round trip: a 3 MB screenshot over 50 ms takes seconds.
 */
export function widenReceiveWindow(http2Server: Http2Server): void {
  http2Server.updateSettings({ initialWindowSize: STREAM_WINDOW_BYTES });
  // Settings do not reach the connection's window (RFC 9113 §6.9.2): it has to be told of each.
  http2Server.on('session', (session) => {
    if (!session.destroyed) session.setLocalWindowSize(CONNECTION_WINDOW_BYTES);
  });
}

/**
 * Cuts, when the returned function is called, every connection of the server that is still open, whatever runs on it. Its clients read
 * UNAVAILABLE, as of a server that is gone: grpc-js's own way of cutting resets their calls with CANCEL, which reads as a cancel of theirs.
 */
export function createConnectionCut(): { watch(http2Server: Http2Server): void; cut(): void } {
  const open = new Set<ServerHttp2Session>();
  return {
    watch: (http2Server) => {
      http2Server.on('session', (session) => {
        open.add(session);
        session.once('close', () => open.delete(session));
      });
    },
    cut: () => {
      for (const session of open) session.destroy();
    },
  };
}

/** A call that grpc-js refused before any handler saw it: too large, not decodable, an rpc that does not exist. */
export interface TransportRefusal {
  /** The last part of its path; a client's word. */
  readonly method: string;
  readonly grpcStatus: number;
  /** grpc-js's own text, as it was sent. */
  readonly details: string;
}

/** Ours have it in their trailers; what grpc-js says by itself has not. */
const ERROR_TYPE_KEY = 'error-type';
/** A call whose deadline passed, which its handler is told of as a cancel. */
const DEADLINE_EXCEEDED = 4;

/** grpc-js percent-encodes what it sends. */
function textOf(sent: unknown): string {
  const text = typeof sent === 'string' ? sent : '';
  try {
    return decodeURI(text);
  } catch {
    return text;
  }
}

/** Tells, once a call is over, of each below `servicePath` that the transport refused. */
export function tellTransportRefusals(
  http2Server: Http2Server,
  servicePath: string,
  tell: (refusal: TransportRefusal) => void,
): void {
  http2Server.on('stream', (stream: ServerHttp2Stream, headers: IncomingHttpHeaders) => {
    const path = headers[constants.HTTP2_HEADER_PATH];
    if (typeof path !== 'string' || !path.startsWith(servicePath)) return;
    // Told once, so that a listener that takes itself away again is not needed.
    stream.on('close', () => {
      // A status without any data before it travels in the headers.
      const sent = stream.sentTrailers ?? stream.sentHeaders;
      const grpcStatus = Number(sent?.['grpc-status'] ?? 0);
      if (grpcStatus === 0 || grpcStatus === DEADLINE_EXCEEDED || sent?.[ERROR_TYPE_KEY] !== undefined) return;
      tell({ method: path.slice(servicePath.length), grpcStatus, details: textOf(sent?.['grpc-message']) });
    });
  });
}
