/**
 * Keeps back what a model thinks aloud before it answers: `<think>…</think>` at the very beginning, as reasoning models write it into their
 * text where no parser of their server takes it out. Nobody wants to hear it. Anywhere else these are words like any others, and not a
 * character of them is touched. Linear; holds at most a tag's length of text.
 */

/** As open models are trained to write them. */
const tagNames = ['think', 'thinking', 'thought', 'reasoning'] as const;
const openings: readonly string[] = tagNames.map((name) => `<${name}>`);
const longestOpening = Math.max(...openings.map((opening) => opening.length));

type State =
  /** Only white space, and perhaps a part of a tag, came so far. */
  | { readonly kind: 'beginning'; readonly held: string }
  /** `held` may be the beginning of the closing tag. */
  | { readonly kind: 'thinking'; readonly closing: string; readonly held: string }
  | { readonly kind: 'answering' };

export class LeadingThoughts {
  #state: State = { kind: 'beginning', held: '' };

  /** What of the next delta belongs to the answer. */
  push(text: string): string {
    if (this.#state.kind === 'answering') return text;
    return this.#state.kind === 'thinking' ? this.#think(text, this.#state) : this.#begin(this.#state.held + text);
  }

  /** The rest, at the end of the answer: what only looked like a tag. Thoughts without an end stay thoughts. */
  finish(): string {
    const held = this.#state.kind === 'beginning' ? this.#state.held : '';
    this.#state = { kind: 'answering' };
    return held;
  }

  #begin(text: string): string {
    const start = text.search(/\S/);
    const begun = start < 0 ? '' : text.slice(start, start + longestOpening).toLowerCase();
    const opening = openings.find((tag) => begun.startsWith(tag));
    if (opening !== undefined) {
      const thinking = { kind: 'thinking', closing: `</${opening.slice(1)}`, held: '' } as const;
      this.#state = thinking;
      return this.#think(text.slice(start + opening.length), thinking);
    }
    // White space alone is held, too: it is cut from the beginning of an answer anyway.
    if (begun === '' || openings.some((tag) => tag.startsWith(begun))) {
      this.#state = { kind: 'beginning', held: begun === '' ? '' : text.slice(start) };
      return '';
    }
    this.#state = { kind: 'answering' };
    return text;
  }

  #think(text: string, { closing, held }: Extract<State, { kind: 'thinking' }>): string {
    const all = held + text;
    const end = all.toLowerCase().indexOf(closing);
    if (end < 0) {
      this.#state = { kind: 'thinking', closing, held: all.slice(Math.max(0, all.length - closing.length + 1)) };
      return '';
    }
    // Some think more than once.
    this.#state = { kind: 'beginning', held: '' };
    return this.#begin(all.slice(end + closing.length));
  }
}
