/**
 * Which quotes end a string of an answer's object (Envelope 7), judged by what follows. In valid JSON every bare quote does; models forget
 * to escape quotes (`"Either "and"/"or", then."`) and apostrophes (`'It's late'`), so a quote is believed only where JSON goes on behind it:
 * a bracket, a comma and a key with its colon, or such a key without the comma, which models forget too. The other quotes are content. So
 * are all quotes of an object that stands inside of a string, unescaped as well (`"Use {"a": "b"} here."`), to its last brace.
 *
 * By structure and by the words of JSON, never by what words say, so that the shape of an answer is judged like the answer. Pure; looks at
 * no more than a key's length behind a quote.
 */

/** What a string of the object is: a key of the top level, the text to speak, or anything else. */
export type StringRole = 'key' | 'text' | 'other';

/** What the content of a string so far says about its quotes; plain JSON. */
export interface Quoted {
  /** Braces in it that were opened and not closed. */
  readonly braces: number;
  /** While one was open: no quote of content, one, or one with a colon behind, so that an object of somebody else is being quoted. */
  readonly inner: 'none' | 'quote' | 'object';
}

export const noQuoted: Quoted = Object.freeze({ braces: 0, inner: 'none' });

/** A string whose quote is judged, and where it stands. */
export interface JudgedString extends Quoted {
  readonly role: StringRole;
  readonly quote: string;
  readonly depth: number;
  readonly isInObject: boolean;
  readonly hasBareKeys: boolean;
}

export type QuoteVerdict = 'ends' | 'endsWithoutComma' | 'goesOn' | 'wait';

/** One of them at the top level makes an object an envelope. */
export const envelopeKeys: readonly string[] = Object.freeze(['text', 'command', 'args']);

/** White space and a key behind a quote: longer ones belong to the string. */
const closingMaxChars = 1_024;

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

/** The same for what has to be judged: some models begin a string with a straight quote and end it with a curly one. */
export function mayClose(quote: string, unit: string): boolean {
  return isClosingQuote(quote, unit) || (quote === '"' && unit === '”');
}

/** What is known behind a brace, or behind a quote that turned out to be content (`tail` begins with it). */
export function afterContent({ braces, inner, quote }: Quoted & { readonly quote: string }, tail: string): Quoted {
  if (tail === '{') return { braces: braces + 1, inner };
  if (tail === '}') return braces > 1 ? { braces: braces - 1, inner } : noQuoted;
  // A curly quote in a straight string is as good as a letter.
  if (braces === 0 || inner === 'object' || !isClosingQuote(quote, tail.charAt(0))) return { braces, inner };
  return { braces, inner: inner === 'quote' && tail.slice(1).trimStart().startsWith(':') ? 'object' : 'quote' };
}

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

/** Whether the quote that `tail` begins with ends its string; 'wait' asks for more of `tail`, at most a key's length. */
export function judgeQuote(string: JudgedString, tail: string): QuoteVerdict {
  if (tail.length > closingMaxChars) return 'goesOn';
  if (tail.length < 2 || /\s/.test(tail.charAt(tail.length - 1))) return 'wait';
  const behind = tail.slice(1).trimStart();
  if (string.inner === 'object') return 'goesOn';
  const first = behind.charAt(0);
  if (string.inner === 'quote' && first === ':') return 'goesOn';
  if (!isClosingQuote(string.quote, tail.charAt(0))) return judgeOther(string, behind);
  if (first === '}') return 'ends';
  if (first === '/') return judgeComment(behind);
  if (string.role === 'key') return first === ':' || first === ',' ? 'ends' : 'goesOn';
  // Keys inside of an argument have the same role as values.
  if (first === ':') return string.depth > 1 ? 'ends' : 'goesOn';
  if (first === ']') return string.role === 'other' ? 'ends' : 'goesOn';
  if (first === ',') {
    const next = behind.replace(/^[,\s]+/, '');
    if (next === '') return 'wait';
    return string.isInObject ? judgeKey(string, next, 'ends') : judgeItem(next);
  }
  if (string.isInObject) return judgeKey(string, behind, 'endsWithoutComma');
  // A comma that was forgotten at the end of a line.
  return isQuote(first) && /[\n\r]/.test(tail.slice(1, -behind.length)) ? 'endsWithoutComma' : 'goesOn';
}

/** A quote of another kind than the first one ends a value only where a quoted key follows, which valid JSON has nowhere behind it. */
function judgeOther(string: JudgedString, behind: string): QuoteVerdict {
  if (string.role === 'key' || !string.isInObject || !behind.startsWith(',')) return 'goesOn';
  const next = behind.slice(1).trimStart();
  if (next === '' || next === '"') return 'wait';
  // Behind the quote that ends a string of valid JSON stands no letter.
  return /^"[\p{L}_$]/u.test(next) ? judgeKey(string, next, 'ends') : 'goesOn';
}

function judgeComment(behind: string): QuoteVerdict {
  if (behind.length === 1) return 'wait';
  return behind.charAt(1) === '/' || behind.charAt(1) === '*' ? 'ends' : 'goesOn';
}

/** Behind a comma (`verdict` is 'ends') or where one was forgotten there must be a key with its colon. */
function judgeKey(string: JudgedString, next: string, verdict: 'ends' | 'endsWithoutComma'): QuoteVerdict {
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
  const isOurs = string.depth === 1 && envelopeKeys.includes(key);
  return isOurs || (string.hasBareKeys && verdict === 'ends') ? verdict : 'goesOn';
}

/** Behind a comma of a list there must be a value, or its end. */
function judgeItem(next: string): QuoteVerdict {
  if (isQuote(next.charAt(0)) || /^[{[}\]\-\d/]/.test(next) || literalInTail.test(next)) return 'ends';
  return bareKeyBegun.test(next) ? 'wait' : 'goesOn';
}
