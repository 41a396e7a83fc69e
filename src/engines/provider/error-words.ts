/**
 * What a provider says of its own failure, as one short line: out of JSON in the shapes that models and voices use, out of HTML, or
 * plain. THE reader of error bodies and THE eraser of secrets: a text of a provider reaches clients and logs through here or not at all.
 * Secrets are taken out before the line is cut, so that no half of one is left at its end. Pure.
 */
import { parsedJson } from '../../model-json.ts';

/** As much of an error's body as is read: an explanation, not a page. */
export const errorBodyMaxBytes = 16_384;

/** As much as anybody wants to read of it. */
export const saidMaxChars = 300;

export interface ErrorWords {
  /** One line for people, without secrets; '' = nothing was said. */
  readonly said: string;
  /**
   * Its codes, types, parameters and messages, those of errors inside of it included, in one lower-case text without addresses, to look
   * for words in; never shown. '' for a page of HTML.
   */
  readonly signs: string;
}

/** What must not be seen again. */
export interface Secrets {
  /** '' = none is known. */
  readonly key?: string;
  /** What is being spoken: it is what somebody said or hears. */
  readonly text?: string;
}

/** A key of a few characters is a placeholder, and would be found in every other word. */
const shortestKeyChars = 6;

/** The shapes of keys, of whole ones and of those with stars in the middle, and of addresses with a user. */
const keyShapes: readonly RegExp[] = Object.freeze([
  /\b(?:sk|pk|gsk|xai|key|rk)-[\w*.-]{4,}/gi,
  /\bAIza[\w*-]{8,}/g,
  /\bBearer\s+\S+/gi,
  /(?<=\/\/)[^\s/@]+@/g,
  /(?<=[?&](?:key|api_key|token|access_token)=)[^\s&]+/gi,
]);

/** `text` without the secrets, nor anything that looks like a key. */
export function withoutSecrets(text: string, { key = '', text: spoken = '' }: Secrets): string {
  const unspoken = spoken === '' ? text : text.replaceAll(spoken, '***');
  const known = key.length < shortestKeyChars ? unspoken : unspoken.replaceAll(key, '[key]');
  return keyShapes.reduce((cleaned, shape) => cleaned.replace(shape, '[key]'), known);
}

/** What a provider says, fit to be shown: without secrets, on one line, bounded. */
export function shownLine(text: string, secrets: Secrets): string {
  const line = withoutSecrets(text.toWellFormed(), secrets)
    .replace(/[\p{Cc}\p{Cf}\s]+/gu, ' ')
    .trim();
  const characters = [...line];
  return characters.length <= saidMaxChars ? line : `${characters.slice(0, saidMaxChars).join('')}…`;
}

/** What the body of a refusal says, whatever its shape. */
export function readErrorBody(body: string, secrets: Secrets): ErrorWords {
  const value = parsedJson(body);
  if (value !== undefined) {
    return (
      readErrorValue(value, secrets) ?? { said: shownLine(body, secrets), signs: signsOf(explanationsIn(value, 0)) }
    );
  }
  const isPage = /<\w/.test(body);
  const text = isPage ? body.replace(/<(style|script)\b[\s\S]*?<\/\1>/gi, ' ').replace(/<[^>]*>/g, ' ') : body;
  return { said: shownLine(text, secrets), signs: isPage ? '' : signsOf([body]) };
}

/** The same for JSON that is read already; null if nothing in it is named as a message. */
export function readErrorValue(value: unknown, secrets: Secrets): ErrorWords | null {
  if (typeof value === 'string') return { said: shownLine(value, secrets), signs: signsOf([value]) };
  // Gemini puts its error into a list.
  const outer = Array.isArray(value) ? value[0] : value;
  const message = fieldOf(fieldOf(outer, 'error'), 'message') ?? firstNamed(outer);
  if (message === undefined) return null;
  const said = messageIn(outer, 0) ?? textOf(message);
  const quoted = quotedIn(outer);
  const line = quoted === null || quoted === said ? said : `${said}: ${quoted}`;
  return { said: shownLine(line, secrets), signs: signsOf(explanationsIn(outer, 0)) };
}

/** The HTTP status that an error names itself where it came under another one: `{"error": {"code": 400}}`; null = none. */
export function statusNamedIn(value: unknown): number | null {
  const outer = Array.isArray(value) ? value[0] : value;
  const error = fieldOf(outer, 'error') ?? outer;
  const named = ['code', 'status', 'status_code', 'http_code']
    .map((name) => fieldOf(error, name) ?? fieldOf(outer, name))
    .map(Number);
  return named.find((each) => Number.isInteger(each) && each >= 400 && each < 600) ?? null;
}

