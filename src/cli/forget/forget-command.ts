/** The command `recital forget` as it is typed: its options, what they may be, its help. */
import { type Command, InvalidArgumentError, Option } from 'commander';
import { z } from 'zod';

const forgetOptions = z.object({
  hardware: z.string().optional(),
  all: z.boolean().default(false),
  yes: z.boolean().default(false),
  json: z.boolean().default(false),
});

/** 1 to 128 characters of 0x21 to 0x7E: a typing mistake must not be taken for a device that has no memory. */
const hardwareIdPattern = /^[\x21-\x7e]{1,128}$/;

/** Adds the command to `program`. */
export function addForget(program: Command, finish: (exitCode: number) => void): void {
  const command = program
    .command('forget')
    .description('forget what is remembered of a device')
    .addOption(new Option('--hardware <id>', 'the hardware_id whose memory is forgotten').argParser(hardwareIdOf))
    .addOption(new Option('--all', 'forget every device; needs --yes').conflicts('hardware'))
    .option('--yes', 'yes, all of it')
    .option('--json', 'the result as one JSON object')
    .addHelpText(
      'after',
      `
Works in the store in DATA_DIR, which it finds as "recital serve" does: in the environment or in the file of CONFIG_FILE.
A server may be running: its next answer knows nothing of it any more, and a stream that is still running is not
remembered either. Used tokens ("recital usage") and the counts of quotas stay.

Exit codes: 0 forgotten, also when there was nothing; 1 the store can't be written; 2 bad usage or configuration.

Examples:
  recital forget --hardware laptop-7
  recital forget --all --yes`,
    );
  command.action(async (given: unknown) => {
    const { hardware, all, yes, json } = forgetOptions.parse(given);
    if (hardware === undefined && !all) command.error('error: --hardware <id> or --all is required', { exitCode: 2 });
    if (all && !yes) command.error('error: --all forgets every device; say --yes as well', { exitCode: 2 });
    const { forget } = await import('./forget.ts');
    finish(await forget({ env: process.env, hardwareId: hardware ?? null, json }));
  });
}

function hardwareIdOf(text: string): string {
  if (!hardwareIdPattern.test(text)) throw new InvalidArgumentError('It must be 1 to 128 characters of 0x21 to 0x7E.');
  return text;
}
