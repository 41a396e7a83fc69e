/**
 * A text that must not be seen, such as a key. Printing, logging or serialising it, alone or inside of a configuration, shows that there is
 * one and nothing of it; only `reveal` gives it, to who sends it.
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
