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

  /** The body piece by piece, as it came. Leaving the iteration closes the socket. */
  async *read(response: IncomingMessage, signal: AbortSignal): AsyncGenerator<Uint8Array, void, undefined> {
    const body = new IncomingBody(response, this.#options.silenceLimitMs ?? SILENCE_LIMIT_MS);
    try {
      for (;;) {
        const piece = body.take() ?? (await body.next());
        if (piece === null) break;
        yield piece;
      }
      if (!response.complete) throw new Error('the body is not complete');
    } catch (error) {
      signal.throwIfAborted();
      throw brokenLine('broke off', error instanceof Error ? error : new Error(String(error)));
    } finally {
      body.close();
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

/** Bytes that may wait for their reader; a read of the socket brings 64 KiB at most. */
const MAX_WAITING_BYTES = 128 * 1024;

/**
 * The pieces of a response, without the copies and the promises that reading it as a stream of Node costs: several come with one read of the
 * socket. One timer for all of them, which runs only while a piece is waited for.
 */
class IncomingBody {
  readonly #response: IncomingMessage;
  readonly #pieces: Uint8Array[] = [];
  readonly #timer: NodeJS.Timeout;
  #bytes = 0;
  #isWaiting = false;
  #isOver = false;
  #error: Error | null = null;
  #wake: () => void = () => {};

  constructor(response: IncomingMessage, silenceLimitMs: number) {
    this.#response = response;
    this.#timer = setTimeout(() => {
      if (this.#isWaiting) response.destroy(new TookTooLong(`no byte for ${silenceLimitMs} ms`));
    }, silenceLimitMs);
    response.on('data', (piece: Uint8Array) => {
      this.#pieces.push(piece);
      this.#bytes += piece.length;
      if (this.#bytes >= MAX_WAITING_BYTES) response.pause();
      this.#wake();
    });
    response.on('error', (error) => {
      this.#error ??= error;
      this.#end();
    });
    response.on('end', () => this.#end());
    response.on('close', () => this.#end());
    if (response.destroyed) this.#end();
  }

  /** A piece that is there; null = none is. */
  take(): Uint8Array | null {
    // What came before it broke off is no part of a whole.
    if (this.#error !== null) throw this.#error;
    const piece = this.#pieces.shift();
    if (piece === undefined) return null;
    this.#bytes -= piece.length;
    if (this.#bytes < MAX_WAITING_BYTES && this.#response.isPaused()) this.#response.resume();
    return piece;
  }

  /** The next piece, waited for; null = it was the last one. */
  async next(): Promise<Uint8Array | null> {
    this.#isWaiting = true;
    this.#timer.refresh();
    while (!this.#isOver && this.#pieces.length === 0) {
      await new Promise<void>((wake) => {
        this.#wake = wake;
      });
    }
    this.#isWaiting = false;
    return this.take();
  }

  close(): void {
    clearTimeout(this.#timer);
    this.#pieces.length = 0;
    this.#response.destroy();
  }

  #end(): void {
    this.#isOver = true;
    this.#wake();
  }
}
