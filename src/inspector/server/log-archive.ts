/**
 * The logs that stand in files, of this run of the server and of those before it: found by name, and of each only the beginning and the
 * end are read. Everything is read in small steps beside what else goes on; a file that is damaged, or gone meanwhile, is one row less.
 */
import { constants } from 'node:fs';
import { type FileHandle, open, opendir } from 'node:fs/promises';
import { join, sep } from 'node:path';
import { endReasonOf, isFailedEnd, readHeader } from '../../log/log-reader.ts';
import type { ListRow } from '../feed-format.ts';
import { idsIn, textIn } from './session-list.ts';

/** Holds any header, and the last turns of nearly every log with their footer. */
const END_BYTES = 16 * 1024;
/** Files that are read at once. */
const READS_AT_ONCE = 8;

/** A log in its folder: `<day>/<time>-<name>.jsonl`, as record/event-logs.ts names them. */
interface ArchivedLog {
  readonly day: string;
  /** Without its ending. */
  readonly file: string;
  /** ISO date and time, as its name has it. */
  readonly start: string;
}

const dayName = /^\d{4}-\d\d-\d\d$/;
const fileName = /^\d{6}\.\d{3}-[A-Za-z0-9_-]{1,64}\.jsonl$/;
const logName = /^[A-Za-z0-9_-]{1,64}$/;
/** The id of a log whose chart has no stream id: its place. */
const placeName = /^(\d{4}-\d\d-\d\d)\.(\d{6}\.\d{3}-[A-Za-z0-9_-]{1,64})$/;

/** What of the archive is not wanted; a row of a log has its `name` as its id, or its `place`. */
export type IsKnown = (log: { readonly name: string; readonly place: string; readonly path: string }) => boolean;

/** Logs in files, as the inspector asks for them. */
export interface Archive {
  /** Rows of logs that began before, the newest first, at least `limit` if there are so many; and how many older ones there are. */
  rowsBefore(before: string, limit: number, isKnown: IsKnown): Promise<ArchivePart>;
  /** Where the log with this id stands; null = nowhere here. */
  find(id: string): Promise<string | null>;
  /** What became, since they were last read, of logs that another server was writing; absent = none is looked after. */
  rowsGoneOn?(): Promise<readonly ListRow[]>;
}

export interface ArchivePart {
  readonly rows: readonly ListRow[];
  readonly leftOut: number;
}

/**
 * The event logs of a server, and of others that share its folder. A log without an end of which such a server may be the writer, since it
 * was there when the log began and still is, is no failure, and is looked at again: it may have ended by then, or its server.
 */
export class LogArchive implements Archive {
  readonly #dir: string;
  readonly #isRunning: (pid: number) => boolean;
  /** Other servers by their process, with the newest log that one with this number began. */
  readonly #servers = new Map<number, ArchivedLog>();
  /** By the id of its row, what somebody else may be writing, and its row as it was read. */
  readonly #goingOn = new Map<string, { readonly log: ArchivedLog; json: string }>();

  /** Who looks for what, by its id. */
  #asked = new Map<string, ((path: string | null) => void)[]>();
  #isSearching = false;

  /** Of the logs in `dir`, EVENT_LOG_DIR. */
  constructor(dir: string, isRunning: (pid: number) => boolean = isRunningHere) {
    this.#dir = dir;
    this.#isRunning = isRunning;
  }

