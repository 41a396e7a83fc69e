/**
 * `recital log show PATH…`: sessions as timelines, one behind the other. `--follow` tells one that still grows, turn by turn as it comes,
 * until its footer: a log belongs to one file from its header to its end, so a file that begins anew is another log and is told as one.
 *
 * A turn that was told stays told: where the last letters of its text become known only later (an amendment), they are shown as they
 * stood when it came.
 */
import { stat } from 'node:fs/promises';
import { isDynamicPattern } from 'tinyglobby';
import { type BadLog, LogReader } from '../../log/log-reader.ts';
import { memberOf } from '../../segments/segment-places.ts';
import { type CommandContext, exitCodes } from '../terminal/command.ts';
import { printable } from '../terminal/output.ts';
import { GrowingLog, type Growth } from './growing-file.ts';
import { reportBadLog } from './log-files.ts';
import { selectLogs, withEachLog } from './log-selection.ts';
import { Timeline, type TimelineOptions } from './timeline.ts';

export interface LogShowOptions extends TimelineOptions {
  readonly paths: readonly string[];
}

/** Prints logs one behind the other: good = turns were shown, failed = no turn matches, unusable = one can't be read. */
export async function showLogs(options: LogShowOptions, context: CommandContext): Promise<number> {
  let shown = 0;
  const code = await withEachLog(options.paths, context, {
    work: ({ path, log, isOne }, { stdout, env }) => {
      const timeline = new Timeline(options, { output: stdout, env, title: isOne ? null : path });
      timeline.begin(log.header);
      for (const turn of log.turns) timeline.add(turn);
      timeline.end(log.footer);
      shown += timeline.shown;
      return exitCodes.good;
    },
  });
  return shown > 0 || code !== exitCodes.good ? code : exitCodes.failed;
}

/**
 * Prints one log as it grows, and ends with it: good = turns were shown, failed = no turn matches, unusable = more than one log is given or
 * it can't be read; what a signal asks for if one comes before the log's end, and good once nobody reads stdout any more.
 */
export async function followLog(options: LogShowOptions, context: CommandContext): Promise<number> {
  const path = await followedPath(options.paths, context);
  if (path === null) return exitCodes.unusable;
  const stopping = new AbortController();
  const stopped = context.stopOnSignals(() => stopping.abort());
  const file = new GrowingLog(path);
  try {
    const code = await new Follower(path, options, context).follow(file, stopping.signal);
    return stopped() ?? code;
  } finally {
    file.close();
  }
}

/** The one log that is meant; one that is not there yet, if that is its name; null = there is none, or more than one, and that was told. */
async function followedPath(paths: readonly string[], context: CommandContext): Promise<string | null> {
  const [name = ''] = paths;
  if (paths.length === 1 && !isDynamicPattern(name) && (await isMissing(name))) return name;
  const selected = await selectLogs(paths, context);
  selected?.progress.clear();
  if (selected === null || (selected.paths.length === 0 && selected.faults > 0)) return null;
  const [path = null] = selected.paths;
  if (selected.paths.length === 1 && selected.faults === 0) return path;
  const { stderr } = context;
  const what = `--follow is for one log; ${selected.paths.length} are given: name the one that is meant`;
  stderr.line(`${stderr.styled('red', 'error:')} ${what}`);
  return null;
}

async function isMissing(path: string): Promise<boolean> {
  try {
    await stat(memberOf(path)?.file ?? path);
    return false;
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'ENOENT';
  }
}

class Follower {
  readonly #path: string;
  readonly #options: LogShowOptions;
  readonly #context: CommandContext;
  #reader = new LogReader();
  #timeline: Timeline;
  /** Turns of the reader that the timeline was given. */
  #told = 0;
  #hasBegun = false;
  #isMissingTold = false;

  constructor(path: string, options: LogShowOptions, context: CommandContext) {
    this.#path = path;
    this.#options = options;
    this.#context = context;
    this.#timeline = this.#newTimeline();
  }

  /** Resolves with the exit code. */
  async follow(file: GrowingLog, signal: AbortSignal): Promise<number> {
    const { stdout } = this.#context;
    while (!signal.aborted && stdout.isOpen) {
      const growth = await file.look();
      const code = this.#take(growth);
      if (code !== null) return code;
      if (growth.kind !== 'lines' && growth.kind !== 'restarted') await file.changed(signal);
    }
    if (this.#hasBegun) this.#timeline.end(null);
    return exitCodes.good;
  }

  #newTimeline(): Timeline {
    const { stdout: output, env } = this.#context;
    return new Timeline(this.#options, { output, env, title: null });
  }

  /** null = there may be more to come. */
  #take(growth: Growth): number | null {
    switch (growth.kind) {
      case 'same':
        return null;
      case 'missing':
        if (!this.#isMissingTold) this.#note(this.#hasBegun ? 'is gone' : 'is not there yet');
        this.#isMissingTold = true;
        return null;
      case 'restarted':
        this.#note(growth.why === 'replaced' ? 'is another file now' : 'became shorter');
        if (this.#hasBegun) this.#timeline.end(null);
        this.#hasBegun = false;
        this.#reader = new LogReader();
        this.#timeline = this.#newTimeline();
        this.#told = 0;
        return null;
      case 'unreadable':
        return this.#refuse({ line: 0, turn: null, why: growth.why });
      case 'lines':
        this.#isMissingTold = false;
        return this.#takeLines(growth.lines);
    }
  }

  /** What people should know of the file, beside the log itself. */
  #note(what: string): void {
    const { stderr } = this.#context;
    const next = what === 'is another file now' || what === 'became shorter' ? 'from its beginning' : 'waiting for it';
    stderr.line(stderr.styled('dim', `${printable(this.#path)} ${what}: ${next}`));
  }

  #takeLines(lines: readonly (string | null)[]): number | null {
    const reader = this.#reader;
    let bad: BadLog | null = null;
    for (const line of lines) {
      bad = reader.take(line ?? '');
      if (bad === null) continue;
      if (line === null && bad.line > 1) bad = { ...bad, why: 'it is no UTF-8' };
      break;
    }
    this.#tell();
    // Behind a time that is out of order the rest is readable, and yet not to be believed.
    bad ??= reader.disorder;
    if (bad !== null) return this.#refuse(bad);
    if (reader.footer === null) return null;
    this.#timeline.end(reader.footer);
    return this.#timeline.shown > 0 ? exitCodes.good : exitCodes.failed;
  }

  /** Tells what the reader knows and the timeline does not. */
  #tell(): void {
    const { header, turns } = this.#reader;
    if (header === null) return;
    if (!this.#hasBegun) this.#timeline.begin(header);
    this.#hasBegun = true;
    for (const turn of turns.slice(this.#told)) this.#timeline.add(turn);
    this.#told = turns.length;
  }

  #refuse(bad: BadLog): number {
    reportBadLog(this.#context.stderr, this.#path, bad);
    return exitCodes.unusable;
  }
}
