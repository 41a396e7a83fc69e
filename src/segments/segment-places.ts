/**
 * Where logs stand in segments: a log in one has a path of its own, `<file>#<name>`; and what is known of the segments that were read last.
 */
import { constants } from 'node:fs';
import { open, stat } from 'node:fs/promises';
import { isSegmentHead } from '../log/log-format.ts';
import { OpenedSegment } from '../log/opened-segment.ts';
import { SEGMENT_END_MAX_BYTES, SEGMENT_ENDING, segmentEndIn } from '../log/segment-format.ts';
import { fileSource } from './segment-bytes.ts';

/** True for a file that is named like a segment. */
export function isSegmentName(name: string): boolean {
  return name.endsWith(SEGMENT_ENDING);
}

/** The path of a log in a segment. */
export function memberPath(file: string, name: string): string {
  return `${file}#${name}`;
}

/** The file and the name that a path of a log in a segment consists of; null = it is a path of a file. */
export function memberOf(path: string): { readonly file: string; readonly name: string } | null {
  const [, file, name] = /^(.+)#(\d{6}\.\d{3}-[A-Za-z0-9_-]{1,64})$/s.exec(path) ?? [];
  return file === undefined || name === undefined ? null : { file, name };
}

/** True if the file at `path` begins as a segment does; throws what the system says. */
export async function isSegmentFile(path: string): Promise<boolean> {
  // Never waits for a writer: a pipe that stands there has no bytes.
  const file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
  try {
    if (!(await file.stat()).isFile()) return false;
    const { buffer, bytesRead } = await file.read(Buffer.alloc(16), 0, 16, 0);
    return isSegmentHead(buffer.toString('latin1', 0, bytesRead));
  } finally {
    await file.close();
  }
}

/** False if the index of the segment at `path` names no log like this, behind its time; no line of it is parsed. Throws what the system says. */
export async function mayHold(path: string, name: string): Promise<boolean> {
  const { size, read, close } = await fileSource(path).open();
  try {
    const tailBytes = Math.min(size, SEGMENT_END_MAX_BYTES);
    const end = segmentEndIn(Buffer.from(await read(size - tailBytes, tailBytes)).toString('latin1'));
    if (end === null || end.indexAt >= size) return true;
    return Buffer.from(await read(end.indexAt, size - end.indexAt)).includes(`-${name}"`);
  } finally {
    await close();
  }
}

/** How many logs the end of the segment at `path` counts; null = it has none. Throws what the system says. */
export function countedLogs(path: string): Promise<number | null> {
  return new OpenedSegment(fileSource(path)).countedLogs();
}

/** What it is instead of a regular file; null = it is one. */
export function kindOf(stats: Awaited<ReturnType<typeof stat>>): string | null {
  if (stats.isFile()) return null;
  if (stats.isDirectory()) return 'folder';
  if (stats.isFIFO()) return 'named pipe';
  if (stats.isSocket()) return 'socket';
  return 'device';
}

/** Segments that were read last: the logs of one are mostly asked for one behind the other. */
export class SegmentShelf {
  readonly #most: number;
  readonly #shelf = new Map<string, Shelved>();

  /** Keeps what is known of at most `most` segments. */
  constructor(most: number) {
    this.#most = most;
  }

  /** The segment at `path` as it is now, looked at; throws what the system says, or that it is no regular file. */
  async at(path: string): Promise<OpenedSegment> {
    const stats = await stat(path);
    const kind = kindOf(stats);
    if (kind !== null) throw new Error(`it is no regular file but a ${kind}`);
    const { ino, size } = stats;
    const known = this.#shelf.get(path);
    this.#shelf.delete(path);
    const isSame = known !== undefined && known.ino === ino && size >= known.size;
    const kept: Shelved = isSame ? known : { ino, size, segment: new OpenedSegment(fileSource(path)), looking: null };
    this.#shelf.set(path, kept);
    for (const oldest of this.#shelf.keys()) {
      if (this.#shelf.size <= this.#most) break;
      this.#shelf.delete(oldest);
    }
    if (kept.looking === null || size > kept.size) {
      kept.size = size;
      const before = kept.looking ?? Promise.resolve();
      // One look at a time, each from where the one before it ended.
      kept.looking = before.catch(() => {}).then(() => kept.segment.look());
    }
    await kept.looking;
    return kept.segment;
  }
}

interface Shelved {
  readonly ino: number;
  size: number;
  readonly segment: OpenedSegment;
  looking: Promise<void> | null;
}
