/**
 * `recital usage`: what tokens were used, out of the store below DATA_DIR; a server may be writing it meanwhile. Only its
 * declaration is loaded with the other commands.
 */
import { type Command, InvalidArgumentError, Option } from 'commander';
import { z } from 'zod';
import type { UsageGroup, UsageSummary } from '../../store/usage-summary.ts';
import { type CommandContext, type CommandRunner, exitCodes } from '../terminal/command.ts';
import { type Column, type Output, printable, printTable } from '../terminal/output.ts';
import { parseTime, timeWords } from '../terminal/times.ts';

const usageOptions = z.object({
  /** Only this device. */
  hardware: z.string().optional(),
  /** Only what was reported since then, in ms since 1970; 0 = all. */
  since: z.number().default(0),
  json: z.boolean().default(false),
});

/** Adds the command to `program`. */
export function addUsage(program: Command, runner: CommandRunner): void {
  const command = program
    .command('usage')
    .description('print the tokens that devices have reported and that the server has used itself')
    .option('--hardware <id>', 'only those of this hardware_id')
    .addOption(new Option('--since <time>', 'only those since then').argParser(sinceOf))
    .option('--json', 'one JSON object a line for programs: the groups, then the total')
    .addHelpText(
      'after',
      `
Reads the store in DATA_DIR, which it finds as "recital serve" does: in the environment or in the file of CONFIG_FILE.
A server may be running. The embedded answerer has no tokens: its are words.
A <time> is ${timeWords}.

Exit codes: 0 printed, also when there is nothing; 1 the store is damaged; 2 bad usage or configuration,
or the store may not be read.

Examples:
  recital usage
  recital usage --since yesterday
  recital usage --hardware laptop-7 --since 2026-11-01
  recital usage --since 2026-11-01T09:30Z --json | jq -r 'select(.kind == "total").output_tokens'`,
    );
  runner.run(command, usageOptions, printUsage);
}

function sinceOf(text: string): number {
  const sinceMs = parseTime(text, Date.now());
  if (sinceMs === undefined) throw new InvalidArgumentError(`It must be ${timeWords}.`);
  return sinceMs;
}

async function printUsage(
  { hardware, since, json }: z.infer<typeof usageOptions>,
  { stdout, stderr, env }: CommandContext,
): Promise<number> {
  const { configOrNull, noStoreWords } = await import('../terminal/given-config.ts');
  const { reportUsage } = await import('../../store/store-errand.ts');
  const { summaryOf } = await import('../../store/usage-summary.ts');
  const config = configOrNull(env, stderr);
  if (config === null) return exitCodes.unusable;
  const { dir } = config.data;
  const ofDevice = hardware === undefined ? {} : { hardwareId: hardware };
  const report = await reportUsage({ dataDir: dir, sinceMs: since, ...ofDevice });
  if (report.kind === 'unreachable') {
    const { path, reason } = report;
    stderr.line(`${stderr.styled('red', 'error:')} ${printable(path)} can't be read: ${reason}`);
    return exitCodes.unusable;
  }
  if (report.kind === 'failed') {
    stderr.line(`${stderr.styled('red', 'error:')} The store in DATA_DIR ${dir} can't be read: ${report.reason}`);
    return exitCodes.failed;
  }
  // A fresh installation has used nothing yet, which is no error; a mistyped DATA_DIR looks the same and is told.
  if (report.kind === 'noStore') stderr.line(`${stderr.styled('yellow', 'warning:')} ${noStoreWords(dir)}`);
  const summary = report.kind === 'noStore' ? summaryOf([]) : report.summary;
  if (json) printJson(stdout, summary);
  else if (summary.groups.length > 0) showTable(stdout, summary);
  else stdout.line(nothingWords(dir, hardware, since));
  if (summary.unreadable > 0) {
    stderr.line(`${stderr.styled('yellow', 'warning:')} left out records that are no usage: ${summary.unreadable}`);
  }
  return exitCodes.good;
}

function nothingWords(dir: string, hardwareId: string | undefined, sinceMs: number): string {
  const ofDevice = hardwareId === undefined ? '' : ` of ${JSON.stringify(hardwareId)}`;
  const since = sinceMs === 0 ? '' : ` since ${new Date(sinceMs).toISOString()}`;
  return `No usage${ofDevice} recorded${since === '' ? ' yet' : since} in ${dir}.`;
}

/** One object a line: a group each, then the total. */
function printJson(stdout: Output, { groups, total, unreadable }: UsageSummary): void {
  for (const group of groups) {
    const { hardwareId: hardware_id, reporter, source, model, reports, firstMs, lastMs } = group;
    const tokens = { input_tokens: group.inputTokens, output_tokens: group.outputTokens };
    const [first, last] = [firstMs, lastMs].map((timeMs) => new Date(timeMs).toISOString());
    stdout.line(
      JSON.stringify({ kind: 'usage', hardware_id, reporter, source, model, reports, ...tokens, first, last }),
    );
  }
  const tokens = { input_tokens: total.inputTokens, output_tokens: total.outputTokens };
  stdout.line(JSON.stringify({ kind: 'total', reports: total.reports, ...tokens, unreadable }));
}

const columns: readonly Column[] = [
  { title: 'device', shrinksTo: 8 },
  { title: 'by' },
  { title: 'source', shrinksTo: 6 },
  { title: 'model', shrinksTo: 8 },
  { title: 'reports', isNumber: true },
  { title: 'input', isNumber: true },
  { title: 'output', isNumber: true },
  { title: 'last (UTC)' },
];

function showTable(stdout: Output, { groups, total }: UsageSummary): void {
  const sums = [total.reports, total.inputTokens, total.outputTokens].map(String);
  printTable(stdout, columns, [...groups.map(rowOf), ['total', '', '', '', ...sums, '']]);
}

function rowOf({ hardwareId, reporter, source, model, reports, inputTokens, outputTokens, lastMs }: UsageGroup) {
  const last = new Date(lastMs).toISOString().slice(0, 16).replace('T', ' ');
  return [hardwareId, reporter, source, model, String(reports), String(inputTokens), String(outputTokens), last];
}
