/**
 * Whether a quote inside a JSON string ends it, judged by what follows. In valid JSON every bare quote does; models forget to escape
 * quotes (`"He said "hi", then left."`) and apostrophes (`'It's late'`), so a quote is believed only where JSON goes on behind it. Pure;
 * looks at structure and at the literals of JSON, never at what words say, so that the shape of an answer is judged like the answer.
 */

/** Of a key at most 64 characters are looked at: longer than every key that anybody writes. */
const bareKey = /^[\p{L}_$][\p{L}\p{N}_$-]{0,63}\s*:/u;
const bareKeyBegun = /^[\p{L}_$][\p{L}\p{N}_$-]{0,63}\s*$/u;
const literalInTail = /^(?:true|false|null|True|False|None)\s*[,\]}]/;

/** At the top level: `unit` is the first visible character behind the quote, `spaces` the white space between them. */
export function endsString(role: 'key' | 'text' | 'other', spaces: string, unit: string): boolean {
  if (unit === ':') return role !== 'text';
  if (unit === ',' || unit === '}' || unit === '/') return true;
  if (unit === ']') return role === 'other';
  // A comma that was forgotten at the end of a line.
  return (unit === '"' || unit === "'") && /[\n\r]/.test(spaces);
}

/**
 * Inside of an argument: `tail` begins with the quote and ends with something visible; 'wait' while more of it is needed, at most a key's
 * length. Behind a comma there must be a key with its colon, or a value.
 */
export function judgeNestedQuote(tail: string): 'ends' | 'goesOn' | 'wait' {
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
export function misreadText(
  rest: string,
  isKeyOver: boolean,
): { readonly tail: string; readonly quote: string } | null {
  const match = behindText.exec(rest.slice(-misreadMaxChars));
  if (match === null) return null;
  const [, quote = '', tail = '', behind = ''] = match;
  if (hasKey.test(behind)) return null;
  return isKeyOver || noKey.test(behind) || needlessKey.test(behind) ? { tail, quote } : null;
}
