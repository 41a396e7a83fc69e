/** A folder for the event logs of a test, gone when the test file ends, and what stands in it. */
import { readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import type { LogHeader } from '../../../src/log/log-format.ts';
import { type EventLog, isBadLog, readLog } from '../../../src/log/log-reader.ts';
import { machineFor } from '../../../src/replay/machine-shelf.ts';
import { type ReplayVerdict, replay } from '../../../src/replay/replayer.ts';
import { makeFolder } from '../end-of-file.ts';

export interface FoundLog {
  readonly path: string;
  readonly text: string;
  readonly log: EventLog;
}

export interface LogFolder {
  readonly dir: string;
  /** Paths of all files, oldest first. */
  files(): readonly string[];
  /** All logs of one chart; a file that can't be read fails the test. */
  logs(machine?: string): readonly FoundLog[];
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
      files()
        .map(found)
        .filter(({ log }) => log.header.machine === machine),
  };
}

function filesUnder(dir: string): string[] {
  return readdirSync(dir, { withFileTypes: true }).flatMap((entry) =>
    entry.isDirectory() ? filesUnder(join(dir, entry.name)) : [join(dir, entry.name)],
  );
}

function found(path: string): FoundLog {
  const text = readFileSync(path, 'utf8');
  const log = readLog(text);
  if (isBadLog(log)) throw new Error(`${basename(path)}, line ${log.line}: ${log.why}`);
  return { path, text, log };
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
