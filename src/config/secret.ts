/**
 * What must not be seen, such as a key: the box that it is carried in, what can be one, and addresses without those that somebody wrote
 * into them by mistake. No fault, log line or status shows one.
 */
import { MAX_TEXT_CHARS } from './setting.ts';

/**
 * A text that must not be seen. Printing, logging or serialising it, alone or inside of a configuration, shows that there is one and
 * nothing of it; only `reveal` gives it, to who sends it.
 */
export class Secret {
  readonly #text: string;

  constructor(text: string) {
    this.#text = text;
    Object.freeze(this);
  }

  reveal(): string {
    return this.#text;
  }

  toString(): string {
    return '[secret]';
  }

  toJSON(): string {
    return '[secret]';
  }
}

/** What may stand in an HTTP header; a key has no control characters, and one with a line break is two lines of a file. */
const printableAscii = /^[\x20-\x7e]*$/;

/** True if `text` can be a key. */
export function isGoodSecret(text: string): boolean {
  return text.length <= MAX_TEXT_CHARS && printableAscii.test(text);
}

/** Completes "must hold …". */
export const keyFileExpectation = 'one line of printable ASCII characters, the key';

/** null = what stands in the file can't be a key. */
export function keyOfFile(text: string): Secret | null {
  const key = text.replace(/^\uFEFF/, '').trim();
  return key !== '' && isGoodSecret(key) ? new Secret(key) : null;
}

/** A name of which the value is a secret, as options, variables and headers are called. */
const secretName = '(?:[\\w-]*[_-])?(?:api-?key|key|token|secret|pass|passwd|password|credentials?)';
/** `--api-key VALUE`, `API_KEY=VALUE`, `"X-Api-Key: VALUE"`; what a template fills in is none. */
const namedSecret = new RegExp(
  `((?:(?<=^|[\\s"'])--?${secretName}(?:\\s*[=:]\\s*|\\s+)|(?<![\\w-])${secretName}[=:]\\s*)["']?)[^\\s"'{}…]{4,}`,
  'gi',
);
const authorization = /(\b(?:bearer|basic)\s+)[^\s"'{}…]{4,}/gi;

/**
 * The address or command line `text` without what may be secret in it: user and password, a key in a query, what stands behind
 * the name of a secret or as a header's authorization. What is short is no key.
 */
export function withoutCredentials(text: string): string {
  return text
    .replace(/\/\/[^/\s]*@/g, '//…@')
    .replace(/([?&#][^=&#]*=)[^&#]{8,}/g, '$1…')
    .replace(authorization, '$1…')
    .replace(namedSecret, '$1…');
}
