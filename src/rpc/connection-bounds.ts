/**
 * What clients may make the server keep open: connections, their metadata, requests that never come to an end, and calls that stay open
 * on purpose (health watches, reflection). grpc-js has no bound for any of them, or none that is told; a good client comes near none.
 *
 * Guarantees: where `maxConnections` are open, one more takes the place of the one that has had no stream for longest (call/places.ts), and
 * is closed itself where each has one. A connection that has sent no HTTP/2 preface and settings after PREFACE_DUE_MS is closed; metadata of more than MAX_METADATA_BYTES resets its stream, and so does a request that is not complete after REQUEST_DUE_MS: its
 * client reads RESOURCE_EXHAUSTED. Each is told in the log by its reason.
 * How many streams a connection may have at a time is HTTP/2's own setting, and how much of unfinished requests is held is bounded elsewhere.
 */
import {
  constants,
  type Http2Server,
  type Http2Session,
  type IncomingHttpHeaders,
  type ServerHttp2Stream,
} from 'node:http2';
import { ServerInterceptingCall, type ServerInterceptingCallInterface } from '@grpc/grpc-js';
import type { OwnTime } from '../call/own-time.ts';
import { Places } from '../call/places.ts';
import { failure } from '../errors.ts';
import { statusOf } from './status.ts';

/** CONTRACT §7. A client sends it with its first packet. */
const PREFACE_DUE_MS = 5_000;
/** CONTRACT §7; as HTTP/2 counts: names, values and 32 bytes for each pair. */
const MAX_METADATA_BYTES = 16 * 1024;
/** The largest request takes so long over 2 Mbit/s. */
const REQUEST_DUE_MS = 60_000;
/** A client has sent its first call by then. */
const SPARE_AFTER_MS = 1_000;
/**
 * As many may come in one turn of the event loop and wait for the places of others; beyond it Node closes them before anything is made. They are
 * a part of the places, since they have descriptors, too, beside those that were shared out.
 */
const waitingFor = (maxConnections: number): number => Math.min(32, Math.max(8, Math.floor(maxConnections / 16)));
/** How late one may be noticed. */
const SWEEP_INTERVAL_MS = 5_000;

/** Why something was closed. */
export type BoundReason =
  | 'too_many_connections'
  | 'not_accepted'
  | 'made_room'
  | 'no_preface'
  | 'metadata_too_large'
  | 'request_overdue';

/** Who counts the connections of several processes as one server's. */
export interface SharedPlaces {
  /** One has come, and is served meanwhile; answers whether it may stay. */
  come(answer: (mayStay: boolean) => void): void;
  /** One that may stay is gone, or closed. */
  gone(): void;
}

export interface ConnectionBoundsOptions {
  readonly maxConnections: number;
  /** null or absent = `maxConnections` is all there is. */
  readonly shared?: SharedPlaces | null;
  readonly ownTime: OwnTime;
  /** Calls below it may have any number of requests, for as long as they like. */
  readonly openEndedPath: string;
  /** Told of each that was closed. */
  readonly onClosed: (reason: BoundReason) => void;
}

export interface ConnectionBounds {
  /** Puts a server under the bounds, before it listens. */
  readonly bound: (http2Server: Http2Server) => void;
  /** Closes the connection that has had no stream for longest, for one of another process; false if each has one. */
  readonly makeRoom: () => boolean;
}

