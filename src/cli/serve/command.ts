/** `recital serve` as it is typed. The server is the process: it takes the signals itself, and writes its own log to stdout. */
import type { Command } from 'commander';
import { z } from 'zod';
import type { CommandRunner } from '../terminal/command.ts';

/** Adds the command to `program`. */
export function addServe(program: Command, runner: CommandRunner): void {
  const command = program
    .command('serve')
    .description('run the server until SIGTERM or Ctrl-C, which lets running streams end first')
    .addHelpText(
      'after',
      `
Configuration comes from the environment, or from a YAML file that CONFIG_FILE names; docs/CONFIG.md lists every
setting. Without any, it listens on 127.0.0.1:50051 (gRPC) and 127.0.0.1:8080 (HTTP) with the embedded engines.

Exit codes: 0 stopped in order, 1 could not start, 2 faulty configuration (every fault is printed).

Examples:
  recital serve
  GRPC_PORT=0 HTTP_PORT=0 recital serve     free ports; see its ready line
  CONFIG_FILE=recital.yaml LOG_LEVEL=debug recital serve`,
    );
  runner.run(command, z.object({}), async (_, { env }) => {
    const { serve } = await import('../../server/main.ts');
    return serve(env);
  });
}
