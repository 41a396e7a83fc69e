/**
 * A log that stands in a file of its own or in a segment, as the inspector reads it: its bytes, and what a list tells of it. Of a file only
 * the beginning and the end are read; what is damaged, or gone meanwhile, is null.
 */
import { constants } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { memberOf, SegmentShelf } from '../../segments/segment-places.ts';
import type { ListRow } from '../feed-format.ts';
import { rowOfSummary, summaryOfHead, withTail } from '../listed-log.ts';

/** Holds any header, and the last turns of nearly every log with their footer. */
const END_BYTES = 16 * 1024;
/** Segments whose indexes are kept in memory: the last hour's. */
const MAX_SEGMENTS = 6;
export const segments = new SegmentShelf(MAX_SEGMENTS);

/** The row of a log that is over, or goes on elsewhere; `idOf` names it. Null = there is no log to be read. */
export async function rowOfFile(path: string, idOf: (streamId: string) => string): Promise<ListRow | null> {
  const ends = await readEnds(path);
  const begun = ends === null ? null : summaryOfHead(ends.head);
  if (ends === null || begun === null) return null;
  const summary = withTail(begun, ends.tail);
  return rowOfSummary(summary, idOf(summary.streamId));
}

/** Opens a log to read it; null = it is gone, or no regular file. A pipe would wait for its writer. */
export async function openLogFile(path: string): Promise<{ readonly file: FileHandle; readonly size: number } | null> {
  try {
    const file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOFOLLOW);
    const stats = await file.stat();
    if (stats.isFile()) return { file, size: stats.size };
    await file.close();
    return null;
  } catch {
    return null;
  }
}

async function readEnds(path: string): Promise<{ readonly head: string; readonly tail: string } | null> {
  const member = memberOf(path);
  if (member !== null) return endsInSegment(member);
  const opened = await openLogFile(path);
  if (opened === null) return null;
  const { file, size } = opened;
  try {
    const head = await textAt(file, 0, Math.min(size, END_BYTES));
    const tail = size <= END_BYTES ? head : await textAt(file, size - END_BYTES, END_BYTES);
    return { head, tail };
  } catch {
    return null;
  } finally {
    await file.close();
  }
}

async function endsInSegment({ file, name }: { readonly file: string; readonly name: string }) {
  try {
    const segment = await segments.at(file);
    const bytes = await segment.bytesOf({ name });
    if (typeof bytes === 'string') return null;
    const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
    return {
      head: text.toString('utf8', 0, END_BYTES),
      tail: text.toString('utf8', Math.max(0, text.length - END_BYTES)),
    };
  } catch {
    return null;
  }
}

/** A log to be sent: its bytes, from the first to the last that there are now. */
export interface LogBytes {
  readonly size: number;
  /** Called once, or `close`. */
  stream(): AsyncIterable<Uint8Array>;
  close(): Promise<void>;
}

/** Opens the log at a place, in a file of its own or in a segment; null = it is gone. */
export async function openLogBytes(path: string): Promise<LogBytes | null> {
  const member = memberOf(path);
  if (member === null) {
    const opened = await openLogFile(path);
    if (opened === null) return null;
    const { file, size } = opened;
    return { size, stream: () => file.createReadStream({ start: 0, end: size - 1 }), close: () => file.close() };
  }
  try {
    const bytes = await (await segments.at(member.file)).bytesOf(member);
    if (typeof bytes === 'string') return null;
    return { size: bytes.length, stream: () => once(bytes), close: async () => {} };
  } catch {
    return null;
  }
}

async function textAt(file: FileHandle, position: number, bytes: number): Promise<string> {
  const buffer = Buffer.alloc(bytes);
  const { bytesRead } = await file.read(buffer, 0, bytes, position);
  return buffer.toString('utf8', 0, bytesRead);
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array, void, void> {
  yield bytes;
}
