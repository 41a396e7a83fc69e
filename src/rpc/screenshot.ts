/**
 * Checks a screenshot as a client sends it: base64 of a WebP, PNG or JPEG image, perhaps as a data URL. Its size is known before it
 * is decoded, and of the image only the header is read: no pixel is decoded here. A failure tells sizes and formats, never content.
 */

import { imageDimensionsFromData } from 'image-dimensions';
import type { Screenshot } from '../call/gateway.ts';
import { type Failure, failure } from '../errors.ts';

/** 40 megapixels: an 8K screen has 33. What a model's image pipeline must hold grows with pixels, not with bytes. */
const MAX_PIXELS = 40_000_000;
const mediaTypes = { png: 'image/png', jpeg: 'image/jpeg', webp: 'image/webp' } as const;
const formatNames: Readonly<Record<ImageFormat, string>> = { png: 'PNG', jpeg: 'JPEG', webp: 'WebP' };

/** The image, or why it is none. `maxBytes` bounds the decoded size. */
export function checkScreenshot(given: string, maxBytes: number): Screenshot | Failure {
  const base64 = base64Of(given);
  if (base64 === undefined) return invalid('screenshot is a data URL without ";base64,"; send base64');
  const decoded = decodeBase64(base64, maxBytes);
  if (decoded.kind === 'invalid') return invalid(`screenshot is not base64: ${decoded.reason}`);
  if (decoded.kind === 'tooLarge') {
    return invalid(
      `screenshot has ${decoded.decodedBytes} bytes; at most ${maxBytes} are accepted (SCREENSHOT_MAX_BYTES)`,
    );
  }
  return screenshotOf(decoded.bytes);
}

function screenshotOf(bytes: Uint8Array): Screenshot | Failure {
  const header = readImageHeader(bytes);
  if (header.kind === 'unknown') return invalid('screenshot must be base64 of a WebP, PNG or JPEG image');
  if (header.kind === 'other') {
    return invalid(`screenshot is ${header.name}; it must be a WebP, PNG or JPEG image`);
  }
  if (header.kind === 'broken') {
    return invalid(`screenshot is a ${formatNames[header.format]} image whose header is cut off or broken`);
  }
  const { format, widthPixels, heightPixels } = header;
  const size = `${widthPixels} × ${heightPixels} pixels`;
  if (widthPixels === 0 || heightPixels === 0) return invalid(`screenshot has ${size}; an image has at least one`);
  if (widthPixels * heightPixels > MAX_PIXELS) {
    return invalid(`screenshot has ${size}; at most ${MAX_PIXELS} pixels (40 megapixels) are accepted`);
  }
  return { bytes, mediaType: mediaTypes[format], widthPixels, heightPixels };
}

/** What follows the prefix of a data URL, or the whole text if it is none; undefined if the data URL is not base64 (RFC 2397). */
function base64Of(given: string): string | undefined {
  if (given.slice(0, 5).toLowerCase() !== 'data:') return given;
  const comma = given.indexOf(',');
  // The last parameter; the media type and others before it are the client's word and decide nothing.
  const marker = given.slice(Math.max(0, comma - 7), Math.max(0, comma)).toLowerCase();
  return marker === ';base64' ? given.slice(comma + 1) : undefined;
}

function invalid(message: string): Failure {
  return failure('invalid_screenshot', message);
}

type ImageFormat = 'png' | 'jpeg' | 'webp';

type ImageHeader =
  | {
      readonly kind: 'image';
      readonly format: ImageFormat;
      readonly widthPixels: number;
      readonly heightPixels: number;
    }
  /** One of the three, but cut off or broken before its size is told. */
  | { readonly kind: 'broken'; readonly format: ImageFormat }
  /** Some other kind of file; `name` is that of a format, e.g. 'GIF'. */
  | { readonly kind: 'other'; readonly name: string }
  | { readonly kind: 'unknown' };

interface Magic {
  readonly offset: number;
  /** One character a byte. */
  readonly bytes: string;
}

const png: Magic = { offset: 0, bytes: '\x89PNG\r\n\x1a\n' };
const jpeg: Magic = { offset: 0, bytes: '\xff\xd8\xff' };
const riff: Magic = { offset: 0, bytes: 'RIFF' };
const webp: Magic = { offset: 8, bytes: 'WEBP' };

