/** The format chunk of a WAV: how its samples are written, where they are of a kind that is read here. Pure. */
import { type PcmFormat, type SampleEncoding, UnusableSound } from './sample-reader.ts';

const MAX_CHANNELS = 8;
const PCM = 1;
const FLOAT = 3;
const EXTENSIBLE = 0xfffe;

/** What the number of a WAV format means, of those that are met and not read. */
const formatNames: Readonly<Record<number, string>> = Object.freeze({
  2: 'Microsoft ADPCM',
  3: 'floating point',
  6: 'A-law',
  7: 'µ-law',
  17: 'IMA ADPCM',
  49: 'GSM',
  80: 'MPEG',
  85: 'MP3',
  255: 'AAC',
  353: 'WMA',
});

/** The format in the chunk whose `size` bytes begin at `at`; throws UnusableSound for one that is not read. */
export function wavFormatAt(bytes: Uint8Array, at: number, size: number): PcmFormat {
  if (size < 16) throw new UnusableSound(`a WAV format of ${size} bytes; it must have 16 or more`);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const tag = view.getUint16(at, true);
  const channels = view.getUint16(at + 2, true);
  const bits = view.getUint16(at + 14, true);
  // An extensible format has its real kind in the first two bytes of an identifier.
  const kind = tag === EXTENSIBLE && size >= 40 ? view.getUint16(at + 24, true) : tag;
  const encoding = encodingOf(kind, bits);
  if (encoding === null) {
    const name = formatNames[kind];
    const called = name === undefined ? '' : ` (${name})`;
    throw new UnusableSound(`WAV of format ${kind}${called} with ${bits} bits; it must be PCM of 8 to 32 bits`);
  }
  if (channels < 1 || channels > MAX_CHANNELS) {
    throw new UnusableSound(`WAV of ${channels} channels; it must have 1 to ${MAX_CHANNELS}`);
  }
  return { sampleRateHz: view.getUint32(at + 4, true), channels, encoding };
}

function encodingOf(kind: number, bits: number): SampleEncoding | null {
  if (kind === FLOAT) return bits === 32 ? 'float32' : null;
  if (kind !== PCM) return null;
  switch (bits) {
    case 8:
      return 'uint8';
    case 16:
      return 'int16';
    case 24:
      return 'int24';
    case 32:
      return 'int32';
    default:
      return null;
  }
}
