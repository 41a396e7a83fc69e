/**
 * Takes the containers off a stream of sound: headers and whatever stands behind the sound are dropped, the sound goes on as it is, piece by
 * piece with its format. What is sound is told by structure and not by names:
 *
 *  1. Length. The declared length counts where it can be true. It is certain where the RIFF's own length covers it; 0 and more than any
 *     sentence has mean "not known".
 *  2. Next file. `RIFF....WAVE` anywhere in the stream, also in sound without a header, begins a new file: eight bytes that no sound has by
 *     chance. Servers join the files of their parts, each with its header.
 *  3. Chunks. Behind the declared length stand chunks (a printable name, a length), and behind a chunk nothing but chunks. A
 *     chunk that begins before, where the length is not certain, is one only if it ends exactly where the stream, another chunk or a file does.
 *  4. Sound. What follows the declared length and is no chunk, no file and no text is sound, if it goes on as sound does: headers are
 *     also written for the first part of a stream alone, but tags, seals, remains of other files and zeros at the end stand there, too.
 *  5. Trailer. Writers that can't go back to fill in the lengths append them: a tail that names the lengths of all before it is dropped,
 *     and so are words at the end.
 *
 * At most MAX_TAIL_CHUNK_BYTES are held, and every byte is looked at a bounded number of times.
 */
import { frameBytesOf, joined, type PcmFormat, SampleReader, UnreadBytes, UnusableSound } from './sample-reader.ts';
import { goesOn, isTextSoFar } from './sound-kind.ts';
import { beginningOfFileAtEnd, FILE_HEAD_BYTES, indexOfFile, isFileAt, tagAt } from './wav-file-mark.ts';
import { wavFormatAt } from './wav-format.ts';

/** Everything before the sound; a real header has 44 bytes, one with texts, a picture or a manifest up to some hundred KiB. */
const MAX_HEADER_BYTES = 1024 * 1024;
/** A declared length beyond it is a guess: five minutes of the largest format are less. */
const MAX_DECLARED_BYTES = 512 * 1024 * 1024;
/** Of a chunk behind sound of uncertain length: it is held until it is known to be one. */
const MAX_TAIL_CHUNK_BYTES = 1024 * 1024;
/** Of a chunk at the declared end of the sound. */
const MAX_CHUNK_BYTES = 16 * 1024 * 1024;
const MAX_TRAILER_BYTES = 128; // A header's length.
const MAX_PADDING_BYTES = 64 * 1024; // Zeros behind the declared length; more of them are silence.
/** As much of what follows the declared sound as is looked at to tell what it is. */
const VERDICT_BYTES = 64;
/** As much of the sound before it as tells how it was going, in every format. */
const LAST_SOUND_BYTES = 512;
/** Words at the end of sound: fewer letters in a row may be sound. */
const MIN_WORD_BYTES = 24;
const CHUNK_HEADER_BYTES = 8;
const SPACE = 0x20;

/** Sound as it stood in the stream; a new file has a new `format`. */
export interface SoundPiece {
  /** Null for sound without a header. */
  readonly format: PcmFormat | null;
  readonly bytes: Uint8Array;
}

/** `riff`, `chunk`, `format`: in a header. `suspect`: at what may be a chunk. `verdict`: at the declared end. `skipped`: not sound. */
type ReaderState = 'riff' | 'chunk' | 'format' | 'sound' | 'suspect' | 'verdict' | 'skipped';

export class WavReader {
  readonly #nothing = new Uint8Array(0);
  readonly #unread = new UnreadBytes();
  #state: ReaderState;
  #format: PcmFormat | null = null;
  /** Bytes since the file began. */
  #position = 0;
  /** Where the RIFF says that it ends; 0 = it does not know. */
  #riffEnd = 0;
  #hasSound = false;
  /** So what is no chunk is nothing. */
  #isBehindChunk = false;
  /** A chunk of odd length ended, so a byte of padding may follow. */
  #mayBePadded = false;
  /** Of the sound: bytes read, and to go until its declared end; Infinity = not known. */
  #soundBytes = 0;
  #soundLeft = Number.POSITIVE_INFINITY;
  /** The last of those that were read. */
  #lastSound = new Uint8Array(0);
  /** Bytes of the header before the sound. */
  #soundStart = 0;
  /** The lengths of file and sound agree, so what is inside is sound and nothing else. */
  #isCertain: boolean;
  /** Unread bytes at whose places no file begins, and those at whose places no chunk does. */
  #cleared = { ofFiles: 0, ofChunks: 0 };
  /** Bytes to skip; Infinity = up to the next file. */
  #skipLeft = 0;
  /** So many of the unread bytes at the declared end are zeros. */
  #zeros = 0;

