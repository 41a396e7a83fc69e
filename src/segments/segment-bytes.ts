/** A segment's file as the port that it is read by. It is open during a look or a read alone. */
import { constants } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import type { SegmentBytes, SegmentSource } from '../log/segment-pages.ts';

/** The file at `path`. */
export function fileSource(path: string): SegmentSource {
  return {
    open: async (): Promise<SegmentBytes> => {
      // Never waits for a writer: a pipe that stands there has no bytes.
      const file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
      try {
        const { size } = await file.stat();
        return { size, read: (at, bytes) => readAt(file, at, bytes), close: () => file.close() };
      } catch (error) {
        await file.close();
        throw error;
      }
    },
  };
}

async function readAt(file: FileHandle, at: number, bytes: number): Promise<Buffer> {
  const buffer = Buffer.allocUnsafe(bytes);
  let filled = 0;
  while (filled < bytes) {
    const { bytesRead } = await file.read(buffer, filled, bytes - filled, at + filled);
    if (bytesRead === 0) break;
    filled += bytesRead;
  }
  return buffer.subarray(0, filled);
}
