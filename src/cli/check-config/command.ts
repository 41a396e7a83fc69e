/**
 * `recital check-config`: the configuration as `recital serve` would read it, with every fault, or printed as a file that could be
 * given back as CONFIG_FILE. It starts nothing. Only its declaration is loaded with the other commands.
 */
import type { Command } from 'commander';
import { z } from 'zod';
import type { EffectiveSetting } from '../../config.ts';
import { type CommandContext, type CommandRunner, exitCodes } from '../terminal/command.ts';
import { printable } from '../terminal/output.ts';

const checkConfigOptions = z.object({ print: z.boolean().default(false) });

/** Adds the command to `program`. */
export function addCheckConfig(program: Command, runner: CommandRunner): void {
  const command = program
    .command('check-config')
    .description('find every fault of the configuration, or print what is in effect')
    .option('--print', 'print every setting with its value and where that came from, as YAML; secrets are hidden')
    .addHelpText(
      'after',
      `
Reads what "recital serve" would read in the same shell: the environment, then the YAML file that CONFIG_FILE names, then
the defaults; also the files that settings name (keys, scenario, providers). It starts nothing and asks nobody, so it can't
tell whether a port is free, a key is right or a voice is up.

Settings that have no effect, and names in the environment that are nearly one, are noted.

Exit codes: 0 a server could be started with it; 2 bad usage, or the configuration is faulty (every fault is printed).

Examples:
  recital check-config
  CONFIG_FILE=recital.yaml recital check-config --print
  CONFIG_FILE=recital.yaml recital check-config --print | grep -vE '# (default|not set)'`,
    );
  runner.run(command, checkConfigOptions, checkConfig);
}

async function checkConfig(
  { print }: z.infer<typeof checkConfigOptions>,
  { stdout, stderr, env }: CommandContext,
): Promise<number> {
  const { configOrNull, effectiveSettingsOf, readingOnce } = await import('../terminal/given-config.ts');
  const readFile = readingOnce();
  const config = configOrNull(env, stderr, readFile);
  if (config === null) return exitCodes.unusable;
  const settings = effectiveSettingsOf(env, readFile);
  if (print) {
    for (const line of yamlLines(settings)) stdout.line(line);
    return exitCodes.good;
  }
  for (const { name, note } of config.notes) {
    stderr.line(`${stderr.styled('yellow', 'note:')} ${printable(`${name} ${note}`)}`);
  }
  const given = settings.filter(({ origin }) => origin !== null);
  const file = settings.find(({ name }) => name === 'CONFIG_FILE')?.text ?? '';
  const from = file === '' ? 'the environment' : `the environment and ${printable(file)}`;
  const are = given.length === 1 ? 'setting is' : 'settings are';
  stdout.line(`The configuration is good: ${given.length} ${are} given by ${from}; --print shows what is in effect.`);
  return exitCodes.good;
}

/** One line a setting, its value first: what is commented out is not set, is hidden, or can't stand in a file. */
function yamlLines(settings: readonly EffectiveSetting[]): string[] {
  const rows = settings.map(({ name, yaml, isSecret, isPartial, origin }) => {
    if (name === 'CONFIG_FILE') return { text: yaml === '' ? `# ${name}:` : `# ${name}: ${yaml}`, origin };
    if (isSecret) return { text: `# ${name}:${origin === null ? '' : ' (hidden)'}`, origin };
    if (isPartial) return { text: `# ${name}: ${yaml} (hidden in part)`, origin };
    return { text: yaml === '' ? `# ${name}:` : `${name}: ${yaml}`, origin };
  });
  const longestAligned = 48;
  const width = Math.max(...rows.map(({ text }) => text.length).filter((length) => length <= longestAligned));
  return rows.map(
    ({ text, origin }) => `${text.padEnd(width)}  # ${origin ?? (text.endsWith(':') ? 'not set' : 'default')}`,
  );
}
