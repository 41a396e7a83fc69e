/**
 * What a failed try at a model means: whatever was thrown on the way to its answer, as a ProviderFailure. What a status means stands in
 * provider/http-status.ts; here are the words of it, and what the library and fetch throw.
 */
import { APIConnectionError, APIConnectionTimeoutError, APIError } from 'openai';
import { type Secrets, shownLine } from '../provider/error-words.ts';
import { ProviderFailure } from '../provider/failure.ts';
import { failureOfRefusal, type RefusalWords, rowOfStatus } from '../provider/http-status.ts';
import { brokenAnswer } from './answer-reader.ts';
import { ProviderRefusal } from './guarded-fetch.ts';

const modelRefusals: RefusalWords = Object.freeze({
  words: Object.freeze({
    badRequest: 'refuses the request',
    wrongKey: 'does not accept the key of this server',
    noCredit: 'has no credit left',
    forbidden: 'forbids it',
    notFound: 'does not know this model, or has nothing at this address',
    tookTooLong: 'took too long',
    busy: 'is busy',
    tooMany: 'has too much to do',
    broken: 'is out of order',
    notOffered: 'is out of order',
    moved: 'answered something unexpected',
    unexpected: 'answered something unexpected',
  }),
  statusName: 'status',
  // A model's provider may quote what somebody asked.
  logsSaid: false,
});

/** The failure for whatever a try threw. What is neither of the network nor of the provider is thrown on: a bug of ours. */
export function failureOfError(error: unknown, secrets: Secrets): ProviderFailure {
  const thrown = innermost(error);
  if (thrown instanceof ProviderFailure) return thrown;
  if (thrown instanceof ProviderRefusal) return failureOfRefusal(thrown, modelRefusals);
  if (error instanceof SyntaxError) return unavailable('sent a chunk that is no JSON', error);
  if (error instanceof APIConnectionTimeoutError || systemCodeOf(error).includes('TIMEOUT')) {
    const words = 'did not answer in time';
    return new ProviderFailure({ code: 'DEADLINE_EXCEEDED', words, next: 'again', cause: error });
  }
  if (error instanceof APIConnectionError) return unavailable(`can't be reached${inBrackets(error)}`, error);
  // An `error` in the middle of the stream; some put the status that it would have been into its code.
  if (error instanceof APIError) return failureOfErrorEvent(error, secrets);
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
    if (found instanceof ProviderFailure || found instanceof ProviderRefusal) return found;
    found = found.cause;
  }
  return undefined;
}

function failureOfErrorEvent(error: APIError, secrets: Secrets): ProviderFailure {
  const status = Number(error.code);
  const isStatus = Number.isInteger(status) && status >= 400 && status < 600;
  const { code, next } = isStatus ? rowOfStatus(status) : ({ code: 'UNAVAILABLE', next: 'again' } as const);
  return brokenAnswer({ code, next, said: shownLine(error.message, secrets), cause: error });
}

function unavailable(words: string, cause: unknown): ProviderFailure {
  return new ProviderFailure({ code: 'UNAVAILABLE', words, next: 'again', cause });
}

function inBrackets(error: unknown): string {
  const code = systemCodeOf(error);
  return code === '' ? '' : ` (${code})`;
}

/** ECONNREFUSED, UND_ERR_SOCKET and the like, wherever in the chain of causes it stands; '' = none. Node's own ERR_… are bugs of ours. */
function systemCodeOf(error: unknown): string {
  let found = error;
  for (let depth = 0; depth < 5 && found instanceof Error; depth += 1) {
    if ('code' in found && typeof found.code === 'string' && /^(?!ERR_)[A-Z][A-Z0-9_]+$/.test(found.code)) {
      return found.code;
    }
    found = found.cause;
  }
  return '';
}
