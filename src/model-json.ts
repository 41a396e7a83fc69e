/**
 * JSON as models and their servers write it. `parsedJson` reads it strictly but for the digits of whole numbers, which a double would lose;
 * `repairedObject` forgives spelling mistakes. Neither throws. Pure.
 */
import { jsonrepair } from 'jsonrepair';

/** Repair takes up to 30 µs for a character of hostile input: what is larger is not worth holding up everybody, and no command is. */
const repairMaxChars = 8_192;

/** The value that `json` is, undefined if it is none. */
export function parsedJson(json: string): unknown {
  try {
    return JSON.parse(withWholeNumbers(json));
  } catch {
    return undefined;
  }
}

/** The object that `source`, which its writer has closed, was meant to be; null = beyond repair. */
export function repairedObject(source: string): object | null {
  if (source.length > repairMaxChars) return null;
  try {
    const value = parsedJson(jsonrepair(source));
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? value : null;
  } catch {
    return null;
  }
}

/** A whole number that a double cannot hold to its last digit (an id, a card) becomes a string: its digits are what was meant. */
function withWholeNumbers(json: string): string {
  if (!/\d{16}/.test(json)) return json;
  return json.replace(/"(?:[^"\\]+|\\.)*(?:"|$)|-?\d[\d.eE+-]*/gs, (token) => {
    const isInexact = /^-?\d{16,}$/.test(token) && String(Number(token)) !== token;
    return isInexact ? `"${token}"` : token;
  });
}
