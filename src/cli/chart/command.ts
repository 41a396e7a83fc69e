/** `recital chart` as it is typed: a statechart as a picture, or for other tools. What it does is loaded when it runs. */
import { Argument, type Command, Option } from 'commander';
import { z } from 'zod';
import type { CommandRunner } from '../terminal/command.ts';

const names = ['session', 'welcome', 'supervisor', 'collect', 'bootstrap'] as const;
const formats = ['svg', 'mermaid', 'xstate-json', 'xstate-js'] as const;
const levels = ['full', 'map'] as const;

export type ChartName = (typeof names)[number];
export type ChartFormat = (typeof formats)[number];

const chartOptions = z.object({
  name: z.enum(names).optional(),
  format: z.enum(formats),
  level: z.enum(levels),
  out: z.string().optional(),
});

/** Adds the command to `program`. */
export function addChart(program: Command, runner: CommandRunner): void {
  const command = program
    .command('chart')
    .description('draw a statechart, or write it for other tools: SVG, Mermaid, XState')
    .addArgument(new Argument('[name]', 'which chart; without one: all of them, each into a file').choices(names))
    .addOption(new Option('--format <format>', 'what to write').choices(formats).default('svg'))
    .addOption(
      new Option(
        '--level <level>',
        'of an SVG: every transition with its guard, or the states with arrows between them',
      )
        .choices(levels)
        .default('full'),
    )
    .option('--out <file>', 'where to write it, in place of standard output; without a name: the folder for all')
    .addHelpText(
      'after',
      `
svg: light and dark, without anything from outside; also drawn right by what is no browser. mermaid: for GitHub.
xstate-json: createMachine reads it back as the same chart, with the same transitions in the same order. What stands
behind a name is code and is not in it: what is computed is {"computed": true}, a combined guard
{"type": "xstate.and", "params": {"guards": [...]}}. xstate-js: a module that makes the chart, with a placeholder behind
each name; what is computed is left out. Stately's editor imports both.

Without a name and without --out the folder is recital-charts. Files that are there are replaced.

Exit codes: 0 written, 2 it can't be written, or bad usage.

Examples:
  recital chart session > session.svg
  recital chart session --level map --out session.svg
  recital chart supervisor --format mermaid
  recital chart --format xstate-json --out charts`,
    );
  runner.run(command, chartOptions, async ({ name, format, level, out }, context) => {
    const { writeCharts } = await import('./write-charts.ts');
    return writeCharts({ name, format, level, out }, context);
  });
}