/** A screenshot tool's usual other formats; naming them saves the reader of the error a search. The first that fits counts. */
const otherFormats: readonly (readonly [name: string, magic: Magic])[] = [
  ['GIF', { offset: 0, bytes: 'GIF8' }],
  ['BMP', { offset: 0, bytes: 'BM' }],
  ['TIFF', { offset: 0, bytes: 'II*\0' }],
  ['TIFF', { offset: 0, bytes: 'MM\0*' }],
  ['AVIF', { offset: 4, bytes: 'ftypavi' }],
  ['HEIC', { offset: 4, bytes: 'ftyphe' }],
  ['HEIC', { offset: 4, bytes: 'ftypmif1' }],
  ['HEIC', { offset: 4, bytes: 'ftypmsf1' }],
  ['JPEG XL', { offset: 0, bytes: '\xff\x0a' }],
  ['JPEG XL', { offset: 4, bytes: 'JXL ' }],
  ['JPEG 2000', { offset: 4, bytes: 'jP  ' }],
  ['ICO', { offset: 0, bytes: '\0\0\x01\0' }],
  ['PDF', { offset: 0, bytes: '%PDF' }],
  ['SVG', { offset: 0, bytes: '<svg' }],
  ['XML', { offset: 0, bytes: '<?xml' }],
];

/**
 * How far a header may reach. PNG and WebP tell their size in their first 30 bytes. A JPEG tells it after all that cameras and editors
 * put before it, 64 KiB a segment; a bound keeps a crafted file from being walked to its end.
 */
const headerBytes: Readonly<Record<ImageFormat, number>> = { png: 64, webp: 64, jpeg: 4 * 1024 * 1024 };

/**
 * What an image is and how large, from its first bytes: magic bytes decide, not what the sender called it. Reads headers only, in
 * linear time, and never throws, whatever the bytes are. `image-dimensions` is asked only for the three formats that are accepted: its
 * reader of AVIF and HEIC takes seconds, or overflows the stack, on a crafted file.
 */
function readImageHeader(bytes: Uint8Array): ImageHeader {
  const format = formatOf(bytes);
  if (format === undefined) {
    const other = otherFormats.find(([, magic]) => has(bytes, magic));
    return other === undefined ? { kind: 'unknown' } : { kind: 'other', name: other[0] };
  }
  const found = imageDimensionsFromData(bytes.subarray(0, headerBytes[format]));
  if (found === undefined || found.type !== format) return { kind: 'broken', format };
  return { kind: 'image', format, widthPixels: found.width, heightPixels: found.height };
}

function formatOf(bytes: Uint8Array): ImageFormat | undefined {
  if (has(bytes, png)) return 'png';
  if (has(bytes, jpeg)) return 'jpeg';
  return has(bytes, riff) && has(bytes, webp) ? 'webp' : undefined;
}

function has(bytes: Uint8Array, { offset, bytes: magic }: Magic): boolean {
  for (let index = 0; index < magic.length; index += 1) {
    if (bytes[offset + index] !== magic.charCodeAt(index)) return false;
  }
  return true;
}

type DecodedBase64 =
  /** `bytes` stand in memory of their own, of exactly their size. */
  | { readonly kind: 'decoded'; readonly bytes: Buffer }
  | { readonly kind: 'tooLarge'; readonly decodedBytes: number }
  | { readonly kind: 'invalid'; readonly reason: string };

const EQUALS_SIGN = 0x3d;
const whiteSpace = ['\n', '\r', ' ', '\t'] as const;
/** Encoders break lines at 64 or 76 characters, with up to two, and some indent them. More would only cost time to look at. */
const MIN_CHARS_PER_WHITE_SPACE = 16;
const WHITE_SPACE_ALLOWANCE = 1024;

/**
 * Strict base64 in linear time, for texts of many megabytes that nobody vouches for: one native decode, and an account of what it must
 * have made. Node's decoder skips what it does not know; a skipped character shows as a byte that is missing. More than `maxBytes` is
 * not decoded.
 *
 * Taken: both alphabets (RFC 4648 §4 and §5), padding that fits or none, white space as MIME encoders put it. There is no regular
 * expression in here on purpose: V8 keeps the last text that one was matched against alive.
 */
function decodeBase64(text: string, maxBytes: number): DecodedBase64 {
  // Node's decoder looks at the low byte of a character only: U+0141 would pass for "A".
  if (Buffer.byteLength(text, 'utf8') !== text.length)
    return notBase64('it has characters outside the base64 alphabet');
  const counts = countsOf(text);
  if (counts === undefined) return notBase64('it has more white space than line breaks need');
  const { digits, padding } = counts;
  const decodedBytes = Math.floor((digits * 3) / 4);
  if (decodedBytes > maxBytes) return { kind: 'tooLarge', decodedBytes };
  // 6 bits are no byte.
  if (digits % 4 === 1) return notBase64('it is cut off, or has characters outside the base64 alphabet');
  // Not of the pool: a small image would pin a whole slab of it.
  const bytes = Buffer.allocUnsafeSlow(decodedBytes);
  const writtenBytes = bytes.write(text, 'base64');
  if (writtenBytes !== decodedBytes) return notBase64('it has characters outside the base64 alphabet');
  if (padding > 0 && (padding > 2 || (digits + padding) % 4 !== 0)) return notBase64('its padding is wrong');
  return { kind: 'decoded', bytes };
}

function notBase64(reason: string): DecodedBase64 {
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
