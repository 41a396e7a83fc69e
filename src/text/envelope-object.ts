/**
 * Reads one JSON object `{"text", "command", "args"}` as it grows (Envelope 2, 6 and 7): gives the characters of its top-level `text` at
 * once, escapes decoded, and keeps the rest of the object for one parse at its end. Plain JSON state, one step a character; what is
 * behind a quote that may end a string is looked at again, at most a key's length.
 *
 * Whether a quote inside a string ends it is judged by what follows. In valid JSON every bare quote does; models forget to escape quotes
 * (`"He said "hi", then left."`) and apostrophes (`'It's late'`), so a quote is believed only where JSON goes on behind it: by structure
 * and by the literals of JSON, never by what words say, so that the shape of an answer is judged like the answer. The others are content,
 * and are kept with a backslash, so that the parse at the end sees the same strings.
 *
 * Comments are left out. The characters of `text` are not kept: `rest` holds the object with `"text":""`, so that an answer of any length
 * costs no second copy, and what the parse at the end sees is small.
 */

/** What a string of the object is: a key of the top level, the text to speak, or anything else. */
type StringRole = 'key' | 'text' | 'other';

interface OpenString {
  readonly role: StringRole;
  readonly quote: string;
  /** `\`, or `\u` with up to three hexadecimal digits, while an escape is being read; else empty. */
  readonly escape: string;
  /** A quote that may be the closing one, with what stands behind it; else empty. */
  readonly closing: string;
}

interface OpenComment {
  readonly role: 'comment';
  /** What ends it: a line feed or `*`; nothing while only its first slash was seen. */
  readonly quote: '' | '\n' | '*';
  /** The `*` that may end it; else empty. */
  readonly escape: '' | '*';
  readonly closing: '';
}

export interface ObjectReader {
  /** The object so far, its text left out; cut off at `objectMaxChars`. */
  readonly rest: string;
  readonly isTooLarge: boolean;
  readonly depth: number;
  readonly isTooDeep: boolean;
  readonly expects: 'key' | 'value';
  /** The key of the top level that was read last. */
  readonly key: string;
  readonly string: OpenString | OpenComment | null;
  /** The text was found as a string, and all of it went or goes out as it came. */
  readonly hasText: boolean;
}

/** More than any command needs; beyond it the command is dropped, the text still streams. */
export const objectMaxChars = 1_048_576;

/** No argument of a command is nested; deeper objects only serve to exhaust somebody's stack. */
export const objectMaxDepth = 64;