export function createConnectionBounds(options: ConnectionBoundsOptions): ConnectionBounds {
  const { maxConnections, ownTime, onClosed } = options;
  const connections = new ConnectionPlaces(options.shared ?? null, onClosed);
  const places = new Places<Http2Session>({
    max: maxConnections,
    spareAfterMs: SPARE_AFTER_MS,
    now: () => ownTime.now(),
    close: (session) => {
      onClosed('made_room');
      connections.leave(session);
      // With a GOAWAY first: a call that is on its way goes over another connection.
      session.close();
    },
  });
  const bound = (http2Server: Http2Server): void => {
    boundConnections(http2Server, { ...options, places, connections });
    // Without a descriptor, for one: the next may have one. While it does not listen yet, whoever asked for that is told.
    http2Server.on('error', () => {
      if (http2Server.listening) options.onClosed('not_accepted');
    });
    // Told to clients; Node keeps to 64 KiB whatever is told.
    http2Server.updateSettings({ maxHeaderListSize: MAX_METADATA_BYTES });
    awaitPrefaces(http2Server, options);
    boundMetadata(http2Server, options);
    boundRequests(http2Server, options);
  };
  return { bound, makeRoom: () => places.makeRoom() };
}

/** Which connections are counted elsewhere, too. */
class ConnectionPlaces {
  readonly #shared: SharedPlaces | null;
  readonly #onClosed: ConnectionBoundsOptions['onClosed'];
  readonly #counted = new Set<Http2Session>();

  constructor(shared: SharedPlaces | null, onClosed: ConnectionBoundsOptions['onClosed']) {
    this.#shared = shared;
    this.#onClosed = onClosed;
  }

  come(session: Http2Session): void {
    const shared = this.#shared;
    shared?.come((mayStay) => {
      if (mayStay && (session.destroyed || session.closed)) shared.gone();
      else if (mayStay) this.#counted.add(session);
      else if (!session.destroyed) {
        this.#onClosed('too_many_connections');
        session.destroy();
      }
    });
  }

  /** Idempotent. */
  leave(session: Http2Session): void {
    if (this.#counted.delete(session)) this.#shared?.gone();
  }
}

interface Bounding extends ConnectionBoundsOptions {
  readonly places: Places<Http2Session>;
  readonly connections: ConnectionPlaces;
}

function boundConnections(
  http2Server: Http2Server,
  { maxConnections, shared = null, places, connections, onClosed }: Bounding,
): void {
  // Node's cluster hands one that a worker does not take to the next, round and round while all are full.
  if (shared === null) http2Server.maxConnections = maxConnections + waitingFor(maxConnections);
  http2Server.on('drop', () => onClosed('too_many_connections'));
  http2Server.on('session', (session) => {
    if (places.take(session)) {
      session.once('close', () => {
        places.leave(session);
        connections.leave(session);
      });
      connections.come(session);
      return;
    }
    onClosed('too_many_connections');
    session.destroy();
  });
  http2Server.on('stream', (stream: ServerHttp2Stream) => {
    const { session } = stream;
    if (session === undefined) return;
    places.begin(session);
    stream.once('close', () => places.end(session));
  });
}

/** A session exists as soon as its connection does; that a client has spoken shows by its settings, which come with the preface. */
function awaitPrefaces(http2Server: Http2Server, { ownTime, onClosed }: ConnectionBoundsOptions): void {
  http2Server.on('session', (session) => {
    const timer = ownTime.setTimeout(() => {
      if (session.destroyed) return;
      onClosed('no_preface');
      session.destroy();
    }, PREFACE_DUE_MS);
    session.once('remoteSettings', () => ownTime.clearTimeout(timer));
    session.once('close', () => ownTime.clearTimeout(timer));
  });
}

/** What a pair costs beside its name and value (RFC 9113 §6.5.2). */
const PAIR_BYTES = 32;

function boundMetadata(http2Server: Http2Server, { onClosed }: ConnectionBoundsOptions): void {
  // Node's types leave the last one out: names and values in turns, as they came.
  type Raw = readonly string[];
  const look = (stream: ServerHttp2Stream, _: IncomingHttpHeaders, _flags: number, rawHeaders: Raw): void => {
    let bytes = (rawHeaders.length / 2) * PAIR_BYTES;
    for (const word of rawHeaders) bytes += word.length;
    if (bytes <= MAX_METADATA_BYTES) return;
    onClosed('metadata_too_large');
    stream.close(constants.NGHTTP2_ENHANCE_YOUR_CALM);
  };
  http2Server.on('stream', look);
}

/** Every rpc but reflection has one message of a client, and its end; behind a second one grpc-js ends the call. */
function boundRequests(http2Server: Http2Server, { ownTime, openEndedPath, onClosed }: ConnectionBoundsOptions): void {
  /** Those that are not complete, oldest first, and when they began. */
  const unfinished = new Map<ServerHttp2Stream, number>();
  let sweep: NodeJS.Timeout | undefined;
  const reset = (stream: ServerHttp2Stream, reason: BoundReason): void => {
    unfinished.delete(stream);
    if (stream.closed) return;
    onClosed(reason);
    // gRPC clients take this code for RESOURCE_EXHAUSTED.
    stream.close(constants.NGHTTP2_ENHANCE_YOUR_CALM);
  };
  const look = (): void => {
    for (const [stream, beganAtMs] of unfinished) {
      if (ownTime.now() - beganAtMs < REQUEST_DUE_MS) break;
      reset(stream, 'request_overdue');
    }
    if (unfinished.size > 0) return;
    clearInterval(sweep);
    sweep = undefined;
  };
  http2Server.on('stream', (stream: ServerHttp2Stream, headers: IncomingHttpHeaders) => {
    const path = headers[constants.HTTP2_HEADER_PATH];
    if (typeof path === 'string' && path.startsWith(openEndedPath)) return;
    unfinished.set(stream, ownTime.now());
    sweep ??= setInterval(look, SWEEP_INTERVAL_MS).unref();
    // Behind the end of its request, a stream that lives on has nothing of this.
    const forget = (): void => {
      unfinished.delete(stream);
      stream.off('end', forget);
      stream.off('close', forget);
    };
    stream.on('end', forget);
    stream.on('close', forget);
  });
}

export interface OpenCallBounds {
  /** What they are, in the plural. */
  readonly name: string;
  readonly perConnection: number;
  readonly inAll: number;
}

/**
 * Bounds calls that stay open for as long as their client likes, each of which costs some 20 KB: one more is refused at once with the number
 * and the bound.
 */
export class OpenCalls {
  readonly #bounds: OpenCallBounds;
  /** By the address and port of the client's end. */
  readonly #ofConnection = new Map<string, number>();
  #inAll = 0;

