import { opendir } from 'node:fs/promises';
import { join } from 'node:path';
import { type IndexedLog, nameBehindTime, SEGMENT_MS } from '../../log/segment-format.ts';
import { countedLogs, mayHold, memberPath } from '../../segments/segment-places.ts';
import type { ListRow } from '../feed-format.ts';
import { rowOfSummary } from '../listed-log.ts';
import { openLogFile, rowOfFile, segments } from './archived-log.ts';

/** Files that are read at once. */
const READS_AT_ONCE = 8;

/** A log in its folder, `<day>/<time>-<name>.jsonl`, as record/event-logs.ts names them; or in a segment there. */
interface ArchivedLog {
  /** Of its folder. */
  readonly day: string;
  /** Without its ending. */
  readonly file: string;
  /** ISO date and time, as its name has it. */
  readonly start: string;
  /** The file it stands in, or its place in a segment. */
  readonly path: string;
  /** What the index of its segment tells; null = it has none. */
  readonly entry: IndexedLog | null;
}

/** A segment in its folder. */
interface ArchivedSegment {
  readonly day: string;
  readonly path: string;
  readonly start: string;
}

const anyName = /\.jsonl$/;
const dayName = /^\d{4}-\d\d-\d\d$/;
const fileName = /^\d{6}\.\d{3}-[A-Za-z0-9_-]{1,64}\.jsonl$/;
const segmentName = /^\d{6}\.\d{3}-[0-9a-f]{8}\.segment\.jsonl$/;
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
  readonly #segments = segments;
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
    const isWanted = (log: ArchivedLog) =>
      log.start < before && !isKnown({ name: nameOf(log), place: placeOf(log), path: log.path });
    const segments: ArchivedSegment[] = [];
    for (const day of await namesIn(this.#dir, dayName)) {
      if (day > before.slice(0, day.length)) continue;
      for await (const name of entriesOf(join(this.#dir, day), anyName)) {
        if (segmentName.test(name)) {
          segments.push(archivedSegment(this.#dir, day, name));
          continue;
        }
        if (!fileName.test(name)) continue;
        const log = this.#logIn(day, name);
        if (!isWanted(log)) continue;
        newest.add(log);
        this.#noteServer(log);
      }
    }
    segments.sort((a, b) => (a.start < b.start ? 1 : -1));
    for (const segment of segments) {
      if (segment.start >= before) continue;
      const { path, start } = segment;
      // The logs of a segment began after it did, and soon.
      if (newest.isBehind(new Date(Date.parse(start) + SEGMENT_MS).toISOString())) newest.leaveOut(await logsIn(path));
      else for (const log of await this.#logsOf(segment)) if (isWanted(log)) newest.add(log);
    }
    const { logs, leftOut } = newest.take();
    return { rows: await this.#rowsOf(logs), leftOut };
  }

  #logIn(day: string, name: string): ArchivedLog {
    const file = name.slice(0, -LOG_ENDING.length);
    return { day, file, start: startOf(day, file), path: join(this.#dir, day, name), entry: null };
  }

  /** The logs in a segment; none if it can't be read. */
  async #logsOf({ day, path, start }: ArchivedSegment): Promise<readonly ArchivedLog[]> {
    try {
      const { members } = await this.#segments.at(path);
      return members.map(({ name, entry }) => ({
        ...{ day, file: name, path: memberPath(path, name), entry },
        start: startWithin(day, name, start),
      }));
    } catch {
      return [];
    }
  }

  async rowsGoneOn(): Promise<readonly ListRow[]> {
    const before = new Map(this.#goingOn);
    const rows = await this.#rowsOf([...before.values()].map(({ log }) => log));
    return rows.filter((row) => before.get(row.id)?.json !== JSON.stringify(row));
  }

  /** No id leads out of the folder. */
  async find(id: string): Promise<string | null> {
    const [, day, file] = placeName.exec(id) ?? [];
    if (day !== undefined && file !== undefined) return this.#findAt(day, file);
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
        const found = (id: string, path: string): boolean => {
          for (const tell of asked.get(id) ?? []) tell(path);
          return asked.delete(id) && asked.size === 0;
        };
        const segments: ArchivedSegment[] = [];
        for await (const name of entriesOf(join(this.#dir, day), anyName)) {
          if (segmentName.test(name)) segments.push(archivedSegment(this.#dir, day, name));
          else if (fileName.test(name) && found(nameOf(this.#logIn(day, name)), join(this.#dir, day, name))) break;
        }
        for (const segment of segments.sort((a, b) => (a.start < b.start ? 1 : -1))) {
          for (const id of [...asked.keys()]) {
            const path = await this.#inSegment(segment, (name) => nameBehindTime(name) === id, id);
            if (path !== null && found(id, path)) break;
          }
          if (asked.size === 0) break;
        }
        if (asked.size === 0) break;
      }
      for (const tell of [...asked.values()].flat()) tell(null);
    }
    this.#isSearching = false;
  }

  /** The log with this name in a folder, in a file of its own or in a segment. */
  async #findAt(day: string, file: string): Promise<string | null> {
    const own = join(this.#dir, day, `${file}${LOG_ENDING}`);
    const opened = await openLogFile(own);
    if (opened !== null) {
      await opened.file.close();
      return own;
    }
    for await (const name of entriesOf(join(this.#dir, day), segmentName)) {
      const segment = archivedSegment(this.#dir, day, name);
      const path = await this.#inSegment(segment, (each) => each === file, nameBehindTime(file));
      if (path !== null) return path;
    }
    return null;
  }

  /** The place of the log in a segment; null = it is not there, or the segment can't be read. `mark` is what its name ends with. */
  async #inSegment({ path }: ArchivedSegment, is: (name: string) => boolean, mark: string): Promise<string | null> {
    try {
      if (!(await mayHold(path, mark))) return null;
      const member = (await this.#segments.at(path)).members.find(({ name }) => is(name));
      return member === undefined ? null : memberPath(path, member.name);
    } catch {
      return null;
    }
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

  async #rowOf(log: ArchivedLog): Promise<ListRow | null> {
    const idOf = (streamId: string) => (streamId !== '' && streamId === nameOf(log) ? streamId : placeOf(log));
    return log.entry === null ? rowOfFile(log.path, idOf) : rowOfSummary(log.entry, idOf(log.entry.streamId));
  }
}

function placeOf({ day, file }: ArchivedLog): string {
  return `${day}.${file}`;
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
  return nameBehindTime(file);
}

function archivedSegment(dir: string, day: string, name: string): ArchivedSegment {
  return { day, path: join(dir, day, name), start: startOf(day, name) };
}

/** When the log with this name began, in the folder of a day. */
function startOf(day: string, name: string): string {
  return `${day}T${name.slice(0, 2)}:${name.slice(2, 4)}:${name.slice(4, 10)}Z`;
}

/** In a segment that began at `since`: a log that begins behind midnight stands in the folder of the day before. */
function startWithin(day: string, name: string, since: string): string {
  const start = startOf(day, name);
  if (start >= since) return start;
  const DAY_MS = 86_400_000;
  return new Date(Date.parse(start) + DAY_MS).toISOString();
}

/** How many logs stand in a segment; 0 if that can't be told. */
async function logsIn(path: string): Promise<number> {
  try {
    // One that is still written is looked at from where the last look ended.
    return (await countedLogs(path)) ?? (await segments.at(path)).members.length;
  } catch {
    return 0;
  }
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

  /** Those that began before `time` are older than all that are wanted. */
  isBehind(time: string): boolean {
    if (this.#logs.length >= this.#limit) this.#cut();
    return time < this.#oldest;
  }

  leaveOut(count: number): void {
    this.#leftOut += count;
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
