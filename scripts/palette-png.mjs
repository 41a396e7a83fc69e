// Writes a picture as a PNG of at most 256 colours: a page's few colours and the edges of its letters, in a third of the bytes.
import { crc32, deflateSync } from 'node:zlib';

const MAX_COLOURS = 256;
/** Of each channel, by which near colours are counted as one. */
const BUCKET_BITS = 5;
const SIGNATURE = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);

/** `rgba` = 4 bytes a pixel, row by row; what is transparent is not told apart. */
export function palettePng({ width, height, rgba }) {
  const palette = paletteOf(rgba);
  const known = new Map();
  const rows = Buffer.alloc((width + 1) * height);
  for (let pixel = 0; pixel < width * height; pixel += 1) {
    const colour = colourAt(rgba, pixel);
    let place = known.get(colour);
    if (place === undefined) {
      place = nearest(palette, colour);
      known.set(colour, place);
    }
    // Each row begins with its filter: none.
    rows[pixel + Math.floor(pixel / width) + 1] = place;
  }
  const head = Buffer.alloc(13);
  head.writeUInt32BE(width, 0);
  head.writeUInt32BE(height, 4);
  // 8 bits a pixel, by palette.
  head.set([8, 3], 8);
  const colours = Buffer.from(palette.flatMap(channelsOf));
  const pixels = deflateSync(rows, { level: 9, memLevel: 9 });
  return Buffer.concat([
    SIGNATURE,
    chunk('IHDR', head),
    chunk('PLTE', colours),
    chunk('IDAT', pixels),
    chunk('IEND', Buffer.alloc(0)),
  ]);
}

function colourAt(rgba, pixel) {
  return (rgba[4 * pixel] << 16) | (rgba[4 * pixel + 1] << 8) | rgba[4 * pixel + 2];
}

const channelsOf = (colour) => [colour >> 16, (colour >> 8) & 0xff, colour & 0xff];

/** The commonest colour of each of the fullest buckets. */
function paletteOf(rgba) {
  const counts = new Map();
  for (let pixel = 0; pixel < rgba.length / 4; pixel += 1) {
    const colour = colourAt(rgba, pixel);
    counts.set(colour, (counts.get(colour) ?? 0) + 1);
  }
  const buckets = new Map();
  for (const [colour, count] of counts) {
    const key = channelsOf(colour)
      .map((channel) => channel >> (8 - BUCKET_BITS))
      .join();
    const { total = 0, best = 0, commonest = colour } = buckets.get(key) ?? {};
    buckets.set(key, {
      total: total + count,
      best: Math.max(best, count),
      commonest: count > best ? colour : commonest,
    });
  }
  return [...buckets.values()]
    .sort((a, b) => b.total - a.total)
    .slice(0, MAX_COLOURS)
    .map(({ commonest }) => commonest);
}

function nearest(palette, colour) {
  const [red, green, blue] = channelsOf(colour);
  let place = 0;
  let least = Number.POSITIVE_INFINITY;
  for (const [index, each] of palette.entries()) {
    const [r, g, b] = channelsOf(each);
    const distance = (r - red) ** 2 + (g - green) ** 2 + (b - blue) ** 2;
    if (distance < least) [place, least] = [index, distance];
  }
  return place;
}

function chunk(name, data) {
  const body = Buffer.concat([Buffer.from(name, 'latin1'), data]);
  const [length, sum] = [Buffer.alloc(4), Buffer.alloc(4)];
  length.writeUInt32BE(data.length);
  sum.writeUInt32BE(crc32(body));
  return Buffer.concat([length, body, sum]);
}
