/** Runs the command line in the process of the test, in a folder: for tests that have a process of their own. */
import { type CliOptions, type CliResult, runCli } from './run-cli.ts';

/** One after the other: a process has one working folder. */
let last: Promise<unknown> = Promise.resolve();

/** Runs a command to its end; `folder` is the working folder of this process meanwhile. */
export function runCliIn(folder: string, args: readonly string[], options: CliOptions = {}): Promise<CliResult> {
  const result = last.then(async () => {
    const before = process.cwd();
    process.chdir(folder);
    try {
      return await runCli(args, options);
    } finally {
      process.chdir(before);
    }
  });
  last = result.catch(() => undefined);
  return result;
}
