/**
 * What a failed try means: whatever was thrown on the way to an answer, as a ProviderFault. The table of statuses stands here, and with it
 * the decision what is tried next (docs/decisions/0010-language-models.md).
 */
import { APIConnectionError, APIConnectionTimeoutError, APIError } from 'openai';
import type { ErrorCode } from '../../errors.ts';
import { type NextTry, ProviderFault } from './provider-fault.ts';
import { ProviderRefusal, shortened } from './provider-refusal.ts';

interface StatusRow {
  readonly errorCode: ErrorCode;
  readonly what: string;
  readonly next: NextTry;
  readonly isOutage?: boolean;
  /** The provider's words may quote the key. */
  readonly hidesDetail?: boolean;
}

const wrongKey: StatusRow = {
  errorCode: 'UNAUTHENTICATED',
  what: 'does not accept the key of this server',
  next: 'nextProvider',
  hidesDetail: true,
};

const noSuchModel: StatusRow = {
  errorCode: 'NOT_FOUND',
  what: 'does not know this model, or has nothing at this address',
  next: 'nextProvider',
};

const outOfCredit: StatusRow = { errorCode: 'RESOURCE_EXHAUSTED', what: 'has no credit left', next: 'nextProvider' };

const badRequest: StatusRow = {
  errorCode: 'INVALID_ARGUMENT',
  what: 'refuses the request',
  next: 'nobody',
  isOutage: false,
};

const statusRows: Readonly<Record<number, StatusRow>> = Object.freeze({
  400: badRequest,
  401: wrongKey,
  402: outOfCredit,
  403: { errorCode: 'PERMISSION_DENIED', what: 'forbids it', next: 'nextProvider', hidesDetail: true },
  404: noSuchModel,
  408: { errorCode: 'DEADLINE_EXCEEDED', what: 'took too long', next: 'sameAgain' },
  409: { errorCode: 'UNAVAILABLE', what: 'is busy', next: 'sameAgain' },
  413: badRequest,
  422: badRequest,
  425: { errorCode: 'UNAVAILABLE', what: 'is busy', next: 'sameAgain' },
  429: { errorCode: 'RESOURCE_EXHAUSTED', what: 'has too much to do', next: 'sameAgain' },
});

/** What the error codes that providers put beside a status mean, where that is more than the status says. */
function refinedRow(row: StatusRow, { status, signs }: ProviderRefusal): StatusRow {
  // Gemini says 400 to a wrong key; several say 400 to an unknown model; OpenAI says 429 to an empty account.
  if (status === 400 && /api[_ -]?key/.test(signs)) return wrongKey;
  if (
    status === 400 &&
    /model_not_found|(?:invalid|unknown|no such) model|model .*(?:not found|not exist)/.test(signs)
  ) {
    return noSuchModel;
  }
  if (status === 429 && /insufficient_quota|billing/.test(signs)) return outOfCredit;
  return row;
}

/** The fault for whatever a try threw. What is neither of the network nor of the provider is thrown on: a bug of ours. */
export function faultOfError(error: unknown): ProviderFault {
  const thrown = innermost(error);
  if (thrown instanceof ProviderFault) return thrown;
  if (thrown instanceof ProviderRefusal) return faultOfRefusal(thrown);
  if (error instanceof SyntaxError) {
    return unavailable('sent a chunk that is no JSON', error);
  }
  if (error instanceof APIConnectionTimeoutError || systemCodeOf(error).includes('TIMEOUT')) {
    return new ProviderFault(
      { errorCode: 'DEADLINE_EXCEEDED', what: 'did not answer in time', next: 'sameAgain' },
      { cause: error },
    );
  }
  if (error instanceof APIConnectionError) return unavailable(`can't be reached${inBrackets(error)}`, error);
  // An `error` in the middle of the stream; some put the status that it would have been into its code.
  if (error instanceof APIError) return faultOfErrorEvent(error);
  // What fetch throws when a body breaks off.
  if (systemCodeOf(error) !== '' || (error instanceof TypeError && error.message === 'terminated')) {
    return unavailable(`broke the connection off${inBrackets(error)}`, error);
  }
  throw error;
}

/** What we threw ourselves inside of fetch. */
function innermost(error: unknown): unknown {
  let found = error;
  for (let depth = 0; depth < 4 && found instanceof Error; depth += 1) {
    if (found instanceof ProviderFault || found instanceof ProviderRefusal) return found;
    found = found.cause;
  }
  return undefined;
}

function faultOfRefusal(refusal: ProviderRefusal): ProviderFault {
  const { status, detail, retryAfterMs } = refusal;
  const row = refinedRow(rowOf(status), refusal);
  return new ProviderFault(
    {
      errorCode: row.errorCode,
      what: `${row.what} (status ${status})`,
      detail: row.hidesDetail === true ? '' : detail,
      next: row.next,
      ...(retryAfterMs !== undefined && { retryAfterMs }),
      isOutage: row.isOutage ?? true,
    },
    { cause: refusal },
  );
}

function rowOf(status: number): StatusRow {
  const row = statusRows[status];
  if (row !== undefined) return row;
  if (status >= 500) return { errorCode: 'UNAVAILABLE', what: 'is out of order', next: 'sameAgain' };
  return { errorCode: 'UNAVAILABLE', what: 'answered something unexpected', next: 'nextProvider' };
}

function faultOfErrorEvent(error: APIError): ProviderFault {
  const status = Number(error.code);
  const { errorCode, next } =
    Number.isInteger(status) && status >= 400 && status < 600
      ? rowOf(status)
      : { errorCode: 'UNAVAILABLE' as const, next: 'sameAgain' as const };
  return new ProviderFault(
    { errorCode, what: 'broke its answer off with an error', detail: shortened(error.message), next },
    { cause: error },
  );
}

function unavailable(what: string, cause: unknown): ProviderFault {
  return new ProviderFault({ errorCode: 'UNAVAILABLE', what, next: 'sameAgain' }, { cause });
}

function inBrackets(error: unknown): string {
  const code = systemCodeOf(error);
  return code === '' ? '' : ` (${code})`;
}

/** ECONNREFUSED, UND_ERR_SOCKET and the like, wherever in the chain of causes it stands; '' = none. Node's own ERR_… are bugs of ours. */
function systemCodeOf(error: unknown): string {
  let found = error;
  for (let depth = 0; depth < 5 && found instanceof Error; depth += 1) {
    if ('code' in found && typeof found.code === 'string' && /^(?!ERR_)[A-Z][A-Z0-9_]+$/.test(found.code))
      return found.code;
    found = found.cause;
  }
  return '';
}
