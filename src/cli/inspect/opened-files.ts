/**
 * The log files that `recital inspect` was given, as the inspector asks for them: rows, the newest first, and where each stands.
 *
 * What holds: of each file only the beginning is read until its row is asked for, and then its end, of a log that the index of a segment
 * tells of neither; a file that is no log, or can't be
 * read, has a row that says so, with why; each has an id of its own, which a second start gives it again; no id leads to any other file.
 */

import { realpath, stat } from 'node:fs/promises';
import { crc32 } from 'node:zlib';
import type { ListRow } from '../../inspector/feed-format.ts';
import { rowOfSummary } from '../../inspector/listed-log.ts';
import { rowOfFile } from '../../inspector/server/archived-log.ts';
import type { Archive, ArchivePart, IsKnown } from '../../inspector/server/log-archive.ts';
import { hexOf } from '../../log/hex.ts';
import { badLogReason, endReasonOf, LogReader } from '../../log/log-reader.ts';
import { memberOf } from '../../segments/segment-places.ts';
import { beginningOf, Indexes, logFileName } from '../log/log-files.ts';

/** Holds any header, but that of a supervisor with very long names. */
const HEAD_BYTES = 16 * 1024;
/** Files that are read at once. */
const READS_AT_ONCE = 16;
const GOOD_ID = /^[A-Za-z0-9_-]{1,64}$/;

/** A file, as far as its beginning tells. */
export interface OpenedFile {
  readonly id: string;
  /** As it was given. */
  readonly path: string;
  readonly real: string;
  /** ISO date and time: of a file that is no log that of its last change. */
  readonly startedAt: string;
  /** Why it is no log that can be read; null = its header is good. */
  readonly why: string | null;
  /** What it was when it was looked at last. */
  readonly size: number;
  readonly changedMs: number;
}

export class OpenedFiles implements Archive {
  /** Null = it is not looked at yet. */
  readonly #byPath = new Map<string, OpenedFile | null>();
  readonly #byId = new Map<string, OpenedFile>();
  /** The newest first. */
  #sorted: readonly OpenedFile[] = [];

  get size(): number {
    return this.#byId.size;
  }

  /** Those that can't be read. */
  get bad(): readonly OpenedFile[] {
    return this.#sorted.filter(({ why }) => why !== null);
  }

  /** The newest, at most `count`. */
  newest(count: number): readonly OpenedFile[] {
    return this.#sorted.slice(0, count);
  }

  has(path: string): boolean {
    return this.#byPath.has(path);
  }

  file(id: string): OpenedFile | null {
    return this.#byId.get(id) ?? null;
  }

  /** Looks at the beginning of each file, and gives those that were not known; `onLooked` is told how many so far. */
  async add(paths: readonly string[], onLooked: (count: number) => void = () => {}): Promise<readonly OpenedFile[]> {
    const fresh = paths.filter((path) => !this.#byPath.has(path));
    for (const path of fresh) this.#byPath.set(path, null);
    const added: OpenedFile[] = [];
    const indexes = new Indexes();
    for (let from = 0; from < fresh.length; from += READS_AT_ONCE) {
      const looked = await Promise.all(fresh.slice(from, from + READS_AT_ONCE).map((path) => lookAt(path, indexes)));
      for (const each of looked) added.push(this.#put({ ...each, id: this.#freeId(each) }));
      onLooked(added.length);
    }
    this.#sort();
    return added;
  }

  /** Looks at a file again that has changed; it keeps its id. */
  async lookAgain({ id, path, startedAt }: OpenedFile): Promise<OpenedFile> {
    const again = this.#put({ ...(await lookAt(path, new Indexes())), id });
    if (again.startedAt !== startedAt) this.#sort();
    else this.#sorted = this.#sorted.map((file) => (file.id === id ? again : file));
    return again;
  }

  async rowsBefore(before: string, limit: number, isKnown: IsKnown): Promise<ArchivePart> {
    const older = this.#sorted.filter(
      (file) => file.startedAt < before && !isKnown({ name: file.id, place: file.id, path: file.real }),
    );
    const last = older[limit - 1];
    // Whoever goes on behind a row asks by its time: those of one millisecond stay together.
    const end = last === undefined ? -1 : older.findIndex(({ startedAt }) => startedAt < last.startedAt);
    const chosen = end < 0 ? older : older.slice(0, end);
    const rows: ListRow[] = [];
    const indexes = new Indexes();
    for (let from = 0; from < chosen.length; from += READS_AT_ONCE) {
      const part = chosen.slice(from, from + READS_AT_ONCE);
      rows.push(...(await Promise.all(part.map((file) => rowOf(file, indexes)))));
    }
    return { rows, leftOut: older.length - chosen.length };
  }

  async find(id: string): Promise<string | null> {
    return this.#byId.get(id)?.real ?? null;
  }

  #put(file: OpenedFile): OpenedFile {
    this.#byPath.set(file.path, file);
    this.#byId.set(file.id, file);
    return file;
  }

