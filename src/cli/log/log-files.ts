/**
 * The event logs that a command line names: files, folders (everything in them) and glob patterns; and what is said of names that
 * lead to none.
 */
import { statSync } from 'node:fs';
import { open, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { glob } from 'tinyglobby';
import { wordsOf } from '../../errors.ts';
import type { LogHeader } from '../../log/log-format.ts';
import { type BadLog, type EventLog, isBadLog, readHeader, readLog } from '../../log/log-reader.ts';
import { type Output, printable } from '../terminal/output.ts';

/** Larger than the server writes; a file of this size is not read into memory. */
const MAX_LOG_BYTES = 256 * 1024 * 1024;

export interface NamedLog {
  readonly path: string;
  readonly log: EventLog | BadLog;
}

/**
 * Paths of all `.jsonl` files that `given` names, sorted, each once; relative where they were given so. A name that leads to
 * nothing is told in `missing`.
 */
export async function findLogs(given: readonly string[]): Promise<{ paths: string[]; missing: string[] }> {
  const paths = new Set<string>();
  const missing: string[] = [];
  for (const name of given) {
    const found = await pathsOf(name);
    if (found.length === 0) missing.push(name);
    for (const path of found) paths.add(path);
  }
  return { paths: [...paths].sort(), missing };
}

async function pathsOf(name: string): Promise<string[]> {
  const kind = kindOf(name);
  if (kind === 'file') return [name];
  if (kind === 'none') return glob(name, { dot: true, onlyFiles: true });
  const inside = await glob('**/*.jsonl', { cwd: name, dot: true });
  return inside.map((path) => join(name, path));
}

function kindOf(name: string): 'file' | 'folder' | 'none' {
  try {
    const stats = statSync(name, { throwIfNoEntry: false });
    if (stats === undefined) return 'none';
    return stats.isDirectory() ? 'folder' : 'file';
  } catch {
    // No right to look, or too long for a name: opening a file of that name will say why, as a pattern it names nothing.
    return 'none';
  }
}

/** Reads one log; a file that can't be read is a bad log. */
export async function openLog(path: string): Promise<EventLog | BadLog> {
  try {
    const stats = statSync(path);
    if (!stats.isFile()) return bad('it is no regular file');
    const { size } = stats;
    if (size > MAX_LOG_BYTES) return bad(`it has ${size} bytes; at most ${MAX_LOG_BYTES} are read`);
    return readLog(await readFile(path, 'utf8'));
  } catch (error) {
    return bad(wordsOf(error));
  }
}

/** Logs that are read while the one before them is worked on. */
const READ_AHEAD = 8;

/** Reads logs one after the other, in their order. */
export async function* openLogs(paths: readonly string[]): AsyncGenerator<NamedLog> {
  const named = async (path: string): Promise<NamedLog> => ({ path, log: await openLog(path) });
  const ahead: Promise<NamedLog>[] = [];
  for (const path of paths) {
    ahead.push(named(path));
    const next = ahead.length > READ_AHEAD ? ahead.shift() : undefined;
    if (next !== undefined) yield next;
  }
  for (const next of ahead) yield next;
}

/** The header of a log that is bad further down; null if that can't be read either. */
export async function openHeader(path: string): Promise<LogHeader | null> {
  const MAX_HEADER_BYTES = 64 * 1024;
  try {
    const file = await open(path);
    try {
      const { buffer, bytesRead } = await file.read(Buffer.alloc(MAX_HEADER_BYTES), 0, MAX_HEADER_BYTES, 0);
      return readHeader(buffer.toString('utf8', 0, bytesRead));
    } finally {
      await file.close();
    }
  } catch {
    return null;
  }
}

function bad(why: string): BadLog {
  return { line: 0, turn: null, why };
}

/** Says which names led to nothing. */
export function reportMissing(output: Output, missing: readonly string[]): void {
  for (const name of missing) {
    output.line(`${output.styled('red', 'not found:')} ${printable(name)} names no event log`);
  }
}

/** Says what is wrong with a log that can't be read. */
export function reportBadLog(output: Output, path: string, { line, turn, why }: BadLog): void {
  const place = line === 0 ? '' : ` line ${line}${turn === null ? '' : ` (turn ${turn})`},`;
  output.line(`${printable(path)}: ${output.styled('red', 'bad log:')}${place} ${printable(why)}`);
}

/** The log at `path`; null after it was said on `stderr` what is wrong with it. */
export async function openGoodLog(path: string, stderr: Output): Promise<EventLog | null> {
  const log = await openLog(path);
  if (!isBadLog(log)) return log;
  reportBadLog(stderr, path, log);
  return null;
}
