/** The declarations of `recital log …`: what each command takes, its help, and the code that is loaded only when it runs. */
import { type Command, InvalidArgumentError, Option } from 'commander';

/** Adds `log` and its commands; `finish` is told the exit code. */
export function addLog(program: Command, finish: (exitCode: number) => void): void {
  const log = program.command('log').description('look into event logs: show');
  addShow(log, finish);
}

function addShow(log: Command, finish: (exitCode: number) => void): void {
  log
    .command('show')
    .description('print one session as a timeline')
    .argument('<file>', 'an event log')
    .option('--state <text>', 'only turns in a state whose name contains this')
    .addOption(new Option('--grep <pattern>', 'only turns that match this regular expression').argParser(patternOf))
    .action(async (path: string, given: { readonly state?: string; readonly grep?: RegExp }) => {
      const { showLog } = await import('./log-show.ts');
      finish(await showLog({ path, state: given.state, grep: given.grep }));
    });
}

function patternOf(text: string): RegExp {
  try {
    return new RegExp(text, 'iu');
  } catch (error) {
    throw new InvalidArgumentError(error instanceof Error ? error.message : String(error));
  }
}
