/**
 * `recital usage`: what tokens were used, out of the store below DATA_DIR; a server may be writing it meanwhile. Exit codes: 0 printed
 * (also when there is nothing), 1 the store could not be read, 2 faulty configuration.
 */
import { reportUsage } from '../../store/store-errand.ts';
import type { UsageGroup, UsageSummary } from '../../store/usage-summary.ts';
import { configFaultExitCode, configOrNull } from '../terminal/given-config.ts';
import { createOutput, type Output } from '../terminal/output.ts';
import { type Column, printTable } from '../terminal/table.ts';

export interface UsageOptions {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Only this device. */
  readonly hardwareId?: string;
  /** Only what was reported since then; 0 = all. */
  readonly sinceMs: number;
  readonly json: boolean;
}

/** Prints and resolves with the exit code. */
export async function usage({ env, hardwareId, sinceMs, json }: UsageOptions): Promise<number> {
  const stderr = createOutput(process.stderr);
  const stdout = createOutput(process.stdout);
  const config = configOrNull(env, stderr);
  if (config === null) return configFaultExitCode;
  const { dir } = config.data;
  const report = await reportUsage({ dataDir: dir, sinceMs, ...(hardwareId !== undefined && { hardwareId }) });
  if (report.kind === 'failed') {
    stderr.line(`${stderr.styled('red', 'error:')} The store in DATA_DIR ${dir} can't be read: ${report.reason}`);
    return 1;
  }
  const { summary } = report;
  if (json) printJson(stdout, summary);
  else if (summary.groups.length > 0) showTable(stdout, summary);
  else stdout.line(nothingWords(dir, hardwareId, sinceMs));
  if (summary.unreadable > 0) {
    stderr.line(`${stderr.styled('yellow', 'warning:')} left out records that are no usage: ${summary.unreadable}`);
  }
  return 0;
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
