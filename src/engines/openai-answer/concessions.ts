/**
 * What a request gives up so that an endpoint takes it. "Compatible with OpenAI" means something else everywhere: one refuses
 * `stream_options`, one has a model without tools, without eyes or without a system role, one is asked more than it can keep in mind. Who
 * refuses a request for what is in it is asked again without that. Pure: which concession a refusal asks for; who makes it, how often, and
 * what is remembered, is negotiation.ts.
 *
 * 1. A concession lasts (is remembered for the endpoint) only where the refusal speaks of what the endpoint can do, never where it speaks of
 *    this picture, this history, this call: one device's picture is nobody else's. In doubt it does not last.
 * 2. Every part is given up at most once a request, so asking ends.
 * 3. An operator's bound on the answer is renamed or, where the endpoint's own is smaller, left to it; it is never just dropped.
 */
import type { RefusedWith } from '../provider/failure.ts';
import { meaningOf, mentions } from '../provider/http-status.ts';

/**
 * `stream`: the answer while it is being written; it then comes in one piece. `system`: a message of the role system; its words then stand
 * in the first message of the user. `image`: pictures of any kind; `picture`: this one. `older_history`: the older half of what was said
 * before; `history`: all of it. `limit`: the longest answer, under whichever name.
 */
export const requestParts = [
  'stream',
  'stream_options',
  'max_tokens',
  'max_completion_tokens',
  'limit',
  'temperature',
  'tools',
  'system',
  'image',
  'picture',
  'older_history',
  'history',
] as const;

export type RequestPart = (typeof requestParts)[number];

/** The parts that a request is sent without. */
export type GivenUp = ReadonlySet<RequestPart>;

export interface Concession {
  /** At least one. */
  readonly parts: readonly RequestPart[];
  /** True if it is about the endpoint, and not about this request alone. */
  readonly isLasting: boolean;
}

/** What an endpoint was asked with. */
export interface AskedWith {
  /** The parts that can be given up and were in the request. */
  readonly sent: ReadonlySet<RequestPart>;
  /** What was given up for this very request. */
  readonly conceded: ReadonlySet<RequestPart>;
  /** The name of the model, which is none of the endpoint's words: `llama3.2-vision does not support tools`. */
  readonly model: string;
  /** True if the same request has failed before in a way that may have been chance. */
  readonly isRepeated: boolean;
}

/** OpenAI's own name for the longest answer is the newer one; everybody else has kept the older. */
export function givenUpAtFirst(baseUrl: string): GivenUp {
  return new Set([new URL(baseUrl).hostname === 'api.openai.com' ? 'max_tokens' : 'max_completion_tokens']);
}

/** The one name for the longest answer that this endpoint takes; null = it is left to the endpoint. */
export function limitField(givenUp: GivenUp): LimitField | null {
  if (givenUp.has('limit')) return null;
  return givenUp.has('max_tokens') ? 'max_completion_tokens' : 'max_tokens';
}

/** `givenUp` with `parts` added. The other name for the longest answer takes the place of a refused one. */
export function withGivenUp(givenUp: GivenUp, parts: readonly RequestPart[]): GivenUp {
  const others = parts.flatMap((each) => (isLimitField(each) ? [otherLimitField(each)] : []));
  return new Set([...[...givenUp].filter((each) => !others.some((other) => other === each)), ...parts]);
}

type LimitField = 'max_tokens' | 'max_completion_tokens';

function isLimitField(part: RequestPart): part is LimitField {
  return part === 'max_tokens' || part === 'max_completion_tokens';
}

function otherLimitField(field: LimitField): LimitField {
  return field === 'max_tokens' ? 'max_completion_tokens' : 'max_tokens';
}

/** What may be given up for the sake of this refusal; null = nothing, or it is not the request that is refused. */
export function concessionFor(refusal: RefusedWith, asked: AskedWith): Concession | null {
  const words = withoutName(refusal.signs, asked.model);
  switch (meaningOf({ status: refusal.status, signs: words })) {
    case 'botchedCall':
      return asked.isRepeated ? passing(asked, ['tools']) : null;
    case 'tooLong':
      return shortened(words, refusal.status, asked);
    case 'filtered':
      // It was the picture, or what was said before, which would stand in the way of all that will be said.
      return passing(asked, ['picture']) ?? passing(asked, ['history']);
    case 'badRequest':
      return namedPart(words, asked) ?? plainer(words, asked);
    case 'unexpected':
      return refusal.status === 415 ? (namedPart(words, asked) ?? plainer(words, asked)) : null;
    case 'notFound':
    case 'notOffered':
      return mentions(words, inability) ? namedPart(words, asked) : null;
    case 'broken': {
      const named = mentions(words, inability) || mentions(words, pictureSigns) ? namedPart(words, asked) : null;
      // Some end with a bare 500 when they are shown a picture.
      return named ?? (asked.isRepeated ? passing(asked, ['picture']) : null);
    }
    default:
      return null;
  }
}

