/**
 * Tool calls as they grow: a name, and arguments in fragments that mean nothing before the last one. They become commands only when the
 * model has ended its answer in order. Endpoints tell them apart in many ways, so, by number (tests cite them):
 *
 * Calls 1, which call a fragment belongs to: that of its index, else of its id, else the last one; a fragment that says another name, or the
 * same one behind whole arguments, begins a new call. Gemini and Ollama give every call of an answer the same index, others none at all.
 * Calls 2, a name may come late, in pieces, or again with every fragment.
 * Calls 3, the arguments are the first whole object that has something in it: before it may stand `{}` or null, behind it the same again or
 * another one. A fragment that begins with all that came before it, and goes on, stands in its place.
 * Calls 4, an object that was not closed is of a call that was cut off: it has no arguments, and so there is no command.
 * Calls 5, a call that is said twice is one.
 * Calls 6, spelling: whole numbers keep their digits, and mistakes inside of an object that the model closed (single quotes, commas too many, line
 * feeds in texts) are mended, once an answer: repair is dear.
 * Calls 7, bounds: `mostToolCalls` calls, `argumentsMaxChars` of each; time is linear in what comes.
 */

import { parsedJson, repairedObject } from '../../model-json.ts';

/** Two texts of 8,000 characters with every one of them escaped fit. */
export const argumentsMaxChars = 131_072;

/** More than anybody gives a name; ids may be long, some gateways put whole signatures into them. */
const nameMaxChars = 256;
/** A session has one command; a model that gives many has lost its way. */
export const mostToolCalls = 16;

/** One fragment of a tool call, as it came; its fields are checked where they are read. */
export interface ToolCallFragment {
  readonly index?: unknown;
  readonly id?: unknown;
  /** `{name, arguments}`; absent where these stand in the fragment itself. */
  readonly function?: unknown;
  readonly name?: unknown;
  readonly arguments?: unknown;
  /** What some call their arguments. */
  readonly parameters?: unknown;
  readonly input?: unknown;
}

export interface FinishedCall {
  readonly name: string;
  /** undefined = they are no JSON object. */
  readonly args: unknown;
}

/** A fragment, read. */
interface Piece {
  /** null = not given. */
  readonly index: number | null;
  readonly id: string;
  readonly name: string;
  readonly args: string;
}

interface Draft {
  readonly index: number | null;
  id: string;
  name: string;
  readonly args: ArgumentsDraft;
}

export class ToolCallDrafts {
  readonly #drafts: Draft[] = [];
  readonly #offered: readonly string[];

  /** `offered` are the names of the tools that the model knows of: they tell a name from a piece of one. */
  constructor(offered: readonly string[] = []) {
    this.#offered = offered;
  }

  get isEmpty(): boolean {
    return this.#drafts.length === 0;
  }

  /** Adds a fragment; false if that is more than a bound allows. */
  add(fragment: ToolCallFragment): boolean {
    const piece = pieceOf(fragment);
    if (piece.name === '' && piece.id === '' && piece.args === '') return true;
    let draft = this.#draftFor(piece);
    if (draft === undefined) {
      draft = { index: piece.index, id: piece.id, name: '', args: new ArgumentsDraft() };
      this.#drafts.push(draft);
    }
    if (draft.id === '') draft.id = piece.id;
    draft.name = this.#grownName(draft.name, piece.name);
    draft.args.add(piece.args);
    const isNamed = draft.name.length <= nameMaxChars;
    return isNamed && this.#drafts.length <= mostToolCalls && draft.args.length <= argumentsMaxChars;
  }

  /** The calls in their order; only to be asked after the answer has ended in order. */
  finish(): readonly FinishedCall[] {
    let mayRepair = true;
    const calls = this.#drafts
      .map(({ name, args }) => {
        const strict = args.finish();
        const repaired = strict === undefined && mayRepair ? args.repair() : strict;
        if (strict === undefined && args.isWhole) mayRepair = false;
        return { name: this.#cleanName(name), args: repaired };
      })
      .filter(({ name }) => name !== '');
    const said = calls.map((call) => JSON.stringify([call.name, call.args ?? null]));
    return calls.filter((call, index) => call.args === undefined || said.indexOf(said[index] ?? '') === index);
  }

  #draftFor(piece: Piece): Draft | undefined {
    const { index, id, name } = piece;
    const ofBoth = this.#drafts.findLast((draft) => draft.index === index && draft.id === id);
    const ofIndex = index === null ? undefined : this.#drafts.findLast((draft) => draft.index === index);
    const ofId = id === '' ? undefined : this.#drafts.findLast((draft) => draft.id === id);
    const last = this.#drafts.at(-1);
    if (name === '') return ofBoth ?? ofId ?? ofIndex ?? last;
    const isPlaced = index !== null && last?.index !== null;
    const ofOrder = ofId ?? (id === '' || last?.id === '' ? last : undefined);
    const current = ofBoth ?? ofIndex ?? (isPlaced ? undefined : ofOrder);
    return current !== undefined && this.#goesOn(current, piece) ? current : undefined;
  }

