/**
 * What an image is and how large, from its first bytes: magic bytes decide, not what the sender called it. Reads headers only, in
 * linear time, and never throws, whatever the bytes are.
 *
 * `image-dimensions` reads the three formats that are accepted. It is asked only for those: its reader of AVIF and HEIC takes
 * seconds, or overflows the stack, on a crafted file.
 */
import { imageDimensionsFromData } from 'image-dimensions';

export type ImageFormat = 'png' | 'jpeg' | 'webp';

export type ImageHeader =
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

/** What `bytes` begin with. */
export function readImageHeader(bytes: Uint8Array): ImageHeader {
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
