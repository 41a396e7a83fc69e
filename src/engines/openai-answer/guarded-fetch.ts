/**
 * Fetch for a peer that may send anything. It lets through an event stream only, and bounds it: the library above keeps an event until its
 * blank line comes, copying it with every packet, and knows no end of either. What is no event stream, and what is over a bound, is a
 * failure that says so. A refusal's body is read up to a bound, whatever its length.
 */
import { errorBodyMaxBytes, readErrorBody, type Secrets } from '../provider/error-words.ts';
import { ProviderFailure } from '../provider/failure.ts';
import type { Refusal } from '../provider/http-status.ts';
import { retryAfterMsOf } from '../provider/retry.ts';
import { refusalOfErrorEvent } from './error-event.ts';

export interface StreamBounds {
  /** One event, from one blank line to the next. */
  readonly eventMaxBytes: number;
  /** The whole response, unpacked. */
  readonly responseMaxBytes: number;
}

/** A token comes in some 250 bytes; these are an answer of 130,000 of them, and one chunk larger than all arguments of a command. */
export const defaultStreamBounds: StreamBounds = Object.freeze({
  eventMaxBytes: 1_048_576,
  responseMaxBytes: 33_554_432,
});

/**
 * An answer that is none: an HTTP status that is not 2xx. Thrown inside of fetch, and found again as the cause of what the library
 * throws, which looks into the message for time-outs: it stays plain.
 */
export class ProviderRefusal extends Error implements Refusal {
  override readonly name = 'ProviderRefusal';
  readonly status: number;
  readonly said: string;
  readonly signs: string;
  readonly retryAfterMs: number | undefined;

  constructor({ status, said, signs, retryAfterMs }: Refusal) {
    super('the provider refused');
    this.status = status;
    this.said = said;
    this.signs = signs;
    this.retryAfterMs = retryAfterMs;
  }
}

/** A fetch that resolves with bounded event streams only; `secretsOf` gives what is taken out of what a refusal says. */
export function createGuardedFetch(bounds: StreamBounds, secretsOf: () => Secrets): typeof fetch {
  return async (input, init) => {
    const response = await fetch(input, init);
    if (!response.ok) {
      const { status, headers } = response;
      const words = readErrorBody(await startOf(response), secretsOf());
      const retryAfterMs = retryAfterMsOf((name) => headers.get(name), Date.now());
      throw new ProviderRefusal({ status, ...words, retryAfterMs });
    }
    const type = response.headers.get('content-type') ?? '';
    if (type !== '' && !/^text\/event-stream\b/i.test(type)) {
      const refusal = /\bjson\b/i.test(type) ? refusalIn(await startOf(response), secretsOf()) : null;
      await response.body?.cancel();
      throw refusal ?? wrongContent(type);
    }
    if (response.body === null) throw wrongContent('nothing');
    const guard = new EventGuard(bounds);
    const bounded = response.body.pipeThrough(
      new TransformStream<Uint8Array, Uint8Array>({
        transform(chunk, controller) {
          guard.take(chunk);
          controller.enqueue(chunk);
        },
      }),
    );
    return new Response(bounded, { status: response.status, headers: response.headers });
  };
}

/** The refusal that came under a good status: `{"error": …}` where an answer was expected; null if it is none. */
function refusalIn(body: string, secrets: Secrets): ProviderRefusal | null {
  const refusal = refusalOfErrorEvent(parsedJson(body), secrets);
  return refusal === null ? null : new ProviderRefusal({ ...refusal, retryAfterMs: undefined });
}

function parsedJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function wrongContent(type: string): ProviderFailure {
  const shown = type.replaceAll(/[^\w/;=+. -]/g, '').slice(0, 80);
  return new ProviderFailure({
    code: 'UNAVAILABLE',
    words: `answered with ${shown} where an event stream was expected; is its base URL right?`,
    next: 'other',
  });
}

/** At most `errorBodyMaxBytes` of a body; what can't be read is no reason to hide the status. */
async function startOf(response: Response): Promise<string> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  try {
    for await (const chunk of response.body ?? []) {
      chunks.push(chunk);
      bytes += chunk.length;
      if (bytes >= errorBodyMaxBytes) break;
    }
  } catch {}
  return new TextDecoder().decode(Buffer.concat(chunks).subarray(0, errorBodyMaxBytes));
}

const lineFeed = 0x0a;
const carriageReturn = 0x0d;

/** Counts the bytes of a response and of the event it is in. */
class EventGuard {
  readonly #bounds: StreamBounds;
  #bytes = 0;
  #eventBytes = 0;
  #isLineEmpty = true;

  constructor(bounds: StreamBounds) {
    this.#bounds = bounds;
  }

  take(chunk: Uint8Array): void {
    const { eventMaxBytes, responseMaxBytes } = this.#bounds;
    this.#bytes += chunk.length;
    if (this.#bytes > responseMaxBytes) throw tooLarge('a response', responseMaxBytes);
    let start = 0;
    while (start < chunk.length) {
      const lineEnd = chunk.indexOf(lineFeed, start);
      const end = lineEnd === -1 ? chunk.length : lineEnd;
      this.#eventBytes += end - start + (lineEnd === -1 ? 0 : 1);
      if (this.#eventBytes > eventMaxBytes) throw tooLarge('an event', eventMaxBytes);
      const isBlank = end === start || (end === start + 1 && chunk[start] === carriageReturn);
      this.#isLineEmpty &&= isBlank;
      if (lineEnd !== -1) {
        if (this.#isLineEmpty) this.#eventBytes = 0;
        this.#isLineEmpty = true;
      }
      start = end + 1;
    }
  }
}

function tooLarge(what: string, maxBytes: number): ProviderFailure {
  return new ProviderFailure({
    code: 'UNAVAILABLE',
    words: `sent ${what} of more than ${maxBytes} bytes`,
    next: 'other',
  });
}