  constructor(bounds: OpenCallBounds) {
    this.#bounds = bounds;
  }

  /** The call, counted until it is over. */
  counted(nextCall: ServerInterceptingCallInterface): ServerInterceptingCallInterface {
    const connection = nextCall.getPeer();
    let isCounted = false;
    const call: ServerInterceptingCall = new ServerInterceptingCall(nextCall, {
      start: (next) =>
        next({
          onReceiveMetadata: (metadata, pass) => {
            const refusal = this.#refusal(connection);
            if (refusal !== null) {
              call.sendStatus(statusOf(failure('overloaded', refusal)));
              return;
            }
            isCounted = true;
            this.#add(connection, 1);
            pass(metadata);
          },
          // It comes behind every end, good or bad.
          onCancel: () => {
            if (isCounted) this.#add(connection, -1);
            isCounted = false;
          },
        }),
    });
    return call;
  }

  #refusal(connection: string): string | null {
    const { name, perConnection, inAll } = this.#bounds;
    const ofConnection = this.#ofConnection.get(connection) ?? 0;
    if (ofConnection >= perConnection) {
      return `${ofConnection} ${name} of this connection are open; at most ${perConnection} may be`;
    }
    return this.#inAll >= inAll ? `${this.#inAll} ${name} are open; at most ${inAll} may be` : null;
  }

  #add(connection: string, calls: 1 | -1): void {
    this.#inAll += calls;
    const left = (this.#ofConnection.get(connection) ?? 0) + calls;
    if (left > 0) this.#ofConnection.set(connection, left);
    else this.#ofConnection.delete(connection);
  }
}
