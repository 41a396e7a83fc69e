/**
 * A server between the tab and the inspector's server, for tests that need to see or change what passes: it hands everything on as it is,
 * with the answer's bytes as they come, except for what a test says. The tab's Host is put in the place of the server's own, as a browser
 * that talks to the server itself would send it.
 */
import { createReadStream, existsSync } from 'node:fs';
import { createServer, type IncomingMessage, request, type ServerResponse } from 'node:http';
import { extname, join } from 'node:path';
import { pipeline, Transform } from 'node:stream';
import { atEndOfFile } from '../end-of-file.ts';

export interface FrontOptions {
  /** The port of the server behind; may change, and nothing may listen there. */
  readonly port: () => number;
  /** Static files of `/inspect/` come from here instead: a page that was built otherwise. */
  readonly pageDir?: string;
  /** What stands for a line of the feed or of a log's file; null leaves it out. */
  readonly changeLine?: (line: string) => string | null;
}

export interface Front {
  /** `http://127.0.0.1:<port>`. */
  readonly origin: string;
  /** Requests for the feed that are open now. */
  openFeeds(): number;
  /** Requests so far, as `GET /path?query`. */
  readonly requests: readonly string[];
}

const contentTypes: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
};

/** As the server sends it with its own files. */
const policy =
  "default-src 'none'; script-src 'self'; worker-src 'self'; style-src 'self'; connect-src 'self'; frame-ancestors 'none'; base-uri 'none'";

/** Starts one; it is stopped when the test file ends. */
export async function startFront(options: FrontOptions): Promise<Front> {
  const requests: string[] = [];
  const feeds = new Set<IncomingMessage>();
  const server = createServer((incoming, response) => {
    requests.push(`${incoming.method} ${incoming.url}`);
    const isFeed = incoming.url?.startsWith('/inspect/api/feed') === true;
    if (isFeed) {
      feeds.add(incoming);
      response.once('close', () => feeds.delete(incoming));
    }
    const { pageDir } = options;
    if (pageDir !== undefined && isStatic(incoming)) serveFile(pageDir, incoming, response);
    else forward(options, incoming, response);
  });
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  atEndOfFile(() => {
    server.closeAllConnections();
    server.close();
  });
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the front has no port');
  return { origin: `http://127.0.0.1:${address.port}`, openFeeds: () => feeds.size, requests };
}

function isStatic({ url = '' }: IncomingMessage): boolean {
  return url.startsWith('/inspect/') && !url.startsWith('/inspect/api/');
}

function serveFile(dir: string, { url = '/' }: IncomingMessage, response: ServerResponse): void {
  const name = new URL(url, 'http://front').pathname.replace(/^\/inspect\/?/, '') || 'index.html';
  const file = join(dir, name);
  if (!existsSync(file)) {
    response.writeHead(404).end();
    return;
  }
  const contentType = contentTypes[extname(file)] ?? 'application/octet-stream';
  response.writeHead(200, { 'content-type': contentType, 'content-security-policy': policy });
  createReadStream(file).pipe(response);
}

function forward({ port, changeLine }: FrontOptions, incoming: IncomingMessage, response: ServerResponse): void {
  const { method, url, headers } = incoming;
  const host = `127.0.0.1:${port()}`;
  const origin = headers.origin === undefined ? {} : { origin: `http://${host}` };
  const onward = request({
    host: '127.0.0.1',
    port: port(),
    method,
    path: url,
    headers: { ...headers, host, ...origin },
  });
  // A server that is gone is a connection that breaks, not an answer.
  onward.once('error', () => response.destroy());
  response.once('close', () => onward.destroy());
  onward.once('response', (answer) => {
    const { 'content-length': _, ...ofAnyLength } = answer.headers;
    response.writeHead(answer.statusCode ?? 502, ofAnyLength);
    answer.once('error', () => response.destroy());
    if (changeLine === undefined || isStatic(incoming)) answer.pipe(response);
    else {
      response.flushHeaders();
      answer.pipe(lineChanger(changeLine)).pipe(response);
    }
  });
  pipeline(incoming, onward, () => {});
}

/** Passes text on line by line, as soon as a line is whole. */
function lineChanger(change: (line: string) => string | null): Transform {
  const decoder = new TextDecoder();
  let rest = '';
  return new Transform({
    transform(bytes: Buffer, _encoding, done) {
      const lines = (rest + decoder.decode(bytes, { stream: true })).split('\n');
      rest = lines.pop() ?? '';
      const changed = lines.map(change).filter((line) => line !== null);
      done(null, changed.map((line) => `${line}\n`).join(''));
    },
  });
}
