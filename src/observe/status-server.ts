/**
 * The HTTP side door for people and probes: /health (the process works), /ready (calls are admitted), /status (what is going
 * on). Read-only; the answers are made when asked for.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface StatusServerOptions {
  readonly host: string;
  /** 0 = any free one. */
  readonly port: number;
  readonly isReady: () => boolean;
  /** The body of /health, which is 200 as long as anybody answers. */
  readonly health: () => Readonly<Record<string, unknown>>;
  /** The body of /status. */
  readonly status: () => Readonly<Record<string, unknown>>;
}

export interface StatusServer {
  /** Resolves with the port that was bound. */
  listen(): Promise<number>;
  close(): Promise<void>;
}

/** Builds the server; nothing listens yet. */
export function createStatusServer(options: StatusServerOptions): StatusServer {
  const server = createServer((request, response) => answer(options, request, response));
  return {
    listen: () => listen(server, options),
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function answer(options: StatusServerOptions, request: IncomingMessage, response: ServerResponse): void {
  if (request.method !== 'GET' && request.method !== 'HEAD') {
    send(response, 405, { error: `method ${request.method} must be GET or HEAD` });
    return;
  }
  const path = request.url?.split('?', 1)[0] ?? '';
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
      send(response, 200, options.status());
      return;
    default:
      send(response, 404, { error: 'no such page; there are /health, /ready and /status' });
  }
}

function send(response: ServerResponse, status: number, body: Readonly<Record<string, unknown>>): void {
  const text = JSON.stringify(body);
  response.writeHead(status, {
    'content-type': 'application/json; charset=utf-8',
    'content-length': Buffer.byteLength(text),
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff',
  });
  response.end(text);
}

function listen(server: Server, { host, port }: StatusServerOptions): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', (error) => {
      reject(new Error(`HTTP_HOST, HTTP_PORT: cannot listen on ${host}:${port}: ${error.message}`, { cause: error }));
    });
    server.listen(port, host, () => resolve(portOf(server.address(), port)));
  });
}

function portOf(address: AddressInfo | string | null, asked: number): number {
  return typeof address === 'object' && address !== null ? address.port : asked;
}
