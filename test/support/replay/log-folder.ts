/** A folder for the event logs of a test, gone when the test file ends, and what stands in it, in files of their own or in segments. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import type { LogHeader } from '../../../src/log/log-format.ts';
import { type EventLog, isBadLog, readLog } from '../../../src/log/log-reader.ts';
import { SEGMENT_ENDING } from '../../../src/log/segment-format.ts';
import { machineFor } from '../../../src/replay/machine-shelf.ts';
import { type ReplayVerdict, replay } from '../../../src/replay/replayer.ts';
import { makeFolder } from '../end-of-file.ts';
import { readSegment, type SegmentContents } from './read-segment.ts';

export interface FoundLog {
  /** The file, or the segment. */
  readonly path: string;
  /** In a segment: which log of it; null = the file is its own. */
  readonly name: string | null;
  readonly text: string;
  readonly log: EventLog;
}

export interface LogFolder {
  readonly dir: string;
  /** Paths of all files, oldest first. */
  files(): readonly string[];
  /** All logs of one chart; a file that can't be read fails the test. None while there is no folder. */
  logs(machine?: string): readonly FoundLog[];
  /** The segments, oldest first. */
  segments(): readonly FoundSegment[];
}

export interface FoundSegment extends SegmentContents {
  readonly path: string;
}

/** A new folder, not made yet: making it is the recorder's work. */
export function createLogFolder(): LogFolder {
  const parent = makeFolder('recital-logs-');
  const dir = join(parent, 'event-logs');
  const files = (): string[] => filesUnder(dir).sort();
  return {
    dir,
    files,
    logs: (machine = 'session') =>
      (existsSync(dir) ? files() : []).flatMap(foundIn).filter(({ log }) => log.header.machine === machine),
    segments: () => (existsSync(dir) ? files() : []).filter(isSegment).map(segmentIn),
  };
}

function filesUnder(dir: string): string[] {
  return readdirSync(dir, { withFileTypes: true }).flatMap((entry) =>
    entry.isDirectory() ? filesUnder(join(dir, entry.name)) : [join(dir, entry.name)],
  );
}

function isSegment(path: string): boolean {
  return path.endsWith(SEGMENT_ENDING);
}

export function foundIn(path: string): FoundLog[] {
  if (!isSegment(path)) return [found(path, null, readFileSync(path, 'utf8'))];
  return segmentIn(path).logs.map(({ name, pieces }) => found(path, name, Buffer.concat(pieces).toString('utf8')));
}

function segmentIn(path: string): FoundSegment {
  const contents = readSegment(readFileSync(path));
  const { fault } = contents;
  if (fault !== null) throw new Error(`${basename(path)}, byte ${fault.at}: ${fault.why}`);
  return { path, ...contents };
}

function found(path: string, name: string | null, text: string): FoundLog {
  const log = readLog(text);
  if (isBadLog(log)) throw new Error(`${name ?? basename(path)}, line ${log.line}: ${log.why}`);
  return { path, name, text, log };
}

/** Replays a log with the chart of its header. */
export function verdictOf({ log }: FoundLog): ReplayVerdict {
  const { machine: id, version }: LogHeader = log.header;
  const machine = machineFor(id, version);
  if (machine === undefined) throw new Error(`there is no chart named ${id}`);
  return replay(log, machine);
}

/** A verdict that is as it should be, whole or cut off. */
export const identical = (rest: Partial<ReplayVerdict> = {}) => ({
  divergence: null,
  definitionChanges: [],
  isIncomplete: false,
  ...rest,
});
