/** Which failure a provider's HTTP status is, and whether another try may help. Pure. */
import type { ErrorCode } from '../../errors.ts';
import { ProviderFailure } from './provider-failure.ts';

export interface RefusedRequest {
  readonly provider: string;
  readonly status: number;
  /** One line, without secrets; '' = it said nothing. */
  readonly summary: string;
  /** The header as it came. */
  readonly retryAfter: string | undefined;
  /** The voice that was asked for; '' = none. */
  readonly voice: string;
  /** Milliseconds since 1970, for a retry-after that is a date. */
  readonly nowMs: number;
}

const retryableStatuses: readonly number[] = [408, 425, 429, 500, 502, 503, 504, 520, 521, 522, 523, 524, 529];

/** The failure of a try that was answered with anything but sound. */
export function failureOfStatus(refused: RefusedRequest): ProviderFailure {
  const { provider, status, summary, voice } = refused;
  const said = summary === '' ? '' : `: ${summary}`;
  const detail = `HTTP ${status}${said}`;
  if (isAboutVoice(refused)) {
    const message = `the voice "${voice}" does not exist at ${provider}${said}`;
    return new ProviderFailure({ errorCode: 'NOT_FOUND', message, detail, isRetryable: false });
  }
  const isUsedUp = status < 500 && /quota|insufficient|credit/i.test(summary);
  const errorCode: ErrorCode = isUsedUp ? 'RESOURCE_EXHAUSTED' : codeOfStatus(status);
  // What a provider says of a key may have a part of the key in it: that stays in the log.
  const isAboutKey = errorCode === 'UNAUTHENTICATED' || errorCode === 'PERMISSION_DENIED';
  const retryAfterMs = retryAfterMsOf(refused.retryAfter, refused.nowMs);
  return new ProviderFailure({
    errorCode,
    message: `the voice ${provider} ${whatHappened(refused, isUsedUp)} (HTTP ${status})${isAboutKey ? '' : said}`,
    detail,
    isRetryable: retryableStatuses.includes(status) && !isUsedUp,
    ...(retryAfterMs !== null && { retryAfterMs }),
  });
}

function isAboutVoice({ status, summary, voice }: RefusedRequest): boolean {
  if (voice === '' || (!/voice/i.test(summary) && !summary.includes(voice))) return false;
  if (status === 404) return true;
  if (status !== 400 && status !== 422) return false;
  return /not.{0,4}(found|exist|available|supported|valid)|unknown|invalid|unsupported|no such|(should|must) be/i.test(
    summary,
  );
}

function codeOfStatus(status: number): ErrorCode {
  switch (status) {
    case 401:
      return 'UNAUTHENTICATED';
    case 402:
    case 403:
      return 'PERMISSION_DENIED';
    case 404:
      return 'NOT_FOUND';
    case 429:
      return 'RESOURCE_EXHAUSTED';
    default:
      return status >= 400 && status < 500 && status !== 408 && status !== 425 ? 'INVALID_ARGUMENT' : 'UNAVAILABLE';
  }
}

function whatHappened({ status, voice }: RefusedRequest, isUsedUp: boolean): string {
  if (isUsedUp) return 'has no quota left';
  if (status >= 500) return 'failed';
  if (status >= 300 && status < 400) return 'moved: SPEECH_BASE_URL must name where it is now';
  switch (status) {
    case 401:
      return 'does not accept SPEECH_API_KEY';
    case 402:
    case 403:
      return 'does not allow the request';
    case 404:
      // Of a voice, a model and a path, any may be what is missing.
      return `does not know ${voice === '' ? '' : `the voice "${voice}" or `}the model, or SPEECH_BASE_URL is wrong`;
    case 408:
      return 'took too long';
    case 429:
      return 'has too many requests';
    default:
      return 'refuses the request';
  }
}

/** Whole milliseconds of a Retry-After header, seconds or a date; null if there is none that can be read. */
export function retryAfterMsOf(header: string | undefined, nowMs: number): number | null {
  if (header === undefined) return null;
  if (/^\d{1,12}(\.\d+)?$/.test(header.trim())) return Math.ceil(Number(header) * 1000);
  // Date.parse alone would also take "-1" for a date.
  const atMs = /^[a-z]{3,9},? /i.test(header) ? Date.parse(header) : Number.NaN;
  return Number.isNaN(atMs) ? null : Math.max(0, atMs - nowMs);
}
