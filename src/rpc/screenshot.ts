/**
 * Checks a screenshot as a client sends it: base64 of a WebP, PNG or JPEG image, perhaps as a data URL. Looks at the header of
 * the image only: no pixel is decoded here.
 */
import { imageDimensionsFromData } from 'image-dimensions';
import { type Failure, failure } from '../errors.ts';
import type { Screenshot } from '../machines/stream-port.ts';

const dataUrlPattern = /^data:[^,]{0,200};base64,/i;

/** The image, or why it is none. `maxBytes` bounds the decoded size. */
export function checkScreenshot(given: string, maxBytes: number): Screenshot | Failure {
  const prefix = dataUrlPattern.exec(given)?.[0] ?? '';
  const bytes = Buffer.from(given.slice(prefix.length), 'base64');
  if (bytes.byteLength > maxBytes) {
    return failure(
      'invalid_screenshot',
      `screenshot has ${bytes.byteLength} bytes; at most ${maxBytes} are accepted (SCREENSHOT_MAX_BYTES)`,
    );
  }
  const found = imageDimensionsFromData(bytes);
  if (found === undefined || (found.type !== 'png' && found.type !== 'jpeg' && found.type !== 'webp')) {
    return failure('invalid_screenshot', 'screenshot must be base64 of a WebP, PNG or JPEG image');
  }
  return { bytes, mediaType: `image/${found.type}`, widthPixels: found.width, heightPixels: found.height };
}
