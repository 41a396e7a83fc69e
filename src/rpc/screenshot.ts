/**
 * Checks a screenshot as a client sends it: base64 of a WebP, PNG or JPEG image, perhaps as a data URL. Its size is known before it
 * is decoded, and of the image only the header is read: no pixel is decoded here. A failure tells sizes and formats, never content.
 */

import type { Screenshot } from '../call/gateway.ts';
import { type Failure, failure } from '../errors.ts';
import { decodeBase64 } from './base64.ts';
import { type ImageFormat, readImageHeader } from './image-header.ts';

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
