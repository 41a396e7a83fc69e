/**
 * Tool calls as they grow: a name, and arguments in fragments that mean nothing before the last one. They become commands only when the model
 * has ended its answer in order; arguments that are no JSON object then are of a call that was cut off, and it is dropped.
 */

/** One fragment of a call, as it came. */
export interface ToolCallFragment {
  readonly index?: number | null | undefined;
  readonly id?: string | null | undefined;
  readonly function?: { readonly name?: string | null | undefined; readonly arguments?: unknown } | null | undefined;
}

/** Two texts of 8,000 characters with every one of them escaped fit. */
export const argumentsMaxChars = 131_072;

/** A session has one command; a model that gives many has lost its way. */
export const mostToolCalls = 16;

interface Draft {
  readonly index: number;
  readonly id: string;
  name: string;
  args: string;
}

export interface FinishedCall {
  readonly name: string;
  /** undefined = they are no JSON. */
  readonly args: unknown;
}

export class ToolCallDrafts {
  readonly #drafts: Draft[] = [];

  get isEmpty(): boolean {
    return this.#drafts.length === 0;
  }

  /** Adds a fragment; false if that is more than a bound allows. */
  add({ index, id, function: call }: ToolCallFragment): boolean {
    const name = call?.name ?? '';
    const place = index ?? 0;
    const current = this.#drafts.findLast((draft) => draft.index === place);
    // Gemini and others give every call of an answer the same index: a new name under a new id is a new call.
    const isNew = current === undefined || (name !== '' && current.name !== '' && (id ?? '') !== current.id);
    const draft = isNew ? { index: place, id: id ?? '', name: '', args: '' } : current;
    if (isNew) this.#drafts.push(draft);
    if (draft.name === '') draft.name = name;
    const args = call?.arguments ?? '';
    // Some local servers send arguments as an object.
    draft.args += typeof args === 'string' ? args : JSON.stringify(args);
    return this.#drafts.length <= mostToolCalls && draft.args.length <= argumentsMaxChars;
  }

  /** The calls in their order; only to be asked after the answer has ended in order. */
  finish(): readonly FinishedCall[] {
    return this.#drafts
      .filter(({ name }) => name.trim() !== '')
      .map(({ name, args }) => ({ name, args: args.trim() === '' ? {} : parsedJson(args) }));
  }
}

function parsedJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
