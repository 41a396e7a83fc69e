/**
 * Event logs read from files. A file that can't be read is a bad log like one whose lines are wrong; what is no regular file is never
 * opened, since a pipe would wait for a writer and a device has no end. A log in a segment is named `<file>#<name>` (segments/).
 */
import { constants } from 'node:fs';
import { type FileHandle, open, stat } from 'node:fs/promises';
import { basename } from 'node:path';
import { wordsOf } from '../../errors.ts';
import type { LogHeader } from '../../log/log-format.ts';
import { type BadLog, type EventLog, readHeader, readLogBytes } from '../../log/log-reader.ts';
import type { OpenedSegment } from '../../log/opened-segment.ts';
import type { IndexedLog } from '../../log/segment-format.ts';
import { kindOf, memberOf, SegmentShelf } from '../../segments/segment-places.ts';
import { type Output, printable } from '../terminal/output.ts';

/** A supervisor's log has 256 MiB, the turn that passed them and a footer; a larger file is not read into memory. */
const MAX_LOG_BYTES = 257 * 1024 * 1024;
/** A log that is read before its turn; a larger one waits for it. */
const MAX_READ_AHEAD_BYTES = 4 * 1024 * 1024;
/** Logs that are read while the one before them is worked on. */
const READ_AHEAD = 8;

export interface NamedLog {
  readonly path: string;
  readonly log: EventLog | BadLog;
}

/** Reads one log; a file that can't be read is a bad log. */
export async function openLog(path: string): Promise<EventLog | BadLog> {
  const bytes = await bytesOf(path, MAX_LOG_BYTES);
  return bytes instanceof Uint8Array ? readLogBytes(bytes) : bytes;
}

/** The bytes of a log that was read before; throws what the system says, or what is wrong. */
export async function logBytes(path: string): Promise<Uint8Array> {
  const bytes = await bytesOf(path, MAX_LOG_BYTES);
  if (bytes instanceof Uint8Array) return bytes;
  throw new Error(bytes.why);
}

/** What the file of a log is called, or would be, without its folder. */
export function logFileName(path: string): string {
  const member = memberOf(path);
  return member === null ? basename(path) : `${member.name}.jsonl`;
}

/** Reads logs one after the other, in their order. */
export async function* openLogs(paths: readonly string[]): AsyncGenerator<NamedLog> {
  const ahead: { readonly path: string; readonly bytes: Promise<Uint8Array | BadLog> }[] = [];
  const named = async ({ path, bytes: reading }: (typeof ahead)[number]): Promise<NamedLog> => {
    const bytes = await reading;
    if (bytes instanceof Uint8Array) return { path, log: readLogBytes(bytes) };
    return { path, log: await openLog(path) };
  };
  for (const path of paths) {
    ahead.push({ path, bytes: bytesOf(path, MAX_READ_AHEAD_BYTES) });
    const next = ahead.length > READ_AHEAD ? ahead.shift() : undefined;
    if (next !== undefined) yield await named(next);
  }
  for (const next of ahead) yield await named(next);
}

/** What the index of its segment tells of a log. */
export interface Indexed {
  readonly entry: IndexedLog;
  /** Of the segment. */
  readonly size: number;
  readonly changedMs: number;
}

/** What indexes tell of logs, none of which is read. Logs of one segment are asked for one behind the other: it is looked at once. */
export class Indexes {
  #file = '';
  #looked: Promise<{
    readonly segment: OpenedSegment;
    readonly size: number;
    readonly changedMs: number;
  } | null> | null = null;

  /** Null = it has a file of its own, or stands in a segment without an end, or in none that can be read. */
  async of(path: string): Promise<Indexed | null> {
    const member = memberOf(path);
    if (member === null) return null;
    if (member.file !== this.#file || this.#looked === null) {
      this.#file = member.file;
      this.#looked = lookAtSegment(member.file);
    }
    const looked = await this.#looked;
    // One without an end may have half of an index, and nobody says that it is right.
    const entry = looked?.segment.isEnded ? (looked.segment.member(member.name)?.entry ?? null) : null;
    return looked === null || entry === null ? null : { entry, size: looked.size, changedMs: looked.changedMs };
  }
}

async function lookAtSegment(file: string) {
  try {
    const { size, mtimeMs: changedMs } = await stat(file);
    return { segment: await openSegment(file), size, changedMs };
  } catch {
    return null;
  }
}

