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
import type { SoundLabel } from './sound-pipeline.ts';
import { type ProviderSound, unknownVoice, type VoicedSentence } from './speech-provider.ts';

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

/** Kinds of sound that this server does not decode; `audio/x-wav`, `audio/pcm`, `audio/l16` and what says nothing are not among them. */
const compressedTypes =
  /^(?:audio|video)\/(?:x-)?(?:mpeg|mpg|mp[1234]|mpga|aac|aacp|m4a|ogg|opus|vorbis|webm|matroska|flac|amr|amr-wb|3gpp2?|g7\d\d|pcm[au]|mu-?law|ulaw|a-?law|aiff|caf|ms-wma|ac3|eac3|mp2t|speex|silk)\b/;
const textTypes = /^(?:text\/|application\/(?:[\w.-]*\+)?(?:json|xml|xhtml|problem)\b)/;

/** The sound that the provider answers with; rejects with ProviderFailure. */
export async function openHttpSound(
  client: HttpClient,
  request: SoundRequest,
  signal: AbortSignal,
): Promise<ProviderSound> {
  const response = await client.send(request, signal);
  const { statusCode: status = 0 } = response;
  if (status < 200 || status > 299) throw await refusal(client, request, response, signal);
  const encoding = (response.headers['content-encoding'] ?? 'identity').toLowerCase().trim();
  if (encoding !== 'identity' && encoding !== '') {
    response.destroy();
    const words = `sent sound that is packed as ${encoding.slice(0, 40)}, which was not asked for`;
    throw new ProviderFailure({ code: 'UNAVAILABLE', words, next: 'other' });
  }
  const type = (response.headers['content-type'] ?? '').toLowerCase().trim();
  const label = labelOf(type);
  return {
    rawRateHz: rateOfType(type) ?? request.rawRateHz,
    chunks: client.read(response, signal),
    formatHint: request.formatHint,
    ...(label !== null && { label }),
  };
}

function labelOf(type: string): SoundLabel | null {
  const meaning = compressedTypes.test(type) ? 'compressed' : textTypes.test(type) ? 'text' : null;
  return meaning === null ? null : { type: type.slice(0, 40), meaning };
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
  if (!namesVoice(said, voice)) return false;
  return status === 404 || ((status === 400 || status === 422) && saysVoiceIsUnknown(said, voice));
}

/** What a provider says is that it does not have the voice. */
export function saysVoiceIsUnknown(said: string, voice: string): boolean {
  return namesVoice(said, voice) && noSuchVoice.test(said);
}

function namesVoice(said: string, voice: string): boolean {
  return voice !== '' && (/voice|speaker/i.test(said) || said.includes(voice));
}

/** Statuses that a provider has for a request of which it does not like something. */
const statusesOfRequests: readonly number[] = [400, 404, 413, 422, 500];

/**
 * True if the voice may be what was wrong with a sentence that failed before its first sound: the provider says so, refuses the request, or
 * fails over it. A line, a key, a quota and a crowd are no voice's fault, unless their words are about it.
 */
export function mayBeVoice({ code, status, detail, isAboutSound }: ProviderFailure, voice: string): boolean {
  if (code === 'NOT_FOUND' || isAboutSound) return true;
  return status !== undefined && (statusesOfRequests.includes(status) || namesVoice(detail, voice));
}
