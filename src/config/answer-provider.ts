/** One provider of answers as the configuration knows it, whether settings or a line of a file made it; and its key as a file holds it. */
import { Secret } from './secret.ts';
import { isGoodSecret } from './setting-reader.ts';

/** One chat completions endpoint and what is asked of it. */
export interface AnswerProvider {
  /** As logs, /status and errors call it; "main" is the one of the settings. */
  readonly name: string;
  readonly baseUrl: string;
  readonly model: string;
  /** null = none is sent. */
  readonly apiKey: Secret | null;
  /** null = not sent. */
  readonly temperature: number | null;
  /** 0 = not sent. */
  readonly maxTokens: number;
}

/** Completes "must hold …". */
export const keyFileExpectation = 'one line of printable ASCII characters, the key';

/** null = what stands in the file can't be a key. */
export function keyOfFile(text: string): Secret | null {
  const key = text.replace(/^\uFEFF/, '').trim();
  return key !== '' && isGoodSecret(key) ? new Secret(key) : null;
}
