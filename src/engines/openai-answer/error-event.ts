/**
 * An error where a part of an answer was expected: as an event of the stream, or as a whole body under a good status. It means what it would
 * have meant as a refusal, as far as it says so; and as long as nothing was said, there may be another way to ask.
 */
import { type ErrorWords, readErrorValue, type Secrets, statusNamedIn } from '../provider/error-words.ts';
import { ProviderFailure } from '../provider/failure.ts';
import { meaningOf, rowOf } from '../provider/http-status.ts';

/** The status of an error that names none: by its type, else that of a server which broke. */
const requestTypes = /invalid_request|bad_?request|invalid_argument|exceed_context/;

/** What the error says, and the status that it would have had; null if `value` is none. */
export function refusalOfErrorEvent(
  value: unknown,
  secrets: Secrets,
): (ErrorWords & { readonly status: number }) | null {
  const outer = Array.isArray(value) ? value[0] : value;
  if (typeof outer !== 'object' || outer === null || ('choices' in outer && !('error' in outer))) return null;
  const words = readErrorValue(value, secrets);
  if (words === null || words.said === '') return null;
  return { ...words, status: statusNamedIn(value) ?? (requestTypes.test(words.signs) ? 400 : 500) };
}

/** The failure that `value` tells of in the middle of a stream; null if it is no error. */
export function failureOfErrorEvent(value: unknown, secrets: Secrets, cause?: unknown): ProviderFailure | null {
  const refusal = refusalOfErrorEvent(value, secrets);
  if (refusal === null) return null;
  const { said, signs, status } = refusal;
  const detail = 'broke its answer off with an error';
  const words = `${detail}: ${said}`;
  return new ProviderFailure({
    ...rowOf(meaningOf({ status, signs })),
    words,
    detail,
    refusal: { status, signs },
    cause,
  });
}
