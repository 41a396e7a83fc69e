/**
 * Strict base64 in linear time, for texts of many megabytes that nobody vouches for: one native decode, and an account of what it
 * must have made. Node's decoder skips what it does not know; a skipped character shows as a byte that is missing.
 *
 * Taken: both alphabets (RFC 4648 §4 and §5), padding that fits or none, white space as MIME encoders put it. There is no regular
 * expression in here on purpose: V8 keeps the last text that one was matched against alive.
 */

export type DecodedBase64 =
  /** `bytes` stand in memory of their own, of exactly their size. */
  | { readonly kind: 'decoded'; readonly bytes: Buffer }
  | { readonly kind: 'tooLarge'; readonly decodedBytes: number }
  | { readonly kind: 'invalid'; readonly reason: string };

const EQUALS_SIGN = 0x3d;
const whiteSpace = ['\n', '\r', ' ', '\t'] as const;
/** Encoders break lines at 64 or 76 characters, with up to two, and some indent them. More would only cost time to look at. */
const MIN_CHARS_PER_WHITE_SPACE = 16;
const WHITE_SPACE_ALLOWANCE = 1024;

/** Decodes `text`, unless it would be more than `maxBytes`: that is known before anything is decoded. */
export function decodeBase64(text: string, maxBytes: number): DecodedBase64 {
  // Node's decoder looks at the low byte of a character only: U+0141 would pass for "A".
  if (Buffer.byteLength(text, 'utf8') !== text.length) return invalid('it has characters outside the base64 alphabet');
  const counts = countsOf(text);
  if (counts === undefined) return invalid('it has more white space than line breaks need');
  const { digits, padding } = counts;
  const decodedBytes = Math.floor((digits * 3) / 4);
  if (decodedBytes > maxBytes) return { kind: 'tooLarge', decodedBytes };
  // 6 bits are no byte.
  if (digits % 4 === 1) return invalid('it is cut off, or has characters outside the base64 alphabet');
  // Not of the pool: a small image would pin a whole slab of it.
  const bytes = Buffer.allocUnsafeSlow(decodedBytes);
  const writtenBytes = bytes.write(text, 'base64');
  if (writtenBytes !== decodedBytes) return invalid('it has characters outside the base64 alphabet');
  if (padding > 0 && (padding > 2 || (digits + padding) % 4 !== 0)) return invalid('its padding is wrong');
  return { kind: 'decoded', bytes };
}

function invalid(reason: string): DecodedBase64 {
  return { kind: 'invalid', reason };
}

interface Counts {
  /** Everything before the padding that is not white space, be it of the alphabet or not. */
  readonly digits: number;
  readonly padding: number;
}

/** Undefined if there is more white space than any encoder puts. */
function countsOf(text: string): Counts | undefined {
  const maxWhiteSpaces = WHITE_SPACE_ALLOWANCE + text.length / MIN_CHARS_PER_WHITE_SPACE;
  const whiteSpaces = countWhiteSpace(text, maxWhiteSpaces);
  if (whiteSpaces > maxWhiteSpaces) return undefined;
  let padding = 0;
  // The third is wrong already, however many more there are.
  for (let index = text.length - 1; index >= 0 && padding < 3; index -= 1) {
    const code = text.charCodeAt(index);
    if (code === EQUALS_SIGN) padding += 1;
    else if (!isWhiteSpace(code)) break;
  }
  return { digits: text.length - whiteSpaces - padding, padding };
}

/** Counts up to just over `max`. Native searches from one to the next take 3 ms for 14 million characters without any. */
function countWhiteSpace(text: string, max: number): number {
  let count = 0;
  for (const character of whiteSpace) {
    for (let at = text.indexOf(character); at !== -1 && count <= max; at = text.indexOf(character, at + 1)) count += 1;
  }
  return count;
}

/** Line feed, carriage return, space, tab. */
function isWhiteSpace(code: number): boolean {
  return code === 0x0a || code === 0x0d || code === 0x20 || code === 0x09;
}
