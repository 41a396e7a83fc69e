/**
 * Who may have the inspector's data. It shows what people said to a server, so a web page that a developer visits must not reach it, nor
 * another user of the machine: a request names this server by a name of its own, comes from this server's page or from no page, and
 * carries the token. Each is asked for in that order, whatever is asked for and how.
 *
 * A name that HTTP_ALLOWED_HOSTS lists counts as this server's; `*` there opens /status to anybody's name, and not this.
 */
import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage } from 'node:http';

const TOKEN_BYTES = 16;

/** 128 random bits, as they can stand in a URL. */
export function newToken(): string {
  return randomBytes(TOKEN_BYTES).toString('base64url');
}

/** What tells this process from the one before it. */
export function newRunId(): string {
  return randomBytes(8).toString('hex');
}

export interface Refusal {
  readonly status: 401 | 403;
  readonly error: string;
}

/** Longer than any name; the rest of one is not shown. */
const MAX_SHOWN_CHARS = 100;

/** By which authority a request names its server: every Host header, and the target's where that is a whole URL. */
function authoritiesOf({ headersDistinct, url = '' }: IncomingMessage): readonly string[] {
  const target = /^[a-z][a-z0-9+.-]*:\/\/([^/?#]*)/i.exec(url)?.[1];
  return [...(headersDistinct.host ?? []), ...(target === undefined ? [] : [target])];
}

/** Null = the request names this server. One that names none is refused, too: HTTP/1.0 needs no Host, and no browser speaks that. */
export function refusalOfHost(request: IncomingMessage, isOwn: (authority: string) => boolean): Refusal | null {
  const given = authoritiesOf(request);
  if (given.length === 0) return { status: 403, error: 'the request has no Host header; it must name this server' };
  const foreign = given.find((authority) => !isOwn(authority));
  if (foreign === undefined) return null;
  return {
    status: 403,
    error: `Host ${shownText(foreign)} is not a name of this server; HTTP_ALLOWED_HOSTS may name it`,
  };
}

/**
 * Null = no page of another origin sent the request. A page of ours sends no Origin with a GET, so that a missing one proves nothing; what
 * browsers say in Sec-Fetch-Site no page can alter. `none` is an address that somebody typed.
 */
export function refusalOfOrigin(request: IncomingMessage): Refusal | null {
  const { origin: origins = [], 'sec-fetch-site': sites = [] } = request.headersDistinct;
  const own = authoritiesOf(request).map((authority) => authority.toLowerCase());
  const port = request.socket.localPort;
  const foreign = origins.find((origin) => own.some((authority) => !isOriginOf(origin.toLowerCase(), authority, port)));
  if (foreign !== undefined) {
    return { status: 403, error: `Origin ${shownText(foreign)} is not this server; its own page alone may ask` };
  }
  const site = sites.find((each) => each !== 'same-origin' && each !== 'none');
  if (site === undefined) return null;
  return {
    status: 403,
    error: `Sec-Fetch-Site ${shownText(site)} must be same-origin or none: this is for its own page`,
  };
}

/** A proxy of ours may add TLS, on a port of its own: at `port` we speak plain HTTP. */
function isOriginOf(origin: string, authority: string, port: number | undefined): boolean {
  return origin === `http://${authority}` || (origin === `https://${authority}` && !authority.endsWith(`:${port}`));
}

/** Null = the request carries the token. Compared by digests, in the same time whatever is wrong with it. */
export function refusalOfToken(request: IncomingMessage, token: string): Refusal | null {
  const given = request.headersDistinct.authorization ?? [];
  const [first = ''] = given;
  const credential = /^bearer +(\S+) *$/i.exec(first)?.[1] ?? '';
  const isRight = timingSafeEqual(digestOf(credential), digestOf(token));
  if (isRight && given.length === 1) return null;
  return {
    status: 401,
    error: 'Authorization must be "Bearer <token>" with the token of the inspector_url that the server printed',
  };
}

function digestOf(text: string): Uint8Array {
  return createHash('sha256').update(text).digest();
}

function shownText(text: string): string {
  return JSON.stringify(text.slice(0, MAX_SHOWN_CHARS));
}
