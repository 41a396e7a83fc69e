/**
 * `recital forget`: forgets what is remembered of one device, or of all, in the store below DATA_DIR; a server may be running.
 * Only its declaration is loaded with the other commands.
 */
import { type Command, InvalidArgumentError, Option } from 'commander';
import { z } from 'zod';
import { type CommandContext, type CommandRunner, exitCodes } from '../terminal/command.ts';
import { printable } from '../terminal/output.ts';

const forgetOptions = z.object({
  hardware: z.string().optional(),
  all: z.boolean().default(false),
  yes: z.boolean().default(false),
  json: z.boolean().default(false),
});

/** 1 to 128 characters of 0x21 to 0x7E: a typing mistake must not be taken for a device that has no memory. */
const hardwareIdPattern = /^[\x21-\x7e]{1,128}$/;

/** Adds the command to `program`. */
export function addForget(program: Command, runner: CommandRunner): void {
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
remembered either. Used tokens ("recital usage") and the counts of quotas stay, and so do event logs: they hold texts only
where EVENT_LOG_REDACTION=full was set, and are deleted by their age.

Exit codes: 0 forgotten, also when nothing was remembered; 1 the store can't be written; 2 bad usage or configuration, or
there is no store in DATA_DIR, or it may not be read.

Examples:
  recital forget --hardware laptop-7
  recital forget --all --yes`,
    );
  runner.run(command, forgetOptions, async ({ hardware, all, yes, json }, context) => {
    if (hardware === undefined && !all)
      command.error('error: --hardware <id> or --all is required', { exitCode: exitCodes.unusable });
    if (all && !yes)
      command.error('error: --all forgets every device; say --yes as well', { exitCode: exitCodes.unusable });
    return forget({ hardwareId: hardware ?? null, json }, context);
  });
}

function hardwareIdOf(text: string): string {
  if (!hardwareIdPattern.test(text)) throw new InvalidArgumentError('It must be 1 to 128 characters of 0x21 to 0x7E.');
  return text;
}

interface ForgetOptions {
  /** null = every device. */
  readonly hardwareId: string | null;
  readonly json: boolean;
}

/** Forgets, and prints how much that was. */
async function forget({ hardwareId, json }: ForgetOptions, { stdout, stderr, env }: CommandContext): Promise<number> {
  const { configOrNull, noStoreWords } = await import('../terminal/given-config.ts');
  const { forgetMemory } = await import('../../store/store-errand.ts');
  const config = configOrNull(env, stderr);
  if (config === null) return exitCodes.unusable;
  const { dir } = config.data;
  const report = await forgetMemory({ dataDir: dir, hardwareId });
  if (report.kind === 'unreachable') {
    const { path, reason } = report;
    stderr.line(
      `${stderr.styled('red', 'error:')} Nothing was forgotten: ${printable(path)} can't be read and written: ${reason}`,
    );
    return exitCodes.unusable;
  }
  if (report.kind === 'failed') {
    const what = `Nothing was forgotten: the store in DATA_DIR ${dir} can't be written: ${report.reason}`;
    stderr.line(`${stderr.styled('red', 'error:')} ${what}`);
    return exitCodes.failed;
  }
  if (report.kind === 'noStore') {
    stderr.line(`${stderr.styled('red', 'error:')} Nothing was forgotten: ${noStoreWords(dir)}`);
    return exitCodes.unusable;
  }
  const { devices, exchanges } = report;
  if (json) {
    stdout.line(JSON.stringify({ kind: 'forgotten', hardware_id: hardwareId, devices, exchanges }));
    return exitCodes.good;
  }
  const ofDevices = `of ${devices} ${devices === 1 ? 'device' : 'devices'}`;
  const whose = hardwareId === null ? ofDevices : `of ${JSON.stringify(hardwareId)}`;
  if (exchanges === 0) {
    const nobody = hardwareId === null ? 'Nothing' : `Nothing of ${JSON.stringify(hardwareId)}`;
    stdout.line(`${nobody} was remembered in ${dir}, so nothing was forgotten.`);
    return exitCodes.good;
  }
  const what = `${exchanges} ${exchanges === 1 ? 'exchange' : 'exchanges'} ${whose}`;
  stdout.line(`Forgot ${what} in ${dir}. Used tokens and quotas stay.`);
  return exitCodes.good;
}