  #sort(): void {
    this.#sorted = [...this.#byId.values()].sort(
      (a, b) => compareTexts(b.startedAt, a.startedAt) || compareTexts(a.path, b.path),
    );
  }

  /** Its stream id, as a server has it; of two copies of one log the second has its place as well. */
  #freeId({ streamId, path }: LookedAt): string {
    const placed = `file-${hexOf(crc32(path))}`;
    if (!GOOD_ID.test(streamId)) return this.#numbered(placed);
    return this.#byId.has(streamId) ? this.#numbered(`${streamId}-${placed}`) : streamId;
  }

  #numbered(id: string): string {
    for (let copy = 1; ; copy += 1) {
      const numbered = copy === 1 ? id : `${id}-${copy}`;
      if (!this.#byId.has(numbered)) return numbered;
    }
  }
}

/** The row of a file, by its beginning and its end; of a log in a segment by its index. */
export async function rowOf(
  { id, path, real, startedAt, why }: OpenedFile,
  indexes: Indexes = new Indexes(),
): Promise<ListRow> {
  const indexed = await indexes.of(path);
  if (indexed !== null) return { ...rowOfSummary(indexed.entry, id), file: path };
  const row = why === null ? await rowOfFile(real, () => id) : null;
  if (row !== null) return { ...row, file: path };
  return {
    id,
    machine: '',
    // What it is known by.
    session: logFileName(path),
    device: '',
    state: '',
    startedAt,
    ageMs: 0,
    turns: 0,
    quietMs: 0,
    isLive: false,
    reason: badLogReason,
    isFailed: true,
    waits: null,
    file: path,
    why: why ?? 'it is gone, or was replaced by something else',
  };
}

/** True if a file is not as it was when it was looked at. */
export async function hasChanged({ path, size, changedMs }: OpenedFile): Promise<boolean> {
  const now = await stat(memberOf(path)?.file ?? path).catch(() => null);
  return (now?.size ?? 0) !== size || (now?.mtimeMs ?? 0) !== changedMs;
}

/** True for a row of a log that may still be written. */
export function isUnfinished({ reason }: Pick<ListRow, 'reason'>): boolean {
  return reason === endReasonOf(null);
}

interface LookedAt extends Omit<OpenedFile, 'id'> {
  /** '' = it has none. */
  readonly streamId: string;
}

async function lookAt(path: string, indexes: Indexes): Promise<LookedAt> {
  const indexed = await indexes.of(path);
  if (indexed !== null) {
    const { entry, size, changedMs } = indexed;
    return { path, real: path, size, changedMs, startedAt: entry.startedAt, streamId: entry.streamId, why: null };
  }
  const bytes = await beginningOf(path, HEAD_BYTES);
  const changed = await stat(memberOf(path)?.file ?? path).catch(() => null);
  const real = await realpath(path).catch(() => path);
  const place = { path, real, size: changed?.size ?? 0, changedMs: changed?.mtimeMs ?? 0 };
  const changedAt = new Date(place.changedMs).toISOString();
  if (!(bytes instanceof Uint8Array)) return { ...place, startedAt: changedAt, streamId: '', why: bytes.why };
  const text = new TextDecoder().decode(bytes);
  const reader = new LogReader();
  const end = text.indexOf('\n');
  if (end < 0) return { ...place, startedAt: changedAt, streamId: '', why: whyNoLine(text, bytes.length) };
  const bad = reader.take(text.slice(0, end));
  const { header } = reader;
  if (header === null) return { ...place, startedAt: changedAt, streamId: '', why: bad?.why ?? 'there is no header' };
  const input: unknown = header.input;
  const streamId: unknown = typeof input === 'object' && input !== null ? Reflect.get(input, 'streamId') : '';
  return { ...place, startedAt: header.startedAt, streamId: typeof streamId === 'string' ? streamId : '', why: null };
}

function whyNoLine(text: string, bytes: number): string {
  if (text === '') return 'the file is empty';
  if (!'{"kind":"header"'.startsWith(text.slice(0, 16)) && !text.startsWith('{"kind":"header"'))
    return 'the file is no event log';
  return bytes < HEAD_BYTES ? 'its header is not whole' : `its header has more than ${HEAD_BYTES} bytes`;
}

function compareTexts(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}