/** The header of a log that is bad further down; null if that can't be read either. */
export async function openHeader(path: string): Promise<LogHeader | null> {
  const MAX_HEADER_BYTES = 64 * 1024;
  const bytes = await beginningOf(path, MAX_HEADER_BYTES);
  return bytes instanceof Uint8Array ? readHeader(new TextDecoder().decode(bytes)) : null;
}

/** The first bytes of a file, at most `maxBytes`; what is wrong with it if it can't be read. */
export function beginningOf(path: string, maxBytes: number): Promise<Uint8Array | BadLog> {
  return bytesOf(path, maxBytes, 'beginning');
}

/** All that stands in a file, or its beginning; what is wrong with it if it can't be read, or is larger where all is wanted. */
async function bytesOf(
  path: string,
  maxBytes: number,
  part: 'all' | 'beginning' = 'all',
): Promise<Uint8Array | BadLog> {
  const member = memberOf(path);
  if (member === null) return bytesInFile(path, maxBytes, part);
  const bytes = await bytesInSegment(member, maxBytes, part);
  if (bytes instanceof Uint8Array) return bytes;
  // A file may have a name that looks like a log in another file.
  return (await isThere(path)) ? bytesInFile(path, maxBytes, part) : bytes;
}

async function bytesInFile(path: string, maxBytes: number, part: 'all' | 'beginning'): Promise<Uint8Array | BadLog> {
  try {
    const kind = kindOf(await stat(path));
    if (kind !== null) return unreadable(`it is no regular file but a ${kind}`);
    // It may have become a pipe meanwhile: that is opened without waiting, and has no bytes.
    const file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
    try {
      const { size } = await file.stat();
      if (size > maxBytes && part === 'all') return unreadable(`it has ${size} bytes; at most ${maxBytes} are read`);
      return await readUpTo(file, Math.min(size, maxBytes));
    } finally {
      await file.close();
    }
  } catch (error) {
    return unreadable(systemWordsOf(error));
  }
}

/** All that a log in a segment consists of, or its beginning. */
async function bytesInSegment(
  { file, name }: { readonly file: string; readonly name: string },
  maxBytes: number,
  part: 'all' | 'beginning',
): Promise<Uint8Array | BadLog> {
  try {
    const segment = await openSegment(file);
    const member = segment.member(name);
    if (member === null) return unreadable(`there is no log ${name} in its segment`);
    if (member.bytes > maxBytes && part === 'all')
      return unreadable(`it has ${member.bytes} bytes; at most ${maxBytes} are read`);
    const bytes = await segment.bytesOf(member);
    return typeof bytes === 'string' ? unreadable(bytes) : bytes.subarray(0, maxBytes);
  } catch (error) {
    return unreadable(systemWordsOf(error));
  }
}

async function isThere(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}

/** One that is read, and one that is read ahead. */
const MAX_SEGMENTS = 2;
const segments = new SegmentShelf(MAX_SEGMENTS);

/** The segment at `path`, looked at; throws what the system says, or that it is no regular file. */
export function openSegment(path: string): Promise<OpenedSegment> {
  return segments.at(path);
}

/** What a file has now; a log that is still written may grow meanwhile, and be cut. */
async function readUpTo(file: FileHandle, size: number): Promise<Uint8Array> {
  // A file of a pseudo file system tells no size; one byte more shows what it says.
  const bytes = Buffer.alloc(Math.max(size, 1));
  let filled = 0;
  while (filled < bytes.length) {
    const { bytesRead } = await file.read(bytes, filled, bytes.length - filled, filled);
    if (bytesRead === 0) break;
    filled += bytesRead;
  }
  return bytes.subarray(0, filled);
}

/** `EACCES: permission denied`, without the call and the path, which is told beside it. */
export function systemWordsOf(error: unknown): string {
  return wordsOf(error).replace(/^(E[A-Z0-9]+: [^,]*), .*$/s, '$1');
}

function unreadable(why: string): BadLog {
  return { line: 0, turn: null, why };
}

/** True where the file itself could not be read, whatever is in it. */
export function isUnreadable({ line }: BadLog): boolean {
  return line === 0;
}

/** Says what is wrong with a log that can't be read. */
export function reportBadLog(output: Output, path: string, { line, turn, why }: BadLog): void {
  const place = line === 0 ? '' : ` line ${line}${turn === null ? '' : ` (turn ${turn})`},`;
  output.line(`${printable(path)}: ${output.styled('red', 'bad log:')}${place} ${printable(why)}`);
}
