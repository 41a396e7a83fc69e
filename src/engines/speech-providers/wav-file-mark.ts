/** Where a WAV file begins in a stream of bytes: `RIFF`, a length, `WAVE`, which no sound has by chance. Pure. */

/** `RIFF`, a length, `WAVE`. */
export const FILE_HEAD_BYTES = 12;
/** In front of the first file. */
const MAX_LEAD_BYTES = 64;

/** Where the first file begins, if not much is in front of it: a line break, the head of a part. -1 = there is none. */
export function indexOfFirstFile(bytes: Uint8Array): number {
  return indexOfFile(bytes, 0, Math.min(MAX_LEAD_BYTES, bytes.length - FILE_HEAD_BYTES + 1));
}

/** Where a file begins, from `from` and before `end`; its first 12 bytes must be there. -1 = nowhere. */
export function indexOfFile(bytes: Uint8Array, from: number, end: number): number {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, Math.min(bytes.byteLength, end + 3));
  for (let at = text.indexOf('RIFF', from, 'latin1'); at !== -1; at = text.indexOf('RIFF', at + 1, 'latin1')) {
    if (isFileAt(bytes, at)) return at;
  }
  return -1;
}

/** Bytes just before `end` with which a file may begin whose head is not all there; it is 0 but for one chunk in a hundred. */
export function beginningOfFileAtEnd(bytes: Uint8Array, end: number): number {
  for (let at = Math.max(0, end - FILE_HEAD_BYTES + 1); at < end; at++) {
    const letters = Math.min(4, end - at);
    if (bytes[at] === 0x52 && 'RIFF'.startsWith(String.fromCharCode(...bytes.subarray(at, at + letters))))
      return end - at;
  }
  return 0;
}

export function isFileAt(bytes: Uint8Array, at: number): boolean {
  return tagAt(bytes, at) === 'RIFF' && tagAt(bytes, at + 8) === 'WAVE';
}

/** The name of four letters at `at`. */
export const tagAt = (bytes: Uint8Array, at: number): string => String.fromCharCode(...bytes.subarray(at, at + 4));