/** Around a key without (straight) quotes; all else is part of it, as the repair at the end sees it. */
const skippedInKey = /[\s“”„‘’‚«»`´]/;

/** Looking back into the object, and writing it anew, is cheap as long as it is small; no larger one is repaired. */
const rewrittenMaxChars = 8_192;

/** Longer than the keys that matter. */
const keyMaxChars = 16;

export const emptyObjectReader: ObjectReader = Object.freeze({
  rest: '',
  isTooLarge: false,
  depth: 0,
  isTooDeep: false,
  expects: 'key',
  key: '',
  string: null,
  hasText: false,
});

/** The scratch pad of one call. */
export type ObjectDraft = { -readonly [Key in keyof ObjectReader]: ObjectReader[Key] };

/**
 * Takes one UTF-16 unit and gives the text to speak that it makes certain (mostly none or the unit itself). The first
 * unit is the opening brace; after the one that brings `depth` back to 0 the object is closed and takes no more.
 */
export function takeUnit(draft: ObjectDraft, unit: string): string {
  if (draft.string === null) return takeStructure(draft, unit);
  if (draft.string.role === 'comment') return takeComment(draft, draft.string, unit);
  if (draft.string.closing !== '') return takeAfterQuote(draft, draft.string, unit);
  return takeInString(draft, draft.string, unit);
}

function keep(draft: ObjectDraft, chars: string): void {
  if (draft.isTooLarge || draft.rest.length + chars.length > objectMaxChars) draft.isTooLarge = true;
  else draft.rest += chars;
}

function takeStructure(draft: ObjectDraft, unit: string): string {
  if (unit === '/') {
    draft.string = openedComment;
    return '';
  }
  keep(draft, unit === "'" && nextRole(draft) === 'text' ? '"' : unit);
  const text = draft.depth === 1 && draft.expects === 'key' ? takeBackText(draft, false) : '';
  if (text !== '') return text;
  if (unit === '"' || unit === "'") {
    const role = nextRole(draft);
    draft.string = { role, quote: unit, escape: '', closing: '' };
    if (role === 'key') draft.key = '';
    if (role === 'text') draft.hasText = true;
  } else if (unit === '{' || unit === '[') {
    draft.depth += 1;
    if (draft.depth > objectMaxDepth) draft.isTooDeep = true;
  } else if (unit === '}' || unit === ']') {
    draft.depth -= 1;
  } else if (draft.depth === 1) {
    takeTopLevel(draft, unit);
  }
  return '';
}

const openedComment: OpenComment = Object.freeze({ role: 'comment', quote: '', escape: '', closing: '' });

/** A comment to the end of its line, or one between slashes and stars; a slash that begins neither stays. */
function takeComment(draft: ObjectDraft, comment: OpenComment, unit: string): string {
  if (comment.quote === '') {
    if (unit === '/' || unit === '*') {
      draft.string = { ...openedComment, quote: unit === '/' ? '\n' : unit };
      return '';
    }
    draft.string = null;
    keep(draft, '/');
    return takeStructure(draft, unit);
  }
  const isOver = comment.quote === '\n' ? unit === '\n' || unit === '\r' : comment.escape === '*' && unit === '/';
  draft.string = isOver ? null : { ...comment, escape: unit === '*' ? unit : '' };
  return '';
}

function nextRole(draft: ObjectDraft): StringRole {
  if (draft.depth !== 1) return 'other';
  if (draft.expects === 'key') return 'key';
  // A second `text` is not spoken: one object says one thing.
  return draft.key === 'text' && !draft.hasText ? 'text' : 'other';
}

function takeTopLevel(draft: ObjectDraft, unit: string): void {
  if (unit === ',') {
    draft.expects = 'key';
    draft.key = '';
  } else if (unit === ':') {
    draft.expects = 'value';
  } else if (draft.expects === 'key' && !skippedInKey.test(unit)) {
    extendKey(draft, unit);
  }
}

/** The quote that ended the text did not: what came after it belongs to the text, too. */
function takeBackText(draft: ObjectDraft, isKeyOver: boolean): string {
  if (!draft.hasText || draft.rest.length > rewrittenMaxChars) return '';
  const misread = misreadText(draft.rest, isKeyOver);
  if (misread === null) return '';
  const { tail, quote } = misread;
  draft.rest = draft.rest.slice(0, -tail.length);
  draft.expects = 'value';
  draft.key = 'text';
  draft.string = { role: 'text', quote, escape: '', closing: '' };
  return quote + takeAll(draft, tail.slice(1));
}

function takeAll(draft: ObjectDraft, units: string): string {
  let text = '';
  for (let index = 0; index < units.length; index += 1) text += takeUnit(draft, units.charAt(index));
  return text;
}

function extendKey(draft: ObjectDraft, chars: string): void {
  if (draft.key.length < keyMaxChars) draft.key += chars;
}

/** Content of the open string, decoded: spoken, part of the key, or nothing to us. */
function content(draft: ObjectDraft, role: StringRole, decoded: string): string {
  if (role === 'text') return decoded;
  if (role === 'key') extendKey(draft, decoded);
  return '';
}

function takeInString(draft: ObjectDraft, string: OpenString, unit: string): string {
  return string.escape === '' ? takeContent(draft, string, unit) : takeEscape(draft, string, unit);
}

function takeContent(draft: ObjectDraft, string: OpenString, unit: string): string {
  if (unit === string.quote) {
    keepOf(draft, string, unit);
    draft.string = { ...string, closing: unit };
    return '';
  }
  keepOf(draft, string, unit);
  if (unit !== '\\') return content(draft, string.role, unit);
  draft.string = { ...string, escape: unit };
  return '';
}

function keepOf(draft: ObjectDraft, { role }: OpenString, chars: string): void {
  if (role !== 'text') keep(draft, chars);
}

function takeEscape(draft: ObjectDraft, string: OpenString, unit: string): string {
  const sequence = string.escape + unit;
  if (sequence === '\\u' || (sequence.length < 6 && /^\\u[0-9a-fA-F]+$/.test(sequence))) {
    keepOf(draft, string, unit);
    draft.string = { ...string, escape: sequence };
    return '';
  }
  const plain: OpenString = { ...string, escape: '' };
  draft.string = plain;
  const isWhole = /^\\u[0-9a-fA-F]{4}$/.test(sequence);
  if (sequence.length === 2 || isWhole) {
    keepOf(draft, string, unit);
    const code = Number.parseInt(sequence.slice(2), 16);
    return content(draft, string.role, isWhole ? String.fromCharCode(code) : decodedEscape(unit));
  }
  // Not an escape after all: what was held back is content, and the unit itself may still end the string.
  const held = content(draft, string.role, string.escape);
  return held + takeContent(draft, plain, unit);
}

function decodedEscape(unit: string): string {
  switch (unit) {
    case 'n':
      return '\n';
    case 't':
      return '\t';
    case 'r':
      return '\r';
    case 'b':
      return '\b';
    case 'f':
      return '\f';
    default:
      return unit;
  }
}

/** A quote was seen: `unit` may tell whether it ended the string or belongs to it. */
function takeAfterQuote(draft: ObjectDraft, string: OpenString, unit: string): string {
  return draft.depth > 1 ? takeAfterNestedQuote(draft, string, unit) : takeAfterTopQuote(draft, string, unit);
}

function takeAfterTopQuote(draft: ObjectDraft, string: OpenString, unit: string): string {
  if (/\s/.test(unit)) {
    keepOf(draft, string, unit);
    draft.string = { ...string, closing: string.closing + unit };
    return '';
  }
  if (endsString(string.role, string.closing, unit)) {
    if (string.role === 'text') keep(draft, `"${string.closing.slice(1)}`);
    draft.string = null;
    const text = string.role === 'key' && unit !== ':' ? takeBackText(draft, true) : '';
    return text + takeUnit(draft, unit);
  }
  if (string.role !== 'text') escapeLastQuote(draft, string.closing.length);
  draft.string = { ...string, closing: '' };
  const held = content(draft, string.role, string.closing);
  return held + takeInString(draft, draft.string, unit);
}

