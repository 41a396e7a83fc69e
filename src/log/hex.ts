/** Numbers in hexadecimal, by table: half the time of a digest went into `toString(16)`. */

/** The 256 bytes. */
const hexBytes: readonly string[] = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'));

/** The lowest byte of `value`: 2 digits. */
export function hexByte(value: number): string {
  return hexBytes[value & 0xff] ?? '';
}

/** The lowest 32 bits of `value`: 8 digits. */
export function hexOf(value: number): string {
  return `${hexByte(value >>> 24)}${hexByte(value >>> 16)}${hexByte(value >>> 8)}${hexByte(value)}`;
}
