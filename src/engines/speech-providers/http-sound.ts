/**
 * Sound over HTTP: sends a request, checks that sound is what comes back, and gives its pieces. Whatever else comes back is a failure
 * that says what it was.
 */
import type { IncomingMessage } from 'node:http';
import { errorBodyMaxBytes, readErrorBody, type Secrets } from '../provider/error-words.ts';
import { ProviderFailure } from '../provider/failure.ts';
import type { Refusal } from '../provider/http-status.ts';
import { retryAfterMsOf } from '../provider/retry.ts';
import type { HttpClient, HttpRequest } from './http-client.ts';
import { joined } from './sample-reader.ts';
import type { ProviderSound } from './speech-provider.ts';
import type { VoicedSentence } from './voice-choice.ts';
import { failureOfVoiceRefusal } from './voice-refusal.ts';
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
    throw wrongKind(`sent ${type.slice(0, 40)}, which is not decoded here; ${request.formatHint}`);
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
  const body = await client.readText(response, errorBodyMaxBytes, signal);
  return failureOfVoiceRefusal(refusalOf(response, body, { key: apiKey, text: sentence.text }), {
    provider,
    voice: sentence.voice,
  });
}

/** A response that is none of sound, with its body, as the table of statuses takes it. */
export function refusalOf({ statusCode = 0, headers }: IncomingMessage, body: string, secrets: Secrets): Refusal {
  const retryAfterMs = retryAfterMsOf((name) => headers[name]?.toString(), Date.now());
  return { status: statusCode, ...readErrorBody(body, secrets), retryAfterMs };
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
    } else if (beginning.length >= errorBodyMaxBytes) {
      break;
    }
  }
  if (beginning === null) return;
  const { apiKey, sentence } = request;
  const body = new TextDecoder().decode(beginning.subarray(0, errorBodyMaxBytes));
  const { said } = readErrorBody(body, { key: apiKey, text: sentence.text });
  throw wrongKind(`sent ${type.slice(0, 40)} instead of sound${said === '' ? '' : `: ${said}`}`);
}

function wrongKind(words: string): ProviderFailure {
  return new ProviderFailure({ code: 'UNAVAILABLE', words, next: 'other' });
}

/** `audio/pcm;rate=16000` and `audio/L16; rate=16000` say it themselves. */
function rateOfType(type: string): number | null {
  const rate = /^audio\/.*;\s*rate=(\d{4,6})\b/.exec(type)?.[1];
  return rate === undefined ? null : Number(rate);
}
