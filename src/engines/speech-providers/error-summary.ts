/**
 * What a provider says of its own failure, as one short line: out of JSON in the shapes that speech services use, out of HTML, or
 * plain. Keys and the words of the sentence are taken out, whoever put them in. Pure.
 */

/** As much of an error's body as is read. */
export const maxErrorBodyBytes = 4096;
/** As much as anybody wants to read of it. */
const MAX_SUMMARY_CHARS = 200;

/** A line of at most 200 characters; '' if the body says nothing. `secrets` are replaced by `***`, also inside of words. */
export function summaryOf(body: string, secrets: readonly string[]): string {
  const said = wordsOfJson(body) ?? body.replace(/<(style|script)\b[\s\S]*?<\/\1>/gi, ' ').replace(/<[^>]*>/g, ' ');
  let line = said.toWellFormed();
  for (const secret of secrets) if (secret !== '') line = line.replaceAll(secret, '***');
  line = line.replace(/[\p{Cc}\p{Cf}\s]+/gu, ' ').trim();
  const characters = [...line];
  return characters.length <= MAX_SUMMARY_CHARS ? line : `${characters.slice(0, MAX_SUMMARY_CHARS - 1).join('')}…`;
}

/** The first text under a name that means "message"; null if the body is no JSON. */
function wordsOfJson(body: string): string | null {
  let value: unknown;
  try {
    value = JSON.parse(body);
  } catch {
    return null;
  }
  return messageIn(value, 0) ?? body;
}

const messageNames: readonly string[] = ['message', 'error', 'detail', 'msg', 'error_description', 'title'];
/** `error.detail[0].msg` is three deep; nobody goes further. */
const MAX_DEPTH = 4;

function messageIn(value: unknown, depth: number): string | null {
  if (typeof value === 'string') return value;
  if (depth === MAX_DEPTH || typeof value !== 'object' || value === null) return null;
  if (Array.isArray(value)) return messageIn(value[0], depth + 1);
  const said = new Map<string, unknown>(Object.entries(value));
  for (const name of messageNames) {
    const message = messageIn(said.get(name), depth + 1);
    if (message !== null && message !== '') return withStatus(said.get('status'), message);
  }
  return null;
}

/** Some services say what kind of failure it is beside the message: `{"status": "voice_not_found", "message": …}`. */
function withStatus(status: unknown, message: string): string {
  return typeof status === 'string' ? `${status}: ${message}` : message;
}
