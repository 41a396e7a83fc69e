/**
 * Reads one JSON object `{"text", "command", "args"}` as it grows (Envelope 2, 6 and 7): gives the characters of its top-level `text` at
 * once, escapes decoded, and keeps the rest of the object for one parse at its end. Plain JSON state, one step a character; what is
 * behind a quote that may end a string is held until it is certain, at most a key's length, and looked at again.
 * Which quotes end a string, envelope-quotes.ts says.
 *
 * `rest` holds the object in strict strings, whatever quotes the model wrote (`'`, `“ ”`), so that the parse at the end need guess only
 * what stands between them. Comments are left out, and so are the characters of `text`: an answer of any length costs no second copy.
 */

import {
  afterContent,
  envelopeKeys,
  isClosingQuote,
  isQuote,
  judgeQuote,
  mayClose,
  noQuoted,
  type Quoted,
  type StringRole,
} from './envelope-quotes.ts';

export { envelopeKeys, isClosingQuote, isQuote } from './envelope-quotes.ts';

interface OpenString extends Quoted {
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
  /** What it ends with but for white space: looking there would flatten all of it, at every sign of an object that is being written. */
  readonly isBehindComma: boolean;
  readonly isBehindLetter: boolean;
  readonly isTooLarge: boolean;
  /** The open brackets, outermost first; of what is deeper than `objectMaxDepth` only the number is known. */
  readonly brackets: string;
  readonly depth: number;
  readonly isTooDeep: boolean;
  /** At the top level; `comma` behind a value. */
  readonly expects: 'key' | 'value' | 'comma';
  /** The key of the top level that was read last. */
  readonly key: string;
  readonly isKeyQuoted: boolean;
  /** Some key had no quotes, so that others may have none. */
  readonly hasBareKeys: boolean;
  readonly string: OpenString | OpenComment | null;
  /** One of `envelopeKeys` has begun a value of its kind at the top level. */
  readonly isEnvelope: boolean;
  /** The text was found as a string, and all of it went or goes out as it came. */
  readonly hasText: boolean;
}

/** More than any command needs; beyond it the command is dropped, the text still streams. */
export const objectMaxChars = 1_048_576;

/** No argument of a command is nested; deeper objects only serve to exhaust somebody's stack. */
export const objectMaxDepth = 64;

