/**
 * Takes the container off a WAV stream: chunks before the sound are skipped, the format is read, the sound goes on as it is. Sizes in
 * a streamed header are often guesses (0, the largest number, the size of something else), so the stream's own end counts:
 * sound beyond the declared size is still sound, unless a chunk that is known to follow sound begins right there.
 */
import { joined, type PcmFormat, type SampleEncoding, UnusableSound } from './sample-reader.ts';

/** Everything before the sound; a real header has 44 bytes, one with texts and a picture some KiB. */
const MAX_HEADER_BYTES = 64 * 1024;
const MAX_CHANNELS = 8;
/** Chunks that writers put behind the sound. */
const trailingChunks: readonly string[] = [
  'LIST',
  'id3 ',
  'ID3 ',
  'fact',
  'cue ',
  'smpl',
  'bext',
  'iXML',
  'JUNK',
  'PEAK',
];
const PCM = 1;
const FLOAT = 3;
const EXTENSIBLE = 0xfffe;

/** True as far as `bytes` can be the beginning of a WAV stream; 12 bytes decide. */
export function looksLikeWav(bytes: Uint8Array): boolean {
  const [riff, wave] = [tagAt(bytes, 0), tagAt(bytes, 8)];
  return 'RIFF'.startsWith(riff) && 'WAVE'.startsWith(wave);
}

/** How many bytes `looksLikeWav` wants to see. */
export const wavMagicBytes = 12;

export class WavReader {
  #header = new Uint8Array(0);
  #format: PcmFormat | null = null;
  /** Bytes to go until the declared end of the sound; Infinity = it has none worth believing. */
  #declaredBytes = Number.POSITIVE_INFINITY;
  #state: 'header' | 'sound' | 'atDeclaredEnd' | 'over' = 'header';

  /** Null before the header is complete. */
  get format(): PcmFormat | null {
    return this.#format;
  }

  /** The sound in the next bytes; may be empty. */
  push(chunk: Uint8Array): Uint8Array {
    switch (this.#state) {
      case 'header': {
        this.#header = joined(this.#header, chunk);
        const start = this.#readHeader();
        if (start === null) {
          if (this.#header.length > MAX_HEADER_BYTES) {
            throw new UnusableSound(`a WAV header without sound in its first ${MAX_HEADER_BYTES} bytes`);
          }
          return this.#header.subarray(0, 0);
        }
        const sound = this.#header.subarray(start);
        this.#state = 'sound';
        return this.push(sound);
      }
      case 'sound': {
        if (chunk.length <= this.#declaredBytes) {
          this.#declaredBytes -= chunk.length;
          return chunk;
        }
        const sound = chunk.slice(0, this.#declaredBytes);
        this.#header = new Uint8Array(0);
        this.#state = 'atDeclaredEnd';
        return joined(sound, this.push(chunk.subarray(sound.length)));
      }
      case 'atDeclaredEnd': {
        this.#header = joined(this.#header, chunk);
        if (this.#header.length < 5) return chunk.subarray(0, 0);
        return this.#decideWhatFollows();
      }
      case 'over':
        return chunk.subarray(0, 0);
    }
  }

  /** The stream ended. The sound that was still looked at. */
  flush(): Uint8Array {
    if (this.#state === 'header') throw new UnusableSound('a WAV stream that ended inside its header');
    // Less than a chunk's name follows: padding, or the last samples of a header that said too little.
    return this.#state === 'atDeclaredEnd' && this.#header.length > 1 ? this.#header : new Uint8Array(0);
  }

  /** A chunk after the sound begins at an even place, so a byte of padding may stand before it. */
  #decideWhatFollows(): Uint8Array {
    const bytes = this.#header;
    const isChunk = trailingChunks.includes(tagAt(bytes, 0)) || trailingChunks.includes(tagAt(bytes, 1));
    this.#header = new Uint8Array(0);
    this.#declaredBytes = Number.POSITIVE_INFINITY;
    this.#state = isChunk ? 'over' : 'sound';
    return isChunk ? bytes.subarray(0, 0) : bytes;
  }

  /** Where the sound begins; null = not here yet. */
  #readHeader(): number | null {
    const bytes = this.#header;
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    for (let at = 12; at + 8 <= bytes.length; ) {
      const tag = tagAt(bytes, at);
      const size = view.getUint32(at + 4, true);
      if (tag === 'data') {
        if (this.#format === null) throw new UnusableSound('a WAV header without a format');
        // 0 and the greatest numbers stand for "not known"; no sentence has 2 GiB.
        this.#declaredBytes = size === 0 || size >= 0x7fff_0000 ? Number.POSITIVE_INFINITY : size;
        return at + 8;
      }
      if (tag === 'fmt ') {
        if (bytes.length < at + 8 + Math.min(size, 40)) return null;
        this.#format = formatAt(view, at + 8, size);
      }
      at += 8 + size + (size % 2);
      if (at > MAX_HEADER_BYTES) {
        throw new UnusableSound(`a WAV header without sound in its first ${MAX_HEADER_BYTES} bytes`);
      }
    }
    return null;
  }
}

function formatAt(view: DataView, at: number, size: number): PcmFormat {
  if (size < 16) throw new UnusableSound(`a WAV format of ${size} bytes; it must have 16 or more`);
  const tag = view.getUint16(at, true);
  const channels = view.getUint16(at + 2, true);
  const bits = view.getUint16(at + 14, true);
  // An extensible format has its real kind in the first two bytes of an identifier.
  const kind = tag === EXTENSIBLE && size >= 40 ? view.getUint16(at + 24, true) : tag;
  const encoding = encodingOf(kind, bits);
  if (encoding === null)
    throw new UnusableSound(`WAV of format ${kind} with ${bits} bits; it must be PCM of 8 to 32 bits`);
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

function tagAt(bytes: Uint8Array, at: number): string {
  return String.fromCharCode(...bytes.subarray(at, at + 4));
}
