/** Images for screenshots: true headers, and pixels that nobody decodes. */

const SIGNATURE = Buffer.from('89504e470d0a1a0a', 'hex');

/** Base64 of a PNG of the given size in pixels, with so many bytes in all. */
export function png(width: number, height: number, bytes = 64): string {
  const header = Buffer.alloc(25);
  header.writeUInt32BE(13, 0);
  header.write('IHDR', 4, 'latin1');
  header.writeUInt32BE(width, 8);
  header.writeUInt32BE(height, 12);
  header.set([8, 6], 16);
  return Buffer.concat([SIGNATURE, header], bytes).toString('base64');
}
