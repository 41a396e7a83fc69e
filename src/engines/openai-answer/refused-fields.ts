/**
 * What of a request an endpoint does not take. "Compatible with OpenAI" means something else everywhere: one refuses `stream_options`,
 * one has a model without tools or without eyes, OpenAI's own newer models want `max_completion_tokens`. An endpoint that refuses a
 * request and names such a field is asked again without it, and this is remembered. Every field is given up at most once a request, so
 * this ends.
 */
import type { Refusal } from '../provider/http-status.ts';

const optionalFields = [
  'stream_options',
  'max_tokens',
  'max_completion_tokens',
  'temperature',
  'tools',
  'image',
] as const;

export type OptionalField = (typeof optionalFields)[number];

/** The fields that an endpoint does not take. */
export type RefusedFields = ReadonlySet<OptionalField>;

/** Statuses with which endpoints refuse a field: 400 and 422 (most), 404 (OpenRouter), 500 and 501 (llama.cpp). */
const refusingStatuses: readonly number[] = Object.freeze([400, 404, 422, 500, 501]);

/** How each field shows in a refusal, lower case. */
const fieldSigns: Readonly<Record<OptionalField, RegExp>> = Object.freeze({
  stream_options: /stream_options|include_usage/,
  max_tokens: /\bmax_tokens\b/,
  max_completion_tokens: /\bmax_completion_tokens\b/,
  temperature: /\btemperature\b/,
  tools: /\btools?\b|tool[_-]choice|function[_ -]?call/,
  image: /\bimages?\b|image_url|\bvision\b|multi-?modal|mmproj/,
});

/** That it is the field and not this one value of it which is refused. */
const refusingWords: readonly RegExp[] = [
  /unsupported|not support|only support|that support|unknown|unrecognized|unexpected|extra|not permitted|not allowed/,
  /not enabled|requires|instead|mmproj|must be a string|valid string/,
];

/** An image that is bad is no endpoint without eyes. */
const badImage = /format|valid image|too large|too big|resolution|corrupt|decode/;

/** OpenAI's own name for it is the newer one; everybody else has kept the older. */
export function fieldsRefusedAtFirst(baseUrl: string): RefusedFields {
  return new Set([new URL(baseUrl).hostname === 'api.openai.com' ? 'max_tokens' : 'max_completion_tokens']);
}

/** The one name for the longest answer that this endpoint takes. */
export function maxTokensField(refused: RefusedFields): 'max_tokens' | 'max_completion_tokens' {
  return refused.has('max_tokens') ? 'max_completion_tokens' : 'max_tokens';
}

/** The optional fields that an endpoint was asked with. */
export interface AskedFields {
  readonly sent: readonly OptionalField[];
  /** Fields that it has refused while this very request was being asked. */
  readonly refusedBefore: ReadonlySet<OptionalField>;
}

/** The field of the request that the refusal names; null if it names none, or if there is no other way to ask. */
export function refusedField(
  { signs, status }: Pick<Refusal, 'signs' | 'status'>,
  asked: AskedFields,
): OptionalField | null {
  if (!refusingStatuses.includes(status) || !refusingWords.some((words) => words.test(signs))) return null;
  const field = asked.sent.find((each) => fieldSigns[each].test(signs));
  if (field === undefined || (field === 'image' && badImage.test(signs))) return null;
  // An operator's bound is never dropped: if neither name for it is taken, the request fails.
  const other = otherMaxTokens(field);
  return other !== null && asked.refusedBefore.has(other) ? null : field;
}

/** `refused` with `field` added. The other name for the longest answer takes the place of a refused one. */
export function withRefusedField(refused: RefusedFields, field: OptionalField): RefusedFields {
  return new Set([...[...refused].filter((each) => each !== otherMaxTokens(field)), field]);
}

function otherMaxTokens(field: OptionalField): OptionalField | null {
  if (field === 'max_tokens') return 'max_completion_tokens';
  return field === 'max_completion_tokens' ? 'max_tokens' : null;
}