  /** True if a fragment with a name is of that call, and not the beginning of another one. */
  #goesOn(draft: Draft, { id, name, args }: Piece): boolean {
    if (draft.name === '') return true;
    const isOtherId = id !== '' && draft.id !== '' && id !== draft.id;
    if (name !== draft.name) {
      if (!draft.args.isBlank || isOtherId) return false;
      return !this.#isOffered(name) || !this.#isOffered(draft.name);
    }
    if (args.trim() === '' || draft.args.isBlank) return true;
    if (draft.args.isWhole) return false;
    return !(isOtherId && args.trimStart().startsWith('{'));
  }

  #grownName(name: string, piece: string): string {
    if (piece === '' || piece === name) return name;
    if (name === '' || (piece.startsWith(name) && !this.#isOffered(name + piece))) return piece;
    return name + piece;
  }

  /** Without what models leave at it: `functions.open_app<|channel|>commentary`, `functions.open_app:0`. */
  #cleanName(name: string): string {
    const own = (name.split('<|', 1)[0] ?? '').trim().replace(/:\d+$/, '');
    const tail = own.slice(Math.max(own.lastIndexOf('.'), own.lastIndexOf(':'), own.lastIndexOf('/')) + 1);
    return !this.#isOffered(own) && this.#isOffered(tail) ? tail : own;
  }

  #isOffered(name: string): boolean {
    return this.#offered.includes(name);
  }
}

function pieceOf(fragment: ToolCallFragment): Piece {
  const { index, id } = fragment;
  const call: ToolCallFragment = isObject(fragment.function) ? fragment.function : fragment;
  const place = typeof index === 'string' && index.trim() !== '' ? Number(index) : index;
  return {
    index: typeof place === 'number' && Number.isInteger(place) ? place : null,
    id: typeof id === 'string' || typeof id === 'number' ? String(id) : '',
    name: typeof call.name === 'string' ? call.name.trim() : '',
    args: argumentsText(call.arguments ?? call.parameters ?? call.input),
  };
}

/** Some local servers send arguments as an object. */
function argumentsText(value: unknown): string {
  if (value === undefined || value === null) return '';
  return typeof value === 'string' ? value : (JSON.stringify(value) ?? '');
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/**
 * The arguments of one call; knows at any time whether an object is whole. What was read is not looked at again, so that a fragment costs its
 * own length.
 */
class ArgumentsDraft {
  #text = '';
  #lastPiece = '';
  #isBlank = true;
  /** Each fragment begins with all that came before. */
  #isCumulative = false;
  #depth = 0;
  /** Of the string that is being read; '' = of none. */
  #quote = '';
  /** The last character outside of strings that is no space: a single quote opens a string only where one may begin. */
  #before = '';
  #isEscaped = false;
  /** Where the outermost value began, and with which bracket. */
  #start = 0;
  #bracket = '';
  #hasContent = false;
  /** The first object with something in it. */
  #whole: { readonly start: number; readonly end: number } | null = null;

  get length(): number {
    return this.#text.length;
  }

  get isBlank(): boolean {
    return this.#isBlank;
  }

  get isWhole(): boolean {
    return this.#whole !== null;
  }

  add(piece: string): void {
    if (piece === '') return;
    this.#lastPiece = piece;
    if (this.#depth > 0) {
      if (this.#isCumulative && piece.length === this.#text.length && piece === this.#text) return;
      if (piece.length > this.#text.length && piece.startsWith(this.#text)) this.#beginAnew();
    }
    const from = this.#text.length;
    this.#text += piece;
    for (let at = 0; at < piece.length && this.#whole === null; at += 1) this.#scan(piece.charAt(at), from + at);
  }

  /** The object; undefined = there is none. */
  finish(): object | undefined {
    if (this.#whole !== null) return objectOf(parsedJson(this.#wholeText()));
    const text = this.#text.trim();
    if (text.replaceAll(/\{\s*\}|\[\s*\]|\bnull\b|""/g, '').trim() === '') return {};
    // Encoded twice.
    const decoded = text.startsWith('"') ? parsedJson(text) : undefined;
    return objectOf(typeof decoded === 'string' ? parsedJson(decoded) : this.#saidAgain());
  }

  /** The object, where the model has closed it and misspelt it. */
  repair(): object | undefined {
    return this.#whole === null ? undefined : (repairedObject(this.#wholeText()) ?? undefined);
  }

  #wholeText(): string {
    return this.#text.slice(this.#whole?.start, this.#whole?.end);
  }

  /** The whole object that the last fragment says again, behind one whose rest never came. */
  #saidAgain(): unknown {
    const before = this.#text.slice(0, this.#text.length - this.#lastPiece.length);
    const [, key = ''] = firstKey.exec(before) ?? [];
    const [, again = ''] = firstKey.exec(this.#lastPiece) ?? [];
    return key !== '' && key === again ? parsedJson(this.#lastPiece) : undefined;
  }

  #beginAnew(): void {
    this.#isCumulative = true;
    this.#text = '';
    this.#depth = 0;
    this.#quote = '';
    this.#before = '';
    this.#isEscaped = false;
  }

  #scan(unit: string, at: number): void {
    if (this.#quote !== '') {
      if (this.#isEscaped) this.#isEscaped = false;
      else if (unit === '\\') this.#isEscaped = true;
      else if (unit === this.#quote) this.#quote = '';
      return;
    }
    if (/\s/.test(unit)) return;
    const before = this.#before;
    this.#before = unit;
    this.#isBlank = false;
    if (unit === '}' || unit === ']') {
      this.#close(at);
      return;
    }
    if (this.#depth > 0) this.#hasContent = true;
    if (unit === '"' || (unit === "'" && this.#depth > 0 && '{[,:'.includes(before))) this.#quote = unit;
    if (unit !== '{' && unit !== '[') return;
    if (this.#depth === 0) {
      this.#start = at;
      this.#bracket = unit;
      this.#hasContent = false;
    }
    this.#depth += 1;
  }

  #close(at: number): void {
    if (this.#depth > 0) this.#depth -= 1;
    if (this.#depth > 0 || !this.#hasContent || this.#bracket !== '{') return;
    this.#whole = { start: this.#start, end: at + 1 };
  }
}

const firstKey = /^\s*\{\s*("(?:[^"\\]|\\.)*")\s*:/;

function objectOf(value: unknown): object | undefined {
  return isObject(value) ? value : undefined;
}
