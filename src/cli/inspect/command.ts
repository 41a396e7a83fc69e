/** `recital inspect` as it is typed; what it does is loaded when it runs. */
import { type Command, InvalidArgumentError, Option } from 'commander';
import { z } from 'zod';
import type { CommandRunner } from '../terminal/command.ts';

const inspectOptions = z.object({ path: z.array(z.string()), port: z.number() });

/** Adds the command to `program`. */
export function addInspect(program: Command, runner: CommandRunner): void {
  const command = program
    .command('inspect')
    .description('open event logs in the inspector, without a server, until Ctrl-C')
    .argument('[path...]', 'event logs: files, folders, or quoted glob patterns; none = the page alone')
    .addOption(
      new Option('--port <port>', 'where the page is served; 0 = any free one').argParser(portOf).default(0, '0'),
    )
    .addHelpText(
      'after',
      `
Prints the address of the page, with the token that opens it; nobody else on the network reaches it. Log files can be
dropped onto the page, too: they are read in the browser and sent nowhere. Logs that grow meanwhile, and new ones in a
given folder, show up by themselves. A file that is no log is listed as a bad one, with the reason.

Exit codes: 0 ended by a signal, 2 a path names no event log, a folder can't be read, the port can't be had, or bad
usage.

Examples:
  recital inspect data/event-logs
  recital inspect session.jsonl --port 8081
  recital inspect 'logs/2026-11-2*/*.jsonl'
  recital inspect`,
    );
  runner.run(command, inspectOptions, async ({ path, port }, context) => {
    const { inspectLogs } = await import('./inspect.ts');
    return inspectLogs({ paths: path, port }, context);
  });
}

function portOf(text: string): number {
  const port = Number(text);
  if (/^\d{1,5}$/.test(text) && port <= 65_535) return port;
  throw new InvalidArgumentError('It must be a whole number from 0 to 65535.');
}
