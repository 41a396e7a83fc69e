/**
 * The paths of event logs that a command line names: files, folders (everything in them) and glob patterns. A segment is a folder of
 * the logs in it; each has a path of its own (segments/).
 *
 * What holds: a folder or link that can't be looked into is told and never passes for an empty one, while the rest is found all the
 * same; each real file is found once, and each real folder looked into once, however many links lead there, so that a loop of
 * links ends. What stands under a name that is found is looked at when it is read (log-files.ts).
 */
import { type Dirent, readdir as readdirOf } from 'node:fs';
import { readdir, realpath, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { glob } from 'tinyglobby';
import type { LostBytes } from '../../log/opened-segment.ts';
import { isSegmentFile, isSegmentName, memberOf, memberPath } from '../../segments/segment-places.ts';
import { openSegment, systemWordsOf } from './log-files.ts';

/** A name that leads to no log, or that can't be followed. */
export interface PathFault {
  readonly path: string;
  /** What the system says; null = there is simply no log. */
  readonly why: string | null;
}

export interface FoundLogs {
  /** Sorted; relative where they were given so. */
  readonly paths: readonly string[];
  readonly faults: readonly PathFault[];
  /** What people should know of some: what a killed process did not write to its end. */
  readonly notes: readonly PathFault[];
}

/** Finds all `.jsonl` files that `given` names, and files of any name that it names themselves; `onFound` is told how many so far. */
export async function findLogs(
  given: readonly string[],
  onFound: (count: number) => void = () => {},
): Promise<FoundLogs> {
  const search = new LogSearch(onFound);
  for (const name of given) await search.add(name);
  await search.openSegments();
  return { paths: search.paths, faults: search.faults, notes: search.notes };
}

/** A folder, or what stands under a name: where it was found, and where that really is. */
interface Place {
  readonly path: string;
  readonly real: string;
}

class LogSearch {
  readonly #onFound: (count: number) => void;
  readonly #pathOfReal = new Map<string, string>();
  readonly #folders = new Set<string>();
  /** Links, and what has no kind that the system told: looked at last, so that a file has its own name and not that of a link to it. */
  readonly #links: Place[] = [];
  /** What the system says, by path; null = there is no log. A pattern may come to a folder more than once. */
  readonly #faults = new Map<string, string | null>();
  /** Files that were named themselves. */
  readonly #named = new Set<string>();
  /** Paths of logs in segments. */
  readonly #members = new Set<string>();
  readonly #notes: PathFault[] = [];

  constructor(onFound: (count: number) => void) {
    this.#onFound = onFound;
  }

  get paths(): readonly string[] {
    return [...this.#pathOfReal.values(), ...this.#members].sort();
  }

  get notes(): readonly PathFault[] {
    return this.#notes;
  }

  get faults(): readonly PathFault[] {
    return [...this.#faults].map(([path, why]) => ({ path, why }));
  }

  async add(name: string): Promise<void> {
    const before = { seen: this.#seen, faults: this.#faults.size };
    const kind = await this.#kindOf(name);
    // Whatever it is called: it may be a segment that was renamed.
    if (kind === 'file') this.#named.add(name);
    const member = kind === 'none' ? memberOf(name) : null;
    if (member !== null && (await this.#kindOf(member.file)) === 'file') this.#addMember(name);
    else if (kind === 'none') await this.#addPattern(name);
    else if (kind !== 'unreadable') await this.#follow({ path: name, kind });
    const isInVain = this.#seen === before.seen && this.#faults.size === before.faults;
    if (isInVain) this.#faults.set(name, null);
  }

  /** Puts the logs of each segment in the place of its file; one that can't be read is a fault, after those of its logs that can. */
  async openSegments(): Promise<void> {
    for (const [real, path] of [...this.#pathOfReal]) {
      try {
        if (!isSegmentName(path) && !(this.#named.has(path) && (await isSegmentFile(path)))) continue;
        const segment = await openSegment(path);
        this.#pathOfReal.delete(real);
        for (const { name } of segment.members) this.#addMember(memberPath(path, name));
        const { fault, lost } = segment;
        if (fault !== null) this.#faults.set(path, `it is no good segment from byte ${fault.at} on: ${fault.why}`);
        if (lost !== null) this.#notes.push({ path, why: lostWords(lost) });
      } catch (error) {
        // Read as a log, it says itself what is wrong with it.
        if (isSegmentName(path)) this.#note(path, error);
      }
    }
  }

  #addMember(path: string): void {
    this.#seen += 1;
    this.#members.add(path);
    this.#onFound(this.#pathOfReal.size + this.#members.size);
  }

  /** How often a file was come upon, a second time included: a name of which all is known already leads to something. */
  #seen = 0;

  async #kindOf(path: string): Promise<'file' | 'folder' | 'none' | 'unreadable'> {
    try {
      return (await stat(path)).isDirectory() ? 'folder' : 'file';
    } catch (error) {
      if (isNone(error)) return 'none';
      this.#note(path, error);
      return 'unreadable';
    }
  }

  async #follow({ path, kind }: { readonly path: string; readonly kind: 'file' | 'folder' }): Promise<void> {
    let real: string;
    try {
      real = await realpath(path);
    } catch (error) {
      this.#note(path, error);
      return;
    }
    if (kind === 'file') this.#found({ path, real });
    else await this.#walk({ path, real });
  }

  /** The folder and all below it. No recursion: folders nest as deep as a path can be long. */
  async #walk(folder: Place): Promise<void> {
    const waiting = [folder];
    for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
      for (const inside of await this.#foldersIn(next)) waiting.push(inside);
      if (waiting.length > 0) continue;
      for (const behind of await this.#foldersBehindLinks()) waiting.push(behind);
    }
  }

  /** Notes the logs that stand in a folder; the folders in it, unless it was looked into before. */
  async #foldersIn({ path, real }: Place): Promise<readonly Place[]> {
    if (this.#folders.has(real)) {
      this.#seen += 1;
      return [];
    }
    this.#folders.add(real);
    let entries: readonly Dirent[];
    try {
      entries = await readdir(path, { withFileTypes: true });
    } catch (error) {
      this.#note(path, error);
      return [];
    }
    const folders: Place[] = [];
    for (const entry of entries) {
      const place = { path: join(path, entry.name), real: join(real, entry.name) };
      if (entry.isDirectory()) folders.push(place);
      else if (entry.isSymbolicLink() || !hasKind(entry)) this.#links.push(place);
      else if (isLogName(entry.name)) this.#found(place);
    }
    return folders;
  }

  /** Follows the links that were put off. */
  async #foldersBehindLinks(): Promise<readonly Place[]> {
    const folders: Place[] = [];
    for (const { path } of this.#links.splice(0)) {
      try {
        const kind = (await stat(path)).isDirectory() ? 'folder' : 'file';
        const place = { path, real: await realpath(path) };
        if (kind === 'folder') folders.push(place);
        else if (isLogName(path)) this.#found(place);
      } catch (error) {
        this.#note(path, error);
      }
    }
    return folders;
  }

  async #addPattern(pattern: string): Promise<void> {
    const options = { dot: true, onlyFiles: false, expandDirectories: false, fs: { readdir: this.#watchedReaddir() } };
    for (const found of await glob(pattern, options)) {
      const path = found.length > 1 && found.endsWith('/') ? found.slice(0, -1) : found;
      const kind = await this.#kindOf(path);
      if (kind === 'file' || kind === 'folder') await this.#follow({ path, kind });
      // A link to nothing, or gone meanwhile: it was there when the pattern was looked up.
      else if (kind === 'none') this.#found({ path, real: path });
    }
  }

  /** As `readdir` of node:fs, whose errors a pattern does not tell. */
  #watchedReaddir(): typeof readdirOf {
    return new Proxy(readdirOf, {
      apply: (target, self, given: readonly unknown[]) => {
        const callback = given.at(-1);
        const noting = (error: unknown, ...rest: unknown[]) => {
          if (error !== null && !isNone(error)) this.#note(String(given[0]), error);
          if (typeof callback === 'function') callback(error, ...rest);
        };
        return Reflect.apply(target, self, [...given.slice(0, -1), noting]);
      },
    });
  }

  #found({ path, real }: Place): void {
    this.#seen += 1;
    if (this.#pathOfReal.has(real)) return;
    this.#pathOfReal.set(real, path);
    this.#onFound(this.#pathOfReal.size);
  }

  #note(path: string, error: unknown): void {
    this.#faults.set(path.replace(/(?<=.)\/$/, ''), systemWordsOf(error));
  }
}

function lostWords({ log, bytes }: LostBytes): string {
  const whose = log === null ? '' : ` of log ${log}`;
  return `it has no end: its process was killed, or writes it still; the last ${bytes} bytes${whose} are no whole lines`;
}

function isLogName(name: string): boolean {
  return name.endsWith('.jsonl');
}

/** Some file systems tell names alone. */
function hasKind(entry: Dirent): boolean {
  return entry.isFile() || entry.isFIFO() || entry.isSocket() || entry.isBlockDevice() || entry.isCharacterDevice();
}

function isNone(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ENOENT';
}
