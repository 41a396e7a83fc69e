/**
 * What an HTTP status means that is not 2xx: THE table, for models and voices alike. A status has a meaning, which what the provider says
 * may refine; a meaning has its code and what is tried next (docs/decisions/0010-language-models.md). The words are those of each kind of
 * provider. Pure.
 */
import type { ErrorCode } from '../../errors.ts';
import type { ErrorWords } from './error-words.ts';
import { type NextTry, ProviderFailure } from './failure.ts';

export type StatusMeaning =
  | 'badRequest'
  | 'wrongKey'
  | 'noCredit'
  | 'forbidden'
  | 'notFound'
  | 'tookTooLong'
  | 'busy'
  | 'tooMany'
  | 'broken'
  | 'notOffered'
  | 'moved'
  | 'unexpected';

interface MeaningRow {
  readonly code: ErrorCode;
  readonly next: NextTry;
  readonly isOutage?: boolean;
  /** The provider's words may quote a part of the key: they are not for the client. */
  readonly hidesSaid?: boolean;
}

const meanings: Readonly<Record<StatusMeaning, MeaningRow>> = Object.freeze({
  badRequest: { code: 'INVALID_ARGUMENT', next: 'nobody', isOutage: false },
  wrongKey: { code: 'UNAUTHENTICATED', next: 'other', hidesSaid: true },
  noCredit: { code: 'RESOURCE_EXHAUSTED', next: 'other' },
  forbidden: { code: 'PERMISSION_DENIED', next: 'other', hidesSaid: true },
  notFound: { code: 'NOT_FOUND', next: 'other' },
  tookTooLong: { code: 'DEADLINE_EXCEEDED', next: 'again' },
  busy: { code: 'UNAVAILABLE', next: 'again' },
  tooMany: { code: 'RESOURCE_EXHAUSTED', next: 'again' },
  broken: { code: 'UNAVAILABLE', next: 'again' },
  notOffered: { code: 'UNAVAILABLE', next: 'other' },
  moved: { code: 'UNAVAILABLE', next: 'other' },
  unexpected: { code: 'UNAVAILABLE', next: 'other' },
});

const meaningOfStatus: Readonly<Record<number, StatusMeaning>> = Object.freeze({
  400: 'badRequest',
  401: 'wrongKey',
  402: 'noCredit',
  403: 'forbidden',
  404: 'notFound',
  408: 'tookTooLong',
  409: 'busy',
  413: 'badRequest',
  422: 'badRequest',
  425: 'busy',
  429: 'tooMany',
  // A server that can't do it will not learn it within a second.
  501: 'notOffered',
  505: 'notOffered',
});

/** An account that is empty, under whatever status; "insufficient permissions" is none. */
const emptyAccount = /insufficient[_ ](?:quota|credits?|funds|balance)|\bquota(?:_exceeded)?\b|\bcredits?\b|billing/;
const wrongKeyWords = /api[_ -]?key/;
const noSuchModelWords = /model_not_found|(?:invalid|unknown|no such) model|model .*(?:not found|not exist)/;

/** What a provider answered instead of doing what it was asked. */
export interface Refusal extends ErrorWords {
  readonly status: number;
  readonly retryAfterMs: number | undefined;
}

/** How one kind of provider speaks of its refusals. */
export interface RefusalWords {
  /** Each completes "the voice openai …". */
  readonly words: Readonly<Record<StatusMeaning, string>>;
  /** Codes that differ from the table's. */
  readonly codes?: Partial<Readonly<Record<StatusMeaning, ErrorCode>>>;
  /** "(status 500)", "(HTTP 500)". */
  readonly statusName: string;
  /** True where the provider's words are free of what people say: the log then has these instead of ours. */
  readonly logsSaid: boolean;
}

/** What the status means, with what the provider says beside it. */
export function meaningOf({ status, said, signs }: Pick<Refusal, 'status' | 'said' | 'signs'>): StatusMeaning {
  const all = `${signs} ${said.toLowerCase()}`;
  // OpenAI says 429 to an empty account, ElevenLabs 401, Anthropic 400.
  if (status >= 400 && status < 500 && emptyAccount.test(all)) return 'noCredit';
  // Gemini says 400 to a wrong key, several say it to an unknown model.
  if (status === 400 && wrongKeyWords.test(all)) return 'wrongKey';
  if (status === 400 && noSuchModelWords.test(all)) return 'notFound';
  return plainMeaningOf(status);
}

/** Code and next try of a status alone, such as one that stands in the middle of a stream. */
export function rowOfStatus(status: number): Pick<MeaningRow, 'code' | 'next'> {
  return meanings[plainMeaningOf(status)];
}

/** The failure of a try that was refused. */
export function failureOfRefusal(refusal: Refusal, kind: RefusalWords): ProviderFailure {
  const { status, said, retryAfterMs } = refusal;
  const meaning = meaningOf(refusal);
  const { code, next, isOutage = true, hidesSaid = false } = meanings[meaning];
  const saying = said === '' ? '' : `: ${said}`;
  const what = `${kind.words[meaning]} (${kind.statusName} ${status})`;
  return new ProviderFailure({
    code: kind.codes?.[meaning] ?? code,
    words: hidesSaid ? what : `${what}${saying}`,
    detail: kind.logsSaid ? `${kind.statusName} ${status}${saying}` : what,
    next,
    retryAfterMs,
    isOutage,
    status,
  });
}

function plainMeaningOf(status: number): StatusMeaning {
  const meaning = meaningOfStatus[status];
  if (meaning !== undefined) return meaning;
  if (status >= 500) return 'broken';
  return status >= 300 && status < 400 ? 'moved' : 'unexpected';
}
