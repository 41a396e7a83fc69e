/**
 * An answer that is none: an HTTP status that is not 2xx, with what the provider says of it. Providers say it in many shapes; the words are
 * found in those that are known, and bounded.
 */
import { z } from 'zod';

/** Completed by errors; a page of HTML is no explanation. */
const detailMaxChars = 300;

const wordsShape = z.looseObject({
  message: z.unknown().optional(),
  code: z.union([z.string(), z.number()]).nullish(),
  type: z.string().nullish(),
  param: z.string().nullish(),
});

/** `{"error": {…}}` (most), `{"error": "…"}` (Ollama, some proxies), `{"message": …}` (vLLM, Mistral), `{"detail": …}` (FastAPI). */
const bodyShape = z.looseObject({
  error: z.union([z.string(), wordsShape]).optional(),
  message: z.unknown().optional(),
  detail: z.unknown().optional(),
  code: z.union([z.string(), z.number()]).nullish(),
});

/** Thrown inside of fetch, and found again as the cause of what the library throws. */
export class ProviderRefusal extends Error {
  override readonly name = 'ProviderRefusal';
  readonly status: number;
  /** What it says, for people; '' = nothing that can be shown. */
  readonly detail: string;
  /** Its code, type and parameter in one lower-case text, to look for words in. */
  readonly signs: string;
  readonly retryAfterMs: number | undefined;

  /** `body` is at most some KiB of the response. The message stays plain: the library looks into it for time-outs. */
  constructor(status: number, body: string, retryAfterMs: number | undefined) {
    super('the provider refused');
    this.status = status;
    this.retryAfterMs = retryAfterMs;
    const { detail, signs } = wordsOfBody(body);
    this.detail = shortened(detail);
    this.signs = `${signs} ${detail}`.toLowerCase();
  }
}

/** What is wrong, in a body of any shape. */
export function wordsOfBody(body: string): { readonly detail: string; readonly signs: string } {
  const parsed = parsedJson(body);
  // Gemini puts its error into a list.
  const shape = bodyShape.safeParse(Array.isArray(parsed) ? parsed[0] : parsed);
  if (!shape.success) return { detail: /<\w/.test(body) || parsed !== undefined ? '' : body, signs: '' };
  const { error, message, detail, code } = shape.data;
  if (typeof error === 'string') return { detail: error, signs: '' };
  const said = textOf(error?.message ?? message ?? detail);
  const signs = [error?.code ?? code, error?.type, error?.param].filter((each) => each !== undefined && each !== null);
  return { detail: said, signs: signs.join(' ') };
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

/** One line, bounded. */
export function shortened(text: string): string {
  const line = text.replaceAll(/[\p{Cc}\s]+/gu, ' ').trim();
  return line.length > detailMaxChars ? `${line.slice(0, detailMaxChars)}…` : line;
}