/** Names of what explains an error. Everything else may be what was asked (`input`) or answered (`failed_generation`). */
const explainingNames: readonly string[] = Object.freeze([
  ...[
    'code',
    'type',
    'param',
    'message',
    'error',
    'errors',
    'detail',
    'details',
    'msg',
    'loc',
    'reason',
    'status',
    'title',
  ],
  ...['error_description', 'description', 'metadata', 'raw', 'innererror', 'inner_error', 'cause'],
]);
/** Errors of errors: a router tells what its provider told of its own model. */
const explanationMaxDepth = 8;
/** Of one list; a validator has a line for each way in which it could not read a request. */
const explanationMaxItems = 20;

/** All texts that explain the error, JSON inside of texts included. Bounded, as the body is. */
function explanationsIn(value: unknown, depth: number): readonly string[] {
  if (typeof value === 'number') return [String(value)];
  if (depth > explanationMaxDepth) return [];
  if (typeof value === 'string') {
    const inner = embeddedJson(value);
    return inner === undefined ? [value] : explanationsIn(inner, depth + 1);
  }
  if (Array.isArray(value)) {
    return value.slice(0, explanationMaxItems).flatMap((each) => explanationsIn(each, depth + 1));
  }
  if (typeof value !== 'object' || value === null) return [];
  const named = new Map<string, unknown>(Object.entries(value));
  return explainingNames.flatMap((name) => explanationsIn(named.get(name), depth + 1));
}

/** Addresses lead to pages about billing and rate limits, whatever the error is about. */
function signsOf(texts: readonly string[]): string {
  return texts
    .join('; ')
    .slice(0, errorBodyMaxBytes)
    .replace(/https?:\/\/\S+/gi, ' ')
    .toLowerCase();
}

/** What OpenRouter's provider said, which stands behind its own "Provider returned error". */
function quotedIn(outer: unknown): string | null {
  const raw = fieldOf(fieldOf(fieldOf(outer, 'error') ?? outer, 'metadata'), 'raw');
  return raw === undefined ? null : messageIn(raw, 0);
}

/** A text that is JSON of its own, as an error that was passed on often is. */
function embeddedJson(text: string): unknown {
  return /^\s*[{[]/.test(text) ? parsedJson(text) : undefined;
}

/**
 * `{"error": {"message": …}}` (most), `{"error": "…"}` (Ollama, some proxies), `{"message": …}` (vLLM, Mistral), `{"detail": …}` (FastAPI,
 * ElevenLabs), and what is seen elsewhere.
 */
const messageNames: readonly string[] = ['message', 'error', 'detail', 'msg', 'error_description', 'title'];
/** `error.detail[0].msg` is three deep, and an error that is passed on as a text goes two or three deeper. */
const maxDepth = 7;

function firstNamed(value: unknown): unknown {
  return messageNames.map((name) => fieldOf(value, name)).find((each) => each !== undefined && each !== '');
}

/** The first text under a name that means "message". */
function messageIn(value: unknown, depth: number): string | null {
  if (typeof value === 'string') {
    const inner = depth === maxDepth ? undefined : embeddedJson(value);
    return (inner === undefined ? null : messageIn(inner, depth + 1)) ?? value;
  }
  if (depth === maxDepth || typeof value !== 'object' || value === null) return null;
  if (Array.isArray(value)) return messageIn(value[0], depth + 1);
  for (const name of messageNames) {
    const inner = fieldOf(value, name);
    const message = messageIn(inner, depth + 1);
    if (message !== null && message !== '') return name === 'detail' ? withStatus(inner, message) : message;
  }
  return null;
}

/** ElevenLabs says what kind of failure it is beside the message: `{"detail": {"status": "voice_not_found", "message": …}}`. */
function withStatus(value: unknown, message: string): string {
  const status = fieldOf(value, 'status');
  return typeof status === 'string' ? `${status}: ${message}` : message;
}

/** undefined = it has no such field, or null in it. */
function fieldOf(value: unknown, name: string): unknown {
  if (typeof value !== 'object' || value === null) return undefined;
  return new Map<string, unknown>(Object.entries(value)).get(name) ?? undefined;
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : (JSON.stringify(value) ?? '');
}
