/**
 * Bytes of PCM as mono 16-bit samples, little-endian. Those that are so already pass as they are. A sample that is cut by a border of chunks waits for its rest, so the chunks may have any
 * length; channels are mixed in equal shares. What remains of a sample at the end is dropped: it is no sound.
 */

/** How the samples of a stream are written; all little-endian. `float32` is 1 at full scale, `uint8` 128 at silence. */
export type SampleEncoding = 'uint8' | 'int16' | 'int24' | 'int32' | 'float32';

export interface PcmFormat {
  readonly sampleRateHz: number;
  readonly channels: number;
  readonly encoding: SampleEncoding;
}

const bytesOf: Readonly<Record<SampleEncoding, number>> = { uint8: 1, int16: 2, int24: 3, int32: 4, float32: 4 };

/** Bytes of one sample of every channel. */
export function frameBytesOf({ channels, encoding }: PcmFormat): number {
  return channels * bytesOf[encoding];
}

/** Thrown for sound that can't become the PCM of the wire; the message completes "the voice … sent …". */
export class UnusableSound extends Error {
  override readonly name: string = 'UnusableSound';
}

/** A provider that says something where it should speak, such as an error with a good status. */
export class WordsInsteadOfSound extends UnusableSound {
  /** As it came: not for anybody's eyes before secrets are taken out. */
  readonly body: string;

  constructor(what: string, body: string) {
    super(`${what} instead of sound`);
    this.body = body;
  }
}

export class SampleReader {
  readonly #format: PcmFormat;
  readonly #frameBytes: number;
  readonly #isMono16: boolean;
  #rest: Uint8Array | null = null;

  constructor(format: PcmFormat) {
    this.#format = format;
    this.#frameBytes = frameBytesOf(format);
    this.#isMono16 = format.channels === 1 && format.encoding === 'int16';
  }

  /** The whole samples so far, two bytes each; may be empty, and may share memory with `chunk`. */
  push(chunk: Uint8Array): Uint8Array {
    const bytes = this.#rest === null ? chunk : joined(this.#rest, chunk);
    const wholeBytes = bytes.length - (bytes.length % this.#frameBytes);
    this.#rest = wholeBytes === bytes.length ? null : bytes.subarray(wholeBytes);
    const whole = bytes.subarray(0, wholeBytes);
    return this.#isMono16 ? whole : this.#mono(whole);
  }

  #mono(bytes: Uint8Array): Uint8Array {
    const { channels, encoding } = this.#format;
    const step = bytesOf[encoding];
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    const samples = new Int16Array(bytes.length / this.#frameBytes);
    for (let at = 0, place = 0; at < samples.length; at++) {
      let sum = 0;
      for (let channel = 0; channel < channels; channel++, place += step) sum += levelAt(view, place, encoding);
      samples[at] = Math.max(-32_768, Math.min(32_767, Math.round(sum / channels)));
    }
    // Little-endian, as every machine that Node runs on.
    return new Uint8Array(samples.buffer);
  }
}

/** A sample on the scale of 16 bits. */
function levelAt(view: DataView, place: number, encoding: SampleEncoding): number {
  switch (encoding) {
    case 'uint8':
      return (view.getUint8(place) - 128) * 256;
    case 'int16':
      return view.getInt16(place, true);
    case 'int24':
      return view.getInt16(place + 1, true) + view.getUint8(place) / 256;
    case 'int32':
      return view.getInt32(place, true) / 65_536;
    case 'float32': {
      const level = view.getFloat32(place, true) * 32_768;
      return Number.isNaN(level) ? 0 : level;
    }
  }
}

/** Two pieces of bytes as one. */
export function joined(first: Uint8Array, second: Uint8Array): Uint8Array<ArrayBuffer> {
  const all = new Uint8Array(first.length + second.length);
  all.set(first);
  all.set(second, first.length);
  return all;
}

/**
 * Bytes that came and are not read yet, in one piece. What is read before more comes is never copied; else each byte is, a bounded number of
 * times, however small the chunks are. Chunks must not be changed by who gave them.
 */
export class UnreadBytes {
  /** A chunk as it came, or memory of our own. */
  #buffer: Uint8Array = new Uint8Array(0);
  #isOwn = false;
  #start = 0;
  #end = 0;

  /** Good until the next call of `append`. */
  get view(): Uint8Array {
    return this.#buffer.subarray(this.#start, this.#end);
  }

  append(chunk: Uint8Array): void {
    if (this.#start === this.#end) {
      this.#buffer = chunk;
      this.#isOwn = false;
      this.#start = 0;
      this.#end = chunk.length;
      return;
    }
    if (!this.#isOwn || this.#end + chunk.length > this.#buffer.length) {
      const { view } = this;
      // Twice what is there: so many bytes come before the next move.
      const isRoomy = this.#isOwn && this.#buffer.length >= 2 * (view.length + chunk.length);
      const buffer = isRoomy ? this.#buffer : new Uint8Array(2 * (view.length + chunk.length));
      buffer.set(view);
      this.#buffer = buffer;
      this.#isOwn = true;
      this.#end = view.length;
      this.#start = 0;
    }
    this.#buffer.set(chunk, this.#end);
    this.#end += chunk.length;
  }

  /** The first `bytes`, good for ever; they are not read by it. */
  kept(bytes: number): Uint8Array {
    const first = this.#buffer.subarray(this.#start, Math.min(this.#end, this.#start + bytes));
    return this.#isOwn ? new Uint8Array(first) : first;
  }

  /** The first `bytes` are read. */
  drop(bytes: number): void {
    this.#start = Math.min(this.#end, this.#start + bytes);
  }
}
