/**
 * Reads one JSON object `{"text", "command", "args"}` as it grows: gives the characters of its top-level `text` at once,
 * escapes decoded, and keeps the rest of the object for one parse at its end. Plain JSON state, one step a character,
 * no look back.
 *
 * A closing quote is believed only when `,` `}` `]` or `:` follows (or a line break and another quote: a forgotten
 * comma). In valid JSON that is always so; in what models write it saves `"He said "hi" to me"` and `'I'm here'`.
 * The characters of `text` are not kept: `rest` holds the object with `"text":""`, so that an answer of any length
 * costs no second copy, and what the parse at the end sees is small.
 */

/** What a string of the object is: a key of the top level, the text to speak, or anything else. */
type StringRole = 'key' | 'text' | 'other';

interface OpenString {
  readonly role: StringRole;
  readonly quote: string;
  /** `\`, or `\u` with up to three hexadecimal digits, while an escape is being read; else empty. */
  readonly escape: string;
  /** A quote that may be the closing one, with the white space after it; else empty. */
  readonly closing: string;
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
  readonly string: OpenString | null;
  /** The text was found as a string, and all of it went or goes out as it came. */
  readonly hasText: boolean;
}

/** More than any command needs; beyond it the command is dropped, the text still streams. */
export const objectMaxChars = 1_048_576;

/** No argument of a command is nested; deeper objects only serve to exhaust somebody's stack. */
export const objectMaxDepth = 64;

/** Around a key without (straight) quotes; all else is part of it, as the repair at the end sees it. */
const skippedInKey = /[\s“”„‘’‚«»`´]/;

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
  if (draft.string === null) {
    takeStructure(draft, unit);
    return '';
  }
  if (draft.string.closing !== '') return takeAfterQuote(draft, draft.string, unit);
  return takeInString(draft, draft.string, unit);
}

function keep(draft: ObjectDraft, chars: string): void {
  if (draft.isTooLarge || draft.rest.length + chars.length > objectMaxChars) draft.isTooLarge = true;
  else draft.rest += chars;
}

function takeStructure(draft: ObjectDraft, unit: string): void {
  keep(draft, unit === "'" && nextRole(draft) === 'text' ? '"' : unit);
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
  if (string.role !== 'text') keep(draft, unit);
  if (string.escape !== '') return takeEscape(draft, string, unit);
  if (unit === '\\') draft.string = { ...string, escape: unit };
  else if (unit === string.quote) draft.string = { ...string, closing: unit };
  else return content(draft, string.role, unit);
  return '';
}

function takeEscape(draft: ObjectDraft, string: OpenString, unit: string): string {
  const sequence = string.escape + unit;
  if (sequence === '\\u' || (sequence.length < 6 && /^\\u[0-9a-fA-F]+$/.test(sequence))) {
    draft.string = { ...string, escape: sequence };
    return '';
  }
  draft.string = { ...string, escape: '' };
  if (sequence.length === 2) return content(draft, string.role, decodedEscape(unit));
  const isWhole = /^\\u[0-9a-fA-F]{4}$/.test(sequence);
  if (isWhole) return content(draft, string.role, String.fromCharCode(Number.parseInt(sequence.slice(2), 16)));
  // Not an escape after all: what was held back is content, and the unit itself may still end the string.
  const held = content(draft, string.role, string.escape);
  return held + takeHeldUnit(draft, string.role, unit);
}

/** `unit` was already kept; look at it as at any content. */
function takeHeldUnit(draft: ObjectDraft, role: StringRole, unit: string): string {
  if (draft.string === null) return '';
  if (unit === '\\') draft.string = { ...draft.string, escape: unit };
  else if (unit === draft.string.quote) draft.string = { ...draft.string, closing: unit };
  else return content(draft, role, unit);
  return '';
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

/** A quote was seen; `unit` tells whether it closed the string or belongs to it. */
function takeAfterQuote(draft: ObjectDraft, string: OpenString, unit: string): string {
  if (/\s/.test(unit)) {
    if (string.role !== 'text') keep(draft, unit);
    draft.string = { ...string, closing: string.closing + unit };
    return '';
  }
  if (closesString(string, unit)) {
    if (string.role === 'text') keep(draft, '"');
    draft.string = null;
    takeStructure(draft, unit);
    return '';
  }
  draft.string = { ...string, closing: '' };
  const held = content(draft, string.role, string.closing);
  return held + takeInString(draft, draft.string, unit);
}

function closesString(string: OpenString, unit: string): boolean {
  if (unit === ':') return string.role !== 'text';
  if (unit === ',' || unit === '}') return true;
  if (unit === ']') return string.role === 'other';
  return (unit === '"' || unit === "'") && /[\n\r]/.test(string.closing);
}
