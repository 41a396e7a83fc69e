/**
 * The embedded store: an LMDB environment in `<DATA_DIR>/store`, with a database a subject. One process writes (the store's own, see
 * store-writer.ts), any number may read meanwhile.
 *
 * Nobody but its user may read it: what people said stands in it.
 *
 * Guarantees: a write whose promise resolved is on the disk, in the file that was opened (`isInPlace` tells whether
 * that is still the one of DATA_DIR); a process that dies leaves the last committed state. It does not survive foreign
 * bytes in its files, nor a full disk: LMDB's native code then ends the process it runs in (docs/decisions/0008).
 */
import { type BigIntStats, chmodSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { type Database, type Key, open, type RootDatabase } from 'lmdb';
import { makePrivateFolder, PRIVATE_FILE_MODE, PRIVATE_FOLDER_MODE, statsOf } from '../../private-folder.ts';

/** Texts under keys that sort by their parts. */
export type TextDatabase = Database<string, Key>;

/** Room for the subjects to come. */
const MAX_DATABASES = 16;
const META = 'meta';
const INCARNATION = 'incarnation';
const PROBED_AT = 'probed-at-ms';
const files = ['data.mdb', 'lock.mdb'] as const;

export interface EmbeddedStore {
  /** How many times the store was opened for writing: with it, keys are unique over processes and restarts. */
  readonly incarnation: number;
  /** Where its files are. */
  readonly folder: string;
  database(name: string): TextDatabase;
  /** Whether its file still stands where it was opened: LMDB also commits into one that was deleted or moved away. One stat. */
  isInPlace(): boolean;
  /** Writes the time, on the disk when it returns; throws where the store can't be written. */
  probe(nowMs: number): void;
  /** Waits for pending writes. */
  close(): Promise<void>;
}

export interface ReadableStore {
  /** undefined = nothing was ever written to it. */
  database(name: string): TextDatabase | undefined;
  close(): Promise<void>;
}

/** Opens the store below `dataDir`, and makes it if there is none; throws where it can't be written. */
export function openStore(dataDir: string): EmbeddedStore {
  const path = folderOf(dataDir);
  makePrivateFolder(path);
  // Not overlapping: a commit is told when it is on the disk. No batching by turns: it leaves a rejection that nobody can handle.
  const environment: RootDatabase<string, Key> = open({
    path,
    maxDbs: MAX_DATABASES,
    encoding: 'string',
    overlappingSync: false,
    eventTurnBatching: false,
  });
  try {
    const incarnation = nextIncarnation(environment);
    keepToOneself(path);
    const file = fileIn(path);
    return {
      incarnation,
      folder: path,
      database: (name) => environment.openDB(name, { encoding: 'string' }),
      isInPlace: () => {
        const found = fileIn(path);
        // No other file gets the number of one that is open, even if that is deleted.
        return found !== undefined && found.ino === file?.ino && found.dev === file.dev;
      },
      probe: (nowMs) => {
        const meta: TextDatabase = environment.openDB(META, { encoding: 'string' });
        meta.transactionSync(() => meta.putSync(PROBED_AT, String(nowMs)));
      },
      close: () => environment.close(),
    };
  } catch (error) {
    void environment.close();
    throw error;
  }
}

/** Whether anything was ever written below `dataDir`: an empty file is one whose writer died in its first breath. */
export function hasStore(dataDir: string): boolean {
  return (fileIn(folderOf(dataDir))?.size ?? 0n) > 0n;
}

/** Opens the store below `dataDir` beside whoever writes it; null if there is none. Makes nothing. */
export function openStoreForReading(dataDir: string): ReadableStore | null {
  // LMDB can't read an empty file.
  if (!hasStore(dataDir)) return null;
  const path = folderOf(dataDir);
  const environment: RootDatabase<string, Key> = open({ path, maxDbs: MAX_DATABASES, readOnly: true });
  return {
    database: (name) => environment.openDB<string, Key>(name, { encoding: 'string' }),
    close: () => environment.close(),
  };
}

/** Where LMDB tells why a commit failed: in a promise beside the error. */
export async function causeOfFailedWrite(error: unknown): Promise<unknown> {
  if (!(error instanceof Error) || !('commitError' in error)) return error;
  try {
    await error.commitError;
    return error;
  } catch (cause) {
    return cause;
  }
}

/** What the system said, without paths: "EACCES: permission denied", "No space left on device". */
export function systemWordsOf(error: unknown): string {
  if (!(error instanceof Error)) return 'unknown reason';
  const words = /^(?:E[A-Z]+: )?[^:,]+/.exec(error.message)?.[0] ?? '';
  return words === '' ? error.name : words;
}

function nextIncarnation(environment: RootDatabase<string, Key>): number {
  const meta: TextDatabase = environment.openDB(META, { encoding: 'string' });
  return meta.transactionSync(() => {
    const next = Number(meta.get(INCARNATION) ?? 0) + 1;
    meta.putSync(INCARNATION, String(next));
    return next;
  });
}

/** Also one that an earlier version made readable for others. */
function keepToOneself(path: string): void {
  const paths = [
    [path, PRIVATE_FOLDER_MODE] as const,
    ...files.map((name) => [join(path, name), PRIVATE_FILE_MODE] as const),
  ];
  for (const [each, mode] of paths) {
    // Of another user's file only that user may say who reads it.
    if (statSync(each).uid === process.getuid?.()) chmodSync(each, mode);
  }
}

/** The file of the store in the folder `path`; undefined if there is none. */
function fileIn(path: string): BigIntStats | undefined {
  return statsOf(join(path, 'data.mdb'));
}

/** The file that holds the store below `dataDir`, whether there is one or not. */
export function storeFileOf(dataDir: string): string {
  return join(folderOf(dataDir), files[0]);
}

/** Where the files of the store below `dataDir` are. */
function folderOf(dataDir: string): string {
  return join(dataDir, 'store');
}
