/**
 * What a provider says of its own failure, as one short line: out of JSON in the shapes that models and voices use, out of HTML, or
 * plain. THE reader of error bodies and THE eraser of secrets: a text of a provider reaches clients and logs through here or not at all.
 * Secrets are taken out before the line is cut, so that no half of one is left at its end. Pure.
 */

/** As much of an error's body as is read: an explanation, not a page. */
export const errorBodyMaxBytes = 16_384;

/** As much as anybody wants to read of it. */
export const saidMaxChars = 300;

export interface ErrorWords {
  /** One line for people, without secrets; '' = nothing was said. */
  readonly said: string;
  /** Its code, type, parameter and message in one lower-case text, to look for words in; never shown. '' for a page of HTML. */
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
  if (value !== undefined) return readErrorValue(value, secrets) ?? { said: shownLine(body, secrets), signs: '' };
  const isPage = /<\w/.test(body);
  const text = isPage ? body.replace(/<(style|script)\b[\s\S]*?<\/\1>/gi, ' ').replace(/<[^>]*>/g, ' ') : body;
  return { said: shownLine(text, secrets), signs: isPage ? '' : body.toLowerCase() };
}

/** The same for JSON that is read already; null if nothing in it is named as a message. */
export function readErrorValue(value: unknown, secrets: Secrets): ErrorWords | null {
  if (typeof value === 'string') return { said: shownLine(value, secrets), signs: value.toLowerCase() };
  // Gemini puts its error into a list.
  const outer = Array.isArray(value) ? value[0] : value;
  const error = fieldOf(outer, 'error');
  const message = fieldOf(error, 'message') ?? firstNamed(outer);
  if (message === undefined) return null;
  const marks = ['code', 'type', 'param'].map((name) => fieldOf(error, name) ?? fieldOf(outer, name));
  const signs = [...marks, message].filter((each) => each !== undefined).map(textOf);
  return { said: shownLine(messageIn(outer, 0) ?? textOf(message), secrets), signs: signs.join(' ').toLowerCase() };
}

/**
 * `{"error": {"message": …}}` (most), `{"error": "…"}` (Ollama, some proxies), `{"message": …}` (vLLM, Mistral), `{"detail": …}` (FastAPI,
 * ElevenLabs), and what is seen elsewhere.
 */
const messageNames: readonly string[] = ['message', 'error', 'detail', 'msg', 'error_description', 'title'];
/** `error.detail[0].msg` is three deep; nobody goes further. */
const maxDepth = 4;

function firstNamed(value: unknown): unknown {
  return messageNames.map((name) => fieldOf(value, name)).find((each) => each !== undefined && each !== '');
}

/** The first text under a name that means "message". */
function messageIn(value: unknown, depth: number): string | null {
  if (typeof value === 'string') return value;
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

function parsedJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
