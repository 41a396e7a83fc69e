/**
 * Small true images, made by code: what a viewer opens, in any size, and as many bytes as a test needs. PNG and JPEG are built from
 * their parts; WebP are the well-known smallest ones (a browser test's), with another size written into their header.
 */
import { crc32, deflateSync } from 'node:zlib';

export interface ImageSize {
  readonly width: number;
  readonly height: number;
}

/** A grey PNG. With `noise` its pixels do not compress, so it has about width × height bytes. */
export function png({ width, height }: ImageSize, { noise = false } = {}): Buffer {
  const rows = Buffer.alloc((width + 1) * height);
  if (noise) fillWithNoise(rows, width + 1);
  const data = deflateSync(rows, { level: noise ? 0 : 9 });
  return Buffer.concat([pngHeader({ width, height }), pngChunk('IDAT', data), pngChunk('IEND', Buffer.alloc(0))]);
}

/** Signature and IHDR alone: how an image of any size begins. */
export function pngHeader({ width, height }: ImageSize): Buffer {
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header.writeUInt8(8, 8);
  return Buffer.concat([Buffer.from('\x89PNG\r\n\x1a\n', 'latin1'), pngChunk('IHDR', header)]);
}

function pngChunk(type: string, data: Buffer): Buffer {
  const typed = Buffer.concat([Buffer.from(type, 'latin1'), data]);
  return Buffer.concat([uint32(data.length), typed, uint32(crc32(typed))]);
}

/** The same bytes in every run; the first byte of a row is its filter, 0 = none. */
function fillWithNoise(rows: Buffer, rowBytes: number): void {
  let state = 0x9e3779b9;
  for (let index = 0; index < rows.length; index += 1) {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    rows[index] = index % rowBytes === 0 ? 0 : state & 0xff;
  }
}

export interface JpegOptions {
  /** Whole segments between the start of the image and its tables: EXIF, ICC and the like. */
  readonly segments?: readonly Buffer[];
  /** SOF2 instead of SOF0. */
  readonly isProgressive?: boolean;
  /** 1 grey, 3 colour, 4 CMYK. */
  readonly components?: 1 | 3 | 4;
}

/** A JPEG of one grey tone; those of more components or progressive ones are true up to their frame header. */
export function jpeg({ width, height }: ImageSize, options: JpegOptions = {}): Buffer {
  const { segments = [], isProgressive = false, components = 1 } = options;
  const frame = Buffer.alloc(6 + 3 * components);
  frame.writeUInt8(8, 0);
  frame.writeUInt16BE(height, 1);
  frame.writeUInt16BE(width, 3);
  frame.writeUInt8(components, 5);
  for (let component = 0; component < components; component += 1) {
    frame.set([component + 1, 0x11, 0], 6 + 3 * component);
  }
  // One code a table, of one bit: "no difference" and "end of block". So a block of 8 × 8 pixels is two bits.
  const table = (kind: number) => jpegSegment(0xc4, Buffer.from([kind, 1, ...new Array(15).fill(0), 0]));
  const blocks = Math.ceil(width / 8) * Math.ceil(height / 8);
  const scan = Buffer.alloc(Math.ceil(blocks / 4));
  // The last byte is filled up with ones.
  if (blocks % 4 !== 0) scan[scan.length - 1] = 0xff >> ((blocks % 4) * 2);
  return Buffer.concat([
    Buffer.from([0xff, 0xd8]),
    ...segments,
    jpegSegment(0xdb, Buffer.from([0, ...new Array(64).fill(1)])),
    jpegSegment(isProgressive ? 0xc2 : 0xc0, frame),
    table(0x00),
    table(0x10),
    jpegSegment(0xda, Buffer.from([1, 1, 0x00, 0, 63, 0])),
    scan,
    Buffer.from([0xff, 0xd9]),
  ]);
}

/** One segment: marker, length, data. */
export function jpegSegment(marker: number, data: Buffer): Buffer {
  return Buffer.concat([Buffer.from([0xff, marker]), uint16(data.length + 2), data]);
}

/** VP8: lossy. At most 16383 pixels a side. */
export function webpLossy({ width, height }: ImageSize): Buffer {
  const image = Buffer.from('UklGRiIAAABXRUJQVlA4IBYAAAAwAQCdASoBAAEADsD+JaQAA3AAAAAA', 'base64');
  image.writeUInt16LE(width, 26);
  image.writeUInt16LE(height, 28);
  return image;
}

/** VP8L: lossless. At most 16384 pixels a side. */
export function webpLossless({ width, height }: ImageSize): Buffer {
  const image = Buffer.from('UklGRhoAAABXRUJQVlA4TA0AAAAvAAAAEAcQERGIiP4HAA==', 'base64');
  image.writeUInt32LE(((width - 1) | ((height - 1) << 14) | (image.readUInt32LE(21) & 0xf0000000)) >>> 0, 21);
  return image;
}

/** VP8X: extended, as with alpha, metadata or animation. */
export function webpExtended({ width, height }: ImageSize): Buffer {
  const image = Buffer.from(
    'UklGRkoAAABXRUJQVlA4WAoAAAAQAAAAAAAAAAAAQUxQSAwAAAARBxAR/Q9ERP8DAABWUDggGAAAABQBAJ0BKgEAAQAAAP4AAA3AAP7mtQAAAA==',
    'base64',
  );
  image.writeUIntLE(width - 1, 24, 3);
  image.writeUIntLE(height - 1, 27, 3);
  return image;
}

function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}

function uint16(value: number): Buffer {
  const bytes = Buffer.alloc(2);
  bytes.writeUInt16BE(value);
  return bytes;
}
