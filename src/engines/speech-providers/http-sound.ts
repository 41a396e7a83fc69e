/**
 * Sound over HTTP: sends a request, checks that sound is what comes back, and gives its pieces. Whatever else comes back is a failure
 * that says what it was: a status by the table of provider/http-status.ts in the words of voices, with the one case that the table can't
 * have, a voice that does not exist.
 */
import type { IncomingMessage } from 'node:http';
import { errorBodyMaxBytes, readErrorBody, type Secrets } from '../provider/error-words.ts';
import { ProviderFailure } from '../provider/failure.ts';
import { failureOfRefusal, type Refusal, type RefusalWords } from '../provider/http-status.ts';
import { retryAfterMsOf } from '../provider/retry.ts';
import type { HttpClient, HttpRequest } from './http-client.ts';
import { joined } from './sample-reader.ts';
import { type ProviderSound, unknownVoice, type VoicedSentence } from './speech-provider.ts';
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

/** Who was asked to speak. */
export interface AskedVoice {
  readonly provider: string;
  /** '' = none was named. */
  readonly voice: string;
}

/** The failure of a try that was answered with anything but sound. */
export function failureOfVoiceRefusal(refusal: Refusal, { provider, voice }: AskedVoice): ProviderFailure {
  const { status, said } = refusal;
  if (!isAboutVoice(refusal, voice)) return failureOfRefusal(refusal, voiceRefusals(voice));
  const saying = said === '' ? '' : `: ${said}`;
  return unknownVoice(voice, `at ${provider}${saying}`, { detail: `HTTP ${status}${saying}`, status });
}

function voiceRefusals(voice: string): RefusalWords {
  return {
    words: {
      badRequest: 'refuses the request',
      tooLong: 'finds the sentence too long',
      filtered: 'does not speak this sentence: its content filter kept it back',
      botchedCall: 'failed',
      wrongKey: 'does not accept SPEECH_API_KEY',
      noCredit: 'has no quota left',
      forbidden: 'does not allow the request',
      // Of a voice, a model and a path, any may be what is missing.
      notFound: `does not know ${voice === '' ? '' : `the voice "${voice}" or `}the model, or SPEECH_BASE_URL is wrong`,
      tookTooLong: 'took too long',
      busy: 'is busy',
      tooMany: 'has too many requests',
      broken: 'failed',
      notOffered: 'failed',
      moved: 'moved: SPEECH_BASE_URL must name where it is now',
      unexpected: 'answered something unexpected',
    },
    // To clients DEADLINE_EXCEEDED is an answer that stalled.
    codes: { tookTooLong: 'UNAVAILABLE' },
    statusName: 'HTTP',
    // The sentence is taken out of them.
    logsSaid: true,
  };
}

const noSuchVoice =
  /not.{0,4}(found|exist|available|supported|valid)|unknown|invalid|unsupported|no such|(should|must) be/i;

function isAboutVoice({ status, said }: Refusal, voice: string): boolean {
  if (voice === '' || (!/voice/i.test(said) && !said.includes(voice))) return false;
  return status === 404 || ((status === 400 || status === 422) && noSuchVoice.test(said));
}
