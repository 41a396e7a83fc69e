/**
 * Reads one JSON object `{"text", "command", "args"}` as it grows (Envelope 2, 6 and 7): gives the characters of its top-level `text` at
 * once, escapes decoded, and keeps the rest of the object for one parse at its end. Plain JSON state, one step a character; what is
 * behind a quote that may end a string is held until it is certain, at most a key's length, and looked at again.
 *
 * Whether a quote inside a string ends it is judged by what follows. In valid JSON every bare quote does; models forget to escape quotes
 * (`"Either "and"/"or", then."`) and apostrophes (`'It's late'`), so a quote is believed only where JSON goes on behind it: a bracket, a
 * comma and a key with its colon, or such a key without the comma, which models forget too. By structure and by the words of JSON, never
 * by what words say, so that the shape of an answer is judged like the answer. The other quotes are content.
 *
 * `rest` holds the object in strict strings, whatever quotes the model wrote (`'`, `“ ”`), so that the parse at the end need guess only
 * what stands between them. Comments are left out, and so are the characters of `text`: an answer of any length costs no second copy.
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

/** One of them at the top level makes an object an envelope. */
export const envelopeKeys: readonly string[] = Object.freeze(['text', 'command', 'args']);

/** More than any command needs; beyond it the command is dropped, the text still streams. */
export const objectMaxChars = 1_048_576;

/** No argument of a command is nested; deeper objects only serve to exhaust somebody's stack. */
export const objectMaxDepth = 64;

