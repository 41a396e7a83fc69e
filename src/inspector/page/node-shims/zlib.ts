/** `crc32` of a text's UTF-8, going on from an earlier one. In the place of node:zlib in the page. */

/** The reflected polynomial of CRC-32 (ISO 3309, as in zlib). */
const POLYNOMIAL = 0xedb88320;
const table = Uint32Array.from({ length: 256 }, (_, byte) => {
  let value = byte;
  for (let bit = 0; bit < 8; bit += 1) value = value & 1 ? POLYNOMIAL ^ (value >>> 1) : value >>> 1;
  return value;
});
const utf8 = new TextEncoder();

export function crc32(text: string, before = 0): number {
  let sum = ~before;
  for (const byte of utf8.encode(text)) sum = (table[(sum ^ byte) & 0xff] ?? 0) ^ (sum >>> 8);
  return ~sum >>> 0;
}
