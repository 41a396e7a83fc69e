/**
 * Files that grow while the inspector shows them: their rows, and the lines of those that a page watches. While no page is open nothing is
 * looked at.
 *
 * What holds: at most MAX_LOOKED_AT files are asked for their size once a second, and the given folders for new logs every FIND_EVERY_MS;
 * at most MAX_FOLLOWED are read line by line, the one that was asked for longest ago is let go first. A file that began anew, or has become
 * something else, is followed no more: its row says what it is.
 */
import type { ListRow } from '../../inspector/feed-format.ts';
import type { Inspector, LiveLogs } from '../../inspector/server/inspector.ts';
import { GrowingLog } from '../log/growing-file.ts';
import { hasChanged, isUnfinished, type OpenedFile, type OpenedFiles, rowOf } from './opened-files.ts';

const LOOK_EVERY_MS = 1_000;
const FIND_EVERY_MS = 5_000;
const MAX_LOOKED_AT = 200;
const MAX_FOLLOWED = 16;
/** A log without an end that was not written for so long is one that was broken off. */
const QUIET_MS = 30_000;

export interface GrowingLogsOptions {
  readonly files: OpenedFiles;
  /** The paths of all logs that there are now. */
  readonly find: () => Promise<readonly string[]>;
  readonly inspector: () => Inspector;
}

interface Followed {
  readonly path: string;
  readonly stopping: AbortController;
  /** Lines that were read; null = not all that were there at first. */
  lines: number | null;
}

export class GrowingLogs implements LiveLogs {
  readonly #options: GrowingLogsOptions;
  /** Rows of logs without an end, by id. */
  readonly #unfinished = new Map<string, ListRow>();
  readonly #followed = new Map<string, Followed>();
  #timer: NodeJS.Timeout | null = null;
  #foundMs = 0;
  #isStopped = false;

  constructor(options: GrowingLogsOptions) {
    this.#options = options;
  }

  /** A row as it is shown: that of a log without an end is live while it was written not long ago. */
  shown(row: ListRow): ListRow {
    const changedMs = this.#options.files.file(row.id)?.changedMs ?? 0;
    const isLive = isUnfinished(row) && Date.now() - changedMs < QUIET_MS;
    const shown = { ...row, isLive, ...(isLive && { reason: '', isFailed: false }) };
    if (isUnfinished(row)) this.#unfinished.set(row.id, shown);
    else this.#unfinished.delete(row.id);
    return shown;
  }

  start(): void {
    this.#foundMs = performance.now();
    this.#lookLater();
  }

  stop(): void {
    this.#isStopped = true;
    if (this.#timer !== null) clearTimeout(this.#timer);
    for (const { stopping } of this.#followed.values()) stopping.abort();
    this.#followed.clear();
  }

  /** Where a log stands that a page watches, and how many lines it has; it is followed from now on, if it may grow. */
  find(id: string): { readonly path: string; readonly lines: number } | null {
    const followed = this.#followed.get(id) ?? this.#follow(id);
    if (followed === null) return null;
    // Asked for last, it is let go last.
    this.#followed.delete(id);
    this.#followed.set(id, followed);
    if (followed.lines === null) return null;
    return { path: followed.path, lines: followed.lines };
  }

  #lookLater(): void {
    this.#timer = setTimeout(() => {
      const looking = this.#options.inspector().viewers > 0 ? this.#look() : Promise.resolve();
      const goOn = (): void => {
        if (!this.#isStopped) this.#lookLater();
      };
      // What can't be looked at now may be had later.
      looking.then(goOn, goOn);
    }, LOOK_EVERY_MS);
  }

  async #look(): Promise<void> {
    const { files, find } = this.#options;
    if (performance.now() - this.#foundMs >= FIND_EVERY_MS) {
      this.#foundMs = performance.now();
      for (const file of await files.add(await find())) await this.#tell(file);
    }
    for (const file of files.newest(MAX_LOOKED_AT)) {
      const isShown = this.#unfinished.get(file.id);
      if (isShown === undefined && file.why === null) continue;
      const isQuiet = isShown?.isLive === true && Date.now() - file.changedMs >= QUIET_MS;
      if (isQuiet || (await hasChanged(file))) await this.#tell(await files.lookAgain(file));
    }
  }

  async #tell(file: OpenedFile): Promise<void> {
    this.#options.inspector().list.putRead(this.shown(await rowOf(file)));
  }

  #follow(id: string): Followed | null {
    const file = this.#options.files.file(id);
    if (file === null || this.#isStopped || !this.#unfinished.has(id)) return null;
    const followed: Followed = { path: file.real, stopping: new AbortController(), lines: null };
    this.#followed.set(id, followed);
    for (const [oldest, { stopping }] of this.#followed) {
      if (this.#followed.size <= MAX_FOLLOWED) break;
      stopping.abort();
      this.#followed.delete(oldest);
    }
    void this.#feed(id, followed);
    return followed;
  }

  /** Hands on what is written from now on; what was there before stands in the file. */
  async #feed(id: string, followed: Followed): Promise<void> {
    const { signal } = followed.stopping;
    const file = new GrowingLog(followed.path);
    let count = 0;
    let isOver = false;
    while (!signal.aborted && !isOver) {
      const growth = await file.look();
      if (growth.kind === 'same') {
        followed.lines = count;
        await file.changed(signal);
        continue;
      }
      const lines = growth.kind === 'lines' ? growth.lines.filter((line) => line !== null) : [];
      if (growth.kind !== 'lines' || lines.length < growth.lines.length) break;
      const from = count;
      count += lines.length;
      isOver = lines.at(-1)?.startsWith('{"kind":"footer"') === true;
      if (followed.lines === null || lines.length === 0) continue;
      followed.lines = count;
      this.#options
        .inspector()
        .tap.linesMade({ actorId: id, text: `${lines.join('\n')}\n`, from, count: lines.length });
    }
    file.close();
    if (this.#followed.get(id) === followed) this.#followed.delete(id);
  }
}
