/** The pixels of a PNG of 8 bits a channel, not interlaced, with or without alpha: what rsvg-convert and Chromium write. */
import { inflateSync } from 'node:zlib';

export interface Pixels {
  readonly width: number;
  readonly height: number;
  /** RGB of the pixel at a place, as `#rrggbb`; alpha is not looked at. */
  at(x: number, y: number): string;
  /** Which share of the pixels is nearly white, and nearly black. */
  shares(): { readonly light: number; readonly dark: number };
}

const TRUE_COLOUR = 2;
const WITH_ALPHA = 6;

/** Throws for a PNG of another kind. */
export function pixelsOf(png: Buffer): Pixels {
  const [width, height] = [png.readUInt32BE(16), png.readUInt32BE(20)];
  const [depth, kind, ...rest] = [...png.subarray(24, 29)];
  if (depth !== 8 || (kind !== TRUE_COLOUR && kind !== WITH_ALPHA) || rest.some((each) => each !== 0))
    throw new Error(`a PNG of depth ${depth} and kind ${kind} is not read here`);
  const bytes = kind === WITH_ALPHA ? 4 : 3;
  const channels = unfiltered(inflateSync(Buffer.concat(dataOf(png))), { stride: width * bytes, height, bytes });
  const channelsAt = (index: number) => [...channels.subarray(index * bytes, index * bytes + 3)];
  return {
    width,
    height,
    at: (x, y) =>
      `#${channelsAt(Math.floor(y) * width + Math.floor(x))
        .map((each) => each.toString(16).padStart(2, '0'))
        .join('')}`,
    shares: () => {
      const counts = { light: 0, dark: 0 };
      for (let at = 0; at < channels.length; at += bytes) {
        const [red = 0, green = 0, blue = 0] = [channels[at], channels[at + 1], channels[at + 2]];
        if (red > 200 && green > 200 && blue > 200) counts.light += 1;
        else if (red < 60 && green < 60 && blue < 60) counts.dark += 1;
      }
      return { light: counts.light / (width * height), dark: counts.dark / (width * height) };
    },
  };
}

function dataOf(png: Buffer): Buffer[] {
  const packed: Buffer[] = [];
  for (let at = 8; at < png.length; at += 12 + png.readUInt32BE(at)) {
    if (png.toString('latin1', at + 4, at + 8) === 'IDAT')
      packed.push(png.subarray(at + 8, at + 8 + png.readUInt32BE(at)));
  }
  return packed;
}

interface Shape {
  /** Bytes of a row. */
  readonly stride: number;
  readonly height: number;
  /** Of a pixel. */
  readonly bytes: number;
}

/** PNG, 9.2: each byte is the difference to a prediction from its left, upper and upper left neighbours. */
function unfiltered(rows: Uint8Array, { stride, height, bytes }: Shape): Uint8Array {
  const pixels = new Uint8Array(stride * height);
  for (let y = 0; y < height; y += 1) {
    const from = y * (stride + 1);
    const kind = rows[from] ?? 0;
    for (let x = 0; x < stride; x += 1) {
      const at = y * stride + x;
      const left = x < bytes ? 0 : (pixels[at - bytes] ?? 0);
      const up = y === 0 ? 0 : (pixels[at - stride] ?? 0);
      const upLeft = x < bytes || y === 0 ? 0 : (pixels[at - stride - bytes] ?? 0);
      const predicted = [0, left, up, (left + up) >> 1, paeth(left, up, upLeft)][kind] ?? 0;
      pixels[at] = (rows[from + 1 + x] ?? 0) + predicted;
    }
  }
  return pixels;
}

function paeth(left: number, up: number, upLeft: number): number {
  const estimate = left + up - upLeft;
  const distances = [left, up, upLeft].map((value) => Math.abs(estimate - value));
  return [left, up, upLeft][distances.indexOf(Math.min(...distances))] ?? 0;
}
