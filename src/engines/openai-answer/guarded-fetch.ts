/**
 * Fetch that tells a refusal as one: an HTTP status that is not 2xx is thrown with what the provider says of it, read up to a bound, whatever
 * its length. The library above would read all of it.
 */
import { errorBodyMaxBytes, readErrorBody, type Secrets } from '../provider/error-words.ts';
import type { Refusal } from '../provider/http-status.ts';
import { abortableBytes, linkedAbort } from '../provider/linked-abort.ts';
import { retryAfterMsOf } from '../provider/retry.ts';

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

/** A fetch that resolves with good answers only; `secretsOf` gives what is taken out of what a refusal says. */
export function createGuardedFetch(secretsOf: () => Secrets): typeof fetch {
  return async (input, init) => {
    const response = await fetch(input, init);
    if (response.ok) return response;
    const { status, headers } = response;
    const words = readErrorBody(await startOf(response, init?.signal), secretsOf());
    const retryAfterMs = retryAfterMsOf((name) => headers.get(name), Date.now());
    throw new ProviderRefusal({ status, ...words, retryAfterMs });
  };
}

/** The status is known already: nobody waits longer for words that do not come. */
const errorBodyMaxMs = 2_000;

/** At most `errorBodyMaxBytes` of a body; what can't be read is no reason to hide the status. */
async function startOf(response: Response, signal: AbortSignal | null | undefined): Promise<string> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  const reading = linkedAbort(signal ?? new AbortController().signal);
  const timer = setTimeout(() => reading.abort(), errorBodyMaxMs);
  try {
    for await (const chunk of abortableBytes(response, reading.signal)) {
      chunks.push(chunk);
      bytes += chunk.length;
      if (bytes >= errorBodyMaxBytes) break;
    }
  } catch {
  } finally {
    clearTimeout(timer);
    reading.unlink();
  }
  return new TextDecoder().decode(Buffer.concat(chunks).subarray(0, errorBodyMaxBytes));
}
