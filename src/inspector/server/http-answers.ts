/** Plain HTTP, as the inspector speaks it: paths as they stand in a request, answers as JSON and as lines. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { API_PATH, type ApiFault } from '../feed-format.ts';

const common = {
  'cache-control': 'no-store',
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'cross-origin-resource-policy': 'same-origin',
} as const;

/** Of an answer in lines of JSON. */
export const lineHeaders = Object.freeze({ ...common, 'content-type': 'application/x-ndjson' });

/** The path of a target that is a path or a whole URL, as it stands there: nothing is decoded, and no dots are followed. */
export function pathOf(target: string): string {
  const [path = ''] = target.replace(/^[a-z][a-z0-9+.-]*:\/\/[^/?#]*/i, '').split(/[?#]/, 1);
  return path;
}

/**
 * True for whatever anybody could read as a path below the API: encoded, with dots, with slashes of any kind and number. It decides who is
 * asked for the token; what is answered is decided by the path as it stands.
 */
export function isApiPath(path: string): boolean {
  // As it stands, too: what leads out of it again is not for everybody, either.
  if (path.startsWith(API_PATH)) return true;
  const slashed = (decoded(path) ?? path).replace(/[\\/]+/g, '/');
  const followed = new URL(`http://inspector${slashed.startsWith('/') ? '' : '/'}${slashed}`).pathname;
  return `${followed.toLowerCase().replace(/\/+/g, '/')}/`.startsWith(API_PATH);
}

/** Null = it is no good percent encoding. */
export function decoded(text: string): string | null {
  try {
    return decodeURIComponent(text);
  } catch {
    return null;
  }
}

/**
 * Resolves when no other answer is before this one on its connection; with false when the connection has closed before that. An answer that
 * still waits there hears of no `close`: what it had begun would never be let go.
 */
export function comesToItsTurn(request: IncomingMessage, response: ServerResponse): Promise<boolean> {
  if (response.socket !== null) return Promise.resolve(true);
  return new Promise((resolve) => {
    response.once('socket', () => resolve(true));
    request.once('close', () => resolve(false));
  });
}

const wholeNumber = /^\d{1,15}$/;

/** The number that stands in a query; null = it is none of `least` to `most`. */
export function numberIn(text: string, least: number, most: number): number | null {
  const number = wholeNumber.test(text) ? Number(text) : Number.NaN;
  return number >= least && number <= most ? number : null;
}

/** True for GET and HEAD; refuses any other method. */
export function isRead({ method }: IncomingMessage, response: ServerResponse): boolean {
  if (method === 'GET' || method === 'HEAD') return true;
  response.setHeader('allow', 'GET, HEAD');
  fail(response, 405, `method ${method} must be GET or HEAD`);
  return false;
}

export function fail(response: ServerResponse, status: number, error: string): void {
  sendJson(response, status, { error } satisfies ApiFault);
}

export function sendJson(response: ServerResponse, status: number, body: unknown): void {
  const text = JSON.stringify(body);
  const contentType = 'application/json; charset=utf-8';
  response.writeHead(status, { ...common, 'content-type': contentType, 'content-length': Buffer.byteLength(text) });
  response.end(text);
}

const LINE_FEED = 0x0a;

/** What stands behind the first `count` lines. */
export async function* linesFrom(chunks: AsyncIterable<Uint8Array>, count: number): AsyncGenerator<Uint8Array> {
  let toSkip = count;
  for await (const chunk of chunks) {
    let start = 0;
    while (toSkip > 0) {
      const end = chunk.indexOf(LINE_FEED, start);
      if (end < 0) break;
      start = end + 1;
      toSkip -= 1;
    }
    if (toSkip === 0 && start < chunk.length) yield chunk.subarray(start);
  }
}
