/**
 * Sound over HTTP: sends a request, checks that sound is what comes back, and gives its pieces. Whatever else comes back is a failure
 * that says what it was.
 */
import type { IncomingMessage } from 'node:http';
import { maxErrorBodyBytes, summaryOf } from './error-summary.ts';
import type { HttpClient, HttpRequest } from './http-client.ts';
import { failureOfStatus } from './http-failure.ts';
import { ProviderFailure } from './provider-failure.ts';
import { joined } from './sample-reader.ts';
import type { ProviderSound } from './speech-provider.ts';
import type { VoicedSentence } from './voice-choice.ts';
import { looksLikeWav, wavMagicBytes } from './wav-reader.ts';

export interface SoundRequest extends HttpRequest {
  readonly provider: string;
  readonly sentence: VoicedSentence;
  /** Taken out of whatever the provider says. */
  readonly apiKey: string;
  /** The rate of sound without a header. */
  readonly rawRateHz: number | null;
  /** What to change where a provider sends compressed sound. */
  readonly formatHint: string;
}

/** Kinds of sound that this server does not decode. */
const compressedTypes = /^(audio|video)\/(mpeg|mp3|mp4|aac|ogg|opus|webm|flac|x-flac|amr|3gpp|x-m4a)/;
const textTypes = /^(text\/|application\/(json|problem\+json|xml|xhtml))/;

/** The sound that the provider answers with; rejects with ProviderFailure. */
export async function openHttpSound(
  client: HttpClient,
  request: SoundRequest,
  signal: AbortSignal,
): Promise<ProviderSound> {
  const response = await client.send(request, signal);
  const { statusCode: status = 0 } = response;
  if (status < 200 || status > 299) throw await refusal(client, request, response, signal);
  const type = (response.headers['content-type'] ?? '').toLowerCase().trim();
  if (compressedTypes.test(type)) {
    response.destroy();
    throw wrongKind(request, `sent ${type.slice(0, 40)}, which is not decoded here; ${request.formatHint}`);
  }
  const chunks = client.read(response, signal);
  return {
    rawRateHz: rateOfType(type) ?? request.rawRateHz,
    chunks: textTypes.test(type) ? onlyWav(chunks, type, request) : chunks,
  };
}

async function refusal(
  client: HttpClient,
  { provider, sentence, apiKey }: SoundRequest,
  response: IncomingMessage,
  signal: AbortSignal,
): Promise<ProviderFailure> {
  const body = await client.readText(response, maxErrorBodyBytes, signal);
  return failureOfStatus({
    provider,
    status: response.statusCode ?? 0,
    summary: summaryOf(body, [apiKey, sentence.text]),
    retryAfter: response.headers['retry-after'],
    voice: sentence.voice,
    nowMs: Date.now(),
  });
}

/**
 * A body that calls itself text. Piper's server calls its WAV so, for it does not set a type; anything else is a page or an error
 * that came with a good status.
 */
async function* onlyWav(
  chunks: AsyncIterable<Uint8Array>,
  type: string,
  request: SoundRequest,
): AsyncGenerator<Uint8Array, void, undefined> {
  let beginning: Uint8Array | null = new Uint8Array(0);
  for await (const chunk of chunks) {
    if (beginning === null) {
      yield chunk;
      continue;
    }
    beginning = joined(beginning, chunk);
    if (looksLikeWav(beginning)) {
      if (beginning.length < wavMagicBytes) continue;
      yield beginning;
      beginning = null;
    } else if (beginning.length >= maxErrorBodyBytes) {
      break;
    }
  }
  if (beginning === null) return;
  const { apiKey, sentence } = request;
  const said = summaryOf(new TextDecoder().decode(beginning.subarray(0, maxErrorBodyBytes)), [apiKey, sentence.text]);
  throw wrongKind(request, `sent ${type.slice(0, 40)} instead of sound${said === '' ? '' : `: ${said}`}`);
}

function wrongKind({ provider }: SoundRequest, what: string): ProviderFailure {
  return new ProviderFailure({
    errorCode: 'UNAVAILABLE',
    message: `the voice ${provider} ${what}`,
    isRetryable: false,
  });
}

/** `audio/pcm;rate=16000` and `audio/L16; rate=16000` say it themselves. */
function rateOfType(type: string): number | null {
  const rate = /^audio\/.*;\s*rate=(\d{4,6})\b/.exec(type)?.[1];
  return rate === undefined ? null : Number(rate);
}