function takeAfterNestedQuote(draft: ObjectDraft, string: OpenString, unit: string): string {
  const tail = string.closing + unit;
  const isSpace = /\s/.test(unit);
  const verdict = isSpace ? 'wait' : judgeNestedQuote(tail);
  if (verdict === 'wait') {
    // White space right behind the quote is kept as it comes, what follows a comma when it is clear what it is.
    if (isSpace && string.closing.trimEnd().length === 1) keep(draft, unit);
    draft.string = { ...string, closing: tail };
    return '';
  }
  const keptUnits = tail.length - tail.slice(1).trimStart().length;
  if (verdict === 'goesOn') escapeLastQuote(draft, keptUnits);
  draft.string = verdict === 'ends' ? null : { ...string, closing: '' };
  return takeAll(draft, tail.slice(keptUnits));
}

/** A bare quote that belongs to its string is kept as JSON writes it: the parse at the end need not guess. */
function escapeLastQuote(draft: ObjectDraft, unitsFromEnd: number): void {
  if (draft.isTooLarge || draft.rest.length > rewrittenMaxChars) return;
  const index = draft.rest.length - unitsFromEnd;
  draft.rest = `${draft.rest.slice(0, index)}\\${draft.rest.slice(index)}`;
}

/** Of a key at most 64 characters are looked at: longer than every key that anybody writes. */
const bareKey = /^[\p{L}_$][\p{L}\p{N}_$-]{0,63}\s*:/u;
const bareKeyBegun = /^[\p{L}_$][\p{L}\p{N}_$-]{0,63}\s*$/u;
const literalInTail = /^(?:true|false|null|True|False|None)\s*[,\]}]/;

/**
 * Whether a quote at the top level ends its string: `unit` is the first visible character behind the quote, `spaces` the white space
 * between them.
 */
function endsString(role: StringRole, spaces: string, unit: string): boolean {
  if (unit === ':') return role !== 'text';
  if (unit === ',' || unit === '}' || unit === '/') return true;
  if (unit === ']') return role === 'other';
  // A comma that was forgotten at the end of a line.
  return (unit === '"' || unit === "'") && /[\n\r]/.test(spaces);
}

/**
 * The same inside of an argument: `tail` begins with the quote and ends with something visible; 'wait' while more of it is needed, at
 * most a key's length. Behind a comma there must be a key with its colon, or a value.
 */
function judgeNestedQuote(tail: string): 'ends' | 'goesOn' | 'wait' {
  const behind = tail.slice(1).trimStart();
  const first = behind.charAt(0);
  if (first !== ',') return endsString('other', tail.slice(1, tail.length - behind.length), first) ? 'ends' : 'goesOn';
  const next = behind.slice(1).trimStart();
  if (next === '') return 'wait';
  if (/^["'{[}\]\-\d/]/.test(next) || bareKey.test(next) || literalInTail.test(next)) return 'ends';
  return bareKeyBegun.test(next) ? 'wait' : 'goesOn';
}

/** Room for what `misreadText` looks for, and for a sentence or two behind the quote. */
const misreadMaxChars = 600;

/** The text, the quote that was believed, perhaps a comma, and what stands behind it. */
const behindText = /(["'])text\1\s{0,64}:\s{0,64}"("\s{0,64},?\s{0,64}([\s\S]*))$/;
/** A key of JSON stands there after all. */
const hasKey = /["']\s*:/;
/**
 * What cannot be the beginning of a key: two words, a word with a mark, a mark; nor, where the others have quotes, a bare word that nobody
 * needs.
 */
const noKey = /^(?:[\p{L}_$][\p{L}\p{N}_$-]*(?:\s+[^\s:]|[^\p{L}\p{N}_$\s:-])|[^\p{L}_$"'“”„‘’‚«»`´\s,:}\]/])/u;
const needlessKey = /^(?!(?:text|command|args)\s*:)[\p{L}_$][\p{L}\p{N}_$-]*\s*:$/u;

/**
 * A quote was taken for the end of the text, and what follows turns out to be no key: `"He said "hi", then`. Gives the end of `rest` from
 * that quote on, and the quote that the text really began with; null if all is well. `rest` is the object so far, its text left out
 * (`{"text":"", then l`); `isKeyOver` says that a string in the place of a key has ended without a colon.
 */
function misreadText(rest: string, isKeyOver: boolean): { readonly tail: string; readonly quote: string } | null {
  const match = behindText.exec(rest.slice(-misreadMaxChars));
  if (match === null) return null;
  const [, quote = '', tail = '', behind = ''] = match;
  if (hasKey.test(behind)) return null;
  return isKeyOver || noKey.test(behind) || needlessKey.test(behind) ? { tail, quote } : null;
}