  async rowsBefore(before: string, limit: number, isKnown: IsKnown): Promise<ArchivePart> {
    const newest = new NewestLogs(limit);
    for (const day of await namesIn(this.#dir, dayName)) {
      if (day > before.slice(0, day.length)) continue;
      const folder = join(this.#dir, day);
      for await (const name of entriesOf(folder, fileName)) {
        const log = archivedLog(day, name.slice(0, -LOG_ENDING.length));
        if (log.start >= before) continue;
        if (isKnown({ name: nameOf(log), place: placeOf(log), path: `${folder}${sep}${name}` })) continue;
        newest.add(log);
        this.#noteServer(log);
      }
    }
    const { logs, leftOut } = newest.take();
    return { rows: await this.#rowsOf(logs), leftOut };
  }

  async rowsGoneOn(): Promise<readonly ListRow[]> {
    const before = new Map(this.#goingOn);
    const rows = await this.#rowsOf([...before.values()].map(({ log }) => log));
    return rows.filter((row) => before.get(row.id)?.json !== JSON.stringify(row));
  }

  /** No id leads out of the folder. */
  async find(id: string): Promise<string | null> {
    const [, day, file] = placeName.exec(id) ?? [];
    if (day !== undefined && file !== undefined) return this.#pathOf(archivedLog(day, file));
    if (!logName.test(id)) return null;
    return new Promise((resolve) => {
      this.#asked.set(id, [...(this.#asked.get(id) ?? []), resolve]);
      if (!this.#isSearching) void this.#search();
    });
  }

  /** Goes through the folders for all that are asked for by now, and again for those that are asked for meanwhile; never rejects. */
  async #search(): Promise<void> {
    this.#isSearching = true;
    while (this.#asked.size > 0) {
      const asked = this.#asked;
      this.#asked = new Map();
      // The newest day first: that is where they mostly are.
      for (const day of (await namesIn(this.#dir, dayName)).reverse()) {
        for await (const name of entriesOf(join(this.#dir, day), fileName)) {
          const id = nameOf(archivedLog(day, name.slice(0, -LOG_ENDING.length)));
          for (const tell of asked.get(id) ?? []) tell(join(this.#dir, day, name));
          if (asked.delete(id) && asked.size === 0) break;
        }
        if (asked.size === 0) break;
      }
      for (const tell of [...asked.values()].flat()) tell(null);
    }
    this.#isSearching = false;
  }

  async #rowsOf(logs: readonly ArchivedLog[]): Promise<readonly ListRow[]> {
    const since = await this.#oldestServerStart();
    const rows: ListRow[] = [];
    for (let from = 0; from < logs.length; from += READS_AT_ONCE) {
      const part = logs.slice(from, from + READS_AT_ONCE);
      const read = await Promise.all(part.map((log) => this.#rowOf(log)));
      for (const [index, log] of part.entries()) {
        const row = read[index] ?? null;
        if (row !== null) rows.push(this.#judged(row, log, since));
      }
    }
    return rows;
  }

  #judged(row: ListRow, log: ArchivedLog, since: string | null): ListRow {
    if (row.reason !== 'no_end' || since === null || log.start < since) {
      this.#goingOn.delete(row.id);
      return row;
    }
    const judged: ListRow = { ...row, isFailed: false };
    if (this.#goingOn.has(row.id) || this.#goingOn.size < MAX_GOING_ON) {
      this.#goingOn.set(row.id, { log, json: JSON.stringify(judged) });
    }
    return judged;
  }

  #noteServer(log: ArchivedLog): void {
    const pid = Number(/^(\d{1,10})-supervisor$/.exec(nameOf(log))?.[1] ?? 0);
    if (pid === 0) return;
    const known = this.#servers.get(pid);
    if (known === undefined || known.start < log.start) this.#servers.set(pid, log);
  }

  /** When the first of the other servers that run began; null = none runs. */
  async #oldestServerStart(): Promise<string | null> {
    let oldest: string | null = null;
    for (const [pid, log] of this.#servers) {
      // A number may have passed on to another program; a server that stopped said so.
      const isThere = this.#isRunning(pid) && (await this.#rowOf(log))?.reason === 'no_end';
      if (!isThere) this.#servers.delete(pid);
      else if (oldest === null || log.start < oldest) oldest = log.start;
    }
    return oldest;
  }

  #pathOf({ day, file }: ArchivedLog): string {
    return join(this.#dir, day, `${file}${LOG_ENDING}`);
  }

  #rowOf(log: ArchivedLog): Promise<ListRow | null> {
    return rowOfFile(this.#pathOf(log), (streamId) =>
      streamId !== '' && streamId === nameOf(log) ? streamId : placeOf(log),
    );
  }
}

function placeOf({ day, file }: ArchivedLog): string {
  return `${day}.${file}`;
}

/** The row of a log that is over, or goes on elsewhere; `idOf` names it. Null = there is no log to be read. */
export async function rowOfFile(path: string, idOf: (streamId: string) => string): Promise<ListRow | null> {
  const ends = await readEnds(path);
  const header = ends === null ? null : readHeader(ends.head);
  if (ends === null || header === null) return null;
  const { footer, atMs, turn, state } = lastOf(ends.tail);
  const reason = endReasonOf(footer);
  return {
    id: idOf(textIn(header.input, 'streamId')),
    machine: header.machine,
    ...idsIn(header.input),
    state,
    startedAt: header.startedAt,
    ageMs: Math.round(atMs),
    turns: footer?.turns ?? turn + 1,
    quietMs: 0,
    isLive: false,
    reason,
    isFailed: isFailedEnd(reason),
    waits: null,
  };
}

const LOG_ENDING = '.jsonl';
/** Logs of others that are looked at again: as many as a list has. */
const MAX_GOING_ON = 500;

/** Another process of this machine; this very one has given the number of an earlier one a new meaning. */
function isRunningHere(pid: number): boolean {
  if (pid === process.pid) return false;
  try {
    return process.kill(pid, 0);
  } catch (error) {
    // It is somebody else's, which is a process all the same.
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
}

/** What its file is named after: the stream id, as a rule. */
function nameOf({ file }: ArchivedLog): string {
  return file.slice(file.indexOf('-') + 1);
}

function archivedLog(day: string, file: string): ArchivedLog {
  return { day, file, start: `${day}T${file.slice(0, 2)}:${file.slice(2, 4)}:${file.slice(4, 10)}Z` };
}

/** Keeps the newest of any number of logs. */
class NewestLogs {
  readonly #limit: number;
  #logs: ArchivedLog[] = [];
  #leftOut = 0;
  /** When the oldest began that can still be among them. */
  #oldest = '';

  constructor(limit: number) {
    this.#limit = limit;
  }

  add(log: ArchivedLog): void {
    if (log.start < this.#oldest) {
      this.#leftOut += 1;
      return;
    }
    this.#logs.push(log);
    if (this.#logs.length >= 4 * this.#limit + 100) this.#cut();
  }

  take(): { readonly logs: readonly ArchivedLog[]; readonly leftOut: number } {
    this.#cut();
    return { logs: this.#logs, leftOut: this.#leftOut };
  }

  #cut(): void {
    this.#logs.sort((a, b) => (a.start < b.start ? 1 : -1));
    const last = this.#logs[this.#limit - 1];
    if (last === undefined) return;
    this.#oldest = last.start;
    // Whoever goes on behind a row asks by its time: those of one millisecond stay together.
    const kept = this.#logs.findIndex((log) => log.start < last.start);
    if (kept < 0) return;
    this.#leftOut += this.#logs.length - kept;
    this.#logs = this.#logs.slice(0, kept);
  }
}

async function namesIn(dir: string, pattern: RegExp): Promise<string[]> {
  const names: string[] = [];
  for await (const name of entriesOf(dir, pattern)) names.push(name);
  return names.sort();
}

/** The names in a folder that fit; none where it can't be read. */
async function* entriesOf(dir: string, pattern: RegExp): AsyncGenerator<string, void, void> {
  try {
    for await (const { name } of await opendir(dir, { bufferSize: 256 })) if (pattern.test(name)) yield name;
  } catch {
    // Not made yet, or not ours: the event logs say so themselves.
  }
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

async function textAt(file: FileHandle, position: number, bytes: number): Promise<string> {
  const buffer = Buffer.alloc(bytes);
  const { bytesRead } = await file.read(buffer, 0, bytes, position);
  return buffer.toString('utf8', 0, bytesRead);
}

/** What the last lines of a log tell; the rest of it was not looked at, so nothing here is proof. */
function lastOf(tail: string) {
  const last = { footer: null as Parameters<typeof endReasonOf>[0], atMs: 0, turn: -1, state: '' };
  for (const line of tail.split('\n').reverse()) {
    const value = parsed(line);
    const kind = textIn(value, 'kind');
    if (kind === 'footer' && last.footer === null) last.footer = footerOf(value);
    if (kind !== 'turn') continue;
    if (last.turn < 0) {
      last.turn = numberIn(value, 'turn');
      last.atMs = numberIn(value, 'atMs');
    }
    last.state = textIn(value, 'state');
    if (last.state !== '') return last;
  }
  return last;
}

function footerOf(value: unknown): Parameters<typeof endReasonOf>[0] {
  const status = textIn(value, 'status');
  if (status !== 'done' && status !== 'error' && status !== 'abandoned') return null;
  const [turns, dropped] = [numberIn(value, 'turns'), numberIn(value, 'dropped')];
  return { kind: 'footer', status, reason: textIn(value, 'reason'), turns, dropped };
}

function numberIn(value: unknown, name: string): number {
  const number: unknown = typeof value === 'object' && value !== null ? Reflect.get(value, name) : undefined;
  return typeof number === 'number' ? number : 0;
}

/** The first line of a tail is half a line as a rule. */
function parsed(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return null;
  }
}