  /** `hasHeader` false: sound without one, which may still have a file inside. */
  constructor(hasHeader: boolean) {
    this.#state = hasHeader ? 'riff' : 'sound';
    this.#isCertain = !hasHeader;
  }

  /** The sound in the next bytes; may be empty. */
  push(chunk: Uint8Array): readonly SoundPiece[] {
    this.#unread.append(chunk);
    return this.#read(false);
  }

  /** The stream ended: the sound that was still looked at. */
  flush(): readonly SoundPiece[] {
    const pieces = this.#read(true);
    const isInHeader = this.#state === 'riff' || this.#state === 'format' || this.#state === 'chunk';
    if (isInHeader && !this.#hasSound) throw new UnusableSound('a WAV stream that ended inside its header');
    return pieces;
  }

  #read(isEnd: boolean): SoundPiece[] {
    const pieces: SoundPiece[] = [];
    for (;;) {
      const format = this.#format;
      const sound = this.#step(isEnd);
      if (sound === null) return pieces;
      if (sound.length > 0) pieces.push({ format, bytes: sound });
    }
  }

  /** One step, and the sound that it found; null = there is nothing to do without more bytes. */
  #step(isEnd: boolean): Uint8Array | null {
    switch (this.#state) {
      case 'riff':
        return this.#readRiff();
      case 'chunk':
        return this.#readChunk();
      case 'format':
        return this.#readFormat();
      case 'sound':
        return this.#readSound(isEnd);
      case 'suspect':
        return this.#readSuspect(isEnd);
      case 'verdict':
        return this.#readVerdict(isEnd);
      case 'skipped':
        return this.#skip();
    }
  }

  #readRiff(): Uint8Array | null {
    const bytes = this.#unread.view;
    if (bytes.length < FILE_HEAD_BYTES) return null;
    const size = u32At(bytes, 4);
    this.#position = 0;
    this.#riffEnd = size === 0 || size > MAX_DECLARED_BYTES ? 0 : size + 8;
    this.#format = null;
    this.#hasSound = false;
    this.#isBehindChunk = false;
    this.#mayBePadded = false;
    this.#consume(FILE_HEAD_BYTES);
    this.#state = 'chunk';
    return this.#nothing;
  }

  /** The head of a chunk; behind the sound only where there is one for sure. */
  #readChunk(): Uint8Array | null {
    const bytes = this.#unread.view;
    if (bytes.length < CHUNK_HEADER_BYTES + (this.#mayBePadded ? 1 : 0)) return null;
    // Not every writer pads: where a name begins already, there is no padding.
    if (this.#mayBePadded && !isChunkAt(bytes, 0, MAX_CHUNK_BYTES, isPrintable)) this.#consume(1);
    this.#mayBePadded = false;
    const head = this.#unread.view;
    const tag = tagAt(head, 0);
    const size = u32At(head, 4);
    if (tag === 'fmt ') {
      this.#state = 'format';
      return this.#nothing;
    }
    this.#consume(CHUNK_HEADER_BYTES);
    if (tag === 'data') return this.#beginSound(size);
    if (!this.#hasSound && this.#position + size > MAX_HEADER_BYTES) {
      throw new UnusableSound(`a WAV header without sound in its first ${MAX_HEADER_BYTES} bytes`);
    }
    return this.#skipTo(size);
  }

  #readFormat(): Uint8Array | null {
    const bytes = this.#unread.view;
    const size = u32At(bytes, 4);
    if (bytes.length < CHUNK_HEADER_BYTES + Math.min(size, 40)) return null;
    this.#format = wavFormatAt(bytes, CHUNK_HEADER_BYTES, size);
    if (size > MAX_HEADER_BYTES) throw new UnusableSound(`a WAV format of ${size} bytes`);
    this.#consume(CHUNK_HEADER_BYTES);
    return this.#skipTo(size);
  }

  #beginSound(size: number): Uint8Array {
    if (this.#format === null) throw new UnusableSound('a WAV header without a format');
    const isKnown = size > 0 && size <= MAX_DECLARED_BYTES;
    this.#soundBytes = 0;
    this.#lastSound = new Uint8Array(0);
    this.#soundStart = this.#position;
    this.#soundLeft = isKnown ? size : Number.POSITIVE_INFINITY;
    this.#isCertain = isKnown && this.#position + size <= this.#riffEnd;
    this.#hasSound = true;
    this.#isBehindChunk = false;
    this.#cleared = { ofFiles: 0, ofChunks: 0 };
    this.#state = 'sound';
    return this.#nothing;
  }

  #readSound(isEnd: boolean): Uint8Array | null {
    const bytes = this.#unread.view;
    const end = Math.min(this.#soundLeft, bytes.length);
    const fileAt = indexOfFile(bytes, this.#cleared.ofFiles, end);
    this.#cleared.ofFiles = fileAt === -1 ? Math.max(0, end - FILE_HEAD_BYTES + 1) : fileAt;
    const chunkAt = this.#isCertain ? -1 : this.#indexOfChunk(bytes, fileAt === -1 ? end : fileAt);
    if (chunkAt !== -1) {
      this.#state = 'suspect';
      return this.#takeSound(chunkAt);
    }
    if (fileAt !== -1) {
      this.#state = 'riff';
      return this.#takeSound(fileAt - this.#trailerBytes(bytes.subarray(0, fileAt)), fileAt);
    }
    // A file that begins just before the declared end would be seen by its bytes behind it.
    if (end === this.#soundLeft && (isEnd || bytes.length >= end + FILE_HEAD_BYTES)) {
      this.#state = 'verdict';
      return this.#takeSound(end);
    }
    if (isEnd) {
      if (end === 0) return null;
      return this.#takeSound(end - this.#trailerBytes(bytes), end);
    }
    this.#cleared.ofChunks = Math.max(0, end - FILE_HEAD_BYTES + 1);
    const heldBack = this.#isCertain ? beginningOfFileAtEnd(bytes, end) : MAX_TRAILER_BYTES;
    const sound = end - heldBack;
    return sound > 0 ? this.#takeSound(sound) : null;
  }

  /** Where a chunk may begin before `end`: at an even place of the file. -1 = nowhere. */
  #indexOfChunk(bytes: Uint8Array, end: number): number {
    const { ofChunks } = this.#cleared;
    const from = ofChunks + ((this.#soundBytes + ofChunks) % 2);
    for (let at = from; at < end; at += 2) {
      // Behind a name no sound but silence has a length this small.
      if (bytes[at + 7] === 0 && isChunkAt(bytes, at, MAX_TAIL_CHUNK_BYTES, isNameLetter)) return at;
    }
    return -1;
  }

  /** Bytes at the end of `sound` that only tell how long what came before is (5). */
  #trailerBytes(sound: Uint8Array): number {
    if (this.#isCertain || sound.length < 4) return 0;
    const words = wordBytesAtEnd(sound);
    if (words >= MIN_WORD_BYTES) return words;
    const all = this.#soundBytes + sound.length;
    const told = u32At(sound, sound.length - 4);
    const trailer = all - told;
    if (trailer < 8 || trailer > Math.min(MAX_TRAILER_BYTES, sound.length)) return 0;
    const fileBytes = this.#soundStart + told - 8;
    for (let at = sound.length - trailer; at + 4 < sound.length; at += 4) {
      if (u32At(sound, at) === fileBytes) return trailer;
    }
    return 0;
  }

  /** A chunk (3) begins here, or sound that looks like one. */
  #readSuspect(isEnd: boolean): Uint8Array | null {
    const bytes = this.#unread.view;
    const size = u32At(bytes, 4);
    const end = CHUNK_HEADER_BYTES + size;
    if (bytes.length < end + 1 + FILE_HEAD_BYTES && !isEnd) return null;
    const isChunk = (size % 2 === 1 ? [end, end + 1] : [end]).some(
      (at) =>
        (isEnd && at === bytes.length) || isChunkAt(bytes, at, MAX_CHUNK_BYTES, isNameLetter) || isFileAt(bytes, at),
    );
    if (isChunk) {
      this.#state = 'chunk';
      return this.#nothing;
    }
    this.#cleared.ofChunks = 2;
    this.#state = 'sound';
    return this.#nothing;
  }

  /** What follows the declared end of the sound, or a chunk behind it. */
  #readVerdict(isEnd: boolean): Uint8Array | null {
    const bytes = this.#unread.view;
    while (bytes[this.#zeros] === 0) this.#zeros += 1;
    const zeros = this.#zeros;
    if (bytes.length < zeros + VERDICT_BYTES && zeros < MAX_PADDING_BYTES && !isEnd) return null;
    if (bytes.length === 0) return null;
    if (isEnd && zeros === bytes.length) return this.#skipTo(Number.POSITIVE_INFINITY);
    // A line break or padding between two files.
    const fileAt = indexOfFile(bytes, 0, Math.min(zeros + VERDICT_BYTES, bytes.length) - FILE_HEAD_BYTES + 1);
    for (const at of [...(fileAt > 0 ? [fileAt] : []), ...(this.#position % 2 === 1 ? [1, 0] : [0]), zeros]) {
      const isFile = isFileAt(bytes, at);
      if (!isFile && !isChunkAt(bytes, at, MAX_CHUNK_BYTES, isPrintable)) continue;
      this.#consume(at);
      this.#isBehindChunk = true;
      this.#state = isFile ? 'riff' : 'chunk';
      return this.#nothing;
    }
    const isPadding = bytes.length <= 1 || (this.#isCertain && bytes.length < CHUNK_HEADER_BYTES);
    if (this.#isBehindChunk || (isEnd && isPadding) || isTextSoFar(bytes, isEnd) === true || !this.#goesOn(bytes)) {
      return this.#skipTo(Number.POSITIVE_INFINITY);
    }
    this.#isCertain = false;
    this.#soundLeft = Number.POSITIVE_INFINITY;
    this.#cleared = { ofFiles: 0, ofChunks: 0 };
    this.#state = 'sound';
    return this.#nothing;
  }

  /** `bytes`, read in the format of the sound before them, may be more of it. */
  #goesOn(bytes: Uint8Array): boolean {
    if (this.#format === null) return true;
    const frameBytes = frameBytesOf(this.#format);
    const before = this.#lastSound.subarray(
      (frameBytes - ((this.#soundBytes - this.#lastSound.length) % frameBytes)) % frameBytes,
    );
    const sound = new SampleReader(this.#format).push(joined(before, bytes.subarray(0, VERDICT_BYTES)));
    return goesOn(sound, Math.ceil(before.length / frameBytes));
  }

  #skipTo(bytes: number): Uint8Array {
    this.#skipLeft = bytes;
    this.#state = 'skipped';
    return this.#nothing;
  }

  #skip(): Uint8Array | null {
    const bytes = this.#unread.view;
    const end = Math.min(this.#skipLeft, bytes.length);
    if (this.#skipLeft === Number.POSITIVE_INFINITY) {
      const fileAt = indexOfFile(bytes, 0, end);
      if (fileAt !== -1) this.#state = 'riff';
      this.#consume(fileAt === -1 ? Math.max(0, end - FILE_HEAD_BYTES + 1) : fileAt);
      return fileAt === -1 ? null : this.#nothing;
    }
    this.#consume(end);
    this.#skipLeft -= end;
    if (this.#skipLeft > 0) return null;
    this.#mayBePadded = this.#position % 2 === 1;
    this.#state = this.#hasSound ? 'verdict' : 'chunk';
    return this.#nothing;
  }

  /** The first `length` bytes as sound; `dropped` are gone with them. */
  #takeSound(length: number, dropped = length): Uint8Array {
    const sound = this.#unread.kept(length);
    if (sound.length > 0 && this.#soundLeft !== Number.POSITIVE_INFINITY) {
      this.#lastSound = joined(this.#lastSound, sound.subarray(-LAST_SOUND_BYTES)).slice(-LAST_SOUND_BYTES);
    }
    this.#soundBytes += dropped;
    this.#soundLeft -= dropped;
    const { ofFiles, ofChunks } = this.#cleared;
    this.#cleared = { ofFiles: Math.max(0, ofFiles - dropped), ofChunks: Math.max(0, ofChunks - dropped) };
    this.#consume(dropped);
    return sound;
  }

  #consume(bytes: number): void {
    this.#position += bytes;
    this.#zeros = 0;
    this.#unread.drop(bytes);
  }
}

/** A name of such letters and a length that can be meant; `RIFF` begins a file and no chunk. */
function isChunkAt(bytes: Uint8Array, at: number, maxBytes: number, isLetter: (byte: number) => boolean): boolean {
  if (at + CHUNK_HEADER_BYTES > bytes.length || u32At(bytes, at + 4) > maxBytes || bytes[at] === SPACE) return false;
  for (let place = at; place < at + 4; place++) if (!isLetter(bytes[place] ?? 0)) return false;
  return tagAt(bytes, at) !== 'RIFF';
}

/** Printable bytes at the end. */
function wordBytesAtEnd(bytes: Uint8Array): number {
  let at = bytes.length;
  while (at > 0 && (isPrintable(bytes[at - 1] ?? 0) || bytes[at - 1] === 0x0a || bytes[at - 1] === 0x0d)) at--;
  return bytes.length - at;
}

/** What names are made of: `fmt `, `_PMX`, `id3 `, `elm1`. */
function isNameLetter(byte: number): boolean {
  const isDigit = byte >= 0x30 && byte <= 0x39;
  const lower = byte | 0x20;
  return isDigit || byte === 0x5f || byte === SPACE || (byte >= 0x41 && lower >= 0x61 && lower <= 0x7a);
}

/** What the format allows in a name. */
const isPrintable = (byte: number): boolean => byte >= SPACE && byte <= 0x7e;

function u32At(bytes: Uint8Array, at: number): number {
  const low = (bytes[at] ?? 0) | ((bytes[at + 1] ?? 0) << 8) | ((bytes[at + 2] ?? 0) << 16);
  return low + (bytes[at + 3] ?? 0) * 0x1_00_00_00;
}
