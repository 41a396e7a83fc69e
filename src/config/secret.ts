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

/** The address `text` without what may be secret in it: user, password, a key in its query. What is short is no key. */
export function withoutCredentials(text: string): string {
  return text.replace(/\/\/[^/]*@/g, '//…@').replace(/([?&#][^=&#]*=)[^&#]{8,}/g, '$1…');
}
