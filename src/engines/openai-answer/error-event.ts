/**
 * An error where a part of an answer was expected: as an event of the stream, or as a whole body under a good status. It is told apart from
 * the harmless rest of a stream by what it says of itself, in the shapes of OpenAI, OpenRouter, vLLM, FastAPI, Anthropic, Cloudflare,
 * MiniMax and Baidu. It means what it would have meant as a refusal, as far as it says so; and as long as nothing was said, there may be
 * another way to ask. Pure.
 */
import { readErrorValue, type Secrets, shownLine, statusNamedIn } from '../provider/error-words.ts';
import { ProviderFailure } from '../provider/failure.ts';
import { meaningOf, rowOf } from '../provider/http-status.ts';
import { type Fields, fieldOf, fieldsOf, isFilled, listOf, wordsIn } from './chunk-fields.ts';

/** The status of an error that names none: by its type, else that of a server which broke. */
const requestTypes = /invalid_request|bad_?request|invalid_argument|exceed_context/;

interface Heard {
  /** The event that it came in is named as an error. */
  readonly isError: boolean;
  readonly secrets: Secrets;
}

/** The failure that a chunk tells of; null = it tells of none. */
export function failureOfErrorEvent(chunk: Fields, { isError, secrets }: Heard): ProviderFailure | null {
  const choices = listOf(chunk.choices);
  const told =
    declaredError(chunk, Array.isArray(chunk.choices)) ??
    [...choices, chunk.x_groq].map((each) => fieldOf(each, 'error')).find(saysSomething);
  if (told === undefined && !isError && (choices.length > 0 || !isErrorObject(chunk))) return null;
  return failureOfErrorValue(told === undefined ? chunk : { ...chunk, error: told }, secrets);
}

/** The failure of text that is no JSON, in a stream of JSON; null if it says nothing of an error. */
export function failureOfErrorText(text: string, { isError, secrets }: Heard): ProviderFailure | null {
  return isError || errorText.test(text) ? failureOfErrorValue(text, secrets) : null;
}

/** Of words that are searched for what they mean. */
const searchedMaxChars = 16_384;
const errorText =
  /\b(?:error|exception|traceback|fail(?:ed|ure)|time[d-]? ?out|overloaded|unavailable|denied|unauthori[sz]ed|exceeded|refused|aborted)\b/i;

function failureOfErrorValue(value: Fields | string, secrets: Secrets): ProviderFailure {
  const other = typeof value === 'string' ? value : otherWords(value);
  const { said, signs } = readErrorValue(value, secrets) ?? {
    said: shownLine(other, secrets),
    signs: other.slice(0, searchedMaxChars).toLowerCase(),
  };
  const status = statusNamedIn(value) ?? (requestTypes.test(signs) ? 400 : 500);
  const detail = 'broke its answer off with an error';
  const words = said === '' || said === '{}' ? detail : `${detail}: ${said}`;
  return new ProviderFailure({ ...rowOf(meaningOf({ status, signs })), words, detail, refusal: { status, signs } });
}

/** Gateways write every field of their errors, empty or not, into every chunk. */
function saysSomething(error: unknown): boolean {
  const fields = fieldsOf(error);
  return fields === null ? isFilled(error) : Object.values(fields).some(isFilled);
}

/** `error` or `errors`; an empty object is what JSON makes of an exception, and beside choices of nothing. */
function declaredError({ error, errors }: Fields, hasChoices: boolean): unknown {
  if (saysSomething(error)) return error;
  const [first] = listOf(errors);
  if (isFilled(first)) return first;
  return fieldsOf(error) !== null && !hasChoices ? error : undefined;
}

const fine = /^(?:0|200|ok|success|true)$/i;
const errorName = /(?:^|[._-])(?:error|exception|failed|failure)$/i;
/** What keeps a connection awake may carry a message, too. */
const idleName = /ping|pong|heart|alive|queue|process|progress|status|info|start|wait|pending|running/i;

/** An object without choices that is an error by what it says. */
function isErrorObject(chunk: Fields): boolean {
  const names = [chunk.object, chunk.type, chunk.event, chunk.status].map(wordsIn);
  if (names.some((name) => errorName.test(name))) return true;
  if (names.some((name) => idleName.test(name))) return false;
  const codes = [chunk.code, chunk.error_code, chunk.status_code, fieldOf(chunk.base_resp, 'status_code')];
  const code = codes.find((each) => each !== undefined && each !== null && each !== '');
  if (code !== undefined && !fine.test(String(code))) return true;
  if (chunk.success === false || isFilled(chunk.detail)) return true;
  return code === undefined && otherWords(chunk) !== '';
}

/** What it says where nothing is named as an error. */
function otherWords({ message, msg, error_msg, error_message, errorMessage, base_resp, reason }: Fields): string {
  const values = [message, msg, error_msg, error_message, errorMessage, fieldOf(base_resp, 'status_msg'), reason];
  return values.map((value) => (typeof value === 'string' ? value : '')).find((text) => text !== '') ?? '';
}
