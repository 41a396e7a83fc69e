/**
 * JSON as models and their servers write it. `parsedJson` reads it strictly but for the digits of whole numbers, which a double would lose;
 * `repairedObject` forgives spelling mistakes. Neither throws, and nothing they give is so deep that who walks through it, or writes it
 * down, runs out of stack. Pure.
 */
import { jsonrepair } from 'jsonrepair';

/** Repair takes up to 30 µs for a character of hostile input: what is larger is not worth holding up everybody, and no command is. */
const repairMaxChars = 8_192;

/** Far deeper than anybody means; the stack has room for some thousands. */
export const jsonMaxDepth = 256;

/** The value that `json` is, undefined if it is none or nested deeper than `jsonMaxDepth`. */
export function parsedJson(json: string): unknown {
  try {
    const value: unknown = JSON.parse(withWholeNumbers(json));
    return json.length > 2 * jsonMaxDepth && isTooDeep(value) ? undefined : value;
  } catch {
    return undefined;
  }
}

/** Level by level, without a stack. */
function isTooDeep(value: unknown): boolean {
  let level: readonly unknown[] = [value];
  for (let depth = 0; level.length > 0; depth += 1) {
    if (depth > jsonMaxDepth) return true;
    level = level.flatMap((each) => (typeof each === 'object' && each !== null ? Object.values(each) : []));
  }
  return false;
}

/** The object that `source`, which its writer has closed, was meant to be; null = beyond repair. */
export function repairedObject(source: string): object | null {
  if (source.length > repairMaxChars || !hasMatchingBrackets(source)) return null;
  try {
    const value = parsedJson(jsonrepair(withPhoneNumbers(source)));
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? value : null;
  } catch {
    return null;
  }
}

/** A whole number that a double cannot hold to its last digit (an id, a card) becomes a string: its digits are what was meant. */
function withWholeNumbers(json: string): string {
  if (!/\d{16}/.test(json)) return json;
  return json.replace(/"(?:[^"\\]|\\.?)*"?|-?\d[\d.eE+-]*/gs, (token) => {
    const isInexact = /^-?\d{16,}$/.test(token) && String(Number(token)) !== token;
    return isInexact ? `"${token}"` : token;
  });
}

/** What was opened with a brace must be closed with one: `{"args": {"app_name": "Saf"}]` is half of an object in a list. */
function hasMatchingBrackets(source: string): boolean {
  const open: string[] = [];
  for (const [token] of source.matchAll(/"(?:[^"\\]|\\.?)*"?|[{}[\]]/gs)) {
    if (token === '{' || token === '[') open.push(token);
    else if (token === '}' || token === ']') if (open.pop() !== (token === '}' ? '{' : '[')) return false;
  }
  return open.length === 0;
}

/** `+4915112345678` is no number of JSON; its digits are meant, and the sign with them. */
function withPhoneNumbers(source: string): string {
  return source.replace(/"(?:[^"\\]|\\.?)*"?|\+\d+(?![\d.eE])/gs, (token) =>
    token.startsWith('+') ? `"${token}"` : token,
  );
}
