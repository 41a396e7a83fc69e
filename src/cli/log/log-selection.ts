/**
 * The logs that a command line means: those it names, or those of the default folder; found, opened one by one, with what is wrong
 * with some of them said once and a progress where that takes long. How a command ends is the worst of what it came upon.
 */
import { join } from 'node:path';
import { type EventLog, isBadLog } from '../../log/log-reader.ts';
import { type CommandContext, exitCodes } from '../terminal/command.ts';
import { type Output, printable } from '../terminal/output.ts';
import { countText, Progress } from '../terminal/progress.ts';
import { openLogs, reportBadLog } from './log-files.ts';
import { findLogs, type PathFault } from './log-paths.ts';

/** The logs that a command was given, and where it tells of them. */
export interface LogSelection {
  readonly paths: readonly string[];
  /** Names that led to no log, and folders that could not be read: they were told. */
  readonly faults: number;
  readonly progress: Progress;
  /** The streams of the command, which make room for the progress. */
  readonly stdout: Output;
  readonly stderr: Output;
}

/**
 * The logs that `given` names; without a name, those in the folder where a server that is started like this command keeps them. null =
 * the configuration that names it is faulty, and was told to be.
 */
export async function selectLogs(given: readonly string[], context: CommandContext): Promise<LogSelection | null> {
  const progress = new Progress(context.stderr);
  const stdout = progress.madeRoomFor(context.stdout);
  const stderr = progress.madeRoomFor(context.stderr);
  const names = given.length > 0 ? given : await defaultFolder(context);
  if (names === null) return null;
  if (names !== given) stderr.line(stderr.styled('dim', `logs in ${printable(names.join(' '))}`));
  const { paths, faults, notes } = await findLogs(names, (count) => progress.tell(() => countText(count, null, 'log')));
  reportFaults(stderr, faults);
  for (const { path, why } of notes.slice(0, TOLD_FAULTS))
    stderr.line(`${printable(path)}: ${stderr.styled('yellow', 'note:')} ${printable(why ?? '')}`);
  return { paths, faults: faults.length, progress, stdout, stderr };
}

/**
 * Does `work` with each good log that `given` names, and says what is wrong with the others; resolves with the worst of the exit codes.
 * `choose` may refuse the logs that were found, by a line for stderr.
 */
export async function withEachLog(
  given: readonly string[],
  context: CommandContext,
  { choose, work }: LogWork,
): Promise<number> {
  const selected = await selectLogs(given, context);
  if (selected === null) return exitCodes.unusable;
  const { paths, progress, stdout, stderr } = selected;
  const refusal = choose?.(paths.length) ?? null;
  if (refusal !== null) {
    stderr.line(`${stderr.styled('red', 'error:')} ${refusal}`);
    return exitCodes.unusable;
  }
  let code: number = selected.faults > 0 ? exitCodes.unusable : exitCodes.good;
  let looked = 0;
  for await (const { path, log } of openLogs(paths)) {
    if (isBadLog(log)) reportBadLog(stderr, path, log);
    const result = isBadLog(log)
      ? exitCodes.unusable
      : await work({ path, log, isOne: paths.length === 1 }, { ...context, stdout, stderr });
    code = Math.max(code, result);
    looked += 1;
    progress.tell(() => countText(looked, paths.length, 'log'));
  }
  progress.clear();
  return code;
}

/** The one log that `name` leads to, be it a folder; null = there is none or more than one, and that was told. */
export async function theLogIn(name: string, context: CommandContext): Promise<string | null> {
  const selected = await selectLogs([name], context);
  selected?.progress.clear();
  const [path = null, ...others] = selected?.paths ?? [];
  if (selected === null || path === null || others.length === 0) return path;
  const { stderr, paths } = selected;
  stderr.line(
    `${stderr.styled('red', 'error:')} ${printable(name)} holds ${paths.length} logs; name the one that is meant`,
  );
  return null;
}

export interface LogWork {
  readonly choose?: (logs: number) => string | null;
  readonly work: (given: GivenLog, context: CommandContext) => number | Promise<number>;
}

/** A good log that a command was given. */
export interface GivenLog {
  readonly path: string;
  readonly log: EventLog;
  /** No other was given. */
  readonly isOne: boolean;
}

async function defaultFolder({ env, stderr }: CommandContext): Promise<readonly string[] | null> {
  const { EVENT_LOG_DIR: dir, DATA_DIR: dataDir, CONFIG_FILE: configFile } = env;
  if (dir) return [dir];
  if (!configFile) return [join(dataDir || 'data', 'event-logs')];
  const { configOrNull } = await import('../terminal/given-config.ts');
  const config = configOrNull(env, stderr);
  return config === null ? null : [config.eventLog.dir];
}

/** As many as fit on a screen; of more a number. */
const TOLD_FAULTS = 20;

/** Says which names led to nothing, and why. */
function reportFaults(output: Output, faults: readonly PathFault[]): void {
  for (const { path, why } of faults.slice(0, TOLD_FAULTS)) {
    if (why === null) output.line(`${output.styled('red', 'not found:')} ${printable(path)} names no event log`);
    else output.line(`${output.styled('red', 'error:')} ${printable(path)} can't be read: ${printable(why)}`);
  }
  const untold = faults.length - TOLD_FAULTS;
  if (untold > 0) output.line(`${output.styled('red', 'error:')} and ${untold} more can't be read`);
}
