/**
 * The HTTP side door for people and probes: /health (the process works), /ready (calls are admitted), /status (what is going
 * on), /metrics (the same for Prometheus). Read-only; the answers are made when asked for. Who calls it by another name than its own is refused, whatever it asks for.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { Places } from '../call/places.ts';
import { createOwnHosts } from './own-hosts.ts';

/** Pages of others on the same port. They decide themselves by which names they may be called. */
export interface OtherPages {
  /** `path` as it stands in the request. */
  isAsked(path: string): boolean;
  answer(request: IncomingMessage, response: ServerResponse): void;
}

export interface StatusServerOptions {
  readonly host: string;
  /** 0 = any free one. */
  readonly port: number;
  /** Names beside its own that it may be called by. */
  readonly allowedHosts: readonly string[];
  /** Connections at once; where there are more, those that ask nothing give up theirs. */
  readonly maxConnections: number;
  readonly isReady: () => boolean;
  /** The body of /health, which is 200 as long as anybody answers. */
  readonly health: () => Readonly<Record<string, unknown>>;
  /** The body of /status. */
  readonly status: () => Promise<Readonly<Record<string, unknown>>>;
  /** The body of /metrics. */
  readonly metrics: () => Promise<{ readonly contentType: string; readonly text: string }>;
  /** null = there are none. */
  readonly pages: OtherPages | null;
}

export interface StatusServer {
  /** Resolves with the port that was bound. */
  listen(): Promise<number>;
  close(): Promise<void>;
}

/** Builds the server; nothing listens yet. */
export function createStatusServer(options: StatusServerOptions): StatusServer {
  const isOwn = createOwnHosts({ listenHost: options.host, allowedHosts: options.allowedHosts });
  const server = createServer((request, response) => {
    response.once('finish', () => hangUpLater(request));
    if (options.pages?.isAsked(pathOf(request.url ?? '')) === true) {
      options.pages.answer(request, response);
      return;
    }
    const refusal = refusalOf(request, isOwn);
    if (refusal === null) answer(options, request, response);
    else send(response, refusal.status, { error: refusal.error });
  });
  boundConnections(server, options.maxConnections);
  // Node would close the connection without a word.
  server.on('connect', (_request, socket) => socket.end(CONNECT_REFUSED));
  return {
    listen: () => listen(server, options),
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

/** A probe sends its request with its connection. */
const SPARE_AFTER_MS = 100;

/** A probe is answered however many connections only stand there. */
function boundConnections(server: Server, max: number): void {
  const places = new Places<Socket>({
    max,
    spareAfterMs: SPARE_AFTER_MS,
    now: () => performance.now(),
    close: (socket) => socket.destroy(),
  });
  server.on('connection', (socket: Socket) => {
    if (!places.take(socket)) {
      socket.destroy();
      return;
    }
    socket.once('close', () => places.leave(socket));
  });
  server.on('request', ({ socket }: IncomingMessage, response: ServerResponse) => {
    places.begin(socket);
    response.once('close', () => places.end(socket));
  });
}

/** How long somebody who has its answer is heard on: a small body comes to its end, and the answer is read before the line is cut. */
const REST_LIMIT_MS = 1_000;

/** Nobody reads a body behind its answer, a refusal as a rule; Node alone would take in all of it, as fast as it comes. */
function hangUpLater(request: IncomingMessage): void {
  if (request.complete) return;
  const timer = setTimeout(() => {
    if (!request.complete) request.socket.destroy();
  }, REST_LIMIT_MS);
  timer.unref();
}

const CONNECT_REFUSED =
  'HTTP/1.1 405 Method Not Allowed\r\nAllow: GET, HEAD\r\nConnection: close\r\nContent-Length: 0\r\n\r\n';
/** Longer than any name; the rest of one is not shown. */
const MAX_SHOWN_CHARS = 100;

/** How a request names the server: by its Host header, and by its target where that is a whole URL, which goes before (RFC 9112, 3.2.2). */
function refusalOf({ headersDistinct, url = '' }: IncomingMessage, isOwn: (authority: string) => boolean) {
  // HTTP/1.0 needs none, and no browser speaks that; without one HTTP/1.1 is refused by Node.
  const given = headersDistinct.host ?? [];
  if (given.length > 1) return { status: 400, error: `the request has ${given.length} Host headers; it must have one` };
  const target = /^[a-z][a-z0-9+.-]*:\/\/([^/?#]*)/i.exec(url)?.[1];
  const foreign = [...given, ...(target === undefined ? [] : [target])].find((authority) => !isOwn(authority));
  if (foreign === undefined) return null;
  const shown = JSON.stringify(foreign.slice(0, MAX_SHOWN_CHARS));
  return { status: 403, error: `Host ${shown} is not a name of this server; HTTP_ALLOWED_HOSTS may name it` };
}

function answer(options: StatusServerOptions, request: IncomingMessage, response: ServerResponse): void {
  if (request.method !== 'GET' && request.method !== 'HEAD') {
    response.setHeader('allow', 'GET, HEAD');
    send(response, 405, { error: `method ${request.method} must be GET or HEAD` });
    return;
  }
  const path = pathOf(request.url ?? '');
  switch (path) {
    case '/health':
      send(response, 200, options.health());
      return;
    case '/ready': {
      const isReady = options.isReady();
      send(response, isReady ? 200 : 503, { ready: isReady });
      return;
    }
    case '/status':
      options.status().then(
        (status) => send(response, 200, status),
        () => send(response, 500, { error: 'the status could not be told' }),
      );
      return;
    case '/metrics':
      options.metrics().then(
        ({ contentType, text }) => sendText(response, 200, contentType, text),
        () => send(response, 500, { error: 'the metrics could not be told' }),
      );
      return;
    default:
      send(response, 404, { error: 'no such page; there are /health, /ready, /status and /metrics' });
  }
}

/** Of a target that is a path, or a whole URL. */
function pathOf(target: string): string {
  const [path = ''] = target.replace(/^[a-z][a-z0-9+.-]*:\/\/[^/?#]*/i, '').split(/[?#]/, 1);
  return path;
}

function send(response: ServerResponse, status: number, body: Readonly<Record<string, unknown>>): void {
  sendText(response, status, 'application/json; charset=utf-8', JSON.stringify(body));
}

function sendText(response: ServerResponse, status: number, contentType: string, text: string): void {
  response.writeHead(status, {
    'content-type': contentType,
    'content-length': Buffer.byteLength(text),
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff',
  });
  response.end(text);
}

function listen(server: Server, { host, port }: StatusServerOptions): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, () => {
      server.off('error', reject);
      // One connection that could not be accepted: the next one may be.
      server.on('error', () => {});
      resolve(portOf(server.address(), port));
    });
  });
}

function portOf(address: AddressInfo | string | null, asked: number): number {
  return typeof address === 'object' && address !== null ? address.port : asked;
}
