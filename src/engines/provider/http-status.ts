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
  | 'tooLong'
  | 'filtered'
  | 'botchedCall'
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
  // The request is of our making: what a provider does not like of it is never the client's mistake, and the next one may like it.
  badRequest: { code: 'UNAVAILABLE', next: 'other', isOutage: false },
  tooLong: { code: 'UNAVAILABLE', next: 'other', isOutage: false },
  filtered: { code: 'PERMISSION_DENIED', next: 'nobody', isOutage: false },
  // The model wrote a call that its own server can't read; the next time it may do better.
  botchedCall: { code: 'UNAVAILABLE', next: 'again', isOutage: false },
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
  413: 'tooLong',
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
const noSuchModelWords = /model_not_found|(?:invalid|unknown|no such) model|model .{0,200}?(?:not found|not exist)/;

/** More was sent than the model, or the endpoint for one minute, takes. Bounds of the answer alone (`max_tokens`) are something else. */
const tooLongWords: readonly RegExp[] = Object.freeze([
  /context[_ -]?(?:length|size|window|limit)|\bn_ctx|context[^.]{0,20}overflow|max_model_len|max_seq_len/,
  /max(?:imum)?(?: allowed)? (?:model|prompt|input|sequence) length|\binput length\b|\bprompt length\b/,
  /\b(?:prompt|input|request(?: body| payload| entity)?|payload|messages?|conversation|text|string)\b(?: is| are| was)? too (?:long|large|big)/,
  /\b(?:prompt|input|request|messages?)\b[^.]{0,40}\bexceed(?:s|ed)?\b[^.]{0,40}(?:length|limit|maximum|max\b|tokens|size)/,
  /(?<!completion |output )\btokens?(?: count)?\b[^.]{0,60}(?:exceed|\btoo (?:many|long|large)\b|cannot be greater|must be <)/,
  /(?:too many|exceed\w{0,3}|maximum number of|max)(?: \w{1,20}){0,4} (?<!completion |output )(?:token limit|tokens)\b|token[_ ]limit|tokens_limit/,
  /`?inputs`? (?:tokens|must have less)|request_too_large|string_above_max_length|entity too large/,
  /reduce (?:the |your )?(?:length|size|message|prompt|input|request|context)|shorter (?:input|prompt)/,
  /上下文.{0,10}(?:长度|超)|(?:超过|超出).{0,8}最大.{0,4}长度|输入.{0,6}(?:过长|超)/,
]);
/** A bound for one minute, which this request alone is over: waiting helps nobody. */
const tooLongForAMinute = /request too large|tokens must be reduced|reduce your message/;

/** A judgement on what was said or shown, and not on how it was sent. */
const filterWords: readonly RegExp[] = Object.freeze([
  /content[_ -]?(?:policy|filter|moderation|management|exists risk)|responsibleai|data_?inspection|prohibited[_ ]content/,
  /safety (?:system|setting|filter|polic|guideline|reason)|\bmoderation\b|\bflagged\b|inappropriate|usage polic/,
  /violat\w{1,12}[^.]{0,60}(?:polic|terms|guideline)|new_sensitive|sensitive (?:content|information|words?)|违规|敏感|不当内容/,
]);

/** The model's own call of a tool was no call; what is said of the tools that were offered is something else. */
const botchedCallWords: readonly RegExp[] = Object.freeze([
  /tool_use_failed|failed_generation|output_parse_failed|malformed[_ ]function[_ ]call|tool call validation failed/,
  /(?:fail\w{0,5}|error) (?:to )?(?:call(?:ing)? an? (?:function|tool)|pars\w{1,5} (?:the )?(?:tool|function)[_ ]calls?|generat\w{1,5} (?:an? )?(?:tool|function)[_ ]call)/,
  /attempted to call (?:an? )?(?:tool|function)|model called an? (?:tool|function)|failed to parse input at pos/,
]);

/** True if one of the signs is in `words`. */
export function mentions(words: string, signs: readonly RegExp[]): boolean {
  return signs.some((each) => each.test(words));
}

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
export function meaningOf({ status, signs }: Pick<Refusal, 'status' | 'signs'>): StatusMeaning {
  const isOfRequest = requestStatuses.includes(status);
  if (isOfRequest && mentions(signs, botchedCallWords)) return 'botchedCall';
  if (status === 429 && tooLongForAMinute.test(signs)) return 'tooLong';
  if (isOfRequest && mentions(signs, tooLongWords)) return 'tooLong';
  // Before the account: "… was flagged. No credits were charged."
  if ((isOfRequest || status === 403) && mentions(signs, filterWords)) return 'filtered';
  // OpenAI says 429 to an empty account, ElevenLabs 401, Anthropic 400.
  if (status >= 400 && status < 500 && emptyAccount.test(signs)) return 'noCredit';
  // Gemini says 400 to a wrong key, several say it to an unknown model.
  if (status === 400 && wrongKeyWords.test(signs)) return 'wrongKey';
  if (status === 400 && noSuchModelWords.test(signs)) return 'notFound';
  return plainMeaningOf(status);
}

/** Statuses under which a request is refused for what is in it: most say 400 or 422, llama.cpp 500. */
const requestStatuses: readonly number[] = Object.freeze([400, 413, 422, 500]);

/** What becomes of a try that ends with this meaning. */
export function rowOf(meaning: StatusMeaning): Required<Pick<MeaningRow, 'code' | 'next' | 'isOutage'>> {
  const { code, next, isOutage = true } = meanings[meaning];
  return { code, next, isOutage };
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
    refusal: { status, signs: refusal.signs },
  });
}

function plainMeaningOf(status: number): StatusMeaning {
  const meaning = meaningOfStatus[status];
  if (meaning !== undefined) return meaning;
  if (status >= 500) return 'broken';
  return status >= 300 && status < 400 ? 'moved' : 'unexpected';
}