/** Around a key without quotes; all else is part of it, as the repair at the end sees it. */
const skippedInKey = /[`´]/;

/** Longer than the keys that matter. */
const keyMaxChars = 16;

export const emptyObjectReader: ObjectReader = Object.freeze({
  rest: '',
  isBehindComma: false,
  isBehindLetter: false,
  isTooLarge: false,
  brackets: '',
  depth: 0,
  isTooDeep: false,
  expects: 'key',
  key: '',
  isKeyQuoted: false,
  hasBareKeys: false,
  string: null,
  isEnvelope: false,
  hasText: false,
});

/** What the text still has where the answer breaks off: a quote that would only have ended it with a key behind. */
export function undecidedText({ string }: ObjectReader): string {
  if (string?.role !== 'text' || string.closing === '' || isClosingQuote(string.quote, string.closing.charAt(0)))
    return '';
  const [, content, key] = /^(.\s*,\s*)"(.*)$/s.exec(string.closing) ?? [];
  return key ? '' : (content ?? string.closing);
}

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

function takeAll(draft: ObjectDraft, units: string): string {
  let text = '';
  for (let index = 0; index < units.length; index += 1) text += takeUnit(draft, units.charAt(index));
  return text;
}

function keep(draft: ObjectDraft, chars: string): void {
  if (draft.isTooLarge || draft.rest.length + chars.length > objectMaxChars) draft.isTooLarge = true;
  else draft.rest += chars;
  const last = chars.trimEnd().at(-1);
  if (last === undefined) return;
  draft.isBehindComma = last === ',';
  draft.isBehindLetter = /[\p{L}_$]/u.test(last);
}

function takeStructure(draft: ObjectDraft, unit: string): '' {
  if (unit === '/') {
    draft.string = openedComment;
    return '';
  }
  if (isQuote(unit)) {
    openString(draft, unit);
    return '';
  }
  // A string ends in a quote; what stands before a colon without one is a bare key.
  if (unit === ':' && draft.isBehindLetter) draft.hasBareKeys = true;
  // A comma that was written twice is one.
  if (unit === ',' && draft.isBehindComma) return '';
  keep(draft, unit);
  if (unit === '{' || unit === '[') openBracket(draft, unit);
  else if (unit === '}' || unit === ']') closeBracket(draft);
  else if (draft.depth === 1) takeTopLevel(draft, unit);
  return '';
}

function openBracket(draft: ObjectDraft, unit: string): void {
  if (draft.depth === 1 && draft.expects === 'value' && draft.key === 'args') draft.isEnvelope = true;
  draft.depth += 1;
  if (draft.depth > objectMaxDepth) draft.isTooDeep = true;
  else draft.brackets += unit;
}

function closeBracket(draft: ObjectDraft): void {
  draft.depth -= 1;
  if (draft.depth < objectMaxDepth) draft.brackets = draft.brackets.slice(0, draft.depth);
  if (draft.depth === 1) draft.expects = 'comma';
}

function openString(draft: ObjectDraft, quote: string): void {
  const role = nextRole(draft);
  keep(draft, '"');
  draft.string = { ...noQuoted, role, quote, escape: '', closing: '' };
  if (role === 'key') {
    draft.expects = 'key';
    draft.key = '';
    draft.isKeyQuoted = true;
  } else if (draft.depth === 1 && envelopeKeys.includes(draft.key)) {
    draft.isEnvelope = true;
  }
  if (role === 'text') draft.hasText = true;
}

function nextRole(draft: ObjectDraft): StringRole {
  if (draft.depth !== 1) return 'other';
  // Behind a value that had no comma stands a key as well.
  if (draft.expects !== 'value') return 'key';
  // A second `text` is not spoken: one object says one thing.
  return draft.key === 'text' && !draft.hasText ? 'text' : 'other';
}

function takeTopLevel(draft: ObjectDraft, unit: string): void {
  if (unit === ',') {
    draft.expects = 'key';
    draft.key = '';
  } else if (draft.expects === 'key') {
    if (unit === ':') draft.expects = 'value';
    else if (!/\s/.test(unit) && !skippedInKey.test(unit)) {
      draft.isKeyQuoted = false;
      extendKey(draft, unit);
    }
  } else if (draft.expects === 'value' && !/\s/.test(unit)) {
    draft.expects = 'comma';
    if (isLiteralOfEnvelope(draft, unit)) draft.isEnvelope = true;
  }
}

/** `null`, `None` as Python writes it, and a command whose quotes were forgotten; a bare key tells too little (`{command: Command}`). */
function isLiteralOfEnvelope({ key, isKeyQuoted }: ObjectDraft, unit: string): boolean {
  if (!isKeyQuoted || !envelopeKeys.includes(key)) return false;
  return unit === 'n' || unit === 'N' || (key === 'command' && /\p{L}/u.test(unit));
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

function extendKey(draft: ObjectDraft, chars: string): void {
  if (draft.key.length < keyMaxChars) draft.key += chars;
}

/** Content of the open string, decoded: spoken, part of the key, or nothing to us; `source` is how JSON writes it. */
function content(draft: ObjectDraft, role: StringRole, decoded: string, source: string): string {
  if (role === 'text') return decoded;
  keep(draft, source);
  if (role === 'key') extendKey(draft, decoded);
  return '';
}

function takeInString(draft: ObjectDraft, string: OpenString, unit: string): string {
  if (string.escape !== '') return takeEscape(draft, string, unit);
  if (mayClose(string.quote, unit)) draft.string = { ...string, closing: unit };
  else if (unit === '\\') draft.string = { ...string, escape: unit };
  else {
    if (unit === '{' || unit === '}') draft.string = { ...string, ...afterContent(string, unit) };
    return content(draft, string.role, unit, sourceOf(unit));
  }
  return '';
}

/** A quote or control character as JSON writes it; all else stands for itself. */
function sourceOf(unit: string): string {
  if (unit === '"') return '\\"';
  return unit < ' ' ? JSON.stringify(unit).slice(1, -1) : unit;
}

function takeEscape(draft: ObjectDraft, string: OpenString, unit: string): string {
  const sequence = string.escape + unit;
  if (sequence === '\\u' || (sequence.length < 6 && /^\\u[0-9a-fA-F]+$/.test(sequence))) {
    draft.string = { ...string, escape: sequence };
    return '';
  }
  const plain: OpenString = { ...string, escape: '' };
  draft.string = plain;
  if (/^\\u[0-9a-fA-F]{4}$/.test(sequence)) {
    const decoded = String.fromCharCode(Number.parseInt(sequence.slice(2), 16));
    return content(draft, string.role, decoded, sequence);
  }
  if (sequence.length === 2) {
    const decoded = decodedEscape(unit);
    return content(draft, string.role, decoded, decoded.length === 1 ? sourceOfEscape(unit) : `\\\\${sourceOf(unit)}`);
  }
  // Not an escape after all: what was held back is content, and the unit itself may still end the string.
  const held = content(draft, string.role, string.escape, `\\${string.escape}`);
  return held + takeInString(draft, plain, unit);
}

/** The escapes of JSON, and quotes and line breaks, which need none; a lone backslash (`C:\Data`, `\d`) is one, and nothing is lost. */
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
      return unit === '/' || unit === '\\' || unit === '\n' || unit === '`' || isQuote(unit) ? unit : `\\${unit}`;
  }
}

function sourceOfEscape(unit: string): string {
  return '"\\/bfnrt'.includes(unit) ? `\\${unit}` : sourceOf(unit);
}

/** A quote was seen: `unit` may tell whether it ended the string or belongs to it. */
function takeAfterQuote(draft: ObjectDraft, string: OpenString, unit: string): string {
  const tail = string.closing + unit;
  const isInObject = draft.depth > objectMaxDepth || draft.brackets.endsWith('{');
  const verdict = judgeQuote({ ...string, depth: draft.depth, isInObject, hasBareKeys: draft.hasBareKeys }, tail);
  if (verdict === 'wait') {
    draft.string = { ...string, closing: tail };
    return '';
  }
  if (verdict === 'goesOn') {
    draft.string = { ...string, ...afterContent(string, tail), closing: '' };
    const quote = tail.charAt(0);
    return content(draft, string.role, quote, sourceOf(quote)) + takeAll(draft, tail.slice(1));
  }
  draft.string = null;
  keep(draft, verdict === 'endsWithoutComma' ? '",' : '"');
  if (draft.depth === 1 && string.role !== 'key') draft.expects = verdict === 'ends' ? 'comma' : 'key';
  if (verdict === 'endsWithoutComma' && draft.depth === 1) draft.key = '';
  return takeAll(draft, tail.slice(1));
}