/** Around a key without quotes; all else is part of it, as the repair at the end sees it. */
const skippedInKey = /[`´]/;

/** Longer than the keys that matter. */
const keyMaxChars = 16;

/** White space and a key behind a quote: longer ones belong to the string. */
const closingMaxChars = 1_024;

export const emptyObjectReader: ObjectReader = Object.freeze({
  rest: '',
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

/** The scratch pad of one call. */
export type ObjectDraft = { -readonly [Key in keyof ObjectReader]: ObjectReader[Key] };

const doubleQuotes = '"“”„‟«»';
const singleQuotes = "'‘’‚‛";

/** True for what begins or ends a string, also where a text processor made it curly. */
export function isQuote(unit: string): boolean {
  return doubleQuotes.includes(unit) || singleQuotes.includes(unit);
}

/** True for what may end a string that began with `quote`: straight ones end themselves, curly ones any of their number. */
export function isClosingQuote(quote: string, unit: string): boolean {
  if (quote === '"' || quote === "'") return unit === quote;
  return (doubleQuotes.includes(quote) ? doubleQuotes : singleQuotes).includes(unit);
}

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
  if (unit === ':' && /[\p{L}_$]\s*$/u.test(draft.rest.slice(-16))) draft.hasBareKeys = true;
  // A comma that was written twice is one.
  if (unit === ',' && /,\s*$/.test(draft.rest.slice(-16))) return '';
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
  draft.string = { role, quote, escape: '', closing: '' };
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
  if (isClosingQuote(string.quote, unit)) draft.string = { ...string, closing: unit };
  else if (unit === '\\') draft.string = { ...string, escape: unit };
  else return content(draft, string.role, unit, sourceOf(unit));
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
  let verdict: QuoteVerdict = 'wait';
  if (tail.length > closingMaxChars) verdict = 'goesOn';
  else if (!/\s/.test(unit)) verdict = judgeQuote(draft, string.role, tail);
  if (verdict === 'wait') {
    draft.string = { ...string, closing: tail };
    return '';
  }
  if (verdict === 'goesOn') {
    draft.string = { ...string, closing: '' };
    const quote = tail.charAt(0);
    return content(draft, string.role, quote, sourceOf(quote)) + takeAll(draft, tail.slice(1));
  }
  draft.string = null;
  keep(draft, verdict === 'endsWithoutComma' ? '",' : '"');
  if (draft.depth === 1 && string.role !== 'key') draft.expects = verdict === 'ends' ? 'comma' : 'key';
  if (verdict === 'endsWithoutComma' && draft.depth === 1) draft.key = '';
  return takeAll(draft, tail.slice(1));
}

type QuoteVerdict = 'ends' | 'endsWithoutComma' | 'goesOn' | 'wait';

/** Of a key at most 128 characters are looked at: longer than every key that anybody writes. */
const bareKey = /^([\p{L}_$][\p{L}\p{N}_$-]{0,127})\s*:/u;
const bareKeyBegun = /^[\p{L}_$][\p{L}\p{N}_$-]{0,127}\s*$/u;

/** A key in quotes, or its beginning; with the visible character behind it, if there is one. */
function quotedKey(quotes: string, forbidden: string): RegExp {
  return new RegExp(`^.(?:[^${quotes}\\\\\\n${forbidden}]|\\\\.){0,128}(?:\\\\|[${quotes}]\\s*(\\S)?)?$`);
}

/** Behind a comma a key may have any name; where the comma was forgotten, none that looks like the end of something. */
const keyPatterns = Object.freeze({
  '"': keyPair('"'),
  "'": keyPair("'"),
  double: keyPair(doubleQuotes),
  single: keyPair(singleQuotes),
});

function keyPair(quotes: string) {
  return Object.freeze({ ends: quotedKey(quotes, ''), endsWithoutComma: quotedKey(quotes, '{}[\\],:') });
}

function keyPatternsOf(quote: string) {
  if (quote === '"' || quote === "'") return keyPatterns[quote];
  return doubleQuotes.includes(quote) ? keyPatterns.double : keyPatterns.single;
}

const literalInTail = /^(?:true|false|null|True|False|None)\s*[,\]}]/;

/**
 * Whether the quote that `tail` begins with ends its string; `tail` ends with something visible, 'wait' asks for more of it, at most a
 * key's length.
 */
function judgeQuote(draft: ObjectDraft, role: StringRole, tail: string): QuoteVerdict {
  const behind = tail.slice(1).trimStart();
  const first = behind.charAt(0);
  if (first === '}') return 'ends';
  if (first === '/') return judgeComment(behind);
  if (role === 'key') return first === ':' || first === ',' ? 'ends' : 'goesOn';
  // Keys inside of an argument have the same role as values.
  if (first === ':') return draft.depth > 1 ? 'ends' : 'goesOn';
  if (first === ']') return role === 'other' ? 'ends' : 'goesOn';
  const isInObject = draft.depth > objectMaxDepth || draft.brackets.endsWith('{');
  if (first === ',') {
    const next = behind.replace(/^[,\s]+/, '');
    if (next === '') return 'wait';
    return isInObject ? judgeKey(draft, next, 'ends') : judgeItem(next);
  }
  if (isInObject) return judgeKey(draft, behind, 'endsWithoutComma');
  // A comma that was forgotten at the end of a line.
  return isQuote(first) && /[\n\r]/.test(tail.slice(1, -behind.length)) ? 'endsWithoutComma' : 'goesOn';
}

function judgeComment(behind: string): QuoteVerdict {
  if (behind.length === 1) return 'wait';
  return behind.charAt(1) === '/' || behind.charAt(1) === '*' ? 'ends' : 'goesOn';
}

/** Behind a comma (`verdict` is 'ends') or where one was forgotten there must be a key with its colon. */
function judgeKey(draft: ObjectDraft, next: string, verdict: 'ends' | 'endsWithoutComma'): QuoteVerdict {
  const first = next.charAt(0);
  if (isQuote(first)) {
    const match = keyPatternsOf(first)[verdict].exec(next);
    if (match === null) return 'goesOn';
    if (match[1] === undefined) return 'wait';
    return match[1] === ':' ? verdict : 'goesOn';
  }
  if (verdict === 'ends' && first === '}') return 'ends';
  if (verdict === 'ends' && first === '/') return judgeComment(next);
  if (bareKeyBegun.test(next)) return 'wait';
  const key = bareKey.exec(next)?.[1];
  if (key === undefined) return 'goesOn';
  // Where the others have quotes, a bare word that nobody needs is content: `"He said "no", reason: none."`
  const isOurs = draft.depth === 1 && envelopeKeys.includes(key);
  return isOurs || (draft.hasBareKeys && verdict === 'ends') ? verdict : 'goesOn';
}

/** Behind a comma of a list there must be a value, or its end. */
function judgeItem(next: string): QuoteVerdict {
  if (isQuote(next.charAt(0)) || /^[{[}\]\-\d/]/.test(next) || literalInTail.test(next)) return 'ends';
  return bareKeyBegun.test(next) ? 'wait' : 'goesOn';
}
