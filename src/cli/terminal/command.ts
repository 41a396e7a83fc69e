/**
 * What every command of `recital` is made of: where it writes, how it is told what was typed, how it ends. A command declares
 * itself with commander, and hands the runner a schema of what it takes and its work; the work loads its own code, so that
 * `recital ask` starts without the code of the others.
 */
import type { Command } from 'commander';
import type { z } from 'zod';
import type { Output, TextStream } from './output.ts';

/** How a command ends; each --help says what that means for it. */
export const exitCodes = {
  good: 0,
  /** It was looked at, and the answer is no: a call failed, sessions differ, nothing matches, something was refused. */
  failed: 1,
  /** It could not be looked at: bad usage, a faulty configuration, a path or a file that can't be read. */
  unusable: 2,
  /** By convention 128 + the number of the signal. */
  SIGHUP: 129,
  SIGINT: 130,
  SIGTERM: 143,
} as const;

/** The signals that stop a command. */
export const stopSignals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

export type Environment = Readonly<Record<string, string | undefined>>;

/**
 * Calls `stop` on the first stop signal; a second one ends the process at once. The returned function says with which code the
 * signal asks to exit; undefined = there was none.
 */
export type StopOnSignals = (stop: () => void) => () => number | undefined;

/** What a command line is given by its process; a test gives its own. Paths are relative to the working folder of the process. */
export interface CommandStreams {
  readonly stdout: TextStream;
  readonly stderr: TextStream;
  readonly env: Environment;
  readonly stopOnSignals: StopOnSignals;
}

/** What a command works with. */
export interface CommandContext {
  readonly stdout: Output;
  readonly stderr: Output;
  readonly env: Environment;
  readonly stopOnSignals: StopOnSignals;
}

export interface CommandRunner {
  readonly env: Environment;
  /**
   * Lets `command` do `work`, which resolves with the exit code. It is given arguments and options by their names, read by
   * `schema`; what a person can get wrong is refused before, by the declaration.
   */
  run<Given>(command: Command, schema: z.ZodType<Given>, work: CommandWork<Given>): void;
}

export type CommandWork<Given> = (given: Given, context: CommandContext) => Promise<number>;

/** Bad usage that shows only when a command looks at its arguments. */
export class UsageFault extends Error {
  override readonly name = 'UsageFault';
}
