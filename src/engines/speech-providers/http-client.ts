/**
 * One HTTP request at a time to one provider, over node:http and node:https. Not fetch: that takes the end of a connection inside
 * of a chunked body for the end of the body if the server had announced to close it, so a cut sentence would pass for a
 * whole one. Redirects are not followed, so that a key never goes to a stranger.
 *
 * Guarantees: an abort closes the socket at once, whatever it waits for; connecting, the headers and every further piece of the
 * body have a bound in time; a body that breaks off throws ProviderFailure.
 */
import { type Agent, Agent as HttpAgent, request as httpRequest, type IncomingMessage } from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';
import { ProviderFailure } from '../provider/failure.ts';

export interface HttpClientOptions {
  readonly maxSockets: number;
  /** For the TCP connection and its TLS, and then for each piece that comes; the chart's SPEECH_TIMEOUT is shorter as a rule. */
  readonly connectLimitMs?: number;
  readonly silenceLimitMs?: number;
}

export interface HttpRequest {
  readonly method: 'GET' | 'POST';
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
}

const CONNECT_LIMIT_MS = 5000;
const SILENCE_LIMIT_MS = 60_000;
/** For the whole text of an error: it is not what anybody waits for. */
const TEXT_LIMIT_MS = 2000;
/** Idle connections that wait for the next sentence. */
const MAX_IDLE_SOCKETS = 16;

/** A failure of the line and not of the provider's judgement; `code` is that of the system. */
function brokenLine(what: string, error: Error): ProviderFailure {
  const code = 'code' in error && typeof error.code === 'string' ? error.code : error.name;
  return new ProviderFailure({
    code: 'UNAVAILABLE',
    words: `${what} (${code})`,
    detail: `${what}: ${error.message}`,
    next: 'again',
    cause: error,
  });
}

class TookTooLong extends Error {
  readonly code = 'TIMEOUT';
}

export class HttpClient {
  readonly #options: HttpClientOptions;
  readonly #plain: Agent;
  readonly #secure: HttpsAgent;

  constructor(options: HttpClientOptions) {
    this.#options = options;
    const sockets = { keepAlive: true, maxSockets: options.maxSockets, maxFreeSockets: MAX_IDLE_SOCKETS };
    this.#plain = new HttpAgent(sockets);
    this.#secure = new HttpsAgent(sockets);
  }

  /** The head of the response, whatever its status. Rejects with ProviderFailure, or the reason of `signal`. */
  async send(request: HttpRequest, signal: AbortSignal): Promise<IncomingMessage> {
    for (let attempt = 0; ; attempt++) {
      const response = await this.#sendOnce(request, signal, attempt < MAX_IDLE_SOCKETS);
      if (response !== null) return response;
    }
  }

  /** The body piece by piece. Leaving the iteration closes the socket. */
  async *read(response: IncomingMessage, signal: AbortSignal): AsyncGenerator<Uint8Array, void, undefined> {
    const { silenceLimitMs = SILENCE_LIMIT_MS } = this.#options;
    const tooLong = () => response.destroy(new TookTooLong(`no byte for ${silenceLimitMs} ms`));
    let timer = setTimeout(tooLong, silenceLimitMs);
    try {
      for await (const chunk of response) {
        clearTimeout(timer);
        if (chunk instanceof Uint8Array) yield chunk;
        timer = setTimeout(tooLong, silenceLimitMs);
      }
      if (!response.complete) throw new Error('the body is not complete');
    } catch (error) {
      signal.throwIfAborted();
      throw brokenLine('broke off', error instanceof Error ? error : new Error(String(error)));
    } finally {
      clearTimeout(timer);
      response.destroy();
    }
  }

  /** The beginning of a body as text, at most `maxBytes` of it; what can't be read is not there. */
  async readText(response: IncomingMessage, maxBytes: number, signal: AbortSignal): Promise<string> {
    const pieces: Uint8Array[] = [];
    let bytes = 0;
    const timer = setTimeout(() => response.destroy(), TEXT_LIMIT_MS);
    try {
      for await (const piece of this.read(response, signal)) {
        pieces.push(piece);
        bytes += piece.length;
        if (bytes >= maxBytes) break;
      }
    } catch (error) {
      if (!(error instanceof ProviderFailure)) throw error;
    } finally {
      clearTimeout(timer);
    }
    return new TextDecoder().decode(Buffer.concat(pieces).subarray(0, maxBytes));
  }

  /** Closes every connection; idempotent. */
  close(): void {
    this.#plain.destroy();
    this.#secure.destroy();
  }

  /** Null if a kept connection turned out to be closed: such a request was never seen, which is nobody's failure. */
  #sendOnce(
    { method, url, headers, body = '' }: HttpRequest,
    signal: AbortSignal,
    mayBeStale: boolean,
  ): Promise<IncomingMessage | null> {
    const { connectLimitMs = CONNECT_LIMIT_MS, silenceLimitMs = SILENCE_LIMIT_MS } = this.#options;
    const isSecure = url.startsWith('https:');
    const length = method === 'POST' ? { 'content-length': String(Buffer.byteLength(body)) } : {};
    const options = {
      method,
      signal,
      headers: { ...headers, ...length },
      agent: isSecure ? this.#secure : this.#plain,
    };
    return new Promise((resolve, reject) => {
      const request = isSecure ? httpsRequest(url, options) : httpRequest(url, options);
      const limit = (limitMs: number, what: string) =>
        setTimeout(() => request.destroy(new TookTooLong(`${what} within ${limitMs} ms`)), limitMs);
      let timer = limit(silenceLimitMs, 'no answer');
      request.on('socket', (socket) => {
        if (!socket.connecting) return;
        clearTimeout(timer);
        timer = limit(connectLimitMs, 'no connection');
        socket.once(isSecure ? 'secureConnect' : 'connect', () => {
          clearTimeout(timer);
          timer = limit(silenceLimitMs, 'no answer');
        });
      });
      request.on('response', (response) => {
        clearTimeout(timer);
        resolve(response);
      });
      request.on('error', (error) => {
        clearTimeout(timer);
        const isReset = 'code' in error && error.code === 'ECONNRESET';
        if (signal.aborted) reject(signal.reason);
        else if (mayBeStale && request.reusedSocket && isReset) resolve(null);
        else reject(brokenLine("can't be reached", error));
      });
      request.end(body);
    });
  }
}