/** By its name a model with eyes would be found in every refusal. */
function withoutName(signs: string, model: string): string {
  const name = model.toLowerCase();
  return [name, name.slice(name.lastIndexOf('/') + 1)]
    .filter((each) => each.length > 2)
    .reduce((text, each) => text.replaceAll(each, ' '), signs);
}

/** A concession for this request alone, of those parts that were sent. */
function passing({ sent }: AskedWith, parts: readonly RequestPart[]): Concession | null {
  const left = parts.filter((each) => sent.has(each));
  return left.length === 0 ? null : { parts: left, isLasting: false };
}

/** That something can't be done here: for statuses which mean something else as a rule. */
const inability: readonly RegExp[] = Object.freeze([
  /unsupported|deprecated|requires?\b|instead|mmproj|\bmust\b|\bshould\b|expected|(?:only|that) support|extra|un(?:known|recognized)/,
  /not (?:yet |currently )?(?:support|allow|permit|enabled|available|accept|a )|n't (?:support|accept)/,
]);

/** How fields show in a refusal, in the order they are looked for. */
const fieldSigns: readonly (readonly [RequestPart, RegExp])[] = Object.freeze([
  ['stream_options', /stream[_ ]options|include_usage/],
  ['temperature', /\btemperature\b/],
  [
    'system',
    /\broles?\b|\b(?:system|developer)[ _-](?:message|prompt|instruction|role)|starts? with an? user|only user and assistant/,
  ],
  ['tools', /\btools?\b|tool[_ -]?(?:choice|calls?|use)|function[_ -]?call|\bfunctions?\b|\bjinja\b|\bgrammar\b/],
  [
    'stream',
    /['"`]stream['"`]|\bto stream this\b|\bstream(?:ing)?(?: mode| responses?)? (?:is |are )?(?:not|un|disabled)|(?:not|n't) support stream/,
  ],
]);

/** The part that the refusal names, if it can be given up. */
function namedPart(words: string, asked: AskedWith): Concession | null {
  const { sent } = asked;
  const limit = otherLimit(words, asked);
  if (limit !== null) return limit;
  if (sent.has('image') && mentions(words, pictureSigns)) {
    return hasNoEyes(words) ? { parts: ['image'], isLasting: true } : passing(asked, ['picture']);
  }
  // Roles that take turns when the system's words stand with the user's already: what was said before is out of step.
  if (/roles must alternate/.test(words) && !sent.has('system')) return passing(asked, ['history']);
  const named = fieldSigns.find(([part, signs]) => sent.has(part) && signs.test(words));
  return named === undefined ? null : { parts: [named[0]], isLasting: true };
}

/** That it is the bound's value which is refused, and not its name. */
const limitIsTooHigh =
  /too (?:large|big|high)|at most|\brange\b|less than|between|exceed|greater than|maximum|cannot be|<=|> ?\d|must be/;
const limitIsUnknown = /instead|unsupported|not support|unknown|unrecognized|extra|not permitted|deprecated/;

/** The longest answer under its other name, or left to an endpoint whose own bound is below it. */
function otherLimit(words: string, { sent, conceded }: AskedWith): Concession | null {
  const field = [...sent].find(isLimitField);
  if (field === undefined || !new RegExp(`\\b${field}\\b`).test(words)) return null;
  if (limitIsTooHigh.test(words) && !limitIsUnknown.test(words)) return { parts: ['limit'], isLasting: true };
  return conceded.has(otherLimitField(field)) ? null : { parts: [field], isLasting: true };
}

/** Who does not say what is wrong is asked without the picture, and then for no more than an answer. The bound on it stays. */
function plainer(words: string, asked: AskedWith): Concession | null {
  const isOnlyLimit = [...asked.sent].some((each) => isLimitField(each) && words.includes(each));
  if (isOnlyLimit) return null;
  return (
    passing(asked, ['picture']) ??
    passing(asked, ['stream_options', 'temperature', 'tools', 'system', 'older_history', 'history'])
  );
}

/** That it is the room for the answer which is too large, and not the question. */
const answerIsTooLong =
  /max_(?:completion_)?tokens\W+(?:or \W*\w+\W+)?(?:is |are |=|:)?[^.]{0,20}(?:too large|cannot be|must be)/;

function shortened(words: string, status: number, asked: AskedWith): Concession | null {
  const countsTokens = /token|context/.test(words);
  const isPicture = !countsTokens && (status === 413 || mentions(words, pictureSigns));
  return (
    (answerIsTooLong.test(words) ? passing(asked, ['limit']) : null) ??
    (isPicture ? passing(asked, ['picture']) : null) ??
    passing(asked, ['older_history']) ??
    passing(asked, ['history']) ??
    passing(asked, ['picture']) ??
    (/max_\w*tokens|completion|output/.test(words) ? passing(asked, ['limit']) : null)
  );
}

/** That the refusal is about a picture, or about a message that is no plain text, as only one with a picture is. */
const pictureSigns: readonly RegExp[] = Object.freeze([
  /image|\bvision\b|visual|multi-?modal|mmproj|picture|screenshot|media[_ ]?type|base64|data[ :]ur[il]|图像|图片|视觉|多模态/,
  /text[- ]only|unknown variant|untagged enum|expected (?:a |an )?(?:string|text)|valid string|content\b.{0,30}\bstring/,
  /(?:must|should) be (?:a |of type )?(?:valid )?string|(?:must|should) be .?text|got (?:a |an )?(?:list|array|sequence)/,
]);

/** The model or its server is said to take no pictures at all. */
const noEyesSigns: readonly RegExp[] = Object.freeze([
  /not (?:an? )?(?:multi-?modal|vision|vlm)|non-?multi-?modal|text[- ]only|only (?:supports? |accepts? |takes? )?text\b/,
  /mmproj|multi-?modal projector|not (?:been )?compiled for multi-?modal|不支持(?:图像|图片|视觉|多模态)/,
  /no endpoints?[^.]{0,60}(?:image|vision|multi-?modal)|at most 0 image|\b0 images?\b|(?:missing|lacks?|without)[^.]{0,40}image input/,
  /unknown variant|untagged enum|expected (?:a |an )?(?:string|.?text)|(?:must|should) be (?:a |of type )?(?:valid )?string|valid string/,
  /supported values are:? .?text|got (?:a |an )?(?:list|array|sequence)|vision[^.]{0,20} (?:is |are )?not loaded/,
]);

/** The same in words which may as well be about a picture of a kind: then it is in doubt. Bare "images" are those of no kind. */
const maybeNoEyes: readonly RegExp[] = Object.freeze([
  /(?:not|n't|never) (?:yet |currently )?(?:support|accept|allow|handle|process|take|see|enable)\w*[^.]{0,40}(?:image_url|image[_ ](?:input|url|content|part|modalit)|\bvision\b|multi-?modal)/,
  /(?:not|n't|never) (?:yet |currently )?(?:support|accept|allow|handle|process|take|see)\w* (?:the |any |input |use of |sending )*images?\b(?! (?:with|of|that|which|whose|contain|over|above|below|in |type|data))/,
  /(?:\bimage[_ ](?:inputs?|urls?|contents?|parts?|modality)|image_url|\bvision\b|multi-?modal\w*)[^.]{0,40}(?:not|only|n't) (?:yet |currently |be )?(?:support|enabled|available|allowed|accepted|permitted)/,
  /(?:^|[.:;,!"'({]) *(?:input )?images (?:are |is )?(?:not|only|un)(?: yet| currently| be)? ?(?:support|enabled|available|allowed|accepted|permitted)/,
  /unsupported (?:content|message|input)[ _](?:type|part|modality)\W+image/,
]);

/** What a picture has, and an endpoint has not. */
const ofThisPicture =
  /format|mime|media[_ ]?type|file type|extension|\bsizes?\b|dimension|resolution|pixel|larger|too (?:large|big|small|many)|exceed|bytes|\bmb\b|corrupt|decod|download|fetch|\bload|safety|polic|moderat|flagged|base64|webp|\bpng\b|jpe?g|\bgif\b|aspect|truncat|animated|(?:in)?valid image|unable to process|could not process/;

function hasNoEyes(words: string): boolean {
  if (/\btools?\b|function[_ -]?call/.test(words)) return false;
  return mentions(words, noEyesSigns) || (mentions(words, maybeNoEyes) && !ofThisPicture.test(words));
}
